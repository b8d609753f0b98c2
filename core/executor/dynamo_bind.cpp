// Arguments of the Dynamo stage: as the graph writes them, by a Python function's parameters, and as the
// operator that stands for the function takes them.
#include "core/executor/body_compiler.h"
#include "core/executor/dynamo.h"

#include <algorithm>
#include <charconv>

namespace hopscope::executor {

namespace {

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> all;
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        all.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

// The bound parameter of that name; null where the function has none.
const CompiledArgument* parameter(const std::vector<CompiledArgument>& bound, std::string_view name) {
    const auto found = std::find_if(
        bound.begin(), bound.end(), [&](const CompiledArgument& w) { return w.form.keyword == name; });
    return found == bound.end() ? nullptr : &*found;
}

} // namespace

// One argument of the graph, converted by its look.
bool BodyCompiler::write(const Arg* arg, std::string_view keyword, std::vector<CompiledArgument>& out) {
    CompiledArgument compiled;
    compiled.form.keyword = keyword;
    const auto add = [&](const Arg& item, PassedAs& as) {
        if (const auto known = torch_constant(item.kind, reader_.text(item))) {
            as = item.kind == ArgKind::Dtype         ? PassedAs::Dtype
                : item.kind == ArgKind::Layout       ? PassedAs::Layout
                : item.kind == ArgKind::MemoryFormat ? PassedAs::MemoryFormat
                                                     : PassedAs::Value;
            program_.moved = program_.moved
                || (item.kind == ArgKind::Device && reader_.text(item).find("cpu") == std::string_view::npos);
            compiled.operands.push_back(reader_.constant(*known));
            return true;
        }
        const auto operand = reader_.as_written(&item);
        if (!operand)
            return false;
        if (item.kind == ArgKind::Node && values_[item.node().index].dtype)
            as = PassedAs::Dtype;
        compiled.operands.push_back(*operand);
        return true;
    };
    PassedAs ignored = PassedAs::Value;
    if (arg->kind == ArgKind::Call && reader_.text(*arg) == "torch.Size" && arg->size > 1)
        ++arg; // torch.Size([2, 3]): its list
    if (arg->kind == ArgKind::List || arg->kind == ArgKind::Tuple) {
        compiled.form.list = true;
        for (const Arg* item : item_list(arg))
            if (!add(*item, ignored))
                return false;
    } else if (arg->kind == ArgKind::Node && values_[arg->node().index].many) {
        const NodeValue& tuple = values_[arg->node().index];
        compiled.form.list = true;
        for (uint32_t i = 0; i < tuple.count; ++i)
            compiled.operands.push_back({Operand::Kind::Slot, tuple.slot + i, 0});
    } else if (!add(*arg, compiled.form.as)) {
        return false;
    }
    compiled.form.count = static_cast<uint32_t>(compiled.operands.size());
    compiled.constant = std::all_of(compiled.operands.begin(), compiled.operands.end(),
        [](const Operand& o) { return o.kind == Operand::Kind::Constant; });
    out.push_back(std::move(compiled));
    return true;
}

// All arguments of a call; false with the reader's problem.
bool BodyCompiler::write_all(const Arguments& args, std::vector<CompiledArgument>& out) {
    reader_.problem.clear();
    for (const Arg* arg : args.positional)
        if (!write(arg, "", out))
            return false;
    for (const auto& [name, value] : args.keywords)
        if (!write(value, name, out))
            return false;
    return true;
}

// A literal of the tables: None, True, 0.5, -1, 'mean', [].
CompiledArgument BodyCompiler::literal(std::string_view text) {
    CompiledArgument compiled;
    compiled.constant = true;
    if (text == "[]") {
        compiled.form.list = true;
        compiled.form.count = 0;
        return compiled;
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
    compiled.operands.push_back(reader_.constant(value));
    return compiled;
}

// The arguments in the order of the Python function's parameters; nothing, with the problem, where they do
// not fit.
std::optional<std::vector<CompiledArgument>> BodyCompiler::bind(
    std::string_view parameters, const std::vector<CompiledArgument>& passed, std::string& problem) {
    std::vector<CompiledArgument> bound;
    size_t position = 0, taken = 0;
    while (position < passed.size() && passed[position].form.keyword.empty())
        ++position;
    const size_t positional = position;
    position = 0;
    for (const std::string_view word : words(parameters)) {
        if (word.front() == '*') { // all that are left, as one list
            CompiledArgument rest;
            rest.form.list = true;
            // A single list stands for its items.
            if (position + 1 == positional && passed[position].form.list) {
                rest.operands = passed[position++].operands;
                ++taken;
            }
            for (; position < positional; ++position, ++taken)
                rest.operands.insert(
                    rest.operands.end(), passed[position].operands.begin(), passed[position].operands.end());
            rest.form.count = static_cast<uint32_t>(rest.operands.size());
            bound.push_back(std::move(rest));
            continue;
        }
        const size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const auto keyword = std::find_if(passed.begin(), passed.end(), [&](const CompiledArgument& w) {
            return w.form.keyword == name || (name == "dim" && w.form.keyword == "axis")
                || (name == "keepdim" && w.form.keyword == "keepdims");
        });
        if (position < positional) {
            bound.push_back(passed[position++]);
            ++taken;
        } else if (keyword != passed.end()) {
            bound.push_back(*keyword);
            ++taken;
        } else if (equals != std::string_view::npos) {
            bound.push_back(literal(word.substr(equals + 1)));
        } else {
            problem = "its argument '" + std::string(name) + "' is missing";
            return std::nullopt;
        }
        bound.back().form.keyword = name;
    }
    if (taken != passed.size()) {
        problem = std::to_string(passed.size()) + " arguments, of which its parameters ("
            + std::string(parameters) + ") take " + std::to_string(taken);
        return std::nullopt;
    }
    return bound;
}

const c10::IValue* BodyCompiler::constant_of(const CompiledArgument& compiled) const {
    return compiled.constant && compiled.operands.size() == 1 && !compiled.form.list
        ? &program_.constants[compiled.operands[0].index]
        : nullptr;
}

// None, True or False.
bool BodyCompiler::is_literal(const CompiledArgument& compiled, std::string_view text) const {
    const c10::IValue* value = constant_of(compiled);
    if (!value)
        return false;
    return text == "None" ? value->isNone() : value->isBool() && value->toBool() == (text == "True");
}

// One of the operator's arguments: NAME, NAME?V, NAME%, @NAME.
std::optional<CompiledArgument> BodyCompiler::rewritten_argument(
    std::string_view word, const std::vector<CompiledArgument>& bound, std::string& problem) {
    const bool by_keyword = word.front() == '@';
    word.remove_prefix(by_keyword);
    const size_t otherwise = word.find('?');
    const bool reduction = word.back() == '%';
    const std::string_view name = word.substr(0, std::min(otherwise, word.size() - reduction));
    CompiledArgument argument = *parameter(bound, name);
    if (otherwise != std::string_view::npos && is_literal(argument, "None"))
        argument = literal(word.substr(otherwise + 1));
    if (reduction) { // at::Reduction
        const c10::IValue* value = constant_of(argument);
        const std::string text = value && value->isString() ? value->toStringRef() : "";
        const int number = text == "none" ? 0 : text == "mean" ? 1 : text == "sum" ? 2 : -1;
        if (number < 0) {
            problem = "the reduction '" + text + "' has no operator";
            return std::nullopt;
        }
        argument = literal(std::to_string(number));
    }
    argument.form.keyword = by_keyword ? std::string(name) : std::string();
    return argument;
}

// The operator's arguments, made of the Python function's by the row of the table.
std::optional<std::vector<CompiledArgument>> BodyCompiler::rewritten(
    const Rewrite& row, const std::vector<CompiledArgument>& passed, std::string& op, std::string& problem) {
    const auto bound = bind(row.parameters, passed, problem);
    if (!bound)
        return std::nullopt;
    std::vector<CompiledArgument> arguments;
    for (const std::string_view word : words(row.arguments)) {
        if (word.front() == '=') {
            arguments.push_back(literal(word.substr(1)));
        } else if (word.front() == '!') {
            const size_t equals = word.find('=');
            const std::string_view name = word.substr(1, equals - 1), wanted = word.substr(equals + 1);
            if (!is_literal(*parameter(*bound, name), wanted)) {
                problem = std::string(name) + " other than " + std::string(wanted) + " has no operator";
                return std::nullopt;
            }
        } else {
            auto argument = rewritten_argument(word, *bound, problem);
            if (!argument)
                return std::nullopt;
            arguments.push_back(std::move(*argument));
        }
    }
    op = row.op;
    if (const CompiledArgument* inplace = parameter(*bound, "inplace");
        inplace && !is_literal(*inplace, "False")) {
        if (!is_literal(*inplace, "True")) {
            problem = "whether it works in place is not known";
            return std::nullopt;
        }
        op += '_';
    }
    return arguments;
}

} // namespace hopscope::executor
