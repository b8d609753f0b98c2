// Which invocation comes next: the stepper's rules, without a window.
#pragma once

#include "core/browse/document.h"

#include <optional>
#include <string>

namespace hopscope {

enum class StepTo {
    Any, // the next invocation, whatever became of it
    Reused, // by its conditions or by key
    Traced, // whose body was traced: first calls, misses and failures
};

// The row that a step from `row` (none = before the first) leads to, forward (direction 1) or back (-1); none
// = there is no such row. Steps run over all compilations in the dump's order, so that forward and back are
// exact inverses.
std::optional<int> next_row(const Document& document, std::optional<int> row, StepTo to, int direction);

// Why there is no such step, for tooltips: "no later invocation was reused". Empty where there is one.
std::string why_no_step(const Document& document, std::optional<int> row, StepTo to, int direction);

// "invocation #4 of 12", of its compilation; the number is the ledger's #, from 0. "–" for no row.
std::string position_text(const Document& document, std::optional<int> row);

bool is_reused(Decision decision);
bool is_traced(Decision decision);

} // namespace hopscope
