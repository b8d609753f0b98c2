// A run as a session keeps it: what was run, on what, and what came out. Figures, not tensors, unless asked
// for.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/run/execute.h"
#include "core/session/runs.h"
#include "core/session/session.h"

#include <string>
#include <vector>

namespace hopscope::run {

struct KeptRun {
    StoredRun run; // inputs are told by their seed, or by file and hash
    std::vector<StoredRunValue> values; // figures of all of them, with the errors of the comparison
};

// What Session::add_run takes of a run that execute() made with `keep` on this worker. `tensors`: the
// elements of all values too. Errors: External, Cancelled.
Result<KeptRun> kept_run(worker::Worker& worker, const Prepared& prepared, const Request& request,
    const RunResult& result, bool tensors, const Job& job = {});

// The values of a run that a session keeps with their elements, as Worker::save writes those of a run: what
// can be compared with. Errors: NotFound where there is no such run; Usage where its elements were not kept;
// Damaged.
Result<std::string> kept_values(const Session& session, int64_t run);

// XXH3-128 of names, types and bytes.
std::string inputs_hash(const Inputs& inputs);

} // namespace hopscope::run
