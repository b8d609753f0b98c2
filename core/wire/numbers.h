// Numbers that JSON cannot hold cross as texts: "nan", "inf", "-inf".
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

namespace hopscope::wire {

// Empty for finite numbers.
inline std::string_view non_finite_name(double value) {
    return std::isnan(value) ? "nan" : std::isinf(value) ? (value > 0 ? "inf" : "-inf") : "";
}

inline std::optional<double> non_finite_named(std::string_view name) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (name == "nan")
        return std::numeric_limits<double>::quiet_NaN();
    if (name == "inf")
        return kInfinity;
    return name == "-inf" ? std::optional(-kInfinity) : std::nullopt;
}

// For any class that is made of a double or of a text.
template <class Json> Json json_number(double value) {
    const std::string_view name = non_finite_name(value);
    return name.empty() ? Json(value) : Json(name);
}

} // namespace hopscope::wire
