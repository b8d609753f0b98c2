// Asks an executor what will become of bodies' nodes.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/graph/symbols.h"
#include "core/wire/forecast.h"

#include <string>
#include <vector>

namespace hopscope::worker {

struct AskedBody {
    const GraphModule* module;
    BodyId body; // with those that it calls
    Bindings symbols;
};

// In a process of its own (hopscope-executor --forecast), that ends with the answer. Bodies and nodes are
// those of the modules, in the order asked; nodes of bodies that a module does not have are left out. Errors:
// External where the executor fails or its answer does not hold; Cancelled.
Result<wire::ForecastAnswer> forecast(const std::string& executor, const std::vector<std::string>& libraries,
    const std::vector<AskedBody>& bodies, const Job& job = {});

} // namespace hopscope::worker
