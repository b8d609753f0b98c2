#include "core/browse/half_pairs.h"

namespace hopscope {

std::vector<HalfPair> half_pairs(const Document& document, const Place& left, const Place& right) {
    std::vector<HalfPair> out;
    if (!left.graph || !right.graph)
        return out;
    const Graph& left_graph = document.dump().graph(left.graph);
    const Graph& right_graph = document.dump().graph(right.graph);
    const auto halves = [](Stage a, Stage b) { return a == Stage::Forward && b == Stage::Backward; };
    const bool forward_left = halves(left_graph.stage, right_graph.stage);
    if (left_graph.compilation != right_graph.compilation
        || (!forward_left && !halves(right_graph.stage, left_graph.stage))
        || document.region_of_body(left.graph, left.body) != document.region_of_body(right.graph, right.body))
        return out;
    const HalfLinks found =
        link_halves(document.dump(), forward_left ? left : right, forward_left ? right : left);
    for (const HalfLink& link : found.links)
        out.push_back(forward_left ? HalfPair{link.forward, link.backward, link.evidence, link.placed}
                                   : HalfPair{link.backward, link.forward, link.evidence, link.placed});
    return out;
}

} // namespace hopscope
