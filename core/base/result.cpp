#include "core/base/result.h"

namespace hopscope {

std::string Error::text() const {
    std::string where;
    if (!file.empty()) {
        where = file;
        if (line)
            where += ':' + std::to_string(line);
        where += ": ";
    }
    std::string tail;
    if (offset)
        tail = " (byte " + std::to_string(offset) + ')';
    return where + message + tail;
}

} // namespace hopscope
