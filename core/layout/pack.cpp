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

// Isolated boxes have no order to keep but that of the graph: rows of about the same width.
void place_isolated(const Input& input, const std::vector<uint32_t>& isolated, Output& out, Block& block) {
    int64_t area = 0;
    int widest = 0;
    for (uint32_t i : isolated) {
        const Box& box = input.boxes[i];
        area += int64_t{box.width + kBoxGap} * (box.height + kBoxGap);
        widest = std::max(widest, box.width);
    }
    const int limit = std::max(widest, static_cast<int>(std::sqrt(static_cast<double>(area * 3 / 2))));
    int x = 0, y = 0, height = 0, row = 0;
    for (uint32_t i : isolated) {
        const Box& box = input.boxes[i];
        if (x > 0 && x + box.width > limit) {
            x = 0;
            y += height + kBoxGap;
            height = 0;
            ++row;
        }
        out.places[i] = {x, y};
        out.rows[i] = row;
        x += box.width + kBoxGap;
        height = std::max(height, box.height);
        block.width = std::max(block.width, x - kBoxGap);
    }
    block.height = y + height;
    block.rows = row + 1;
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

void add_isolated(
    const Input& input, const std::vector<uint32_t>& isolated, std::vector<Block>& blocks, Output& out) {
    if (!isolated.empty()) {
        blocks.emplace_back();
        place_isolated(input, isolated, out, blocks.back());
    }
    const Box size = pack(blocks);
    out.width = size.width;
    out.height = size.height;
    for (uint32_t box : isolated) {
        out.places[box].x += blocks.back().x;
        out.places[box].y += blocks.back().y;
        out.rows[box] += blocks.back().row;
    }
}

} // namespace hopscope::layout::detail
