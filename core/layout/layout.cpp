#include "core/layout/layout.h"

#include "core/layout/dot.h"
#include "core/layout/layered.h"

namespace hopscope::layout {

namespace {

// Whether `dot` can be expected to end well within its limit. A wall clock that decides would make two
// pictures of one file, so this does; the limit is for machines under load and graphs that are worse than
// their figures.
bool dot_is_quick(const Input& input, const Options& options) {
    constexpr int64_t kSpanPerMillisecond = 2;
    return input.boxes.size() <= options.dot_boxes
        && detail::total_span(input) <= kSpanPerMillisecond * options.dot_milliseconds;
}

Result<Output> run_engine(const Input& input, const Options& options, const Job& job) {
    if (options.engine == Engine::Layered)
        return run_layered(input, options, job);
    if (options.engine == Engine::Dot)
        return run_dot(input, options, job);
    if (Status valid = detail::validate(input); !valid)
        return valid.error();
    if (!dot_is_quick(input, options))
        return run_layered(input, options, job);
    Result<Output> dot = run_dot(input, options, job);
    if (dot.ok() || dot.error().kind != Error::Kind::External)
        return dot;
    Result<Output> layered = run_layered(input, options, job);
    if (layered.ok())
        layered->note = dot.error().message;
    return layered;
}

} // namespace

Result<Output> run(const Input& input, const Options& options, const Job& job) {
    Result<Output> output = run_engine(input, options, job);
    if (output.ok() && options.columns > 1)
        detail::wrap_columns(input, *output, options.columns);
    return output;
}

} // namespace hopscope::layout
