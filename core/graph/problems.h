// How much of what reading said is a fault of the input, and how much is only worth knowing.
#pragma once

#include "core/graph/dump.h"

#include <cstddef>
#include <span>
#include <string>

namespace hopscope {

// A note ("the trace beside them holds its graphs itself") is no problem: a healthy dump must not look ill.
struct ProblemCount {
    size_t problems = 0; // warnings and errors
    size_t notes = 0;

    bool none() const { return problems == 0 && notes == 0; }
    // "2 problems, 1 note", "1 note"; "" = none.
    std::string text() const;
    ProblemCount& operator+=(const ProblemCount& other);
};
ProblemCount count_problems(std::span<const Problem> problems);

} // namespace hopscope
