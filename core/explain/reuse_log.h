// What the text log says of one call's lookups, in the words of an explanation.
#pragma once

#include "core/explain/parts.h"

namespace hopscope::explain_parts {

struct ReuseLog {
    // What kept the call from any reuse, in PyTorch's words: against no body.
    std::vector<Mismatch> not_eligible;
    // One for each refusal that names what differs, in order: `against` is the body of the entry that was
    // tried, where that can be told.
    std::vector<Mismatch> told;
    // The bodies whose entry was refused for the metadata of a tensor, which the log does not detail; empty
    // names: of which body is not known.
    std::vector<std::string> metadata;
    std::string metadata_input; // "input 1": the flattened argument, of the first such message

    bool says_metadata(const std::string& body) const;
};

ReuseLog reuse_log(const Dump& dump, const CompilationLedger& ledger, const Invocation& call);

// Whether two regions are of one code object.
bool same_function(const Region& a, const Region& b);

} // namespace hopscope::explain_parts
