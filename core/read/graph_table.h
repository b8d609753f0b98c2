// Graph.print_tabular() (torch/fx/graph.py): tabulate's "simple" form, or a grid with '|'.
#pragma once

#include "core/read/rebuilt.h"

#include <span>

namespace hopscope::read {

// The head is the first line ("opcode  name  target  args  kwargs").
bool is_table_head(std::string_view text);
size_t rebuild_table(std::span<const RawLine> lines, Rebuilt& out);

} // namespace hopscope::read
