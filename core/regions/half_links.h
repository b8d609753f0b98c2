// Which nodes of a backward body compute the derivative of which of its forward body.
//
// Dumps of print_readable carry no sequence number (autograd's seq_nr, torch/fx/traceback.py), so that what
// there is decides: the source that FX copies onto backward nodes (torch/fx/proxy.py, Interpreter stack
// traces; from 2.14 on said to be that of the forward node), which saved values a node takes, which operator
// it is the derivative of (tools/autograd/derivatives.yaml: gelu_backward of gelu), and, where these leave
// several, the order in which autograd works (half_order.h). Each link says which; what rests on structure
// alone says so.
#pragma once

#include "core/graph/dump.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hopscope {

// Why two nodes belong together, the strongest first.
enum class HalfEvidence : uint8_t {
    Again, // the same node of the joint graph, computed again: name and operator are equal
    BackwardOf, // the dump says "Backward of forward node" of the same place
    Operator, // its operator is the derivative of that one, on the same source line or on what was saved of
              // it
    Saved, // it takes what was saved of, or for, that node
    SourceLine, // both come from the same line
    Sum, // it adds up gradients of that value, as the nodes that make them show
    Chain, // it goes on from the derivative of what uses that node
    Order, // the order in which autograd works alone
};

struct HalfLink {
    NodeId forward, backward;
    HalfEvidence evidence = HalfEvidence::SourceLine;
    bool placed = false; // of several that the evidence allows, the one that the order of derivatives leaves
};
// "its operator", "the same source line, and the order of derivatives".
std::string half_evidence_text(HalfEvidence evidence, bool placed = false);

struct HalfLinks {
    std::vector<HalfLink> links; // by backward, then forward; a backward node has links of one kind only
    size_t backward_nodes = 0; // that compute something
    size_t linked = 0; // of those
    std::vector<NodeId> unlinked; // the rest, ascending: nothing tells what they belong to
};

// n log n, or n times what stands on one source line. Both bodies must have been read.
HalfLinks link_halves(const Dump& dump, const Place& forward, const Place& backward);

} // namespace hopscope
