// A whole run: the body as it is, and compared where that is asked for.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/run/compare.h"
#include "core/run/request.h"

#include <optional>

namespace hopscope::run {

struct ExecuteOptions {
    uint64_t seed = 0; // of random operators
    int repeat = 1; // the median time counts
    bool keep = false; // the worker keeps the values of the last run: for Worker::save and kept_run()
    std::optional<CompareRequest> compare; // after it; with its own seed
};

struct RunResult {
    wire::RunAnswer ran; // where the body was only compared: what the comparison tells of it
    std::optional<RunComparison> comparison;

    const std::optional<wire::NodeFailure>& failure() const { return ran.failure; }
};

// The worker has `prepared` loaded and bound. Where the body was not to be kept or timed, and is compared on
// its own inputs, it runs once only, for the comparison; where a node fails there is none. Errors: External,
// Cancelled.
Result<RunResult> execute(
    worker::Worker& worker, const Prepared& prepared, const ExecuteOptions& options, const Job& job = {});

} // namespace hopscope::run
