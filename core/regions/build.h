// The steps of building a ledger; internal to core/regions.
#pragma once

#include "core/graph/calls.h"
#include "core/regions/ledger.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::regions {

// --- timers.cpp: calls as the timers tell them
// -----------------------------------------------------------------

// One call of a region as Dynamo's timers show it: the timers that belong to it. A call opens with its hash,
// its lookup, or a trace without either.
struct Opening {
    std::optional<size_t> hash, lookup, trace, stamp_out; // indices into Dump::timers
    std::optional<size_t> parent; // index of the opening in whose trace it lies
    std::vector<size_t> children;
};
std::vector<Opening> openings(const Dump& dump, CompilationId compilation);

// --- calls.cpp: calls as a graph shows them
// ----------------------------------------------------------------------

// A region call in the order in which Dynamo or AOTAutograd met it: each body is entered at its first call.
struct GraphCall {
    RegionCall call;
    BodyId scope; // the body that holds the call
    std::string_view region; // the identifier that Dynamo gave
    IdentifierParts parts;
    std::optional<int> call_id;
    std::optional<size_t> parent; // index of the call whose body holds this one
    bool recompute = false; // a forward call in a backward graph
};
std::vector<GraphCall> graph_calls(const GraphModule& module);
// The first graph of a stage that is the stage itself and not a pass's view of it.
GraphId main_graph(const Dump& dump, const Compilation& compilation, Stage stage);
// What a graph's calls say of its stage: a joint graph calls both halves, partitioned graphs each their own,
// and a backward graph that computes parts of the forward again both, partitioned. None where no identifier
// tells.
std::optional<Stage> stage_by_calls(const std::vector<GraphCall>& calls);
// Where the calls of a graph after Dynamo stand; of a joint graph the forward ones.
CallSite site_of(Stage stage);

// --- messages.cpp: the text log
// ----------------------------------------------------------------------------------

struct MessageGroups {
    // Messages of one call each, in the order of the openings (or of the log where there are no openings).
    std::vector<std::vector<const ReuseMessage*>> of;
    // Refusals of which it is open whether a call or one inside of it was refused: in no group.
    std::vector<const ReuseMessage*> unclear;
    // What follows a message that no timer's call can have written.
    std::vector<const ReuseMessage*> left;
};
// `regions`: by opening, the identifier that Dynamo's graph has for it; empty or too short where it has none.
MessageGroups group_messages(const std::vector<const ReuseMessage*>& messages,
    const std::vector<Opening>& openings, const std::vector<std::string_view>& regions);
const ReuseMessage* find_message(const Invocation& invocation, ReuseMessage::Kind kind);

// --- rows.cpp: a row for each call that timers, a graph or the text log tell of
// ----------------------------------------------------------------------------------

struct Row {
    const Opening* opening = nullptr;
    const GraphCall* call = nullptr; // of Rows::graph
    std::optional<int> code; // which code object the region is of: rows of one code object share a number
};
struct Rows {
    std::vector<Opening> openings;
    std::vector<GraphCall> calls; // of `graph`
    std::vector<Row> rows; // by InvocationId; they refer to the two
    GraphId graph; // Dynamo's; where the dump lacks it the first later one with calls; none without either
    bool of_dynamo = false; // whether `graph` is Dynamo's
};
// Adds an invocation to the ledger for each row: its number, the call around it, the call and body in
// `graph`, its messages.
Rows make_rows(const Dump& dump, CompilationLedger& ledger, std::vector<Problem>& problems);

// --- decide.cpp
// --------------------------------------------------------------------------------------------------

// Sets decision and evidence of every invocation, in order.
void decide(const Dump& dump, CompilationId compilation, CompilationLedger& ledger,
    const std::vector<Row>& rows, std::vector<Problem>& problems);

// --- pairing.cpp, describe.cpp, counts.cpp, memory.cpp, reasons.cpp
// -------------------------------------------------------------------------

// Finds the calls of the other stages and pairs forward with backward.
void pair_stages(const Dump& dump, const Compilation& compilation, CompilationLedger& ledger);
// Names the regions and finds where they were written; adds their bodies in Dynamo's graph.
void describe_regions(const Dump& dump, CompilationLedger& ledger, const Rows& rows);
void count_executions(CompilationLedger& ledger);
void count_times(const Dump& dump, CompilationLedger& ledger, const std::vector<Row>& rows);
void count_totals(CompilationLedger& ledger);
void count_saved(const Dump& dump, CompilationLedger& ledger);
void explain_reasons(const Dump& dump, CompilationLedger& ledger, const std::vector<Row>& rows);

} // namespace hopscope::regions
