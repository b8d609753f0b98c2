// Several inputs as evidence of one run: what the files say of the same compilation becomes one compilation,
// a graph that several of them have becomes one graph with several places, and inputs of different runs stay
// apart.
//
// Whose run an input is of is told by the process that wrote it (processes.h), else by its graphs. Which
// compilation a graph is of is told by its compile id; a printed graph or a debug folder that knows none is
// found by content (core/match: equal node by node, names included; what one form does not tell is no
// difference). Everything that is decided here so that a person would not expect it is told as a problem.
#pragma once

#include "core/base/job.h"
#include "core/graph/dump.h"
#include "core/read/processes.h"

#include <map>
#include <string_view>
#include <vector>

namespace hopscope::read {

class Evidence {
public:
    // Once for every file, in the order of Dump::files. The bytes must stay until merge() is done.
    void add(FileId file, std::string_view bytes);
    // The file is one part of the input that `whole` stands for: of a debug folder.
    void part(FileId file, FileId whole);
    // `dump` is what was read, each compilation once for every file that names it; `owners`: that file, by
    // compilation. Graphs are not numbered yet. Compilations keep their order: of the first input first,
    // traces before logs before printed graphs.
    void merge(Dump& dump, std::vector<FileId> owners, const Job& job) const;

private:
    std::vector<std::string_view> bytes_; // by file
    std::map<FileId, FileId> parts_;
};

// Gives every fact of the dump that names a compilation its new id, and drops nothing.
void move_compilations(Dump& dump, const std::vector<CompilationId>& moved);

} // namespace hopscope::read
