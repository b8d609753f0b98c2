// Two graphs beside each other, as a forward and its backward are read: the left one runs downwards, the
// right one back upwards, and what is on the right lies on or near the row of what it needs from the left.
//
// Rows are shared and solved as one problem: on the left a user lies below its producer, on the right above
// it, and a box on the right never above the box on the left that it is linked to. No such arc leads from
// right to left, so that this has no cycle whatever the links are; how far a link reaches is a cost like the
// length of a line. Inside its rows each side is ordered and placed by itself, by the steps of the layered
// layout.
#pragma once

#include "core/layout/layout.h"

#include <cstdint>
#include <vector>

namespace hopscope::layout {

// A box on the right needs something of a box on the left: a saved value.
struct Link {
    uint32_t left = 0, right = 0; // boxes
};

struct HairpinInput {
    Input left, right;
    std::vector<Link> links; // several between the same two boxes are one line
};

struct LinkLine {
    std::vector<Point>
        points; // from beside the left box to beside the right one, orthogonal; empty where it is cut
    bool cut = false; // it reaches far, as do many others: show it as a pair of marks
};

struct HairpinOutput {
    // In the coordinates of the whole picture, with the same rows, 0 at the top. Lines on the right lead from
    // a producer's upper border up to its user's lower one. Each one's width is where its part of the picture
    // ends.
    Output left, right;
    int right_start = 0; // x at which the right side begins
    std::vector<LinkLine> links;
    int width = 0, height = 0, rows = 0;
    int cut_links = 0; // of `links`; those of the sides are counted there
};

// A link never passes behind a box: it leaves to the right, and where boxes lie in its way it runs in a lane
// of its own under its row. Links between the sides cross no line but at a right angle. The same input gives
// the same bytes. Errors: Usage where a number is out of range, Damaged where a side has a cycle, Cancelled.
Result<HairpinOutput> run_hairpin(const HairpinInput& input, const Job& job = {});

} // namespace hopscope::layout
