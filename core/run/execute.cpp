#include "core/run/execute.h"

namespace hopscope::run {

Result<RunResult> execute(
    worker::Worker& worker, const Prepared& prepared, const ExecuteOptions& options, const Job& job) {
    RunResult result;
    const bool on_others = options.compare && prepared.recorded_on
        && options.compare->against == CompareRequest::Against::Recorded;
    const bool undisturbed = options.repeat > 1 || options.keep || !options.compare || on_others;
    if (undisturbed) {
        wire::RunRequest request;
        request.keep = options.keep;
        request.repeat = options.repeat;
        request.seed = options.seed;
        auto ran = worker.run(request, job);
        if (!ran)
            return ran.error();
        result.ran = std::move(*ran);
    }
    if (!options.compare || result.failure())
        return result;
    auto compared = compare(worker, prepared, *options.compare, job);
    if (!compared)
        return compared.error();
    result.comparison = std::move(*compared);
    const RunComparison& c = *result.comparison;
    if (!undisturbed)
        result.ran = {{c.nodes, c.run, c.widened, {}}, c.wall_ms, c.wall_ms};
    result.ran.failure = c.failure;
    return result;
}

} // namespace hopscope::run
