// The table of how each decision shows in a dump: what is known of a call, and what each cache did by it.
#pragma once

#include "core/explain/caches.h"

#include <array>

namespace hopscope::explain_parts {

// What is known of one call, one bit each.
enum Fact : uint32_t {
    kAny = 0,
    kNoCache = 1u << 0, // this PyTorch has no reuse cache
    kTold = 1u << 1, // timers or messages of this call
    kHashed = 1u << 2, // the user's hash function ran
    kLooked = 1u << 3, // conditions of installed bodies were looked at
    kStamped = 1u << 4, // a body was reused
    kTraced = 1u << 5, // the body was traced
    kFirst = 1u << 6, // no call of the same function came before
    kKnown = 1u << 7, // the body is one that an earlier call has
    kEntry = 1u << 8, // an earlier call of the function stored an entry
    kFailed = 1u << 9,
    kIneligible = 1u << 10, // the log says so
    kInline = 1u << 11, // put inline after Dynamo
    kFromDisk = 1u << 12, // AOTAutograd's graphs came from its cache
    kLater = 1u << 13, // a graph after Dynamo's calls it
    kNoLater = 1u << 14, // the compilation has no graph after Dynamo's
    kFirstCalled = 1u << 15, // the first of its identifier there
    kBackward = 1u << 16, // it has a backward call
    kFirstBackward = 1u << 17, // the first of its backward body
    kNewVariant = 1u << 18, // of a further backward body
    kEffect = 1u << 19, // its body has effects
    kOldCaches = 1u << 20, // before 2.11: no cache of effects
    kShown = 1u << 21, // Dynamo's graph shows the call
    kBroken = 1u << 22, // the compilation failed
};

// A row holds where all of `with` and none of `without` is known; the first row that holds decides.
struct Rule {
    uint32_t with, without;
    CacheState state;
    const char* reason; // of itself; details are put behind it
    const char* evidence; // comma separated
};

struct Column {
    Cache cache;
    const Rule* rules; // the last one asks nothing
};
// The caches of a call, by Cache.
extern const std::array<Column, kCallCacheCount> kColumns;

} // namespace hopscope::explain_parts
