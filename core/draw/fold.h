// Which nodes of a body get a box, and which become marks on another's box. It decides more about the picture
// than any layout: a third of a raw body's ink is lines to `output`.
#pragma once

#include "core/draw/kinds.h"
#include "core/draw/scene.h"

#include <vector>

namespace hopscope::draw {

// A user further down than this many rows is far: its operand is drawn as a mark and not as a line. For
// `output` a producer with other users is far from the second row on.
inline constexpr int kFarRows = 6;
// A parameter whose users are further apart than this becomes a mark on each.
inline constexpr int kSharedRows = 3;

struct Mark {
    uint32_t box = 0;
    NodeId node; // the folded node, or the box's own where its value leaves the picture
    Port::Side side = Port::Side::Top;
    Port::Role role = Port::Role::Operand;
};

// One line: the values that go from one box to another.
struct Link {
    uint32_t from_box = 0, to_box = 0;
    NodeId user;
    std::vector<NodeId> values; // at least one, in the order of the user's arguments
};

struct Folded {
    std::vector<NodeId> boxes; // nodes that have one, in graph order
    std::vector<uint32_t> box_of_node; // of all nodes
    std::vector<Mark> marks; // by box
    std::vector<Link> links; // by user, then by argument; at most one from box to box
    std::vector<int> rows; // by node: longest way from the top, before anything is placed
};

// Without Options::fold every node has its box and there are no marks.
Folded fold(const GraphModule& module, BodyId body, const Options& options);

} // namespace hopscope::draw
