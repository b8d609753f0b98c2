// Which step is the run of a node: looked up, however many steps there are.
#pragma once

#include "core/base/ids.h"
#include "core/graph/body.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace hopscope::run {

using StepId = Id<struct StepTag>; // a step of one run, in the order in which they begin

class StepIndex {
public:
    // One run of a body. The bodies of a loop, its condition's too, share the first two.
    struct Frame {
        StepId parent; // the step of the call; none in the body that was loaded
        std::optional<uint32_t> round; // of a loop, from 0; unset: no loop
        BodyId body;
    };

    void clear();
    // The step behind the one that was added last; the first is 0.
    void add(const Frame& frame, NodeId node);

    // The run of the node in that frame; a body runs each of its nodes once.
    std::optional<size_t> in_frame(const Frame& frame, NodeId node) const;
    // The latest run of the node, in any frame of its body, of those below `position`.
    std::optional<size_t> latest(BodyId body, NodeId node, size_t position) const;

private:
    struct Run {
        uint32_t step;
        StepId parent;
        std::optional<uint32_t> round;
    };
    static uint64_t key(BodyId body, NodeId node) { return uint64_t{body.index} << 32 | node.index; }

    uint32_t count_ = 0;
    // In the order of the steps. That is the order of their frames too: a body is never called while it runs.
    std::unordered_map<uint64_t, std::vector<Run>> runs_;
};

} // namespace hopscope::run
