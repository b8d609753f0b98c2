// What the values of a body are to the computation around it: the words, and what names and descriptors alone
// say. What follows from a dump as a whole is decided in core/regions/roles.h; whoever draws or prints a body
// is told.
#pragma once

#include "core/graph/calls.h"
#include "core/graph/dump.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace hopscope {

// What a placeholder is to its body.
enum class InputRole : uint8_t {
    Unknown,
    Data, // a value of this step
    Parameter, // a weight, buffer or constant: the same in every step
    Symbol, // a symbolic number
    Tangent, // a gradient that autograd hands in
};

// Of one body; the vectors go by NodeId::index.
struct BodyRoles {
    std::optional<Half> half; // none: of neither half, or nothing tells
    std::vector<InputRole> inputs; // Unknown for nodes that are no placeholders
    // What crosses from the forward to the backward half: in a forward body the values that are returned for
    // it, in a backward body the placeholders that take them.
    std::vector<bool> saved;

    InputRole input(NodeId node) const {
        return node.index < inputs.size() ? inputs[node.index] : InputRole::Unknown;
    }
    bool is_saved(NodeId node) const { return node.index < saved.size() && saved[node.index]; }
};

// Whether a placeholder takes a tangent, by its AOT descriptor, else by its name: AOTAutograd calls them
// tangents_N (torch/_functorch/_aot_autograd), from 1 in a graph, from 0 in a region's body. A body that is
// called with primals and tangents under other names tells by position only (core/regions/roles.h).
bool is_tangent(const GraphModule& module, const Node& placeholder);

// The stage that a graph shows by what it takes and returns; none where that tells nothing.
std::optional<Stage> stage_by_signature(const GraphModule& module);

} // namespace hopscope
