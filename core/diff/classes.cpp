#include "core/diff/classes.h"

#include "core/match/nearest.h"

#include <algorithm>
#include <map>
#include <span>

namespace hopscope {

namespace {

constexpr size_t kMostCompared = 200; // classes that one is compared with

StageClasses classes_of(NearestBody& near, Stage stage, const std::vector<Place>& places) {
    StageClasses out;
    out.stage = stage;
    out.bodies = places.size();
    std::vector<CanonBody> bodies;
    for (const Place& p : places)
        bodies.push_back({&near.exact().of(p.graph), p.body});
    for (const auto& members : equal_bodies(bodies)) {
        EqualBodies& c = out.classes.emplace_back();
        for (const size_t i : members)
            c.members.push_back(places[i]);
    }
    std::vector<Place> earlier;
    for (EqualBodies& c : out.classes) {
        const size_t compared = std::min(earlier.size(), kMostCompared);
        if (auto found = near.of(c.members.front(), std::span(earlier).first(compared))) {
            c.nearest = found->index;
            c.same_structure = found->same_structure;
            c.difference = std::move(found->difference);
        }
        earlier.push_back(c.members.front());
    }
    return out;
}

} // namespace

std::vector<StageClasses> structural_classes(const Dump& dump) {
    std::map<Stage, std::vector<Place>> by_stage;
    for (size_t g = 0; g < dump.graphs.size(); ++g) {
        const Graph& graph = dump.graphs[g];
        if (!dump.compilation(graph.compilation).last_attempt)
            continue;
        for (size_t b = 1; b < graph.module->bodies.size(); ++b)
            by_stage[graph.stage].push_back({GraphId(g), BodyId(b), {}});
    }
    NearestBody near(dump);
    std::vector<StageClasses> out;
    for (const auto& [stage, places] : by_stage)
        out.push_back(classes_of(near, stage, places));
    return out;
}

} // namespace hopscope
