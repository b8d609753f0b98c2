// A call's answer in one sentence, with what to do about it where that follows.
#pragma once

#include "core/explain/parts.h"

namespace hopscope::explain_parts {

struct CallSentence {
    bool new_key = false; // asked by the user's key, which no entry has
    bool graphs_compared = false; // the graphs show the call's body and another
};

// `list`: what differs, nearest body first.
std::string call_sentence(const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation,
    const std::vector<Mismatch>& list, const CallSentence& facts);

} // namespace hopscope::explain_parts
