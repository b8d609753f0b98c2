// Searching long texts for words: what std::string_view::find does, at the speed of memory whatever letters
// the words begin with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hopscope {

// As text.find(words, from). string_view::find stops at every first letter: a text log is full of those of
// "def forward(".
size_t find_words(std::string_view text, std::string_view words, size_t from = 0);

// Which of the words, 32 at most, occur in the text: bit i for words[i]. Goes over the text once, part by
// part; with `any` no further than to the first part that holds one.
uint32_t words_in(std::string_view text, std::span<const std::string_view> words, bool any = false);

// How many bytes of the text are `c`.
size_t count_of(std::string_view text, char c);

// Whether any byte is outside of ASCII.
bool has_high_byte(std::string_view text);

} // namespace hopscope
