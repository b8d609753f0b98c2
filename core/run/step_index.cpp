#include "core/run/step_index.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace hopscope::run {

namespace {
// In the order in which frames begin: the loaded body before all that it calls, which Id's own order is not.
template <class T> auto order_of(const T& frame) {
    return std::tuple(frame.parent.valid(), frame.parent, frame.round);
}
} // namespace

void StepIndex::clear() {
    count_ = 0;
    runs_.clear();
}

void StepIndex::add(const Frame& frame, NodeId node) {
    runs_[key(frame.body, node)].push_back({count_++, frame.parent, frame.round});
}

std::optional<size_t> StepIndex::in_frame(const Frame& frame, NodeId node) const {
    const auto runs = runs_.find(key(frame.body, node));
    if (runs == runs_.end())
        return std::nullopt;
    const auto place = order_of(frame);
    const auto run = std::lower_bound(runs->second.begin(), runs->second.end(), place,
        [](const Run& r, const auto& wanted) { return order_of(r) < wanted; });
    if (run == runs->second.end() || order_of(*run) != place)
        return std::nullopt;
    return run->step;
}

std::optional<size_t> StepIndex::latest(BodyId body, NodeId node, size_t position) const {
    const auto runs = runs_.find(key(body, node));
    if (runs == runs_.end())
        return std::nullopt;
    const auto behind = std::lower_bound(runs->second.begin(), runs->second.end(), position,
        [](const Run& r, size_t wanted) { return r.step < wanted; });
    if (behind == runs->second.begin())
        return std::nullopt;
    return std::prev(behind)->step;
}

} // namespace hopscope::run
