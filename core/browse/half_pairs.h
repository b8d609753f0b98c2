// Which nodes of two bodies beside each other belong together, as one half to the other.
#pragma once

#include "core/browse/document.h"
#include "core/regions/half_links.h"

#include <vector>

namespace hopscope {

// `left` and `right` as the places stand.
struct HalfPair {
    NodeId left, right;
    HalfEvidence evidence = HalfEvidence::SourceLine;
    bool placed = false;
};
// None where the places are no halves of one region, or of one compilation's roots; ordered by the backward
// node.
std::vector<HalfPair> half_pairs(const Document& document, const Place& left, const Place& right);

} // namespace hopscope
