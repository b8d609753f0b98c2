#include "core/match/classes.h"

#include <unordered_map>

namespace hopscope {

std::vector<std::vector<size_t>> equal_bodies(std::span<const CanonBody> bodies) {
    std::vector<std::vector<size_t>> classes;
    std::unordered_map<uint64_t, std::vector<size_t>> by_hash; // classes
    for (size_t i = 0; i < bodies.size(); ++i) {
        const CanonBody& b = bodies[i];
        std::vector<size_t>& bucket = by_hash[b.canon->hash(b.body)];
        bool placed = false;
        for (const size_t c : bucket) {
            const CanonBody& first = bodies[classes[c].front()];
            if (match_bodies(*first.canon, first.body, *b.canon, b.body).equal()) {
                classes[c].push_back(i);
                placed = true;
                break;
            }
        }
        if (!placed) {
            bucket.push_back(classes.size());
            classes.push_back({i});
        }
    }
    return classes;
}

const Canon& DumpCanons::of(GraphId graph) {
    std::unique_ptr<Canon>& canon = canons_[graph.index];
    if (!canon)
        canon = std::make_unique<Canon>(*dump_->graph(graph).module, options_);
    return *canon;
}

std::vector<std::vector<Place>> equal_bodies(DumpCanons& canons, WhichBodies which) {
    const Dump& dump = canons.dump();
    std::vector<CanonBody> bodies;
    std::vector<Place> places;
    for (size_t g = 0; g < dump.graphs.size(); ++g) {
        const size_t count = dump.graphs[g].module->bodies.size();
        for (size_t b = 0; b < count; ++b) {
            if ((which == WhichBodies::Roots && b > 0) || (which == WhichBodies::Called && b == 0))
                continue;
            bodies.push_back({&canons.of(GraphId(g)), BodyId(b)});
            places.push_back({GraphId(g), BodyId(b), {}});
        }
    }
    std::vector<std::vector<Place>> classes;
    for (const auto& members : equal_bodies(bodies)) {
        std::vector<Place>& out = classes.emplace_back();
        for (const size_t i : members)
            out.push_back(places[i]);
    }
    return classes;
}

} // namespace hopscope
