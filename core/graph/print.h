// Bodies back to text, in print_readable's form.
#pragma once

#include "core/graph/body.h"

#include <functional>
#include <string>

namespace hopscope {

struct PrintOptions {
    bool nested = true; // with the bodies of regions, as nested classes
    bool types = true;
    bool sources = true; // the "# File:" comments
    bool deletions = true; // ";  x = None" after a value's last use
    // What to say of a placeholder, as a comment below the signature; it says nothing with an empty text.
    std::function<std::string(BodyId body, NodeId placeholder)> note;
    bool close = false; // a body that was cut gets a return of what nothing in it uses, so that it can run
};

// The body as a class, as torch/fx/graph_module.py print_readable writes it. Reads back to an equal body.
std::string print_readable(const GraphModule& module, BodyId body, const PrintOptions& options = {});
// One node's statement, without indent, comment and deletions.
std::string print_statement(const GraphModule& module, BodyId body, NodeId node, bool types = true);
// The comment above the nodes of a source (none: of nodes without one), without indent and newline.
std::string print_source(const GraphModule& module, SourceId source);
// The arguments of a node as they stand between its brackets.
std::string print_args(const GraphModule& module, const Body& body, const Node& node);
// One of them, or an item of one: `arg` and what it holds.
std::string print_arg(const GraphModule& module, const Body& body, const Arg& arg);

} // namespace hopscope
