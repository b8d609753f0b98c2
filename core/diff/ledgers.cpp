#include "core/diff/ledgers.h"

#include "core/diff/summary.h"

#include "core/base/text.h"
#include "core/match/match.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>

namespace hopscope {

namespace {

struct Side {
    const Dump* dump;
    const Ledger* ledger;

    const CompilationLedger& of(CompilationId id) const { return ledger->of(id); }
    const Compilation& compilation(CompilationId id) const { return dump->compilation(id); }
    // A compilation without calls of regions has a ledger too: an empty one.
    std::vector<CompilationId> last_attempts() const {
        std::vector<CompilationId> out;
        for (const CompilationLedger& c : ledger->compilations)
            if (dump->compilation(c.compilation).last_attempt)
                out.push_back(c.compilation);
        return out;
    }
    bool calls_regions(CompilationId id) const { return id && !of(id).invocations.empty(); }
};

// The name that a person knows a region by; its identifier where nothing says the function.
std::string name_of(const CompilationLedger& c, const Invocation& i) {
    if (!i.region)
        return {};
    const Region& r = c.regions[i.region.index];
    return r.function.empty() ? r.identifier : r.function;
}

std::string identifier_of(const CompilationLedger& c, const Invocation& i) {
    return i.region ? c.regions[i.region.index].identifier : std::string();
}

void note(std::vector<LedgerChange>& out, const char* field, const std::string& a, const std::string& b) {
    if (a != b)
        out.push_back({field, a, b});
}
void note(std::vector<LedgerChange>& out, const char* field, int64_t a, int64_t b) {
    note(out, field, std::to_string(a), std::to_string(b));
}

int backward_bodies(const CompilationLedger& c) {
    int n = 0;
    for (const Region& r : c.regions)
        n += r.body_count(CallSite::Backward);
    return n;
}

class LedgerComparer {
public:
    LedgerComparer(Side a, Side b)
        : a_(a)
        , b_(b) { }

    std::vector<LedgerPair> run() {
        std::vector<CompilationId> left_a = a_.last_attempts();
        std::vector<CompilationId> left_b = b_.last_attempts();
        std::map<CompilationId, CompilationId> to_b;
        pair_by(left_a, left_b, to_b,
            [](const Compilation& c) { return std::to_string(c.key.rank.value_or(-1)) + '/' + c.key.id; });
        pair_by(left_a, left_b, to_b, [](const Compilation& c) {
            return c.function.empty() ? std::string() : c.function + ' ' + c.file;
        });
        std::vector<LedgerPair> out;
        for (const CompilationId id : a_.last_attempts()) {
            const auto at = to_b.find(id);
            if (at == to_b.end())
                out.push_back(alone(id, {}));
            else
                out.push_back(compare(id, at->second));
        }
        for (const CompilationId id : left_b)
            out.push_back(alone({}, id));
        // Of what has no region on either side there is nothing to compare.
        std::erase_if(out, [](const LedgerPair& p) { return !p.in_a && !p.in_b; });
        return out;
    }

private:
    // Those of one key are the same, in order; an empty key is none.
    void pair_by(std::vector<CompilationId>& left_a, std::vector<CompilationId>& left_b,
        std::map<CompilationId, CompilationId>& to_b, auto&& key) const {
        std::erase_if(left_a, [&](CompilationId x) {
            const std::string wanted = key(a_.compilation(x));
            const auto at = std::find_if(left_b.begin(), left_b.end(),
                [&](CompilationId y) { return !wanted.empty() && key(b_.compilation(y)) == wanted; });
            if (at == left_b.end())
                return false;
            to_b[x] = *at;
            left_b.erase(at);
            return true;
        });
    }

    LedgerPair alone(CompilationId x, CompilationId y) const {
        LedgerPair p;
        p.a = x;
        p.b = y;
        p.in_a = a_.calls_regions(x);
        p.in_b = b_.calls_regions(y);
        return p;
    }

    LedgerPair compare(CompilationId x, CompilationId y) {
        const CompilationLedger& s = a_.of(x);
        const CompilationLedger& t = b_.of(y);
        LedgerPair p = alone(x, y);
        note(p.totals, "invocations", s.totals.invocations, t.totals.invocations);
        note(p.totals, "traced", s.totals.traced, t.totals.traced);
        note(p.totals, "reused", s.totals.reused, t.totals.reused);
        note(p.totals, "bodies", s.totals.bodies, t.totals.bodies);
        note(p.totals, "backward_bodies", backward_bodies(s), backward_bodies(t));
        note(p.totals, "saved_bytes", s.totals.saved_bytes, t.totals.saved_bytes);
        p.tracing_ms_a = s.totals.tracing_ms;
        p.tracing_ms_b = t.totals.tracing_ms;
        rows(s, t, p);
        return p;
    }

    const Canon& canon(std::map<GraphId, std::unique_ptr<Canon>>& known, const Dump& dump, GraphId graph) {
        std::unique_ptr<Canon>& c = known[graph];
        if (!c)
            c = std::make_unique<Canon>(*dump.graph(graph).module);
        return *c;
    }

    // Each pair of bodies once, however many rows call them.
    void bodies(const Invocation& i, const Invocation& j, LedgerPair& p) {
        for (size_t site = 0; site < kCallSiteCount; ++site) {
            const Place &x = i.bodies[site], &y = j.bodies[site];
            if (!x.graph || !y.graph || !seen_.insert({x.graph, x.body, y.graph, y.body}).second)
                continue;
            ++p.compared_bodies;
            if (canon(canons_a_, *a_.dump, x.graph).hash(x.body)
                == canon(canons_b_, *b_.dump, y.graph).hash(y.body))
                continue;
            const GraphModule& m = *a_.dump->graph(x.graph).module;
            const GraphModule& n = *b_.dump->graph(y.graph).module;
            MatchOptions open;
            open.open = true;
            if (match_bodies(Canon(m, open), x.body, Canon(n, open), y.body).equal())
                ++p.told_less;
            else
                p.other_bodies.push_back({x, y, difference_summary(m, n, diff_bodies(m, x.body, n, y.body))});
        }
    }

    // Rows are the k-th call of one function; where the two dumps know the functions by other names (a log
    // tells them, a trace alone does not), of one line of the program; else in order, if both have equally
    // many.
    void rows(const CompilationLedger& s, const CompilationLedger& t, LedgerPair& p) {
        std::vector<int> to_b(s.invocations.size(), -1);
        std::vector<char> taken(t.invocations.size(), 0);
        const auto by = [&](auto&& key_a, auto&& key_b) {
            std::map<std::string, std::vector<size_t>> free; // of b
            for (size_t k = t.invocations.size(); k-- > 0;)
                if (!taken[k])
                    free[key_b(t.invocations[k])].push_back(k);
            for (size_t i = 0; i < s.invocations.size(); ++i) {
                const std::string key = to_b[i] < 0 ? key_a(s.invocations[i]) : std::string();
                const auto at = key.empty() ? free.end() : free.find(key);
                if (at == free.end() || at->second.empty())
                    continue;
                to_b[i] = static_cast<int>(at->second.back());
                taken[at->second.back()] = 1;
                at->second.pop_back();
            }
        };
        by([&](const Invocation& i) { return name_of(s, i); },
            [&](const Invocation& i) { return name_of(t, i); });
        by([&](const Invocation& i) { return line_of(*a_.dump, i); },
            [&](const Invocation& i) { return line_of(*b_.dump, i); });
        if (s.invocations.size() == t.invocations.size())
            by([](const Invocation&) { return std::string("any"); },
                [](const Invocation&) { return std::string("any"); });
        for (size_t i = 0; i < s.invocations.size(); ++i) {
            LedgerRow row;
            row.function = name_of(s, s.invocations[i]);
            row.a = s.invocations[i].index;
            if (to_b[i] >= 0) {
                const Invocation& other = t.invocations[static_cast<size_t>(to_b[i])];
                row.b = other.index;
                fields(s, s.invocations[i], t, other, row.changes);
                bodies(s.invocations[i], other, p);
            }
            const bool same = row.b && row.changes.empty();
            p.same_rows += same;
            (same ? p.equal_rows : p.rows).push_back(std::move(row));
        }
        for (size_t k = 0; k < t.invocations.size(); ++k)
            if (!taken[k]) {
                LedgerRow row;
                row.function = name_of(t, t.invocations[k]);
                row.b = t.invocations[k].index;
                p.rows.push_back(std::move(row));
            }
    }

    // File name and line of the call; empty where no graph says it.
    static std::string line_of(const Dump& dump, const Invocation& i) {
        const Source* s = call_source(dump, i);
        if (!s || !s->has_place())
            return {};
        const std::string_view file = dump.graph(i.origin().graph).module->text(s->file);
        return std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(s->line);
    }

    static void fields(const CompilationLedger& s, const Invocation& i, const CompilationLedger& t,
        const Invocation& j, std::vector<LedgerChange>& out) {
        note(out, "decision", std::string(decision_label(i.decision)),
            std::string(decision_label(j.decision)));
        // Where only one dump has a log, its words stand behind what the graphs show.
        const std::string reason_a = headline(i.reason), reason_b = headline(j.reason);
        if (!reason_a.starts_with(reason_b + "; ") && !reason_b.starts_with(reason_a + "; "))
            note(out, "reason", reason_a, reason_b);
        note(out, "identifier", identifier_of(s, i), identifier_of(t, j));
        const auto variant = [](const Invocation& x) {
            return x.variant ? std::to_string(*x.variant) : std::string();
        };
        note(out, "variant", variant(i), variant(j));
        note(out, "inlined", i.inlined ? "yes" : "no", j.inlined ? "yes" : "no");
        note(out, "executions", i.executions, j.executions);
    }

    Side a_, b_;
    std::map<GraphId, std::unique_ptr<Canon>> canons_a_, canons_b_;
    std::set<std::tuple<GraphId, BodyId, GraphId, BodyId>> seen_;
};

} // namespace

std::vector<LedgerPair> compare_ledgers(
    const Dump& dump_a, const Ledger& a, const Dump& dump_b, const Ledger& b) {
    return LedgerComparer({&dump_a, &a}, {&dump_b, &b}).run();
}

} // namespace hopscope
