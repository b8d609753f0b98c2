// Lines that a terminal, `fold` or a mail program broke, joined again.
#pragma once

#include "core/read/draft.h"

#include <array>
#include <string_view>

namespace hopscope::read {

// How a line begins, whatever the numbers in it are.
using LineHead = std::array<char, 8>;

// How a terminal or a mail program broke a log's lines.
struct Wrap {
    size_t width = 0; // all lines are that long at most; 0 = they are whole
    LineHead head{};
    bool words = false; // broken between words, not in the last column
    bool blanks = false; // and the blank stayed at the line's end
};

// Told by prefixes alone: what follows a broken line lacks the prefix of the others. A text without any is
// whole.
Wrap wrap_of(std::string_view text);

struct Joined {
    size_t lines = 0; // that went on
    Place first{}; // of them, in `text`
};
// The text with whole lines.
Joined join_broken(std::string_view text, const Wrap& wrap, Draft& out);

} // namespace hopscope::read
