#include "core/match/first_difference.h"
#include "core/match/tokens.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace hopscope {

namespace match {

namespace {

using Counts = std::unordered_map<uint64_t, int>;

Counts counts_of(std::span<const uint64_t> values) {
    Counts counts;
    for (const uint64_t v : values)
        ++counts[v];
    return counts;
}

// The values of the operands, in order: what two nodes that read the same have in common.
std::vector<uint64_t> operand_values(const Canon& canon, BodyId scope, NodeId node) {
    std::vector<Token> tokens;
    tokens_of(canon.module(), scope, node, canon.options(), tokens);
    std::vector<uint64_t> out;
    for (const Token& t : tokens)
        if (t.kind == Token::Kind::Node)
            out.push_back(canon.values(scope)[t.arg->node().index]);
    return out;
}

// The node of b that took the place of x: of those that compute what a does not, the one that agrees in most,
// the first of equals. Placeholders go by position, the output is the output.
NodeId counterpart(
    const Canon& a, BodyId scope_a, NodeId x, const Canon& b, BodyId scope_b, const Counts& in_a) {
    const Body& body_a = a.module().body(scope_a);
    const Body& body_b = b.module().body(scope_b);
    const Node& node = body_a.node(x);
    if (node.op == Opcode::Placeholder)
        return x.index < body_b.placeholder_count() ? x : NodeId();
    constexpr int kMost =
        400; // candidates that are looked at: what changed all over is told by its first node
    const auto wanted = operand_values(a, scope_a, x);
    NodeId best;
    int best_score = 0;
    int looked = 0;
    for (size_t i = 0; i < body_b.nodes.size() && looked < kMost; ++i) {
        const Node& other = body_b.nodes[i];
        const auto known = in_a.find(b.values(scope_b)[i]);
        if (other.op == Opcode::Placeholder || (known != in_a.end() && known->second > 0)
            || (other.op == Opcode::Output) != (node.op == Opcode::Output))
            continue;
        ++looked;
        int score = 1 + (other.op == node.op);
        score += operand_values(b, scope_b, NodeId(i)) == wanted ? 4 : 0;
        score += a.module().text(node.target) == b.module().text(other.target) ? 3 : 0;
        score += a.kinds(scope_a)[x.index] == b.kinds(scope_b)[i] ? 2 : 0;
        if (score > best_score) {
            best_score = score;
            best = NodeId(i);
        }
    }
    // Nothing in common but being new in b: it did not take x's place.
    return best_score >= 3 ? best : NodeId();
}

// Which operand is another value, if the nodes themselves are alike.
std::optional<FieldDifference> other_operand(
    const Canon& a, BodyId scope_a, NodeId x, const Canon& b, BodyId scope_b, NodeId y) {
    std::vector<Token> s;
    std::vector<Token> t;
    tokens_of(a.module(), scope_a, x, a.options(), s);
    tokens_of(b.module(), scope_b, y, b.options(), t);
    const bool output = a.module().body(scope_a).node(x).op == Opcode::Output;
    size_t item = 0;
    for (size_t i = 0; i < std::min(s.size(), t.size()); ++i) {
        item += s[i].depth == 1;
        if (s[i].kind != Token::Kind::Node || t[i].kind != Token::Kind::Node)
            continue;
        const NodeId p = s[i].arg->node();
        const NodeId q = t[i].arg->node();
        if (a.values(scope_a)[p.index] == b.values(scope_b)[q.index])
            continue;
        std::string where =
            output ? "output " + std::to_string(item ? item - 1 : 0) : argument_name(a.module(), s, i);
        return FieldDifference{Field::Operand, std::move(where),
            std::string(a.module().text(a.module().body(scope_a).node(p).name)),
            std::string(b.module().text(b.module().body(scope_b).node(q).name))};
    }
    return std::nullopt;
}

// One level: the nodes of these two bodies.
Difference here(const Canon& a, BodyId scope_a, const Canon& b, BodyId scope_b) {
    const Body& body_a = a.module().body(scope_a);
    const Body& body_b = b.module().body(scope_b);
    Difference d{scope_a, scope_b, {}, {}, {}};
    Counts left = counts_of(b.values(scope_b));
    NodeId first;
    for (size_t i = 0; i < body_a.nodes.size(); ++i)
        if (--left[a.values(scope_a)[i]] < 0 && !first)
            first = NodeId(i);
    if (first) {
        d.a = first;
        d.b = counterpart(a, scope_a, first, b, scope_b, counts_of(a.values(scope_a)));
        const Node& node = body_a.node(first);
        if (!d.b) {
            d.what = {Field::Count, node.op == Opcode::Placeholder ? "input" : "",
                std::string(a.module().text(node.name)), {}};
            return d;
        }
        std::vector<FieldDifference> found;
        compare_nodes(a.module(), scope_a, first, b.module(), scope_b, d.b, a.options(), found);
        if (!found.empty())
            d.what = std::move(found.front());
        else if (auto operand = other_operand(a, scope_a, first, b, scope_b, d.b))
            d.what = std::move(*operand);
        else
            d.what = {Field::Mutation, {}, {}, {}};
        return d;
    }
    // Everything that a computes is in b, which computes more.
    for (size_t i = 0; i < body_b.nodes.size(); ++i)
        if (left[b.values(scope_b)[i]] > 0) {
            d.b = NodeId(i);
            d.what = {Field::Count, body_b.nodes[i].op == Opcode::Placeholder ? "input" : "", {},
                std::string(b.module().text(body_b.nodes[i].name))};
            return d;
        }
    d.what = {Field::Operand, "uses", {}, {}};
    return d;
}

} // namespace

Difference first_difference(
    const Canon& a, BodyId body_a, const Canon& b, BodyId body_b, const std::optional<Difference>& known) {
    // A call differs because its body does: then what differs there is told.
    for (;;) {
        Difference d = here(a, body_a, b, body_b);
        const bool same_values = !d.a && !d.b;
        if (same_values && known && known->body_a == body_a && known->body_b == body_b)
            return *known;
        if (!d.a || !d.b)
            return d;
        const Node& x = a.module().body(body_a).node(d.a);
        const Node& y = b.module().body(body_b).node(d.b);
        if (x.op != Opcode::GetAttr || y.op != Opcode::GetAttr)
            return d;
        const BodyId child_a = child_body(a.module(), body_a, x.target);
        const BodyId child_b = child_body(b.module(), body_b, y.target);
        if (!child_a || !child_b || a.hash(child_a) == b.hash(child_b))
            return d;
        body_a = child_a;
        body_b = child_b;
    }
}

} // namespace match

std::string difference_text(const GraphModule& a, const GraphModule& b, const Difference& d, BodyId asked) {
    const auto named = [](const GraphModule& m, BodyId body, NodeId node) {
        return std::string(m.text(m.body(body).node(node).name));
    };
    std::string out;
    if (const std::string path = body_path(a, d.body_a); d.body_a != asked && !path.empty())
        out += "in " + path + ": ";
    if (d.a || d.b) {
        out += "node " + (d.a ? named(a, d.body_a, d.a) : named(b, d.body_b, d.b));
        if (d.a && d.b && named(b, d.body_b, d.b) != named(a, d.body_a, d.a))
            out += " (there " + named(b, d.body_b, d.b) + ')';
        out += ": ";
    }
    if (!d.a && d.b)
        return out + "found only in the second";
    if (d.a && !d.b)
        return out + "found only in the first";
    const FieldDifference& w = d.what;
    out += std::string(field_name(w.field));
    if (!w.where.empty())
        out += " of " + w.where;
    if (w.field == Field::Mutation)
        return out + ": reads a value before on one side, after on the other side of a write in place";
    if (w.expected.empty() && w.found.empty())
        return out + ": the same values are used otherwise";
    return out + ": expected " + (w.expected.empty() ? "none" : w.expected) + ", found "
        + (w.found.empty() ? "none" : w.found);
}

} // namespace hopscope
