// What can be counted in a picture, the same way for every engine that made it.
//
// Every line is cut where it meets the middles of the rows that it passes; what lies between two rows is a
// straight segment from there to there, or from the middle of its box.
#pragma once

#include "core/layout/layout.h"

#include <cstdint>

namespace hopscope::layout::test {

struct Figures {
    uint64_t edges_crossed = 0; // pairs of segments of different values whose order inverts between two rows
    uint64_t values_crossed =
        0; // pairs of values with at least one such pair of segments, by gap: what the eye sees
    double segments = 0; // length of the segments; what the users of a value share counts once
    double lines = 0; // length of the lines as drawn, from producer to user, each by itself
    int width = 0, height = 0;
    int cut = 0; // links that are not drawn
};

Figures measure(const Input& input, const Output& output);

} // namespace hopscope::layout::test
