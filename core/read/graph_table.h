// Graph.print_tabular() (torch/fx/graph.py): tabulate's "simple" form, or a grid with '|'.
#pragma once

#include "core/read/rebuilt.h"

#include <span>

namespace hopscope::read {

// The head is the first line ("opcode  name  target  args  kwargs").
bool is_table_head(std::string_view text);
// Where the rule of dashes below it starts in a line, which has a group for each column; npos if there is
// none.
size_t rule_start(std::string_view line);
// Whether a text begins as a row does: with an opcode.
bool is_table_row(std::string_view text);
size_t rebuild_table(std::span<const RawLine> lines, Rebuilt& out);

} // namespace hopscope::read
