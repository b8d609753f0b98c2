// A part of a body as a body of its own: some of its nodes, and a placeholder for each value that they take
// of a node that is left out. And which nodes belong together: what a value rests on, what rests on it, what
// lies between two.
#pragma once

#include "core/graph/body.h"

#include <cstddef>
#include <vector>

namespace hopscope {

struct BodyPart {
    GraphModule
        module; // with all bodies of the original, under their ids; the part is in the place of its body
    std::vector<NodeId>
        origins; // by node of the part: its node, of a stand-in the node whose value it stands for
    std::vector<bool> stands_in; // by node of the part
    std::vector<NodeId>
        origin_to_new; // by node of the body: itself or its stand-in; none where it is left out
    size_t left_out = 0;
};

// `kept` by node. Placeholders and attributes that a kept node uses stay as well. What `output` returns of
// nodes that are left out becomes None. Strings point into the original's: that one must outlive it.
BodyPart keep_nodes(const GraphModule& module, BodyId body, const std::vector<bool>& kept);

// The node itself is in each. By node of the body, like `kept`.
std::vector<bool> ancestors_of(const Body& body, NodeId node);
std::vector<bool> descendants_of(const Body& body, NodeId node);
// On any way from one to the other, in whichever direction there is one; both alone where there is none.
std::vector<bool> between(const Body& body, NodeId a, NodeId b);
// `steps` along arguments, in both directions; not on from the output and from the names of bodies, where
// unrelated values meet.
std::vector<bool> neighbours_of(const Body& body, NodeId node, int steps);

} // namespace hopscope
