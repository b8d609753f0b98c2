// Tells what a person wrote from what FX printed: both are Python classes with a forward.
#pragma once

#include "core/read/rebuilt.h"

#include <span>

namespace hopscope::read {

// `lines` are a class or a bare def with its body. True where the body has what FX never prints (control
// flow, calls inside of calls, an expression behind return, a constructor of its own) and nothing that only
// FX prints (types in quotes, deletions, overloads of ATen).
bool is_written_by_hand(std::span<const RawLine> lines);

} // namespace hopscope::read
