// The ledger: what every call of every region was, what the caches decided for it and what that cost or
// saved.
//
// Derived from a Dump alone; holds ids into it and no text of its own but summaries.
#pragma once

#include "core/graph/dump.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

enum class Decision : uint8_t {
    Traced, // the first call of its code object
    Reused, // the conditions of an installed body held
    ReusedByKey, // the user's hash function gave a known key
    RetracedSame, // looked up in vain or not eligible; traced again, an installed body was equal
    RetracedNew, // looked up in vain or not eligible; a new body
    Failed, // tracing ended in an error
    Unknown, // the dump cannot tell
};
std::string_view decision_name(Decision d); // "traced", "reused_by_key", … as the command line writes it
std::string_view decision_label(Decision d); // the same in words: "traced", "reused by key", …

// What a statement of the ledger rests on; several may agree.
enum Evidence : uint8_t { kTraceTimer = 1, kTextLog = 2, kGraph = 4 };
std::vector<std::string_view> evidence_names(uint8_t evidence); // "trace_timer", "text_log", "graph"

// How the calls of different stages were found to be the same invocation.
enum class Pairing : uint8_t { None, CallId, DataFlow, Order };
std::string_view pairing_name(Pairing p); // "none", "call_id", "data_flow", "order"

// Where an invocation may have a call: in one graph of each stage, in the joint graph a forward and a
// backward one.
enum class CallSite : uint8_t { Dynamo, Joint, JointBackward, Forward, Backward, Inference };
inline constexpr size_t kCallSiteCount = 6;
std::string_view call_site_name(CallSite site); // "dynamo", "joint_backward", …

enum class KeptHow : uint8_t {
    Unknown, // no pair of whole graphs tells it, or the call lies in another region's body
    Kept, // in a storage that this call makes, counted with this value
    Elsewhere, // in a storage that is counted with another value, or that something outside the call makes
    Freed, // the whole forward does not hand it over: what checkpointing computes again
    AliveAnyway, // a parameter or input of the whole forward, or a view of one
};

struct SavedValue {
    StringId name; // of the forward body's output (strings of the forward graph's module)
    NodeId node; // in the forward body
    NodeId placeholder; // in the backward body
    std::optional<int64_t> bytes; // by its type; none: not known (symbolic)
    KeptHow how = KeptHow::Unknown; // by the region's first call (memory.h)
    std::optional<int64_t> kept_bytes; // Kept: of its storage; none: symbolic
};

// The timers of one call, as indices into Dump::timers.
struct CallTimers {
    std::optional<size_t> hash, lookup, trace, stamp_out;
};

struct Invocation {
    int index = 0; // from 0, in the order Dynamo met them, within the compilation
    bool traced_to_end = false; // also of a failed one: storing the body broke a limit
    RegionId region;
    std::optional<int> call_id; // as in the forward (or inference, joint) graph
    Decision decision = Decision::Unknown;
    uint8_t evidence = 0; // of the decision
    Pairing pairing = Pairing::None; // of the backward call with the forward call
    std::optional<int> variant; // tangent variant of its backward body: the N of bw_…_N
    bool inlined = false; // its region was used once and put inline after Dynamo
    int executions = 1; // how often the step runs it (inside a region that is called again and again: more)
    std::string reason; // why it was not reused; empty where nothing says it
    // Where timers tell them. Saved: what the first trace of the region took, less lookup and stamp-out; it
    // may be negative.
    std::optional<double> trace_ms, lookup_ms, stamp_out_ms, saved_ms;
    std::array<Place, kCallSiteCount> calls; // the call's node by CallSite; graph none where there is none
    std::array<Place, kCallSiteCount> bodies; // the body it calls there (node none)
    std::vector<ReuseMessage> messages; // of the text log, in order
    CallTimers timers;
    InvocationId parent; // the invocation whose body holds this call (nested regions)

    // The call's node where it shows first: in the Dynamo graph, or in the first stage that the dump has.
    Place origin() const;
    const Place& call(CallSite site) const { return calls[static_cast<size_t>(site)]; }
    const Place& body(CallSite site) const { return bodies[static_cast<size_t>(site)]; }
};

// A body of a region in one stage.
struct RegionBody {
    CallSite site = CallSite::Dynamo;
    Place place; // node none
    std::string identifier; // under which it is called there
    std::optional<int> variant; // tangent variant of partitioned bodies
    int calls = 0;
};

struct Region {
    std::string identifier; // as Dynamo gave it: "subgraph_0"; empty for calls whose body was never installed
    std::string function; // "block"; empty where nothing says it
    // What the program's line calls, where nothing names the function itself: `f` of `x = f(b, x)` may be a
    // variable that holds it.
    bool function_as_called = false;
    std::string source_file;
    int source_line = 0; // of the region's first node with a place, which may be in a function that it calls
    // Of its function's def, as guards (MarkedFunction) or a failure name it; line 0: nothing does.
    std::string defined_file;
    int defined_line = 0;
    std::optional<int> code; // regions of one code object share a number; none where no body is shown
    bool inlined = false;
    std::vector<RegionBody> bodies;
    std::vector<InvocationId> invocations; // in order
    std::vector<SavedValue> saved; // what one invocation hands to its backward
    // What its first invocation keeps for the backward, without what is alive anyway (parameters, inputs,
    // views of them); each storage once. None: no backward, or not known.
    std::optional<int64_t> saved_bytes;
    std::optional<int64_t> saved_bytes_all; // the same of all its invocations together

    int body_count(CallSite site) const;
    std::string function_label() const; // "block", "called as f"; empty
};

struct Totals {
    int invocations = 0, bodies = 0;
    int traced = 0; // calls whose body was traced to its end: Traced, RetracedNew, RetracedSame
    int reused = 0; // Reused and ReusedByKey
    double tracing_ms = 0, saved_ms = 0; // sums over the invocations that have them
    int64_t saved_bytes = 0; // kept for the backward by the whole forward (memory.h)
};

struct CompilationLedger {
    CompilationId compilation;
    std::vector<Region> regions; // by first call
    std::vector<Invocation> invocations; // by InvocationId
    Totals totals;

    const Invocation& invocation(InvocationId id) const { return invocations[id.index]; }
    Invocation& invocation(InvocationId id) { return invocations[id.index]; }
};

struct Ledger {
    std::vector<CompilationLedger> compilations; // one per compilation of the dump, same order
    std::vector<Problem> problems; // contradictions found while concluding

    const CompilationLedger& of(CompilationId id) const { return compilations[id.index]; }
    Totals totals(const Dump& dump) const; // over the last attempt of every compile id
};

Ledger build_ledger(const Dump& dump);

// Whether the PyTorch that wrote the dump looks a region's call up before it traces it (InvokeSubgraphCache's
// reuse cache, later than 2.11): by timers and messages of it, by version, by the lack of timers in a trace
// that calls regions. None where nothing tells.
std::optional<bool> has_reuse_cache(const Dump& dump);
// "PyTorch 2.11"; "this PyTorch" where no record names its version.
std::string torch_name(const Dump& dump);

// Where a call stands in the user's program; null where no graph says it.
const Source* call_source(const Dump& dump, const Invocation& invocation);

} // namespace hopscope
