// The layered layout: the steps of layered.h, part by part.
#include "core/layout/layered.h"

#include <algorithm>
#include <cmath>

namespace hopscope::layout {

namespace {

using namespace detail;

constexpr size_t kSimplexBoxes = 2000; // above, greedy rows serve
constexpr size_t kTwoWaysBoxes = 300; // up to here one chain per use is tried too
constexpr size_t kNamedBoxes = 8; // of a cycle, in its message

Error cancelled() {
    return make_error(Error::Kind::Cancelled, "layout cancelled");
}

Error cycle_error(const Graph& graph, const std::vector<uint32_t>& order) {
    const std::vector<uint32_t> cycle = find_cycle(graph, order);
    std::string path;
    for (size_t i = 0; i < std::min(cycle.size(), kNamedBoxes); ++i)
        path += std::to_string(graph.original[cycle[i]]) + " -> ";
    if (cycle.size() > kNamedBoxes)
        path += "… (" + std::to_string(cycle.size()) + " boxes) -> ";
    return make_error(Error::Kind::Damaged,
        "found a cycle of boxes " + path + std::to_string(graph.original[cycle.front()])
            + ", expected a graph without cycles");
}

std::vector<int> rows_of(const Graph& graph, const std::vector<uint32_t>& topological, const Job& job) {
    std::vector<int> rows = greedy_rows(graph, topological);
    const bool simplex = graph.boxes.size() <= kSimplexBoxes;
    if (simplex)
        simplex_rows(graph, rows, job);
    close_rows(rows);
    balance_rows(graph, topological, simplex ? kSimplexWeights : kGreedyWeights, rows);
    close_rows(rows);
    return rows;
}

// Trunks or one chain per use: whichever has fewer pairs of values that cross.
Layers best_order(const Graph& graph, const std::vector<int>& rows, const Job& job) {
    Layers trunks = make_layers(graph, rows, false);
    order_rows(trunks, job);
    if (graph.boxes.size() > kTwoWaysBoxes || job.cancelled())
        return trunks;
    const uint64_t crossed = value_crossings(trunks);
    if (crossed == 0)
        return trunks;
    Layers chains = make_layers(graph, rows, true);
    if (chains.size() == trunks.size())
        return trunks;
    order_rows(chains, job);
    return value_crossings(chains) < crossed ? chains : trunks;
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

void move(Output& out, uint32_t box, const Block& block) {
    out.places[box].x += block.x;
    out.places[box].y += block.y;
    out.rows[box] += block.row;
}

void list_edges(const Input& input, Output& out) {
    for (uint32_t v = 0; v < input.values.size(); ++v)
        for (uint32_t u = 0; u < input.values[v].users.size(); ++u)
            out.edges.push_back({.value = v, .use = u, .points = {}, .cut = false});
}

} // namespace

Result<Output> run_layered(const Input& input, const Options&, const Job& job) {
    if (Status valid = validate(input); !valid)
        return valid.error();
    Output out;
    out.engine = "layered";
    out.places.resize(input.boxes.size());
    out.rows.assign(input.boxes.size(), 0);
    list_edges(input, out);
    std::vector<uint32_t> isolated;
    std::vector<Graph> parts = split(input, isolated);
    std::vector<PartPicture> pictures;
    std::vector<Block> blocks;
    uint64_t done = 0;
    for (Graph& graph : parts) {
        job.report(done, input.boxes.size(), "layout");
        const std::vector<uint32_t> topological = topological_order(graph);
        if (topological.size() < graph.boxes.size())
            return cycle_error(graph, topological);
        const std::vector<int> rows = rows_of(graph, topological, job);
        out.cut_links += cut_long_spans(graph, rows);
        if (job.cancelled())
            return cancelled();
        const Layers layers = best_order(graph, rows, job);
        if (job.cancelled())
            return cancelled();
        const std::vector<int> x = place_elements(graph, layers, job);
        if (job.cancelled())
            return cancelled();
        pictures.push_back(route(graph, layers, x));
        blocks.push_back({.width = pictures.back().width,
            .height = pictures.back().height,
            .rows = static_cast<int>(layers.rows())});
        done += graph.boxes.size();
    }
    if (!isolated.empty()) {
        blocks.emplace_back();
        place_isolated(input, isolated, out, blocks.back());
    }
    const Box size = pack(blocks);
    out.width = size.width;
    out.height = size.height;
    for (size_t p = 0; p < parts.size(); ++p) {
        for (uint32_t box = 0; box < parts[p].boxes.size(); ++box) {
            const uint32_t original = parts[p].original[box];
            out.places[original] = pictures[p].places[box];
            out.rows[original] = pictures[p].rows[box];
            move(out, original, blocks[p]);
        }
        for (uint32_t u = 0; u < parts[p].uses.size(); ++u) {
            Edge& edge = out.edges[parts[p].uses[u].edge];
            edge.cut = pictures[p].edges[u].cut;
            edge.points = std::move(pictures[p].edges[u].points);
            for (Point& point : edge.points) {
                point.x += blocks[p].x;
                point.y += blocks[p].y;
            }
        }
    }
    for (uint32_t box : isolated)
        move(out, box, blocks.back());
    job.report(input.boxes.size(), input.boxes.size(), "layout");
    return out;
}

} // namespace hopscope::layout
