// Whether torch.export made a compilation, and so what it asked of the caches: nothing
// (torch/_dynamo/variables/invoke_subgraph.py, _call_function: no reuse while exporting).
#pragma once

#include "core/graph/dump.h"

namespace hopscope {

// In strict mode Dynamo traces a module that takes its inputs as `flat_args`
// (torch/_dynamo/functional_export.py, ModuleToTrace.forward), and makes no record of a frame: neither
// function nor file.
bool exported_strictly(const Dump& dump, CompilationId compilation);

} // namespace hopscope
