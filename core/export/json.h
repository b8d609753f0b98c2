// A body with its places as JSON (`export -o FILE.json`).
#pragma once

#include "core/draw/scene.h"
#include "core/graph/dump.h"

#include <nlohmann/json.hpp>

namespace hopscope {

// {"address","nodes","edges"}: nodes as in graph_json, each with x, y, w, h (points, y downward; of the box
// that shows it) and folded_into (the node whose box that is; null where it has its own). Edges:
// {"from","to","points","count"}, from and to as the graph has them; points are empty where the link is too
// long to draw.
nlohmann::ordered_json scene_json(const Dump& dump, const Place& place, const draw::Scene& scene);
// The same of a body that the dump does not hold itself: one whose calls were expanded.
nlohmann::ordered_json scene_json(
    const GraphModule& module, BodyId body, std::string_view address, const draw::Scene& scene);

} // namespace hopscope
