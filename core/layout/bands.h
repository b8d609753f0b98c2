// Bands (Input::bands): of the two sides of a hairpin, rows of their own on their side. Shared inside layout.
#pragma once

#include "core/layout/layered.h"

#include <cstdint>
#include <vector>

namespace hopscope::layout::detail {

// One side: its variables begin at `first`. Upwards, a later band lies above an earlier one.
struct BandedSide {
    const Graph* graph = nullptr;
    uint32_t first = 0;
    bool upwards = false;
    std::vector<uint32_t> bands; // by box of the graph; empty: none
};

// By box of the graph; empty where the input has none.
std::vector<uint32_t> bands_of(const Input& input, const Graph& graph);

// Adds a variable between each band and the next one, with arcs that hold their boxes apart, and makes all
// rows valid anew. False, and nothing is changed, where a value leads to an earlier band.
bool hold_bands_apart(const std::vector<BandedSide>& sides, std::vector<int>& rows, std::vector<Arc>& arcs);

// By row: whether a band of a side ends there, and whether one begins in the next row.
struct BandEnds {
    std::vector<bool> ends, begins_below;
};
// `rows` of the boxes, downwards.
void mark_band_ends(const BandedSide& side, const std::vector<int>& rows, BandEnds& marked);

} // namespace hopscope::layout::detail
