#include "core/regions/build.h"

namespace hopscope::regions {

namespace {

using Kind = RegionTimer::Kind;

bool is_dynamo_kind(Kind kind) {
    return kind == Kind::Trace || kind == Kind::ReuseHash || kind == Kind::ReuseLookup
        || kind == Kind::ReuseStampOut;
}

int& slot(Opening& o, Kind kind) {
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
    if (o.trace >= 0 || o.stamp_out >= 0)
        return false; // that call is over
    if (kind == Kind::ReuseHash)
        return false;
    if (kind == Kind::ReuseLookup)
        return o.lookup < 0;
    return true; // a trace or a stamp-out ends what a hash or a lookup opened
}

} // namespace

std::vector<Opening> openings(const Dump& dump, CompilationId compilation) {
    std::vector<Opening> found;
    std::vector<int> opening_of_timer(dump.timers.size(), -1);
    std::vector<int> latest; // by nesting level's parent opening + 1: the call that is under way there
    latest.push_back(-1);
    for (size_t i = 0; i < dump.timers.size(); ++i) {
        const RegionTimer& timer = dump.timers[i];
        if (timer.compilation != compilation || !is_dynamo_kind(timer.kind))
            continue;
        // Nested calls lie in the trace of the outer one.
        int parent_timer = timer.parent;
        while (parent_timer >= 0 && dump.timers[static_cast<size_t>(parent_timer)].kind != Kind::Trace)
            parent_timer = dump.timers[static_cast<size_t>(parent_timer)].parent;
        const int parent = parent_timer >= 0 ? opening_of_timer[static_cast<size_t>(parent_timer)] : -1;
        int& current = latest[static_cast<size_t>(parent + 1)];
        if (current < 0 || !continues(found[static_cast<size_t>(current)], timer.kind)) {
            current = static_cast<int>(found.size());
            Opening o;
            o.parent = parent;
            found.push_back(std::move(o));
            if (parent >= 0)
                found[static_cast<size_t>(parent)].children.push_back(static_cast<int>(found.size()) - 1);
            latest.push_back(-1);
        }
        // `latest` may have moved.
        const int at = latest[static_cast<size_t>(parent + 1)];
        slot(found[static_cast<size_t>(at)], timer.kind) = static_cast<int>(i);
        opening_of_timer[i] = at;
    }
    return found;
}

} // namespace hopscope::regions
