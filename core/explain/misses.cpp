// A call that was traced again, against every body that was installed for its function at that time.
#include "core/explain/parts.h"
#include "core/explain/reuse_log.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/match/match.h"
#include "core/regions/exporting.h"

#include <algorithm>

namespace hopscope::explain_parts {

Mismatch type_mismatch(std::string against, std::string where, const FieldDifference& d) {
    // What has another form of type is another kind of value: a tensor, a symbol.
    const std::string field = d.field == Field::Type ? "kind" : std::string(field_name(d.field));
    return {std::move(against), std::move(where), field, d.expected, d.found, {Ground::Graph}};
}

namespace {

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

bool is_metadata(const Mismatch& m) {
    return m.field == "dtype" || m.field == "shape" || m.field == "stride" || m.field == "device";
}

class Call {
public:
    Call(const Dump& dump, const CompilationLedger& ledger, const Invocation& inv, Facts& facts)
        : dump_(dump)
        , ledger_(ledger)
        , inv_(inv)
        , facts_(facts)
        , log_(reuse_log(dump, ledger, inv)) { }

    CallAnswer run() {
        CallAnswer answer;
        answer.index = inv_.index;
        if (inv_.decision == Decision::RetracedNew)
            answer.differences = against_all();
        if (inv_.decision == Decision::RetracedNew || inv_.decision == Decision::RetracedSame
            || inv_.decision == Decision::Traced)
            add_log(answer.differences);
        if (inv_.decision == Decision::RetracedSame)
            add_what_is_not_shown(answer.differences);
        in_order(answer.differences);
        if (new_key())
            answer.differences.push_back(
                {{}, "key of the user's hash function", "guard", {}, "new", {Ground::Artifact}});
        if (inv_.decision == Decision::Reused || inv_.decision == Decision::ReusedByKey)
            answer.differences = operands_that_do_not_fit();
        answer.summary = sentence(answer.differences);
        answer.contradiction = contradiction_;
        return answer;
    }

private:
    struct Candidate {
        std::string identifier;
        std::vector<Mismatch> fields;
    };

    static bool told_by_log(const Mismatch& m) {
        return std::find(m.evidence.begin(), m.evidence.end(), Ground::TextLog) != m.evidence.end();
    }

    // A call that was stamped out with a body that its operands do not fit: conditions compare all of these
    // fields (torch/_dynamo/guards.py, extract_tensor_metadata), a key compares what the user's function
    // reads.
    std::vector<Mismatch> operands_that_do_not_fit() {
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
        for (size_t i = 0; i < std::min(call->operands.size(), body.placeholder_count()); ++i) {
            const NodeId operand = call->operands[i];
            std::vector<FieldDifference> found;
            if (operand)
                compare_types(m, body.nodes[i].type, m, m.body(at.body).node(operand).type, {}, found);
            for (const FieldDifference& d : found) {
                // Symbols of a body stand for what each call passes.
                if (d.field == Field::Symbol || has_letter(d.expected) != has_letter(d.found)
                    || (has_letter(d.expected) && d.field != Field::Dtype && d.field != Field::Device))
                    continue;
                out.push_back(type_mismatch(identifier, "operand " + std::to_string(i), d));
                out.back().name = name_at(i);
            }
        }
        if (!out.empty() && inv_.decision == Decision::Reused)
            contradiction_ = "the log or the timers say that the conditions of `" + identifier
                + "` held, and the graph passes operands that it does not fit";
        return out;
    }

    static bool has_letter(std::string_view text) {
        return std::any_of(text.begin(), text.end(),
            [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    }

    // Asked by key, and traced: no entry has it (find_reuse_entry_by_key).
    bool new_key() const {
        return inv_.timers.hash && !inv_.timers.stamp_out
            && (inv_.decision == Decision::RetracedNew || inv_.decision == Decision::RetracedSame);
    }

    // Body by body, as they were; of each what PyTorch itself names first.
    static void in_order(std::vector<Mismatch>& list) {
        std::vector<std::string> bodies;
        for (const Mismatch& m : list)
            if (std::find(bodies.begin(), bodies.end(), m.against) == bodies.end())
                bodies.push_back(m.against);
        const auto rank = [&](const Mismatch& m) {
            return std::pair(std::find(bodies.begin(), bodies.end(), m.against), !told_by_log(m));
        };
        std::stable_sort(list.begin(), list.end(),
            [&](const Mismatch& x, const Mismatch& y) { return rank(x) < rank(y); });
    }

    // Looked up, refused, traced, and found equal: what keeps a call from the conditions of a body that is
    // equal is in no graph. All that PyTorch compares is listed, but for what is known to be the same.
    void add_what_is_not_shown(std::vector<Mismatch>& out) const {
        if (!out.empty() || !inv_.messages.empty() || !inv_.timers.trace || inv_.timers.hash || !inv_.region
            || has_reuse_cache(dump_) == false || exported_strictly(dump_, ledger_.compilation))
            return;
        const std::string& body = ledger_.regions[inv_.region.index].identifier;
        if (!inv_.timers.lookup) { // no call of it was eligible, so that none left an entry to look up
            for (const char* field : {"output", "side_effect", "mutation", "kind"})
                out.push_back({{}, {}, field, {}, {}, {Ground::Elimination}});
            return;
        }
        for (const char* field : {"tree", "kind", "symbol", "constant", "guard", "mutation"})
            if (std::string_view(field) != "symbol" || takes_symbols())
                out.push_back({body, {}, field, {}, {}, {Ground::Elimination}});
    }
    bool takes_symbols() const {
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
    static bool is_symbol(const GraphModule& m, const Body& body, size_t i) {
        const ValueType* type = m.type(body.nodes[i].type);
        return type && type->kind == TypeKind::Sym;
    }
    // The operands that are tensors, by position; a lifted symbol moves them.
    static std::vector<size_t> tensors_of(const GraphModule& m, const Body& body) {
        std::vector<size_t> out;
        for (size_t i = 0; i < body.placeholder_count(); ++i)
            if (!is_symbol(m, body, i))
                out.push_back(i);
        return out;
    }

    // Nearest first: fewest fields, then the one that was there first.
    std::vector<Mismatch> against_all() const {
        std::vector<Candidate> candidates;
        for (const Region* other : installed())
            candidates.push_back({other->identifier, against(*other)});
        std::stable_sort(candidates.begin(), candidates.end(),
            [](const Candidate& p, const Candidate& q) { return p.fields.size() < q.fields.size(); });
        std::vector<Mismatch> out;
        for (Candidate& c : candidates)
            out.insert(out.end(), c.fields.begin(), c.fields.end());
        return out;
    }

    // The bodies of the same function that were there when this call came.
    std::vector<const Region*> installed() const {
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

    // What a call passes at a position of its body, as far as the dump tells whether it requires a gradient.
    std::optional<bool> gradient_at(const Invocation& inv, size_t position) const {
        const Place& at = inv.call(CallSite::Dynamo);
        if (!at.graph || at.body != BodyId(0))
            return std::nullopt;
        const auto call = region_call(*dump_.graph(at.graph).module, at.body, at.node);
        const NodeId operand = call && position < call->operands.size() ? call->operands[position] : NodeId();
        return operand ? facts_.gradients.of(at.graph)[operand.index] : std::nullopt;
    }
    std::string name_at(size_t position) const {
        const Place& at = inv_.call(CallSite::Dynamo);
        if (!at.graph)
            return {};
        const auto call = region_call(*dump_.graph(at.graph).module, at.body, at.node);
        const NodeId operand = call && position < call->operands.size() ? call->operands[position] : NodeId();
        return operand ? facts_.names.of({at.graph, at.body, operand}).text() : std::string();
    }

    // Adds the operands of which one requires a gradient and the other does not; false where that is not
    // known of all of them.
    bool compare_gradients(const Region& other, const std::vector<std::pair<size_t, size_t>>& pairs,
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

    std::vector<Mismatch> against(const Region& other) const {
        std::vector<Mismatch> out;
        const Place& x = ledger_.invocation(other.invocations.front()).body(CallSite::Dynamo);
        const Place& y = inv_.body(CallSite::Dynamo);
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
            out.push_back({other.identifier, "operands", "count", std::to_string(n), std::to_string(m),
                {Ground::Graph}});
        // With operands more or less, the i-th of one need not be the i-th of the other; symbols that are
        // lifted apart, tensors may still be.
        std::vector<std::pair<size_t, size_t>> pairs;
        const std::vector<size_t> left = tensors_of(a, p), right = tensors_of(b, q);
        if (n == m)
            for (size_t i = 0; i < n; ++i)
                pairs.emplace_back(i, i);
        else if (left.size() == right.size())
            for (size_t i = 0; i < left.size(); ++i)
                pairs.emplace_back(left[i], right[i]);
        for (const auto& [i, k] : pairs) {
            std::vector<FieldDifference> found;
            compare_types(a, p.nodes[i].type, b, q.nodes[k].type, {}, found);
            for (const FieldDifference& d : found) {
                out.push_back(type_mismatch(other.identifier, "operand " + std::to_string(k), d));
                out.back().name = name_at(k);
            }
        }
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
    void inside(const std::string& identifier, const GraphModule& a, BodyId x, const GraphModule& b, BodyId y,
        std::vector<Mismatch>& out) const {
        const MatchResult r = match_bodies(Canon(a), x, Canon(b), y);
        if (r.equal()) {
            // PyTorch compares the placeholders' fake tensors as well (are_same_graph_modules): of what makes
            // two of them unequal, only this is not in the text. Where it is known to be the same, nothing
            // that the dump shows differs.
            if (!gradients_known_)
                out.push_back({identifier, "operands", "requires_grad", {}, {}, {Ground::Elimination}});
            // A size that is passed is compared as an object (invoke_subgraph.py, is_reusable;
            // higher_order_ops.py, are_same_graph_modules): the same one taken again may be another object.
            for (size_t i = 0; i < b.body(y).placeholder_count(); ++i)
                if (is_symbol(b, b.body(y), i))
                    out.push_back({identifier, "operand " + std::to_string(i), "symbol", {}, {},
                        {Ground::Elimination}});
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
        const std::string field = output      ? "output"
            : d.what.field == Field::Constant ? "constant"
                                              : "operator";
        out.push_back({identifier, where, field, d.what.expected, d.what.found, {Ground::Graph}});
    }

    // What the log says beside the graphs: it confirms, or tells what no graph shows.
    void add_log(std::vector<Mismatch>& out) const {
        if (!log_.metadata.empty())
            add_metadata(out);
        for (Mismatch m : log_.told) {
            // With one body there, it is that one.
            const bool lookup = m.field != "output" && m.field != "side_effect";
            if (m.against.empty() && lookup)
                if (const auto bodies = installed(); bodies.size() == 1)
                    m.against = bodies.front()->identifier;
            const auto same = std::find_if(out.begin(), out.end(), [&](const Mismatch& o) {
                return o.against == m.against && o.field == m.field && o.found == m.found
                    && (o.where == m.where || (!o.name.empty() && o.name == m.where));
            });
            if (same == out.end())
                out.push_back(std::move(m));
            else if (!told_by_log(*same))
                same->evidence.insert(same->evidence.begin(), Ground::TextLog);
        }
    }

    // The log says that a tensor's metadata differs, never which of five fields.
    void add_metadata(std::vector<Mismatch>& out) const {
        const auto shown_by = [](const Mismatch& m) { return is_metadata(m) || m.field == "requires_grad"; };
        const bool open = !compared_ && open_fields(out);
        for (Mismatch& m : out)
            if (!open && shown_by(m) && log_.says_metadata(m.against))
                m.evidence.insert(m.evidence.begin(), Ground::TextLog);
        if (open || std::any_of(out.begin(), out.end(), shown_by))
            return;
        const std::string input = log_.metadata_input.empty() ? "an input" : log_.metadata_input;
        if (compared_ && !unclear_ && !gradients_known_) {
            out.push_back({{}, "operands", "requires_grad", {}, {}, {Ground::TextLog, Ground::Elimination}});
            return;
        }
        // All five are compared, and all five are in the graphs and records.
        if (compared_ && !unclear_ && inv_.decision == Decision::RetracedNew)
            contradiction_ = "the log finds the metadata of " + input
                + " other than that of each installed body, and by the graphs and the records of inputs "
                  "dtype, shape, stride, device and requires_grad of all operands are the same";
        for (const char* field : {"dtype", "shape", "stride", "device", "requires_grad"})
            out.push_back({{}, log_.metadata_input, field, {}, {}, {Ground::TextLog}});
    }

    // No graph shows the bodies (the compilation failed before it was printed): the log leaves five fields
    // open. The tensors that the compilation takes tell which of them differ at all; false where they tell
    // nothing.
    bool open_fields(std::vector<Mismatch>& out) const {
        const std::vector<std::string> differing = differing_inputs();
        if (differing.empty())
            return false;
        for (const bool likely : {true, false})
            for (const char* field : {"dtype", "shape", "stride", "device", "requires_grad"}) {
                const bool is = std::find(differing.begin(), differing.end(), field) != differing.end();
                if (is == likely)
                    out.push_back({{}, log_.metadata_input, field, {}, {},
                        likely ? std::vector{Ground::TextLog, Ground::Artifact}
                               : std::vector{Ground::TextLog}});
            }
        return true;
    }
    // In which fields the inputs of the compilation that are no weights differ among each other.
    std::vector<std::string> differing_inputs() const {
        std::vector<std::string> out;
        const DescribedInput* first = nullptr;
        const auto add = [&](const char* field, bool differs) {
            if (differs && std::find(out.begin(), out.end(), field) == out.end())
                out.emplace_back(field);
        };
        for (const DescribedInput& input : dump_.inputs) {
            if (input.compilation != ledger_.compilation || input.is_parameter)
                continue;
            if (!first)
                first = &input;
            add("dtype", input.dtype != first->dtype);
            add("shape", input.shape != first->shape);
            add("stride", input.stride != first->stride);
            add("requires_grad", input.requires_grad != first->requires_grad);
        }
        return out;
    }
    std::string input_hint() const {
        const std::vector<std::string> fields = differing_inputs();
        if (fields.empty() || compared_)
            return {};
        std::string out = "; the tensors that the compilation takes differ in ";
        for (size_t i = 0; i < fields.size(); ++i)
            out += (i == 0 ? "" : i + 1 == fields.size() ? " and " : ", ") + fields[i];
        std::vector<std::string> seen;
        std::string list;
        for (const DescribedInput& input : dump_.inputs) {
            if (input.compilation != ledger_.compilation || input.is_parameter)
                continue;
            const std::string name = user_name(input.source);
            if (std::find(seen.begin(), seen.end(), name) != seen.end())
                continue;
            seen.push_back(name);
            if (seen.size() <= 3)
                list += (list.empty() ? "" : ", ") + name + ' ' + input.shape;
        }
        return out + " (" + list + (seen.size() > 3 ? ", …" : "") + ')';
    }

    // Of the user's program; empty where no graph says it, or where it stands in PyTorch itself.
    std::string line() const {
        const Source* s = call_source(dump_, inv_);
        if (!s || !s->has_place() || has(dump_.graph(inv_.origin().graph).module->text(s->file), "/torch/"))
            return {};
        const std::string_view file = dump_.graph(inv_.origin().graph).module->text(s->file);
        return std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(s->line);
    }

    static std::string told(const Mismatch& m) {
        const std::string body = m.against.empty() ? "an installed body" : "`" + m.against + '`';
        const bool open = m.expected.empty() && m.found.empty() && m.evidence.back() == Ground::Elimination;
        if (open && m.field == "symbol" && !m.where.empty())
            return "nothing else that the dump shows differs from " + body + " than perhaps the symbol of "
                + m.where + ": a size is compared as an object, and the same one taken again may be another";
        if (open && m.against.empty() && m.field == "output")
            return "traced without a lookup: no call of this region is eligible for reuse; no graph shows "
                   "whether for an output that is no tensor or flat tuple of tensors, a side effect, a "
                   "source "
                   "that was written to, or an argument of a kind that takes no part";
        if (open && m.field != "requires_grad")
            return "no graph shows what keeps it from " + body
                + ": that its arguments are nested or named otherwise, are of another kind or another "
                  "constant, "
                  "a guard, or a source that was written to";
        if (m.expected.empty() && m.found.empty() && m.evidence.front() == Ground::TextLog
            && m.evidence.back() != Ground::Elimination && m.against.empty() && m.field != "tree")
            return (m.where.empty() ? "an input" : m.where)
                + " differs from an installed body in dtype, shape, stride, device or requires_grad; the log "
                  "does not "
                  "say in which, and no graph shows it";
        if (m.field == "requires_grad" && m.found.empty())
            return "nothing that the dump shows differs from " + body
                + "; what it does not show is whether the operands require a gradient";
        if (m.against.empty() && m.expected.empty()
            && (m.field == "output" || m.field == "side_effect" || m.field == "mutation"
                || m.field == "kind"))
            return "not eligible for reuse: " + m.found;
        if (m.field == "mutation" && !m.where.empty())
            return "a source that " + body + " reads was written to after it was traced: " + m.where;
        if (m.field == "tree")
            return "its arguments are nested or named otherwise than those of " + body;
        if (m.field == "requires_grad")
            return m.where + (m.name.empty() ? "" : " (" + m.name + ')')
                + (m.found == "True" ? " requires a gradient where " : " requires no gradient where ") + body
                + (m.expected == "True" ? " expects one that does" : " expects one that does not");
        // Operands are counted without repeats (torch/_dynamo/variables/higher_order_ops.py, lifted inputs).
        if (m.field == "count" && m.where == "operands")
            return "it takes " + m.found + " operands where " + body + " takes " + m.expected
                + " (a tensor or size that is passed twice counts once)";
        std::string out = (m.where.empty() ? "the call" : m.where)
            + (m.name.empty() ? "" : " (" + m.name + ')') + ": " + m.field;
        if (!m.found.empty())
            out += ' ' + m.found;
        if (!m.expected.empty())
            out += " where " + body + " expects " + m.expected;
        return out;
    }

    std::string sentence(const std::vector<Mismatch>& list) const {
        switch (inv_.decision) {
        case Decision::Reused:
            return "the conditions of an installed body held"
                + (list.empty() ? std::string() : ", and yet " + told(list.front()) + further(list));
        case Decision::ReusedByKey:
            return "the user's hash function gave the key of an installed body"
                + (list.empty() ? std::string("; what it does not read was not compared")
                                : ", which the call does not fit: " + told(list.front()) + further(list)
                            + "; the key is too coarse");
        case Decision::Failed:
            return inv_.reason.empty() ? "tracing ended in an error" : inv_.reason;
        case Decision::Unknown:
            return "the dump does not tell";
        case Decision::Traced:
            return "the first call of its function in this compilation"
                + (list.empty() ? std::string() : "; " + told(list.front()));
        case Decision::RetracedSame:
            if (new_key())
                return "the user's hash function gave a key that no entry has, and the body came out equal "
                       "to "
                       "an installed one: the key tells apart what is one body";
            if (!list.empty())
                return "an installed body was equal, but the call was traced; " + told(list.front());
            if (inv_.reason.empty() && has_reuse_cache(dump_) == false)
                return torch_name(dump_)
                    + " has no reuse cache: each call was traced, and this one's body was equal to an "
                      "installed one";
            return inv_.reason.empty()
                ? "an installed body was equal; the dump does not tell why the call was traced"
                : "an installed body was equal, but the call was traced; " + headline(inv_.reason);
        case Decision::RetracedNew:
            break;
        }
        if (list.empty())
            return (inv_.reason.empty() ? "traced, and a new body was installed: the dump does not tell why"
                                        : headline(inv_.reason))
                + input_hint();
        if (new_key())
            return "the user's hash function gave a key that no entry has"
                + (list.size() > 1 ? "; " + told(list.front()) + further(list) : std::string());
        std::string out = told(list.front());
        const std::string& nearest = list.front().against;
        if (nearest.empty())
            out += input_hint();
        out += further(list);
        const bool only_strides = std::all_of(list.begin(), list.end(),
            [&](const Mismatch& m) { return m.against != nearest || m.field == "stride"; });
        if (only_strides && !nearest.empty())
            out += "; a copy in that layout (such as `.contiguous()`) before "
                + (line().empty() ? "the call" : line()) + " would let it reuse";
        return out;
    }

    // The other fields that keep the call from the nearest body, each in a few words.
    static std::string further(const std::vector<Mismatch>& list) {
        std::string out;
        const std::string& nearest = list.front().against;
        for (size_t i = 1; i < list.size() && !nearest.empty(); ++i) {
            const Mismatch& m = list[i];
            if (m.against != nearest)
                continue;
            const bool same_place = m.where == list.front().where;
            if (m.field == "tree" || m.field == "count" || m.field == "requires_grad")
                out += "; " + told(m);
            else
                out += "; " + (same_place ? "and" : m.where + ':') + ' ' + m.field + ' ' + m.found
                    + (m.expected.empty() ? "" : ", not " + m.expected);
        }
        return out;
    }

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Invocation& inv_;
    Facts& facts_;
    const ReuseLog log_;
    mutable bool compared_ = false; // the graphs show both bodies
    mutable bool gradients_known_ = true; // whether each operand of each body requires one
    mutable std::string contradiction_;
    mutable bool unclear_ = false; // operands could not be told apart by position
};

} // namespace

CallAnswer explain_call(
    const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation, Facts& facts) {
    return Call(dump, ledger, invocation, facts).run();
}

} // namespace hopscope::explain_parts
