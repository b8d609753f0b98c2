#include "core/regions/outputs.h"

#include "core/regions/build.h"

#include <algorithm>

namespace hopscope {

namespace {

using Kind = RegionOutput::Kind;

RegionOutput output_of(const GraphModule& module, const Body& body, const Arg& arg) {
    RegionOutput output;
    switch (arg.kind) {
    case ArgKind::None:
        output.kind = Kind::None;
        break;
    case ArgKind::Int:
    case ArgKind::Bool:
    case ArgKind::Symbol:
        output.kind = Kind::Integer;
        break;
    case ArgKind::Node: {
        output.node = arg.node();
        const ValueType* type = module.type(body.node(arg.node()).type);
        if (type && type->kind == TypeKind::Sym)
            output.kind = Kind::Integer;
        else if (type && type->kind != TypeKind::Other)
            output.kind = Kind::Tensor;
        break;
    }
    default:
        break;
    }
    return output;
}

std::vector<RegionOutput> outputs_of(const GraphModule& module, BodyId id) {
    const Body& body = module.body(id);
    std::vector<RegionOutput> outputs;
    if (body.nodes.empty() || body.nodes.back().op != Opcode::Output)
        return outputs;
    const auto args = body.args_of(body.nodes.back());
    if (args.empty())
        return outputs;
    if (args[0].kind != ArgKind::Tuple && args[0].kind != ArgKind::List)
        return {output_of(module, body, args[0])};
    for (size_t i = 1; i < args[0].size; i += args[i].size)
        outputs.push_back(output_of(module, body, args[i]));
    return outputs;
}

// Whether values of this dtype can need a gradient (torch/csrc/autograd/autograd_not_implemented_fallback.cpp
// and friends: isDifferentiableType).
bool differentiable(std::string_view dtype) {
    const DType* known = dtype_by_abbreviation(dtype);
    return !known || known->name.starts_with("float") || known->name.starts_with("bfloat")
        || known->name.starts_with("complex");
}

// The text of dtype and shape: equal ones may be a tangent and its output. Strides differ.
std::string shape_text(const GraphModule& module, const Node& node) {
    const ValueType* type = module.type(node.type);
    return type ? short_type(module, *type) : std::string();
}

// What the backward of an invocation tells.
struct Backward {
    bool known = false;
    std::vector<std::string> tangents; // their types
    size_t outputs = SIZE_MAX; // of the region itself; SIZE_MAX = not known
    size_t saved = 0; // values handed over
};

Backward backward_of(const Dump& dump, const Invocation& invocation) {
    Backward backward;
    const Place &joint = invocation.body(CallSite::Joint),
                &joint_backward = invocation.body(CallSite::JointBackward);
    // The joint's backward body is called with (primals, tangents).
    if (joint.graph && joint_backward.graph) {
        const GraphModule &forward = *dump.graph(joint.graph).module,
                          &module = *dump.graph(joint_backward.graph).module;
        const Body& body = module.body(joint_backward.body);
        backward.known = true;
        backward.outputs = outputs_of(forward, joint.body).size();
        for (size_t i = forward.body(joint.body).placeholder_count(); i < body.placeholder_count(); ++i)
            backward.tangents.push_back(shape_text(module, body.node(NodeId(i))));
    }
    // The partitioned one with (saved values, tangents).
    if (const Place& half = invocation.body(CallSite::Backward); half.graph) {
        const GraphModule& module = *dump.graph(half.graph).module;
        const Body& body = module.body(half.body);
        std::vector<std::string> tangents;
        for (size_t i = 0; i < body.placeholder_count(); ++i) {
            const Node& node = body.node(NodeId(i));
            if (module.text(node.name).starts_with("tangents_"))
                tangents.push_back(shape_text(module, node));
            else
                ++backward.saved;
        }
        if (!backward.known)
            backward.tangents = std::move(tangents);
        backward.known = true;
    }
    return backward;
}

// Lays the tangents over the outputs, in order, by dtype and shape. What all ways of doing so agree on is
// known.
void match_tangents(std::vector<RegionOutput>& outputs, const std::vector<std::string>& types,
    const std::vector<std::string>& tangents) {
    const size_t n = outputs.size(), m = tangents.size();
    const auto fits = [&](size_t i, size_t t) {
        return outputs[i].needs_gradient != std::optional(false) && outputs[i].kind == Kind::Tensor
            && (types[i].empty() || tangents[t].empty() || types[i] == tangents[t]);
    };
    // from[i][t]: tangents t… can be laid over outputs i…; to[i][t]: the first t over the first i.
    std::vector<std::vector<char>> from(n + 1, std::vector<char>(m + 1, 0)), to = from;
    for (size_t i = 0; i <= n; ++i)
        from[i][m] = to[i][0] = 1;
    for (size_t i = n; i-- > 0;)
        for (size_t t = m; t-- > 0;)
            from[i][t] = from[i + 1][t] || (fits(i, t) && from[i + 1][t + 1]);
    for (size_t i = 1; i <= n; ++i)
        for (size_t t = 1; t <= m; ++t)
            to[i][t] = to[i - 1][t] || (fits(i - 1, t - 1) && to[i - 1][t - 1]);
    if (!from[0][0])
        return; // contradicts the types: nothing is known
    for (size_t i = 0; i < n; ++i) {
        bool without = false;
        int count = 0;
        size_t which = 0;
        for (size_t t = 0; t <= m; ++t)
            without = without || (to[i][t] && from[i + 1][t]);
        for (size_t t = 0; t < m; ++t)
            if (fits(i, t) && to[i][t] && from[i + 1][t + 1]) {
                ++count;
                which = t;
            }
        if (count == 0)
            outputs[i].needs_gradient = false;
        else if (!without)
            outputs[i].needs_gradient = true;
        if (count == 1 && !without)
            outputs[i].tangent = which;
    }
}

// The invocation that has the call, and at which of its sites.
const Invocation* invocation_at(const Ledger& ledger, const Place& call, CallSite& site) {
    for (const CompilationLedger& compilation : ledger.compilations)
        for (const Invocation& invocation : compilation.invocations)
            for (size_t h = 0; h < kCallSiteCount; ++h)
                if (invocation.calls[h] == call) {
                    site = static_cast<CallSite>(h);
                    return &invocation;
                }
    return nullptr;
}

} // namespace

std::string_view output_kind_name(RegionOutput::Kind kind) {
    switch (kind) {
    case Kind::Tensor:
        return "tensor";
    case Kind::Integer:
        return "integer";
    case Kind::None:
        return "none";
    case Kind::Other:
        break;
    }
    return "other";
}

std::vector<RegionOutput> region_outputs(const Dump& dump, const Ledger& ledger, const Place& place) {
    const GraphModule& module = *dump.graph(place.graph).module;
    const auto call = region_call(module, place.body, place.node);
    if (!call || !call->body)
        return {};
    std::vector<RegionOutput> outputs = outputs_of(module, call->body);
    std::vector<std::string> types;
    const Body& body = module.body(call->body);
    for (RegionOutput& output : outputs) {
        types.push_back(output.node ? shape_text(module, body.node(output.node)) : std::string());
        const ValueType* type = output.node ? module.type(body.node(output.node).type) : nullptr;
        if (output.kind == Kind::Integer || output.kind == Kind::None
            || (type && type->kind == TypeKind::Tensor && !differentiable(module.text(type->dtype))))
            output.needs_gradient = false;
    }
    CallSite site = CallSite::Dynamo;
    const Invocation* invocation = invocation_at(ledger, place, site);
    if (!invocation || site == CallSite::JointBackward || site == CallSite::Backward)
        return outputs; // a backward's outputs are gradients: nobody asks for theirs
    // A lone printed graph is no proof: only a dump that calls itself so.
    const GraphId inference = invocation->body(CallSite::Inference).graph;
    if (inference && dump.graph(inference).stage == Stage::Inference) {
        for (RegionOutput& output : outputs)
            output.needs_gradient = false;
        return outputs;
    }
    const Backward backward = backward_of(dump, *invocation);
    if (!backward.known)
        return outputs;
    // A partitioned forward body returns what it saves after its own outputs.
    size_t own = outputs.size();
    if (site == CallSite::Forward)
        own = std::min(own,
            backward.outputs != SIZE_MAX           ? backward.outputs
                : outputs.size() >= backward.saved ? outputs.size() - backward.saved
                                                   : own);
    for (size_t i = own; i < outputs.size(); ++i) {
        outputs[i].saved = true;
        outputs[i].needs_gradient = false;
    }
    match_tangents(outputs, types, backward.tangents);
    return outputs;
}

} // namespace hopscope
