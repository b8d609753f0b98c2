// Texts that lie inside JSON: a container's log with one object a line, a notebook with its cells.
#pragma once

#include "core/read/place.h"

#include <optional>
#include <string>
#include <string_view>

namespace hopscope::read {

struct InnerText {
    std::string text;
    Places places; // where the string of each line stands
};

// The text inside, or nothing where `text` is neither. A notebook gives its cells in order, each behind a
// line
// "# In [N]:" or "# Out:"; of log lines the field that holds the most text counts.
std::optional<InnerText> text_inside_json(std::string_view text);

} // namespace hopscope::read
