// Finds the graphs in a text: printed modules, Graph.__str__, tables, fragments, wherever they stand.
#pragma once

#include "core/read/collector.h"
#include "core/read/decode.h"

namespace hopscope::read {

// Appends a task for each graph, and the user's own modules to the dump's sources. Costs one search for the
// words that a graph begins with, and one pass over the lines of each graph; a clean graph's text is not
// copied. Returns how many it found of both.
size_t find_graphs(Collector& collector, FileId file, const PlainText& plain);

} // namespace hopscope::read
