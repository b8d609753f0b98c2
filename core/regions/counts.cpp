// What calls took and saved, how often each runs, and the sums.
#include "core/regions/build.h"

#include <algorithm>

namespace hopscope::regions {

// A call inside a body runs as often as all calls of that body's region together.
void count_executions(CompilationLedger& ledger) {
    std::vector<InvocationId> order;
    for (size_t i = 0; i < ledger.invocations.size(); ++i)
        order.push_back(InvocationId(i));
    // Rows stand outer before inner, but later calls of the outer region count too: settle from the
    // outside in.
    std::vector<int> depth(order.size(), 0);
    for (size_t i = 0; i < order.size(); ++i)
        if (const InvocationId p = ledger.invocations[i].parent)
            depth[i] = depth[p.index] + 1;
    std::stable_sort(order.begin(), order.end(),
        [&](InvocationId a, InvocationId b) { return depth[a.index] < depth[b.index]; });
    for (const InvocationId i : order) {
        Invocation& inv = ledger.invocation(i);
        if (!inv.parent)
            continue;
        const Invocation& outer = ledger.invocation(inv.parent);
        int runs = 0;
        if (outer.region)
            for (const InvocationId call : ledger.regions[outer.region.index].invocations)
                runs += ledger.invocation(call).executions;
        inv.executions = std::max(runs, 1);
    }
}

void count_times(const Dump& dump, CompilationLedger& ledger, const std::vector<Row>& rows) {
    const auto milliseconds = [&](std::optional<size_t> timer) {
        return timer ? dump.timers[*timer].milliseconds() : std::nullopt;
    };
    for (size_t i = 0; i < rows.size(); ++i) {
        const Opening* o = rows[i].opening;
        if (!o)
            continue;
        Invocation& inv = ledger.invocations[i];
        inv.timers = {o->hash, o->lookup, o->trace, o->stamp_out};
        inv.trace_ms = milliseconds(o->trace);
        inv.lookup_ms = milliseconds(o->lookup ? o->lookup : o->hash);
        inv.stamp_out_ms = milliseconds(o->stamp_out);
    }
    for (const Region& region : ledger.regions) {
        std::optional<double> first;
        for (const InvocationId i : region.invocations) {
            Invocation& inv = ledger.invocation(i);
            if (!first && inv.trace_ms)
                first = inv.trace_ms;
            else if (first && inv.stamp_out_ms)
                inv.saved_ms = *first - inv.lookup_ms.value_or(0) - *inv.stamp_out_ms;
        }
    }
}

void count_totals(CompilationLedger& ledger) {
    Totals& t = ledger.totals;
    t.invocations = static_cast<int>(ledger.invocations.size());
    for (const Region& r : ledger.regions)
        t.bodies += !r.identifier.empty();
    for (Invocation& inv : ledger.invocations) {
        switch (inv.decision) {
        case Decision::Traced:
        case Decision::RetracedNew:
        case Decision::RetracedSame:
            inv.traced_to_end = true;
            break;
        case Decision::Reused:
        case Decision::ReusedByKey:
            ++t.reused;
            break;
        case Decision::Failed:
        case Decision::Unknown:
            break;
        }
        t.traced += inv.traced_to_end;
        // A nested trace lies inside its outer one: count the time once.
        const bool nested = inv.parent && ledger.invocation(inv.parent).trace_ms.value_or(0) > 0;
        if (inv.trace_ms && !nested)
            t.tracing_ms += *inv.trace_ms;
        if (inv.saved_ms)
            t.saved_ms += std::max(*inv.saved_ms, 0.0);
    }
}

} // namespace hopscope::regions
