// Which of several executors runs a body.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/body.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope::worker {

// An executor that was asked what it can do.
struct Candidate {
    std::string executor; // path
    std::string problem; // why it cannot be used: "did not answer…", another protocol; empty = it can
    std::string libtorch; // "1.13.1"
    int protocol = 0;
    size_t operators = 0; // that it has, those that were composed included
    std::vector<std::string> missing; // operators that the body needs and it lacks, as "aten.mm.default"
};

struct Choice {
    std::vector<Candidate> candidates; // in the order of find_executors()
    std::optional<size_t> chosen; // index; none where none can be used
    std::string note; // what the chosen one lacks, in words; empty = nothing
    bool found() const { return chosen.has_value(); }
};

// The operators that the body and those that it calls ask the dispatcher for, sorted, each once; those inside
// of with_effects and auto_functionalized_v2 too. Higher-order operators and Python functions are none.
std::vector<std::string> needed_operators(const GraphModule& module, BodyId body);

// Asks each executor (hopscope-executor --describe, a fraction of a second each; what one said is kept for as
// long as its file stays the same) and chooses the newest libtorch that has all that is needed, else the
// newest. An executor of another protocol is never chosen. Never fails: what is wrong with an executor stands
// in its Candidate. Cancelling makes the rest unusable.
Choice compare_executors(const std::vector<std::string>& executors, const std::vector<std::string>& operators,
    const std::vector<std::string>& libraries = {}, const Job& job = {});

// find_executors(), and the best of them for the body. Where there is one only it is not asked: starting it
// tells. Errors: NotFound where there is none; External where none can be used, saying why for each;
// Cancelled.
Result<Choice> choose_executor(const GraphModule& module, BodyId body,
    const std::vector<std::string>& libraries = {}, const Job& job = {});

} // namespace hopscope::worker
