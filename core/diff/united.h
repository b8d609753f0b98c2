// Two bodies as one: what both have stands once, what only one of them has stands beside it. What a picture
// of a comparison draws.
#pragma once

#include "core/diff/diff.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace hopscope {

// Whose a node, or a use of a value, is.
enum class UnitedSide : uint8_t {
    Both,
    Changed, // both have it, and a field differs
    OnlyA,
    OnlyB,
};

struct UnitedNode {
    NodeId a, b; // one of them at least
    std::optional<size_t> pair; // of what both have: into BodyDiff::pairs
    UnitedSide side = UnitedSide::Both;
    bool apart = false; // a pair that stands as two nodes, each as if only one body had it
};

struct United {
    // All bodies of b's module under their ids; the two as one are in the place of the one that was compared.
    // A node that both have says what b says. What a passes to it and b does not stands behind that, as the
    // keyword kOnlyInA. Strings point into those of both modules: they must outlive it.
    GraphModule module;
    BodyId body;
    std::vector<UnitedNode>
        nodes; // by node of that body, in an order in which values stand before their users
    std::vector<NodeId> node_of_a, node_of_b; // by node of a's body, of b's
    // Uses that only one of the bodies has, as (value, user), ascending.
    std::vector<std::pair<NodeId, NodeId>> uses_of_a, uses_of_b;
    size_t apart = 0; // pairs that stand as two nodes, since as one they would lead in a circle

    UnitedSide side_of_use(NodeId value, NodeId user) const;
};

inline constexpr const char* kOnlyInA = "only_in_the_first";

// `diff` is that of the two bodies. n log n in the number of nodes; nothing recurses.
United unite(const GraphModule& a, const GraphModule& b, const BodyDiff& diff);

// What differs, and `steps` along arguments around it, as keep_nodes() takes it (core/graph/part.h).
std::vector<bool> around_differences(const United& united, int steps);

} // namespace hopscope
