#include "core/executor/standins.h"

#include "core/executor/widening.h"

#include <array>

namespace hopscope::executor {

namespace {

using torch::jit::Stack;
using Declared = c10::ArrayRef<at::ScalarType>;

bool is_half(const c10::IValue& value) {
    return value.isTensor() && value.toTensor().defined()
        && (value.toTensor().scalar_type() == at::kHalf || value.toTensor().scalar_type() == at::kBFloat16);
}
bool is_tensor(const c10::IValue& value) {
    return value.isTensor() && value.toTensor().defined();
}

bool answer(Stack& stack, at::Tensor result) {
    stack.clear();
    stack.emplace_back(std::move(result));
    return true;
}

// Kernels of 1.13 that round at every step where a GPU's accumulate in float32.
bool rounds_once(const c10::OperatorHandle& op, Stack& stack, Declared declared) {
    bool any = false;
    for (const c10::IValue& value : stack)
        any = any || is_half(value);
    if (any)
        call_wider(op, stack, Width::Floats, declared);
    return any;
}

// Transposed, 1.13's kernel of half precision gives another shape.
bool convolution(const c10::OperatorHandle& op, Stack& stack, Declared declared) {
    return stack.size() > 6 && stack[6].isBool() && stack[6].toBool() && rounds_once(op, stack, declared);
}

// softmax of half precision into float32.
bool softmax(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!stack[2].toBool() || !is_half(stack[0]))
        return false;
    return answer(stack, at::_softmax(stack[0].toTensor().to(at::kFloat), stack[1].toInt(), false));
}
bool log_softmax(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!stack[2].toBool() || !is_half(stack[0]))
        return false;
    return answer(stack, at::_log_softmax(stack[0].toTensor().to(at::kFloat), stack[1].toInt(), false));
}
// Its backward: from float32 into the type that the forward was given.
bool narrows(const Stack& stack) {
    const at::ScalarType into = stack[3].toScalarType();
    return (into == at::kHalf || into == at::kBFloat16) && is_tensor(stack[0])
        && stack[0].toTensor().scalar_type() == at::kFloat;
}
bool softmax_backward(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!narrows(stack))
        return false;
    return answer(stack,
        at::_softmax_backward_data(stack[0].toTensor(), stack[1].toTensor(), stack[2].toInt(), at::kFloat)
            .to(stack[3].toScalarType()));
}
bool log_softmax_backward(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!narrows(stack))
        return false;
    return answer(stack,
        at::_log_softmax_backward_data(stack[0].toTensor(), stack[1].toTensor(), stack[2].toInt(), at::kFloat)
            .to(stack[3].toScalarType()));
}

// Debian's BLAS returns complex numbers in another way than libtorch expects: the products came out as 0.
bool dot(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!is_tensor(stack[0]) || !stack[0].toTensor().is_complex())
        return false;
    return answer(stack, stack[0].toTensor().mul(stack[1].toTensor()).sum());
}
bool vdot(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!is_tensor(stack[0]) || !stack[0].toTensor().is_complex())
        return false;
    return answer(stack, stack[0].toTensor().conj().mul(stack[1].toTensor()).sum());
}

at::Tensor reduced(const at::Tensor& all, int64_t reduction) {
    return reduction == at::Reduction::Mean ? all.mean() : reduction == at::Reduction::Sum ? all.sum() : all;
}
// 2.13 takes log1p where 1.13 lost the digits of what is near 0 (aten/src/ATen/native/Loss.cpp). Each of its
// steps rounds to the type of the input, on GPUs too.
bool soft_margin_loss(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!is_tensor(stack[0]) || !is_tensor(stack[1]))
        return false;
    const at::ScalarType type = stack[0].toTensor().scalar_type();
    const auto step = [&](const at::Tensor& wide) { return is_half(stack[0]) ? wide.to(type) : wide; };
    const auto wide = [&](const at::Tensor& narrow) {
        return is_half(stack[0]) ? narrow.to(at::kFloat) : narrow;
    };
    at::Tensor x = step(wide(stack[0].toTensor()).neg());
    x = step(wide(x).mul(wide(stack[1].toTensor())));
    x = step(wide(x).exp());
    x = step(wide(x).log1p());
    return answer(stack, step(reduced(wide(x), stack[2].toInt())));
}

// The CPU's takes floating numbers only.
bool histc(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!is_tensor(stack[0]) || at::isFloatingType(stack[0].toTensor().scalar_type()))
        return false;
    const at::Tensor self = stack[0].toTensor();
    return answer(stack,
        at::histc(self.to(at::kDouble), stack[1].toInt(), stack[2].toScalar(), stack[3].toScalar())
            .to(self.scalar_type()));
}

// 1.13 computes x * scale - mean * scale, which loses all digits of a row of one value or of few, and rounds
// the second factor to half precision.
bool layer_norm(const c10::OperatorHandle& op, Stack& stack, Declared declared) {
    constexpr int64_t kShort = 8;
    if (rounds_once(op, stack, declared))
        return true;
    const at::IntArrayRef sizes = is_tensor(stack[0]) ? stack[0].toTensor().sizes() : at::IntArrayRef();
    const std::vector<int64_t> over = stack[1].toIntVector();
    if (!is_tensor(stack[0]) || stack[0].toTensor().scalar_type() != at::kFloat || over.size() > sizes.size()
        || c10::multiply_integers(over) > kShort)
        return false;
    for (c10::IValue& value : stack)
        if (is_tensor(value))
            value = value.toTensor().to(at::kDouble);
    op.callBoxed(stack);
    for (c10::IValue& value : stack)
        value = value.toTensor().to(at::kFloat);
    return true;
}

// Of a tensor without dimensions 1.13 keeps one.
bool aminmax(const c10::OperatorHandle&, Stack& stack, Declared) {
    if (!is_tensor(stack[0]) || stack[0].toTensor().dim() > 0)
        return false;
    const at::Tensor self = stack[0].toTensor();
    stack.clear();
    stack.emplace_back(self.clone());
    stack.emplace_back(self.clone());
    return true;
}
// Places that were not asked for are a tensor without elements.
bool unique(const c10::OperatorHandle& op, Stack& stack, Declared) {
    const bool places = stack[2].toBool();
    if (!rounds_once(op, stack, {}))
        op.callBoxed(stack);
    if (!places)
        stack[1] = at::empty({0}, at::dtype(at::kLong));
    return true;
}

struct Row {
    std::string_view name;
    bool (*answers)(const c10::OperatorHandle&, Stack&, Declared);
};
constexpr std::array kRows{Row{"aten::_softmax", softmax}, Row{"aten::_log_softmax", log_softmax},
    Row{"aten::_softmax_backward_data", softmax_backward},
    Row{"aten::_log_softmax_backward_data", log_softmax_backward}, Row{"aten::dot", dot},
    Row{"aten::vdot", vdot}, Row{"aten::histc", histc}, Row{"aten::native_group_norm", rounds_once},
    Row{"aten::native_group_norm_backward", rounds_once},
    Row{"aten::native_layer_norm_backward", rounds_once},
    Row{"aten::native_batch_norm_backward", rounds_once}, Row{"aten::convolution", convolution},
    Row{"aten::linalg_vector_norm", rounds_once}, Row{"aten::dist", rounds_once},
    Row{"aten::grid_sampler_3d", rounds_once}, Row{"aten::soft_margin_loss", soft_margin_loss},
    Row{"aten::native_layer_norm", layer_norm}, Row{"aten::aminmax", aminmax}, Row{"aten::_unique2", unique}};

} // namespace

uint8_t standin_of(std::string_view name) {
    for (size_t i = 0; i < kRows.size(); ++i)
        if (kRows[i].name == name)
            return static_cast<uint8_t>(i + 1);
    return 0;
}

bool call_standin(uint8_t which, const c10::OperatorHandle& op, Stack& stack, Declared declared) {
    return kRows[which - 1u].answers(op, stack, declared);
}

} // namespace hopscope::executor
