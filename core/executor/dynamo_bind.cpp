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
const Written* parameter(const std::vector<Written>& bound, std::string_view name) {
    const auto found =
        std::find_if(bound.begin(), bound.end(), [&](const Written& w) { return w.given.keyword == name; });
    return found == bound.end() ? nullptr : &*found;
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
        for (const Arg* item : item_list(arg))
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

// All arguments of a call; false with the reader's problem.
bool BodyCompiler::write_all(const Arguments& args, std::vector<Written>& out) {
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

const c10::IValue* BodyCompiler::constant_of(const Written& written) const {
    return written.constant && written.operands.size() == 1 && !written.given.list
        ? &program_.constants[written.operands[0].index]
        : nullptr;
}

// None, True or False.
bool BodyCompiler::is_literal(const Written& written, std::string_view text) const {
    const c10::IValue* value = constant_of(written);
    if (!value)
        return false;
    return text == "None" ? value->isNone() : value->isBool() && value->toBool() == (text == "True");
}

// One of the operator's arguments: NAME, NAME?V, NAME%, @NAME.
std::optional<Written> BodyCompiler::rewritten_argument(
    std::string_view word, const std::vector<Written>& bound, std::string& problem) {
    const bool by_keyword = word.front() == '@';
    word.remove_prefix(by_keyword);
    const size_t otherwise = word.find('?');
    const bool reduction = word.back() == '%';
    const std::string_view name = word.substr(0, std::min(otherwise, word.size() - reduction));
    Written argument = *parameter(bound, name);
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
    argument.given.keyword = by_keyword ? std::string(name) : std::string();
    return argument;
}

// The operator's arguments, made of the Python function's by the row of the table.
std::optional<std::vector<Written>> BodyCompiler::rewritten(
    const Rewrite& row, const std::vector<Written>& given, std::string& op, std::string& problem) {
    const auto bound = bind(row.parameters, given, problem);
    if (!bound)
        return std::nullopt;
    std::vector<Written> arguments;
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
    if (const Written* inplace = parameter(*bound, "inplace"); inplace && !is_literal(*inplace, "False")) {
        if (!is_literal(*inplace, "True")) {
            problem = "whether it works in place is not known";
            return std::nullopt;
        }
        op += '_';
    }
    return arguments;
}

} // namespace hopscope::executor
