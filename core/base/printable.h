// Foreign text where people read it.
#pragma once

#include <string>
#include <string_view>

namespace hopscope {

// Names, paths and messages come from files, and a terminal obeys what stands in them: control characters
// (escape sequences, carriage returns), and those that turn the direction of writing, become visible text:
// "\x1b",
// "\u202e". Newlines and tabs stay. Bad UTF-8 becomes U+FFFD. For JSON this is not needed: its strings escape
// them.
std::string printable(std::string_view bytes);

} // namespace hopscope
