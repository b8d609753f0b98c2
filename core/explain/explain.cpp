#include "core/explain/explain.h"

#include "core/explain/parts.h"

#include <array>

namespace hopscope {

std::string_view ground_name(Ground g) {
    static constexpr std::array<std::string_view, 4> kNames{"graph", "text_log", "artifact", "elimination"};
    return kNames[static_cast<size_t>(g)];
}

std::string_view outcome_name(Outcome o) {
    static constexpr std::array<std::string_view, 8> kNames{
        "failed", "inlined", "exported", "merged", "consumed", "graph_break", "recompiled", "kept"};
    return kNames[static_cast<size_t>(o)];
}

std::string_view outcome_label(Outcome o) {
    return o == Outcome::GraphBreak ? "behind a graph break" : outcome_name(o);
}

Explanation explain(const Dump& dump, const Ledger& ledger, CompilationId id) {
    const CompilationLedger& c = ledger.of(id);
    Explanation e;
    e.compilation = id;
    e.failure = failure_of(dump, id);
    e.caches = caches_of(dump, c);
    explain_parts::Facts facts(dump);
    for (size_t r = 0; r < c.regions.size(); ++r) {
        RegionAnswer& answer = e.regions.emplace_back();
        answer.region = static_cast<int>(r);
        for (const InvocationId i : c.regions[r].invocations)
            answer.calls.push_back(explain_parts::explain_call(dump, c, c.invocation(i), facts));
        explain_parts::explain_variants(dump, c, answer);
    }
    explain_parts::find_equal_bodies(dump, c, e);
    explain_parts::find_outcomes(dump, ledger, e);
    e.headline = explain_parts::conclude(dump, c, e);
    return e;
}

std::vector<Explanation> explain(const Dump& dump, const Ledger& ledger) {
    std::vector<Explanation> out;
    for (const CompilationLedger& c : ledger.compilations)
        if (!c.invocations.empty() && dump.compilation(c.compilation).last_attempt)
            out.push_back(explain(dump, ledger, c.compilation));
    return out;
}

} // namespace hopscope
