// The lines of a dump's file around one of them, as they lie on the disk now: to show what a statement rests
// on.
#pragma once

#include "core/base/result.h"
#include "core/graph/dump.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hopscope {

struct Excerpt {
    std::string path;
    uint64_t first = 1; // number of lines[0]
    std::vector<std::string>
        lines; // valid UTF-8, without their ends; long ones cut with a word on how much is left
    uint64_t line = 0; // that was asked for, from 1
    uint64_t total = 0; // lines of the file
    std::string changed; // what tells that the file is no longer the one that was read; empty = nothing does

    bool whole() const { return first == 1 && lines.size() == total; }
};

// `line` with up to `around` lines before and behind it. Reads the file anew (packed ones are unpacked): for
// a thread beside other work. Errors: NotFound where the dump names no such file (what was pasted) or it has
// no such line, CannotRead with the system's reason.
Result<Excerpt> read_excerpt(const Dump& dump, FileId file, uint64_t line, size_t around = 400);

} // namespace hopscope
