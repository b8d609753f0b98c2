#include "core/draw/hairpin.h"

#include "core/draw/metrics.h"
#include "core/draw/parts.h"
#include "core/draw/ports.h"
#include "core/layout/hairpin.h"

#include <algorithm>
#include <map>

namespace hopscope::draw {

namespace {

constexpr int kHeading = 24; // room for the words above the halves

struct HalfScene {
    Folded folded;
    Scene scene;
    Request request;
};

HalfScene begin_half(const HalfBody& half) {
    HalfScene out;
    if (half.module->body(half.body).nodes.empty())
        return out;
    out.folded = fold(*half.module, half.body, half.options);
    out.scene = begin_scene(*half.module, half.body, out.folded, half.options);
    out.request = make_request(out.folded, out.scene.boxes);
    return out;
}

// The values that one box keeps for one box of the other half.
struct Wire {
    uint32_t left = 0, right = 0;
    std::vector<NodeId> values;
};

std::vector<uint32_t> boxes_that_take(const HalfScene& backward, NodeId placeholder) {
    const uint32_t own = backward.folded.box_of_node[placeholder.index];
    if (backward.scene.boxes[own].node == placeholder)
        return {own}; // it has a box of its own
    std::vector<uint32_t> boxes;
    for (const Mark& mark : backward.folded.marks)
        if (mark.node == placeholder)
            boxes.push_back(mark.box);
    return boxes;
}

std::vector<Wire> make_wires(
    const HalfScene& forward, const HalfScene& backward, const std::vector<SavedLink>& saved) {
    std::map<std::pair<uint32_t, uint32_t>, std::vector<NodeId>> values;
    for (const SavedLink& link : saved)
        for (const uint32_t right : boxes_that_take(backward, link.placeholder)) {
            std::vector<NodeId>& all = values[{forward.folded.box_of_node[link.value.index], right}];
            if (std::find(all.begin(), all.end(), link.value) == all.end())
                all.push_back(link.value);
        }
    std::vector<Wire> wires;
    for (auto& [boxes, list] : values)
        wires.push_back({boxes.first, boxes.second, std::move(list)});
    return wires;
}

// The right half's boxes and edges behind the left half's.
void append_right(Scene&& right, Scene& scene) {
    const auto first = static_cast<uint32_t>(scene.boxes.size());
    for (Box& box : right.boxes) {
        box.right = true;
        scene.boxes.push_back(std::move(box));
    }
    for (Edge& edge : right.edges) {
        edge.right = true;
        edge.from_box += first;
        edge.to_box += first;
        scene.edges.push_back(std::move(edge));
    }
    scene.right_box_of_node = std::move(right.box_of_node);
    for (uint32_t& box : scene.right_box_of_node)
        box += first;
    scene.cut_links += right.cut_links;
}

bool has_mark(const Box& box, Port::Side side) {
    return std::any_of(
        box.ports.begin(), box.ports.end(), [&](const Port& port) { return port.side == side; });
}

// Lines leave from the marks beside a box; where it has none (what is saved is a weight, or an input), from
// its border.
void meet_borders(const Scene& scene, Edge& edge) {
    if (edge.points.empty())
        return;
    const Box &from = scene.boxes[edge.from_box], &to = scene.boxes[edge.to_box];
    if (!has_mark(from, Port::Side::Right))
        edge.points.insert(edge.points.begin(), {from.x + from.w, edge.points.front().y});
    if (!has_mark(to, Port::Side::Left))
        edge.points.push_back({to.x, edge.points.back().y});
}

void append_wires(
    std::vector<Wire>&& wires, std::vector<layout::LinkLine>&& lines, uint32_t first, Scene& scene) {
    for (size_t i = 0; i < wires.size(); ++i) {
        Edge edge;
        edge.saved = true;
        edge.from = wires[i].values.front();
        edge.from_box = wires[i].left;
        edge.to_box = first + wires[i].right;
        edge.to = scene.boxes[edge.to_box].node;
        edge.count = static_cast<int>(wires[i].values.size());
        edge.values = std::move(wires[i].values);
        edge.points = std::move(lines[i].points);
        edge.cut = lines[i].cut;
        for (layout::Point& p : edge.points)
            p = {p.x + kPortRoom, p.y + kPortRoom + kHeading};
        meet_borders(scene, edge);
        scene.edges.push_back(std::move(edge));
    }
}

} // namespace

Result<Scene> make_hairpin(
    const HalfBody& forward, const HalfBody& backward, const std::vector<SavedLink>& saved, const Job& job) {
    HalfScene left = begin_half(forward), right = begin_half(backward);
    std::vector<Wire> wires = make_wires(left, right, saved);
    layout::HairpinInput input{left.request.input, right.request.input, {}};
    for (const Wire& wire : wires)
        input.links.push_back({wire.left, wire.right});
    auto placed = layout::run_hairpin(input, job);
    if (!placed)
        return placed.error();
    take_layout(left.folded, left.request, std::move(placed->left), left.scene);
    take_layout(right.folded, right.request, std::move(placed->right), right.scene);
    move_scene(left.scene, 0, kHeading);
    move_scene(right.scene, 0, kHeading);
    if (!left.scene.boxes.empty())
        place_ports(*forward.module, forward.module->body(forward.body), left.folded, left.scene);
    if (!right.scene.boxes.empty())
        place_ports(*backward.module, backward.module->body(backward.body), right.folded, right.scene, true);

    Scene scene = std::move(left.scene);
    const auto first = static_cast<uint32_t>(scene.boxes.size());
    append_right(std::move(right.scene), scene);
    append_wires(std::move(wires), std::move(placed->links), first, scene);
    scene.cut_links += placed->cut_links;
    scene.width = placed->width + 2 * kPortRoom;
    scene.height = placed->height + 2 * kPortRoom + kHeading;
    scene.engine = "layered";
    scene.labels.push_back({{kPortRoom, kPortRoom + 10}, "forward ↓"});
    scene.labels.push_back({{placed->right_start + kPortRoom, kPortRoom + 10}, "backward ↑"});
    add_frames(forward.options, &backward.options, scene);
    return scene;
}

} // namespace hopscope::draw
