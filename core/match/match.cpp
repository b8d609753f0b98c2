#include "core/match/match.h"

#include "core/match/effects.h"
#include "core/match/first_difference.h"
#include "core/match/tokens.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace hopscope {

using namespace match;

namespace {

// Grows the mapping of one pair of bodies. From the outputs down everything is forced: arguments have an
// order, so the k-th of one can only be the k-th of the other. What reaches no output hangs on nodes without
// users, which are tried by place.
class Mapper {
public:
    Mapper(const Canon& a, BodyId body_a, const Canon& b, BodyId body_b)
        : a_(a)
        , b_(b)
        , scope_a_(body_a)
        , scope_b_(body_b)
        , body_a_(a.module().body(body_a))
        , body_b_(b.module().body(body_b))
        , effects_a_(effects_of(a.module(), body_a_))
        , effects_b_(effects_of(b.module(), body_b_))
        , to_b_(body_a_.nodes.size())
        , to_a_(body_b_.nodes.size()) { }

    // False where no mapping was found; difference() then says what was in the way.
    bool run() {
        const size_t inputs = body_a_.placeholder_count();
        if (inputs != body_b_.placeholder_count()) {
            whole({Field::Count, "inputs", std::to_string(inputs),
                std::to_string(body_b_.placeholder_count())});
            return false;
        }
        if (body_a_.nodes.size() != body_b_.nodes.size()) {
            whole({Field::Count, "nodes", std::to_string(body_a_.nodes.size()),
                std::to_string(body_b_.nodes.size())});
            return false;
        }
        if (a_.options().order)
            return in_order() && attributes();
        bool same = true;
        for (size_t i = 0; i < inputs; ++i)
            same = pair(NodeId(i), NodeId(i)) && same;
        const NodeId out_a = output(body_a_);
        const NodeId out_b = output(body_b_);
        if (out_a && out_b)
            same = pair(out_a, out_b) && same;
        return same && unused() && attributes();
    }

    std::vector<NodeId> take() { return std::move(to_b_); }
    const std::optional<Difference>& difference() const { return difference_; }

private:
    static NodeId output(const Body& body) {
        for (size_t i = body.nodes.size(); i-- > 0;)
            if (body.nodes[i].op == Opcode::Output)
                return NodeId(i);
        return {};
    }

    void whole(FieldDifference what) {
        difference_ = Difference{scope_a_, scope_b_, {}, {}, std::move(what)};
    }
    // The one that stands first in a is kept.
    void differs(NodeId x, NodeId y, FieldDifference what) {
        if (quiet_ || (difference_ && !(difference_->a && x < difference_->a)))
            return;
        difference_ = Difference{scope_a_, scope_b_, x, y, std::move(what)};
    }

    // Maps x to y, and what follows from it; false if that cannot be.
    bool pair(NodeId x, NodeId y) {
        open_.clear();
        open_.emplace_back(x, y);
        bool same = true;
        while (!open_.empty()) {
            const auto [s, t] = open_.back();
            open_.pop_back();
            same = one(s, t) && same;
            if (!same && quiet_)
                return false;
        }
        return same;
    }

    bool one(NodeId x, NodeId y) {
        if (to_b_[x.index] || to_a_[y.index]) {
            if (to_b_[x.index] == y)
                return true;
            const NodeId other = to_b_[x.index];
            differs(x, y,
                {Field::Operand, "use", other ? name(b_, body_b_, other) : std::string(),
                    name(b_, body_b_, y)});
            return false;
        }
        to_b_[x.index] = y;
        to_a_[y.index] = x;
        trail_.emplace_back(x, y);
        found_.clear();
        compare_nodes(a_.module(), scope_a_, x, b_.module(), scope_b_, y, a_.options(), found_);
        moments(x, y);
        if (!found_.empty()) {
            differs(x, y, found_.front());
            const Field f = found_.front().field;
            if (f == Field::Kind || f == Field::Target || f == Field::Count || f == Field::Tree)
                return false; // its operands are others
        }
        operands(x, y);
        return found_.empty();
    }

    void moments(NodeId x, NodeId y) {
        if (effects_a_.moments[x.index] != effects_b_.moments[y.index])
            found_.push_back({Field::Mutation, {}, {}, {}});
        const bool call = body_a_.node(x).op != Opcode::Placeholder && body_a_.node(x).op != Opcode::GetAttr
            && body_a_.node(x).op != Opcode::Output;
        const uint32_t p = effects_a_.modes[x.index];
        const uint32_t q = effects_b_.modes[y.index];
        if (call && p != q)
            found_.push_back(
                {Field::SideEffect, "mode switches before it", std::to_string(p), std::to_string(q)});
    }

    void operands(NodeId x, NodeId y) {
        tokens_of(a_.module(), scope_a_, x, a_.options(), tokens_a_);
        tokens_of(b_.module(), scope_b_, y, b_.options(), tokens_b_);
        const size_t n = std::min(tokens_a_.size(), tokens_b_.size());
        for (size_t i = 0; i < n; ++i)
            if (tokens_a_[i].kind == Token::Kind::Node && tokens_b_[i].kind == Token::Kind::Node)
                open_.emplace_back(tokens_a_[i].arg->node(), tokens_b_[i].arg->node());
    }

    bool in_order() {
        bool same = true;
        for (size_t i = 0; i < body_a_.nodes.size(); ++i)
            same = pair(NodeId(i), NodeId(i)) && same;
        return same;
    }

    // From the end, a node that is still free has no users that are: a side effect, or a result that nobody
    // reads.
    bool unused() {
        std::unordered_map<uint64_t, std::vector<NodeId>> free_b;
        const auto places_b = b_.places(scope_b_);
        for (size_t i = 0; i < body_b_.nodes.size(); ++i)
            if (!to_a_[i])
                free_b[places_b[i]].push_back(NodeId(i));
        const auto places_a = a_.places(scope_a_);
        for (size_t i = body_a_.nodes.size(); i-- > 0;)
            if (!to_b_[i] && !place_unused(NodeId(i), free_b[places_a[i]]))
                return false;
        return true;
    }

    // Candidates of one place nearly always serve, the last one first; a few more are tried where twins hang
    // together.
    bool place_unused(NodeId x, std::vector<NodeId>& candidates) {
        constexpr size_t kTries = 64;
        while (!candidates.empty() && to_a_[candidates.back().index])
            candidates.pop_back();
        size_t tries = 0;
        for (size_t k = candidates.size(); k-- > 0 && tries < kTries;) {
            if (to_a_[candidates[k].index])
                continue;
            ++tries;
            const size_t mark = trail_.size();
            quiet_ = true;
            const bool same = pair(x, candidates[k]);
            quiet_ = false;
            if (same)
                return true;
            for (; trail_.size() > mark; trail_.pop_back()) {
                to_b_[trail_.back().first.index] = {};
                to_a_[trail_.back().second.index] = {};
            }
        }
        differs(x, {}, {Field::Count, {}, name(a_, body_a_, x), {}});
        return false;
    }

    // Attributes whose indices are looked past still stand for each other one to one.
    bool attributes() {
        if (a_.options().layer_indices)
            return true;
        std::unordered_map<std::string_view, std::string_view> there;
        std::unordered_map<std::string_view, std::string_view> back;
        for (size_t i = 0; i < to_b_.size(); ++i) {
            const Node& node = body_a_.nodes[i];
            if (!to_b_[i] || (node.op != Opcode::GetAttr && node.op != Opcode::CallModule))
                continue;
            if (child_body(a_.module(), scope_a_, node.target))
                continue;
            const std::string_view s = a_.module().text(node.target);
            const std::string_view t = b_.module().text(body_b_.node(to_b_[i]).target);
            const std::string_view known = there.try_emplace(s, t).first->second;
            if (known != t || back.try_emplace(t, s).first->second != s) {
                differs(NodeId(i), to_b_[i], {Field::Attribute, {}, std::string(known), std::string(t)});
                return false;
            }
        }
        return true;
    }

    static std::string name(const Canon& canon, const Body& body, NodeId node) {
        return std::string(canon.module().text(body.node(node).name));
    }

    const Canon& a_;
    const Canon& b_;
    BodyId scope_a_, scope_b_;
    const Body& body_a_;
    const Body& body_b_;
    Effects effects_a_, effects_b_;
    std::vector<NodeId> to_b_, to_a_;
    std::vector<std::pair<NodeId, NodeId>> open_, trail_;
    std::vector<FieldDifference> found_;
    std::vector<Token> tokens_a_, tokens_b_;
    std::optional<Difference> difference_;
    bool quiet_ = false; // differences of a mere try are not told
};

} // namespace

MatchResult match_bodies(const Canon& a, BodyId body_a, const Canon& b, BodyId body_b) {
    MatchResult result;
    std::set<std::pair<BodyId, BodyId>> known{{body_a, body_b}};
    std::vector<std::pair<BodyId, BodyId>> open{{body_a, body_b}};
    for (size_t i = 0; i < open.size(); ++i) {
        const auto [s, t] = open[i];
        Mapper mapper(a, s, b, t);
        const bool mapped = mapper.run();
        if (!mapped || a.hash(s) != b.hash(t)) {
            result.difference = first_difference(a, s, b, t, mapper.difference());
            result.bodies.clear();
            return result;
        }
        BodyMapping& mapping = result.bodies.emplace_back(BodyMapping{s, t, mapper.take()});
        const Body& x = a.module().body(s);
        const Body& y = b.module().body(t);
        for (size_t n = 0; n < x.nodes.size(); ++n) {
            if (x.nodes[n].op != Opcode::GetAttr || !mapping.to_b[n])
                continue;
            const BodyId child_a = child_body(a.module(), s, x.nodes[n].target);
            const BodyId child_b = child_body(b.module(), t, y.node(mapping.to_b[n]).target);
            if (child_a && child_b && known.emplace(child_a, child_b).second)
                open.emplace_back(child_a, child_b);
        }
    }
    return result;
}

} // namespace hopscope
