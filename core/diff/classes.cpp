#include "core/diff/classes.h"

#include "core/match/classes.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace hopscope {

namespace {

class Finder {
public:
    explicit Finder(const Dump& dump)
        : exact_(dump, {})
        , shapes_(dump, structure_only()) { }

    StageClasses stage(Stage stage, const std::vector<Place>& places) {
        StageClasses out;
        out.stage = stage;
        out.bodies = places.size();
        std::vector<CanonBody> bodies;
        for (const Place& p : places)
            bodies.push_back({&exact_.of(p.graph), p.body});
        for (const auto& members : equal_bodies(bodies)) {
            EqualBodies& c = out.classes.emplace_back();
            for (const size_t i : members)
                c.members.push_back(places[i]);
        }
        for (size_t i = 1; i < out.classes.size(); ++i)
            nearest(out.classes, i);
        return out;
    }

private:
    static constexpr size_t kMostCompared = 200; // classes that one is compared with

    // An equal structure is nearer than any number of equal nodes.
    void nearest(std::vector<EqualBodies>& classes, size_t i) {
        const Place& mine = classes[i].members.front();
        double best = 0.5; // less in common is no near miss
        for (size_t k = 0; k < std::min(i, kMostCompared); ++k) {
            const Place& other = classes[k].members.front();
            const bool same =
                shapes_.of(mine.graph).hash(mine.body) == shapes_.of(other.graph).hash(other.body);
            const double score = same ? 2 : common(mine, other);
            if (score <= best)
                continue;
            best = score;
            classes[i].nearest = k;
            classes[i].same_structure = same;
        }
        if (!classes[i].nearest)
            return;
        const Place& other = classes[*classes[i].nearest].members.front();
        const MatchResult r =
            match_bodies(exact_.of(other.graph), other.body, exact_.of(mine.graph), mine.body);
        if (r.difference)
            classes[i].difference = *r.difference;
    }

    // The share of nodes that are of one kind.
    double common(const Place& a, const Place& b) {
        const auto kinds_a = shapes_.of(a.graph).kinds(a.body);
        const auto kinds_b = shapes_.of(b.graph).kinds(b.body);
        std::unordered_map<uint64_t, int> counts;
        for (const uint64_t k : kinds_a)
            ++counts[k];
        size_t both = 0;
        for (const uint64_t k : kinds_b)
            both += counts[k]-- > 0;
        return static_cast<double>(both) / static_cast<double>(std::max(kinds_a.size(), kinds_b.size()) + 1);
    }

    DumpCanons exact_, shapes_;
};

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
    Finder finder(dump);
    std::vector<StageClasses> out;
    for (const auto& [stage, places] : by_stage)
        out.push_back(finder.stage(stage, places));
    return out;
}

} // namespace hopscope
