#include "core/layout/dot.h"

#include "core/base/filter.h"
#include "core/layout/layered.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <cmath>
#include <simdjson.h>

namespace hopscope::layout {

namespace detail {

namespace {

constexpr double kPointsPerInch = 72;

std::string inches(int points) {
    char text[32];
    const auto end =
        std::to_chars(text, text + sizeof text, points / kPointsPerInch, std::chars_format::fixed, 6);
    return {text, end.ptr};
}

struct Place {
    double x = 0, y = 0;
};

// "x,y" from the front of the text; spaces before it are skipped.
bool take_place(std::string_view& text, Place& place) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    const char* end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, place.x);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != ',')
        return false;
    read = std::from_chars(read.ptr + 1, end, place.y);
    if (read.ec != std::errc() || !std::isfinite(place.x) || !std::isfinite(place.y))
        return false;
    if (std::max(std::abs(place.x), std::abs(place.y)) > 1e8)
        return false;
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    return true;
}

// How far b lies from the line from a to c, at most; no root needed.
bool flat(Place a, Place b, Place c) {
    const double dx = c.x - a.x, dy = c.y - a.y;
    const double cross = (b.x - a.x) * dy - (b.y - a.y) * dx;
    return cross * cross <= 0.25 * (dx * dx + dy * dy);
}

void add_point(std::vector<Point>& points, double x, double y) {
    const Point p{static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y))};
    if (points.empty() || points.back() != p)
        points.push_back(p);
}

// A cubic from the last place: its end where it is straight, else eight points along it.
void add_cubic(std::vector<Point>& points, const Place (&c)[4]) {
    constexpr int kSteps = 8;
    if (!flat(c[0], c[1], c[3]) || !flat(c[0], c[2], c[3]))
        for (int i = 1; i < kSteps; ++i) {
            const double t = static_cast<double>(i) / kSteps, s = 1 - t;
            const double w[4] = {s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t};
            add_point(points, w[0] * c[0].x + w[1] * c[1].x + w[2] * c[2].x + w[3] * c[3].x,
                w[0] * c[0].y + w[1] * c[1].y + w[2] * c[2].y + w[3] * c[3].y);
        }
    add_point(points, c[3].x, c[3].y);
}

// "x,y x,y x,y x,y …": a start and three places per cubic.
bool read_spline(std::string_view text, std::vector<Point>& points) {
    Place c[4];
    if (!take_place(text, c[0]))
        return false;
    add_point(points, c[0].x, c[0].y);
    while (!text.empty()) {
        for (int i = 1; i < 4; ++i)
            if (!take_place(text, c[i]))
                return false;
        add_cubic(points, c);
        c[0] = c[3];
    }
    return points.size() > 1;
}

// The number in "n12" or "e12".
bool number_after(std::string_view name, char letter, size_t limit, size_t& number) {
    if (name.size() < 2 || name[0] != letter)
        return false;
    const auto read = std::from_chars(name.data() + 1, name.data() + name.size(), number);
    return read.ec == std::errc() && read.ptr == name.data() + name.size() && number < limit;
}

Error not_understood(std::string_view what) {
    return make_error(
        Error::Kind::External, "'dot -Tjson0' printed what was not understood: " + std::string(what));
}

// The end of a line is on the border of its box, whatever rounding did.
void meet_borders(const Input& input, Output& out) {
    const auto between = [&](int x, uint32_t box) {
        return std::clamp(x, out.places[box].x, out.places[box].x + input.boxes[box].width);
    };
    for (Edge& edge : out.edges) {
        const Value& value = input.values[edge.value];
        const uint32_t from = value.producer, to = value.users[edge.use].box;
        Point &first = edge.points.front(), &last = edge.points.back();
        first = {between(first.x, from), out.places[from].y + input.boxes[from].height};
        last = {between(last.x, to), out.places[to].y};
    }
}

// Everything at 0 or above and inside width x height; y turned downwards.
void flip_and_fit(const Input& input, const std::vector<bool>& placed, Output& out) {
    int left = INT_MAX, top = INT_MAX, right = 0, bottom = 0;
    for (size_t i = 0; i < placed.size(); ++i)
        if (placed[i]) {
            Point& p = out.places[i];
            p.y = -p.y - input.boxes[i].height;
            left = std::min(left, p.x);
            top = std::min(top, p.y);
        }
    for (Edge& edge : out.edges)
        for (Point& p : edge.points) {
            p.y = -p.y;
            left = std::min(left, p.x);
            top = std::min(top, p.y);
        }
    for (size_t i = 0; i < placed.size(); ++i)
        if (placed[i]) {
            Point& p = out.places[i];
            p = {p.x - left, p.y - top};
            right = std::max(right, p.x + input.boxes[i].width);
            bottom = std::max(bottom, p.y + input.boxes[i].height);
        }
    for (Edge& edge : out.edges)
        for (Point& p : edge.points) {
            p = {p.x - left, p.y - top};
            right = std::max(right, p.x);
            bottom = std::max(bottom, p.y);
        }
    out.width = right;
    out.height = bottom;
}

// `dot` centres the boxes of a rank on one line.
void number_rows(const Input& input, const std::vector<bool>& placed, Output& out) {
    std::vector<int> centres;
    const auto centre = [&](size_t i) { return 2 * out.places[i].y + input.boxes[i].height; };
    for (size_t i = 0; i < placed.size(); ++i)
        if (placed[i])
            centres.push_back(centre(i));
    std::sort(centres.begin(), centres.end());
    std::vector<int> starts; // rounding may part a row by a point
    for (int c : centres)
        if (starts.empty() || c > starts.back() + 4)
            starts.push_back(c);
    for (size_t i = 0; i < placed.size(); ++i)
        if (placed[i])
            out.rows[i] = static_cast<int>(
                std::upper_bound(starts.begin(), starts.end(), centre(i)) - starts.begin() - 1);
}

} // namespace

std::string dot_text(const Input& input, const std::vector<bool>& without) {
    std::string text = "digraph G {\ngraph [nodesep=" + inches(kBoxGap) + ", ranksep=" + inches(kRowGap)
        + ", splines=true];\nnode [shape=box, fixedsize=true, label=\"\"];\nedge [dir=none];\n";
    for (size_t i = 0; i < input.boxes.size(); ++i)
        if (!without[i])
            text += "n" + std::to_string(i) + " [width=" + inches(input.boxes[i].width)
                + ", height=" + inches(input.boxes[i].height) + "];\n";
    size_t edge = 0;
    for (const Value& value : input.values)
        for (const Use& use : value.users)
            text += "n" + std::to_string(value.producer) + " -> n" + std::to_string(use.box) + " [id=e"
                + std::to_string(edge++) + "];\n";
    return text + "}\n";
}

Status read_dot_json(std::string json, const Input& input, Output& out) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (const auto error = parser.parse(json).get(root))
        return not_understood(simdjson::error_message(error));
    std::vector<bool> placed(input.boxes.size(), false);
    simdjson::dom::array objects, edges;
    std::string_view name, pos;
    size_t index = 0;
    if (root["objects"].get(objects) == simdjson::SUCCESS)
        for (simdjson::dom::element object : objects) {
            Place p;
            if (object["name"].get(name) || object["pos"].get(pos) || !take_place(pos, p)
                || !number_after(name, 'n', input.boxes.size(), index))
                return not_understood("an object without name and place");
            // The lower left corner as long as y points upwards.
            out.places[index] = {static_cast<int>(std::lround(p.x - input.boxes[index].width / 2.0)),
                static_cast<int>(std::lround(p.y - input.boxes[index].height / 2.0))};
            placed[index] = true;
        }
    if (root["edges"].get(edges) == simdjson::SUCCESS)
        for (simdjson::dom::element edge : edges) {
            if (edge["id"].get(name) || edge["pos"].get(pos)
                || !number_after(name, 'e', out.edges.size(), index) || !out.edges[index].points.empty()
                || !read_spline(pos, out.edges[index].points))
                return not_understood("an edge without id and spline");
        }
    for (const Edge& edge : out.edges) {
        const Value& value = input.values[edge.value];
        if (edge.points.empty() || !placed[value.producer] || !placed[value.users[edge.use].box])
            return not_understood("no place for every box and edge");
    }
    flip_and_fit(input, placed, out);
    number_rows(input, placed, out);
    meet_borders(input, out);
    return {};
}

int64_t total_span(const Input& input) {
    std::vector<uint32_t> isolated;
    int64_t sum = 0;
    for (const Graph& graph : split(input, isolated)) {
        std::vector<int> rows(graph.boxes.size(), 0);
        for (uint32_t box : topological_order(graph))
            for (uint32_t u : graph.inputs(box))
                rows[box] = std::max(rows[box], rows[graph.values[graph.uses[u].value].producer] + 1);
        for (const Graph::Use& use : graph.uses)
            sum += rows[use.box] - rows[graph.values[use.value].producer];
    }
    return sum;
}

} // namespace detail

namespace {

// What `dot` placed, to where its block was packed.
void shift_placed(const std::vector<bool>& without, const detail::Block& block, Output& out) {
    for (size_t i = 0; i < without.size(); ++i)
        if (!without[i]) {
            out.places[i] = {out.places[i].x + block.x, out.places[i].y + block.y};
            out.rows[i] += block.row;
        }
    for (Edge& edge : out.edges)
        for (Point& p : edge.points)
            p = {p.x + block.x, p.y + block.y};
}

} // namespace

Result<Output> run_dot(const Input& input, const Options& options, const Job& job) {
    using namespace detail;
    if (Status valid = validate(input); !valid)
        return valid.error();
    std::vector<uint32_t> isolated;
    const std::vector<Graph> parts = split(input, isolated);
    if (Status acyclic = check_acyclic(parts); !acyclic)
        return acyclic.error();
    Output out = empty_output(input, "dot");
    if (job.cancelled())
        return make_error(Error::Kind::Cancelled, "layout cancelled");
    job.report(0, input.boxes.size(), "layout");
    std::vector<Block> blocks;
    std::vector<bool> without(input.boxes.size(), false);
    for (uint32_t i : isolated)
        without[i] = true;
    if (!parts.empty()) {
        const FilterLimits limits{.milliseconds = options.dot_milliseconds};
        Result<std::string> json = run_filter({"dot", "-Tjson0"}, dot_text(input, without), limits, job);
        if (!json && json.error().kind == Error::Kind::NotFound)
            return make_error(Error::Kind::External, json.error().message + "; is Graphviz installed?");
        if (!json)
            return json.error();
        if (Status read = read_dot_json(std::move(*json), input, out); !read)
            return read.error();
        blocks.push_back({.width = out.width,
            .height = out.height,
            .rows = 1 + *std::max_element(out.rows.begin(), out.rows.end())});
    }
    // `dot` would put all of them into its first row.
    add_isolated(input, isolated, blocks, out);
    if (!parts.empty())
        shift_placed(without, blocks.front(), out);
    job.report(input.boxes.size(), input.boxes.size(), "layout");
    return out;
}

} // namespace hopscope::layout
