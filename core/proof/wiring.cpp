#include "core/proof/wiring.h"

#include "core/graph/calls.h"

#include <charconv>
#include <string>

namespace hopscope::proof {

namespace {

// The number of the item that a getitem takes of `of`; -1 if it is no such node.
int item_of(const GraphModule& module, const Body& body, NodeId node, NodeId of) {
    const Node& n = body.node(node);
    const auto args = body.args_of(n);
    if (short_target(module, n) != "operator.getitem" || args.size() < 2 || args[0].node() != of)
        return -1;
    int index = -1;
    const std::string_view text = module.text(args[1].text());
    std::from_chars(text.data(), text.data() + text.size(), index);
    return index;
}

// With activation checkpointing the backward graph calls the forward body again: which item of that call an
// operand is.
int recomputed_item(const GraphModule& module, BodyId scope, NodeId operand, std::string_view identifier) {
    const Body& body = module.body(scope);
    for (const NodeId input : body.inputs_of(body.node(operand)))
        if (const auto call = region_call(module, scope, input); call && call->identifier == identifier)
            return item_of(module, body, operand, input);
    return -1;
}

// Which of the forward's values an operand of the backward call is; none: a tangent.
std::optional<BackwardOperand> operand_from(const GraphModule& forward, const RegionCall& fw_call,
    const Place& fw_place, const GraphModule& backward, BodyId bw_scope, NodeId operand) {
    const Node& n = backward.body(bw_scope).node(operand);
    if (n.op != Opcode::Placeholder) {
        const int item = recomputed_item(backward, bw_scope, operand, fw_call.identifier);
        return item < 0 ? std::optional<BackwardOperand>()
                        : BackwardOperand{BackwardOperand::From::Result, static_cast<size_t>(item)};
    }
    const Body& fw_scope = forward.body(fw_place.body);
    const NodeId there = find_node(forward, fw_scope, backward.text(n.name));
    if (!there)
        return std::nullopt;
    if (const int item = item_of(forward, fw_scope, there, fw_place.node); item >= 0)
        return BackwardOperand{BackwardOperand::From::Result, static_cast<size_t>(item)};
    for (size_t i = 0; i < fw_call.operands.size(); ++i)
        if (fw_call.operands[i] == there)
            return BackwardOperand{BackwardOperand::From::Primal, i};
    return std::nullopt;
}

std::vector<BackwardOperand> by_name(
    const GraphModule& forward, const Body& fw, const GraphModule& backward, const Body& bw) {
    const std::vector<const Arg*> results = results_of(fw);
    std::vector<BackwardOperand> operands;
    size_t tangents = 0;
    for (size_t i = 0; i < bw.placeholder_count(); ++i) {
        const NodeId node = find_node(forward, fw, backward.text(bw.nodes[i].name));
        BackwardOperand operand{BackwardOperand::From::Tangent, tangents};
        for (size_t r = results.size(); node && r-- > 0;)
            if (results[r]->node() == node) {
                operand = {BackwardOperand::From::Result, r};
                break;
            }
        tangents += operand.from == BackwardOperand::From::Tangent;
        operands.push_back(operand);
    }
    return operands;
}

} // namespace

std::vector<const Arg*> results_of(const Body& body) {
    const auto args = body.args_of(body.nodes.back());
    std::vector<const Arg*> results;
    if (args.empty())
        return results;
    if (args[0].kind != ArgKind::Tuple && args[0].kind != ArgKind::List)
        return {&args[0]};
    for (const Arg *at = &args[0] + 1, *end = &args[0] + args[0].size; at < end; at += at->size)
        results.push_back(at);
    return results;
}

Result<std::vector<BackwardOperand>> backward_operands(const Dump& dump, const Invocation& invocation) {
    const Place &fw_body = invocation.body(CallSite::Forward), &bw_body = invocation.body(CallSite::Backward);
    const GraphModule &forward = *dump.graph(fw_body.graph).module,
                      &backward = *dump.graph(bw_body.graph).module;
    const Body &fw = forward.body(fw_body.body), &bw = backward.body(bw_body.body);
    const Place &fw_call = invocation.call(CallSite::Forward), &bw_call = invocation.call(CallSite::Backward);
    const auto f = fw_call.graph ? region_call(forward, fw_call.body, fw_call.node) : std::nullopt;
    const auto b = bw_call.graph ? region_call(backward, bw_call.body, bw_call.node) : std::nullopt;
    if (!f || !b)
        return by_name(forward, fw, backward, bw);
    const Body& bw_scope = backward.body(bw_call.body);
    const auto damaged = [&](const std::string& what) {
        return make_error(Error::Kind::Damaged,
            "the backward call '" + std::string(backward.text(bw_scope.node(bw_call.node).name)) + "' "
                + what);
    };
    if (b->operands.size() != bw.placeholder_count())
        return damaged("has " + std::to_string(b->operands.size()) + " operands; its body takes "
            + std::to_string(bw.placeholder_count()));
    std::vector<BackwardOperand> operands;
    size_t tangents = 0;
    for (const NodeId operand : b->operands) {
        if (!operand)
            return damaged("has a constant operand");
        const BackwardOperand found =
            operand_from(forward, *f, fw_call, backward, bw_call.body, operand)
                .value_or(BackwardOperand{BackwardOperand::From::Tangent, tangents});
        if (found.from == BackwardOperand::From::Result && found.index >= results_of(fw).size())
            return damaged("is given item " + std::to_string(found.index) + " of a forward body with "
                + std::to_string(results_of(fw).size()) + " results");
        tangents += found.from == BackwardOperand::From::Tangent;
        operands.push_back(found);
    }
    return operands;
}

} // namespace hopscope::proof
