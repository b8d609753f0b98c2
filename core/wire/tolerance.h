// How far two values of a dtype may be apart and still agree: what the worker compares by and what the client
// says.
#pragma once

#include <string_view>

namespace hopscope::wire {

struct Tolerance {
    std::string_view dtype; // torch's name
    double alone; // each node was given the reference's values
    double whole; // errors add up over the graph
};

// |a - b| <= t * (1 + |b|). Measured over all recordings: the largest ratio that occurred, with room.
inline constexpr Tolerance kTolerances[] = {
    {"bfloat16", 2e-2, 5e-2},
    {"float16", 2e-2, 5e-2},
    {"float32", 1e-6, 2e-5},
    {"float64", 1e-15, 1e-14},
};

// How many times the noise floor (core/executor/judge.h) a value may be away from the same operator in double
// precision before it is suspicious. Measured over all recordings of CPUs and GPUs: see CONTRIBUTING.md.
inline constexpr double kFloors = 8;

// 0 for what is equal or not: integers, booleans.
constexpr double tolerance(std::string_view dtype, bool alone) {
    // A complex number is compared part by part.
    if (dtype == "complex64")
        dtype = "float32";
    if (dtype == "complex128")
        dtype = "float64";
    for (const Tolerance& t : kTolerances)
        if (t.dtype == dtype)
            return alone ? t.alone : t.whole;
    return 0;
}

} // namespace hopscope::wire
