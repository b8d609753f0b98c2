#include "tests/layout/graphs.h"

#include <algorithm>
#include <map>

namespace hopscope::layout::test {

Input boxes(size_t n, int width, int height) {
    Input input;
    input.boxes.assign(n, {.width = width, .height = height});
    return input;
}

Input graph(size_t n, const std::vector<std::pair<uint32_t, uint32_t>>& edges) {
    Input input = boxes(n);
    std::map<uint32_t, Value> values;
    for (const auto& [from, to] : edges) {
        values[from].producer = from;
        values[from].users.push_back({.box = to, .count = 1});
    }
    for (auto& entry : values)
        input.values.push_back(std::move(entry.second));
    return input;
}

Input chain(size_t n) {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    for (uint32_t i = 1; i < n; ++i)
        edges.emplace_back(i - 1, i);
    return graph(n, edges);
}

Input random_dag(size_t n, uint64_t seed, bool several_values) {
    Random random(seed);
    Input input;
    for (size_t i = 0; i < n; ++i)
        input.boxes.push_back(
            {.width = 40 + 2 * static_cast<int>(random.below(100)), .height = random.below(3) ? 34 : 20});
    std::vector<std::vector<uint32_t>> values_of(n);
    for (uint32_t i = 1; i < n; ++i) {
        const uint32_t inputs = 1 + random.below(3);
        for (uint32_t k = 0; k < inputs; ++k) {
            const uint32_t back =
                random.below(10) == 0 ? 1 + random.below(i) : 1 + random.below(std::min(i, 8u));
            const uint32_t producer = i - back;
            auto& own = values_of[producer];
            if (own.empty() || (several_values && own.size() < 3 && random.below(2) == 0)) {
                own.push_back(static_cast<uint32_t>(input.values.size()));
                input.values.push_back({.producer = producer, .users = {}});
            }
            input.values[own[random.below(static_cast<uint32_t>(own.size()))]].users.push_back(
                {.box = i, .count = 1 + static_cast<int>(random.below(2))});
        }
    }
    return input;
}

Input blocks(size_t layers) {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    uint32_t next = 2, residual = 0;
    for (size_t i = 0; i < layers; ++i) {
        const uint32_t norm = next++;
        edges.emplace_back(residual, norm);
        std::vector<uint32_t> heads;
        for (int branch = 0; branch < 3; ++branch) {
            const uint32_t linear = next++, view = next++;
            edges.emplace_back(norm, linear);
            edges.emplace_back(linear, view);
            heads.push_back(view);
        }
        const uint32_t attention = next++, add = next++;
        for (uint32_t head : heads)
            edges.emplace_back(head, attention);
        edges.emplace_back(1, attention); // the mask: one tensor for all
        edges.emplace_back(attention, add);
        edges.emplace_back(residual, add);
        residual = add;
    }
    std::stable_sort(edges.begin(), edges.end());
    return graph(next, edges);
}

Input joint(size_t layers) {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    uint32_t next = 1, residual = 0;
    struct Block {
        uint32_t norm = 0, up = 0, act = 0, down = 0;
    };
    std::vector<Block> blocks;
    for (size_t i = 0; i < layers; ++i) {
        const Block b{next, next + 1, next + 2, next + 3};
        const uint32_t add = next + 4;
        next += 5;
        edges.insert(edges.end(),
            {{residual, b.norm}, {b.norm, b.up}, {b.up, b.act}, {b.act, b.down}, {b.down, add},
                {residual, add}});
        residual = add;
        blocks.push_back(b);
    }
    uint32_t gradient = residual;
    for (size_t i = layers; i-- > 0;) {
        const Block& b = blocks[i];
        const uint32_t act = next, to_down = next + 1, act_back = next + 2, up = next + 3, to_up = next + 4;
        const uint32_t norm_back = next + 5, add = next + 6;
        next += 7;
        edges.insert(edges.end(),
            {{gradient, act}, {b.act, to_down}, {gradient, to_down}, {act, act_back}, {b.up, act_back},
                {act_back, up}, {act_back, to_up}, {b.norm, to_up}, {up, norm_back}, {b.norm, norm_back},
                {norm_back, add}, {gradient, add}});
        gradient = add;
    }
    std::stable_sort(edges.begin(), edges.end());
    return graph(next, edges);
}

namespace {

struct Rectangle {
    int left = 0, top = 0, right = 0, bottom = 0;
    uint32_t box = 0;
};

std::vector<Rectangle> rectangles(const Input& input, const Output& output) {
    std::vector<Rectangle> found;
    for (uint32_t i = 0; i < input.boxes.size(); ++i) {
        const Point& p = output.places[i];
        found.push_back({p.x, p.y, p.x + input.boxes[i].width, p.y + input.boxes[i].height, i});
    }
    std::sort(found.begin(), found.end(), [](const Rectangle& a, const Rectangle& b) {
        return a.top != b.top ? a.top < b.top : a.left < b.left;
    });
    return found;
}

// Boxes in strips of y, so that looking is not quadratic on tall pictures.
class Strips {
public:
    explicit Strips(const std::vector<Rectangle>& all) {
        for (const Rectangle& r : all) {
            widest_ = std::max(widest_, r.right - r.left);
            for (int s = r.top / kStrip; s <= r.bottom / kStrip; ++s)
                strips_[s].push_back(r);
        }
        for (auto& entry : strips_)
            std::sort(entry.second.begin(), entry.second.end(),
                [](const Rectangle& a, const Rectangle& b) { return a.left < b.left; });
    }
    // A box whose inside the rectangle (or line) touches, other than the two given.
    const Rectangle* hit(
        int left, int top, int right, int bottom, uint32_t except, uint32_t except_too) const {
        for (auto strip = strips_.lower_bound(top / kStrip);
             strip != strips_.end() && strip->first <= bottom / kStrip; ++strip) {
            auto first = std::lower_bound(strip->second.begin(), strip->second.end(), left - widest_,
                [](const Rectangle& r, int x) { return r.left < x; });
            for (; first != strip->second.end() && first->left < right + 1; ++first)
                if (first->box != except && first->box != except_too && left < first->right
                    && right > first->left && top < first->bottom && bottom > first->top)
                    return &*first;
        }
        return nullptr;
    }

private:
    static constexpr int kStrip = 64;
    int widest_ = 0;
    std::map<int, std::vector<Rectangle>> strips_;
};

std::string flaw_of_line(const Input& input, const Output& output, const Edge& edge, const Strips& strips) {
    const Value& value = input.values[edge.value];
    const uint32_t from = value.producer, to = value.users[edge.use].box;
    const std::string name = "line from box " + std::to_string(from) + " to " + std::to_string(to) + " ";
    const bool layered = output.engine == "layered";
    if (edge.cut)
        return edge.points.empty() ? "" : name + "is cut but has points";
    if (edge.points.size() < 2)
        return name + "has no points";
    const Point first = edge.points.front(), last = edge.points.back();
    const Point a = output.places[from], b = output.places[to];
    if (first.y != a.y + input.boxes[from].height || first.x < a.x || first.x > a.x + input.boxes[from].width)
        return name + "does not start at the lower border";
    if (last.y != b.y || last.x < b.x || last.x > b.x + input.boxes[to].width)
        return name + "does not end at the upper border";
    if (first.y >= last.y)
        return name + "does not go down";
    for (size_t i = 0; i < edge.points.size(); ++i) {
        const Point p = edge.points[i];
        if (p.x < 0 || p.y < 0 || p.x > output.width || p.y > output.height)
            return name + "leaves the picture";
        if (i == 0)
            continue;
        const Point q = edge.points[i - 1];
        if (!layered)
            continue; // splines may swing a little
        if (p == q || (p.x != q.x && p.y != q.y) || p.y < q.y)
            return name + "is not orthogonal and downwards";
        if (const Rectangle* box = strips.hit(std::min(p.x, q.x), q.y, std::max(p.x, q.x), p.y, from, to))
            return name + "runs through box " + std::to_string(box->box);
    }
    return {};
}

} // namespace

std::string flaw(const Input& input, const Output& output) {
    if (output.places.size() != input.boxes.size() || output.rows.size() != input.boxes.size())
        return "not a place and a row for each box";
    for (uint32_t i = 0; i < input.boxes.size(); ++i) {
        const Point& p = output.places[i];
        if (p.x < 0 || p.y < 0 || p.x + input.boxes[i].width > output.width
            || p.y + input.boxes[i].height > output.height)
            return "box " + std::to_string(i) + " lies outside the picture";
    }
    const std::vector<Rectangle> all = rectangles(input, output);
    const Strips strips(all);
    for (const Rectangle& r : all)
        if (const Rectangle* other = strips.hit(r.left, r.top, r.right, r.bottom, r.box, r.box))
            return "boxes " + std::to_string(r.box) + " and " + std::to_string(other->box) + " overlap";
    size_t edges = 0;
    int cut = 0;
    for (const Value& value : input.values)
        edges += value.users.size();
    if (output.edges.size() != edges)
        return "not one line for each use";
    for (const Edge& edge : output.edges) {
        cut += edge.cut;
        const Value& value = input.values[edge.value];
        if (output.rows[value.users[edge.use].box] <= output.rows[value.producer])
            return "a user is not below its producer";
        if (std::string bad = flaw_of_line(input, output, edge, strips); !bad.empty())
            return bad;
    }
    return cut == output.cut_links ? "" : "the cut links are not counted";
}

std::string text(const Output& output) {
    std::string all =
        output.engine + " " + std::to_string(output.width) + " " + std::to_string(output.height) + "\n";
    for (size_t i = 0; i < output.places.size(); ++i)
        all += std::to_string(output.places[i].x) + "," + std::to_string(output.places[i].y) + "@"
            + std::to_string(output.rows[i]) + "\n";
    for (const Edge& edge : output.edges) {
        all += std::to_string(edge.value) + ":" + std::to_string(edge.use) + (edge.cut ? " cut" : "");
        for (Point p : edge.points)
            all += " " + std::to_string(p.x) + "," + std::to_string(p.y);
        all += "\n";
    }
    return all + output.note;
}

} // namespace hopscope::layout::test
