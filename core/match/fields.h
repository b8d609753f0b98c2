// What may differ between two nodes, and the comparison field by field.
#pragma once

#include "core/graph/body.h"
#include "core/match/options.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

enum class Field : uint8_t {
    Count, // of inputs, of arguments, of outputs
    Kind, // node kind, or a node where a constant is expected
    Target, // the operator
    Attribute, // path of a parameter, buffer or module
    Tree, // how arguments are nested
    Constant,
    Operand, // which value is read
    Dtype,
    Shape,
    Stride,
    Device,
    Symbol, // the expression of a symbolic integer
    Type, // tensor subclasses and types in any other form
    Name,
    Location,
    Id, // identifier of a region, call_id
    Mutation, // the value is read before or after it was written in place
    SideEffect, // autocast or grad mode was set otherwise before it
    Order,
    Body, // the body behind a region call
};
std::string_view field_name(Field field); // "count", "side_effect", …: as the command line writes it

struct FieldDifference {
    Field field = Field::Target;
    std::string where; // "argument 1", "keyword alpha", "output 2"; empty: the node as a whole, or its value
    std::string expected, found; // empty: it has none
};

// Appends what differs between the nodes themselves, in a fixed order. Which nodes stand as operands is left
// open; whether one stands there is not. Placeholders are compared by type alone.
void compare_nodes(const GraphModule& a, BodyId body_a, NodeId node_a, const GraphModule& b, BodyId body_b,
    NodeId node_b, const MatchOptions& options, std::vector<FieldDifference>& out);
// The part of it that is about the value: dtype, shape, stride, device, symbol, type.
void compare_types(const GraphModule& a, TypeId type_a, const GraphModule& b, TypeId type_b,
    const MatchOptions& options, std::vector<FieldDifference>& out);

} // namespace hopscope
