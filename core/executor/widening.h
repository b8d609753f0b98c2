// Operators whose kernels this libtorch lacks for float16, bfloat16 or 32-bit indices, computed in wider
// types.
//
// A GPU's kernels for half precisions accumulate in float32 and round once; so does this: operands are made
// float32, the operator is called, and what it gives is rounded to the type that the graph declares. No table
// of operators: whatever refuses is asked again.
#pragma once

#include "core/executor/torch.h"

#include <cstdint>

namespace hopscope::executor {

// How an operator is called.
enum class Width : uint8_t {
    Unchanged, // with its operands as they are
    Floats, // half precisions as float32
    Indices, // 32-bit indices as int64
    Both,
};

// Calls the operator with wider operands and puts its results on the stack, rounded: result i to declared[i],
// where that is known (not Undefined), else to what the operands as they were promote to. What it writes into
// keeps its type. Throws c10::Error as the operator does.
void call_wider(const c10::OperatorHandle& op, torch::jit::Stack& stack, Width width,
    c10::ArrayRef<at::ScalarType> declared);

// After a refusal: the first width besides Unchanged that is not refused. `stack` has the operands as they
// were, and afterwards the results. Unchanged: the operands have nothing that could be wider, or all refuse;
// the stack is empty then.
Width find_width(
    const c10::OperatorHandle& op, torch::jit::Stack& stack, c10::ArrayRef<at::ScalarType> declared);

// The results' types that a GPU's kernel gives for half precisions where the CPU's keeps its input's: float32
// statistics of norms (cuda/layer_norm_kernel.cu, cuda/group_norm_kernel.cu, cuda/Normalization.cu).
// Undefined: as the operands are. Empty for other operators.
c10::ArrayRef<at::ScalarType> gpu_statistics(std::string_view name);

// Whether results are of half precision where the graph declares float32: a GPU keeps the statistics of norms
// so. Only of operators with several results, of which none is told its dtype by an argument.
bool keeps_less(
    const c10::OperatorHandle& op, const torch::jit::Stack& results, c10::ArrayRef<at::ScalarType> declared);

} // namespace hopscope::executor
