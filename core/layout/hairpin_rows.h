// The rows of a hairpin: which box of either side stands on which. Shared inside layout.
#pragma once

#include "core/layout/bands.h"
#include "core/layout/hairpin.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace hopscope::layout::detail {

using LinkedPair = std::pair<uint32_t, uint32_t>; // a box on the left, one on the right

struct HairpinRows {
    std::vector<int> left, right; // by box, from the top
    int count = 0;
    std::vector<BandedSide> bands; // left and right, as rows hold them; empty: none can be held
};

// `left` and `right` are the whole graphs of `input`, `pairs` its distinct links. Cancelled where `job` is:
// the rows are then valid, but further apart than they need be.
HairpinRows find_hairpin_rows(const HairpinInput& input, const Graph& left, const Graph& right,
    const std::vector<LinkedPair>& pairs, const Job& job);

} // namespace hopscope::layout::detail
