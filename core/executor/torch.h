// What of libtorch is used here, in one header, which is precompiled: reading libtorch's headers took nine
// tenths of what each file cost. Also the only place that tells versions of libtorch apart.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/SequenceNumber.h>
#include <ATen/TensorIndexing.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/enum_tag.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/library.h>
#include <torch/version.h>
#if TORCH_VERSION_MAJOR < 2
#include <c10/util/Optional.h>
#endif

#include <array>
#include <optional>
#include <string_view>

namespace hopscope::executor {

// The optional that libtorch's interfaces use: its own up to 2.0, the standard library's since.
#if TORCH_VERSION_MAJOR < 2
template <class T> using TorchOptional = c10::optional<T>;
#else
template <class T> using TorchOptional = std::optional<T>;
#endif
inline constexpr auto& kNoDispatchKey =
#if TORCH_VERSION_MAJOR < 2
    c10::nullopt;
#else
    std::nullopt;
#endif

// Dtypes that came later than 1.13, where this libtorch has them.
struct NewType {
    std::string_view name;
    at::ScalarType type;
};
#if TORCH_VERSION_MAJOR < 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 3)
inline constexpr std::array<NewType, 0> kNewTypes{};
#else
inline constexpr std::array kNewTypes{NewType{"float8_e4m3fn", at::kFloat8_e4m3fn},
    NewType{"float8_e5m2", at::kFloat8_e5m2}, NewType{"float8_e4m3fnuz", at::kFloat8_e4m3fnuz},
    NewType{"float8_e5m2fnuz", at::kFloat8_e5m2fnuz}, NewType{"uint16", at::kUInt16},
    NewType{"uint32", at::kUInt32}, NewType{"uint64", at::kUInt64}};
#endif

} // namespace hopscope::executor
