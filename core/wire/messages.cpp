#include "core/wire/messages.h"

namespace hopscope::wire {

std::string NodeFailure::text() const {
    return "'" + node + "' (" + target + ")" + (body.empty() ? "" : " in " + body) + " failed: " + message;
}

} // namespace hopscope::wire
