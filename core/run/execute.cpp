#include "core/run/execute.h"

namespace hopscope::run {

namespace {

Status run_as_it_is(
    worker::Worker& worker, const ExecuteOptions& options, RunResult& result, const Job& job) {
    wire::RunRequest request;
    request.keep = options.keep;
    request.repeat = options.repeat;
    request.seed = options.seed;
    auto ran = worker.run(request, job);
    if (!ran)
        return ran.error();
    result.ran = std::move(*ran);
    return {};
}

} // namespace

Result<RunResult> execute(
    worker::Worker& worker, const Prepared& prepared, const ExecuteOptions& options, const Job& job) {
    RunResult result;
    // A comparison on other inputs says nothing of the run, and takes from the worker what that kept: the run
    // comes behind it.
    const bool on_others = options.compare && prepared.recorded_on
        && options.compare->against == CompareRequest::Against::Recorded;
    const bool undisturbed = options.repeat > 1 || options.keep || !options.compare || on_others;
    if (undisturbed && !on_others)
        if (const Status status = run_as_it_is(worker, options, result, job); !status)
            return status.error();
    if (!options.compare || result.failure())
        return result;
    auto compared = compare(worker, prepared, *options.compare, job);
    if (!compared)
        return compared.error();
    result.comparison = std::move(*compared);
    const RunComparison& c = *result.comparison;
    if (on_others) {
        if (const Status status = run_as_it_is(worker, options, result, job); !status)
            return status.error();
    } else if (!undisturbed) {
        result.ran = {{c.nodes, c.run, c.widened, {}}, c.wall_ms, c.wall_ms};
    }
    if (!result.ran.failure)
        result.ran.failure = c.failure;
    return result;
}

} // namespace hopscope::run
