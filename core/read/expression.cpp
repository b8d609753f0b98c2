#include "core/read/expression.h"

#include "core/base/text.h"
#include "core/graph/operators.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

// Whether `name.f(…)` calls a function of a module. Generated code writes a dot only into torch's own names
// (torch/fx/graph.py, add_global); people write these.
bool is_module_name(std::string_view name) {
    static constexpr std::array kModules{"torch", "operator", "_operator", "builtins", "math", "cmath",
        "numpy", "np", "functools", "F", "nn", "aten", "prims", "inductor", "quantized", "executorch",
        "pytree", "fx_pytree", "torchvision", "torch_xla", "triton", "einops", "self"};
    return std::find(kModules.begin(), kModules.end(), name) != kModules.end();
}

} // namespace

// `a = b = None`, and what formatters make of it: `a = (b) = (None)`. FX deletes behind a statement; a
// formatter, or a person, on a line of its own.
bool ExpressionReader::is_deletion(std::string_view text) {
    while (text.ends_with(' ') || text.ends_with(';'))
        text.remove_suffix(1);
    if (!text.ends_with("None") && !text.ends_with("None)") && text.find("None\n") == npos)
        return false;
    size_t at = 0;
    for (bool any = false;; any = true) {
        size_t brackets = 0;
        skip_spaces(text, at);
        for (; at < text.size() && text[at] == '('; ++brackets, skip_spaces(text, at))
            ++at;
        const std::string_view name = identifier_at(text, at);
        if (name.empty())
            return false;
        at += name.size();
        skip_spaces(text, at);
        for (; brackets > 0 && at < text.size() && text[at] == ')'; --brackets, skip_spaces(text, at))
            ++at;
        if (brackets > 0)
            return false;
        if (at >= text.size())
            return any && name == "None";
        if (text[at] != '=' || text.substr(at, 2) == "==")
            return false;
        ++at;
    }
}

bool ExpressionReader::looks_like_statement(std::string_view text) {
    size_t at = identifier_at(text, 0).size();
    if (at == 0)
        return false;
    if (at < text.size() && text[at] == '[')
        return text.find("] = ", at) != npos;
    if (text.substr(at, 2) == ": " || text.substr(at, 3) == " : ")
        return text.find_first_of("\"'", at) == text.find(':', at) + 2 || text.find(" = ", at) != npos;
    skip_spaces(text, at);
    for (const PythonOperator& op : kInplaceOperators)
        if (text.substr(at, op.symbol.size()) == op.symbol)
            return true;
    // A chain of deletions or the names before a flatten have commas and further names.
    const size_t equal = text.find('=', at);
    return equal != npos && text.substr(equal, 2) != "=="
        && (equal == at || (text[at] == ',' && text.substr(0, equal).find('(') == npos));
}

// self.a.b, getattr(self.a, "0"), and calls of them.
Outcome ExpressionReader::self_path(std::string_view text, size_t& at, Node& node) {
    size_t wraps = 0;
    while (text.substr(at, 8) == "getattr(") {
        ++wraps;
        at += 8;
    }
    const std::string_view path = path_at(text, at);
    at += path.size();
    std::string target(path.size() > 5 ? path.substr(5) : std::string_view{}); // without "self."
    for (; wraps; --wraps) {
        if (text.substr(at, 3) != ", \"")
            return values_.bad("expected a name in quotes in getattr");
        const size_t end = string_end(text, at + 2);
        if (end == npos)
            return Outcome::Unfinished;
        if (end >= text.size() || text[end] != ')')
            return values_.bad("expected ')' after getattr");
        if (!target.empty())
            target += '.';
        target += text.substr(at + 3, end - at - 4);
        at = end + 1;
        const std::string_view more =
            at < text.size() && text[at] == '.' ? path_at(text, at + 1) : std::string_view{};
        if (!more.empty()) {
            (target += '.') += more;
            at += 1 + more.size();
        }
    }
    node.target = builder_.module().strings.keep(std::move(target));
    if (at < text.size() && text[at] == '(') {
        node.op = Opcode::CallModule;
        return values_.call_arguments(text, ++at);
    }
    node.op = Opcode::GetAttr;
    return Outcome::Ok;
}

// What follows a node's name and a dot: a method call, or an attribute (getattr).
Outcome ExpressionReader::method_or_attribute(std::string_view text, size_t& at, Node& node) {
    const std::string_view name = identifier_at(text, at + 1);
    at += 1 + name.size();
    if (at < text.size() && text[at] == '(') {
        node.op = Opcode::CallMethod;
        node.target = builder_.intern(name);
        return values_.call_arguments(text, ++at);
    }
    node.op = Opcode::CallFunction;
    node.syntax = Syntax::Attribute;
    node.target = builder_.intern("builtins.getattr");
    values_.push(ArgKind::String, builder_.module().strings.keep('"' + std::string(name) + '"'));
    return Outcome::Ok;
}

// A path that starts with neither self nor a literal: a node, a method of it, or a function.
Outcome ExpressionReader::named_path(std::string_view text, size_t& at, Node& node) {
    const std::string_view first = identifier_at(text, at);
    const NodeId self = builder_.node_named(builder_.intern(first));
    const size_t end = at + first.size();
    if (self && end < text.size() && text[end] == '.') {
        at = end;
        builder_.body().args.push_back({ArgKind::Node, 1, self.index});
        return method_or_attribute(text, at, node);
    }
    const std::string_view path = path_at(text, at);
    const size_t path_end = at + path.size();
    const bool call = path_end < text.size() && text[path_end] == '(';
    // `l_y_.sin()`, `l_y_.T`: the line that defines l_y_ is lost.
    const bool of_name = !self && end < path_end && path.find('.', first.size() + 1) == npos
        && !is_module_name(first) && (call || path_end == text.size() || text[path_end] == ';');
    if (of_name) {
        values_.unknown(builder_.intern(first));
        at = end;
        return method_or_attribute(text, at, node);
    }
    return call && !self ? function_call(path, text, at, node) : operation(text, at, node);
}

Outcome ExpressionReader::function_call(std::string_view text, size_t& at, Node& node) {
    const std::string_view path = path_at(text, at);
    if (path.empty() || at + path.size() >= text.size() || text[at + path.size()] != '(')
        return values_.bad("expected a call of a function, found '" + std::string(text.substr(at, 20)) + "'");
    return function_call(path, text, at, node);
}

Outcome ExpressionReader::function_call(
    std::string_view path, std::string_view text, size_t& at, Node& node) {
    // ExecuTorch's own name for ATen's operators (exir/dialects/edge/_ops.py).
    constexpr std::string_view kEdge = "executorch.exir.dialects.edge._ops.";
    node.op = Opcode::CallFunction;
    node.target = path.starts_with(kEdge)
        ? builder_.module().strings.keep("torch.ops." + std::string(path.substr(kEdge.size())))
        : builder_.intern(path);
    at += path.size() + 1;
    return values_.call_arguments(text, at);
}

// x + y, x[0], -x: one or two operands and an operator.
Outcome ExpressionReader::operation(std::string_view text, size_t& at, Node& node) {
    node.op = Opcode::CallFunction;
    node.syntax = Syntax::Operator;
    for (const PythonOperator& op : kUnaryOperators) {
        if (text[at] != op.symbol[0] || at + 1 >= text.size()
            || (!is_identifier_start(text[at + 1]) && text[at + 1] != '('))
            continue;
        // -inf is a number, whatever follows it.
        const std::string_view word = identifier_at(text, at + 1);
        if (word == "inf" || word == "nan")
            continue;
        node.target = builder_.intern(op.name);
        return values_.value(text, ++at, ValueReader::Stop::Delimiter);
    }
    if (const Outcome o = values_.value(text, at, ValueReader::Stop::Anywhere); o != Outcome::Ok)
        return o;
    if (at < text.size() && text[at] == '[') {
        node.target = builder_.intern("operator.getitem");
        skip_spaces(text, ++at);
        if (at >= text.size())
            return Outcome::Unfinished;
        if (const Outcome o = values_.value(text, at, ValueReader::Stop::Delimiter); o != Outcome::Ok)
            return o;
        skip_spaces(text, at);
        if (at >= text.size())
            return Outcome::Unfinished;
        if (text[at] != ']')
            return values_.bad("expected ']', found '" + std::string(1, text[at]) + "'");
        ++at;
        return Outcome::Ok;
    }
    skip_spaces(text, at);
    for (const PythonOperator& op : kPythonOperators) {
        if (text.substr(at, op.symbol.size()) != op.symbol)
            continue;
        node.target = builder_.intern(op.name);
        at += op.symbol.size();
        return values_.value(text, at, ValueReader::Stop::Delimiter);
    }
    return values_.bad("expected a call or an operator, found '" + std::string(text.substr(at, 20)) + "'");
}

Outcome ExpressionReader::right_side(std::string_view text, size_t& at, Node& node) {
    skip_spaces(text, at);
    if (at >= text.size())
        return values_.bad("expected an expression after '='");
    size_t inner = at;
    while (text.substr(inner, 8) == "getattr(")
        inner += 8;
    if (text.substr(inner, 5) == "self." || (inner > at && text.substr(inner, 5) == "self,"))
        return self_path(text, at, node);
    if (text.substr(at, kFunctionMark.size()) == kFunctionMark) {
        at += kFunctionMark.size();
        return function_call(text, at, node);
    }
    if (!identifier_at(text, at).empty())
        return named_path(text, at, node);
    if (text[at] == '(') {
        bool taken = false;
        if (const Outcome o = bracketed(text, at, node, taken); taken || o != Outcome::Ok)
            return o;
    }
    return operation(text, at, node);
}

// An expression that a formatter put into brackets of its own: `x = (\n y.view(2)\n)`. Not taken: a tuple, or
// brackets that are the first operand only.
Outcome ExpressionReader::bracketed(std::string_view text, size_t& at, Node& node, bool& taken) {
    size_t from = at;
    size_t depth = 0;
    while (from < text.size() && text[from] == '(') {
        ++depth;
        skip_spaces(text, ++from);
    }
    bool closed = false;
    const size_t end = balanced_end(text, from, closed);
    if (!closed || end >= text.size())
        return Outcome::Unfinished;
    if (text[end] != ')')
        return Outcome::Ok; // a comma: a tuple
    size_t behind = end;
    for (; depth > 0 && behind < text.size() && text[behind] == ')'; --depth)
        skip_spaces(text, ++behind);
    if (depth > 0 || (behind < text.size() && text[behind] != ';'))
        return depth > 0 && behind >= text.size() ? Outcome::Unfinished : Outcome::Ok;
    const std::string_view inner = trimmed(text.substr(from, end - from));
    if (inner.empty())
        return Outcome::Ok;
    taken = true;
    size_t inside = 0;
    if (is_identifier_start(inner[0])) {
        if (const Outcome o = right_side(inner, inside, node); o != Outcome::Ok)
            return o;
    } else if (const Outcome o = operation(inner, inside, node); o != Outcome::Ok) {
        return o;
    }
    skip_spaces(inner, inside);
    if (inside < inner.size())
        return values_.bad("expected ')', found '" + std::string(inner.substr(inside, 20)) + "'");
    at = behind;
    return Outcome::Ok;
}

bool ExpressionReader::left_side(std::string_view text, size_t& at, Node& node) {
    const std::string_view name = identifier_at(text, at);
    if (name.empty())
        return false;
    size_t i = at + name.size();
    TypeId type;
    if (i < text.size() && text[i] == ':') {
        ++i;
        skip_spaces(text, i);
        if (i < text.size() && (text[i] == '"' || text[i] == '\'')) { // FX writes the first
            const size_t end = string_end(text, i);
            if (end == npos)
                return false;
            type = builder_.type(text.substr(i + 1, end - i - 2));
            i = end;
        } else { // up to 2.2: unquoted
            const size_t end = text.find(" = ", i);
            if (end == npos)
                return false;
            type = builder_.type(text.substr(i, end - i));
            i = end;
        }
    }
    if (text.substr(i, 3) != " = ")
        return false;
    node.name = builder_.intern(name);
    node.type = type;
    at = i + 3;
    return true;
}

namespace {

// `a = b = None` at the beginning, or what a cut or a broken line left of it: how far it reaches; 0 where
// there is none.
size_t deletion_length(std::string_view text) {
    size_t at = 0;
    for (bool any = false;; any = true) {
        const std::string_view name = identifier_at(text, at);
        if (name.empty())
            return any && at >= text.size() ? at : 0;
        at += name.size();
        if (any && (name == "None" || at >= text.size()))
            return at;
        skip_spaces(text, at);
        if (at >= text.size() || text[at] != '=' || text.substr(at, 2) == "==")
            return 0;
        skip_spaces(text, ++at);
    }
}

// FX writes deletions behind a semicolon; a person may write the next statement there. Anything else that
// follows is another program's.
std::string_view statements_behind(std::string_view text) {
    for (;;) {
        text = trimmed(text);
        const size_t length = deletion_length(text);
        if (length == 0)
            return text.starts_with("return ") || ExpressionReader::looks_like_statement(text)
                ? text
                : std::string_view();
        text = trimmed(text.substr(length));
        if (!text.starts_with(';'))
            return {};
        text.remove_prefix(1);
    }
}

} // namespace

void ExpressionReader::leave_behind(std::string_view text) {
    text = trimmed(text);
    behind_ = text.starts_with(';') ? statements_behind(text.substr(1)) : std::string_view();
}

Outcome ExpressionReader::finish(Node node, std::string_view text, size_t at) {
    skip_spaces(text, at);
    if (at < text.size() && text[at] != ';')
        return values_.bad(
            "expected the end of the statement, found '" + std::string(text.substr(at, 20)) + "'");
    node.args_end = static_cast<uint32_t>(builder_.body().args.size());
    node.line = line_;
    node.source = source_;
    builder_.add_node(node);
    if (at < text.size())
        behind_ = statements_behind(text.substr(at + 1));
    return Outcome::Ok;
}

// The value is computed by the first part and named by the second.
Outcome ExpressionReader::two_step(std::string_view text, Node& node) {
    size_t at = 0;
    const std::string_view object = identifier_at(text, 0);
    const NodeId self = builder_.node_named(builder_.intern(object));
    at = object.size();
    // `x[…] = y` where the text begins behind x.
    const bool undefined =
        !self && !object.empty() && text.substr(at, 1) == "[" && text.find("] = ", at) != npos;
    if (!self && !undefined)
        return values_.bad("expected a statement, found '" + std::string(text.substr(0, 40)) + "'");
    if (undefined)
        values_.unknown(builder_.intern(object));
    else
        builder_.body().args.push_back({ArgKind::Node, 1, self.index});
    node.op = Opcode::CallFunction;
    if (at < text.size() && text[at] == '[') {
        node.syntax = Syntax::SetItem;
        node.target = builder_.intern("operator.setitem");
        if (const Outcome o = values_.value(text, ++at, ValueReader::Stop::Delimiter); o != Outcome::Ok)
            return o;
        if (text.substr(at, 4) != "] = ")
            return values_.bad("expected '] = ' after an index");
        at += 4;
    } else {
        skip_spaces(text, at);
        node.syntax = Syntax::InplaceOperator;
        for (const PythonOperator& op : kInplaceOperators)
            if (text.substr(at, op.symbol.size()) == op.symbol) {
                node.target = builder_.intern(op.name);
                at += op.symbol.size();
                break;
            }
        if (!node.target)
            return values_.bad("expected an assignment, found '" + std::string(text.substr(0, 40)) + "'");
    }
    if (const Outcome o = values_.value(text, at, ValueReader::Stop::Delimiter); o != Outcome::Ok)
        return o;
    skip_spaces(text, at);
    size_t named = std::min(at + 1, text.size());
    skip_spaces(text, named);
    if (at < text.size() && text[at] == ';' && left_side(text, named, node)
        && identifier_at(text, named) == object)
        return finish(node, text, named + object.size());
    return unnamed_in_place(node, text, at, builder_.intern(object));
}

Outcome ExpressionReader::statement(std::string_view text, uint32_t line, SourceId source) {
    behind_ = {};
    if (is_deletion(text))
        return Outcome::Ok;
    line_ = line;
    source_ = source;
    std::vector<Arg>& args = builder_.body().args;
    const size_t first = args.size();
    const size_t unknown = values_.unknown_count();
    Node node;
    node.args_begin = static_cast<uint32_t>(first);
    size_t at = 0;
    Outcome outcome = Outcome::Bad;
    if (!left_side(text, at, node)) {
        outcome = by_hand(text, node);
    } else if (outcome = renamed(text, at, node); outcome == Outcome::Ok) {
        return outcome;
    } else if (builder_.module().text(node.name).find("_boxed_arg_") != npos
        && values_.value(text, at, ValueReader::Stop::Delimiter) == Outcome::Ok) {
        values_.set_local(node.name, {args.begin() + static_cast<ptrdiff_t>(first), args.end()});
        args.resize(first);
        return Outcome::Ok;
    } else {
        outcome = right_side(text, at, node);
        if (outcome == Outcome::Ok)
            outcome = finish(node, text, at);
    }
    if (outcome != Outcome::Ok) {
        args.resize(first);
        values_.forget_unknown(unknown);
    }
    return outcome;
}

Outcome ExpressionReader::result(std::string_view text, uint32_t line) {
    std::vector<Arg>& args = builder_.body().args;
    const size_t first = args.size();
    const size_t unknown = values_.unknown_count();
    // Code generators wrap the returned items: only the items are the graph's.
    for (const std::string_view wrap :
        {std::string_view("pytree.tree_unflatten("), std::string_view("self._dynamo_bytecode_unflatten(")})
        if (text.starts_with(wrap)) {
            text.remove_prefix(wrap.size());
            break;
        }
    size_t at = 0;
    if (const Outcome o = values_.value(text, at, ValueReader::Stop::Delimiter); o != Outcome::Ok) {
        args.resize(first);
        values_.forget_unknown(unknown);
        return o;
    }
    result_begin_ = static_cast<uint32_t>(first);
    end_result(line);
    return Outcome::Ok;
}

void ExpressionReader::begin_result(ArgKind container) {
    result_begin_ = static_cast<uint32_t>(builder_.body().args.size());
    values_.push(container);
}

Outcome ExpressionReader::result_item(std::string_view text) {
    size_t at = 0;
    const size_t first = builder_.body().args.size();
    const size_t unknown = values_.unknown_count();
    const Outcome outcome = values_.value(text, at, ValueReader::Stop::Delimiter);
    if (outcome != Outcome::Ok) {
        builder_.body().args.resize(first);
        values_.forget_unknown(unknown);
    }
    return outcome;
}

void ExpressionReader::end_result(uint32_t line) {
    Body& body = builder_.body();
    if (result_begin_ < body.args.size())
        body.args[result_begin_].size = static_cast<uint32_t>(body.args.size() - result_begin_);
    Node node;
    StringId name = builder_.intern("output");
    // A name that nothing defines will be an input's.
    for (int i = 1; builder_.node_named(name) || values_.is_unknown(name); ++i)
        name = builder_.module().strings.keep("output_" + std::to_string(i));
    node.name = name;
    node.target = builder_.intern("output");
    node.op = Opcode::Output;
    node.line = line;
    node.args_begin = result_begin_;
    node.args_end = static_cast<uint32_t>(body.args.size());
    builder_.add_node(node);
}

bool ExpressionReader::parameter(std::string_view& text, uint32_t line) {
    size_t at = 0;
    skip_spaces(text, at);
    const size_t from = at;
    while (at < text.size() && text[at] == '*')
        ++at;
    const std::string_view name = identifier_at(text, at);
    if (name.empty())
        return false;
    at += name.size();
    Node node;
    node.op = Opcode::Placeholder;
    node.name = builder_.intern(name);
    node.target = builder_.intern(text.substr(from, at - from));
    node.line = line;
    node.args_begin = node.args_end = static_cast<uint32_t>(builder_.body().args.size());
    if (text.substr(at, 2) == ": " || text.substr(at, 3) == " : ") {
        at = text.find(':', at) + 1;
        skip_spaces(text, at);
        if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
            const size_t end = string_end(text, at);
            if (end == npos)
                return false;
            node.type = builder_.type(text.substr(at + 1, end - at - 2));
            at = end;
        } else {
            bool closed = false;
            size_t end = balanced_end(text, at, closed);
            if (const size_t equal = text.substr(at, end - at).find(" = "); equal != npos)
                end = at + equal;
            node.type = builder_.type(text.substr(at, end - at));
            at = end;
        }
    }
    if (text.substr(at, 3) == " = ") {
        at += 3;
        if (values_.value(text, at, ValueReader::Stop::Delimiter) != Outcome::Ok) {
            builder_.body().args.resize(node.args_begin);
            return false;
        }
        node.args_end = static_cast<uint32_t>(builder_.body().args.size());
    }
    skip_spaces(text, at);
    if (at < text.size() && text[at] == ',')
        ++at;
    builder_.add_node(node);
    text = text.substr(at);
    return true;
}

} // namespace hopscope::read
