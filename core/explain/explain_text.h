// An explanation as text that can be pasted into an issue: what the command line prints and the window
// copies.
#pragma once

#include "core/explain/explain.h"

#include <functional>
#include <string>

namespace hopscope {

struct ExplainTextOptions {
    // Which regions and calls are told; unset = all.
    std::function<bool(const Region&)> region;
    std::function<bool(const CallAnswer&)> call;
    bool cells = false; // what each cache did for each call, with its evidence
};

// Several lines, each with its newline; valid UTF-8. First the compilation's, then its regions with their
// calls and backward bodies, last the caches of whole graphs.
std::string explanation_text(const Dump& dump, const Ledger& ledger, const Explanation& explanation,
    const ExplainTextOptions& options = {});

// "operand 0: stride (1, 4), not (8, 1) as in subgraph_0  (text_log, graph)"
std::string mismatch_text(const Mismatch& mismatch);
// "were tangent 0's stride the same in all calls"
std::string remedy_text(const VariantRemedy& remedy);
// "trace.log:425 (byte 17182)  0/0:dynamo:subgraph_2", with the file's whole path
std::string spot_text(const Dump& dump, const Spot& spot);

} // namespace hopscope
