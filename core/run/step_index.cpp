#include "core/run/step_index.h"

#include <algorithm>
#include <utility>

namespace hopscope::run {

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
    const auto place = std::pair(frame.parent, frame.round);
    const auto run = std::lower_bound(runs->second.begin(), runs->second.end(), place,
        [](const Run& r, const auto& wanted) { return std::pair(r.parent, r.round) < wanted; });
    if (run == runs->second.end() || std::pair(run->parent, run->round) != place)
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
