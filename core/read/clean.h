// Characters that no program printed: what terminals, browsers, mail programs and literals made of a text.
#pragma once

#include "core/read/draft.h"

#include <string_view>

namespace hopscope::read {

// What has to be undone in a text, told at memchr's speed.
struct Needs {
    bool escapes = false, returns = false, signs = false, markup = false, literal = false, pieces = false,
         list = false, doubled = false, heads = false, markdown = false;
    bool any() const {
        return escapes || returns || signs || markup || literal || pieces || doubled || heads || markdown;
    }
};
Needs needs_of(std::string_view text);

// The text from byte `from` on, with what `needs` names undone: terminal escape sequences, lone carriage
// returns, typographic signs, entities and tags of HTML, texts within string literals, doubled quotes, and
// heads that are not `def forward(`. Places are of `text`.
void clean(std::string_view text, size_t from, const Needs& needs, Draft& out);

} // namespace hopscope::read
