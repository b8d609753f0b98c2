// Arguments as FX writes them; internal to the printing of graphs.
#pragma once

#include "core/graph/body.h"

#include <span>
#include <string>

namespace hopscope {

// Appends sibling entries, comma separated. Iterative: arguments may be nested as deep as the input likes.
void append_args(std::string& out, const GraphModule& module, const Body& body, std::span<const Arg> args);

} // namespace hopscope
