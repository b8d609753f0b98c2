// Places for the marks on the borders of boxes. Shared inside drawing.
#pragma once

#include "core/draw/fold.h"
#include "core/draw/scene.h"

namespace hopscope::draw {

// Turns the marks into ports of the placed boxes, and cut links into pairs of ports. Marks keep clear of the
// lines that meet the same border where there is room. `upwards`: the body's lines run up, so that operands
// arrive at the lower borders.
void place_ports(
    const GraphModule& module, const Body& body, const Folded& folded, Scene& scene, bool upwards = false);

} // namespace hopscope::draw
