// A run as a session keeps it: what was run, on what, and what came out. Figures, not tensors, unless asked
// for.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/run/compare.h"
#include "core/run/request.h"
#include "core/session/runs.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

namespace hopscope::run {

// What a run came to, as the worker's answers tell it.
struct RunResult {
    nlohmann::json answer; // to `run`, or to `begin` and `advance`: "nodes", "run", "wall_ms", "failure"
    std::optional<Comparison> comparison;
};

// The row of a run. Inputs are told by their seed, or by file and hash (XXH3-128 of names, types and bytes).
StoredRun stored_run(const Prepared& prepared, const Request& request, const worker::Worker& executor,
    const RunResult& result);

// Figures of all values that the worker's last run kept ({"keep": true}), with the errors of the comparison
// beside them. `tensors`: their elements too. Errors: External, Cancelled.
Result<std::vector<StoredRunValue>> stored_values(
    worker::Worker& executor, const Comparison* comparison, bool tensors, const Job& job = {});

std::string inputs_hash(const Inputs& inputs);

} // namespace hopscope::run
