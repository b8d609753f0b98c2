// What will become of bodies' nodes, before they are run.
//
// A schema says nothing about what runs: libtorch has schemas of operators whose kernels are CUDA's alone,
// and kernels that refuse a dtype. So the dispatcher is asked for a kernel of the CPU, and each operator is
// tried, as a run would call it, on small operands of the dtypes that the graph declares: once for each
// combination.
#pragma once

#include "core/wire/forecast.h"

#include <string>
#include <vector>

namespace hopscope::executor {

// `composed`: the operators that were added to libtorch's own, "aten.mm".
wire::ForecastAnswer forecast(const wire::ForecastRequest& request, const std::vector<std::string>& composed);

} // namespace hopscope::executor
