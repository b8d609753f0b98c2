// A tall picture as columns beside each other. Columns are cut where no box lies; the lines that are cut go
// on under their column, up between the columns and over the next one, nested so that none of them crosses
// another there.
#include "core/layout/layered.h"

#include <algorithm>
#include <map>

namespace hopscope::layout::detail {

namespace {

constexpr int kUnderBox = 2; // a cut lies this far under the boxes above it: over all lanes

// y of cuts, at most columns - 1: where no box lies, near to equal parts, and of those where fewest lines
// pass.
std::vector<int> find_cuts(const Input& input, const Output& output, int columns) {
    std::vector<std::pair<int, int>> spans; // of boxes
    for (size_t i = 0; i < input.boxes.size(); ++i)
        spans.emplace_back(output.places[i].y, output.places[i].y + input.boxes[i].height);
    std::sort(spans.begin(), spans.end());
    std::vector<int> free;
    int bottom = spans.empty() ? 0 : spans.front().second;
    for (const auto& [top, end] : spans) {
        if (top > bottom + 2 * kUnderBox)
            free.push_back(bottom + kUnderBox);
        bottom = std::max(bottom, end);
    }
    std::vector<int> change(free.size() + 1, 0);
    for (const Edge& edge : output.edges) {
        if (edge.points.empty())
            continue;
        const auto at = [&](int y) { return std::lower_bound(free.begin(), free.end(), y) - free.begin(); };
        ++change[static_cast<size_t>(at(edge.points.front().y))];
        --change[static_cast<size_t>(at(edge.points.back().y))];
    }
    std::vector<int> passing;
    int sum = 0;
    for (size_t i = 0; i < free.size(); ++i)
        passing.push_back(sum += change[i]);
    std::vector<int> cuts;
    const int part = output.height / columns, reach = part / 8;
    size_t from = 0;
    for (int k = 1; k < columns; ++k) {
        const int wanted = part * k;
        size_t best = free.size();
        for (size_t i = from; i < free.size(); ++i) {
            const bool better = best == free.size() || std::abs(free[i] - wanted) > reach
                ? best == free.size() || std::abs(free[i] - wanted) < std::abs(free[best] - wanted)
                : passing[i] < passing[best] || std::abs(free[best] - wanted) > reach;
            if (better)
                best = i;
        }
        if (best == free.size())
            break;
        cuts.push_back(free[best]);
        from = best + 1;
    }
    return cuts;
}

// The lines that pass a cut: those of one value at one place are one.
using Passing = std::map<std::pair<int, uint32_t>, int>; // -x, value -> how far inside it is nested

int x_at(Point a, Point b, int y) {
    return a.y == b.y ? a.x : static_cast<int>(a.x + int64_t{b.x - a.x} * (y - a.y) / (b.y - a.y));
}

class Wrapping {
public:
    Wrapping(const Input& input, Output& output, std::vector<int> cuts)
        : input_(input)
        , output_(output)
        , cuts_(std::move(cuts))
        , passing_(cuts_.size()) { }

    void run() {
        for (const Edge& edge : output_.edges)
            for_cuts(edge, [&](size_t cut, int x) { passing_[cut].emplace(std::pair(-x, edge.value), 0); });
        size_t most = 0;
        for (Passing& lines : passing_) {
            int number = 0;
            for (auto& entry : lines)
                entry.second = number++;
            most = std::max(most, lines.size());
        }
        room_ = most == 0 ? 0 : kLanePitch * (static_cast<int>(most) + 1);
        for (size_t c = 1; c <= cuts_.size(); ++c)
            tallest_ = std::max(tallest_, bottom(c) - top(c));
        tallest_ = std::max(tallest_, bottom(0) - top(0));
        const int width = output_.width;
        for (Edge& edge : output_.edges)
            wrap(edge);
        for (size_t i = 0; i < input_.boxes.size(); ++i) {
            Point& p = output_.places[i];
            p = moved(p, column_of(p.y));
        }
        output_.width = left(cuts_.size()) + width;
        output_.height = tallest_ + 2 * room_;
    }

private:
    size_t column_of(int y) const {
        return static_cast<size_t>(std::upper_bound(cuts_.begin(), cuts_.end(), y) - cuts_.begin());
    }
    int top(size_t column) const { return column == 0 ? 0 : cuts_[column - 1]; }
    int bottom(size_t column) const { return column == cuts_.size() ? output_.height : cuts_[column]; }
    int left(size_t column) const { return static_cast<int>(column) * (output_.width + kPartGap + room_); }
    Point moved(Point p, size_t column) const { return {p.x + left(column), p.y - top(column) + room_}; }

    template <class Visit> void for_cuts(const Edge& edge, Visit&& visit) const {
        for (size_t i = 1; i < edge.points.size(); ++i) {
            const Point a = edge.points[i - 1], b = edge.points[i];
            for (size_t c = column_of(a.y); c < column_of(b.y); ++c)
                visit(c, x_at(a, b, cuts_[c]));
        }
    }

    void wrap(Edge& edge) const {
        std::vector<Point> points;
        const auto add = [&](Point p) {
            if (points.empty() || points.back() != p)
                points.push_back(p);
        };
        for (size_t i = 0; i < edge.points.size(); ++i) {
            const Point b = edge.points[i];
            if (i > 0) {
                const Point a = edge.points[i - 1];
                for (size_t c = column_of(a.y); c < column_of(b.y); ++c) {
                    const int x = x_at(a, b, cuts_[c]);
                    const int nested = kLanePitch * passing_[c].at({-x, edge.value});
                    const int under = room_ + bottom(c) - top(c) + kLanePitch + nested;
                    const int over = kLanePitch + nested;
                    const int between = left(c) + output_width_ + kPartGap / 2 + nested;
                    add({x + left(c), under});
                    add({between, under});
                    add({between, over});
                    add({x + left(c + 1), over});
                }
            }
            add(moved(b, column_of(b.y)));
        }
        edge.points = std::move(points);
    }

    const Input& input_;
    Output& output_;
    std::vector<int> cuts_;
    std::vector<Passing> passing_; // by cut
    int room_ = 0; // over and under the columns
    int tallest_ = 0;
    const int output_width_ = output_.width;
};

} // namespace

void wrap_columns(const Input& input, Output& output, int columns) {
    std::vector<int> cuts = find_cuts(input, output, columns);
    if (!cuts.empty())
        Wrapping(input, output, std::move(cuts)).run();
}

} // namespace hopscope::layout::detail
