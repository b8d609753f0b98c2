// The optional that libtorch's interfaces use: its own up to 2.0, the standard library's since.
#pragma once

#include <optional>

#include <torch/version.h>
#if TORCH_VERSION_MAJOR < 2
#include <c10/util/Optional.h>
#endif

namespace hopscope::executor {

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

} // namespace hopscope::executor
