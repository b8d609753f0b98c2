#include "core/regions/outputs.h"

#include "core/graph/reading.h"
#include "core/regions/roles.h"

#include <algorithm>

namespace hopscope {

namespace {

using Kind = RegionOutput::Kind;

RegionOutput region_output(const GraphModule& module, const Body& body, const Arg& arg) {
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
    std::vector<RegionOutput> outputs;
    for (const Arg* result : results_of(module.body(id)))
        outputs.push_back(region_output(module, module.body(id), *result));
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

// The types of the tangents that the backward of an invocation takes: in the joint graph, else in the
// backward graph. None where the dump has neither.
std::optional<std::vector<std::string>> tangents_of(const Dump& dump, const Invocation& invocation) {
    for (const CallSite site : {CallSite::JointBackward, CallSite::Backward}) {
        const Place& place = invocation.body(site);
        if (!place.graph)
            continue;
        const GraphModule& module = *dump.graph(place.graph).module;
        const Body& body = module.body(place.body);
        const BodyRoles roles = roles_of(dump, place.graph, place.body);
        std::vector<std::string> tangents;
        for (size_t i = 0, n = body.placeholder_count(); i < n; ++i)
            if (roles.input(NodeId(i)) == InputRole::Tangent)
                tangents.push_back(shape_text(module, body.nodes[i]));
        return tangents;
    }
    return std::nullopt;
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
            for (size_t s = 0; s < kCallSiteCount; ++s)
                if (invocation.calls[s] == call) {
                    site = static_cast<CallSite>(s);
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
    const auto tangents = tangents_of(dump, *invocation);
    if (!tangents)
        return outputs;
    // A partitioned forward body returns what it saves after its own outputs.
    const size_t own = own_results(dump, place.graph, call->body).value_or(outputs.size());
    for (size_t i = own; i < outputs.size(); ++i) {
        outputs[i].saved = true;
        outputs[i].needs_gradient = false;
    }
    match_tangents(outputs, types, *tangents);
    return outputs;
}

} // namespace hopscope
