#include "core/graph/reading.h"
#include "core/regions/build.h"

#include <algorithm>
#include <set>

namespace hopscope::regions {

// A region's body is entered at the first call of its identifier; bodies of other higher-order operators
// (cond, checkpoints) are walked in place, they are no calls of their own.
std::vector<GraphCall> graph_calls(const GraphModule& module) {
    std::vector<GraphCall> calls;
    if (module.bodies.empty())
        return calls;
    std::set<std::string_view> entered;
    std::vector<std::optional<size_t>> caller(
        module.bodies.size()); // by body: the call that it was entered by
    walk_nodes(module, BodyId(0), [&](BodyId scope, NodeId node) {
        const Node& n = module.body(scope).node(node);
        if (!module.text(n.target).starts_with("torch.ops.higher_order."))
            return Walk::Skip;
        std::optional<size_t> inside = caller[scope.index];
        if (auto call = region_call(module, scope, node)) {
            const bool first = entered.insert(call->identifier).second;
            GraphCall found;
            found.parts = identifier_parts(call->identifier);
            found.region = found.parts.region;
            found.scope = scope;
            found.parent = inside;
            const Source* source = module.source(n.source);
            found.call_id = source ? source->call_id : std::nullopt;
            found.call = std::move(*call);
            inside = calls.size();
            calls.push_back(std::move(found));
            if (!first)
                return Walk::Skip;
        }
        for (const BodyId called : called_bodies(module, scope, node))
            caller[called.index] = inside;
        return Walk::Advance;
    });
    return calls;
}

GraphId main_graph(const Dump& dump, const Compilation& compilation, Stage stage) {
    for (const GraphId id : compilation.graphs)
        if (dump.graph(id).stage == stage && dump.graph(id).label.empty())
            return id;
    return {};
}

std::optional<Stage> stage_by_calls(const std::vector<GraphCall>& calls) {
    bool forward = false, backward = false, partitioned = false;
    for (const GraphCall& call : calls) {
        forward = forward || call.parts.half == Half::Forward;
        backward = backward || call.parts.half == Half::Backward;
        partitioned = partitioned || call.parts.partitioned;
    }
    if (forward && backward)
        return partitioned ? Stage::Backward : Stage::Joint;
    if (backward)
        return Stage::Backward;
    return forward ? std::optional(Stage::Forward) : std::nullopt;
}

CallSite site_of(Stage stage) {
    switch (stage) {
    case Stage::Joint:
        return CallSite::Joint;
    case Stage::Forward:
        return CallSite::Forward;
    case Stage::Backward:
        return CallSite::Backward;
    default:
        return CallSite::Inference;
    }
}

} // namespace hopscope::regions
