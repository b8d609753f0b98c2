// Operators whose kernel in this libtorch refuses, or gives less than PyTorch's own does, where no wider
// operands help or nothing is refused: answered by others of libtorch's operators.
#pragma once

#include "core/executor/torch.h"

#include <cstdint>
#include <string_view>

namespace hopscope::executor {

// 0: there is none. `name` as the dispatcher has it: "aten::dot".
uint8_t standin_of(std::string_view name);

// Answers the operator with the operands on the stack, if this is a case for it; else leaves the stack as it
// is.
bool call_standin(uint8_t which, const c10::OperatorHandle& op, torch::jit::Stack& stack,
    c10::ArrayRef<at::ScalarType> declared);

} // namespace hopscope::executor
