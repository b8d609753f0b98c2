// The texts that the readers found, read into graphs: most of the work of opening a dump.
#pragma once

#include "core/read/collector.h"

namespace hopscope::read {

// Reads every task of the collector, on several threads (0 = as many as the machine has, 4 at most), and adds
// the graphs to the dump in the order of the tasks: the outcome does not depend on the timing. Tasks whose
// text is a script get the text of its graph.
void read_graphs(Collector& collector, unsigned threads);

} // namespace hopscope::read
