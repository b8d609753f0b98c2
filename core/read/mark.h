// What people put on a line to point at it: "-->", ">>>>>", "=>" before it, "<--- here" behind it.
#pragma once

#include <cstddef>
#include <string_view>

namespace hopscope::read {

// What stands behind the mark that a line begins with, where that is a statement, a return, or a node of
// Graph.__str__; empty where there is no mark, or nothing that a graph has behind it. `text` is without
// indent.
std::string_view behind_mark(std::string_view text);

// Where what is no part of a statement begins behind it: a person's comment, an arrow that points at it, the
// border of a table's cell; npos if there is nothing.
size_t note_start(std::string_view text);

} // namespace hopscope::read
