#include "core/layout/layout.h"

namespace hopscope::layout {

Result<Output> run(const Input& input, const Options& options, const Job& job) {
    return run_layered(input, options, job);
}

} // namespace hopscope::layout
