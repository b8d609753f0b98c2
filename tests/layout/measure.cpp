#include "tests/layout/measure.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace hopscope::layout::test {

namespace {

// Parts that are not connected are packed as the engine likes, so that only rows of one part can be compared.
std::vector<uint32_t> parts_of(const Input& input) {
    std::vector<uint32_t> parent(input.boxes.size());
    for (uint32_t i = 0; i < parent.size(); ++i)
        parent[i] = i;
    const auto root = [&](uint32_t i) {
        while (parent[i] != i)
            i = parent[i] = parent[parent[i]];
        return i;
    };
    for (const Value& value : input.values)
        for (const Use& use : value.users)
            parent[root(use.box)] = root(value.producer);
    std::vector<uint32_t> part(parent.size());
    for (uint32_t i = 0; i < parent.size(); ++i)
        part[i] = root(i);
    return part;
}

struct Segment {
    double upper = 0, lower = 0;
    uint32_t value = 0;
    friend auto operator<=>(const Segment&, const Segment&) = default;
};

// Twice the y of the middle of a box.
int middle(const Input& input, const Output& output, uint32_t box) {
    return 2 * output.places[box].y + input.boxes[box].height;
}

double centre(const Input& input, const Output& output, uint32_t box) {
    return output.places[box].x + input.boxes[box].width / 2.0;
}

double x_at(const std::vector<Point>& points, double y) {
    for (size_t i = 1; i < points.size(); ++i) {
        const Point a = points[i - 1], b = points[i];
        if (y >= a.y && y <= b.y && a.y != b.y)
            return a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
    }
    return y < points.front().y ? points.front().x : points.back().x;
}

// Counts inversions of rising upper ends; pairs of values by looking at all pairs that invert.
void count_gap(std::vector<Segment>& segments, Figures& figures) {
    std::sort(segments.begin(), segments.end());
    segments.erase(std::unique(segments.begin(), segments.end()), segments.end());
    // Segments taken so far by lower end: only those further right can cross.
    std::multimap<double, const Segment*> taken;
    std::set<std::pair<uint32_t, uint32_t>> pairs;
    for (const Segment& s : segments) {
        for (auto other = taken.upper_bound(s.lower); other != taken.end(); ++other) {
            const Segment& o = *other->second;
            if (o.value == s.value || !(o.upper < s.upper))
                continue;
            ++figures.edges_crossed;
            pairs.emplace(std::min(o.value, s.value), std::max(o.value, s.value));
        }
        taken.emplace(s.lower, &s);
    }
    figures.values_crossed += pairs.size();
}

} // namespace

Figures measure(const Input& input, const Output& output) {
    Figures figures;
    figures.width = output.width;
    figures.height = output.height;
    figures.cut = output.cut_links;
    const std::vector<uint32_t> part = parts_of(input);
    std::map<std::pair<uint32_t, int>, double> row_y; // of a part's row
    for (uint32_t i = 0; i < input.boxes.size(); ++i)
        row_y.emplace(std::pair(part[i], output.rows[i]), middle(input, output, i) / 2.0);
    std::map<std::pair<uint32_t, int>, std::vector<Segment>> gaps; // by part and upper row
    for (const Edge& edge : output.edges) {
        if (edge.points.empty())
            continue;
        for (size_t i = 1; i < edge.points.size(); ++i)
            figures.lines +=
                std::hypot(edge.points[i].x - edge.points[i - 1].x, edge.points[i].y - edge.points[i - 1].y);
        const Value& value = input.values[edge.value];
        const uint32_t from = value.producer, to = value.users[edge.use].box;
        double upper = centre(input, output, from);
        auto row = row_y.find({part[from], output.rows[from]});
        while (row->first.second < output.rows[to]) {
            const int gap = row->first.second;
            ++row; // rows of a part stand beside each other in the map
            const bool last = row->first.second >= output.rows[to];
            const double lower = last ? centre(input, output, to) : x_at(edge.points, row->second);
            gaps[{part[from], gap}].push_back({upper, lower, edge.value});
            upper = lower;
        }
    }
    for (auto& [key, segments] : gaps) {
        count_gap(segments, figures);
        const double top = row_y.at(key), bottom = std::next(row_y.find(key))->second;
        for (const Segment& s : segments)
            figures.segments += std::hypot(s.lower - s.upper, bottom - top);
    }
    return figures;
}

} // namespace hopscope::layout::test
