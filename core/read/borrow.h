// Bodies of regions that a script lacks, taken from a graph that is the same.
#pragma once

#include "core/graph/dump.h"

namespace hopscope::read {

// fx_graph_runnable.py and the minifier's repro.py of PyTorch before 2.14 say `self.NAME = GraphModule()` of
// a region's body (torch/_dynamo/debug_utils.py, NNModuleToString). Where another graph of the dump, or
// fx_graph_readable.py beside the script, has the same root (names, operators, operands of all nodes) and the
// same calls of regions, its bodies are copied. Says of each file whose bodies they are, or how to get them.
// Before graphs are merged, on modules that nobody else has.
void borrow_bodies(Dump& dump);

} // namespace hopscope::read
