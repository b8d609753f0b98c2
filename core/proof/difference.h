// How far two values that should be the same computation are apart.
#pragma once

#include "core/tensors/tensor_file.h"

#include <string>
#include <vector>

namespace hopscope::proof {

// The elements of a tensor, row-major, or the number. False for values that hold none: None, tuples, complex
// numbers.
bool elements_of(const tensors::Value& value, std::vector<double>& elements);
// The largest finite magnitude; 0 for what holds no numbers.
double largest_of(const tensors::Value& value);

bool is_finite(const tensors::Value& value); // all its numbers are; true for what holds none

struct Difference {
    bool equal = true;
    double absolute = 0; // largest
    double relative = 0; // `absolute` over the largest expected element
    std::string reason; // where they cannot be compared: kind, dtype or shape differ
};

// Within t times the largest expected element, t = 2e-5 for float32, 5e-2 for half precisions, 1e-13 for
// float64; integers and booleans exactly. Relative to the whole tensor, not to each element, as sums that
// cancel need. `reach` is the largest magnitude of all values of the computation: what cancels to zero is
// rounding noise of that size, and four units in its last place are always allowed. `computed_in` is a half
// precision in which floating numbers were computed that are kept in more digits, as under autocast; empty:
// in their own.
Difference difference(const tensors::Value& found, const tensors::Value& expected, double reach,
    const std::string& computed_in = {});

} // namespace hopscope::proof
