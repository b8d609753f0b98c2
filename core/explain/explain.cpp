#include "core/explain/explain.h"

#include "core/base/text.h"
#include "core/explain/parts.h"

#include <algorithm>
#include <array>

namespace hopscope {

std::string_view ground_name(Ground g) {
    static constexpr std::array<std::string_view, 4> kNames{"graph", "text_log", "artifact", "elimination"};
    return kNames[static_cast<size_t>(g)];
}

namespace {

std::string bodies(int n, const char* noun) {
    return std::to_string(n) + ' ' + noun + (n == 1 ? " body" : " bodies");
}

std::string headline_of(const CompilationLedger& c) {
    int forward = 0;
    int backward = 0;
    for (const Region& r : c.regions) {
        forward += r.body_count(CallSite::Dynamo);
        backward += r.body_count(CallSite::Backward);
    }
    std::string out = counted(c.invocations.size(), "call");
    if (forward)
        out += " → " + std::to_string(forward) + (forward == 1 ? " body" : " bodies");
    if (backward)
        out += " → " + bodies(backward, "backward");
    const auto failed = std::count_if(c.invocations.begin(), c.invocations.end(),
        [](const Invocation& i) { return i.decision == Decision::Failed; });
    if (failed)
        out += "; " + counted(static_cast<uint64_t>(failed), "call") + " failed";
    return out;
}

} // namespace

std::vector<Explanation> explain(const Dump& dump, const Ledger& ledger) {
    std::vector<Explanation> out;
    for (const CompilationLedger& c : ledger.compilations) {
        if (c.invocations.empty() || !dump.compilation(c.compilation).last_attempt)
            continue;
        Explanation& e = out.emplace_back();
        e.compilation = c.compilation;
        e.headline = headline_of(c);
        for (size_t r = 0; r < c.regions.size(); ++r) {
            const Region& region = c.regions[r];
            RegionAnswer& answer = e.regions.emplace_back();
            answer.region = static_cast<int>(r);
            bool failed = false;
            for (const InvocationId i : region.invocations) {
                const Invocation& inv = c.invocation(i);
                failed = failed || inv.decision == Decision::Failed;
                answer.calls.push_back(explain_parts::explain_call(dump, c, inv));
            }
            answer.outcome = failed ? "failed" : region.inlined ? "inlined" : "kept";
            answer.variants = explain_parts::explain_variants(dump, c, region);
        }
    }
    return out;
}

} // namespace hopscope
