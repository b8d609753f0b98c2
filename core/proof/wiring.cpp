#include "core/proof/wiring.h"

#include "core/graph/reading.h"

#include <string>

namespace hopscope::proof {

namespace {

// With activation checkpointing the backward graph calls the forward body again: which item of that call an
// operand is.
std::optional<size_t> recomputed_item(
    const GraphModule& module, BodyId scope, NodeId operand, std::string_view identifier) {
    const auto item = tuple_item(module, module.body(scope), operand);
    const auto call = item ? region_call(module, scope, item->of) : std::nullopt;
    return call && call->identifier == identifier ? std::optional(item->index) : std::nullopt;
}

// Which of the forward's values an operand of the backward call is; none: a tangent.
std::optional<BackwardOperand> operand_from(const GraphModule& forward, const RegionCall& fw_call,
    const Place& fw_place, const GraphModule& backward, BodyId bw_scope, NodeId operand) {
    const Node& n = backward.body(bw_scope).node(operand);
    if (n.op != Opcode::Placeholder) {
        const auto item = recomputed_item(backward, bw_scope, operand, fw_call.identifier);
        return item ? std::optional(BackwardOperand{BackwardOperand::From::Result, *item}) : std::nullopt;
    }
    const Body& fw_scope = forward.body(fw_place.body);
    const NodeId there = find_node(forward, fw_scope, backward.text(n.name));
    if (!there)
        return std::nullopt;
    if (const auto item = tuple_item(forward, fw_scope, there); item && item->of == fw_place.node)
        return BackwardOperand{BackwardOperand::From::Result, item->index};
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
    for (size_t i = 0, n = bw.placeholder_count(); i < n; ++i) {
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
