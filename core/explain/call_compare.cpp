#include "core/explain/call_compare.h"

#include "core/explain/layouts.h"
#include "core/explain/reuse_log.h"

#include "core/graph/calls.h"
#include "core/match/match.h"

#include <algorithm>

namespace hopscope::explain_parts {

Mismatch type_mismatch(std::string against, std::string where, const FieldDifference& d) {
    // What has another form of type is another kind of value: a tensor, a symbol.
    const std::string field = d.field == Field::Type ? "kind" : std::string(field_name(d.field));
    return {std::move(against), std::move(where), field, d.expected, d.found, {Ground::Graph}};
}

namespace {

bool has_letter(std::string_view text) {
    return std::any_of(
        text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

bool is_symbol(const GraphModule& m, const Body& body, size_t i) {
    const ValueType* type = m.type(body.nodes[i].type);
    return type && type->kind == TypeKind::Sym;
}

// The operands that are tensors, by position; a lifted symbol moves them.
std::vector<size_t> tensors_of(const GraphModule& m, const Body& body) {
    std::vector<size_t> out;
    for (size_t i = 0; i < body.placeholder_count(); ++i)
        if (!is_symbol(m, body, i))
            out.push_back(i);
    return out;
}

// What differs between the types of two operands, in words, with what their layouts are.
void compare_operands(const std::string& against, size_t position, const std::string& name,
    const GraphModule& a, TypeId expected, const GraphModule& b, TypeId found, std::vector<Mismatch>& out) {
    std::vector<FieldDifference> fields;
    compare_types(a, expected, b, found, {}, fields);
    for (const FieldDifference& d : fields) {
        Mismatch m = type_mismatch(against, "operand " + std::to_string(position), d);
        m.name = name;
        if (d.field == Field::Stride) {
            m.expected_layout = layout_of(a, a.type(expected));
            m.found_layout = layout_of(b, b.type(found));
        }
        out.push_back(std::move(m));
    }
}

struct Candidate {
    std::string identifier;
    std::vector<Mismatch> fields;
    size_t certain = 0; // of them, those that do not just follow by elimination
};

} // namespace

CallSite CallComparer::site_of(const Invocation& invocation) {
    for (const CallSite site : {CallSite::Dynamo, CallSite::Inference, CallSite::Joint, CallSite::Forward})
        if (invocation.body(site).graph)
            return site;
    return CallSite::Dynamo;
}

std::vector<const Region*> CallComparer::installed() const {
    std::vector<const Region*> out;
    if (!inv_.region)
        return out;
    const Region& mine = ledger_.regions[inv_.region.index];
    for (const Region& other : ledger_.regions)
        if (&other != &mine && !other.invocations.empty()
            && other.invocations.front() < InvocationId(static_cast<size_t>(inv_.index))
            && same_function(mine, other))
            out.push_back(&other);
    return out;
}

// Nearest first: of what is certain the least, then fewest fields, then the one that was there first.
std::vector<Mismatch> CallComparer::against_all() {
    std::vector<Candidate> candidates;
    for (const Region* other : installed()) {
        Candidate c{other->identifier, against(*other)};
        c.certain = static_cast<size_t>(std::count_if(c.fields.begin(), c.fields.end(),
            [](const Mismatch& m) { return m.evidence.back() != Ground::Elimination; }));
        candidates.push_back(std::move(c));
    }
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& p, const Candidate& q) {
        return std::pair(p.certain, p.fields.size()) < std::pair(q.certain, q.fields.size());
    });
    std::vector<Mismatch> out;
    for (Candidate& c : candidates)
        out.insert(out.end(), c.fields.begin(), c.fields.end());
    return out;
}

// A call that was stamped out with a body that its operands do not fit: conditions compare all of these
// fields (torch/_dynamo/guards.py, extract_tensor_metadata), a key compares what the user's function reads.
std::vector<Mismatch> CallComparer::misfits() const {
    std::vector<Mismatch> out;
    const Place& at = inv_.call(CallSite::Dynamo);
    if (!at.graph || !inv_.region)
        return out;
    const GraphModule& m = *dump_.graph(at.graph).module;
    const auto call = region_call(m, at.body, at.node);
    if (!call || !call->body)
        return out;
    const Body& body = m.body(call->body);
    const std::string& identifier = ledger_.regions[inv_.region.index].identifier;
    std::vector<Mismatch> found;
    for (size_t i = 0; i < std::min(call->operands.size(), body.placeholder_count()); ++i)
        if (const NodeId operand = call->operands[i])
            compare_operands(identifier, i, name_at(i), m, body.nodes[i].type, m,
                m.body(at.body).node(operand).type, found);
    for (Mismatch& d : found)
        // Symbols of a body stand for what each call passes.
        if (d.field != "symbol"
            && (d.field == "dtype" || d.field == "device"
                || (!has_letter(d.expected) && !has_letter(d.found))))
            out.push_back(std::move(d));
    return out;
}

bool CallComparer::takes_symbols() const {
    const Place& at = inv_.body(CallSite::Dynamo);
    if (!at.graph)
        return true;
    const GraphModule& m = *dump_.graph(at.graph).module;
    const Body& body = m.body(at.body);
    for (size_t i = 0; i < body.placeholder_count(); ++i)
        if (is_symbol(m, body, i))
            return true;
    return false;
}

// None where no graph shows it, or where the call lies in another region's body.
NodeId CallComparer::operand_at(const Invocation& inv, size_t position) const {
    const Place& at = inv.call(site_);
    if (!at.graph)
        return {};
    const auto call = region_call(*dump_.graph(at.graph).module, at.body, at.node);
    return call && position < call->operands.size() ? call->operands[position] : NodeId();
}

// What a call passes at a position of its body, as far as the dump tells whether it requires a gradient.
std::optional<bool> CallComparer::gradient_at(const Invocation& inv, size_t position) const {
    const Place& at = inv.call(CallSite::Dynamo);
    const NodeId operand =
        site_ == CallSite::Dynamo && at.body == BodyId(0) ? operand_at(inv, position) : NodeId();
    return operand ? facts_.gradients.of(at.graph)[operand.index] : std::nullopt;
}

std::string CallComparer::name_at(size_t position) const {
    const Place& at = inv_.call(site_);
    const NodeId operand = operand_at(inv_, position);
    return operand ? facts_.names.of({at.graph, at.body, operand}).text() : std::string();
}

// Adds the operands of which one requires a gradient and the other does not; false where that is not known of
// all of them.
bool CallComparer::compare_gradients(const Region& other, const std::vector<std::pair<size_t, size_t>>& pairs,
    std::vector<Mismatch>& out) const {
    bool all = true;
    for (const auto& [i, k] : pairs) {
        const auto expected = gradient_at(ledger_.invocation(other.invocations.front()), i);
        const auto found = gradient_at(inv_, k);
        all = all && expected && found;
        if (expected && found && *expected != *found)
            out.push_back({other.identifier, "operand " + std::to_string(k), "requires_grad",
                *expected ? "True" : "False", *found ? "True" : "False", {Ground::Graph}, name_at(k)});
    }
    return all;
}

std::vector<Mismatch> CallComparer::against(const Region& other) {
    std::vector<Mismatch> out;
    const Place& x = ledger_.invocation(other.invocations.front()).body(site_);
    const Place& y = inv_.body(site_);
    if (!x.graph || !y.graph)
        return out;
    compared_ = true;
    const GraphModule& a = *dump_.graph(x.graph).module;
    const GraphModule& b = *dump_.graph(y.graph).module;
    const Body& p = a.body(x.body);
    const Body& q = b.body(y.body);
    const size_t n = p.placeholder_count();
    const size_t m = q.placeholder_count();
    if (n != m)
        out.push_back(
            {other.identifier, "operands", "count", std::to_string(n), std::to_string(m), {Ground::Graph}});
    // With operands more or less, the i-th of one need not be the i-th of the other; symbols that are lifted
    // apart, tensors may still be.
    std::vector<std::pair<size_t, size_t>> pairs;
    const std::vector<size_t> left = tensors_of(a, p), right = tensors_of(b, q);
    if (n == m)
        for (size_t i = 0; i < n; ++i)
            pairs.emplace_back(i, i);
    else if (left.size() == right.size())
        for (size_t i = 0; i < left.size(); ++i)
            pairs.emplace_back(left[i], right[i]);
    for (const auto& [i, k] : pairs)
        compare_operands(other.identifier, k, name_at(k), a, p.nodes[i].type, b, q.nodes[k].type, out);
    // Where tensors are more or less, those in front are taken for each other as far as gradients go.
    const bool apart = pairs.empty() && n != m;
    for (size_t i = 0; apart && i < std::min(n, m); ++i) {
        std::vector<FieldDifference> found;
        compare_types(a, p.nodes[i].type, b, q.nodes[i].type, {}, found);
        unclear_ = unclear_ || !found.empty();
        pairs.emplace_back(i, i);
    }
    gradients_known_ = compare_gradients(other, pairs, out) && !apart && gradients_known_;
    if (out.empty())
        inside(other.identifier, a, x.body, b, y.body, out);
    return out;
}

// The same inputs: then the bodies differ in what they do, or in what their text does not show.
void CallComparer::inside(const std::string& identifier, const GraphModule& a, BodyId x, const GraphModule& b,
    BodyId y, std::vector<Mismatch>& out) const {
    const MatchResult r = match_bodies(Canon(a), x, Canon(b), y);
    if (r.equal()) {
        // PyTorch compares the placeholders' fake tensors as well (are_same_graph_modules): of what makes two
        // of them unequal, only this is not in the text. Where it is known to be the same, nothing that the
        // dump shows differs.
        if (!gradients_known_)
            out.push_back({identifier, "operands", "requires_grad", {}, {}, {Ground::Elimination}});
        // A size that is passed is compared as an object (invoke_subgraph.py, is_reusable;
        // higher_order_ops.py, are_same_graph_modules): the same one taken again may be another object.
        for (size_t i = 0; i < b.body(y).placeholder_count(); ++i)
            if (is_symbol(b, b.body(y), i))
                out.push_back(
                    {identifier, "operand " + std::to_string(i), "symbol", {}, {}, {Ground::Elimination}});
        return;
    }
    const Difference& d = *r.difference;
    const NodeId node = d.a ? d.a : d.b;
    const GraphModule& m = d.a ? a : b;
    const BodyId body = d.a ? d.body_a : d.body_b;
    std::string where = node ? "node " + std::string(m.text(m.body(body).node(node).name)) : "";
    if (!d.what.where.empty())
        where += (where.empty() ? "" : ", ") + d.what.where;
    const bool output = node && m.body(body).node(node).op == Opcode::Output;
    const std::string field = output ? "output" : d.what.field == Field::Constant ? "constant" : "operator";
    out.push_back({identifier, where, field, d.what.expected, d.what.found, {Ground::Graph}});
}

} // namespace hopscope::explain_parts
