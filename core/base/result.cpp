#include "core/base/result.h"

namespace hopscope {

Error make_error(Error::Kind kind, std::string message) {
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    return error;
}

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
