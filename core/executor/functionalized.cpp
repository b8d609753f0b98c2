// What functionalization wraps a call in: with_effects and auto_functionalized_v2.
#include "core/executor/body_compiler.h"

#include <algorithm>
#include <limits>

namespace hopscope::executor {

void BodyCompiler::effects(NodeId id, Step& step, const Arguments& args) {
    // with_effects(token, operator, operands…) -> (token, results…); a token has no value
    step.unspecified = 1;
    if (args.positional.size() < 2 || args.positional[1]->kind != ArgKind::Operator) {
        missing(id, step, "it names no operator");
        return;
    }
    const std::string_view target = module_.text(args.positional[1]->text());
    reader_.problem.clear();
    const auto token = reader_.as_written(args.positional[0]);
    if (!token) {
        missing(id, step, reader_.problem);
        return;
    }
    if (target == "torch.ops.higher_order.invoke_subgraph") {
        const BodyId body = body_named(args.get(2, "subgraph"));
        const std::vector<const Arg*> list(args.positional.begin()
                + static_cast<std::ptrdiff_t>(std::min<size_t>(4, args.positional.size())),
            args.positional.end());
        std::vector<const Arg*> all{args.positional[0]};
        all.insert(all.end(), list.begin(), list.end());
        if (!call(id, step, body, all) || !fits(id, step, body, list.size()))
            return;
        step.first = body;
        step.kind = StepKind::Effects;
        results(id, step, 1 + returned_by(body), true);
        return;
    }
    const auto op = target.substr(0, kOps.size()) == kOps ? find_operator(target) : std::nullopt;
    if (!op) {
        missing(id, step,
            "operator not known: " + std::string(short_target(target))
                + "; a library that registers it has to be loaded");
        return;
    }
    const std::vector<const Arg*> list(args.positional.begin() + 2, args.positional.end());
    std::string problem;
    if (!schema_operands(step, *op, list, &args, problem)) {
        missing(id, step, problem);
        return;
    }
    // The token comes first.
    const std::vector<Operand> rest(
        program_.operands.begin() + step.operands.begin, program_.operands.begin() + step.operands.end);
    std::vector<Operand> all{*token};
    all.insert(all.end(), rest.begin(), rest.end());
    step.operands = add_operands(all);
    step.kind = StepKind::Effects;
    step.op = static_cast<int32_t>(add_operator(*op));
    results(id, step, 1 + std::max<uint32_t>(1, static_cast<uint32_t>(op->schema().returns().size())), true);
}

// Reads `_NAME_base_index` and what may stand beside it (torch/_higher_order_ops/auto_functionalize.py,
// read_view_information_from_args). False where there is none for this argument.
bool BodyCompiler::base_view(Functionalized& plan, const Arguments& args, const std::string& name,
    uint32_t argument, std::optional<uint32_t> item) {
    const std::string prefix = "_" + name;
    const Arg* index = args.keyword(prefix + "_base_index");
    if (!index)
        return false;
    BaseView view;
    view.argument = argument;
    view.item = item;
    bool known = true;
    if (index->kind != ArgKind::None) {
        const auto base = reader_.integer(*index);
        known = base && *base >= 0 && *base <= std::numeric_limits<int32_t>::max();
        view.base = static_cast<uint32_t>(base.value_or(0));
    } else if (item) {
        known = false; // a list of tensors without one of them
    }
    const auto number = [&](const char* suffix) {
        const Arg* arg = args.keyword(prefix + suffix);
        const int64_t found = arg ? reader_.integer(*arg).value_or(-1) : -1;
        known = known && found >= 0;
        return found;
    };
    // `_alias` is the base under another name: its values are the base's.
    if (args.keyword(prefix + "_storage_offset")) {
        for (const Arg* size : item_list(args.keyword(prefix + "_size")))
            view.size.push_back(reader_.integer(*size).value_or(-1));
        for (const Arg* stride : item_list(args.keyword(prefix + "_stride")))
            view.stride.push_back(reader_.integer(*stride).value_or(-1));
        view.offset = number("_storage_offset");
        const auto negative = [](const std::vector<int64_t>& list) {
            return std::any_of(list.begin(), list.end(), [](int64_t n) { return n < 0; });
        };
        if (negative(view.size) || negative(view.stride) || view.size.size() != view.stride.size())
            known = false;
    } else if (args.keyword(prefix + "_slice_dim")) {
        view.slice_dim = number("_slice_dim");
        view.slice_start = number("_slice_start");
        view.slice_end = number("_slice_end");
    }
    plan.unknown_view = plan.unknown_view || !known;
    plan.views.push_back(std::move(view));
    return true;
}

// The items of a list of mutated operands: `_NAME_length`, then `_NAME_0_base_index` and so on.
bool BodyCompiler::base_list(
    Functionalized& plan, const Arguments& args, const std::string& name, uint32_t argument) {
    const Arg* length = args.keyword("_" + name + "_length");
    const auto count = length && length->kind != ArgKind::None ? reader_.integer(*length) : std::nullopt;
    if (!count || *count < 1)
        return false;
    for (int64_t i = 0; i < *count; ++i)
        if (!base_view(plan, args, name + "_" + std::to_string(i), argument, static_cast<uint32_t>(i)))
            return false;
    return true;
}

// auto_functionalized (until 2.5): operands as the operator takes them; the mutated ones are cloned and come
// back after its results.
bool BodyCompiler::first_functionalized(
    Functionalized& plan, const Arguments& args, std::vector<Operand>& list, std::vector<Operand>& bases) {
    for (const c10::Argument& argument : plan.op->schema().arguments()) {
        const auto operand = reader_.for_schema(args.keyword(argument.name()), argument);
        if (!operand)
            return false;
        if (argument.alias_info() && argument.alias_info()->isWrite()) {
            if (operand->kind >= Operand::Kind::IntList) {
                reader_.problem = "a list of mutated operands in a form that Hopscope does not rebuild";
                return false;
            }
            BaseView view;
            view.argument = static_cast<uint32_t>(list.size());
            view.base = static_cast<uint32_t>(bases.size());
            plan.views.push_back(view);
            bases.push_back(*operand);
        }
        list.push_back(*operand);
    }
    return true;
}

void BodyCompiler::functionalized(NodeId id, Step& step, const Arguments& args) {
    const Arg* target = args.get(0, "_mutable_op");
    if (!target || target->kind != ArgKind::Operator) {
        missing(id, step, "it names no operator");
        return;
    }
    const std::string_view name = module_.text(target->text());
    Functionalized plan;
    std::vector<Operand> bases, list;
    reader_.problem.clear();
    for (const Arg* base : item_list(args.keyword("_all_bases"))) {
        const auto operand = reader_.as_written(base);
        if (!operand) {
            missing(id, step, reader_.problem);
            return;
        }
        bases.push_back(*operand);
    }
    uint32_t outputs = 0;
    if (name == "torch.ops.higher_order.invoke_subgraph") {
        step.first = body_named(args.keyword("subgraph"));
        if (!step.first) {
            missing(id, step, "the body that it calls is not in the dump");
            return;
        }
        const size_t taken = module_.body(step.first).placeholder_count();
        for (size_t i = 0; i < taken; ++i) {
            const std::string argument = "arg" + std::to_string(i);
            const Arg* given = args.keyword(argument);
            const auto operand = base_view(plan, args, argument, static_cast<uint32_t>(i), {})
                ? std::optional<Operand>(reader_.constant({}))
                : given ? reader_.as_written(given)
                        : std::nullopt;
            if (!operand) {
                missing(id, step, "operand " + argument + " is missing");
                return;
            }
            list.push_back(*operand);
        }
        outputs = returned_by(step.first);
    } else {
        plan.op = name.substr(0, kOps.size()) == kOps ? find_operator(name) : std::nullopt;
        if (!plan.op) {
            missing(id, step, "operator not known: " + std::string(short_target(name)));
            return;
        }
        const bool first = short_target(module_, body_.node(id)) == "auto_functionalized";
        if (first && !first_functionalized(plan, args, list, bases)) {
            missing(id, step, reader_.problem);
            return;
        }
        for (size_t i = list.size(); i < plan.op->schema().arguments().size(); ++i) {
            const c10::Argument& argument = plan.op->schema().arguments()[i];
            const auto position = static_cast<uint32_t>(i);
            const auto operand = base_view(plan, args, argument.name(), position, {})
                    || base_list(plan, args, argument.name(), position)
                ? std::optional<Operand>(reader_.constant({}))
                : reader_.for_schema(args.keyword(argument.name()), argument);
            if (!operand) {
                missing(id, step, reader_.problem);
                return;
            }
            list.push_back(*operand);
        }
        outputs = std::max<uint32_t>(1, static_cast<uint32_t>(plan.op->schema().returns().size()));
    }
    if (plan.unknown_view || std::any_of(plan.views.begin(), plan.views.end(), [&](const BaseView& view) {
            return view.base && *view.base >= bases.size();
        })) {
        missing(id, step, "a mutated operand is a view in a form that Hopscope does not rebuild");
        return;
    }
    step.operands = add_operands(list);
    plan.bases = add_operands(bases);
    step.kind = StepKind::Functionalized;
    step.op = static_cast<int32_t>(program_.functionalized.size());
    program_.functionalized.push_back(std::move(plan));
    results(id, step, outputs + static_cast<uint32_t>(bases.size()), true);
}

} // namespace hopscope::executor
