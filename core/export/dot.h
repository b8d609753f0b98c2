// A scene's graph as Graphviz DOT text.
#pragma once

#include "core/draw/scene.h"

#include <string>

namespace hopscope {

// One node per box with name, operator and type, one edge per line of the picture. Names are quoted, so that
// any bytes give a file that `dot` reads. `title` becomes the graph's label.
std::string to_dot(
    const GraphModule& module, BodyId body, const draw::Scene& scene, const std::string& title);

} // namespace hopscope
