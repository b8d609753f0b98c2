#include "core/layout/bands.h"

#include <algorithm>
#include <cstdint>

namespace hopscope::layout::detail {

namespace {

uint32_t band_count(const std::vector<uint32_t>& bands) {
    return bands.empty() ? 0 : *std::max_element(bands.begin(), bands.end()) + 1;
}

// The least rows that all arcs allow; empty where they go round in a circle.
std::vector<int> least_rows(size_t variables, const std::vector<Arc>& arcs) {
    std::vector<uint32_t> start(variables + 1, 0), waits(variables, 0), next;
    for (const Arc& arc : arcs) {
        ++start[arc.tail + 1];
        ++waits[arc.head];
    }
    for (size_t v = 0; v < variables; ++v)
        start[v + 1] += start[v];
    std::vector<uint32_t> at(start.begin(), start.end() - 1), out(arcs.size());
    for (uint32_t a = 0; a < arcs.size(); ++a)
        out[at[arcs[a].tail]++] = a;
    for (uint32_t v = 0; v < variables; ++v)
        if (waits[v] == 0)
            next.push_back(v);
    std::vector<int> rows(variables, 0);
    for (size_t i = 0; i < next.size(); ++i) {
        const uint32_t v = next[i];
        for (uint32_t k = start[v]; k < start[v + 1]; ++k) {
            const Arc& arc = arcs[out[k]];
            rows[arc.head] = std::max(rows[arc.head], rows[v] + arc.length);
            if (--waits[arc.head] == 0)
                next.push_back(arc.head);
        }
    }
    return next.size() == variables ? rows : std::vector<int>();
}

} // namespace

std::vector<uint32_t> bands_of(const Input& input, const Graph& graph) {
    std::vector<uint32_t> bands;
    if (input.bands.size() == input.boxes.size())
        for (const uint32_t box : graph.original)
            bands.push_back(input.bands[box]);
    return bands;
}

bool hold_bands_apart(const std::vector<BandedSide>& sides, std::vector<int>& rows, std::vector<Arc>& arcs) {
    if (std::all_of(sides.begin(), sides.end(), [](const BandedSide& s) { return s.bands.empty(); }))
        return true;
    const size_t before = arcs.size();
    size_t variables = rows.size();
    for (const BandedSide& side : sides) {
        const uint32_t bands = band_count(side.bands);
        if (bands < 2)
            continue;
        const auto between = static_cast<uint32_t>(variables); // the first band and the second one
        variables += bands - 1;
        const auto add = [&](uint32_t upper, uint32_t lower, int length) {
            arcs.push_back({side.upwards ? lower : upper, side.upwards ? upper : lower, length, 0});
        };
        for (uint32_t box = 0; box < side.bands.size(); ++box) {
            const uint32_t band = side.bands[box];
            // Upwards, `add` turns the arcs round: then the border lies on the row of the later band.
            if (band + 1 < bands)
                add(side.first + box, between + band, side.upwards ? 1 : 0);
            if (band > 0)
                add(between + band - 1, side.first + box, side.upwards ? 0 : 1);
        }
    }
    std::vector<int> valid = least_rows(variables, arcs);
    if (valid.empty()) {
        arcs.resize(before);
        return false;
    }
    rows = std::move(valid);
    return true;
}

void mark_band_ends(const BandedSide& side, const std::vector<int>& rows, BandEnds& marked) {
    std::vector<int> first(band_count(side.bands), INT32_MAX), last(first.size(), -1);
    for (uint32_t box = 0; box < side.bands.size(); ++box) {
        first[side.bands[box]] = std::min(first[side.bands[box]], rows[box]);
        last[side.bands[box]] = std::max(last[side.bands[box]], rows[box]);
    }
    for (size_t band = 0; band < first.size(); ++band) {
        if (last[band] < 0)
            continue;
        const auto end = static_cast<size_t>(last[band]);
        if (end + 1 < marked.ends.size())
            marked.ends[end] = true;
        if (first[band] > 0)
            marked.begins_below[static_cast<size_t>(first[band]) - 1] = true;
    }
}

} // namespace hopscope::layout::detail
