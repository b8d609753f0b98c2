// Values and targets as Graph.__str__ and Graph.print_tabular write them, as Python.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

// Values as Graph.__str__ writes them to Python's: nodes lose their %, bare words become strings. Items of
// the outermost list apart. Iterative: brackets nest as deep as the text likes.
std::vector<std::string> python_values(std::string_view text, bool keywords);

// FX's qualified names; other targets are printed as their repr. Marked (kFunctionMark) unless it is torch's
// own.
std::string python_function(std::string_view target);

// With commas between, from the item `from` on.
std::string joined_items(const std::vector<std::string>& items, size_t from = 0);

} // namespace hopscope::read
