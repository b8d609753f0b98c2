// TensorFloat-32: float32 of which a GPU's matrix units keep 10 bits after the point. Where it is allowed
// (torch.backends.cuda.matmul.allow_tf32, torch.set_float32_matmul_precision("high"), and by default in
// cuDNN's convolutions) products of float32 are off by a thousandth, and right all the same.
#pragma once

#include "core/executor/machine.h"
#include "core/executor/torch.h"

#include <string_view>
#include <vector>

namespace hopscope::executor {

enum class Tf32 : uint8_t { Nearest, Truncated };

// Half a unit in TF32's last place, in those of float32's.
inline constexpr double kTf32Share = 0x1p13;
// How many times the floor of TF32 a recorded value may be away where nothing else proves that it was used.
inline constexpr double kTf32Floors = 2;

// Whether cuBLAS, cuDNN or CUTLASS may compute the operator in TF32.
bool multiplies_in_tf32(std::string_view operator_name);

// The operand that is added to a product, not multiplied: it keeps its digits. Slots of the step's operands.
std::vector<uint32_t> added_slots(const Program& program, const ObservedStep& observed);

// float32 in double precision, each element rounded to TF32; other values as widened() gives them.
c10::IValue in_tf32(const c10::IValue& value, Tf32 how);

} // namespace hopscope::executor
