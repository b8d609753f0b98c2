#include "core/explain/lookup.h"

#include "core/explain/parts.h"

#include <algorithm>

namespace hopscope {

namespace {

// Runs of differences against one body: they stand together, as the answers list them.
template <class PlaceOf>
std::vector<ComparedBody> runs(const std::vector<Mismatch>& all, const Place& mine, const PlaceOf& place_of) {
    std::vector<ComparedBody> out;
    for (size_t i = 0; i < all.size();) {
        size_t end = i + 1;
        while (end < all.size() && all[end].against == all[i].against)
            ++end;
        out.push_back({all[i].against, mine, all[i].against.empty() ? Place() : place_of(all[i].against),
            std::span(all).subspan(i, end - i)});
        i = end;
    }
    return out;
}

} // namespace

std::vector<ComparedBody> compared_bodies(
    const CompilationLedger& ledger, const Invocation& invocation, const CallAnswer& answer) {
    return runs(
        answer.differences, invocation.body(CallSite::Dynamo), [&](const std::string& identifier) -> Place {
            const auto r = std::find_if(ledger.regions.begin(), ledger.regions.end(),
                [&](const Region& region) { return region.identifier == identifier; });
            if (r == ledger.regions.end() || r->invocations.empty())
                return {};
            return ledger.invocation(r->invocations.front()).body(CallSite::Dynamo);
        });
}

std::vector<ComparedBody> compared_bodies(const Region& region, const VariantAnswer& variant) {
    return runs(variant.differences, variant.place, [&](const std::string& identifier) -> Place {
        const auto b = std::find_if(region.bodies.begin(), region.bodies.end(), [&](const RegionBody& body) {
            return body.site == CallSite::Backward && body.identifier == identifier;
        });
        return b == region.bodies.end() ? Place() : b->place;
    });
}

const CallAnswer* answer_of(const Explanation& explanation, InvocationId call) {
    for (const RegionAnswer& region : explanation.regions)
        for (const CallAnswer& answer : region.calls)
            if (answer.index == static_cast<int>(call.index))
                return &answer;
    return nullptr;
}

std::vector<Spot> spots_of(const Explanation& explanation, InvocationId call) {
    std::vector<Spot> out;
    if (!call || call.index >= explanation.caches.calls.size())
        return out;
    for (const CacheCell& cell : explanation.caches.calls[call.index].cells)
        for (const Spot& spot : cell.spots) {
            const bool known = std::any_of(out.begin(), out.end(), [&](const Spot& s) {
                return s.file == spot.file && s.line == spot.line && s.what == spot.what;
            });
            if (!known)
                out.push_back(spot);
        }
    return out;
}

std::string recompile_headline(const Compilation& compilation) {
    return explain_parts::first_reason(compilation.recompile_reason);
}

bool asks_why(const Dump& dump, const CompilationLedger& ledger, const Explanation& explanation) {
    const Compilation& compilation = dump.compilation(explanation.compilation);
    if (explanation.failure || !compilation.fail_type.empty() || !compilation.recompile_reason.empty())
        return true;
    if (std::any_of(explanation.regions.begin(), explanation.regions.end(),
            [](const RegionAnswer& r) { return !r.variants.empty(); }))
        return true;
    return std::any_of(ledger.invocations.begin(), ledger.invocations.end(), [](const Invocation& call) {
        return call.decision == Decision::RetracedNew || call.decision == Decision::Failed;
    });
}

} // namespace hopscope
