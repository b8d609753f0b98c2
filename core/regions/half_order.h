// Which forward node each backward node computes the derivative of, by the order in which autograd works.
// Shared inside regions.
//
// The engine runs derivatives from the latest forward operator to the earliest
// (torch/csrc/autograd/engine.cpp, CompareNodeTaskTime: by sequence number), and FX writes nodes down as they
// run, so that backward nodes in graph order belong to forward nodes in reverse order. Both partitioners keep
// that order (torch/_functorch/partitioners.py). What each operator's derivative is made of
// (tools/autograd/derivatives.yaml) tells where one ends and the next begins: a view's is a view, a product's
// are products and transposes.
#pragma once

#include "core/graph/body.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace hopscope {

// What a node is made of, as far as derivatives tell operators apart.
enum class DerivativeFamily : uint8_t {
    View, // another shape of the same values
    Transpose,
    Expand,
    Slice, // a part of the values
    Split, // parts of the values, several at once
    Join,
    Cast, // clone, conversion
    Pass, // the same value
    Sum, // reductions
    Matrix, // products, convolutions
    Create, // takes no values
    Other,
};
DerivativeFamily derivative_family(std::string_view op);

// gelu_backward → gelu, _softmax_backward_data → _softmax; empty where the operator is no derivative by name.
std::string_view derivative_stem(std::string_view op);
// By name: gelu_backward of gelu, mm of addmm.
bool is_derivative(std::string_view backward, std::string_view forward);

// A node as the order sees it.
struct OrderedNode {
    NodeId node;
    std::string_view op;
    TypeId type;
    std::vector<TypeId> inputs; // types of what it takes; of forward nodes only
};

struct HalfOrder {
    const GraphModule *forward = nullptr, *backward = nullptr;
    std::vector<OrderedNode> forward_nodes, backward_nodes; // in graph order
    // By backward node (position): the forward nodes (positions, ascending) that it may belong to; empty:
    // any.
    std::vector<std::vector<uint32_t>> allowed;
    // Likewise: those of which it takes what was saved of, or for, them.
    std::vector<std::vector<uint32_t>> saved;
};

// By backward node (position): the forward node (position), or kUnplaced. The best sum of what speaks for
// each pair under the rule of the order. Time: candidates × log; where they are more than kMostCandidates,
// nothing is placed.
inline constexpr uint32_t kUnplaced = UINT32_MAX;
inline constexpr size_t kMostCandidates = 20'000'000;
std::vector<uint32_t> place_by_order(const HalfOrder& order);

} // namespace hopscope
