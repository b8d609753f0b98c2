// Whose storage a value is: through views, and through calls of regions into the bodies that make it.
#pragma once

#include "core/graph/calls.h"
#include "core/graph/dump.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope::regions {

// A node as one call runs it: bodies of regions run once for each call that reaches them.
struct At {
    uint32_t frame = 0;
    NodeId node;
    friend auto operator<=>(const At& a, const At& b) {
        return std::pair(a.frame, a.node.index) <=> std::pair(b.frame, b.node.index);
    }
    friend bool operator==(const At&, const At&) = default;
};

class Follower {
public:
    Follower(const GraphModule& module, GraphId graph)
        : module_(module)
        , graph_(graph) {
        frames_.push_back({0, {}, BodyId(0), {}});
    }

    // The node that makes a value, or the placeholder that takes it: results of region calls are looked for
    // in the bodies.
    At made(At at);
    // The value whose storage this is.
    At storage(At at);
    // A value of the body that a call of the whole graph runs.
    At inside(const RegionCall& call, NodeId at, NodeId node) { return {frame_of(0, at, call), node}; }
    // The call of the whole graph in which a value lies; none for what is no call's.
    NodeId outermost_call(const At& at) const;

    bool from_outside(const At& at) const {
        const Opcode op = body_of(at).node(at.node).op;
        return op == Opcode::GetAttr || (op == Opcode::Placeholder && at.frame == 0);
    }
    const Body& body_of(const At& at) const { return module_.body(frames_[at.frame].body); }
    const Node& node_of(const At& at) const { return body_of(at).node(at.node); }
    Place place(const At& at) const { return {graph_, frames_[at.frame].body, at.node}; }
    std::string_view region(const At& at) const { return frames_[at.frame].region; }

private:
    struct Frame {
        uint32_t parent;
        NodeId call; // in the parent's body
        BodyId body;
        std::string_view region;
    };

    std::optional<At> result_in_body(const At& at);
    uint32_t frame_of(uint32_t parent, NodeId node, const RegionCall& call);
    At passed(const At& at);
    const std::optional<RegionCall>& call_at(BodyId body, NodeId node);

    const GraphModule& module_;
    GraphId graph_;
    std::vector<Frame> frames_; // [0]: the whole graph
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> by_call_;
    // Every result of a call asks for it.
    std::map<std::pair<uint32_t, uint32_t>, std::optional<RegionCall>> calls_;
};

// Whether an operator's result are views of its first operand, taken apart with operator.getitem.
bool is_split(const GraphModule& module, const Node& node);

} // namespace hopscope::regions
