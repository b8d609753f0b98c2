// Rows for two graphs beside each other, solved as one problem.
#include "core/layout/hairpin_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hopscope::layout::detail {

namespace {

// Measured on recorded regions: with 4 fewer links lie on one row, with 16 the picture grows by a tenth.
constexpr int kLinkWeight = 8;
constexpr size_t kSimplexVariables = 8000; // above, rows are relaxed one by one
constexpr int kRelaxPasses = 16;
constexpr int kLooseWidth = 900; // of a row of boxes that hang on nothing

// Moves each variable to the end of its slack that costs less, until nothing moves: a local optimum, for
// graphs that are too large for the simplex.
void relax(const std::vector<Arc>& arcs, std::vector<int>& rows) {
    std::vector<uint32_t> start(rows.size() + 1, 0), arcs_of;
    for (const Arc& arc : arcs) {
        ++start[arc.tail + 1];
        ++start[arc.head + 1];
    }
    std::partial_sum(start.begin(), start.end(), start.begin());
    arcs_of.resize(start.back());
    std::vector<uint32_t> next(start.begin(), start.end() - 1);
    for (uint32_t a = 0; a < arcs.size(); ++a) {
        arcs_of[next[arcs[a].tail]++] = a;
        arcs_of[next[arcs[a].head]++] = a;
    }
    std::vector<uint32_t> by_row(rows.size());
    std::iota(by_row.begin(), by_row.end(), 0u);
    std::stable_sort(by_row.begin(), by_row.end(), [&](uint32_t a, uint32_t b) { return rows[a] < rows[b]; });
    for (int pass = 0; pass < kRelaxPasses; ++pass) {
        bool moved = false;
        for (size_t i = 0; i < by_row.size(); ++i) {
            const uint32_t v = by_row[pass % 2 == 0 ? by_row.size() - 1 - i : i];
            int low = 0, high = rows[v];
            int64_t cost = 0; // of one row further down
            bool bounded = false;
            for (uint32_t k = start[v]; k < start[v + 1]; ++k) {
                const Arc& arc = arcs[arcs_of[k]];
                if (arc.head == v) {
                    low = std::max(low, rows[arc.tail] + arc.length);
                    cost += arc.weight;
                } else {
                    high =
                        bounded ? std::min(high, rows[arc.head] - arc.length) : rows[arc.head] - arc.length;
                    bounded = true;
                    cost -= arc.weight;
                }
            }
            const int to = cost > 0 ? low : (cost < 0 && bounded ? high : rows[v]);
            moved |= to != rows[v];
            rows[v] = to;
        }
        if (!moved)
            return;
    }
}

class FindRows {
public:
    FindRows(const HairpinInput& input, const Graph& left, const Graph& right,
        const std::vector<LinkedPair>& pairs, const Job& job)
        : input_(input)
        , left_(left)
        , right_(right)
        , pairs_(pairs)
        , job_(job) { }

    HairpinRows run() {
        const uint32_t n = static_cast<uint32_t>(left_.boxes.size() + right_.boxes.size());
        const uint32_t first = static_cast<uint32_t>(left_.boxes.size());
        std::vector<int> rows(n, 0);
        for (const uint32_t box : topological_order(left_))
            for (const uint32_t u : left_.inputs(box))
                rows[box] = std::max(rows[box], rows[left_.values[left_.uses[u].value].producer] + 1);
        for (const auto& [l, r] : pairs_)
            rows[first + r] = std::max(rows[first + r], rows[l]);
        const std::vector<uint32_t> order = topological_order(right_);
        for (size_t i = order.size(); i-- > 0;)
            for (const uint32_t v : right_.own_values(order[i]))
                for (const Graph::Use& use : right_.users(right_.values[v]))
                    rows[first + order[i]] = std::max(rows[first + order[i]], rows[first + use.box] + 1);

        std::vector<Arc> arcs;
        add_arcs(left_, 0, false, rows, arcs);
        add_arcs(right_, first, true, rows, arcs);
        for (const auto& [l, r] : pairs_)
            arcs.push_back({l, first + r, 0, kLinkWeight});
        out_.bands = {{&left_, 0, false, bands_of(input_.left, left_)},
            {&right_, first, true, bands_of(input_.right, right_)}};
        if (!hold_bands_apart(out_.bands, rows, arcs))
            out_.bands = {};
        // One variable above all holds together what does not hang together.
        const uint32_t top = static_cast<uint32_t>(rows.size());
        rows.push_back(*std::min_element(rows.begin(), rows.end()));
        std::vector<bool> has_upper(rows.size(), false);
        for (const Arc& arc : arcs)
            has_upper[arc.head] = true;
        for (uint32_t v = 0; v < top; ++v)
            if (!has_upper[v])
                arcs.push_back({top, v, 0, 0});
        if (rows.size() <= kSimplexVariables)
            simplex_arcs(std::move(arcs), rows, job_);
        else
            relax(arcs, rows);
        rows.resize(n);
        set_rows_aside(rows, first);
        out_.count = close_rows(rows);
        out_.left.assign(rows.begin(), rows.begin() + first);
        out_.right.assign(rows.begin() + first, rows.end());
        return std::move(out_);
    }

private:
    // Boxes that hang on nothing stand under all others, in rows that are not too wide.
    void set_rows_aside(std::vector<int>& rows, uint32_t first) const {
        std::vector<bool> linked(rows.size(), false);
        for (const auto& [l, r] : pairs_)
            linked[l] = linked[first + r] = true;
        const auto loose = [&](const Graph& graph, uint32_t box, uint32_t variable) {
            const bool banded = !out_.bands.empty() && !out_.bands[&graph == &right_ ? 1 : 0].bands.empty();
            return !banded && !linked[variable] && graph.inputs(box).empty() && graph.own_values(box).empty();
        };
        int bottom = -1;
        for (uint32_t v = 0; v < rows.size(); ++v)
            if (!loose(v < first ? left_ : right_, v < first ? v : v - first, v))
                bottom = std::max(bottom, rows[v]);
        for (const Graph* graph : {&left_, &right_}) {
            int row = bottom + 1, width = 0;
            for (uint32_t box = 0; box < graph->boxes.size(); ++box) {
                const uint32_t v = graph == &left_ ? box : first + box;
                if (!loose(*graph, box, v))
                    continue;
                const int own = graph->boxes[box].width + kBoxGap;
                if (width > 0 && width + own > kLooseWidth) {
                    ++row;
                    width = 0;
                }
                rows[v] = row;
                width += own;
            }
        }
    }

    const HairpinInput& input_;
    const Graph &left_, &right_;
    const std::vector<LinkedPair>& pairs_;
    const Job& job_;
    HairpinRows out_;
};

} // namespace

HairpinRows find_hairpin_rows(const HairpinInput& input, const Graph& left, const Graph& right,
    const std::vector<LinkedPair>& pairs, const Job& job) {
    return FindRows(input, left, right, pairs, job).run();
}

} // namespace hopscope::layout::detail
