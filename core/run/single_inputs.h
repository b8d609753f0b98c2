// Inputs that are there one by one: those that a person names, and those that came with the graph.
#pragma once

#include "core/graph/dump.h"
#include "core/graph/symbols.h"
#include "core/run/inputs.h"

#include <string>
#include <vector>

namespace hopscope::run {

// "x=f32[2,3]", with strides and a device as the dump writes them ("x=f32[2,3][1,2]cpu"), adds a tensor to be
// made; "k=3", "p=0.5", "flag=True", "y=None" a number. Sizes may be symbols that are bound. Errors: Usage.
Status add_named(const std::vector<std::string>& words, const Bindings& symbols, SingleInputs& singles);

// The values of Graph::saved, as far as they can be read; what cannot is noted, and will be made. `samples`:
// those too that the model was only tried on.
void add_saved(const std::vector<SavedTensor>& saved, bool samples, SingleInputs& singles);

} // namespace hopscope::run
