// Where a line of a text stood in the file that was opened, for texts that were repaired before they are
// read.
#pragma once

#include <cstdint>
#include <vector>

namespace hopscope::read {

struct Place {
    uint32_t line = 0; // from 1
    uint64_t offset = 0; // bytes, of the line's first one
};

// Of each line of a text, in order.
using Places = std::vector<Place>;

} // namespace hopscope::read
