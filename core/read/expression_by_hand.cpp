// Statements that FX does not write and people do, where they shorten a printed graph or write one of their
// own: tuples on the left, operators in place without a name for what they yield, second names, calls alone.
#include "core/read/expression.h"

#include "core/base/text.h"
#include "core/graph/operators.h"
#include "core/read/scan.h"

#include <algorithm>

namespace hopscope::read {

// `a, b = `, `(a, b) = `, `a = `, `a += `. A starred name takes what is left over.
std::vector<std::string_view> ExpressionReader::targets(std::string_view text, size_t& at) {
    std::vector<std::string_view> names;
    size_t i = at;
    const char open = i < text.size() ? text[i] : '\0';
    const char close = open == '(' ? ')' : open == '[' ? ']' : '\0';
    i += close ? 1 : 0;
    for (;;) {
        skip_spaces(text, i);
        i += i < text.size() && text[i] == '*' ? 1 : 0;
        const std::string_view name = identifier_at(text, i);
        if (name.empty())
            break;
        names.push_back(name);
        i += name.size();
        skip_spaces(text, i);
        if (i >= text.size() || text[i] != ',')
            break;
        ++i;
    }
    if (close) {
        if (i >= text.size() || text[i] != close)
            return {};
        skip_spaces(text, ++i);
    }
    size_t sign = 0;
    if (text.substr(i, 1) == "=" && text.substr(i, 2) != "==")
        sign = 1;
    for (const PythonOperator& op : kInplaceOperators)
        if (names.size() == 1 && !close && text.substr(i, op.symbol.size()) == op.symbol)
            sign = op.symbol.size();
    if (names.empty() || sign == 0)
        return {};
    at = i + sign;
    skip_spaces(text, at);
    return names;
}

StringId ExpressionReader::unused_name(std::string_view base) {
    StringId name = builder_.intern(base);
    for (int i = 1; builder_.node_named(name); ++i)
        name = builder_.module().strings.keep(std::string(base) + '_' + std::to_string(i));
    return name;
}

// As FX names a node after what it calls: the operator without its namespace and overload
// (torch/fx/graph.py, Graph._target_to_str).
StringId ExpressionReader::name_for(const Node& node) {
    std::string_view target = builder_.module().text(node.target);
    constexpr std::string_view kOps = "torch.ops.";
    if (target.starts_with(kOps)) {
        target.remove_prefix(std::min(target.find('.', kOps.size()) + 1, target.size()));
        target = target.substr(0, target.find('.'));
    } else if (const size_t dot = target.rfind('.'); dot != std::string_view::npos) {
        target.remove_prefix(dot + 1);
    }
    return unused_name(is_name(target) ? target : "value");
}

void ExpressionReader::made_name(StringId name) {
    if (made_.count++ == 0) {
        made_.first = name;
        made_.number = number_;
        made_.offset = offset_;
    }
}

Outcome ExpressionReader::by_hand(std::string_view text, Node& node) {
    std::vector<Arg>& args = builder_.body().args;
    const size_t first = args.size();
    const size_t unknown = values_.unknown_count();
    const auto again = [&] {
        args.resize(first);
        values_.forget_unknown(unknown);
        node = {};
        node.args_begin = static_cast<uint32_t>(first);
    };
    Outcome outcome = two_step(text, node);
    if (outcome != Outcome::Bad)
        return outcome;
    const std::string why = error();
    again();
    if (outcome = unpacked(text, node); outcome != Outcome::Bad)
        return outcome;
    again();
    if (outcome = bare_call(text, node); outcome != Outcome::Bad)
        return outcome;
    return values_.bad(why);
}

// `a, b = f(x)`: a node for the call and one for each item that is taken out of it, as tracing makes them.
Outcome ExpressionReader::unpacked(std::string_view text, Node& node) {
    size_t at = 0;
    const std::vector<std::string_view> names = targets(text, at);
    const std::string_view left = text.substr(0, std::min(text.find('='), text.size()));
    if (names.empty() || left.find(',') == std::string_view::npos || left.find('*') != std::string_view::npos)
        return Outcome::Bad;
    // What is taken apart may have a name already: `a, b = split`.
    const std::string_view known = identifier_at(text, at);
    size_t behind = at + known.size();
    skip_spaces(text, behind);
    NodeId whole;
    if (!known.empty() && (behind >= text.size() || text[behind] == ';')) {
        whole = builder_.node_named(builder_.intern(known));
        if (!whole)
            return Outcome::Bad;
        behind_ = {};
        leave_behind(text.substr(behind));
    } else {
        if (const Outcome o = right_side(text, at, node); o != Outcome::Ok)
            return o;
        node.name = name_for(node);
        if (const Outcome o = finish(node, text, at); o != Outcome::Ok)
            return o;
        made_name(node.name);
        whole = NodeId(builder_.body().nodes.size() - 1);
    }
    Body& body = builder_.body();
    for (size_t i = 0; i < names.size(); ++i) {
        if (names[i] == "_")
            continue;
        Node item;
        item.op = Opcode::CallFunction;
        item.syntax = Syntax::Operator;
        item.target = builder_.intern("operator.getitem");
        item.name = builder_.intern(names[i]);
        item.line = line_;
        item.source = source_;
        item.args_begin = static_cast<uint32_t>(body.args.size());
        body.args.push_back({ArgKind::Node, 1, whole.index});
        values_.push(ArgKind::Int, builder_.module().strings.keep(std::to_string(i)));
        item.args_end = static_cast<uint32_t>(body.args.size());
        builder_.add_node(item);
    }
    return Outcome::Ok;
}

// `x.add_(1)`, `torch._check(u0 >= 0)`: what it does matters, though nobody asks for what it yields.
Outcome ExpressionReader::bare_call(std::string_view text, Node& node) {
    const std::string_view path = path_at(text, 0);
    if (path.find('.') == std::string_view::npos || text.substr(path.size(), 1) != "(")
        return Outcome::Bad;
    size_t at = 0;
    if (const Outcome o = right_side(text, at, node); o != Outcome::Ok)
        return o;
    node.name = name_for(node);
    if (const Outcome o = finish(node, text, at); o != Outcome::Ok)
        return o;
    made_name(node.name);
    return Outcome::Ok;
}

// `y = a`: no node, a second name of one.
Outcome ExpressionReader::renamed(std::string_view text, size_t at, const Node& node) {
    const std::string_view other = identifier_at(text, at);
    size_t end = at + other.size();
    skip_spaces(text, end);
    if (other.empty() || (end < text.size() && text[end] != ';'))
        return Outcome::Bad;
    const NodeId known = builder_.node_named(builder_.intern(other));
    if (!known)
        return Outcome::Bad;
    builder_.also_named(known, node.name);
    leave_behind(text.substr(end));
    return Outcome::Ok;
}

// `a += x` alone: from here on the name means what was written.
Outcome ExpressionReader::unnamed_in_place(Node node, std::string_view text, size_t at, StringId object) {
    node.name = name_for(node);
    node.type = {};
    if (const Outcome o = finish(node, text, at); o != Outcome::Ok)
        return o;
    made_name(node.name);
    if (node.syntax == Syntax::InplaceOperator)
        builder_.also_named(NodeId(builder_.body().nodes.size() - 1), object);
    return Outcome::Ok;
}

} // namespace hopscope::read
