#include "core/executor/body_compiler.h"
#include "core/graph/call_check.h"

#include <algorithm>

namespace hopscope::executor {

// A region call that PyTorch's operator would not take.
bool BodyCompiler::refused_call(NodeId id, Step& step) {
    const std::vector<std::string> wrong = check_region_call(module_, id_, id);
    if (!wrong.empty())
        missing(id, step, wrong.front());
    return !wrong.empty();
}

void BodyCompiler::higher_order(NodeId id, Step& step, std::string_view name) {
    const Arguments args = arguments(body_.node(id));
    if (refused_call(id, step))
        return;
    if (name == "invoke_subgraph") {
        const BodyId body = body_named(args.get(0, "subgraph"));
        std::vector<const Arg*> list(args.positional.begin()
                + static_cast<std::ptrdiff_t>(std::min<size_t>(2, args.positional.size())),
            args.positional.end());
        // 2.5 to 2.7 pass all operands as one tuple.
        if (body && list.size() == 1 && list[0]->kind == ArgKind::Tuple)
            list = item_list(list[0]);
        if (!call(id, step, body, list) || !fits(id, step, body, list.size()))
            return;
        step.kind = StepKind::Call;
        step.first = body;
        results(id, step, returned_by(body), true);
    } else if (name == "tag_activation_checkpoint" || name == "wrap_activation_checkpoint" || name == "wrap"
        || name == "invoke_quant") {
        // Their keywords are how to recompute, or for a backend.
        wrapped_call(id, step, args, 0);
    } else if (name == "wrap_with_set_grad_enabled") {
        wrapped_call(id, step, args, 1);
    } else if (name == "wrap_with_autocast") {
        // device_type, dtype, enabled, cache_enabled, body, operands
        const Arg* enabled = args.get(2, "enabled");
        if (!enabled || enabled->kind != ArgKind::Bool || reader_.text(*enabled) != "False") {
            missing(id, step, refused("autocast"));
            return;
        }
        wrapped_call(id, step, args, 4);
    } else if (name == "cond") {
        const BodyId yes = body_named(args.get(1, "true_fn")), no = body_named(args.get(2, "false_fn"));
        std::vector<const Arg*> list{args.get(0, "pred")};
        const auto operands_given = item_list(args.get(3, "operands"));
        list.insert(list.end(), operands_given.begin(), operands_given.end());
        if (!list[0]) {
            missing(id, step, "it has no predicate");
            return;
        }
        if (!call(id, step, yes && no ? yes : BodyId(), list) || !fits(id, step, yes, list.size() - 1)
            || !fits(id, step, no, list.size() - 1))
            return;
        if (returned_by(yes) != returned_by(no)) {
            missing(id, step, "its two bodies return different numbers of values");
            return;
        }
        step.kind = StepKind::Cond;
        step.first = yes;
        step.second = no;
        results(id, step, returned_by(yes), true);
    } else if (name == "while_loop" || name == "map_impl" || name == "map" || name == "scan") {
        loop(id, step, args);
    } else if (name == "with_effects") {
        effects(id, step, args);
    } else if (name == "auto_functionalized_v2" || name == "auto_functionalized") {
        functionalized(id, step, args);
    } else if (name == "flex_attention" || name == "flex_attention_backward") {
        flex(id, step, args);
    } else if (name == "associative_scan") {
        missing(
            id, step, "the order in which it combines is not in the graph, and floating point depends on it");
    } else {
        missing(id, step, "a higher-order operator that Hopscope does not run");
    }
}

// func(*operands) of the body that argument `callee` names; what stands before it changes no value.
void BodyCompiler::wrapped_call(NodeId id, Step& step, const Arguments& args, size_t callee) {
    const BodyId body = body_named(callee < args.positional.size() ? args.positional[callee] : nullptr);
    const size_t first = std::min(callee + 1, args.positional.size());
    const std::vector<const Arg*> list(
        args.positional.begin() + static_cast<std::ptrdiff_t>(first), args.positional.end());
    if (!call(id, step, body, list) || !fits(id, step, body, list.size()))
        return;
    step.kind = StepKind::Call;
    step.first = body;
    results(id, step, returned_by(body), true);
}

// flex_attention(query, key, value, score_mod, block_mask, scale, kernel_options, score_mod_other_buffers,
// mask_mod_other_buffers); the backward has (…, value, out, logsumexp, grad_out, grad_logsumexp, fw_graph,
// joint_graph, block_mask, …) there. A block mask has eight tensors, and ends with two block sizes and the
// mask's graph; newer ones begin with two lengths, and since 2.12 an order of writes stands behind the
// tensors.
void BodyCompiler::flex(NodeId id, Step& step, const Arguments& args) {
    FlexPlan plan;
    plan.backward = short_target(module_, body_.node(id)).find("backward") != std::string_view::npos;
    const size_t graphs = plan.backward ? 7 : 3, blocks = plan.backward ? 9 : 4;
    const std::vector<const Arg*>& given = args.positional;
    const std::vector<const Arg*> mask =
        given.size() > blocks ? item_list(given[blocks]) : std::vector<const Arg*>();
    if (given.size() < blocks + 2 || (mask.size() < 13 && mask.size() != 11)) {
        missing(id, step, "its arguments are not those of PyTorch's flex_attention");
        return;
    }
    plan.score = body_named(given[graphs]);
    plan.joint = plan.backward ? body_named(given[graphs + 1]) : plan.score;
    plan.mask = body_named(mask.back());
    std::vector<const Arg*> list(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(graphs));
    const size_t first = mask.size() == 11 ? 0 : 2;
    list.insert(list.end(), mask.begin() + static_cast<std::ptrdiff_t>(first),
        mask.begin() + static_cast<std::ptrdiff_t>(first + 4));
    list.push_back(given[blocks + 1]);
    const auto append = [&](size_t which) {
        const std::vector<const Arg*> more =
            which < given.size() ? item_list(given[which]) : std::vector<const Arg*>();
        list.insert(list.end(), more.begin(), more.end());
        return static_cast<uint32_t>(more.size());
    };
    plan.score_buffers = append(blocks + 3);
    plan.mask_buffers = append(blocks + 4);
    const auto query_block = reader_.integer(*mask[mask.size() - 3]),
               key_block = reader_.integer(*mask[mask.size() - 2]);
    if (!query_block || !key_block) {
        missing(id, step, "its block sizes are not known");
        return;
    }
    plan.query_block = *query_block;
    plan.key_block = *key_block;
    if (!call(id, step, plan.score && plan.joint ? plan.mask : BodyId(), list)
        || !fits(id, step, plan.score, 5 + plan.score_buffers)
        || !fits(id, step, plan.mask, 4 + plan.mask_buffers)
        || (plan.backward && !fits(id, step, plan.joint, 6 + plan.score_buffers)))
        return;
    step.kind = StepKind::Flex;
    step.op = static_cast<int32_t>(program_.flex.size());
    program_.flex.push_back(plan);
    // The largest scores are written only where the options ask for them.
    const Arg* options = given[blocks + 2];
    const bool largest =
        options && module_.text(options->text()).find("'OUTPUT_MAX': True") != std::string_view::npos;
    step.unspecified = plan.backward || largest ? 0 : 1 << 2;
    results(id, step, plan.backward ? 4 : 3, true);
}

void BodyCompiler::loop(NodeId id, Step& step, const Arguments& args) {
    const std::string_view name = short_target(module_, body_.node(id));
    const bool is_while = name.find("while_loop") != std::string_view::npos;
    const bool is_scan = name.find("scan") != std::string_view::npos;
    const BodyId first = body_named(args.get(0, "f"));
    const BodyId second = is_while ? body_named(args.get(1, "body_fn")) : first;
    std::vector<const Arg*> state, mapped, extra;
    if (is_while) {
        state = item_list(args.get(2, "carried_inputs"));
        extra = item_list(args.get(3, "additional_inputs"));
    } else if (is_scan) {
        state = item_list(args.get(1, "init"));
        mapped = item_list(args.get(2, "xs"));
        extra = item_list(args.get(3, "additional_inputs"));
        // Until 2.6: combine_fn, init, xs, dim, reverse, additional_inputs.
        const Arg* dim = args.get(3, "dim");
        if (dim && dim->kind == ArgKind::Int) {
            const Arg* reverse = args.get(4, "reverse");
            if (reader_.integer(*dim) != 0 || (reverse && reader_.text(*reverse) != "False")) {
                missing(id, step, "it walks over another dimension than the first, or backwards");
                return;
            }
            extra = item_list(args.get(5, "additional_inputs"));
        }
    } else {
        mapped = item_list(args.get(1, "xs"));
        extra = item_list(args.get(2, "pos_args"));
    }
    step.carried = static_cast<uint32_t>(state.size());
    step.mapped = static_cast<uint32_t>(mapped.size());
    std::vector<const Arg*> list = state;
    list.insert(list.end(), mapped.begin(), mapped.end());
    list.insert(list.end(), extra.begin(), extra.end());
    if (!call(id, step, first && second ? first : BodyId(), list) || !fits(id, step, first, list.size())
        || !fits(id, step, second, list.size()))
        return;
    if (!is_while && mapped.empty()) {
        missing(id, step, "it walks over no tensor");
        return;
    }
    const uint32_t found = returned_by(second);
    if (found < step.carried || (is_while && found != step.carried)) {
        missing(id, step,
            "its body returns " + std::to_string(found) + " values for a state of "
                + std::to_string(step.carried));
        return;
    }
    step.kind = is_while ? StepKind::While : is_scan ? StepKind::Scan : StepKind::Map;
    step.first = first;
    step.second = second;
    results(id, step, found, true);
}

} // namespace hopscope::executor
