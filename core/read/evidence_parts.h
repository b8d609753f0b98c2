// The steps of merging, apart from the order in which they are taken (evidence.cpp).
#pragma once

#include "core/graph/dump.h"
#include "core/match/match.h"
#include "core/read/processes.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

// "0/0" and "!1/0/0" are PyTorch's; "-" and the like stand for an id that the input does not tell.
bool is_compile_id(std::string_view id);
// How much an input tells: 0 a trace, 1 a log, 2 a printed graph. The one that tells most comes first.
int rank_of_kind(const DumpFile& file);
std::string place_text(const Dump& dump, const DumpPlace& place); // "trace.log:120"

// Which graphs of a dump are the same graph, in whatever form they were written. Forms are made on demand.
class SameGraphs {
public:
    explicit SameGraphs(const Dump& dump);
    bool same(size_t graph_a, size_t graph_b);
    // Of graphs that are not: the first difference in words.
    std::string difference(size_t graph_a, size_t graph_b);

private:
    const Canon& canon(size_t graph);

    const Dump& dump_;
    std::vector<std::unique_ptr<Canon>> canons_;
};

// Which run each file is of, from 0 in the order in which runs are met; -1 = its graphs will tell. Appends a
// problem for each file that begins another run than the first.
std::vector<int> runs_of_files(const Dump& dump, const std::vector<FileId>& owners,
    const std::vector<std::vector<Process>>& processes, SameGraphs& same, std::vector<Problem>& problems);

// Leaves out the reuse messages of a file where another file of the run that tells more has them already.
// Contradictions become problems.
void drop_repeated_messages(Dump& dump);

} // namespace hopscope::read
