#include "core/read/expression.h"

#include "core/base/text.h"
#include "core/graph/operators.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
// Real arguments nest five deep; this much may be asked of every bracket on the way out.
constexpr size_t kMostDepth = 200;

void skip_spaces(std::string_view text, size_t& at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
        ++at;
}

std::string_view identifier_at(std::string_view text, size_t at) {
    size_t end = at;
    if (end < text.size() && is_identifier_start(text[end]))
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
    return text.substr(at, end - at);
}

// "a.b.c" from an identifier on; atoms after the first may be digits.
std::string_view path_at(std::string_view text, size_t at) {
    size_t end = at + identifier_at(text, at).size();
    while (end + 1 < text.size() && text[end] == '.' && is_identifier_char(text[end + 1])) {
        ++end;
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
    }
    return text.substr(at, end - at);
}

bool is_delimiter(char c) {
    return c == ',' || c == ')' || c == ']' || c == '}' || c == ';' || c == ':' || c == '#';
}

// End of the string literal whose opening quote is at `at`; npos if it never closes.
size_t string_end(std::string_view text, size_t at) {
    const char quote = text[at];
    for (size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == quote)
            return i + 1;
    }
    return npos;
}

// End of a balanced text: the first top-level delimiter, or the end. `closed` is false if brackets stay open.
size_t balanced_end(std::string_view text, size_t at, bool& closed) {
    size_t depth = 0;
    size_t angles = 0;
    bool open_single = false;
    bool open_double = false;
    closed = true;
    for (size_t i = at; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            bool& never_closes = c == '"' ? open_double : open_single;
            const size_t end = never_closes ? npos : string_end(text, i);
            // An apostrophe inside a repr. Where one does not close, no later one of its kind does.
            never_closes = end == npos;
            if (never_closes)
                continue;
            i = end - 1;
        } else if (c == '<' && (i == at || text[i - 1] == '(' || angles || text[i - 1] == '=')) {
            ++angles;
        } else if (c == '>' && angles && text[i - 1] != '-') {
            --angles;
        } else if (c == '(' || c == '[' || c == '{') {
            ++depth;
        } else if (c == ')' || c == ']' || c == '}') {
            if (!depth && !angles)
                return i;
            if (depth)
                --depth;
        } else if (!depth && !angles && (c == ',' || c == ';')) {
            return i;
        }
    }
    closed = depth == 0;
    return text.size();
}

bool looks_symbolic(std::string_view text) {
    // "<…>" is the repr of an object, never an expression.
    return !text.empty() && text.front() != '<' && std::all_of(text.begin(), text.end(), [](char c) {
        return is_identifier_char(c) || std::string_view(" +-*/%().,<>=!&|~^").find(c) != npos;
    });
}

ArgKind torch_name_kind(std::string_view path) {
    static constexpr std::array kLayouts{"torch.strided", "torch.sparse_coo", "torch.sparse_csr",
        "torch.sparse_csc", "torch.sparse_bsr", "torch.sparse_bsc", "torch.jagged"};
    static constexpr std::array kFormats{
        "torch.preserve_format", "torch.contiguous_format", "torch.channels_last", "torch.channels_last_3d"};
    if (std::find(kLayouts.begin(), kLayouts.end(), path) != kLayouts.end())
        return ArgKind::Layout;
    if (std::find(kFormats.begin(), kFormats.end(), path) != kFormats.end())
        return ArgKind::MemoryFormat;
    if (path.starts_with("torch.") && dtype_by_name(path.substr(6)))
        return ArgKind::Dtype;
    if (path.starts_with("self."))
        return ArgKind::Attribute;
    return path.starts_with("torch.") ? ArgKind::Operator : ArgKind::Opaque;
}

} // namespace

ExpressionReader::Outcome ExpressionReader::bad(std::string message) {
    error_ = std::move(message);
    return Outcome::Bad;
}

void ExpressionReader::push(ArgKind kind, StringId text) {
    builder_.body().args.push_back({kind, 1, text ? text.index : Id<void>::kNone});
}

ExpressionReader::Outcome ExpressionReader::number(std::string_view text, size_t& at) {
    const size_t from = at;
    if (text[at] == '-' || text[at] == '+')
        ++at;
    bool real = false;
    if (text.substr(at, 3) == "inf" || text.substr(at, 3) == "nan") {
        at += 3;
        real = true;
    } else {
        while (at < text.size()) {
            const char c = text[at];
            const bool exponent_sign =
                (c == '-' || c == '+') && (text[at - 1] == 'e' || text[at - 1] == 'E') && real;
            if (!is_digit(c) && c != '.' && c != 'e' && c != 'E' && !exponent_sign)
                break;
            real = real || c == '.' || c == 'e' || c == 'E';
            ++at;
        }
    }
    ArgKind kind = real ? ArgKind::Float : ArgKind::Int;
    if (at < text.size() && text[at] == 'j') {
        ++at;
        kind = ArgKind::Complex;
    }
    if (at < text.size() && is_identifier_char(text[at]))
        return bad("unexpected '" + std::string(1, text[at]) + "' in a number");
    push(kind, builder_.intern(text.substr(from, at - from)));
    return Outcome::Ok;
}

ExpressionReader::Outcome ExpressionReader::quoted(std::string_view text, size_t& at) {
    const size_t from = at;
    while (text[at] != '\'' && text[at] != '"')
        ++at; // b, r, u, f
    const size_t end = string_end(text, at);
    if (end == npos)
        return Outcome::Unfinished;
    at = end;
    push(ArgKind::String, builder_.intern(text.substr(from, end - from)));
    return Outcome::Ok;
}

ExpressionReader::Outcome ExpressionReader::opaque(std::string_view text, size_t& at, size_t from) {
    bool closed = false;
    const size_t end = balanced_end(text, from, closed);
    if (!closed)
        return Outcome::Unfinished;
    if (end == from)
        return bad("expected a value, found '" + std::string(text.substr(from, 1)) + "'");
    std::string_view words = text.substr(from, end - from);
    while (words.ends_with(' '))
        words.remove_suffix(1);
    push(looks_symbolic(words) ? ArgKind::Symbol : ArgKind::Opaque, builder_.intern(words));
    at = end;
    return Outcome::Ok;
}

// A name, a dotted path, or the head of a call; for a call `opened` is set and `container` says which.
ExpressionReader::Outcome ExpressionReader::word(
    std::string_view text, size_t& at, bool& opened, Arg& container) {
    const std::string_view path = path_at(text, at);
    const size_t end = at + path.size();
    const char next = end < text.size() ? text[end] : '\0';
    if (next == '\'' || next == '"')
        return path.size() <= 2 ? quoted(text, at)
                                : bad("unexpected quote after '" + std::string(path) + "'");
    if (next == '(') {
        if (path == "device") {
            bool closed = false;
            const size_t device_end = balanced_end(text, at, closed);
            if (!closed)
                return Outcome::Unfinished;
            push(ArgKind::Device, builder_.intern(text.substr(at, device_end - at)));
            at = device_end;
            return Outcome::Ok;
        }
        opened = true;
        container.kind = path == "slice" ? ArgKind::Slice : path == "range" ? ArgKind::Range : ArgKind::Call;
        container.ref = builder_.intern(path).index;
        at = end + 1;
        return Outcome::Ok;
    }
    at = end;
    if (path == "None")
        push(ArgKind::None);
    else if (path == "Ellipsis")
        push(ArgKind::Ellipsis);
    else if (path == "True" || path == "False")
        push(ArgKind::Bool, builder_.intern(path));
    else if (path == "inf" || path == "nan")
        push(ArgKind::Float, builder_.intern(path));
    else if (path.find('.') != npos)
        push(torch_name_kind(path), builder_.intern(path));
    else {
        const StringId name = builder_.intern(path);
        if (const NodeId node = builder_.node_named(name))
            builder_.body().args.push_back({ArgKind::Node, 1, node.index});
        else if (const auto local = locals_.find(name); local != locals_.end())
            builder_.body().args.insert(
                builder_.body().args.end(), local->second.begin(), local->second.end());
        else
            push(ArgKind::Symbol, name);
    }
    return Outcome::Ok;
}

// A value that is no container.
ExpressionReader::Outcome ExpressionReader::leaf(std::string_view text, size_t& at) {
    const char c = text[at];
    if (is_digit(c) || c == '.'
        || ((c == '-' || c == '+') && at + 1 < text.size()
            && (is_digit(text[at + 1]) || text[at + 1] == '.' || text[at + 1] == 'i'
                || text[at + 1] == 'n'))) {
        const size_t from = at;
        const size_t args = builder_.body().args.size();
        const Outcome outcome = number(text, at);
        if (outcome != Outcome::Bad)
            return outcome;
        builder_.body().args.resize(args);
        return opaque(text, at, from);
    }
    if (c == '\'' || c == '"')
        return quoted(text, at);
    return opaque(text, at, at);
}

ExpressionReader::Outcome ExpressionReader::value(std::string_view text, size_t& at, Stop stop) {
    struct Open {
        ArgKind kind;
        char closing; // '\0' for a keyword, which ends with its value
        size_t args; // index of its entry
        size_t from; // where its text starts
        size_t items = 0;
        bool comma = false; // the last thing was a comma
    };
    std::vector<Arg>& args = builder_.body().args;
    std::vector<Open> open;
    const auto close = [&](const Open& o) {
        args[o.args].size = static_cast<uint32_t>(args.size() - o.args);
    };

    for (;;) {
        skip_spaces(text, at);
        if (at >= text.size())
            return open.empty() ? bad("expected a value, found the end of the line") : Outcome::Unfinished;
        if (open.size() > kMostDepth)
            return bad("brackets nested deeper than " + std::to_string(kMostDepth));

        const size_t from = at;
        const size_t first_arg = args.size();
        bool done = false; // a whole value was read
        const char c = text[at];
        if (!open.empty() && c == open.back().closing && (open.back().items == 0 || open.back().comma)) {
            // an empty container, or one that ends in a comma: closed below
        } else if (c == '(' || c == '[' || c == '{') {
            const ArgKind kind = c == '(' ? ArgKind::Tuple : c == '[' ? ArgKind::List : ArgKind::Dict;
            open.push_back({kind, c == '(' ? ')' : c == '[' ? ']' : '}', args.size(), at});
            push(kind);
            ++at;
            continue;
        } else if (is_identifier_start(c)) {
            // A keyword: name = value, inside a call only.
            const std::string_view name = identifier_at(text, at);
            size_t behind = at + name.size();
            skip_spaces(text, behind);
            if (!open.empty() && open.back().kind == ArgKind::Call && behind + 1 < text.size()
                && text[behind] == '=' && text[behind + 1] != '=') {
                open.push_back({ArgKind::Keyword, '\0', args.size(), at});
                push(ArgKind::Keyword, builder_.intern(name));
                at = behind + 1;
                continue;
            }
            bool opened = false;
            Arg container;
            if (const Outcome o = word(text, at, opened, container); o != Outcome::Ok)
                return o;
            if (opened) {
                open.push_back({container.kind, ')', args.size(), from});
                args.push_back(container);
                continue;
            }
            done = true;
        } else {
            if (const Outcome o = leaf(text, at); o != Outcome::Ok)
                return o;
            done = true;
        }

        // Behind a value: an operator makes it a symbolic expression; then commas and closing brackets.
        size_t value_from = from;
        size_t value_args = first_arg;
        for (;;) {
            if (done) {
                size_t next = at;
                skip_spaces(text, next);
                const bool ends = next >= text.size() || is_delimiter(text[next]);
                if (!ends && !(open.empty() && stop == Stop::Anywhere)) {
                    args.resize(value_args);
                    if (const Outcome o = opaque(text, at, value_from); o != Outcome::Ok)
                        return o;
                }
                while (!open.empty() && open.back().kind == ArgKind::Keyword) {
                    close(open.back());
                    open.pop_back();
                }
                if (open.empty())
                    return Outcome::Ok;
                ++open.back().items;
                open.back().comma = false;
            }
            skip_spaces(text, at);
            if (at >= text.size())
                return Outcome::Unfinished;
            Open& outer = open.back();
            if (text[at] == ',' || (text[at] == ':' && outer.kind == ArgKind::Dict)) {
                outer.comma = text[at] == ',';
                ++at;
                break;
            }
            if (text[at] != outer.closing)
                return bad(
                    "expected ',' or '" + std::string(1, outer.closing) + "', found '" + text[at] + "'");
            ++at;
            const Open closed = outer;
            open.pop_back();
            if (closed.kind == ArgKind::Tuple && closed.items == 1 && !closed.comma) {
                // No tuple but a bracketed expression, or a complex number such as (-0-2j).
                args.resize(closed.args);
                const std::string_view words = text.substr(closed.from, at - closed.from);
                push(words.ends_with("j)") && words.size() > 2 && !is_identifier_start(words[1])
                        ? ArgKind::Complex
                        : ArgKind::Symbol,
                    builder_.intern(words));
            } else if (closed.kind == ArgKind::Call
                && builder_.module().text(args[closed.args].text()) == "complex") {
                args.resize(closed.args);
                push(ArgKind::Complex, builder_.intern(text.substr(closed.from, at - closed.from)));
            } else {
                close(closed);
            }
            value_from = closed.from;
            value_args = closed.args;
            done = true;
        }
    }
}

ExpressionReader::Outcome ExpressionReader::call_arguments(std::string_view text, size_t& at) {
    std::vector<Arg>& args = builder_.body().args;
    for (;;) {
        skip_spaces(text, at);
        if (at >= text.size())
            return Outcome::Unfinished;
        if (text[at] == ')') {
            ++at;
            return Outcome::Ok;
        }
        const std::string_view name = identifier_at(text, at);
        size_t behind = at + name.size();
        skip_spaces(text, behind);
        const size_t entry = args.size();
        const bool keyword =
            !name.empty() && behind + 1 < text.size() && text[behind] == '=' && text[behind + 1] != '=';
        if (keyword) {
            push(ArgKind::Keyword, builder_.intern(name));
            at = behind + 1;
        }
        if (const Outcome o = value(text, at, Stop::Delimiter); o != Outcome::Ok)
            return o;
        if (keyword)
            args[entry].size = static_cast<uint32_t>(args.size() - entry);
        skip_spaces(text, at);
        if (at < text.size() && text[at] == ',')
            ++at;
        else if (at < text.size() && text[at] != ')')
            return bad("expected ',' or ')' in a call, found '" + std::string(1, text[at]) + "'");
    }
}

// self.a.b, getattr(self.a, "0"), and calls of them.
ExpressionReader::Outcome ExpressionReader::self_path(std::string_view text, size_t& at, Node& node) {
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
            return bad("expected a name in quotes in getattr");
        const size_t end = string_end(text, at + 2);
        if (end == npos)
            return Outcome::Unfinished;
        if (end >= text.size() || text[end] != ')')
            return bad("expected ')' after getattr");
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
        return call_arguments(text, ++at);
    }
    node.op = Opcode::GetAttr;
    return Outcome::Ok;
}

// What follows a node's name and a dot: a method call, or an attribute (getattr).
ExpressionReader::Outcome ExpressionReader::method_or_attribute(
    std::string_view text, size_t& at, NodeId self, Node& node) {
    const std::string_view name = identifier_at(text, at + 1);
    at += 1 + name.size();
    builder_.body().args.push_back({ArgKind::Node, 1, self.index});
    if (at < text.size() && text[at] == '(') {
        node.op = Opcode::CallMethod;
        node.target = builder_.intern(name);
        return call_arguments(text, ++at);
    }
    node.op = Opcode::CallFunction;
    node.syntax = Syntax::Attribute;
    node.target = builder_.intern("builtins.getattr");
    push(ArgKind::String, builder_.module().strings.keep('"' + std::string(name) + '"'));
    return Outcome::Ok;
}

// A path that starts with neither self nor a literal: a node, a method of it, or a function.
ExpressionReader::Outcome ExpressionReader::named_path(std::string_view text, size_t& at, Node& node) {
    const std::string_view first = identifier_at(text, at);
    const NodeId self = builder_.node_named(builder_.intern(first));
    const size_t end = at + first.size();
    if (self && end < text.size() && text[end] == '.') {
        at = end;
        return method_or_attribute(text, at, self, node);
    }
    const std::string_view path = path_at(text, at);
    const size_t path_end = at + path.size();
    if (!self && path_end < text.size() && text[path_end] == '(' && first != "device" && first != "slice") {
        node.op = Opcode::CallFunction;
        node.target = builder_.intern(path);
        at = path_end + 1;
        return call_arguments(text, at);
    }
    return operation(text, at, node);
}

// x + y, x[0], -x: one or two operands and an operator.
ExpressionReader::Outcome ExpressionReader::operation(std::string_view text, size_t& at, Node& node) {
    node.op = Opcode::CallFunction;
    node.syntax = Syntax::Operator;
    for (const PythonOperator& op : kUnaryOperators) {
        if (text[at] != op.symbol[0] || at + 1 >= text.size()
            || (!is_identifier_start(text[at + 1]) && text[at + 1] != '('))
            continue;
        node.target = builder_.intern(op.name);
        return value(text, ++at, Stop::Delimiter);
    }
    if (const Outcome o = value(text, at, Stop::Anywhere); o != Outcome::Ok)
        return o;
    if (at < text.size() && text[at] == '[') {
        node.target = builder_.intern("operator.getitem");
        if (const Outcome o = value(text, ++at, Stop::Delimiter); o != Outcome::Ok)
            return o;
        skip_spaces(text, at);
        if (at >= text.size())
            return Outcome::Unfinished;
        if (text[at] != ']')
            return bad("expected ']', found '" + std::string(1, text[at]) + "'");
        ++at;
        return Outcome::Ok;
    }
    skip_spaces(text, at);
    for (const PythonOperator& op : kPythonOperators) {
        if (text.substr(at, op.symbol.size()) != op.symbol)
            continue;
        node.target = builder_.intern(op.name);
        at += op.symbol.size();
        return value(text, at, Stop::Delimiter);
    }
    return bad("expected a call or an operator, found '" + std::string(text.substr(at, 20)) + "'");
}

ExpressionReader::Outcome ExpressionReader::right_side(std::string_view text, size_t& at, Node& node) {
    skip_spaces(text, at);
    if (at >= text.size())
        return bad("expected an expression after '='");
    size_t inner = at;
    while (text.substr(inner, 8) == "getattr(")
        inner += 8;
    if (text.substr(inner, 5) == "self." || (inner > at && text.substr(inner, 5) == "self,"))
        return self_path(text, at, node);
    if (is_identifier_start(text[at]))
        return named_path(text, at, node);
    return operation(text, at, node);
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
        if (i < text.size() && text[i] == '"') {
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

ExpressionReader::Outcome ExpressionReader::finish(Node node, std::string_view text, size_t at) {
    skip_spaces(text, at);
    if (at < text.size() && text[at] != ';')
        return bad("expected the end of the statement, found '" + std::string(text.substr(at, 20)) + "'");
    node.args_end = static_cast<uint32_t>(builder_.body().args.size());
    node.line = line_;
    node.source = source_;
    builder_.add_node(node);
    return Outcome::Ok;
}

// The value is computed by the first part and named by the second.
ExpressionReader::Outcome ExpressionReader::two_step(std::string_view text, Node& node) {
    size_t at = 0;
    const std::string_view object = identifier_at(text, 0);
    const NodeId self = builder_.node_named(builder_.intern(object));
    if (!self)
        return bad("expected a statement, found '" + std::string(text.substr(0, 40)) + "'");
    builder_.body().args.push_back({ArgKind::Node, 1, self.index});
    at = object.size();
    node.op = Opcode::CallFunction;
    if (at < text.size() && text[at] == '[') {
        node.syntax = Syntax::SetItem;
        node.target = builder_.intern("operator.setitem");
        if (const Outcome o = value(text, ++at, Stop::Delimiter); o != Outcome::Ok)
            return o;
        if (text.substr(at, 4) != "] = ")
            return bad("expected '] = ' after an index");
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
            return bad("expected an assignment, found '" + std::string(text.substr(0, 40)) + "'");
    }
    if (const Outcome o = value(text, at, Stop::Delimiter); o != Outcome::Ok)
        return o;
    skip_spaces(text, at);
    if (at >= text.size() || text[at] != ';')
        return bad("expected ';' and the name of the value after an in-place statement");
    ++at;
    skip_spaces(text, at);
    if (!left_side(text, at, node))
        return bad("expected the name of the value after an in-place statement");
    at += identifier_at(text, at).size();
    return finish(node, text, at);
}

ExpressionReader::Outcome ExpressionReader::statement(std::string_view text, uint32_t line, SourceId source) {
    line_ = line;
    source_ = source;
    std::vector<Arg>& args = builder_.body().args;
    const size_t first = args.size();
    Node node;
    node.args_begin = static_cast<uint32_t>(first);
    size_t at = 0;
    Outcome outcome = Outcome::Bad;
    if (!left_side(text, at, node)) {
        outcome = two_step(text, node);
    } else if (builder_.module().text(node.name).find("_boxed_arg_") != npos
        && (outcome = value(text, at, Stop::Delimiter)) == Outcome::Ok) {
        locals_[node.name].assign(args.begin() + static_cast<ptrdiff_t>(first), args.end());
        args.resize(first);
        return Outcome::Ok;
    } else {
        outcome = right_side(text, at, node);
        if (outcome == Outcome::Ok)
            outcome = finish(node, text, at);
    }
    if (outcome != Outcome::Ok)
        args.resize(first);
    return outcome;
}

ExpressionReader::Outcome ExpressionReader::result(std::string_view text, uint32_t line) {
    std::vector<Arg>& args = builder_.body().args;
    const size_t first = args.size();
    // Code generators wrap the returned items: only the items are the graph's.
    for (const std::string_view wrap :
        {std::string_view("pytree.tree_unflatten("), std::string_view("self._dynamo_bytecode_unflatten(")})
        if (text.starts_with(wrap)) {
            text.remove_prefix(wrap.size());
            break;
        }
    size_t at = 0;
    if (const Outcome o = value(text, at, Stop::Delimiter); o != Outcome::Ok) {
        args.resize(first);
        return o;
    }
    result_begin_ = static_cast<uint32_t>(first);
    end_result(line);
    return Outcome::Ok;
}

void ExpressionReader::begin_result(ArgKind container) {
    result_begin_ = static_cast<uint32_t>(builder_.body().args.size());
    push(container);
}

bool ExpressionReader::result_item(std::string_view text) {
    size_t at = 0;
    const size_t first = builder_.body().args.size();
    if (value(text, at, Stop::Delimiter) == Outcome::Ok)
        return true;
    builder_.body().args.resize(first);
    return false;
}

void ExpressionReader::end_result(uint32_t line) {
    Body& body = builder_.body();
    if (result_begin_ < body.args.size())
        body.args[result_begin_].size = static_cast<uint32_t>(body.args.size() - result_begin_);
    Node node;
    StringId name = builder_.intern("output");
    for (int i = 1; builder_.node_named(name); ++i)
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
        if (at < text.size() && text[at] == '"') {
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
        if (value(text, at, Stop::Delimiter) != Outcome::Ok) {
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
