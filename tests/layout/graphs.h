// Graphs to lay out, and what must hold of every picture.
#pragma once

#include "core/layout/layout.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hopscope::layout::test {

// A generator that is the same with every standard library.
class Random {
public:
    explicit Random(uint64_t seed)
        : state_(seed * 2862933555777941757u + 3037000493u) { }
    uint32_t below(uint32_t n) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return static_cast<uint32_t>((state_ >> 20) % n);
    }

private:
    uint64_t state_;
};

Input boxes(size_t n, int width = 120, int height = 34);
// One value per producer, with all the users that the pairs name.
Input graph(size_t n, const std::vector<std::pair<uint32_t, uint32_t>>& edges);
Input chain(size_t n);
// n boxes, each with 1 to 3 producers among those before it: mostly near ones, a few from far up.
Input random_dag(size_t n, uint64_t seed, bool several_values = false);
// `layers` blocks with a residual line around each, a norm used twice and a tensor that all of them read.
Input blocks(size_t layers);

// As a joint graph: `layers` blocks down, then a block of gradients for each on the way back, last first,
// which reads what its block computed, from ever further up.
Input joint(size_t layers);

// Empty, or what is wrong with the picture: overlaps, lines through boxes, lines that go up, places outside.
std::string flaw(const Input& input, const Output& output);
// Everything in it as text, to compare two runs.
std::string text(const Output& output);

} // namespace hopscope::layout::test
