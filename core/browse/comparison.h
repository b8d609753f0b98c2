// Two bodies of a document side by side: what differs, as rows of a table and node by node.
#pragma once

#include "core/browse/document.h"
#include "core/diff/diff_rows.h"

#include <optional>
#include <string>
#include <utility>

namespace hopscope {

struct Comparison {
    Place a, b; // node none; a is the left one
    MatchOptions options; // what counted
    BodyDiff diff; // of these two
    DiffRows rows;
    size_t called = 0; // pairs of bodies behind paired region calls that differ as well
    std::string counts; // "85 same, 2 changed, 1 only in the first"
    std::string text; // as the command line prints it

    // The node of the other side that is the same one, or has its place; none: only here.
    NodeId partner(bool of_a, NodeId node) const;
    std::optional<size_t> row_of(bool of_a, NodeId node) const;
};

// By default it looks past names, order, places and ids.
Comparison compare_bodies(
    const Document& document, const Place& a, const Place& b, const MatchOptions& options = {});

// The bodies of two calls in the first stage in which they are not one and the same; else of the first that
// both have. Empty places where there is none.
std::pair<Place, Place> bodies_to_compare(const Document& document, int row_a, int row_b);

} // namespace hopscope
