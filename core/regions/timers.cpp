#include "core/regions/build.h"

namespace hopscope::regions {

namespace {

using Kind = RegionTimer::Kind;

bool is_dynamo_kind(Kind kind) {
    return kind == Kind::Trace || kind == Kind::ReuseHash || kind == Kind::ReuseLookup
        || kind == Kind::ReuseStampOut;
}

std::optional<size_t>& slot(Opening& o, Kind kind) {
    switch (kind) {
    case Kind::ReuseHash:
        return o.hash;
    case Kind::ReuseLookup:
        return o.lookup;
    case Kind::ReuseStampOut:
        return o.stamp_out;
    default:
        return o.trace;
    }
}

// Whether a timer of this kind belongs to a call that has come as far as `o` has.
bool continues(const Opening& o, Kind kind) {
    if (o.trace || o.stamp_out)
        return false; // that call is over
    if (kind == Kind::ReuseHash)
        return false;
    if (kind == Kind::ReuseLookup)
        return !o.lookup;
    return true; // a trace or a stamp-out ends what a hash or a lookup opened
}

} // namespace

std::vector<Opening> openings(const Dump& dump, CompilationId compilation) {
    std::vector<Opening> found;
    std::vector<std::optional<size_t>> opening_of_timer(dump.timers.size());
    // The call that is under way: [0] at the outermost level, [i + 1] in the trace of opening i.
    std::vector<std::optional<size_t>> latest(1);
    for (size_t i = 0; i < dump.timers.size(); ++i) {
        const RegionTimer& timer = dump.timers[i];
        if (timer.compilation != compilation || !is_dynamo_kind(timer.kind))
            continue;
        // Nested calls lie in the trace of the outer one.
        std::optional<uint32_t> outer = timer.parent;
        while (outer && dump.timers[*outer].kind != Kind::Trace)
            outer = dump.timers[*outer].parent;
        const std::optional<size_t> parent = outer ? opening_of_timer[*outer] : std::nullopt;
        const size_t level = parent ? *parent + 1 : 0;
        if (!latest[level] || !continues(found[*latest[level]], timer.kind)) {
            latest[level] = found.size();
            if (parent)
                found[*parent].children.push_back(found.size());
            found.emplace_back().parent = parent;
            latest.emplace_back();
        }
        slot(found[*latest[level]], timer.kind) = i;
        opening_of_timer[i] = latest[level];
    }
    return found;
}

} // namespace hopscope::regions
