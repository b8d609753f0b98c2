// Which step is the run of a node: looked up, however many steps there are.
#pragma once

#include "core/graph/body.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace hopscope::run {

class StepIndex {
public:
    // One run of a body. The bodies of a loop, its condition's too, share the first two.
    struct Frame {
        int32_t parent = -1; // the step of the call; -1: the body that was loaded
        int32_t round = -1; // of a loop; -1: no loop
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
        int32_t parent, round;
    };
    static uint64_t key(BodyId body, NodeId node) { return uint64_t{body.index} << 32 | node.index; }

    uint32_t count_ = 0;
    // In the order of the steps. That is the order of their frames too: a body is never called while it runs.
    std::unordered_map<uint64_t, std::vector<Run>> runs_;
};

} // namespace hopscope::run
