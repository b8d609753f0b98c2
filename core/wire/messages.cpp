#include "core/wire/messages.h"

namespace hopscope::wire {

const char* name_of(Verdict verdict) {
    switch (verdict) {
    case Verdict::NotCompared:
        return "not_compared";
    case Verdict::Same:
        return "same";
    case Verdict::WithinRounding:
        return "within_rounding";
    case Verdict::Suspicious:
        return "suspicious";
    case Verdict::WrongDtype:
        return "wrong_dtype";
    case Verdict::WrongShape:
        return "wrong_shape";
    }
    return "";
}

std::string NodeFailure::text() const {
    return "'" + node + "' (" + target + ")" + (body.empty() ? "" : " in " + body) + " failed: " + message;
}

} // namespace hopscope::wire
