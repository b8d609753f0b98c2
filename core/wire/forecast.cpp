#include "core/wire/forecast.h"

namespace hopscope::wire {

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
