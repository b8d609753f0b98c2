// What each of PyTorch's caches did for each call of a region, and for each compilation.
//
// The caches of one call are the tables of torch/_guards.py (InvokeSubgraphCache); those of a compilation are
// AOTAutogradCache (torch/_functorch/_aot_autograd/autograd_cache.py) and FxGraphCache
// (torch/_inductor/codecache.py). Some of them leave a trace in every dump, some in none: what follows only
// from the way a cache works carries the evidence `elimination`, what nothing tells is Unknown.
#pragma once

#include "core/graph/calls.h"
#include "core/regions/ledger.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

enum class Cache : uint8_t {
    SubgraphReuse, // conditions: the call needs no trace
    ReuseByKey, // the same, by the user's hash function
    Structural, // a traced body is compared with those installed
    ProxyDispatch, // AOTAutograd: a body is traced once for each identifier
    Autograd, // AOTAutograd: one autograd function for each identifier
    LazyBackward, // AOTAutograd: one backward body for each metadata of the tangents
    Effects, // which effects a region has
    AotAutograd, // whole graphs, on disk
    FxGraph, // Inductor's output, on disk
};
inline constexpr size_t kCallCacheCount = 7; // the first seven are of calls
std::string_view cache_name(Cache cache); // "subgraph_reuse", "reuse_by_key", …
std::string_view cache_label(Cache cache); // "reuse", "by key", …

enum class CacheState : uint8_t { Hit, Miss, Bypass, NotConsulted, NotThere, Unknown };
std::string_view cache_state_name(
    CacheState state); // "hit", "miss", "bypass", "not_consulted", "not_there", "unknown"
std::string_view cache_state_label(CacheState state); // in words: "not there"

// Where in a dump's file something stands that a statement rests on.
struct Spot {
    FileId file;
    uint64_t line = 0; // from 1
    std::optional<uint64_t> offset; // bytes; none: not known
    std::string what; // "timer invoke_subgraph_reuse_lookup"
};

struct CacheCell {
    Cache cache = Cache::SubgraphReuse;
    std::optional<Half> half; // FxGraph: whose graph
    CacheState state = CacheState::Unknown;
    std::string reason; // one sentence; never empty
    std::vector<std::string_view> evidence; // trace_timer, text_log, graph, artifact, version, elimination
    std::vector<Spot> spots;
    std::optional<double> ms; // what it took: lookup and stamp-out of a hit, the trace of a miss
    std::optional<double> saved_ms; // of AotAutograd and FxGraph, as they say it
};

struct CallCaches {
    std::vector<CacheCell> cells; // by Cache, the seven of a call
};

struct CompilationCaches {
    CompilationId compilation;
    std::vector<CallCaches> calls; // by InvocationId
    std::vector<CacheCell> whole; // AotAutograd, then FxGraph of each half
};

CompilationCaches caches_of(const Dump& dump, const CompilationLedger& ledger);

} // namespace hopscope
