// Finding one's way in an explanation: who was compared with whom, what an answer rests on, whether there is
// anything to ask about.
#pragma once

#include "core/explain/explain.h"

#include <span>
#include <string>
#include <vector>

namespace hopscope {

struct ComparedBody {
    std::string identifier; // empty: of no body in particular, as the text log has it
    Place mine, other; // node none; graph none where no graph shows the body
    std::span<const Mismatch> fields; // of the answer, which must live as long

    bool can_be_shown() const { return mine.graph && other.graph; }
};

// The bodies that a call was compared with, nearest first: those of Dynamo's graph.
std::vector<ComparedBody> compared_bodies(
    const CompilationLedger& ledger, const Invocation& invocation, const CallAnswer& answer);
// The backward bodies that a further one was compared with, in order.
std::vector<ComparedBody> compared_bodies(const Region& region, const VariantAnswer& variant);

// Null where the explanation has none about the call.
const CallAnswer* answer_of(const Explanation& explanation, InvocationId call);

// All that the answer about a call rests on, each place once, in the order of the caches.
std::vector<Spot> spots_of(const Explanation& explanation, InvocationId call);

// Whether a person who opens the dump has something to ask: it failed, it was compiled again, a call was
// traced anew or failed, a region has several backward bodies.
bool asks_why(const Dump& dump, const CompilationLedger& ledger, const Explanation& explanation);

// Why a compilation was compiled again, on one line; empty where it was not, or nothing says it.
std::string recompile_headline(const Compilation& compilation);

} // namespace hopscope
