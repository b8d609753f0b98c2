#include "core/browse/comparison.h"

namespace hopscope {

std::optional<size_t> Comparison::row_of(bool of_a, NodeId node) const {
    const auto& by_node = of_a ? rows.row_of_a : rows.row_of_b;
    return node && node.index < by_node.size() ? by_node[node.index] : std::nullopt;
}

NodeId Comparison::partner(bool of_a, NodeId node) const {
    const std::optional<size_t> row = row_of(of_a, node);
    if (!row)
        return {};
    return of_a ? rows.rows[*row].b : rows.rows[*row].a;
}

Comparison compare_bodies(
    const Document& document, const Place& a, const Place& b, const MatchOptions& options) {
    const GraphModule& first = document.module(a.graph);
    const GraphModule& second = document.module(b.graph);
    std::vector<BodyDiff> diffs = diff_bodies(first, a.body, second, b.body, options);
    Comparison out;
    out.options = options;
    out.a = {a.graph, a.body, {}};
    out.b = {b.graph, b.body, {}};
    out.text = diff_text(first, second, diffs, document.address(out.a), document.address(out.b));
    out.called = diffs.size() - 1;
    out.diff = std::move(diffs.front());
    out.rows = diff_rows(first, second, out.diff);
    out.counts = counts_text(out.diff);
    return out;
}

std::pair<Place, Place> bodies_to_compare(const Document& document, int row_a, int row_b) {
    const Invocation& a = document.invocation(row_a);
    const Invocation& b = document.invocation(row_b);
    std::pair<Place, Place> first;
    for (size_t site = 0; site < kCallSiteCount; ++site) {
        const Place& x = a.bodies[site];
        const Place& y = b.bodies[site];
        if (!x.graph || !y.graph)
            continue;
        if (x != y)
            return {x, y};
        if (!first.first.graph)
            first = {x, y};
    }
    return first;
}

} // namespace hopscope
