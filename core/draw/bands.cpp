// Rows of their own for what a frame goes around.
#include "core/draw/parts.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

namespace hopscope::draw {

namespace {

// The boxes that frames hold together, however frames lie in each other: a unit for each box.
class Units {
public:
    explicit Units(size_t boxes)
        : of_(boxes) {
        std::iota(of_.begin(), of_.end(), 0u);
    }
    uint32_t find(uint32_t box) {
        while (of_[box] != box)
            box = of_[box] = of_[of_[box]];
        return box;
    }
    // The first box of the two units stands for both.
    void join(uint32_t a, uint32_t b) {
        a = find(a);
        b = find(b);
        of_[std::max(a, b)] = std::min(a, b);
    }

private:
    std::vector<uint32_t> of_;
};

// The units in an order in which every link leads forward, the first box in graph order deciding; empty where
// there is none, as two units need each other.
std::vector<uint32_t> order_of(const std::vector<uint32_t>& unit, const Folded& folded) {
    std::vector<std::vector<uint32_t>> users(unit.size());
    std::vector<uint32_t> waits(unit.size(), 0);
    for (const Link& link : folded.links) {
        const uint32_t from = unit[link.from_box], to = unit[link.to_box];
        if (from == to)
            continue;
        users[from].push_back(to);
        ++waits[to];
    }
    std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
    size_t units = 0;
    for (uint32_t u = 0; u < unit.size(); ++u) {
        units += unit[u] == u;
        if (unit[u] == u && waits[u] == 0)
            ready.push(u);
    }
    std::vector<uint32_t> order;
    while (!ready.empty()) {
        const uint32_t next = ready.top();
        ready.pop();
        order.push_back(next);
        for (const uint32_t user : users[next])
            if (--waits[user] == 0)
                ready.push(user);
    }
    return order.size() == units ? order : std::vector<uint32_t>();
}

} // namespace

std::vector<uint32_t> bands_of(const Options& options, const Folded& folded) {
    const size_t boxes = folded.boxes.size();
    // The innermost frame of each box: a frame in another one has rows of its own in it.
    std::vector<uint32_t> innermost(boxes, 0);
    Units units(boxes);
    uint32_t number = 0;
    const auto take = [&](const std::vector<NodeId>& nodes) {
        ++number;
        for (const NodeId node : nodes) {
            const uint32_t box = folded.box_of_node[node.index];
            innermost[box] = number;
            units.join(folded.box_of_node[nodes.front().index], box);
        }
    };
    for (const Repeat& repeat : options.repeats)
        take(repeat.shown);
    for (const Group& group : options.groups)
        take(group.nodes);
    std::vector<uint32_t> unit(boxes);
    for (uint32_t box = 0; box < boxes; ++box)
        unit[box] = units.find(box);
    std::vector<uint32_t> place(boxes, 0); // of a unit in the order
    const std::vector<uint32_t> order = order_of(unit, folded);
    for (uint32_t i = 0; i < order.size(); ++i)
        place[order[i]] = i;
    std::vector<uint32_t> sorted(boxes);
    std::iota(sorted.begin(), sorted.end(), 0u);
    std::stable_sort(sorted.begin(), sorted.end(),
        [&](uint32_t a, uint32_t b) { return place[unit[a]] < place[unit[b]]; });
    std::vector<uint32_t> bands(boxes, 0);
    uint32_t band = 0;
    for (size_t i = 1; i < sorted.size(); ++i) {
        // Boxes in no frame share the rows between two frames.
        band += innermost[sorted[i]] != innermost[sorted[i - 1]];
        bands[sorted[i]] = band;
    }
    return bands;
}

} // namespace hopscope::draw
