// The layered layout: the steps of layered.h, part by part.
#include "core/layout/layered.h"

#include "core/layout/bands.h"

namespace hopscope::layout {

namespace {

using namespace detail;

constexpr size_t kSimplexBoxes = 2000; // above, greedy rows serve
constexpr size_t kTwoWaysBoxes = 300; // up to here one chain per use is tried too

Error cancelled() {
    return make_error(Error::Kind::Cancelled, "layout cancelled");
}

// With room for a frame's title where a band begins.
RowSizes sizes_with_bands(const Graph& graph, const Layers& layers, const std::vector<int>& x,
    const std::vector<int>& rows, const std::vector<uint32_t>& bands) {
    RowSizes sizes = row_sizes(graph, layers, x);
    std::vector<uint32_t> band_of_row(sizes.height.size(), 0);
    for (uint32_t box = 0; box < bands.size(); ++box)
        band_of_row[static_cast<size_t>(rows[box])] = bands[box];
    for (size_t r = 0; r + 1 < band_of_row.size(); ++r) {
        if (band_of_row[r] == band_of_row[r + 1])
            continue;
        sizes.above[r] += kBandFoot;
        sizes.below[r] += kBandHead;
        sizes.gap[r] += kBandFoot + kBandHead;
    }
    return sizes;
}

std::vector<int> rows_of(const Graph& graph, const Job& job) {
    const std::vector<uint32_t> topological = topological_order(graph);
    std::vector<int> rows = greedy_rows(graph, topological);
    const bool simplex = graph.boxes.size() <= kSimplexBoxes;
    if (simplex)
        simplex_rows(graph, rows, job);
    close_rows(rows);
    balance_rows(graph, topological, simplex ? kSimplexWeights : kGreedyWeights, rows);
    close_rows(rows);
    return rows;
}

void copy_part(const Graph& graph, PartPicture& picture, const Block& block, Output& out) {
    for (uint32_t box = 0; box < graph.boxes.size(); ++box) {
        const uint32_t original = graph.original[box];
        out.places[original] = {picture.places[box].x + block.x, picture.places[box].y + block.y};
        out.rows[original] = picture.rows[box] + block.row;
    }
    for (uint32_t u = 0; u < graph.uses.size(); ++u) {
        Edge& edge = out.edges[graph.uses[u].edge];
        edge.cut = picture.edges[u].cut;
        edge.points = std::move(picture.edges[u].points);
        for (Point& point : edge.points)
            point = {point.x + block.x, point.y + block.y};
    }
}

} // namespace

namespace detail {

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

} // namespace detail

Result<Output> run_layered(const Input& input, const Options&, const Job& job) {
    if (Status valid = validate(input); !valid)
        return valid.error();
    std::vector<uint32_t> isolated;
    std::vector<Graph> parts = split(input, isolated);
    if (Status acyclic = check_acyclic(parts); !acyclic)
        return acyclic.error();
    Output out = empty_output(input, "layered");
    std::vector<PartPicture> pictures;
    std::vector<Block> blocks;
    uint64_t done = 0;
    for (Graph& graph : parts) {
        job.report(done, input.boxes.size(), "layout");
        const std::vector<uint32_t> bands = bands_of(input, graph);
        std::vector<int> rows = rows_of(graph, job);
        if (!bands.empty())
            separate_bands(graph, bands, rows);
        if (job.cancelled())
            return cancelled();
        out.cut_links += cut_long_spans(graph, rows);
        const Layers layers = best_order(graph, rows, job);
        if (job.cancelled())
            return cancelled();
        const std::vector<int> x = place_elements(graph, layers, job);
        if (job.cancelled())
            return cancelled();
        pictures.push_back(bands.empty()
                ? route(graph, layers, x)
                : route(graph, layers, x, sizes_with_bands(graph, layers, x, rows, bands)));
        blocks.push_back({.width = pictures.back().width,
            .height = pictures.back().height,
            .rows = static_cast<int>(layers.rows())});
        done += graph.boxes.size();
    }
    add_isolated(input, isolated, blocks, out);
    for (size_t p = 0; p < parts.size(); ++p)
        copy_part(parts[p], pictures[p], blocks[p], out);
    job.report(input.boxes.size(), input.boxes.size(), "layout");
    return out;
}

} // namespace hopscope::layout
