// Compiles nodes of the Dynamo stage: which table or operator stands for them, their arguments by the Python
// function's parameters. Which overload it is, is known when the values are (dynamo_run.cpp).
#include "core/executor/dynamo.h"

#include "core/executor/body_compiler.h"
#include "core/executor/python.h"
#include "core/executor/torch.h"

#include <algorithm>

namespace hopscope::executor {

namespace {

constexpr const char* kElsewhere =
    "; the same in operators of ATen would run (a forward, backward, inference or joint graph)";

// operator.iadd is operator.add that writes.
std::string without_i(std::string_view target) {
    return "operator." + std::string(target.substr(sizeof("operator.i") - 1));
}

bool is_inplace_operator(std::string_view target) {
    constexpr std::string_view kInplace[] = {"iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow",
        "imatmul", "iand", "ior", "ixor", "ilshift", "irshift"};
    const std::string_view name = target.substr(std::min(target.size(), sizeof("operator.") - 1));
    return std::find(std::begin(kInplace), std::end(kInplace), name) != std::end(kInplace);
}

// Whether a call could write into a tensor.
bool could_write(const DynamicCall& call) {
    if (call.kind == DynamicCall::Kind::SetItem)
        return true;
    if (call.kind == DynamicCall::Kind::Arithmetic)
        return is_inplace_operator(call.name);
    if (call.kind != DynamicCall::Kind::Operator)
        return false;
    const auto& overloads = overloads_of(call.op);
    return writes_silently(call.op)
        || std::any_of(overloads.begin(), overloads.end(),
            [](const c10::OperatorHandle& op) { return op.schema().is_mutable(); });
}

} // namespace

// dropout(input, p, train) with a chance of 0, or outside of training.
bool BodyCompiler::drops_nothing(const std::string& op, const std::vector<Operand>& operands) const {
    if (op.find("dropout") == std::string::npos || operands.size() != 3)
        return false;
    const auto is_zero = [&](const Operand& operand) {
        if (operand.kind != Operand::Kind::Constant)
            return false;
        const c10::IValue& value = program_.constants[operand.index];
        return value.isScalar() && value.toScalar().toDouble() == 0;
    };
    return is_zero(operands[1]) || is_zero(operands[2]);
}

void BodyCompiler::dynamic(NodeId id, Step& step, DynamicCall call, const std::vector<Operand>& operands) {
    step.kind = StepKind::Dynamic;
    step.operands = add_operands(operands);
    step.mutates = could_write(call);
    program_.mutates = program_.mutates || step.mutates;
    if (call.kind == DynamicCall::Kind::Operator) {
        const auto& overloads = overloads_of(call.op);
        step.random = !drops_nothing(call.op, operands)
            && std::any_of(overloads.begin(), overloads.end(),
                [](const c10::OperatorHandle& op) { return op.hasTag(at::Tag::nondeterministic_seeded); });
    }
    step.op = static_cast<int32_t>(program_.dynamic.size());
    program_.dynamic.push_back(std::make_shared<DynamicCall>(std::move(call)));
    results(id, step, 1, false);
    // A number is made a tensor where an operator wants one; a tensor stays what it is.
    const ValueType* type = module_.type(body_.node(id).type);
    values_[id.index].dynamic = true;
    values_[id.index].number = !type || type->kind != TypeKind::Tensor;
}

void BodyCompiler::arithmetic(NodeId id, Step& step, std::optional<int> number) {
    const Node& n = body_.node(id);
    const Arguments args = arguments(n);
    DynamicCall call;
    call.kind = DynamicCall::Kind::Arithmetic;
    call.name = short_target(module_, n);
    call.number = number;
    if (!args.keywords.empty() || args.positional.empty() || args.positional.size() > 2
        || !operands(step, args.positional)) {
        missing(id, step, reader_.problem.empty() ? "one or two values were expected" : reader_.problem);
        return;
    }
    const std::vector<Operand> list(
        program_.operands.begin() + step.operands.begin, program_.operands.begin() + step.operands.end);
    dynamic(id, step, std::move(call), list);
}

// x[index], and x[index] = value.
void BodyCompiler::subscript(NodeId id, Step& step, const Arguments& args) {
    const bool sets = short_target(module_, body_.node(id)) == "operator.setitem";
    DynamicCall call;
    call.name = sets ? "operator.setitem" : "operator.getitem";
    call.kind = sets ? DynamicCall::Kind::SetItem : DynamicCall::Kind::GetItem;
    reader_.problem.clear();
    std::vector<CompiledArgument> parts;
    const size_t wanted = sets ? 3 : 2;
    if (args.positional.size() != wanted || !args.keywords.empty() || !write(args.positional[0], "", parts)) {
        missing(id, step, reader_.problem.empty() ? "a value and an index were expected" : reader_.problem);
        return;
    }
    if (parts[0].form.list) {
        missing(id, step, "a subscript of a tuple by something else than a constant number");
        return;
    }
    std::vector<Operand> operands = parts[0].operands;
    const Arg* index = args.positional[1];
    for (const Arg* item :
        index->kind == ArgKind::Tuple ? item_list(index) : std::vector<const Arg*>{index}) {
        IndexItem entry;
        bool fine = true;
        if (item->kind == ArgKind::Ellipsis) {
            entry = {IndexPart::Ellipsis, 0};
        } else if (item->kind == ArgKind::Slice) {
            entry = {IndexPart::Slice, 3};
            std::vector<CompiledArgument> bounds;
            for (const Arg& bound : entries_in(*item))
                fine = fine && write(&bound, "", bounds) && bounds.back().operands.size() == 1;
            while (bounds.size() < 3)
                bounds.push_back(literal("None"));
            for (const CompiledArgument& bound : bounds)
                operands.insert(operands.end(), bound.operands.begin(), bound.operands.end());
        } else {
            parts.clear();
            fine = write(item, "", parts);
            if (fine) {
                entry = {parts[0].form.list ? IndexPart::List : IndexPart::Value, parts[0].form.count};
                operands.insert(operands.end(), parts[0].operands.begin(), parts[0].operands.end());
            }
        }
        if (!fine) {
            missing(id, step, "its index: " + reader_.problem);
            return;
        }
        call.index.push_back(entry);
    }
    if (sets) {
        parts.clear();
        if (!write(args.positional[2], "", parts) || parts[0].form.list) {
            missing(id, step, "the value that it sets: a tensor or number was expected");
            return;
        }
        operands.insert(operands.end(), parts[0].operands.begin(), parts[0].operands.end());
    }
    dynamic(id, step, std::move(call), operands);
}

// Python's operators and subscripts; false for everything else.
bool BodyCompiler::python_operator(NodeId id, Step& step, std::string_view target, const Arguments& args) {
    constexpr std::string_view kOnTensorsOnly[] = {
        "operator.matmul", "operator.invert", "operator.lshift", "operator.rshift", "operator.abs"};
    if (is_inplace_operator(target))
        arithmetic(id, step, python_function(without_i(target)));
    else if (target == "operator.setitem" || target == "operator.getitem")
        subscript(id, step, args);
    else if (std::find(std::begin(kOnTensorsOnly), std::end(kOnTensorsOnly), target)
        != std::end(kOnTensorsOnly))
        arithmetic(id, step, {});
    else
        return false;
    return true;
}

void BodyCompiler::python_level(NodeId id, Step& step) {
    const Node& n = body_.node(id);
    const std::string_view target = module_.text(n.target);
    const bool method = n.op == Opcode::CallMethod;
    const std::string key = method ? "Tensor." + std::string(target) : std::string(target);
    const Arguments args = arguments(n);
    if (python_operator(id, step, target, args))
        return;
    DynamicCall call;
    call.name = key;
    if (const char* why = refused(target)) {
        missing(id, step, why);
        return;
    }
    if (without_effect(target)) {
        call.kind = DynamicCall::Kind::Nothing;
        dynamic(id, step, std::move(call), {});
        return;
    }
    const Rewrite* row = find_rewrite(key);
    const FunctionRow* function = row ? nullptr : find_function(key);
    const bool packet = target.substr(0, kOps.size()) == kOps;
    if (!row && !function) {
        call.op = operator_of(target, method);
        if (call.op.empty() || overloads_of(call.op).empty()) {
            missing(id, step,
                packet ? "operator not known to this libtorch"
                       : std::string(method ? "the method" : "the function")
                        + " has no operator in this libtorch" + kElsewhere);
            return;
        }
    }
    std::vector<CompiledArgument> passed;
    if (!write_all(args, passed)) {
        missing(id, step, reader_.problem);
        return;
    }
    std::string problem;
    if (row) {
        auto arguments = rewritten(*row, passed, call.op, problem);
        if (!arguments || overloads_of(call.op).empty()) {
            missing(
                id, step, (problem.empty() ? call.op + " is not in this libtorch" : problem) + kElsewhere);
            return;
        }
        passed = std::move(*arguments);
    } else if (function) {
        call.kind = DynamicCall::Kind::Function;
        call.function = function->call;
        if (function->parameters != "...") {
            auto bound = bind(function->parameters, passed, problem);
            if (!bound) {
                missing(id, step, problem + kElsewhere);
                return;
            }
            passed = std::move(*bound);
        }
    }
    std::vector<Operand> operands;
    for (const CompiledArgument& compiled : passed) {
        call.forms.push_back(compiled.form);
        operands.insert(operands.end(), compiled.operands.begin(), compiled.operands.end());
    }
    const bool is_dtype = key == "builtins.getattr" && args.positional.size() == 2
        && unquoted(reader_.text(*args.positional[1])) == "dtype";
    dynamic(id, step, std::move(call), operands);
    values_[id.index].dtype = is_dtype;
}

} // namespace hopscope::executor
