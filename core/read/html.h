// Web pages, saved or copied: the text that they show.
#pragma once

#include "core/read/draft.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hopscope::read {

// Whether a text is HTML as a whole: a saved page, or what a browser or an editor puts on the clipboard as
// text/html (Windows' "Version:0.9 StartHTML:…" before it included). A text that has some markup in it is
// none.
bool is_html_page(std::string_view text);

// The page's text: without tags, comments, scripts and styles, with entities decoded, blocks and rows of
// tables on lines of their own, each with its place in the page.
void text_of_page(std::string_view page, Draft& out);

// An entity at `at`, "&quot;" or "&#x27;", as UTF-8; its length is 0 if there is none.
struct Entity {
    size_t length = 0;
    std::string means;
};
Entity entity_at(std::string_view text, size_t at);

void append_utf8(std::string& out, uint32_t code_point);

} // namespace hopscope::read
