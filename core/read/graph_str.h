// Graph.__str__ (torch/fx/graph.py, Node.format_node in torch/fx/node.py): `%add : [num_users=1] =
// call_function[…`.
#pragma once

#include "core/read/rebuilt.h"

#include <span>

namespace hopscope::read {

// Whether a line, without its indent, is a node of this form.
bool is_graph_str_node(std::string_view text);

// Reads nodes from the first line on, up to the return or the first line that is none, into print_readable's
// form. Returns how many lines it took; 0 = there is no graph. Graphs inside of a node ("lowered graph():")
// become bodies. `fragment`: of Inductor's output code, whose names may be defined elsewhere.
size_t rebuild_graph_str(std::span<const RawLine> lines, Rebuilt& out);

} // namespace hopscope::read
