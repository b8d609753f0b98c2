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

const char* name_of(Fate fate) {
    switch (fate) {
    case Fate::Runs:
        return "runs";
    case Fate::Widened:
        return "widened";
    case Fate::Composed:
        return "composed";
    case Fate::Unsure:
        return "unsure";
    case Fate::Cannot:
        return "cannot";
    }
    return "";
}

const char* name_of(Obstacle obstacle) {
    switch (obstacle) {
    case Obstacle::None:
        return "none";
    case Obstacle::NoOperator:
        return "no_operator";
    case Obstacle::NoKernel:
        return "no_kernel";
    case Obstacle::NoDtype:
        return "no_dtype";
    case Obstacle::Custom:
        return "custom";
    case Obstacle::UserKernel:
        return "user_kernel";
    case Obstacle::NotInDump:
        return "not_in_dump";
    case Obstacle::Refused:
        return "refused";
    }
    return "";
}

} // namespace hopscope::wire
