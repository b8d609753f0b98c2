// The texts and sizes of a body's boxes. Shared inside drawing.
#pragma once

#include "core/draw/fold.h"
#include "core/draw/scene.h"

#include <vector>

namespace hopscope::draw {

// One box per entry of Folded::boxes, without place, ports and folded nodes.
std::vector<Box> measure_boxes(
    const GraphModule& module, BodyId body, const Folded& folded, const Options& options);

// How many rows the strip of dots has, and how many dots stand in one.
int dot_rows(const Box& box);
// Height of one row of dots.
inline constexpr int kDotRowHeight = 12;
// Distance between the two lines of a region's border.
inline constexpr int kRegionInset = 3;

} // namespace hopscope::draw
