// The steps of the layered layout, one file each. Internal to core/layout; public for its tests only.
//
// Terms: a *row* holds elements side by side; a *dummy* is the place where a line passes a row without
// stopping; a *trunk* is the chain of dummies that carries one value from its producer to its last user, with
// the users branching off it; a *gap* lies between two rows and holds the horizontal parts of lines, each in
// a *lane*.
//
//   split     connected parts of the input                       parts.cpp
//   ranks     a row for each box, by trunk length                ranks.cpp, simplex.cpp
//   spans     cut what is too long; chains of dummies            chains.cpp
//   order     left to right inside the rows, few crossings       order.cpp, crossings.cpp
//   place     x of each element                                  place.cpp, pool.cpp
//   route     ports, lanes, y, lines                             route.cpp, lanes.cpp
//   pack      parts side by side                                 pack.cpp
//   columns   a tall picture wrapped, where asked for            columns.cpp
#pragma once

#include "core/layout/layout.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace hopscope::layout::detail {

inline constexpr int kBoxGap = 16; // between two boxes of a row
inline constexpr int kLineGap = 12; // between a box and a line that passes it
inline constexpr int kPitch = 10; // between two lines
inline constexpr int kRowGap = 28; // between two rows, at least
inline constexpr int kLanePitch = 7; // between two lanes of a gap
inline constexpr int kPortInset = 8; // a line meets a box this far inside its corners
inline constexpr int kBandFoot = 12; // under a band, before lines turn: its frame ends there
inline constexpr int kBandHead = 24; // above a band, behind where lines turn: its frame's title
inline constexpr int kPartGap = 32; // between two parts of the picture

inline constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// --- parts.cpp
// -----------------------------------------------------------------------------------------------

// A connected part of the input with its own numbers, boxes in graph order.
struct Graph {
    struct Value {
        uint32_t producer = 0;
        uint32_t first = 0, last = 0; // uses[first, last)
    };
    struct Use {
        uint32_t box = 0;
        uint32_t value = 0; // into values
        int count = 1;
        uint32_t edge = 0; // into Output::edges
        bool cut = false;
    };
    std::vector<Box> boxes;
    std::vector<uint32_t> original; // box -> Input::boxes
    std::vector<Value> values; // only those with users
    std::vector<Use> uses;
    std::vector<uint32_t> own_start, own; // box -> values that it produces
    std::vector<uint32_t> in_start, in; // box -> uses that end at it

    std::span<const uint32_t> own_values(uint32_t box) const {
        return {own.data() + own_start[box], own_start[box + 1] - own_start[box]};
    }
    std::span<const uint32_t> inputs(uint32_t box) const {
        return {in.data() + in_start[box], in_start[box + 1] - in_start[box]};
    }
    std::span<const Use> users(const Value& value) const {
        return {uses.data() + value.first, value.last - value.first};
    }
};

// Usage error where a number is out of range or a size negative.
Status validate(const Input& input);
// Parts with at least one edge, in the order of their first box; `isolated` gets the other boxes.
std::vector<Graph> split(const Input& input, std::vector<uint32_t>& isolated);
// All of the input as one, connected or not.
Graph whole(const Input& input);
// Boxes after all of their producers; shorter than `boxes` where there is a cycle.
std::vector<uint32_t> topological_order(const Graph& graph);
// Damaged where a part has a cycle, with the boxes on it as Input numbers them.
Status check_acyclic(const std::vector<Graph>& parts);
// The boxes of one cycle, in the order of its edges; `order` is what topological_order found.
std::vector<uint32_t> find_cycle(const Graph& graph, const std::vector<uint32_t>& order);

// With an entry for each box and use.
Output empty_output(const Input& input, std::string_view engine);

// --- ranks.cpp, simplex.cpp
// ----------------------------------------------------------------------------------

// What a line costs per row that it spans. A value with several users pays `branch` for each of them and
// `trunk` for the way to the last one.
struct Weights {
    int single = 1, branch = 0, trunk = 1;
};
inline constexpr Weights kGreedyWeights{.single = 1, .branch = 0, .trunk = 1};
inline constexpr Weights kSimplexWeights{.single = 5, .branch = 1, .trunk = 4};

int64_t rank_cost(const Graph& graph, const std::vector<int>& rows, Weights weights);
// Longest path, then passes that move each box to the cheapest row that its neighbours allow.
std::vector<int> greedy_rows(const Graph& graph, const std::vector<uint32_t>& topological);
// A row of `head` at least `length` below that of `tail`; each row more costs `weight`.
struct Arc {
    uint32_t tail = 0, head = 0;
    int length = 0, weight = 0;
};
// The arcs of a graph whose boxes are the variables from `first` on, with a further variable for each value
// of several users, so that its trunk is paid once. `rows` are valid ones of all variables. Upwards: users
// lie above producers.
void add_arcs(
    const Graph& graph, uint32_t first, bool upwards, std::vector<int>& rows, std::vector<Arc>& arcs);
// Optimal rows by network simplex, from valid ones, of variables that all hang together. Counts pivots, not
// time.
void simplex_arcs(std::vector<Arc> arcs, std::vector<int>& rows, const Job& job);
// The same for the boxes of one part.
void simplex_rows(const Graph& graph, std::vector<int>& rows, const Job& job);
// Moves boxes whose cost stays the same to a narrower row.
void balance_rows(
    const Graph& graph, const std::vector<uint32_t>& topological, Weights weights, std::vector<int>& rows);
// Rows for which each band has its own, `bands` by box; unchanged where a value leads to an earlier band.
void separate_bands(const Graph& graph, const std::vector<uint32_t>& bands, std::vector<int>& rows);
// Rows from 0 without an empty one; returns how many.
int close_rows(std::vector<int>& rows);

// --- chains.cpp
// ----------------------------------------------------------------------------------------------

// Boxes and dummies in rows. Elements below `boxes` are the boxes of the graph.
struct Layers {
    struct Chain {
        uint32_t value = 0;
        uint32_t first = 0, length = 0; // dummies, from the row under the producer downwards
        uint32_t end = 0; // a user in the row after the last dummy
    };
    uint32_t boxes = 0;
    std::vector<int> row;
    std::vector<uint32_t> row_start; // one more than rows
    std::vector<uint32_t> order; // elements, row by row, from left to right
    std::vector<uint32_t> position; // inside the row
    std::vector<uint32_t> up_start, up, down_start, down; // neighbours in the rows next to it
    std::vector<uint32_t> down_value; // value of each arc of `down`
    std::vector<Chain> chains; // only those with dummies
    std::vector<uint32_t> chain_of_use; // kNone where the user is in the next row, or the use is cut
    std::vector<uint32_t> chain_of_dummy; // by element - boxes

    size_t size() const { return row.size(); }
    size_t rows() const { return row_start.size() - 1; }
    bool is_box(uint32_t element) const { return element < boxes; }
    std::span<const uint32_t> in_row(size_t r) const {
        return {order.data() + row_start[r], row_start[r + 1] - row_start[r]};
    }
    std::span<const uint32_t> above(uint32_t e) const {
        return {up.data() + up_start[e], up_start[e + 1] - up_start[e]};
    }
    std::span<const uint32_t> below(uint32_t e) const {
        return {down.data() + down_start[e], down_start[e + 1] - down_start[e]};
    }
};

// Marks uses that span too many rows as cut, if there would be too many dummies otherwise; returns how many.
int cut_long_spans(Graph& graph, const std::vector<int>& rows);
// One chain per value (trunks), or one per use of values with few users.
Layers make_layers(const Graph& graph, const std::vector<int>& rows, bool chain_per_use);

// --- crossings.cpp, order.cpp
// --------------------------------------------------------------------------------

// Pairs of line segments that cross between row r and row r + 1, by accumulator tree.
uint64_t crossings_below(const Layers& layers, size_t r, std::vector<uint32_t>& scratch);
uint64_t crossings(const Layers& layers);
// Pairs of values with at least one crossing in a gap, summed over the gaps: what the eye sees.
uint64_t value_crossings(const Layers& layers);
// Returns the crossings left.
uint64_t order_rows(Layers& layers, const Job& job);
// Trunks, or one chain per use of values with few users: whichever has fewer pairs of values that cross.
Layers best_order(const Graph& graph, const std::vector<int>& rows, const Job& job); // layered.cpp

// --- pool.cpp, place.cpp
// -------------------------------------------------------------------------------------

// x that minimises the sum of weight * (x - wanted)² with x[i] >= x[i - 1] + separation[i], by pooling
// adjacent violators. separation[0] is not read. Linear; exact up to rounding down each pool's mean.
void pool(std::span<const int64_t> wanted, std::span<const int64_t> weight,
    std::span<const int64_t> separation, std::span<int64_t> x);
// x of the centre of each element in whole points, the leftmost border at 0.
std::vector<int> place_elements(const Graph& graph, const Layers& layers, const Job& job);
int half_width(const Graph& graph, const Layers& layers, uint32_t element);
// Least distance between the centres of two elements that lie side by side.
int separation(const Graph& graph, const Layers& layers, uint32_t left, uint32_t right);

// --- lanes.cpp, route.cpp
// ------------------------------------------------------------------------------------

// The horizontal part of the lines from one point above a gap to its points below.
struct Net {
    int from = 0; // x above
    int least = 0, most = 0; // x of the whole net
    int64_t sum = 0; // of the x below
    uint32_t ends = 0; // points below
    int lane = 0; // from 1 at the top; 0 = straight, needs none
};
// Gives each net that is not straight a lane in which it meets no other; returns the lanes used.
int assign_lanes(std::span<Net> nets);

struct PartPicture {
    std::vector<Point> places; // by box
    std::vector<int> rows;
    std::vector<Edge> edges; // by use: `value` and `use` are not filled in
    int width = 0, height = 0;
};
PartPicture route(const Graph& graph, const Layers& layers, const std::vector<int>& x);

// Rows that two pictures share. By row: its height and that of the gap below it, whose lanes keep out of the
// upper `above` and the lower `below` points.
struct RowSizes {
    std::vector<int> height, gap, above, below;
    int first = 0; // y of the first row
};
// What the rows of a picture need.
RowSizes row_sizes(const Graph& graph, const Layers& layers, const std::vector<int>& x);
PartPicture route(const Graph& graph, const Layers& layers, const std::vector<int>& x, const RowSizes& sizes);

// --- pack.cpp
// ------------------------------------------------------------------------------------------------

struct Block {
    int width = 0, height = 0, rows = 1;
    int x = 0, y = 0, row = 0; // filled in
};
// Sets blocks beside each other on shelves, higher ones first, equal ones in their order.
Box pack(std::vector<Block>& blocks);
// Up to `columns` columns beside each other; fewer where there is no place to cut.
void wrap_columns(const Input& input, Output& output, int columns); // columns.cpp
// Isolated boxes as one more block, all blocks packed, the isolated boxes and the picture's size put into
// `out`.
void add_isolated(
    const Input& input, const std::vector<uint32_t>& isolated, std::vector<Block>& blocks, Output& out);

} // namespace hopscope::layout::detail
