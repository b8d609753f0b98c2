// Foreign text where people read it.
#pragma once

#include <string>
#include <string_view>

namespace hopscope {

// Names, paths and messages come from files, and a terminal obeys what stands in them: control characters
// (escape sequences, carriage returns), and those that turn the direction of writing, become visible text:
// "\x1b",
// "\u202e". Newlines and tabs stay. Bad UTF-8 becomes U+FFFD.
std::string printable(std::string_view bytes);

// JSON whose strings escape them too: writers escape what is below a blank, and leave DEL, C1 controls and
// the marks of writing's direction as they are. The same value, to whoever reads it.
std::string printable_json(std::string json);

} // namespace hopscope
