// What a backward body is given: which of the forward's values, which tangents.
#pragma once

#include "core/base/result.h"
#include "core/regions/ledger.h"

#include <vector>

namespace hopscope::proof {

struct BackwardOperand {
    enum class From : uint8_t { Result, Primal, Tangent };
    From from = From::Tangent;
    size_t index = 0; // of the forward's results, of its placeholders, or of the tangents
    friend auto operator<=>(const BackwardOperand&, const BackwardOperand&) = default;
};

// For each placeholder of the backward body. As the invocation's two calls hand the values on, by position;
// where there are no calls, by the names that saved values keep (formats since 2.8). Errors: Damaged where
// the calls do not fit the bodies.
Result<std::vector<BackwardOperand>> backward_operands(const Dump& dump, const Invocation& invocation);

} // namespace hopscope::proof
