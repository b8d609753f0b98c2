#include "core/executor/body_compiler.h"
#include "core/executor/python.h"
#include "core/executor/standins.h"
#include "core/executor/torch.h"
#include "core/executor/widening.h"
#include "core/graph/verify.h"
#include "core/wire/protocol.h"

#include <algorithm>

namespace hopscope::executor {

std::optional<c10::OperatorHandle> find_operator(std::string_view target) {
    std::string_view rest = target.substr(kOps.size());
    const size_t dot = rest.find('.');
    if (dot == std::string_view::npos)
        return std::nullopt;
    const std::string space(rest.substr(0, dot));
    rest.remove_prefix(dot + 1);
    const size_t second = rest.find('.');
    const std::string name(rest.substr(0, second));
    std::string overload = second == std::string_view::npos ? "" : std::string(rest.substr(second + 1));
    if (overload == "default")
        overload.clear();
    const auto found = c10::Dispatcher::singleton().findSchema({space + "::" + name, overload});
    return found ? std::optional<c10::OperatorHandle>(*found) : std::nullopt;
}
void BodyCompiler::node(NodeId id) {
    const Node& n = body_.node(id);
    Step& step = out_.steps[id.index];
    step.mark = wire::progress_mark(id_.index, id.index);
    values_[id.index].count = 0;
    switch (n.op) {
    case Opcode::Placeholder: {
        results(id, step, 1, false);
        const ValueType* type = module_.type(n.type);
        values_[id.index].number = type && type->kind == TypeKind::Sym;
        if (type && type->device && !module_.text(type->device).starts_with("cpu"))
            program_.moved = true;
        out_.inputs.push_back(step.result);
        if (id_ == BodyId(0))
            program_.inputs.push_back(
                {std::string(module_.text(n.name)), id_, id, step.result, false, declared_type(n)});
        program_.gpu = program_.gpu || is_on_gpu(n);
        break;
    }
    case Opcode::GetAttr:
        attribute(id);
        break;
    case Opcode::Output:
        returned(id, step);
        break;
    case Opcode::CallFunction:
        function(id, step);
        break;
    case Opcode::CallMethod:
        python_level(id, step);
        break;
    case Opcode::CallModule:
        missing(id, step, "a call of a module, whose code is not in the dump");
        break;
    }
}

void BodyCompiler::attribute(NodeId id) {
    const Node& n = body_.node(id);
    Step& step = out_.steps[id.index];
    const bool body = child_body(module_, id_, n.target).valid();
    const ValueType* type = module_.type(n.type);
    // A tensor constant has a type where the dump gives types; a pytree's description never has one.
    const bool tensor = type && type->kind == TypeKind::Tensor;
    if (body || !tensor) {
        results(id, step, 1, false);
        values_[id.index].none = true;
        return;
    }
    results(id, step, 1, false);
    if (id_ == BodyId(0))
        program_.inputs.push_back(
            {std::string(module_.text(n.name)), id_, id, step.result, true, declared_type(n)});
    else
        missing(id, step, "a tensor that a region's body has as attribute; its value is not in the dump");
}

void BodyCompiler::function(NodeId id, Step& step) {
    const Node& n = body_.node(id);
    const std::string_view target = module_.text(n.target);
    const std::string_view brief = short_target(target);
    if (brief == "operator.getitem") {
        item(id, step);
        return;
    }
    if (target.substr(0, kHigher.size()) == kHigher) {
        higher_order(id, step, target.substr(kHigher.size()));
        return;
    }
    if (const std::optional<int> known = python_function(brief)) {
        if (brief.substr(0, 9) == "operator." && !only_numbers(n)) {
            arithmetic(id, step, known);
            return;
        }
        const Arguments args = arguments(n);
        std::vector<const Arg*> list = args.positional;
        if (list.size() == 1 && (list[0]->kind == ArgKind::List || list[0]->kind == ArgKind::Tuple))
            list = item_list(list[0]);
        for (const auto& [name, value] : args.keywords)
            list.push_back(value);
        if (!operands(step, list)) {
            missing(id, step, reader_.problem);
            return;
        }
        step.kind = StepKind::Python;
        step.op = *known;
        results(id, step, 1, false);
        values_[id.index].number = true;
        return;
    }
    if (target.substr(0, kOps.size()) == kOps
        && target.find('.', target.find('.', kOps.size()) + 1) != target.npos) {
        dispatched(id, step, target);
        return;
    }
    python_level(id, step);
}
bool BodyCompiler::schema_operands(Step& step, const c10::OperatorHandle& op,
    const std::vector<const Arg*>& positional, const Arguments* keywords, std::string& problem) {
    const auto& wanted = op.schema().arguments();
    std::vector<Operand> list;
    size_t given = 0;
    for (const c10::Argument& argument : wanted) {
        const size_t position = list.size();
        const Arg* arg = position < positional.size() ? positional[position] : nullptr;
        given += arg != nullptr;
        if (!arg && keywords) {
            arg = keywords->keyword(argument.name());
            given += arg != nullptr;
        }
        const auto operand = reader_.for_schema(arg, argument);
        if (!operand) {
            problem = reader_.problem;
            return false;
        }
        list.push_back(*operand);
    }
    size_t all = positional.size() + (keywords ? keywords->keywords.size() : 0);
    // Where things are and how they are laid out says nothing here; an earlier schema may not ask for it.
    if (given != all && keywords)
        for (const auto& [name, value] : keywords->keywords) {
            const bool asked = std::any_of(wanted.begin(), wanted.end(),
                [&, key = name](const c10::Argument& argument) { return argument.name() == key; });
            all -= !asked && (name == "device" || name == "layout");
        }
    if (given != all) {
        problem = std::to_string(all) + " arguments, of which this libtorch's operator takes "
            + std::to_string(given);
        return false;
    }
    step.operands = add_operands(list);
    step.random = op.hasTag(at::Tag::nondeterministic_seeded);
    // Attention is tagged for its dropout, which is nearly always 0.
    for (size_t i = 0; i < list.size(); ++i)
        if (wanted[i].name() == "dropout_p" && list[i].kind == Operand::Kind::Constant) {
            const c10::IValue& chance = program_.constants[list[i].index];
            step.random = step.random && !(chance.isDouble() && chance.toDouble() == 0);
        }
    step.mutates = op.schema().is_mutable() || writes_silently(op.schema().name());
    program_.mutates = program_.mutates || step.mutates;
    return true;
}

namespace {

struct Unspecified {
    std::string_view name;
    uint16_t results; // bit i: result i
};
// Seeds, offsets and debug masks of attention without dropout; memory that nobody wrote to; vectors that are
// determined up to a factor; factorizations and work space that only the operator's own kernels read.
constexpr Unspecified kUnspecified[] = {
    {"aten::_scaled_dot_product_flash_attention", 1 << 6 | 1 << 7 | 1 << 8},
    {"aten::_scaled_dot_product_cudnn_attention", 1 << 6 | 1 << 7 | 1 << 8},
    {"aten::_scaled_dot_product_fused_attention_overrideable", 1 << 6 | 1 << 7 | 1 << 8},
    {"aten::_scaled_dot_product_efficient_attention", 1 << 2 | 1 << 3},
    {"aten::_flash_attention_forward", 1 << 2 | 1 << 3 | 1 << 4},
    {"aten::_efficient_attention_forward", 1 << 2 | 1 << 3},
    {"aten::linalg_eig", 1 << 1},
    {"aten::_linalg_eigh", 1 << 1},
    {"aten::_linalg_svd", 1 << 0 | 1 << 2},
    {"aten::_linalg_solve_ex", 1 << 1 | 1 << 2},
    {"aten::_ctc_loss", 1 << 1},
    {"aten::cudnn_batch_norm", 1 << 3},
    {"aten::_batch_norm_with_update", 1 << 3},
    {"aten::_batch_norm_with_update_functional", 1 << 3},
    {"aten::empty", 1},
    {"aten::empty_like", 1},
    {"aten::empty_strided", 1},
    {"aten::empty_permuted", 1},
    {"aten::new_empty", 1},
    {"aten::new_empty_strided", 1},
    {"prims::empty", 1},
    {"prims::empty_strided", 1},
    {"prims::empty_permuted", 1},
};
uint16_t unspecified_results(std::string_view name) {
    for (const Unspecified& row : kUnspecified)
        if (row.name == name)
            return row.results;
    return 0;
}

} // namespace

void BodyCompiler::dispatched(NodeId id, Step& step, std::string_view target) {
    const auto op = find_operator(target);
    if (!op) {
        missing(id, step, "operator not known to this libtorch");
        return;
    }
    const Arguments args = arguments(body_.node(id));
    std::string problem;
    reader_.foreign = nullptr;
    if (!schema_operands(step, *op, args.positional, &args, problem)) {
        missing(id, step, problem);
        return;
    }
    step.kind = StepKind::Operator;
    step.op = static_cast<int32_t>(add_operator(*op));
    step.foreign = reader_.foreign;
    step.standin = standin_of(op->schema().name());
    step.unspecified = unspecified_results(op->schema().name());
    const auto& returns = op->schema().returns();
    results(id, step, static_cast<uint32_t>(returns.size()), returns.size() > 1);
    // What returns nothing returns None to Python.
    if (returns.empty())
        ++out_.slots;
    step.declared = static_cast<uint32_t>(program_.declared.size());
    program_.declared.resize(program_.declared.size() + returns.size(), at::ScalarType::Undefined);
    if (returns.size() == 1)
        program_.declared.back() = declared_type(body_.node(id));
    // What the graph does not take out of the tuple is kept so all the same.
    if (program_.gpu) {
        const auto kept = gpu_statistics(op->schema().name());
        std::copy(kept.begin(), kept.end(), program_.declared.begin() + step.declared);
    }
    if (returns.size() == 1) {
        const auto kind = returns[0].type()->kind();
        values_[id.index].number = kind == c10::TypeKind::IntType || kind == c10::TypeKind::SymIntType
            || kind == c10::TypeKind::FloatType || kind == c10::TypeKind::BoolType
            || kind == c10::TypeKind::NumberType;
    }
}

void BodyCompiler::item(NodeId id, Step& step) {
    const Arguments args = arguments(body_.node(id));
    const Arg* from = args.get(0, "a");
    const Arg* which = args.get(1, "b");
    reader_.problem.clear();
    std::optional<int64_t> index;
    if (which && (which->kind == ArgKind::Int || which->kind == ArgKind::Symbol))
        index = reader_.integer(*which);
    // Of a tensor, x[0] is an operator.
    const auto list_of = [&](NodeId node) {
        const Step& made = out_.steps[node.index];
        if (made.kind != StepKind::Operator)
            return false;
        const auto& returns = program_.operators[static_cast<size_t>(made.op)].schema().returns();
        return returns.size() == 1 && returns[0].type()->kind() == c10::TypeKind::ListType;
    };
    const bool listed =
        from && from->kind == ArgKind::Node && (values_[from->node().index].many || list_of(from->node()));
    if (!index || !listed) {
        subscript(id, step, args);
        return;
    }
    const NodeValue& tuple = values_[from->node().index];
    if (tuple.many) {
        const int64_t at = *index < 0 ? *index + tuple.count : *index;
        if (at < 0 || at >= tuple.count) {
            missing(id, step,
                "item " + std::to_string(*index) + " of a tuple of " + std::to_string(tuple.count)
                    + " values");
            return;
        }
        step.unspecified = out_.steps[from->node().index].unspecified >> at & 1;
        if (const Step& made = out_.steps[from->node().index]; made.kind == StepKind::Operator)
            program_.declared[made.declared + static_cast<size_t>(at)] = declared_type(body_.node(id));
        values_[id.index] = {tuple.slot + static_cast<uint32_t>(at), 1};
        step.result = values_[id.index].slot;
        step.results = 1;
        return;
    }
    step.kind = StepKind::Item;
    step.op = static_cast<int32_t>(*index);
    step.operands = add_operands({{Operand::Kind::Slot, tuple.slot, 0}});
    results(id, step, 1, false);
}

void BodyCompiler::returned(NodeId id, Step& step) {
    const Arguments args = arguments(body_.node(id));
    std::vector<const Arg*> list;
    if (!args.positional.empty()) {
        const Arg* value = args.positional[0];
        list = value->kind == ArgKind::Tuple || value->kind == ArgKind::List ? item_list(value)
                                                                             : std::vector<const Arg*>{value};
        // Containers within the root's result: their leaves, in order.
        for (size_t i = 0; id_ == BodyId(0) && i < list.size();) {
            if (list[i]->kind != ArgKind::Tuple && list[i]->kind != ArgKind::List) {
                ++i;
                continue;
            }
            const std::vector<const Arg*> inner = item_list(list[i]);
            const auto at = list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
            list.insert(at, inner.begin(), inner.end());
        }
    }
    if (!operands(step, list)) {
        missing(id, step, "its result: " + reader_.problem);
        return;
    }
    step.kind = StepKind::Output;
    out_.outputs = step.operands.size();
}
Result<std::shared_ptr<const Program>> compile(
    std::shared_ptr<const GraphModule> module, const Bindings& symbols, bool float64) {
    if (!module || module->bodies.empty())
        return make_error(Error::Kind::Damaged, "the text holds no graph");
    for (const Violation& violation : verify(*module)) {
        if (violation.of_call) // stops the run where it stands
            continue;
        const std::string where = body_path(*module, violation.body);
        return make_error(Error::Kind::Damaged,
            (violation.node
                    ? std::string(module->text(module->body(violation.body).node(violation.node).name)) + ": "
                    : std::string())
                + violation.message + (where.empty() ? "" : " (in " + where + ")"));
    }
    auto program = std::make_shared<Program>();
    program->float64 = float64;
    program->module = std::move(module);
    program->bodies.resize(program->module->bodies.size());
    std::vector<BodyId> wanted{BodyId(0)};
    while (!wanted.empty()) {
        const BodyId id = wanted.back();
        wanted.pop_back();
        if (program->bodies[id.index].compiled)
            continue;
        BodyCompiler(*program, id, symbols).run(wanted);
    }
    std::sort(program->unsupported.begin(), program->unsupported.end(),
        [](const Program::Unsupported& a, const Program::Unsupported& b) {
            return std::pair(a.body, a.node) < std::pair(b.body, b.node);
        });
    return std::shared_ptr<const Program>(std::move(program));
}

} // namespace hopscope::executor
