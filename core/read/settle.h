// What graphs out of texts can tell of each other: which compilation each is of, which stage, what it is
// called.
#pragma once

#include "core/read/collector.h"

namespace hopscope::read {

// Before graphs are read: sets graphs of several compilations apart by AOTAutograd's numbers where no compile
// id is told.
void settle_tasks(Collector& collector);

// After: stages by placeholders, pairs of forward and backward by their names, and labels that tell graphs of
// one stage apart. `of_text[i]`: graph i came out of a text.
void settle_graphs(Dump& dump, const std::vector<bool>& of_text);

} // namespace hopscope::read
