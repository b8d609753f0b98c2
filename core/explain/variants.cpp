// Why a forward body has several backward bodies: its tangents differ
// (torch/_higher_order_ops/invoke_subgraph.py, InvokeSubgraphAutogradOp.backward: one body for each metadata
// of the tangents).
#include "core/explain/parts.h"

#include "core/graph/calls.h"
#include "core/graph/reading.h"
#include "core/graph/roles.h"
#include "core/regions/storages.h"

#include <algorithm>
#include <map>

namespace hopscope::explain_parts {

namespace {

// The placeholders that are tangents; in the partitioned bodies they stand last.
std::vector<size_t> tangents(const GraphModule& m, BodyId body) {
    std::vector<size_t> out;
    const Body& b = m.body(body);
    for (size_t i = 0, n = b.placeholder_count(); i < n; ++i)
        if (is_tangent(m, b.nodes[i]))
            out.push_back(i);
    return out;
}

bool reported(const Dump& dump, CompilationId compilation, const std::string& identifier) {
    const IdentifierParts mine = identifier_parts(identifier);
    return std::any_of(dump.duplicates.begin(), dump.duplicates.end(), [&](const BackwardDuplicate& d) {
        const IdentifierParts theirs = identifier_parts(d.backward_identifier);
        return d.compilation == compilation && theirs.region == mine.region && theirs.variant == mine.variant;
    });
}

class Variants {
public:
    Variants(const Dump& dump, const CompilationLedger& ledger, const Region& region)
        : dump_(dump)
        , ledger_(ledger)
        , region_(region) { }

    void run(RegionAnswer& answer) {
        std::vector<const RegionBody*> bodies;
        for (const RegionBody& b : region_.bodies)
            if (b.site == CallSite::Backward && b.variant)
                bodies.push_back(&b);
        std::stable_sort(bodies.begin(), bodies.end(),
            [](const RegionBody* p, const RegionBody* q) { return p->variant < q->variant; });
        std::vector<VariantAnswer>& out = answer.variants;
        for (size_t i = 1; i < bodies.size(); ++i) {
            VariantAnswer& v = out.emplace_back();
            v.body = bodies[i]->identifier;
            v.place = bodies[i]->place;
            int odd = -1; // the first tangent that differs
            for (size_t k = 0; k < i; ++k)
                compare(*bodies[k], *bodies[i], v.differences, odd);
            const bool alias = std::any_of(v.differences.begin(), v.differences.end(), [](const Mismatch& m) {
                return m.field == "alias" && m.evidence.back() != Ground::Elimination;
            });
            v.cause = odd < 0 && alias ? shared_maker(*bodies[i]) : cause(*bodies[i], odd);
            for (const InvocationId call : region_.invocations)
                if (ledger_.invocation(call).variant == bodies[i]->variant)
                    v.calls.push_back(ledger_.invocation(call).index);
        }
        if (bodies.size() > 1)
            remedies(bodies, answer);
    }

private:
    void compare(
        const RegionBody& first, const RegionBody& second, std::vector<Mismatch>& out, int& odd) const {
        const GraphModule& a = *dump_.graph(first.place.graph).module;
        const GraphModule& b = *dump_.graph(second.place.graph).module;
        const auto s = tangents(a, first.place.body);
        const auto t = tangents(b, second.place.body);
        std::vector<Ground> evidence{Ground::Graph};
        if (reported(dump_, ledger_.compilation, second.identifier))
            evidence.push_back(Ground::Artifact);
        const size_t before = out.size();
        if (s.size() != t.size())
            out.push_back({first.identifier, "tangents", "count", std::to_string(s.size()),
                std::to_string(t.size()), evidence});
        for (size_t i = 0; i < std::min(s.size(), t.size()); ++i) {
            std::vector<FieldDifference> found;
            compare_types(a, a.body(first.place.body).nodes[s[i]].type, b,
                b.body(second.place.body).nodes[t[i]].type, {}, found);
            for (const FieldDifference& d : found) {
                Mismatch m = type_mismatch(first.identifier, "tangent " + std::to_string(i), d);
                m.evidence = evidence;
                out.push_back(std::move(m));
                odd = odd < 0 ? static_cast<int>(i) : odd;
            }
        }
        // The key of the cache has the aliasing of the tangents too: which of them lie in one storage.
        const std::optional<std::string> expected = aliasing(first), found = aliasing(second);
        if (expected && found && *expected != *found)
            out.push_back({first.identifier, "tangents", "alias", *expected, *found, evidence});
        else if (out.size() == before)
            out.push_back({first.identifier, "tangents", "alias", {}, {}, {Ground::Elimination}});
    }

    // Which tangents lie in which storage, by what a call of the body passes.
    struct Storages {
        Place call; // of the graph; the nodes are in its body
        std::map<regions::At, std::vector<size_t>> positions;
        std::vector<NodeId> operands; // by tangent
    };
    std::optional<Storages> storages(const RegionBody& body) const {
        for (const InvocationId i : region_.invocations) {
            const Invocation& inv = ledger_.invocation(i);
            const Place& at = inv.call(CallSite::Backward);
            if (inv.variant != body.variant || !at.graph || at.body != BodyId(0))
                continue;
            const GraphModule& m = *dump_.graph(at.graph).module;
            const auto call = region_call(m, at.body, at.node);
            if (!call)
                return std::nullopt;
            regions::Follower follow(m, at.graph);
            Storages out{at, {}, {}};
            const auto inputs = tangents(*dump_.graph(body.place.graph).module, body.place.body);
            for (size_t t = 0; t < inputs.size(); ++t) {
                const NodeId operand =
                    inputs[t] < call->operands.size() ? call->operands[inputs[t]] : NodeId();
                if (!operand)
                    return std::nullopt;
                out.positions[follow.storage({0, operand})].push_back(t);
                out.operands.push_back(operand);
            }
            return out;
        }
        return std::nullopt;
    }
    // "0 and 1 in one storage", "each in its own"; none where no graph shows a call.
    std::optional<std::string> aliasing(const RegionBody& body) const {
        const auto found = storages(body);
        return found ? std::optional(groups_text(found->positions)) : std::nullopt;
    }
    // What made the first tangents that lie in one storage.
    Place shared_maker(const RegionBody& body) const {
        const auto found = storages(body);
        const std::vector<size_t>* first = nullptr;
        if (found)
            for (const auto& [storage, positions] : found->positions)
                if (positions.size() > 1 && (!first || positions < *first))
                    first = &positions;
        if (!first)
            return {};
        const GraphModule& m = *dump_.graph(found->call.graph).module;
        const Place at{found->call.graph, found->call.body, found->operands[first->front()]};
        return m.body(at.body).node(at.node).op == Opcode::CallFunction ? maker(m, at) : Place();
    }
    static std::string groups_text(const std::map<regions::At, std::vector<size_t>>& by_storage) {
        std::vector<std::vector<size_t>> shared;
        for (const auto& [storage, positions] : by_storage)
            if (positions.size() > 1)
                shared.push_back(positions);
        std::sort(shared.begin(), shared.end());
        std::string out;
        for (const std::vector<size_t>& group : shared) {
            out += out.empty() ? "" : "; ";
            for (size_t i = 0; i < group.size(); ++i)
                out += (i == 0 ? "" : i + 1 == group.size() ? " and " : ", ") + std::to_string(group[i]);
            out += " in one storage";
        }
        return out.empty() ? "each in its own storage" : out;
    }

    // How many bodies would be left if one field of one tangent were the same in all.
    void remedies(const std::vector<const RegionBody*>& bodies, RegionAnswer& answer) const {
        const auto differs = [&](size_t a, size_t b, const std::string& where, const std::string& field) {
            std::vector<Mismatch> found;
            int odd = -1;
            compare(*bodies[a], *bodies[b], found, odd);
            return std::any_of(found.begin(), found.end(),
                [&](const Mismatch& m) { return m.where != where || m.field != field; });
        };
        for (const VariantAnswer& v : answer.variants)
            for (const Mismatch& m : v.differences) {
                if (m.field == "count" || m.evidence.back() == Ground::Elimination
                    || std::any_of(answer.remedies.begin(), answer.remedies.end(),
                        [&](const VariantRemedy& r) { return r.where == m.where && r.field == m.field; }))
                    continue;
                std::vector<size_t> kept;
                for (size_t i = 0; i < bodies.size(); ++i)
                    if (std::all_of(kept.begin(), kept.end(),
                            [&](size_t k) { return differs(k, i, m.where, m.field); }))
                        kept.push_back(i);
                if (kept.size() < bodies.size())
                    answer.remedies.push_back({m.where, m.field, static_cast<int>(kept.size())});
            }
    }

    // The operator that feeds that tangent where a call of this variant is made.
    Place cause(const RegionBody& body, int odd) const {
        if (odd < 0)
            return {};
        for (const InvocationId i : region_.invocations) {
            const Invocation& inv = ledger_.invocation(i);
            const Place& call = inv.call(CallSite::Backward);
            if (inv.variant != body.variant || !call.graph)
                continue;
            const GraphModule& m = *dump_.graph(call.graph).module;
            const auto made = region_call(m, call.body, call.node);
            const auto inputs = tangents(*dump_.graph(body.place.graph).module, body.place.body);
            if (!made || static_cast<size_t>(odd) >= inputs.size()
                || inputs[static_cast<size_t>(odd)] >= made->operands.size())
                return {};
            const NodeId operand = made->operands[inputs[static_cast<size_t>(odd)]];
            // An input of the backward graph came so from outside.
            if (operand && m.body(call.body).node(operand).op == Opcode::CallFunction)
                return maker(m, {call.graph, call.body, operand});
            return {};
        }
        return {};
    }

    // What another region returns is made in its body.
    static Place maker(const GraphModule& m, Place at) {
        for (size_t level = 0; level < m.bodies.size(); ++level) {
            const auto item = tuple_item(m, m.body(at.body), at.node);
            const auto call = item ? region_call(m, at.body, item->of) : std::nullopt;
            if (!call || !call->body)
                return at;
            const auto results = results_of(m.body(call->body));
            const NodeId node = item->index < results.size() ? results[item->index]->node() : NodeId();
            if (!node || m.body(call->body).node(node).op != Opcode::CallFunction)
                return at;
            at = {at.graph, call->body, node};
        }
        return at;
    }

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Region& region_;
};

} // namespace

void explain_variants(const Dump& dump, const CompilationLedger& ledger, RegionAnswer& answer) {
    Variants(dump, ledger, ledger.regions[static_cast<size_t>(answer.region)]).run(answer);
}

} // namespace hopscope::explain_parts
