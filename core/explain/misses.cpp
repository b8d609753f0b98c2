// A call that was traced again, against every body that was installed for its function at that time.
#include "core/explain/parts.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/match/match.h"

#include <algorithm>
#include <charconv>

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

std::string after(std::string_view text, std::string_view from, std::string_view end = "\n") {
    const size_t at = text.find(from);
    if (at == std::string_view::npos)
        return {};
    const std::string_view rest = text.substr(at + from.size());
    return std::string(trimmed(rest.substr(0, rest.find(end))));
}

// "input 3" of "input 3 tag mismatch: …": a flattened argument, not an operand.
std::string input_of(std::string_view text) {
    int n = 0;
    if (!text.starts_with("input ")
        || std::from_chars(text.data() + 6, text.data() + text.size(), n).ec != std::errc{})
        return {};
    return "input " + std::to_string(n);
}

// One message of the log in the words of an explanation; the field is empty for messages that name none.
Mismatch from_message(const ReuseMessage& m) {
    Mismatch out;
    out.evidence = {Ground::TextLog};
    const std::string& d = m.detail;
    out.where = input_of(d);
    const auto quoted = [&](const char* from) { return after(after(d, from), "'", "'"); };
    if (m.kind == ReuseMessage::Kind::NotEligible) {
        out.field = has(d, "side effect") ? "side_effect"
            : has(d, "mutated")           ? "mutation"
            : has(d, "output")            ? "output"
                                          : "kind";
        out.found = headline(d);
    } else if (!after(d, "expected:").empty()) {
        out.field = "guard";
        out.where = after(d, "guard source name:");
        out.expected = after(d, "expected:");
        out.found = after(d, "got:");
    } else if (has(d, "treespec mismatch")) {
        out.field = "tree";
    } else if (has(d, "input count mismatch")) {
        out.field = "count";
        out.where = "inputs";
        out.expected = after(d, "cached ", " vs");
        out.found = after(d, "current ");
    } else if (has(d, "tag mismatch")) {
        out.field = "kind";
        out.expected = quoted("cached ");
        out.found = quoted("current ");
    } else if (has(d, "symnode mismatch")) {
        out.field = "symbol";
        out.expected = quoted("cached ");
        out.found = quoted("current ");
    } else if (has(d, "constant")) {
        out.field = "constant";
        out.expected = after(d, "cached ", " vs");
        out.found = after(d, "current ");
    } else if (has(d, "mutated sources")) {
        out.field = "mutation";
        out.found = headline(d);
    } else if (has(d, "cannot resolve source")) {
        out.field = "guard";
        out.where = after(d, "guard source name:");
        out.found = "cannot be resolved";
    }
    return out;
}

bool says_metadata(const Invocation& inv) {
    return std::any_of(inv.messages.begin(), inv.messages.end(), [](const ReuseMessage& m) {
        return m.kind == ReuseMessage::Kind::ReuseFailed && has(m.detail, "tensor metadata mismatch");
    });
}

bool is_metadata(const Mismatch& m) {
    return m.field == "dtype" || m.field == "shape" || m.field == "stride" || m.field == "device";
}

// Code objects are told apart by the function and the line of its first node: identifiers count per
// compilation.
bool same_function(const Region& a, const Region& b) {
    return a.function == b.function && a.source_file == b.source_file && a.source_line == b.source_line;
}

class Call {
public:
    Call(const Dump& dump, const CompilationLedger& ledger, const Invocation& inv)
        : dump_(dump)
        , ledger_(ledger)
        , inv_(inv) { }

    CallAnswer run() {
        CallAnswer answer;
        answer.index = inv_.index;
        if (inv_.decision == Decision::RetracedNew)
            answer.differences = against_all();
        if (inv_.decision == Decision::RetracedNew || inv_.decision == Decision::RetracedSame
            || inv_.decision == Decision::Traced)
            add_log(answer.differences);
        answer.summary = sentence(answer.differences);
        return answer;
    }

private:
    struct Candidate {
        std::string identifier;
        std::vector<Mismatch> fields;
    };

    // Nearest first: fewest fields, then the one that was there first.
    std::vector<Mismatch> against_all() const {
        std::vector<Candidate> candidates;
        const Region& mine = ledger_.regions[inv_.region.index];
        for (const Region& other : ledger_.regions) {
            if (&other == &mine || other.invocations.empty()
                || other.invocations.front() >= InvocationId(static_cast<size_t>(inv_.index))
                || !same_function(mine, other))
                continue;
            candidates.push_back({other.identifier, against(other)});
        }
        std::stable_sort(candidates.begin(), candidates.end(),
            [](const Candidate& p, const Candidate& q) { return p.fields.size() < q.fields.size(); });
        std::vector<Mismatch> out;
        for (Candidate& c : candidates)
            out.insert(out.end(), c.fields.begin(), c.fields.end());
        return out;
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
        for (size_t i = 0; i < std::min(n, m); ++i) {
            std::vector<FieldDifference> found;
            compare_types(a, p.nodes[i].type, b, q.nodes[i].type, {}, found);
            // With operands more or less, the i-th of one need not be the i-th of the other.
            if (n != m)
                unclear_ = unclear_ || !found.empty();
            else
                for (const FieldDifference& d : found)
                    out.push_back(type_mismatch(other.identifier, "operand " + std::to_string(i), d));
        }
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
            // two of them unequal, only this is not in the text.
            out.push_back({identifier, "operands", "requires_grad", {}, {}, {Ground::Elimination}});
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
        if (says_metadata(inv_)) {
            const bool shown = std::any_of(out.begin(), out.end(), is_metadata);
            for (Mismatch& m : out)
                if (is_metadata(m) || m.field == "requires_grad")
                    m.evidence.insert(m.evidence.begin(), Ground::TextLog);
            const bool told = std::any_of(
                out.begin(), out.end(), [](const Mismatch& m) { return m.field == "requires_grad"; });
            if (!shown && !told && compared_ && !unclear_)
                out.push_back(
                    {{}, "operands", "requires_grad", {}, {}, {Ground::TextLog, Ground::Elimination}});
            else if (!shown && !told)
                for (const char* field : {"dtype", "shape", "stride", "device", "requires_grad"})
                    out.push_back({{}, metadata_input(), field, {}, {}, {Ground::TextLog}});
        }
        for (const ReuseMessage& message : inv_.messages) {
            if (message.kind != ReuseMessage::Kind::ReuseFailed
                && message.kind != ReuseMessage::Kind::NotEligible)
                continue;
            Mismatch m = from_message(message);
            const bool known = std::any_of(out.begin(), out.end(), [&](const Mismatch& o) {
                return o.field == m.field && o.where == m.where && o.found == m.found;
            });
            if (!m.field.empty() && !known)
                out.push_back(std::move(m));
        }
    }

    // The flattened argument whose metadata the log finds other.
    std::string metadata_input() const {
        for (const ReuseMessage& m : inv_.messages)
            if (m.kind == ReuseMessage::Kind::ReuseFailed && has(m.detail, "tensor metadata mismatch"))
                return input_of(m.detail);
        return {};
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
        if (m.expected.empty() && m.found.empty() && m.evidence == std::vector{Ground::TextLog}
            && m.field == "dtype")
            return (m.where.empty() ? "an input" : m.where)
                + " differs from an installed body in dtype, shape, stride, device or requires_grad; the log "
                  "does not "
                  "say in which, and no graph shows it";
        if (m.field == "requires_grad")
            return "nothing that the dump shows differs from " + body
                + "; what it does not show is whether the operands require a gradient";
        if (m.against.empty() && m.expected.empty()
            && (m.field == "output" || m.field == "side_effect" || m.field == "mutation"
                || m.field == "kind"))
            return "not eligible for reuse: " + m.found;
        if (m.field == "tree")
            return "its arguments are nested otherwise than those of an installed body";
        std::string out = (m.where.empty() ? "the call" : m.where) + ": " + m.field;
        if (!m.found.empty())
            out += ' ' + m.found;
        if (!m.expected.empty())
            out += " where " + body + " expects " + m.expected;
        return out;
    }

    std::string sentence(const std::vector<Mismatch>& list) const {
        switch (inv_.decision) {
        case Decision::Reused:
            return "the conditions of an installed body held";
        case Decision::ReusedByKey:
            return "the user's hash function gave the key of an installed body";
        case Decision::Failed:
            return inv_.reason.empty() ? "tracing ended in an error" : inv_.reason;
        case Decision::Unknown:
            return "the dump does not tell";
        case Decision::Traced:
            return "the first call of its function in this compilation"
                + (list.empty() ? std::string() : "; " + told(list.front()));
        case Decision::RetracedSame:
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
            return inv_.reason.empty() ? "traced, and a new body was installed: the dump does not tell why"
                                       : headline(inv_.reason);
        std::string out = told(list.front());
        const std::string& nearest = list.front().against;
        const bool only_strides = std::all_of(list.begin(), list.end(),
            [&](const Mismatch& m) { return m.against != nearest || m.field == "stride"; });
        if (only_strides && !nearest.empty())
            out += "; a copy in that layout (such as `.contiguous()`) before "
                + (line().empty() ? "the call" : line()) + " would let it reuse";
        return out;
    }

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Invocation& inv_;
    mutable bool compared_ = false; // the graphs show both bodies
    mutable bool unclear_ = false; // operands could not be told apart by position
};

} // namespace

CallAnswer explain_call(const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation) {
    return Call(dump, ledger, invocation).run();
}

} // namespace hopscope::explain_parts
