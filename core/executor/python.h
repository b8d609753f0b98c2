// Python's own operators on numbers: what FX evaluates outside of the dispatcher.
#pragma once

#include "core/executor/torch.h"

#include <optional>
#include <string_view>
#include <vector>

namespace hopscope::executor {

// The function of a target ("operator.add", "torch.sym_max", "aten.sym_size.int"), by its number; none where
// there is none.
std::optional<int> python_function(std::string_view target);

// Throws std::runtime_error with the reason where the values are none that the function takes.
c10::IValue call_python(int function, const std::vector<c10::IValue>& arguments);

} // namespace hopscope::executor
