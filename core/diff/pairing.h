// Which node of one body is which of the other.
#pragma once

#include "core/diff/diff.h"
#include "core/match/canon.h"

#include <vector>

namespace hopscope::diff {

struct Side {
    const GraphModule* module;
    BodyId scope;
    const Body* body;
    std::span<const uint64_t> full, shape; // kinds with and without constants
};

class Pairing {
public:
    Pairing(Side a, Side b);
    void run();

    const std::vector<NodeId>& to_b() const { return to_b_; } // by node of a
    const std::vector<NodeId>& to_a() const { return to_a_; }
    PairedBy how(NodeId a) const { return how_[a.index]; }
    const std::vector<NodeGroup>& groups() const { return groups_; }

private:
    using Keys = std::vector<uint64_t>; // by node; 0 = takes no part

    bool free_a(size_t i) const { return !to_b_[i] && !grouped_a_[i]; }
    bool free_b(size_t i) const { return !to_a_[i] && !grouped_b_[i]; }
    void pair(NodeId a, NodeId b, PairedBy how);

    void inputs();
    void by_value();
    void by_use();
    void by_neighbours();
    void by_place();
    void by_name();
    // What is left over (leftovers.cpp).
    void by_surroundings();
    void by_lines();
    void settle(std::vector<NodeId> a, std::vector<NodeId> b);

    // Pairs what has the same key, where both sides have equally many of it.
    void equal_keys(const Keys& a, const Keys& b, PairedBy how);
    Keys values(const Side& side, const Keys& seeds) const;
    Keys uses(const Side& side, const Keys& seeds) const;
    void spread(std::span<const uint64_t> keys_a, std::span<const uint64_t> keys_b);

    struct Component;
    std::vector<Component> components(const Side& side, bool is_a) const;

    Side a_, b_;
    std::vector<NodeId> to_b_, to_a_;
    std::vector<PairedBy> how_; // by node of a
    std::vector<char> grouped_a_, grouped_b_;
    std::vector<NodeGroup> groups_;
    Keys targets_a_, targets_b_; // the operator alone
};

// Node operands as written, doubles and all.
std::vector<NodeId> operands(const Body& body, const Node& node);
// The operator without its library, overload and "native_": "layer_norm" of "aten.native_layer_norm.default".
std::string_view plain_name(const GraphModule& module, const Node& node);
// File and line of the user's program; 0 where the dump has none.
uint64_t line_key(const GraphModule& module, const Node& node);

} // namespace hopscope::diff
