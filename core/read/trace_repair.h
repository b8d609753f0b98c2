// What other programs and pasting do to a TORCH_TRACE log, undone: words before each line, tabs that became
// blanks or went.
#pragma once

#include "core/read/file.h"

#include <optional>
#include <string>
#include <string_view>

namespace hopscope::read {

// Where the JSON of a record starts in its line; npos if the line is none.
size_t json_start(std::string_view line);
// Whether a text holds a record with a payload anywhere. One search of the text's bytes.
bool holds_trace_records(std::string_view text);

struct RepairedTrace {
    FileBytes bytes; // lines stay what they were, offsets do not
    std::string told; // what was done, for a person
};
// Nothing where the log needs no repair, which its first records tell.
std::optional<RepairedTrace> repaired_trace(const FileBytes& bytes);

} // namespace hopscope::read
