#include "core/layout/layered.h"

namespace hopscope::layout::detail {

namespace {

int64_t floor_divide(int64_t a, int64_t b) {
    const int64_t q = a / b;
    return q * b > a ? q - 1 : q;
}

} // namespace

// With t[i] = wanted[i] - (sum of separations up to i) the question becomes: the closest rising sequence to
// t. Blocks that would fall are merged into their weighted mean until none does.
void pool(std::span<const int64_t> wanted, std::span<const int64_t> weight,
    std::span<const int64_t> separation, std::span<int64_t> x) {
    struct Pool {
        int64_t weighted = 0, weight = 0, mean = 0;
        size_t end = 0;
    };
    thread_local std::vector<Pool> blocks;
    blocks.clear();
    int64_t offset = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        offset += i == 0 ? 0 : separation[i];
        const int64_t t = wanted[i] - offset;
        Pool block{.weighted = t * weight[i], .weight = weight[i], .mean = t, .end = i + 1};
        while (!blocks.empty() && blocks.back().mean > block.mean) {
            block.weighted += blocks.back().weighted;
            block.weight += blocks.back().weight;
            block.mean = floor_divide(block.weighted, block.weight);
            blocks.pop_back();
        }
        blocks.push_back(block);
    }
    size_t i = 0;
    offset = 0;
    for (const Pool& block : blocks)
        for (; i < block.end; ++i) {
            offset += i == 0 ? 0 : separation[i];
            x[i] = block.mean + offset;
        }
}

} // namespace hopscope::layout::detail
