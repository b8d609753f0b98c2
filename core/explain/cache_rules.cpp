#include "core/explain/cache_rules.h"

namespace hopscope::explain_parts {

namespace {

// The table of how each decision shows in a dump, read from the top.
constexpr Rule kReuse[] = {
    {kNoCache, kAny, CacheState::NotThere, "it has no reuse cache: each call is traced", "version"},
    {kHashed, kAny, CacheState::NotConsulted, "a hash function was given: its key decides", "call"},
    {kStamped, kAny, CacheState::Hit, "the conditions of an installed body held", "call"},
    {kLooked, kAny, CacheState::Miss, "no installed body's conditions held", "call"},
    {kTraced | kIneligible | kFirst, kAny, CacheState::NotConsulted,
        "nothing was installed for its function yet; and it is not eligible for reuse", "call"},
    {kTraced | kFirst, kAny, CacheState::NotConsulted, "nothing was installed for its function yet", "call"},
    {kTraced | kIneligible, kAny, CacheState::NotConsulted,
        "no call of its function left an entry: not eligible for reuse", "call"},
    {kTraced | kEntry, kAny, CacheState::Miss,
        "no installed body's conditions held; the log does not say in what", "call,elimination"},
    {kTraced, kAny, CacheState::NotConsulted,
        "no call of its function left an entry: they are not eligible for reuse", "call,elimination"},
    {kFailed | kTold, kAny, CacheState::NotConsulted, "the call failed before", "call"},
    {kAny, kAny, CacheState::Unknown,
        "no timer and no message tells; a graph shows only that calls share a body, not whether they were "
        "traced",
        ""},
};
constexpr Rule kByKey[] = {
    {kNoCache, kAny, CacheState::NotThere, "it has no reuse cache", "version"},
    {kHashed | kStamped, kAny, CacheState::Hit, "the user's hash function gave the key of an installed body",
        "call"},
    {kHashed, kAny, CacheState::Miss, "the user's hash function gave a new key", "call"},
    {kTold, kAny, CacheState::NotConsulted, "no hash function was given", "call"},
    {kAny, kAny, CacheState::Unknown, "no timer and no message tells", ""},
};
constexpr Rule kStructural[] = {
    {kStamped, kAny, CacheState::NotConsulted, "the body was not traced, so there was none to compare",
        "call"},
    {kFailed, kKnown, CacheState::NotConsulted, "no body came of the trace", "call"},
    {kFirst, kAny, CacheState::NotConsulted, "no body of its function was installed", "graph"},
    {kTraced | kKnown, kAny, CacheState::Hit, "traced, and an installed body was equal", "call,graph"},
    {kNoCache | kKnown, kAny, CacheState::Hit, "traced, and an installed body was equal", "graph,version"},
    {kTraced, kAny, CacheState::Miss, "traced, and no installed body was equal", "call,graph"},
    {kShown, kKnown, CacheState::Miss, "a new body of a function that had one", "graph"},
    {kAny, kAny, CacheState::Unknown, "reused and traced-and-found-equal look alike in a graph", ""},
};
constexpr Rule kProxy[] = {
    {kInline, kAny, CacheState::NotConsulted, "put inline after Dynamo: no call is left", "graph"},
    {kFromDisk, kAny, CacheState::NotConsulted, "AOTAutograd's graphs came from its cache", "artifact"},
    {kLater | kFirstCalled, kAny, CacheState::Miss, "the first call of its identifier: the body was traced",
        "graph"},
    {kLater, kAny, CacheState::Hit, "an earlier call has its identifier: the same body is called again",
        "graph"},
    {kBroken | kNoLater, kAny, CacheState::NotConsulted, "the compilation failed before", "artifact"},
    {kAny, kAny, CacheState::Unknown, "the dump has no graph after Dynamo's that shows it", ""},
};
constexpr Rule kAutograd[] = {
    {kInline, kAny, CacheState::NotConsulted, "put inline after Dynamo: no call is left", "graph"},
    {kFromDisk, kAny, CacheState::NotConsulted, "AOTAutograd's graphs came from its cache", "artifact"},
    {kLater, kBackward, CacheState::NotConsulted, "it has no backward: no operand requires a gradient",
        "graph"},
    {kLater | kFirstCalled, kAny, CacheState::Miss,
        "the first call of its identifier; no record tells of this cache", "graph,elimination"},
    {kLater, kAny, CacheState::Hit, "an earlier call has its identifier; no record tells of this cache",
        "graph,elimination"},
    {kBroken | kNoLater, kAny, CacheState::NotConsulted, "the compilation failed before", "artifact"},
    {kAny, kAny, CacheState::Unknown, "the dump has no graph after Dynamo's that shows it", ""},
};
constexpr Rule kLazy[] = {
    {kInline, kAny, CacheState::NotConsulted, "put inline after Dynamo: no call is left", "graph"},
    {kFromDisk, kAny, CacheState::NotConsulted, "AOTAutograd's graphs came from its cache", "artifact"},
    {kBackward | kFirstBackward | kNewVariant, kAny, CacheState::Miss,
        "its tangents are none that a backward body was made for: a further one was traced", "graph"},
    {kBackward | kFirstBackward, kAny, CacheState::Miss, "the first backward of its region that autograd met",
        "graph"},
    {kBackward, kAny, CacheState::Hit, "a backward body was there for tangents like these", "graph"},
    {kLater, kAny, CacheState::NotConsulted, "it has no backward", "graph"},
    {kBroken | kNoLater, kAny, CacheState::NotConsulted, "the compilation failed before", "artifact"},
    {kAny, kAny, CacheState::Unknown, "the dump has no backward graph that shows it", ""},
};
constexpr Rule kEffects[] = {
    {kOldCaches, kAny, CacheState::NotThere, "it has no cache of effects", "version"},
    {kInline, kAny, CacheState::NotConsulted, "put inline after Dynamo: no call is left", "graph"},
    {kFromDisk, kAny, CacheState::NotConsulted, "AOTAutograd's graphs came from its cache", "artifact"},
    {kLater | kEffect | kFirstCalled, kAny, CacheState::Miss,
        "the first call of a region with effects: they were noted; no record tells of this cache",
        "graph,elimination"},
    {kLater | kEffect, kAny, CacheState::Hit,
        "the effects noted for its identifier; no record tells of this cache", "graph,elimination"},
    {kLater, kAny, CacheState::NotConsulted, "its body has no effect", "graph"},
    {kBroken | kNoLater, kAny, CacheState::NotConsulted, "the compilation failed before", "artifact"},
    {kAny, kAny, CacheState::Unknown, "the dump has no graph after Dynamo's that shows it", ""},
};

} // namespace

const std::array<Column, kCallCacheCount> kColumns{{{Cache::SubgraphReuse, kReuse},
    {Cache::ReuseByKey, kByKey}, {Cache::Structural, kStructural}, {Cache::ProxyDispatch, kProxy},
    {Cache::Autograd, kAutograd}, {Cache::LazyBackward, kLazy}, {Cache::Effects, kEffects}}};

} // namespace hopscope::explain_parts
