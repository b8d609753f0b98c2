// A text in the making, and where each of its lines stood in the file.
#pragma once

#include "core/read/lines.h"
#include "core/read/place.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace hopscope::read {

struct Draft {
    std::string text;
    Places places;
    uint32_t line = 1; // of the file, that is being read

    // The next line of `text`, whose line end before it is written, begins at byte `offset` of the file.
    void begin(size_t offset) {
        if (!places.empty() && blank_.too_long({text.data() + begun_, text.size() - begun_ - 1})) {
            text.resize(begun_);
            places.back() = {line, offset};
            return;
        }
        places.push_back({line, offset});
        begun_ = text.size();
    }

private:
    BlankRun blank_; // of the lines that ended
    size_t begun_ = 0; // where the last line starts
};

} // namespace hopscope::read
