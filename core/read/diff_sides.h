// Texts that show two graphs at once: a unified diff, difflib's ndiff as unittest and pytest print it.
#pragma once

#include "core/read/decode.h"

#include <vector>

namespace hopscope::read {

// Lines of a text that are a diff, taken apart: what stood there before ('-' and unmarked lines), and after
// ('+' and unmarked lines). Each line knows where it stood in the file.
struct DiffBlock {
    PlainText before, after;
    Place place; // of its first line
    size_t from = 0, to = 0; // bytes of the text
};

// The diffs that show statements of graphs on both sides (of a hunk, the unmarked ones count), in order; most
// texts have none, which costs two searches.
std::vector<DiffBlock> find_diffs(const PlainText& plain);

// The text without them: blanks where they stood, so that lines and offsets stay.
PlainText without_diffs(const PlainText& plain, const std::vector<DiffBlock>& diffs);

} // namespace hopscope::read
