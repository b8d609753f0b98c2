// The text that Graphviz `dot` reads and the text that it prints. Internal to core/layout; public for its
// tests.
#pragma once

#include "core/layout/layout.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope::layout::detail {

// The graph with boxes of fixed size, in inches; boxes that are in `without` are left out.
std::string dot_text(const Input& input, const std::vector<bool>& without);

// Places and lines from `-Tjson0` into `out`, whose places and edges (in the order of the values and their
// users) exist already. Splines become polylines; y points downwards.
Status read_dot_json(std::string json, const Input& input, Output& out);

// Rows between producers and users, summed over all uses, in a longest-path ranking. This, not the number of
// boxes, is what `dot` takes its time for: it makes a node of each row that an edge passes.
int64_t total_span(const Input& input);

} // namespace hopscope::layout::detail
