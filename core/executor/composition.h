// One operator that a libtorch may lack, made of those that it has; the tables of them by kind.
#pragma once

#include "core/executor/torch.h"

#include <vector>

namespace hopscope::executor {

struct Composition {
    const char* space;
    const char* schema; // PyTorch 2.13's, sizes as plain int
    torch::CppFunction (*kernel)();
    torch::CppFunction (
        *autograd)() = nullptr; // asks for the backward operator by its name, as PyTorch's own does
    bool random = false;
};

// An operator of its own: what it is made of is not seen by autograd. Without an autograd kernel it has no
// derivative.
#define HOPSCOPE_KERNEL(function)                                                                            \
    [] {                                                                                                     \
        return torch::dispatch(                                                                              \
            c10::DispatchKey::CompositeExplicitAutograd, torch::CppFunction(TORCH_FN(function)));            \
    }
#define HOPSCOPE_AUTOGRAD(function)                                                                          \
    [] { return torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction(TORCH_FN(function))); }
// Its derivative is that of what it is made of.
#define HOPSCOPE_THROUGH(function)                                                                           \
    [] {                                                                                                     \
        return torch::dispatch(                                                                              \
            c10::DispatchKey::CompositeImplicitAutograd, torch::CppFunction(TORCH_FN(function)));            \
    }

using OptionalTensor = TorchOptional<at::Tensor>;

const std::vector<Composition>& attention_compositions();
const std::vector<Composition>& gpu_attention_compositions();
const std::vector<Composition>& attention_piece_compositions();
const std::vector<Composition>& product_compositions();
const std::vector<Composition>& norm_compositions();
const std::vector<Composition>& index_compositions();
const std::vector<Composition>& prims_compositions();
const std::vector<Composition>& other_compositions();

} // namespace hopscope::executor
