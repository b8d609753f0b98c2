// Why each call of a region was traced or reused, and why its backward has several bodies.
//
// Rules: torch/_guards.py (InvokeSubgraphCache), torch/_dynamo/variables/invoke_subgraph.py,
// torch/_higher_order_ops/invoke_subgraph.py. What a dump does not tell is not guessed: a field that follows
// only because nothing else differs carries the evidence `elimination`.
#pragma once

#include "core/regions/ledger.h"

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
};

struct CallAnswer {
    int index = 0; // Invocation::index
    std::string summary; // one sentence
    std::vector<Mismatch> differences; // nearest body first
};

struct VariantAnswer {
    std::string body; // identifier of the backward body
    Place place; // of the body
    std::vector<Mismatch> differences; // from each variant before it
    Place cause; // the node that made the odd tangent; graph none where the graphs do not show one
};

struct RegionAnswer {
    int region = 0; // index into CompilationLedger::regions
    std::string outcome; // "kept", "inlined", "failed"
    std::vector<CallAnswer> calls;
    std::vector<VariantAnswer> variants; // the second and further backward bodies
};

struct Explanation {
    CompilationId compilation;
    std::string headline; // "7 calls → 5 bodies → 2 backward bodies"
    std::vector<RegionAnswer> regions; // as in the ledger
};

// The last attempt of each compilation that calls a region.
std::vector<Explanation> explain(const Dump& dump, const Ledger& ledger);

} // namespace hopscope
