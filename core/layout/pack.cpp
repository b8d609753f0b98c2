#include "core/layout/layered.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hopscope::layout::detail {

namespace {

// As wide as the widest block, or as a 3 : 2 picture of all of them.
int shelf_width(const std::vector<Block>& blocks) {
    int widest = 0;
    int64_t area = 0;
    for (const Block& block : blocks) {
        widest = std::max(widest, block.width);
        area += int64_t{block.width + kPartGap} * (block.height + kPartGap);
    }
    int64_t side = static_cast<int64_t>(std::sqrt(static_cast<double>(area * 3 / 2)));
    return static_cast<int>(std::max<int64_t>(widest, side));
}

} // namespace

// A shelf is as high as its first block. Lower blocks are stacked in columns as long as they fit under it.
Box pack(std::vector<Block>& blocks) {
    std::vector<size_t> order(blocks.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(
        order.begin(), order.end(), [&](size_t a, size_t b) { return blocks[a].height > blocks[b].height; });
    const int limit = shelf_width(blocks);
    Box size;
    int shelf_y = 0, shelf_height = 0, shelf_row = 0, shelf_rows = 0;
    int column_x = 0, column_width = 0, column_y = 0, column_row = 0;
    bool first = true;
    for (size_t i : order) {
        Block& block = blocks[i];
        const bool stacks =
            !first && block.width <= column_width && column_y + block.height <= shelf_y + shelf_height;
        if (!stacks && !first) {
            column_x += column_width + kPartGap;
            if (column_x + block.width > limit) {
                shelf_y += shelf_height + kPartGap;
                shelf_row += shelf_rows;
                shelf_rows = column_x = 0;
                first = true;
            }
        }
        if (first)
            shelf_height = block.height;
        if (!stacks) {
            column_width = block.width;
            column_y = shelf_y;
            column_row = shelf_row;
        }
        first = false;
        block.x = column_x;
        block.y = column_y;
        block.row = column_row;
        column_y += block.height + kPartGap;
        column_row += block.rows;
        shelf_rows = std::max(shelf_rows, column_row - shelf_row);
        size.width = std::max(size.width, block.x + block.width);
        size.height = std::max(size.height, block.y + block.height);
    }
    return size;
}

} // namespace hopscope::layout::detail
