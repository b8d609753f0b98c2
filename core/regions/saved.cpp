#include "core/regions/build.h"
#include "core/regions/roles.h"

#include <map>
#include <tuple>

namespace hopscope {

namespace regions {

namespace {

// Sum of what is known; none where nothing is.
std::optional<int64_t> sum_bytes(const std::vector<SavedValue>& values) {
    int64_t sum = 0;
    bool known = values.empty();
    for (const SavedValue& v : values)
        if (v.bytes) {
            sum += *v.bytes;
            known = true;
        }
    return known ? std::optional(sum) : std::nullopt;
}

} // namespace

void count_saved(const Dump& dump, CompilationLedger& ledger) {
    // By forward graph and both bodies.
    std::map<std::tuple<GraphId, BodyId, BodyId>, std::optional<int64_t>> sums;
    ledger.totals.saved_bytes = 0;
    for (const Invocation& inv : ledger.invocations) {
        const Place& forward = inv.body(CallSite::Forward);
        const Place& backward = inv.body(CallSite::Backward);
        if (!forward.graph || !backward.graph || !inv.region)
            continue;
        const auto key = std::tuple(forward.graph, forward.body, backward.body);
        auto known = sums.find(key);
        if (known == sums.end()) {
            auto values = saved_values(dump, forward, backward);
            known = sums.emplace(key, sum_bytes(values)).first;
            Region& region = ledger.regions[inv.region.index];
            if (!region.saved_bytes) {
                region.saved = std::move(values);
                region.saved_bytes = known->second;
            }
        }
        ledger.totals.saved_bytes += known->second.value_or(0) * inv.executions;
    }
}

} // namespace regions
} // namespace hopscope
