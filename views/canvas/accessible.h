// What a screen reader finds in a canvas: a list with one item for each box.
#pragma once

namespace hopscope {

void installCanvasAccessibility(); // once is enough; more do nothing

} // namespace hopscope
