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
    NodeId taken; // the placeholder of the first in the other half
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
    std::map<std::pair<uint32_t, uint32_t>, Wire> by_boxes;
    for (const SavedLink& link : saved)
        for (const uint32_t right : boxes_that_take(backward, link.placeholder)) {
            const uint32_t left = forward.folded.box_of_node[link.value.index];
            Wire& wire =
                by_boxes.try_emplace({left, right}, Wire{left, right, {}, link.placeholder}).first->second;
            if (std::find(wire.values.begin(), wire.values.end(), link.value) == wire.values.end())
                wire.values.push_back(link.value);
        }
    std::vector<Wire> wires;
    wires.reserve(by_boxes.size());
    for (auto& [boxes, wire] : by_boxes)
        wires.push_back(std::move(wire));
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

// Lines lead from mark to mark. What is saved of weights and inputs, which are marks on top of a box, has
// none beside it: it gets one. A placeholder with a box of its own is met at its border.
void mark_end(Box& box, Port::Side side, NodeId value, Edge& edge) {
    if (edge.points.empty() || has_mark(box, side))
        return;
    const bool right = side == Port::Side::Right;
    const int border = right ? box.x + box.w : box.x;
    if (box.node == value) {
        const layout::Point at{border, right ? edge.points.front().y : edge.points.back().y};
        edge.points.insert(right ? edge.points.begin() : edge.points.end(), at);
        return;
    }
    Port mark{
        side, Port::Role::Saved, value, {}, {border + (right ? kPortOut : -kPortOut), box.y + box.h / 2}};
    for (const Port& other : box.ports)
        if (other.node == value)
            mark.label = other.label;
    box.ports.push_back(std::move(mark));
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
        mark_end(scene.boxes[edge.from_box], Port::Side::Right, edge.from, edge);
        mark_end(scene.boxes[edge.to_box], Port::Side::Left, wires[i].taken, edge);
        scene.edges.push_back(std::move(edge));
    }
}

// Both sides laid out together, with their marks, in the coordinates of one picture.
struct Placed {
    HalfScene left, right;
    std::vector<Wire> wires;
    layout::HairpinOutput output; // of which the scenes have taken theirs
};

Result<Placed> place_halves(const HalfBody& forward, const HalfBody& backward,
    const std::vector<SavedLink>& saved, bool banded, const Job& job) {
    Placed out{begin_half(forward), begin_half(backward), {}, {}};
    HalfScene &left = out.left, &right = out.right;
    if (banded) {
        left.request.input.bands = bands_of(forward.options, left.folded);
        right.request.input.bands = bands_of(backward.options, right.folded);
    }
    out.wires = make_wires(left, right, saved);
    layout::HairpinInput input{left.request.input, right.request.input, {}};
    for (const Wire& wire : out.wires)
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
    out.output = std::move(*placed);
    return out;
}

constexpr const char* kForwardLabel = "forward ↓";
constexpr const char* kBackwardLabel = "backward ↑";
// How far a link leads out of its picture: beyond the border of any pane.
constexpr int kFarOut = 1 << 15;

// The part of a link on one side: from its box to beyond the border that faces the other one.
Edge half_link(const Wire& wire, const layout::LinkLine& line, uint32_t number, bool left) {
    Edge edge;
    edge.saved = true;
    edge.across = number;
    edge.count = static_cast<int>(wire.values.size());
    edge.from_box = left ? wire.left : kNoBox;
    edge.to_box = left ? kNoBox : wire.right;
    edge.cut = line.cut;
    if (line.points.empty())
        return edge;
    const auto here = [](layout::Point p) {
        return layout::Point{p.x + kPortRoom, p.y + kPortRoom + kHeading};
    };
    // The line leaves its stub at the height at which it runs between the sides.
    const auto& points = line.points;
    size_t end = left ? 0 : points.size() - 1;
    const auto stub = [&](size_t i) { return points[i].x == (left ? points.front() : points.back()).x; };
    while (left ? end + 1 < points.size() && stub(end + 1) : end > 0 && stub(end - 1))
        left ? ++end : --end;
    const layout::Point turn = here(points[end]);
    if (left) {
        for (size_t i = 0; i <= end; ++i)
            edge.points.push_back(here(points[i]));
        edge.points.push_back({turn.x + kFarOut, turn.y});
    } else {
        edge.points.push_back({turn.x - kFarOut, turn.y});
        for (size_t i = end; i < points.size(); ++i)
            edge.points.push_back(here(points[i]));
    }
    return edge;
}

void add_half_links(const Placed& placed, bool left, Scene& scene) {
    for (uint32_t i = 0; i < placed.wires.size(); ++i) {
        const Wire& wire = placed.wires[i];
        Edge edge = half_link(wire, placed.output.links[i], i, left);
        if (left) {
            edge.from = wire.values.front();
            edge.values = wire.values;
        } else {
            edge.to = scene.boxes[wire.right].node;
        }
        mark_end(scene.boxes[left ? wire.left : wire.right], left ? Port::Side::Right : Port::Side::Left,
            left ? edge.from : wire.taken, edge);
        scene.edges.push_back(std::move(edge));
    }
}

} // namespace

namespace {

Result<Scene> hairpin_of(const HalfBody& forward, const HalfBody& backward,
    const std::vector<SavedLink>& saved, bool banded, const Job& job) {
    auto placed = place_halves(forward, backward, saved, banded, job);
    if (!placed)
        return placed.error();
    Scene scene = std::move(placed->left.scene);
    const auto first = static_cast<uint32_t>(scene.boxes.size());
    layout::HairpinOutput& output = placed->output;
    append_right(std::move(placed->right.scene), scene);
    append_wires(std::move(placed->wires), std::move(output.links), first, scene);
    scene.cut_links += output.cut_links;
    scene.width = output.width + 2 * kPortRoom;
    scene.height = output.height + 2 * kPortRoom + kHeading;
    scene.engine = "layered";
    scene.labels.push_back({{kPortRoom, kPortRoom + 10}, kForwardLabel});
    scene.labels.push_back({{output.right_start + kPortRoom, kPortRoom + 10}, kBackwardLabel});
    add_frames(forward.options, &backward.options, scene);
    return scene;
}

Result<Halves> halves_of(const HalfBody& forward, const HalfBody& backward,
    const std::vector<SavedLink>& saved, bool banded, const Job& job) {
    auto placed = place_halves(forward, backward, saved, banded, job);
    if (!placed)
        return placed.error();
    Halves out;
    layout::HairpinOutput& output = placed->output;
    int down[2] = {}; // by how much frames moved each half
    for (const bool left : {true, false}) {
        Scene& scene = left ? out.left : out.right;
        scene = std::move(left ? placed->left.scene : placed->right.scene);
        add_half_links(*placed, left, scene);
        if (!left)
            move_scene(scene, -output.right_start, 0);
        scene.cut_links += output.cut_links;
        scene.engine = "layered";
        scene.labels.push_back({{kPortRoom, kPortRoom + 10}, left ? kForwardLabel : kBackwardLabel});
        add_frames((left ? forward : backward).options, nullptr, scene);
        down[left ? 0 : 1] = scene.labels.front().at.y - (kPortRoom + 10);
    }
    const int most = std::max(down[0], down[1]);
    move_scene(out.left, 0, most - down[0]);
    move_scene(out.right, 0, most - down[1]);
    out.left.height = out.right.height = std::max(out.left.height, out.right.height);
    return out;
}

} // namespace

// Where other boxes stand between those of a frame, each frame gets rows of its own.
Result<Scene> make_hairpin(
    const HalfBody& forward, const HalfBody& backward, const std::vector<SavedLink>& saved, const Job& job) {
    auto scene = hairpin_of(forward, backward, saved, false, job);
    if (!scene || open_frames(*scene) == 0)
        return scene;
    auto banded = hairpin_of(forward, backward, saved, true, job);
    return banded && open_frames(*banded) < open_frames(*scene) ? std::move(banded) : std::move(scene);
}

Result<Halves> make_halves(
    const HalfBody& forward, const HalfBody& backward, const std::vector<SavedLink>& saved, const Job& job) {
    const auto open = [](const Halves& halves) {
        return open_frames(halves.left) + open_frames(halves.right);
    };
    auto halves = halves_of(forward, backward, saved, false, job);
    if (!halves || open(*halves) == 0)
        return halves;
    auto banded = halves_of(forward, backward, saved, true, job);
    return banded && open(*banded) < open(*halves) ? std::move(banded) : std::move(halves);
}

} // namespace hopscope::draw
