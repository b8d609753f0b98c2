// The comment lines of print_readable text (torch/fx/graph.py, _get_node_summary and its ancestors).
#pragma once

#include "core/graph/body.h"

#include <string_view>

namespace hopscope::read {

// Whether a comment line is one that holds for the statements after it, and not just any comment.
bool is_source_comment(std::string_view comment);

// Reads "# [Annotation: {…} ][recompute: P |ac_graph_id: N - P ][Backward of forward node: ]File: P:L in F,
// code: C" and its older forms. False for "No stacktrace found for following nodes" with nothing before it.
bool parse_comment(std::string_view comment, StringTable& strings, Source& source);

} // namespace hopscope::read
