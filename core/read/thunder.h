// Lightning Thunder's traces: Python too, with types in comments.
#pragma once

#include "core/read/rebuilt.h"

#include <span>
#include <string_view>

namespace hopscope::read {

// Whether the lines begin a trace: `def NAME(…):` with types in comments (`# x: "cuda:0 f32[2]"`) or calls of
// Thunder's own functions below it. Looks at some tens of lines.
bool begins_thunder(std::span<const RawLine> lines);
// Whether a text has statements of such a trace, with its head or without.
bool looks_like_thunder(std::string_view text);

// Takes the lines from the def on; returns how many it used, 0 = it is none.
size_t rebuild_thunder(std::span<const RawLine> lines, Rebuilt& out);

} // namespace hopscope::read
