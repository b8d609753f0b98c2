// The last step of reading: what can be said only of a dump as a whole.
#pragma once

#include "core/graph/dump.h"

#include <optional>
#include <string>

namespace hopscope::read {

// Puts compilations in order of rank, numbers attempts and graphs, bounds the problems of each file, and
// names the dump by `folder`, or where that is empty by the first file that told something.
void conclude(Dump& dump, const std::string& folder);

// A text whose form was recognised may still hold nothing that is kept of it: then why, with file and place.
// Nothing for a dump that was cancelled.
std::optional<Error> nothing_read(const Dump& dump);

} // namespace hopscope::read
