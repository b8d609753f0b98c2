#include "core/browse/hits.h"

#include "core/browse/places.h"

#include <algorithm>
#include <tuple>

namespace hopscope {

namespace {
// A place without a node stands before all nodes of its body.
auto order(const Place& place) {
    return std::make_tuple(place.graph.index, place.body.index, place.node ? place.node.index + 1 : 0);
}
bool before(const Place& a, const Place& b) {
    return order(a) < order(b);
}
} // namespace

Hits::Hits(std::vector<BodyHits> bodies)
    : bodies_(std::move(bodies)) {
    for (const BodyHits& body : bodies_)
        for (NodeId node : body.nodes)
            all_.push_back({body.body.graph, body.body.body, node});
}

std::span<const NodeId> Hits::in(const Place& body) const {
    const auto at = std::find_if(
        bodies_.begin(), bodies_.end(), [&](const BodyHits& hits) { return same_body(hits.body, body); });
    return at == bodies_.end() ? std::span<const NodeId>() : std::span(at->nodes);
}

std::optional<HitStep> Hits::step(const Place& from, int direction, bool here) const {
    if (all_.empty())
        return {};
    // The first that is not before `from`; behind the hit there, if it is not asked for.
    auto at = std::lower_bound(all_.begin(), all_.end(), from, before);
    const bool hit = at != all_.end() && order(*at) == order(from);
    HitStep step;
    if (direction > 0) {
        if (hit && !here)
            ++at;
        step.wrapped = at == all_.end();
        if (step.wrapped)
            at = all_.begin();
    } else if (!(hit && here)) {
        step.wrapped = at == all_.begin();
        at = step.wrapped ? all_.end() - 1 : at - 1;
    }
    step.place = *at;
    step.number = size_t(at - all_.begin()) + 1;
    return step;
}

} // namespace hopscope
