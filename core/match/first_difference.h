// What to tell of two bodies that are not equal.
#pragma once

#include "core/match/match.h"

namespace hopscope::match {

// The first node of a, in its order, that computes something that b does not compute, and the node of b that
// most likely took its place. Where both bodies compute the same values, `known` (found while mapping) is
// returned.
Difference first_difference(
    const Canon& a, BodyId body_a, const Canon& b, BodyId body_b, const std::optional<Difference>& known);

} // namespace hopscope::match
