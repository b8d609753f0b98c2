#include "core/executor/tf32.h"

#include "core/executor/judge.h"
#include "core/executor/tensors.h"

#include <algorithm>

namespace hopscope::executor {

bool multiplies_in_tf32(std::string_view name) {
    constexpr std::string_view kNames[] = {"aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm",
        "aten::addbmm", "aten::matmul", "aten::linear", "aten::_addmm_activation", "aten::einsum",
        "aten::bilinear", "aten::_trilinear"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)
        || name.find("convolution") != name.npos || name.find("conv1d") != name.npos
        || name.find("conv2d") != name.npos || name.find("conv3d") != name.npos
        || name.find("attention") != name.npos || name.find("_rnn") != name.npos;
}

std::vector<uint32_t> added_slots(const Program& program, const ObservedStep& observed) {
    const c10::FunctionSchema* schema = observed.repeat->schema();
    std::vector<uint32_t> slots;
    const Range operands = observed.step.operands;
    for (uint32_t i = operands.begin; schema && i < operands.end; ++i) {
        const size_t argument = i - operands.begin;
        const std::string& name = schema->arguments()[argument].name();
        const bool first_of_sum = argument == 0
            && (schema->name() == "aten::addmm" || schema->name() == "aten::baddbmm"
                || schema->name() == "aten::addbmm" || schema->name() == "aten::_addmm_activation");
        if ((name == "bias" || first_of_sum) && program.operands[i].kind == Operand::Kind::Slot)
            slots.push_back(program.operands[i].index);
    }
    return slots;
}

namespace {

// Bits of float32 that TF32 does not keep.
constexpr int kCut = 13;

at::Tensor rounded(const at::Tensor& tensor, Tf32 how) {
    at::Tensor bits = clone_with_strides(tensor).view(at::kInt);
    if (how == Tf32::Nearest)
        bits = bits + bits.bitwise_right_shift(kCut).bitwise_and(1) + ((1 << (kCut - 1)) - 1);
    bits = bits.bitwise_and(-(1 << kCut));
    // What is not finite stays what it is.
    return with_dtype(at::where(tensor.isfinite(), bits.view(at::kFloat), tensor), at::kDouble);
}

} // namespace

c10::IValue in_tf32(const c10::IValue& value, Tf32 how) {
    if (value.isTensor() && value.toTensor().defined() && value.toTensor().scalar_type() == at::kFloat
        && !value.toTensor().unsafeGetTensorImpl()->is_wrapped_number())
        return rounded(value.toTensor(), how);
    return widened(value);
}

} // namespace hopscope::executor
