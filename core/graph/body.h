// The graph model: a graph module with its bodies, their nodes and typed arguments.
//
// Everything is flat: nodes, arguments, inputs and users are vectors addressed by ids; texts are interned per
// module. A module is immutable once its reader has returned it, and may then be read from any thread.
#pragma once

#include "core/base/ids.h"
#include "core/base/strings.h"
#include "core/graph/types.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// FX's node kinds (torch/fx/node.py, Node.op).
enum class Opcode : uint8_t { Placeholder, GetAttr, CallFunction, CallMethod, CallModule, Output };
std::string_view opcode_name(Opcode op); // "placeholder", "get_attr", "call_function", …

enum class ArgKind : uint8_t {
    Node, // ref = NodeId
    None,
    Bool, // ref = text, "True" or "False"
    Int,
    Float,
    Complex,
    String, // ref = the literal with its quotes
    Symbol, // a symbolic expression that is no node: s77, 2*s77
    Dtype, // torch.float32
    Device, // device(type='cuda', index=0)
    Layout, // torch.strided
    MemoryFormat, // torch.contiguous_format
    Operator, // an operator or function passed as a value: torch.ops.aten.sin.default
    Attribute, // self._in_spec and the like
    Opaque, // any other balanced text
    Tuple, // containers: their items follow
    List,
    Dict, // key, value, key, value, …
    Slice, // start, stop, step
    Ellipsis,
    Range, // its arguments follow
    Call, // ref = the callee's text, its arguments follow (a NamedTuple or enum constructor)
    Keyword, // ref = the name, its one value follows
};

// One entry of a body's argument list. Containers are followed by their items (pre-order): `size` counts the
// whole subtree, itself included, so that the next sibling is `size` entries on. Literals keep the text as it
// was written. Read them with reading.h.
struct Arg {
    ArgKind kind = ArgKind::None;
    uint32_t size = 1;
    uint32_t ref = Id<void>::kNone;

    NodeId node() const { return kind == ArgKind::Node ? NodeId(ref) : NodeId(); }
    StringId text() const {
        return kind == ArgKind::Node ? StringId() : (ref == Id<void>::kNone ? StringId() : StringId(ref));
    }
};

// How a call was written, where the target alone does not say it.
enum class Syntax : uint8_t { Call, Operator, InplaceOperator, SetItem, Attribute };

// Where a node came from (a comment line above it in the dump).
struct Source {
    StringId file;
    uint32_t line = 0;
    StringId function;
    StringId code; // first physical line of the statement, as PyTorch cut it
    StringId annotation; // the text inside "Annotation: {…}", cut off by PyTorch at will
    StringId recompute; // "recompute: MUST_SAVE", "ac_graph_id: 3 - PREFER_RECOMPUTE"
    std::optional<int32_t> call_id; // metadata 'call_id' of a region call
    bool backward_of = false; // "Backward of forward node:" (2.14 on)

    bool has_place() const { return file.valid(); }
    friend bool operator==(const Source&, const Source&) = default;
};

struct Node {
    StringId name;
    StringId
        target; // torch's path as printed: "torch.ops.aten.mm.default", "operator.add", "view", "layers.0"
    StringId descriptor; // AOT descriptor of a placeholder ("PlainAOTInput(idx=0)")
    TypeId type; // none where the dump gives none
    SourceId source;
    uint32_t args_begin = 0, args_end = 0; // into Body::args; keywords come last, as Keyword entries
    uint32_t inputs_begin = 0, inputs_end = 0; // into Body::inputs: distinct node arguments, by first use
    uint32_t users_begin = 0, users_end = 0; // into Body::users: in graph order
    Opcode op = Opcode::CallFunction;
    Syntax syntax = Syntax::Call;
    uint32_t line = 0; // line of the dump file, from 1
};

// One `forward` with its nodes, in graph order; placeholders first, output last.
struct Body {
    StringId class_name; // "GraphModule", "<lambda>", "inner_f"; for a nested body the attribute's name
    BodyId parent; // none for a root
    std::vector<BodyId> children; // in the order of the text
    std::vector<Node> nodes;
    std::vector<Arg> args;
    std::vector<NodeId> inputs;
    std::vector<NodeId> users;
    std::vector<StringId> output_descriptors; // of the returned items, empty where none are given

    const Node& node(NodeId id) const { return nodes[id.index]; }
    std::span<const Arg> args_of(const Node& n) const {
        return std::span(args).subspan(n.args_begin, n.args_end - n.args_begin);
    }
    std::span<const NodeId> inputs_of(const Node& n) const {
        return std::span(inputs).subspan(n.inputs_begin, n.inputs_end - n.inputs_begin);
    }
    std::span<const NodeId> users_of(const Node& n) const {
        return std::span(users).subspan(n.users_begin, n.users_end - n.users_begin);
    }
    size_t placeholder_count() const;
};

// A root body and the bodies of its regions, with the tables that they share.
struct GraphModule {
    std::shared_ptr<const void> storage; // keeps the bytes alive that the strings point into
    StringTable strings;
    std::vector<ValueType> types;
    std::vector<StringId> dims;
    std::vector<Source> sources;
    std::vector<Body> bodies; // [0] is the root; a parent stands before its children

    std::string_view text(StringId id) const { return strings.text(id); }
    const Body& body(BodyId id) const { return bodies[id.index]; }
    const ValueType* type(TypeId id) const { return id ? &types[id.index] : nullptr; }
    const Source* source(SourceId id) const { return id ? &sources[id.index] : nullptr; }
    std::span<const StringId> shape(const ValueType& t) const {
        return std::span(dims).subspan(t.dims_begin, t.rank);
    }
    std::span<const StringId> stride(const ValueType& t) const {
        return t.has_stride ? std::span(dims).subspan(t.dims_begin + t.rank, t.rank)
                            : std::span<const StringId>{};
    }
    size_t node_count() const; // of all bodies
};

// Dotted attribute path of a body from the root ("" for the root, "cond_true_0.subgraph_0").
std::string body_path(const GraphModule& module, BodyId body);
// The body at a path; none if there is none.
BodyId find_body(const GraphModule& module, std::string_view path);
// The node of that name in a body; none if there is none. Linear: build a NodeIndex for many look-ups.
NodeId find_node(const GraphModule& module, const Body& body, std::string_view name);
// The body that a name (`self.NAME`) means inside `scope`: children of the directly enclosing class only.
BodyId child_body(const GraphModule& module, BodyId scope, StringId attribute);

// A target as PyTorch's str() writes it where that is stable: "aten.mm.default", "invoke_subgraph",
// "operator.getitem"; others as printed ("torch.relu", "view").
std::string_view short_target(std::string_view target);
inline std::string_view short_target(const GraphModule& module, const Node& node) {
    return short_target(module.text(node.target));
}

// A tensor's size in bytes; none where a dimension is a symbol or the dtype is unknown.
std::optional<int64_t> byte_size(const GraphModule& module, const ValueType& type);
// Number of elements; none where a dimension is a symbol.
std::optional<int64_t> element_count(const GraphModule& module, const ValueType& type);
// Whether the stride is that of a contiguous tensor of this shape (true where no stride is given or a
// dimension is a symbol that leaves it open).
bool is_contiguous(const GraphModule& module, const ValueType& type);
// "f32[16, 96]", as a node shows it: no stride, no device.
std::string short_type(const GraphModule& module, const ValueType& type);

// Equality of what the text says: nodes, arguments, types, sources, nested bodies; not of line numbers or
// ids.
bool same_body(const GraphModule& a, BodyId body_a, const GraphModule& b, BodyId body_b);

// Fills inputs and users of every node from its arguments. Readers call it once per body.
void derive_uses(Body& body);

} // namespace hopscope
