// A text in the making, and where each of its lines stood in the file.
#pragma once

#include "core/read/place.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace hopscope::read {

struct Draft {
    std::string text;
    Places places;
    uint32_t line = 1; // of the file, that is being read

    void begin(size_t offset) { places.push_back({line, offset}); }
};

} // namespace hopscope::read
