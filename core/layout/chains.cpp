#include "core/layout/layered.h"

#include <algorithm>
#include <numeric>

namespace hopscope::layout::detail {

namespace {

constexpr int kLongestSpan = 64; // rows, once spans are cut at all
constexpr int64_t kDummiesPerItem = 8; // dummies allowed per box and edge
constexpr uint32_t kOwnChains =
    3; // a value with more users is one trunk in any case: the eye follows one line

// One chain per value, down to its last user.
int64_t dummies_of_trunks(const Graph& graph, const std::vector<int>& rows) {
    int64_t sum = 0;
    for (const Graph::Value& value : graph.values) {
        int span = 1;
        for (const Graph::Use& use : graph.users(value))
            span = std::max(span, rows[use.box] - rows[value.producer]);
        sum += span - 1;
    }
    return sum;
}

struct Arc {
    uint32_t upper = 0, lower = 0, value = 0;
};

void index_arcs(Layers& layers, const std::vector<Arc>& arcs) {
    const size_t n = layers.size();
    layers.up_start.assign(n + 1, 0);
    layers.down_start.assign(n + 1, 0);
    for (const Arc& arc : arcs) {
        ++layers.up_start[arc.lower + 1];
        ++layers.down_start[arc.upper + 1];
    }
    std::partial_sum(layers.up_start.begin(), layers.up_start.end(), layers.up_start.begin());
    std::partial_sum(layers.down_start.begin(), layers.down_start.end(), layers.down_start.begin());
    layers.up.resize(arcs.size());
    layers.down.resize(arcs.size());
    layers.down_value.resize(arcs.size());
    std::vector<uint32_t> up_next(layers.up_start.begin(), layers.up_start.end() - 1);
    std::vector<uint32_t> down_next(layers.down_start.begin(), layers.down_start.end() - 1);
    for (const Arc& arc : arcs) {
        layers.up[up_next[arc.lower]++] = arc.upper;
        layers.down_value[down_next[arc.upper]] = arc.value;
        layers.down[down_next[arc.upper]++] = arc.lower;
    }
}

void index_rows(Layers& layers, int rows) {
    layers.row_start.assign(static_cast<size_t>(rows) + 1, 0);
    for (int row : layers.row)
        ++layers.row_start[static_cast<size_t>(row) + 1];
    std::partial_sum(layers.row_start.begin(), layers.row_start.end(), layers.row_start.begin());
    std::vector<uint32_t> next(layers.row_start.begin(), layers.row_start.end() - 1);
    layers.order.resize(layers.size());
    layers.position.resize(layers.size());
    for (uint32_t e = 0; e < layers.size(); ++e) {
        const size_t row = static_cast<size_t>(layers.row[e]);
        layers.position[e] = next[row] - layers.row_start[row];
        layers.order[next[row]++] = e;
    }
}

class Builder {
public:
    Builder(const Graph& graph, const std::vector<int>& rows)
        : graph_(graph)
        , rows_(rows) {
        layers_.boxes = static_cast<uint32_t>(graph.boxes.size());
        layers_.row = rows;
        layers_.chain_of_use.assign(graph.uses.size(), kNone);
    }

    // Uses [first, last) of one value share a chain down to the last of them.
    void add(uint32_t value, uint32_t first, uint32_t last) {
        const uint32_t producer = graph_.values[value].producer;
        const int top = rows_[producer];
        uint32_t end = kNone;
        for (uint32_t u = first; u < last; ++u)
            if (!graph_.uses[u].cut && (end == kNone || rows_[graph_.uses[u].box] > rows_[end]))
                end = graph_.uses[u].box;
        if (end == kNone)
            return;
        const uint32_t length = static_cast<uint32_t>(rows_[end] - top - 1);
        const uint32_t chain = static_cast<uint32_t>(layers_.chains.size());
        const uint32_t dummy = static_cast<uint32_t>(layers_.row.size());
        if (length > 0)
            layers_.chains.push_back({.value = value, .first = dummy, .length = length, .end = end});
        for (uint32_t i = 0; i < length; ++i) {
            layers_.row.push_back(top + 1 + static_cast<int>(i));
            layers_.chain_of_dummy.push_back(chain);
            arcs_.push_back({.upper = i == 0 ? producer : dummy + i - 1, .lower = dummy + i, .value = value});
        }
        for (uint32_t u = first; u < last; ++u) {
            if (graph_.uses[u].cut)
                continue;
            const uint32_t box = graph_.uses[u].box;
            const uint32_t above = static_cast<uint32_t>(rows_[box] - top - 1);
            if (above > 0)
                layers_.chain_of_use[u] = chain;
            arcs_.push_back(
                {.upper = above == 0 ? producer : dummy + above - 1, .lower = box, .value = value});
        }
    }

    Layers finish() {
        index_rows(layers_, rows_.empty() ? 0 : *std::max_element(rows_.begin(), rows_.end()) + 1);
        index_arcs(layers_, arcs_);
        return std::move(layers_);
    }

private:
    const Graph& graph_;
    const std::vector<int>& rows_;
    Layers layers_;
    std::vector<Arc> arcs_;
};

} // namespace

int cut_long_spans(Graph& graph, const std::vector<int>& rows) {
    const int64_t allowed = kDummiesPerItem * static_cast<int64_t>(graph.boxes.size() + graph.uses.size());
    if (dummies_of_trunks(graph, rows) <= allowed)
        return 0;
    int cut = 0;
    for (Graph::Use& use : graph.uses) {
        use.cut = rows[use.box] - rows[graph.values[use.value].producer] > kLongestSpan;
        cut += use.cut;
    }
    return cut;
}

Layers make_layers(const Graph& graph, const std::vector<int>& rows, bool chain_per_use) {
    Builder builder(graph, rows);
    for (uint32_t v = 0; v < graph.values.size(); ++v) {
        const Graph::Value& value = graph.values[v];
        if (!chain_per_use || value.last - value.first > kOwnChains)
            builder.add(v, value.first, value.last);
        else
            for (uint32_t u = value.first; u < value.last; ++u)
                builder.add(v, u, u + 1);
    }
    return builder.finish();
}

} // namespace hopscope::layout::detail
