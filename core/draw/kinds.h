// What nodes are, concluded from targets, names and descriptors. Shared inside drawing.
#pragma once

#include "core/draw/scene.h"

#include <string_view>
#include <vector>

namespace hopscope::draw {

// The kind of an operator by its target as printed, whatever spells it: an ATen or other operator, a function
// or method of torch, of operator or of Python's math.
Kind kind_of_target(std::string_view target, Opcode op = Opcode::CallFunction);

} // namespace hopscope::draw
