// Compiles nodes of the Dynamo stage: which table or operator stands for them, their arguments by the Python
// function's parameters. Which overload it is, is known when the values are (dynamo_run.cpp).
#include "core/executor/dynamo.h"

#include "core/executor/body_compiler.h"
#include "core/executor/python.h"

#include <ATen/core/enum_tag.h>

#include <charconv>

namespace hopscope::executor {

namespace {

constexpr const char* kElsewhere = "; run the forward, backward, inference or joint stage";

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> all;
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        all.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

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

// One argument of the graph, converted by its look.
bool BodyCompiler::write(const Arg* arg, std::string_view keyword, std::vector<Written>& out) {
    Written written;
    written.given.keyword = keyword;
    const auto add = [&](const Arg& item, GivenAs& as) {
        if (const auto known = torch_constant(item.kind, reader_.text(item))) {
            as = item.kind == ArgKind::Dtype         ? GivenAs::Dtype
                : item.kind == ArgKind::Layout       ? GivenAs::Layout
                : item.kind == ArgKind::MemoryFormat ? GivenAs::MemoryFormat
                                                     : GivenAs::Value;
            program_.moved = program_.moved
                || (item.kind == ArgKind::Device && reader_.text(item).find("cpu") == std::string_view::npos);
            written.operands.push_back(reader_.constant(*known));
            return true;
        }
        const auto operand = reader_.as_written(&item);
        if (!operand)
            return false;
        if (item.kind == ArgKind::Node && values_[item.node().index].dtype)
            as = GivenAs::Dtype;
        written.operands.push_back(*operand);
        return true;
    };
    GivenAs ignored = GivenAs::Value;
    if (arg->kind == ArgKind::Call && reader_.text(*arg) == "torch.Size" && arg->size > 1)
        ++arg; // torch.Size([2, 3]): its list
    if (arg->kind == ArgKind::List || arg->kind == ArgKind::Tuple) {
        written.given.list = true;
        for (const Arg* item : items_of(arg))
            if (!add(*item, ignored))
                return false;
    } else if (arg->kind == ArgKind::Node && values_[arg->node().index].many) {
        const NodeValue& tuple = values_[arg->node().index];
        written.given.list = true;
        for (uint32_t i = 0; i < tuple.count; ++i)
            written.operands.push_back({Operand::Kind::Slot, tuple.slot + i, 0});
    } else if (!add(*arg, written.given.as)) {
        return false;
    }
    written.given.count = static_cast<uint32_t>(written.operands.size());
    written.constant = std::all_of(written.operands.begin(), written.operands.end(),
        [](const Operand& o) { return o.kind == Operand::Kind::Constant; });
    out.push_back(std::move(written));
    return true;
}

// A literal of the tables: None, True, 0.5, -1, 'mean', [].
Written BodyCompiler::literal(std::string_view text) {
    Written written;
    written.constant = true;
    if (text == "[]") {
        written.given.list = true;
        written.given.count = 0;
        return written;
    }
    c10::IValue value;
    double number = 0;
    const char* end = text.data() + text.size();
    if (text == "True" || text == "False") {
        value = text == "True";
    } else if (!text.empty() && text.front() == '\'') {
        value = unquoted(text);
    } else if (text != "None" && std::from_chars(text.data(), end, number).ptr == end) {
        value = text.find_first_of(".e") == std::string_view::npos ? c10::IValue(static_cast<int64_t>(number))
                                                                   : c10::IValue(number);
    }
    written.operands.push_back(reader_.constant(value));
    return written;
}

// The arguments in the order of the Python function's parameters; nothing, with the problem, where they do
// not fit.
std::optional<std::vector<Written>> BodyCompiler::bind(
    std::string_view parameters, const std::vector<Written>& given, std::string& problem) {
    std::vector<Written> bound;
    size_t position = 0, taken = 0;
    while (position < given.size() && given[position].given.keyword.empty())
        ++position;
    const size_t positional = position;
    position = 0;
    for (const std::string_view word : words(parameters)) {
        if (word.front() == '*') { // all that are left, as one list
            Written rest;
            rest.given.list = true;
            // A single list stands for its items.
            if (position + 1 == positional && given[position].given.list) {
                rest.operands = given[position++].operands;
                ++taken;
            }
            for (; position < positional; ++position, ++taken)
                rest.operands.insert(
                    rest.operands.end(), given[position].operands.begin(), given[position].operands.end());
            rest.given.count = static_cast<uint32_t>(rest.operands.size());
            bound.push_back(std::move(rest));
            continue;
        }
        const size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const auto keyword = std::find_if(given.begin(), given.end(), [&](const Written& w) {
            return w.given.keyword == name || (name == "dim" && w.given.keyword == "axis")
                || (name == "keepdim" && w.given.keyword == "keepdims");
        });
        if (position < positional) {
            bound.push_back(given[position++]);
            ++taken;
        } else if (keyword != given.end()) {
            bound.push_back(*keyword);
            ++taken;
        } else if (equals != std::string_view::npos) {
            bound.push_back(literal(word.substr(equals + 1)));
        } else {
            problem = "its argument '" + std::string(name) + "' is missing";
            return std::nullopt;
        }
        bound.back().given.keyword = name;
    }
    if (taken != given.size()) {
        problem = std::to_string(given.size()) + " arguments, of which its parameters ("
            + std::string(parameters) + ") take " + std::to_string(taken);
        return std::nullopt;
    }
    return bound;
}

// The operator's arguments, made of the Python function's by the row of the table.
std::optional<std::vector<Written>> BodyCompiler::rewritten(
    const Rewrite& row, const std::vector<Written>& given, std::string& op, std::string& problem) {
    const auto bound = bind(row.parameters, given, problem);
    if (!bound)
        return std::nullopt;
    const auto find = [&](std::string_view name) {
        return std::find_if(
            bound->begin(), bound->end(), [&](const Written& w) { return w.given.keyword == name; });
    };
    const auto constant = [&](const Written& w) {
        return w.constant && w.operands.size() == 1 && !w.given.list
            ? &program_.constants[w.operands[0].index]
            : nullptr;
    };
    const auto equal = [&](const Written& w, std::string_view text) {
        const c10::IValue* value = constant(w);
        if (!value)
            return false;
        const Written wanted = literal(text);
        const c10::IValue& other = program_.constants[wanted.operands[0].index];
        value = constant(w); // literal() has made room
        return (value->isNone() && other.isNone())
            || (value->isBool() && other.isBool() && value->toBool() == other.toBool());
    };
    std::vector<Written> arguments;
    for (std::string_view word : words(row.arguments)) {
        if (word.front() == '=') {
            arguments.push_back(literal(word.substr(1)));
            continue;
        }
        if (word.front() == '!') {
            const size_t equals = word.find('=');
            const std::string_view name = word.substr(1, equals - 1);
            if (!equal(*find(name), word.substr(equals + 1))) {
                problem = std::string(name) + " other than " + std::string(word.substr(equals + 1))
                    + " has no operator";
                return std::nullopt;
            }
            continue;
        }
        const bool by_keyword = word.front() == '@';
        word.remove_prefix(by_keyword);
        const size_t otherwise = word.find('?');
        const bool reduction = word.back() == '%';
        const std::string_view name = word.substr(0, std::min(otherwise, word.size() - reduction));
        Written argument = *find(name);
        if (otherwise != std::string_view::npos && equal(argument, "None"))
            argument = literal(word.substr(otherwise + 1));
        if (reduction) { // at::Reduction
            const c10::IValue* value = constant(argument);
            const std::string text = value && value->isString() ? value->toStringRef() : "";
            const int number = text == "none" ? 0 : text == "mean" ? 1 : text == "sum" ? 2 : -1;
            if (number < 0) {
                problem = "the reduction '" + text + "' has no operator";
                return std::nullopt;
            }
            argument = literal(std::to_string(number));
        }
        argument.given.keyword = by_keyword ? std::string(name) : std::string();
        arguments.push_back(std::move(argument));
    }
    op = row.op;
    if (const auto inplace = find("inplace"); inplace != bound->end() && !equal(*inplace, "False")) {
        if (!equal(*inplace, "True")) {
            problem = "whether it works in place is not known";
            return std::nullopt;
        }
        op += '_';
    }
    return arguments;
}

void BodyCompiler::dynamic(NodeId id, Step& step, DynamicCall call, const std::vector<Operand>& operands) {
    step.kind = StepKind::Dynamic;
    step.operands = add_operands(operands);
    step.mutates = could_write(call);
    program_.mutates = program_.mutates || step.mutates;
    if (call.kind == DynamicCall::Kind::Operator) {
        const auto& overloads = overloads_of(call.op);
        step.random = std::any_of(overloads.begin(), overloads.end(),
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

void BodyCompiler::arithmetic(NodeId id, Step& step, int number) {
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
    std::vector<Written> parts;
    const size_t wanted = sets ? 3 : 2;
    if (args.positional.size() != wanted || !args.keywords.empty() || !write(args.positional[0], "", parts)) {
        missing(id, step, reader_.problem.empty() ? "a value and an index were expected" : reader_.problem);
        return;
    }
    if (parts[0].given.list) {
        missing(id, step, "a subscript of a tuple by something else than a constant number");
        return;
    }
    std::vector<Operand> operands = parts[0].operands;
    const Arg* index = args.positional[1];
    for (const Arg* item : index->kind == ArgKind::Tuple ? items_of(index) : std::vector<const Arg*>{index}) {
        IndexGiven given;
        bool fine = true;
        if (item->kind == ArgKind::Ellipsis) {
            given = {IndexPart::Ellipsis, 0};
        } else if (item->kind == ArgKind::Slice) {
            given = {IndexPart::Slice, 3};
            std::vector<Written> bounds;
            for (const Arg *at = item + 1, *end = item + item->size; at < end && fine; at += at->size)
                fine = write(at, "", bounds) && bounds.back().operands.size() == 1;
            while (bounds.size() < 3)
                bounds.push_back(literal("None"));
            for (const Written& bound : bounds)
                operands.insert(operands.end(), bound.operands.begin(), bound.operands.end());
        } else {
            parts.clear();
            fine = write(item, "", parts);
            if (fine) {
                given = {parts[0].given.list ? IndexPart::List : IndexPart::Value, parts[0].given.count};
                operands.insert(operands.end(), parts[0].operands.begin(), parts[0].operands.end());
            }
        }
        if (!fine) {
            missing(id, step, "its index: " + reader_.problem);
            return;
        }
        call.index.push_back(given);
    }
    if (sets) {
        parts.clear();
        if (!write(args.positional[2], "", parts) || parts[0].given.list) {
            missing(id, step, "the value that it sets: a tensor or number was expected");
            return;
        }
        operands.insert(operands.end(), parts[0].operands.begin(), parts[0].operands.end());
    }
    dynamic(id, step, std::move(call), operands);
}

void BodyCompiler::python_level(NodeId id, Step& step) {
    const Node& n = body_.node(id);
    const std::string_view target = module_.text(n.target);
    const bool method = n.op == Opcode::CallMethod;
    const std::string key = method ? "Tensor." + std::string(target) : std::string(target);
    const Arguments args = arguments(n);
    if (is_inplace_operator(target)) {
        arithmetic(id, step, python_function(without_i(target)));
        return;
    }
    if (target == "operator.setitem" || target == "operator.getitem") {
        subscript(id, step, args);
        return;
    }
    for (const std::string_view one :
        {"operator.matmul", "operator.invert", "operator.lshift", "operator.rshift", "operator.abs"})
        if (target == one) {
            arithmetic(id, step, -1);
            return;
        }
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
    const Own* own = row ? nullptr : find_own(key);
    const bool packet = target.substr(0, kOps.size()) == kOps;
    if (!row && !own) {
        call.op = operator_of(target, method);
        if (call.op.empty() || overloads_of(call.op).empty()) {
            missing(id, step,
                packet ? "operator not known to this libtorch"
                       : std::string(method ? "the method" : "the function")
                        + " has no operator in this libtorch" + kElsewhere);
            return;
        }
    }
    std::vector<Written> given;
    reader_.problem.clear();
    for (const Arg* arg : args.positional)
        if (!write(arg, "", given)) {
            missing(id, step, reader_.problem);
            return;
        }
    for (const auto& [name, value] : args.keywords)
        if (!write(value, name, given)) {
            missing(id, step, reader_.problem);
            return;
        }
    std::string problem;
    if (row) {
        auto arguments = rewritten(*row, given, call.op, problem);
        if (!arguments || overloads_of(call.op).empty()) {
            missing(
                id, step, (problem.empty() ? call.op + " is not in this libtorch" : problem) + kElsewhere);
            return;
        }
        given = std::move(*arguments);
    } else if (own) {
        call.kind = DynamicCall::Kind::Own;
        call.own = own->call;
        if (own->parameters != "...") {
            auto bound = bind(own->parameters, given, problem);
            if (!bound) {
                missing(id, step, problem + kElsewhere);
                return;
            }
            given = std::move(*bound);
        }
    }
    std::vector<Operand> operands;
    for (const Written& written : given) {
        call.given.push_back(written.given);
        operands.insert(operands.end(), written.operands.begin(), written.operands.end());
    }
    const bool is_dtype = key == "builtins.getattr" && args.positional.size() == 2
        && unquoted(reader_.text(*args.positional[1])) == "dtype";
    dynamic(id, step, std::move(call), operands);
    values_[id.index].dtype = is_dtype;
}

} // namespace hopscope::executor
