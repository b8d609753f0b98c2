// Whether two bodies are equal, node by node: the mapping, or the first difference.
#pragma once

#include "core/match/canon.h"
#include "core/match/fields.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope {

// The nodes that stand for each other.
struct BodyMapping {
    BodyId a, b;
    std::vector<NodeId> to_b; // by node of a; none where it has no counterpart (only of unequal bodies)
};

// What is not the same, and where. One of the nodes is none where the other has no counterpart; both are
// where it concerns the bodies as a whole.
struct Difference {
    BodyId body_a, body_b; // the bodies asked for, or ones that are called in them
    NodeId a, b;
    FieldDifference what;
};

struct MatchResult {
    // Of equal bodies: first the two asked for, then each pair of bodies that they call, once, as they are
    // met.
    std::vector<BodyMapping> bodies;
    std::optional<Difference> difference;

    bool equal() const { return !difference.has_value(); }
};

// Compares by the options that both forms were made with, which must be equal; the modules may be the same
// one. A mapping is proven field by field, so that equal hashes of unequal bodies do no harm. Of unequal
// bodies, the difference is the first in the order of a's nodes: the first node whose value is not computed
// in b, beside the node of b that took its place, if one did.
MatchResult match_bodies(const Canon& a, BodyId body_a, const Canon& b, BodyId body_b);

// "node mul: constant of argument 1: expected 2.0, found 3.0"; with the body's path where it lies in another
// body of a than the one that was asked for.
std::string difference_text(
    const GraphModule& a, const GraphModule& b, const Difference& difference, BodyId asked = BodyId(0));

} // namespace hopscope
