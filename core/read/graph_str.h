// Graph.__str__ (torch/fx/graph.py, Node.format_node in torch/fx/node.py): `%add : [num_users=1] =
// call_function[…`.
#pragma once

#include "core/read/rebuilt.h"

#include <optional>
#include <span>
#include <string_view>

namespace hopscope::read {

// Whether a line, without its indent, is a node of this form.
bool is_graph_str_node(std::string_view text);

// "graph():" in a line, or the head of FX's first versions, "graph(x, y) -> torch.Tensor:", which names the
// inputs and has no nodes of them (1.7, 1.8).
struct GraphStrHead {
    std::optional<size_t> at; // in the line
    std::string_view inputs; // between its brackets
};
GraphStrHead graph_str_head(std::string_view line);

// Reads nodes from the first line on, up to the return or the first line that is none, into print_readable's
// form. Returns how many lines it took; 0 = there is no graph. Graphs inside of a node ("lowered graph():")
// become bodies. `inputs`: what a head of the first versions says of them.
size_t rebuild_graph_str(std::span<const RawLine> lines, Rebuilt& out, std::string_view inputs = {});

} // namespace hopscope::read
