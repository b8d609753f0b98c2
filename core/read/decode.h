// Bytes to plain UTF-8 text: what saving, pasting and showing do to a text before anybody reads it.
#pragma once

#include "core/read/file.h"
#include "core/read/place.h"

#include <memory>
#include <string_view>

namespace hopscope::read {

struct PlainText {
    std::string_view text;
    std::shared_ptr<const void> storage; // keeps `text` alive
    // Where each line of `text` stood; null where the text is the file's bytes as they are.
    std::shared_ptr<const Places> places;
    size_t joined = 0; // lines that a terminal broke and that were joined again
    size_t columns = 0; // of it
    Place first_joined{};
};

// Undone are: UTF-16 (with or without a byte order mark), a UTF-8 mark, terminal escape sequences, carriage
// returns, no-break and zero-width blanks, typographic quotes, HTML (entities, pre, br and span), texts
// inside JSON lines (a container's log) or a notebook's outputs, and a text inside a string literal (\n for
// line ends). Costs one pass of memchr's speed over a text that needs nothing of it.
PlainText decode(const FileBytes& bytes);

} // namespace hopscope::read
