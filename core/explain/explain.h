// Why each call of a region was traced or reused, and why its backward has several bodies.
//
// Rules: torch/_guards.py (InvokeSubgraphCache), torch/_dynamo/variables/invoke_subgraph.py,
// torch/_higher_order_ops/invoke_subgraph.py. What a dump does not tell is not guessed: a field that follows
// only because nothing else differs carries the evidence `elimination`.
#pragma once

#include "core/explain/caches.h"
#include "core/regions/failures.h"
#include "core/regions/ledger.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

enum class Ground : uint8_t { Graph, TextLog, Artifact, Elimination };
std::string_view ground_name(Ground g); // "graph", "text_log", "artifact", "elimination"

// One field in which a call does not fit a body that was there.
struct Mismatch {
    std::string against; // identifier of that body; empty: of no body in particular
    std::string where; // "operand 0", "tangent 1", "node mul, argument 1"; empty: the call as a whole
    std::string field; // tree, count, kind, dtype, shape, stride, device, requires_grad, alias, symbol,
                       // constant, guard, mutation, output, side_effect, operator
    std::string expected, found; // empty: not told
    std::vector<Ground> evidence;
    // What the program passes there, where its name is known: "layers.3.norm.weight".
    std::string name = {};
    // Of strides: how each lies in memory, where that has a name: "contiguous", "transposed", …
    std::string expected_layout = {}, found_layout = {};
};

struct CallAnswer {
    int index = 0; // Invocation::index
    std::string summary; // one sentence
    std::vector<Mismatch> differences; // nearest body first
    // Where the text log and the graphs cannot both be right about the reason: one sentence. Empty: they
    // agree, or one of them does not tell.
    std::string contradiction;
};

struct VariantAnswer {
    std::string body; // identifier of the backward body
    Place place; // of the body
    std::vector<Mismatch> differences; // from each variant before it
    Place cause; // the node that made the odd tangent; graph none where the graphs do not show one
    std::vector<int> calls; // Invocation::index of those that run it
};

// What would be gained by giving one tangent of all calls the same layout.
struct VariantRemedy {
    std::string where; // "tangent 0"
    std::string field; // "stride", "shape", …
    int remaining = 0; // backward bodies there would be
};

// Another region of the compilation whose body computes the same.
struct EqualBody {
    std::string identifier;
    std::string why; // one sentence: what kept PyTorch from sharing them
};

// Another region of the compilation, of another function, whose body is nearly the same.
struct NearRegion {
    std::string identifier;
    bool same_structure = false; // differs in types, constants or attributes alone
    std::string difference; // the first, in words
    Place mine, other; // bodies of Dynamo's graph, node none
};

// Where a region went. In this order: what comes first is told where several hold.
enum class Outcome : uint8_t {
    Failed, // the compilation ended in it
    Inlined, // used once and put inline after Dynamo, or while exporting
    Exported, // its calls are in an exported program
    Merged, // PyTorch itself found equal code and made a region of it (graph deduplication)
    Consumed, // the backend took Dynamo's graph; no graph of it follows
    GraphBreak, // compiled again behind a graph break: caches are of one compilation
    Recompiled, // the same, after a recompile
    Kept, // called as a region to the end
};
std::string_view outcome_name(Outcome o); // "failed", …, "graph_break", … as the command line writes it
std::string_view outcome_label(Outcome o); // the same in words: "failed", …, "behind a graph break", …

struct RegionAnswer {
    int region = 0; // index into CompilationLedger::regions
    Outcome outcome = Outcome::Kept;
    std::string where; // one sentence: where it went, and what that rests on
    std::vector<Spot> spots; // its evidence
    std::vector<CallAnswer> calls;
    std::vector<VariantAnswer> variants; // the second and further backward bodies
    std::vector<VariantRemedy> remedies; // of their differences, each alone; those that help
    std::vector<EqualBody> equal; // that were there before
    std::optional<NearRegion> near; // where none is equal: the nearest of those before
};

struct Explanation {
    CompilationId compilation;
    // "7 calls → 5 bodies → 2 forward, 2 backward; 5 traced (4 missed: shape, stride, dtype), 2 reused";
    // traced and reused are the ledger's totals.
    std::string headline;
    std::vector<RegionAnswer> regions; // as in the ledger
    std::optional<FailureStory> failure;
    CompilationCaches caches;
};

// The last attempt of each compilation that calls a region.
std::vector<Explanation> explain(const Dump& dump, const Ledger& ledger);
// One compilation, whether it calls a region or not.
Explanation explain(const Dump& dump, const Ledger& ledger, CompilationId compilation);

// A rank whose compilation went otherwise than that of most ranks.
struct RankAnswer {
    CompilationId compilation;
    std::string summary; // "differs from the other ranks: 2 bodies where they have 1; call 2 is …"
};
// Of compilations with one id on several ranks; nothing where all did the same.
std::vector<RankAnswer> across_ranks(
    const Dump& dump, const Ledger& ledger, const std::vector<Explanation>& explanations);

} // namespace hopscope
