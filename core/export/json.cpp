#include "core/export/json.h"

#include "core/base/text.h"
#include "core/export/graph_json.h"

namespace hopscope {

using nlohmann::ordered_json;

namespace {

// The places of the nodes, and the edges, beside what `out` says of the body already.
void add_scene(const GraphModule& module, const Body& body, const draw::Scene& scene, ordered_json& out) {
    const auto name = [&](NodeId node) { return utf8(module.text(body.node(node).name)); };
    for (size_t i = 0; i < scene.box_of_node.size(); ++i) {
        ordered_json& node = out["nodes"][i];
        const draw::Box& box = scene.boxes[scene.box_of_node[i]];
        node["x"] = box.x;
        node["y"] = box.y;
        node["w"] = box.w;
        node["h"] = box.h;
        node["folded_into"] = box.node == NodeId(i) ? ordered_json(nullptr) : ordered_json(name(box.node));
    }
    ordered_json edges = ordered_json::array();
    for (const draw::Edge& edge : scene.edges) {
        ordered_json points = ordered_json::array();
        for (const layout::Point& point : edge.points)
            points.push_back(ordered_json::array({point.x, point.y}));
        edges.push_back({{"from", name(edge.from)}, {"to", name(edge.to)}, {"points", std::move(points)},
            {"count", edge.count}});
    }
    out["edges"] = std::move(edges);
}

} // namespace

ordered_json scene_json(const Dump& dump, const Place& place, const draw::Scene& scene) {
    const GraphModule& module = *dump.graph(place.graph).module;
    ordered_json out = graph_json(dump, place);
    add_scene(module, module.body(place.body), scene, out);
    return out;
}

ordered_json scene_json(
    const GraphModule& module, BodyId body, std::string_view address, const draw::Scene& scene) {
    ordered_json out = body_json(module, body, address);
    add_scene(module, module.body(body), scene, out);
    return out;
}

} // namespace hopscope
