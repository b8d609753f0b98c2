#include "core/diff/diff.h"

#include "core/diff/pairing.h"
#include "core/match/match.h"
#include "core/match/tokens.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

namespace hopscope {

using namespace diff;
using match::Token;

std::string_view paired_by_name(PairedBy how) {
    static constexpr std::array<std::string_view, 6> kNames{
        "value", "use", "neighbour", "place", "name", "surroundings"};
    return kNames[static_cast<size_t>(how)];
}

bool BodyDiff::equal() const {
    return groups.empty() && only_a.empty() && only_b.empty() && changed() == 0;
}

size_t BodyDiff::same() const {
    return static_cast<size_t>(
        std::count_if(pairs.begin(), pairs.end(), [](const PairedNodes& p) { return p.fields.empty(); }));
}

size_t BodyDiff::changed() const {
    return pairs.size() - same();
}

std::string_view set_ignored(std::string_view list, MatchOptions& options) {
    struct Word {
        std::string_view word;
        bool MatchOptions::*counts;
    };
    static constexpr std::array<Word, 10> kWords{{{"names", &MatchOptions::names},
        {"order", &MatchOptions::order}, {"locations", &MatchOptions::locations}, {"ids", &MatchOptions::ids},
        {"layers", &MatchOptions::layer_indices}, {"dtypes", &MatchOptions::dtypes},
        {"shapes", &MatchOptions::shapes}, {"strides", &MatchOptions::strides},
        {"devices", &MatchOptions::devices}, {"constants", &MatchOptions::constants}}};
    for (const Word& w : kWords)
        options.*w.counts = true;
    while (!list.empty()) {
        const size_t comma = list.find(',');
        const std::string_view word = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (word.empty() || word == "none")
            continue;
        const auto at =
            std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.word == word; });
        if (at == kWords.end())
            return word;
        options.*at->counts = false;
    }
    return {};
}

namespace {

class Differ {
public:
    Differ(const GraphModule& a, const GraphModule& b, const MatchOptions& options)
        : a_(a)
        , b_(b)
        , options_(options)
        , full_a_(a, pairing_options(true))
        , full_b_(b, pairing_options(true))
        , shape_a_(a, pairing_options(false))
        , shape_b_(b, pairing_options(false)) {
        options_.open = true;
    }

    std::vector<BodyDiff> run(BodyId body_a, BodyId body_b) {
        std::vector<BodyDiff> out;
        open_.emplace_back(body_a, body_b);
        known_.emplace(body_a, body_b);
        for (size_t i = 0; i < open_.size(); ++i) {
            BodyDiff d = bodies(open_[i].first, open_[i].second);
            if (i == 0 || !d.equal())
                out.push_back(std::move(d));
        }
        return out;
    }

private:
    static MatchOptions pairing_options(bool constants) {
        MatchOptions o = structure_only();
        o.layer_indices = o.constants = o.dtypes = constants;
        o.open = true;
        return o;
    }

    BodyDiff bodies(BodyId body_a, BodyId body_b) {
        const Body& x = a_.body(body_a);
        const Body& y = b_.body(body_b);
        Pairing pairing({&a_, body_a, &x, full_a_.kinds(body_a), shape_a_.kinds(body_a)},
            {&b_, body_b, &y, full_b_.kinds(body_b), shape_b_.kinds(body_b)});
        pairing.run();
        BodyDiff d;
        d.body_a = body_a;
        d.body_b = body_b;
        d.groups = pairing.groups();
        std::sort(d.groups.begin(), d.groups.end(),
            [](const NodeGroup& p, const NodeGroup& q) { return p.a[0] < q.a[0]; });
        group_a_.assign(x.nodes.size(), UINT32_MAX);
        group_b_.assign(y.nodes.size(), UINT32_MAX);
        for (size_t g = 0; g < d.groups.size(); ++g) {
            for (const NodeId n : d.groups[g].a)
                group_a_[n.index] = static_cast<uint32_t>(g);
            for (const NodeId n : d.groups[g].b)
                group_b_[n.index] = static_cast<uint32_t>(g);
        }
        for (size_t i = 0; i < x.nodes.size(); ++i) {
            if (const NodeId to = pairing.to_b()[i])
                d.pairs.push_back(
                    {NodeId(i), to, pairing.how(NodeId(i)), fields(body_a, NodeId(i), body_b, to, pairing)});
            else if (group_a_[i] == UINT32_MAX)
                d.only_a.push_back(NodeId(i));
        }
        for (size_t i = 0; i < y.nodes.size(); ++i)
            if (!pairing.to_a()[i] && group_b_[i] == UINT32_MAX)
                d.only_b.push_back(NodeId(i));
        return d;
    }

    std::vector<FieldDifference> fields(
        BodyId body_a, NodeId x, BodyId body_b, NodeId y, const Pairing& pairing) {
        std::vector<FieldDifference> out;
        compare_nodes(a_, body_a, x, b_, body_b, y, options_, out);
        const Node& s = a_.body(body_a).node(x);
        const Node& t = b_.body(body_b).node(y);
        const bool other_operator = std::any_of(out.begin(), out.end(),
            [](const FieldDifference& f) { return f.field == Field::Target || f.field == Field::Kind; });
        if (other_operator)
            compare_types(a_, s.type, b_, t.type, options_, out);
        else
            wiring(body_a, x, body_b, y, pairing, out);
        if (s.op == Opcode::GetAttr && t.op == Opcode::GetAttr)
            called(body_a, s, body_b, t, out);
        return out;
    }

    // Operands that are not each other's counterpart. What is part of a group counts as its counterpart.
    void wiring(BodyId body_a, NodeId x, BodyId body_b, NodeId y, const Pairing& pairing,
        std::vector<FieldDifference>& out) {
        match::tokens_of(a_, body_a, x, options_, tokens_a_);
        match::tokens_of(b_, body_b, y, options_, tokens_b_);
        const bool output = a_.body(body_a).node(x).op == Opcode::Output;
        size_t item = 0;
        const size_t n = std::min(tokens_a_.size(), tokens_b_.size());
        for (size_t i = 0; i < n; ++i) {
            const Token& p = tokens_a_[i];
            const Token& q = tokens_b_[i];
            if (p.depth != q.depth)
                return; // told as tree or count
            item += p.depth == 1;
            if (p.kind != Token::Kind::Node || q.kind != Token::Kind::Node)
                continue;
            const NodeId u = p.arg->node();
            const NodeId v = q.arg->node();
            const bool grouped = group_a_[u.index] != UINT32_MAX && group_a_[u.index] == group_b_[v.index];
            if (pairing.to_b()[u.index] == v || grouped)
                continue;
            std::string where = output && item ? "output " + std::to_string(item - 1)
                                               : match::argument_name(a_, tokens_a_, i);
            out.push_back(
                {Field::Operand, std::move(where), std::string(a_.text(a_.body(body_a).node(u).name)),
                    std::string(b_.text(b_.body(body_b).node(v).name))});
        }
    }

    // Bodies behind paired calls are compared too; a call differs if they do.
    void called(
        BodyId body_a, const Node& s, BodyId body_b, const Node& t, std::vector<FieldDifference>& out) {
        const BodyId child_a = child_body(a_, body_a, s.target);
        const BodyId child_b = child_body(b_, body_b, t.target);
        if (!child_a || !child_b)
            return;
        if (!same_body_content(child_a, child_b))
            out.push_back({Field::Body, {}, std::string(a_.text(s.target)), std::string(b_.text(t.target))});
        if (known_.emplace(child_a, child_b).second)
            open_.emplace_back(child_a, child_b);
    }

    bool same_body_content(BodyId x, BodyId y) {
        const uint64_t key = (static_cast<uint64_t>(x.index) << 32) | y.index;
        const auto at = same_.find(key);
        if (at != same_.end())
            return at->second;
        if (!counted_a_) {
            counted_a_.emplace(a_, options_);
            counted_b_.emplace(b_, options_);
        }
        return same_[key] = match_bodies(*counted_a_, x, *counted_b_, y).equal();
    }

    const GraphModule& a_;
    const GraphModule& b_;
    MatchOptions options_; // which fields count
    Canon full_a_, full_b_, shape_a_, shape_b_; // what nodes are paired by
    std::optional<Canon> counted_a_, counted_b_;
    std::vector<std::pair<BodyId, BodyId>> open_;
    std::set<std::pair<BodyId, BodyId>> known_;
    std::unordered_map<uint64_t, bool> same_;
    std::vector<uint32_t> group_a_, group_b_; // by node: its group; UINT32_MAX = none
    std::vector<Token> tokens_a_, tokens_b_;
};

} // namespace

std::vector<BodyDiff> diff_bodies(
    const GraphModule& a, BodyId body_a, const GraphModule& b, BodyId body_b, const MatchOptions& options) {
    return Differ(a, b, options).run(body_a, body_b);
}

} // namespace hopscope
