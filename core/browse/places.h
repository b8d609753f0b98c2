// Places as a navigator compares them.
#pragma once

#include "core/graph/dump.h"

namespace hopscope {

inline Place body_only(Place place) {
    place.node = {};
    return place;
}

inline bool same_body(const Place& a, const Place& b) {
    return a.graph == b.graph && a.body == b.body;
}

} // namespace hopscope
