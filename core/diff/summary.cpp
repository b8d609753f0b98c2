#include "core/diff/summary.h"

#include "core/base/text.h"
#include "core/diff/pairing.h"

#include <algorithm>
#include <array>
#include <map>

namespace hopscope {

namespace {

using diff::operands;

std::string operator_of(const GraphModule& m, const Node& n) {
    switch (n.op) {
    case Opcode::Placeholder:
        return "input";
    case Opcode::GetAttr:
        return "get_attr";
    default:
        break;
    }
    constexpr std::string_view kOps = "torch.ops.";
    const std::string_view target = m.text(n.target);
    return std::string(target.starts_with(kOps) ? target.substr(kOps.size()) : target);
}

// Operators that hand their first operand on: the values of both are the same.
bool passes_on(const GraphModule& m, const Node& n) {
    static constexpr std::array<std::string_view, 3> kThese{
        "aten.detach.default", "aten.alias.default", "aten.lift_fresh_copy.default"};
    const std::string_view target = m.text(n.target);
    return n.op == Opcode::CallFunction
        && std::any_of(kThese.begin(), kThese.end(), [&](std::string_view t) { return target.ends_with(t); });
}

// The nodes of one kind, counted: "4 aten.detach.default, aten.add.Tensor".
std::string counted_operators(const GraphModule& m, BodyId body, const std::vector<NodeId>& nodes) {
    std::vector<std::pair<std::string, size_t>> kinds; // in order of first use
    for (const NodeId id : nodes) {
        const std::string name = operator_of(m, m.body(body).node(id));
        const auto at =
            std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == name; });
        if (at == kinds.end())
            kinds.emplace_back(name, 1);
        else
            ++at->second;
    }
    constexpr size_t kShown = 4;
    std::string out;
    for (size_t i = 0; i < std::min(kShown, kinds.size()); ++i)
        out += (i ? ", " : "") + (kinds[i].second > 1 ? std::to_string(kinds[i].second) + ' ' : "")
            + kinds[i].first;
    if (kinds.size() > kShown)
        out += ", and " + std::to_string(kinds.size() - kShown) + " other operators";
    return out;
}

class Summary {
public:
    Summary(const GraphModule& a, const GraphModule& b)
        : a_(a)
        , b_(b) { }

    std::string of(const BodyDiff& d) const {
        std::vector<std::string> parts;
        const bool passed_on = only_passes_on(d);
        if (!d.only_a.empty())
            parts.push_back(counted_operators(a_, d.body_a, d.only_a) + " only in the first");
        if (!d.only_b.empty())
            parts.push_back(counted_operators(b_, d.body_b, d.only_b) + " only in the second");
        if (passed_on)
            return joined(parts)
                + (d.only_a.size() + d.only_b.size() == 1
                        ? ", which passes its value on: both compute the same"
                        : ", which pass their value on: both compute the same");
        groups(d, parts);
        fields(d, parts);
        return joined(parts);
    }

private:
    static std::string joined(const std::vector<std::string>& parts) {
        std::string out;
        for (const std::string& p : parts)
            out += (out.empty() ? "" : "; ") + p;
        return out;
    }

    void groups(const BodyDiff& d, std::vector<std::string>& parts) const {
        std::vector<std::pair<std::string, size_t>> kinds;
        for (const NodeGroup& g : d.groups) {
            std::string text =
                counted_operators(a_, d.body_a, g.a) + " became " + counted_operators(b_, d.body_b, g.b);
            const auto at =
                std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == text; });
            if (at == kinds.end())
                kinds.emplace_back(std::move(text), 1);
            else
                ++at->second;
        }
        constexpr size_t kShown = 3;
        for (size_t i = 0; i < std::min(kShown, kinds.size()); ++i)
            parts.push_back(kinds[i].first
                + (kinds[i].second > 1 ? " (" + std::to_string(kinds[i].second) + " times)" : ""));
        if (kinds.size() > kShown)
            parts.push_back(std::to_string(kinds.size() - kShown) + " other replacements");
    }

    // Field by field, with the first node as an example. Other operands follow from what is only in one body.
    void fields(const BodyDiff& d, std::vector<std::string>& parts) const {
        struct Seen {
            size_t nodes = 0;
            std::string example;
        };
        std::map<Field, Seen> seen;
        const bool follows = !d.only_a.empty() || !d.only_b.empty() || !d.groups.empty();
        for (const PairedNodes& p : d.pairs) {
            std::vector<Field> here;
            for (const FieldDifference& f : p.fields) {
                if ((f.field == Field::Operand && follows)
                    || std::find(here.begin(), here.end(), f.field) != here.end())
                    continue;
                here.push_back(f.field);
                Seen& s = seen[f.field];
                if (s.nodes++ == 0)
                    s.example = example(d, p, f);
            }
        }
        for (const auto& [field, s] : seen)
            parts.push_back(field_words(field) + " of " + counted(s.nodes, "node") + " (" + s.example + ')');
        if (parts.empty() && d.changed() > 0)
            parts.push_back(counted(d.changed(), "node") + " with other operands");
    }
    std::string example(const BodyDiff& d, const PairedNodes& p, const FieldDifference& f) const {
        const Node& n = a_.body(d.body_a).node(p.a);
        std::string out = n.op == Opcode::Output ? "output" : std::string(a_.text(n.name));
        if (!f.where.empty())
            out += ", " + f.where;
        if (f.expected.empty() && f.found.empty())
            return out;
        const auto shown = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
        return out + ": " + shown(f.expected) + " → " + shown(f.found);
    }
    static std::string field_words(Field f) {
        return f == Field::Target ? "operator" : std::string(field_name(f));
    }

    // Whether all that is only in one body hands its operand on, and nothing else differs: then each pair
    // reads the same values.
    bool only_passes_on(const BodyDiff& d) const {
        const auto all = [](const GraphModule& m, BodyId body, const std::vector<NodeId>& nodes) {
            return std::all_of(
                nodes.begin(), nodes.end(), [&](NodeId n) { return passes_on(m, m.body(body).node(n)); });
        };
        if ((d.only_a.empty() && d.only_b.empty()) || !d.groups.empty() || !all(a_, d.body_a, d.only_a)
            || !all(b_, d.body_b, d.only_b))
            return false;
        std::vector<NodeId> to_b(a_.body(d.body_a).nodes.size());
        for (const PairedNodes& p : d.pairs)
            to_b[p.a.index] = p.b;
        return std::all_of(d.pairs.begin(), d.pairs.end(), [&](const PairedNodes& p) {
            if (std::any_of(p.fields.begin(), p.fields.end(),
                    [](const FieldDifference& f) { return f.field != Field::Operand; }))
                return false;
            return p.fields.empty() || same_values(d, p, to_b);
        });
    }
    bool same_values(const BodyDiff& d, const PairedNodes& p, const std::vector<NodeId>& to_b) const {
        const Body& x = a_.body(d.body_a);
        const Body& y = b_.body(d.body_b);
        const std::vector<NodeId> left = operands(x, x.node(p.a)), right = operands(y, y.node(p.b));
        return left.size() == right.size()
            && std::equal(left.begin(), left.end(), right.begin(),
                [&](NodeId u, NodeId v) { return to_b[origin(a_, x, u).index] == origin(b_, y, v); });
    }
    // What a value is a copy of; an operand stands before its user.
    static NodeId origin(const GraphModule& m, const Body& body, NodeId node) {
        while (passes_on(m, body.node(node))) {
            const std::vector<NodeId> from = operands(body, body.node(node));
            if (from.empty() || from.front() >= node)
                break;
            node = from.front();
        }
        return node;
    }

    const GraphModule& a_;
    const GraphModule& b_;
};

} // namespace

std::string difference_summary(
    const GraphModule& a, const GraphModule& b, const std::vector<BodyDiff>& diffs) {
    const Summary summary(a, b);
    for (const BodyDiff& d : diffs)
        if (std::string text = summary.of(d); !text.empty()) {
            // A caller differs by the body that it calls alone: that one tells more.
            const bool called = &d == &diffs.front() && diffs.size() > 1 && d.groups.empty()
                && d.only_a.empty() && d.only_b.empty()
                && std::all_of(d.pairs.begin(), d.pairs.end(), [](const PairedNodes& p) {
                       return std::all_of(p.fields.begin(), p.fields.end(),
                           [](const FieldDifference& f) { return f.field == Field::Body; });
                   });
            if (called)
                continue;
            return (&d == &diffs.front() ? "" : "in " + body_path(a, d.body_a) + ": ") + text;
        }
    return {};
}

} // namespace hopscope
