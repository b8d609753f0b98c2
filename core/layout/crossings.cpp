#include "core/layout/layered.h"

#include <algorithm>
#include <unordered_set>

namespace hopscope::layout::detail {

// Segments are taken in the order of their upper ends; those already taken whose lower end lies further right
// cross. The tree holds how many lower ends were taken at or left of a place (Barth, Jünger, Mutzel 2002).
uint64_t crossings_below(const Layers& layers, size_t r, std::vector<uint32_t>& scratch) {
    if (r + 1 >= layers.rows())
        return 0;
    const auto upper = layers.in_row(r);
    const size_t width = layers.in_row(r + 1).size();
    scratch.assign(width + 1, 0);
    uint64_t sum = 0, taken = 0;
    for (uint32_t e : upper) {
        const auto below = layers.below(e);
        for (uint32_t lower : below) {
            uint64_t left = 0;
            for (size_t i = layers.position[lower] + 1; i > 0; i &= i - 1)
                left += scratch[i];
            sum += taken - left;
        }
        for (uint32_t lower : below)
            for (size_t i = layers.position[lower] + 1; i <= width; i += i & (~i + 1))
                ++scratch[i];
        taken += below.size();
    }
    return sum;
}

uint64_t crossings(const Layers& layers) {
    std::vector<uint32_t> scratch;
    uint64_t sum = 0;
    for (size_t r = 0; r + 1 < layers.rows(); ++r)
        sum += crossings_below(layers, r, scratch);
    return sum;
}

uint64_t value_crossings(const Layers& layers) {
    struct Segment {
        uint32_t upper = 0, lower = 0, value = 0;
    };
    std::vector<Segment> segments;
    std::unordered_set<uint64_t> pairs;
    uint64_t sum = 0;
    for (size_t r = 0; r + 1 < layers.rows(); ++r) {
        segments.clear();
        pairs.clear();
        for (uint32_t e : layers.in_row(r))
            for (uint32_t i = layers.down_start[e]; i < layers.down_start[e + 1]; ++i)
                segments.push_back({.upper = layers.position[e],
                    .lower = layers.position[layers.down[i]],
                    .value = layers.down_value[i]});
        for (size_t i = 0; i < segments.size(); ++i)
            for (size_t j = i + 1; j < segments.size(); ++j) {
                const Segment &a = segments[i], &b = segments[j];
                if (a.upper < b.upper && a.lower > b.lower && a.value != b.value)
                    pairs.insert((uint64_t{std::min(a.value, b.value)} << 32) | std::max(a.value, b.value));
            }
        sum += pairs.size();
    }
    return sum;
}

} // namespace hopscope::layout::detail
