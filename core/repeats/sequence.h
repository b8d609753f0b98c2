// The nodes of a body as a sequence, and what makes two of them alike. Internal to core/repeats.
#pragma once

#include "core/graph/body.h"
#include "core/match/canon.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hopscope::repeats {

inline constexpr uint32_t kOutside = UINT32_MAX;

// Nodes that compute something, each behind its operands; everything else is outside, and so is what depends
// on no input and serves many nodes.
struct Sequence {
    std::vector<NodeId> nodes;
    std::vector<uint32_t> place; // by NodeId::index; kOutside
};
enum class Order : uint8_t { Dump, Demand };
Sequence make_sequence(const Body& body, Order order);

// What of the nodes does not depend on the order.
struct Likeness {
    std::vector<uint64_t> kinds; // by node: operator, type and constants, operands left open
    std::vector<uint64_t> types; // by node: of its value
    std::vector<uint32_t> start; // by node, one more than nodes: into operands
    std::vector<NodeId> operands; // in the order of the arguments
    std::vector<std::string>
        paths; // by node: of a parameter or attribute, up to its first number; else empty
    std::vector<bool> calls; // by node: of a region's body, which is structure however short the block is

    std::span<const NodeId> of(NodeId node) const {
        return {operands.data() + start[node.index], start[node.index + 1] - start[node.index]};
    }
};
Likeness make_likeness(const GraphModule& module, BodyId body, const Canon& canon);

// "blocks.3" of "L__self___blocks.3.ln1.weight", of "ParamAOTInput(target='blocks.3.ln1.weight')" and of
// "l_self_modules_blocks_modules_3_modules_ln1_parameters_weight_"; empty where no part of it is a number.
std::string layer_path(std::string_view text);

} // namespace hopscope::repeats
