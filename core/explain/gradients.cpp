#include "core/explain/gradients.h"

#include "core/graph/calls.h"
#include "core/graph/reading.h"

#include <algorithm>
#include <string_view>

namespace hopscope::explain_parts {

namespace {

// Whether a value of this type can require one; none where the type does not tell.
std::optional<bool> can_require(const GraphModule& module, const Node& node) {
    const ValueType* type = module.type(node.type);
    if (!type)
        return std::nullopt;
    if (type->kind == TypeKind::Sym)
        return false;
    if (type->kind != TypeKind::Tensor)
        return std::nullopt;
    const DType* dtype = dtype_by_abbreviation(module.text(type->dtype));
    if (!dtype)
        return std::nullopt;
    return !(dtype->name.starts_with("int") || dtype->name.starts_with("uint") || dtype->name == "bool");
}

std::optional<bool> flag(const GraphModule& module, const Arg* arg) {
    return arg && arg->kind == ArgKind::Bool ? std::optional(module.text(arg->text()) == "True")
                                             : std::nullopt;
}

} // namespace

const Gradients& GradientFacts::of(GraphId graph) {
    const auto known = roots_.find(graph.index);
    if (known != roots_.end())
        return known->second;
    graph_ = graph;
    results_.clear();
    const GraphModule& module = *dump_.graph(graph).module;
    Gradients inputs(module.body(BodyId(0)).placeholder_count());
    for (size_t i = 0; i < inputs.size(); ++i)
        if (const DescribedInput* record = names_.record({graph, BodyId(0), NodeId(i)}))
            inputs[i] = record->requires_grad;
        else if (can_require(module, module.body(BodyId(0)).nodes[i]) == false)
            inputs[i] = false; // a size, or a tensor of integers
    return roots_.emplace(graph.index, walk(module, BodyId(0), std::move(inputs), true)).first->second;
}

const Gradients& GradientFacts::results(const GraphModule& module, BodyId id, const Gradients& operands) {
    const std::pair key{id.index, operands};
    const auto known = results_.find(key);
    if (known != results_.end())
        return known->second;
    const Body& body = module.body(id);
    Gradients inputs = operands;
    inputs.resize(body.placeholder_count());
    const Gradients all = walk(module, id, std::move(inputs), false);
    Gradients out;
    for (const Arg* result : results_of(body))
        out.push_back(result->node() ? all[result->node().index] : std::optional(false));
    return results_.emplace(key, std::move(out)).first->second;
}

// Regions inside a region's body are not entered: then it is known only where nothing that goes in requires a
// gradient.
Gradients GradientFacts::walk(const GraphModule& module, BodyId id, Gradients out, bool root) {
    const Body& body = module.body(id);
    out.resize(body.nodes.size());
    bool enabled = true; // grad mode
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const Node& node = body.nodes[i];
        if (node.op == Opcode::Placeholder || node.op == Opcode::GetAttr || node.op == Opcode::Output)
            continue;
        const std::string_view target = operator_name(module.text(node.target));
        if (target == "_set_grad_enabled") {
            enabled = flag(module, arguments_of(module, body, node).at(0)).value_or(enabled);
            continue;
        }
        if (!enabled || can_require(module, node) == false || target == "detach" || target == "detach_") {
            out[i] = false;
            continue;
        }
        if (const auto item = tuple_item(module, body, NodeId(i))) {
            const auto call = root ? region_call(module, id, item->of) : std::nullopt;
            if (call && call->body) {
                Gradients operands;
                for (const NodeId operand : call->operands)
                    operands.push_back(operand ? out[operand.index] : std::optional(false));
                const Gradients& made = results(module, call->body, operands);
                out[i] = item->index < made.size() ? made[item->index] : std::nullopt;
            } else {
                out[i] = out[item->of.index];
            }
            continue;
        }
        bool any = false, all_known = true;
        for (const NodeId input : body.inputs_of(node)) {
            if (body.node(input).op == Opcode::GetAttr && !module.type(body.node(input).type))
                continue; // a body
            any = any || out[input.index] == true;
            all_known = all_known && out[input.index].has_value();
        }
        const bool operators_of_bodies = module.text(node.target).starts_with("torch.ops.higher_order.");
        if (target == "requires_grad_")
            out[i] = std::nullopt;
        else if (any && !operators_of_bodies)
            out[i] = true;
        else if (!any && all_known)
            out[i] = flag(module, arguments_of(module, body, node).keyword("requires_grad")).value_or(false);
    }
    return out;
}

} // namespace hopscope::explain_parts
