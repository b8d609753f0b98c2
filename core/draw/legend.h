// What a picture's colours, letters, shapes and lines mean: drawn with the same hands as the picture, so that
// it cannot say anything else.
#pragma once

#include "core/draw/display.h"

namespace hopscope::draw {

// The legend alone, at (0, 0), `width` points wide where its columns need no more: kinds of nodes, marks on
// their borders, calls of a region, lines. Of a scene only what occurs in it; of null everything there is.
DisplayList make_legend(const Scene* scene, double width);

// Puts the scene's legend below the picture and makes the list as much larger. Its items belong to no box and
// no edge.
void append_legend(const Scene& scene, int margin, DisplayList& list);

} // namespace hopscope::draw
