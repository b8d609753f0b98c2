#include "core/draw/scene.h"

#include "core/draw/boxes.h"
#include "core/draw/fold.h"
#include "core/draw/metrics.h"
#include "core/draw/parts.h"
#include "core/draw/ports.h"

#include <algorithm>
#include <array>

namespace hopscope::draw {

std::string_view side_sign(Side side) {
    constexpr std::array<std::string_view, kSideCount> kSigns{"", "≠", "−", "+"};
    return kSigns[static_cast<size_t>(side)];
}

std::string_view side_name(Side side) {
    constexpr std::array<std::string_view, kSideCount> kNames{
        "", "differs", "only in the first", "only in the second"};
    return kNames[static_cast<size_t>(side)];
}

// One trunk per value: a link of several values goes with the first of them.
Request make_request(const Folded& folded, const std::vector<Box>& boxes) {
    Request request;
    for (const Box& box : boxes)
        request.input.boxes.push_back({box.w, box.h});
    std::vector<uint32_t> order(folded.links.size());
    for (uint32_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        return folded.links[a].values.front() < folded.links[b].values.front();
    });
    NodeId last;
    for (const uint32_t i : order) {
        const Link& link = folded.links[i];
        if (request.input.values.empty() || link.values.front() != last) {
            request.input.values.push_back({link.from_box, {}});
            request.links.emplace_back();
            last = link.values.front();
        }
        request.input.values.back().users.push_back({link.to_box, static_cast<int>(link.values.size())});
        request.links.back().push_back(i);
    }
    return request;
}

namespace {

Edge make_edge(const Link& link, layout::Edge&& placed) {
    Edge edge;
    edge.from = link.values.front();
    edge.to = link.user;
    edge.from_box = link.from_box;
    edge.to_box = link.to_box;
    edge.count = static_cast<int>(link.values.size());
    if (link.values.size() > 1)
        edge.values = link.values;
    edge.points = std::move(placed.points);
    edge.cut = placed.cut;
    return edge;
}

} // namespace

void move_scene(Scene& scene, int dx, int dy) {
    for (Box& box : scene.boxes) {
        box.x += dx;
        box.y += dy;
        for (Port& port : box.ports)
            port.at = {port.at.x + dx, port.at.y + dy};
    }
    for (Edge& edge : scene.edges)
        for (layout::Point& p : edge.points)
            p = {p.x + dx, p.y + dy};
    for (Frame& frame : scene.frames) {
        frame.x += dx;
        frame.y += dy;
    }
    for (Label& label : scene.labels)
        label.at = {label.at.x + dx, label.at.y + dy};
    scene.width += dx;
    scene.height += dy;
}

namespace {

// Of a body of both halves: what rests on a tangent.
void mark_gradients(const Body& body, const BodyRoles& roles, Scene& scene) {
    if (roles.half)
        return;
    std::vector<bool> rests(body.nodes.size(), false);
    bool any = false, all = true;
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const Node& node = body.nodes[i];
        if (node.op == Opcode::Output)
            continue;
        bool on = roles.input(NodeId(i)) == InputRole::Tangent;
        for (const NodeId input : body.inputs_of(node))
            on = on || (input.index < i && rests[input.index]);
        rests[i] = on;
        any |= on;
        all &= on || node.op == Opcode::Placeholder || node.op == Opcode::GetAttr;
    }
    if (!any || all)
        return;
    for (Box& box : scene.boxes)
        box.gradient = rests[box.node.index];
}

} // namespace

Scene begin_scene(const GraphModule& module, BodyId id, const Folded& folded, const Options& options) {
    Scene scene;
    scene.title = options.title.empty() ? body_path(module, id) : options.title;
    scene.boxes = measure_boxes(module, id, folded, options);
    scene.box_of_node = folded.box_of_node;
    mark_gradients(module.body(id), options.roles, scene);
    for (size_t i = 0; i < folded.box_of_node.size(); ++i) {
        Box& box = scene.boxes[folded.box_of_node[i]];
        if (box.node != NodeId(i))
            box.folded.push_back(NodeId(i));
    }
    return scene;
}

void take_layout(const Folded& folded, const Request& request, layout::Output&& output, Scene& scene) {
    for (size_t i = 0; i < scene.boxes.size(); ++i) {
        scene.boxes[i].x = output.places[i].x + kPortRoom;
        scene.boxes[i].y = output.places[i].y + kPortRoom;
    }
    for (layout::Edge& edge : output.edges)
        for (layout::Point& point : edge.points)
            point = {point.x + kPortRoom, point.y + kPortRoom};
    // In the order of the links, whatever order the layout answers in.
    std::vector<layout::Edge*> placed(folded.links.size(), nullptr);
    for (layout::Edge& edge : output.edges)
        placed[request.links[edge.value][edge.use]] = &edge;
    scene.edges.reserve(folded.links.size());
    for (size_t i = 0; i < folded.links.size(); ++i)
        if (placed[i])
            scene.edges.push_back(make_edge(folded.links[i], std::move(*placed[i])));
    scene.width = output.width + 2 * kPortRoom;
    scene.height = output.height + 2 * kPortRoom;
    scene.cut_links = output.cut_links;
    scene.engine = std::move(output.engine);
    scene.note = std::move(output.note);
}

namespace {

// Laid out downwards with boxes on their side, turned back.
void turn_sideways(layout::Output& output) {
    const auto turn = [](layout::Point& point) { std::swap(point.x, point.y); };
    std::for_each(output.places.begin(), output.places.end(), turn);
    for (layout::Edge& edge : output.edges)
        std::for_each(edge.points.begin(), edge.points.end(), turn);
    std::swap(output.width, output.height);
}

Result<Scene> place_scene(const GraphModule& module, BodyId id, const Folded& folded, const Options& options,
    const Placer& place, bool banded) {
    const Body& body = module.body(id);
    Scene scene = begin_scene(module, id, folded, options);
    Request request = make_request(folded, scene.boxes);
    if (banded)
        request.input.bands = bands_of(options, folded);
    scene.sideways = options.sideways;
    if (options.sideways)
        for (layout::Box& box : request.input.boxes)
            std::swap(box.width, box.height);
    auto output = place(request.input);
    if (!output)
        return output.error();
    if (options.sideways)
        turn_sideways(*output);
    take_layout(folded, request, std::move(*output), scene);
    place_ports(module, body, folded, scene);
    add_frames(options, nullptr, scene);
    return scene;
}

} // namespace

Result<Scene> make_scene(const GraphModule& module, BodyId id, const Options& options, const Placer& place) {
    const Body& body = module.body(id);
    if (body.nodes.empty()) {
        Scene empty;
        empty.title = options.title.empty() ? body_path(module, id) : options.title;
        return empty;
    }
    const Folded folded = fold(module, id, options);
    auto scene = place_scene(module, id, folded, options, place, false);
    if (!scene || open_frames(*scene) == 0)
        return scene;
    // Other nodes stand between those of a frame: then each frame gets rows of its own.
    auto banded = place_scene(module, id, folded, options, place, true);
    return banded && open_frames(*banded) < open_frames(*scene) ? std::move(banded) : std::move(scene);
}

Result<Scene> make_scene(const GraphModule& module, BodyId body, const Options& options, const Job& job) {
    return make_scene(module, body, options,
        Placer([&](const layout::Input& input) { return layout::run(input, options.layout, job); }));
}

} // namespace hopscope::draw
