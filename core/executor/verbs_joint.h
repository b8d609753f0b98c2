// The protocol's verb `joint` (resources/help/executor.md).
#pragma once

#include "core/executor/machine.h"

#include <nlohmann/json_fwd.hpp>

namespace hopscope::executor {

// Derives the joint graph of the program that is loaded, on the inputs that are bound. Throws Fault
// and std::invalid_argument for parameters that do not fit, c10::Error where the graph cannot be written
// down.
nlohmann::json joint_verb(const Program& program, const std::vector<c10::IValue>& inputs,
    const nlohmann::json& params, wire::Progress* progress, const std::function<bool()>& stop);

} // namespace hopscope::executor
