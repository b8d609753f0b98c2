// One operator that a libtorch may lack, made of those that it has; the tables of them by kind.
#pragma once

#include "core/executor/torch.h"

#include <vector>

namespace hopscope::executor {

// Its kernel as libtorch's boxed calls have it: operands on a stack.
using BoxedCall = void (*)(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack*);

struct Composition {
    const char* space;
    const char* schema; // PyTorch 2.13's, sizes as plain int
    torch::CppFunction (*kernel)();
    // Where libtorch has the operator, but no kernel for the CPU, it is given this one: schemas differ in
    // what they call SymInt or Tensor?, which the kernel above would not be taken with.
    BoxedCall boxed;
    torch::CppFunction (
        *autograd)() = nullptr; // asks for the backward operator by its name, as PyTorch's own does
    bool random = false;
};

template <class Function>
void call_boxed(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
    typename c10::impl::WrapFunctionIntoFunctor<Function>::type functor;
    c10::impl::make_boxed_from_unboxed_functor<decltype(functor), false>::call(&functor, op, keys, stack);
}

// An operator of its own: what it is made of is not seen by autograd. Without an autograd kernel it has no
// derivative.
#define HOPSCOPE_KERNEL(function)                                                                            \
    [] {                                                                                                     \
        return torch::dispatch(                                                                              \
            c10::DispatchKey::CompositeExplicitAutograd, torch::CppFunction(TORCH_FN(function)));            \
    },                                                                                                       \
        &call_boxed<decltype(TORCH_FN(function))>
#define HOPSCOPE_AUTOGRAD(function)                                                                          \
    [] { return torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction(TORCH_FN(function))); }
// Its derivative is that of what it is made of.
#define HOPSCOPE_THROUGH(function)                                                                           \
    [] {                                                                                                     \
        return torch::dispatch(                                                                              \
            c10::DispatchKey::CompositeImplicitAutograd, torch::CppFunction(TORCH_FN(function)));            \
    },                                                                                                       \
        &call_boxed<decltype(TORCH_FN(function))>

using OptionalTensor = TorchOptional<at::Tensor>;

const std::vector<Composition>& attention_compositions();
const std::vector<Composition>& gpu_attention_compositions();
const std::vector<Composition>& attention_piece_compositions();
const std::vector<Composition>& product_compositions();
const std::vector<Composition>& norm_compositions();
const std::vector<Composition>& index_compositions();
const std::vector<Composition>& prims_compositions();
const std::vector<Composition>& other_compositions();
const std::vector<Composition>& foreach_compositions();

} // namespace hopscope::executor
