// Lines as grep prints them with context: "12-text", "12:text", "log.txt-12-text", and "--" between.
#pragma once

#include "core/read/decode.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope::read {

struct GrepOutput {
    PlainText plain; // without the marks; each line knows where it stood
    struct Gap {
        Place place;
        uint64_t lines = 0; // that grep left out; 0 = their number is not told
    };
    std::vector<Gap> gaps;
};

// Nothing where the text is none, which its first lines tell: all of them bear the marks, and of both kinds,
// as only grep's lines of context do. (A number or a name that all lines share is a prefix like any other.)
std::optional<GrepOutput> grep_output(const PlainText& plain);

// Where the first "--" stands alone on its line: without names and numbers all that tells of lines that grep
// left out. Line 0 if there is none.
Place lone_group_mark(const PlainText& plain);

} // namespace hopscope::read
