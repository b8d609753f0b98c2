// Fuzzy matching of what a person types against names.
#pragma once

#include <optional>
#include <string_view>

namespace hopscope {

// How well `query` fits `text`: its characters must occur in order, upper and lower case alike. Higher is
// better, from 0; none = does not fit. An equal text fits best, then a prefix, then runs of characters and
// starts of words.
std::optional<int> fuzzy_score(std::string_view query, std::string_view text);

} // namespace hopscope
