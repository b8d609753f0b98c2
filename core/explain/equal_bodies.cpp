// Bodies that compute the same under several identifiers.
#include "core/explain/parts.h"

#include "core/match/nearest.h"

namespace hopscope::explain_parts {

namespace {

// "two functions (a and b): PyTorch looks bodies up by the code of the function".
std::string why_apart(const Region& mine, const Region& other) {
    if (mine.code && mine.code == other.code)
        return {};
    const std::string rule = "PyTorch looks bodies up by the code object of the function";
    if (!mine.function.empty() && !other.function.empty() && mine.function != other.function)
        return "two functions, " + other.function + " and " + mine.function + ": " + rule;
    if (mine.source_line != other.source_line || mine.source_file != other.source_file)
        return "written in two places: " + rule;
    return {};
}

} // namespace

void find_equal_bodies(const Dump& dump, const CompilationLedger& ledger, Explanation& e) {
    NearestBody bodies(dump);
    std::vector<Place> places; // by region
    for (const Region& region : ledger.regions)
        places.push_back(region.invocations.empty()
                ? Place()
                : ledger.invocation(region.invocations.front()).body(CallSite::Dynamo));
    for (size_t r = 1; r < ledger.regions.size(); ++r) {
        const Place mine = places[r];
        if (!mine.graph)
            continue;
        std::vector<size_t>
            others; // of other functions: of one function the calls' answers tell what differs
        std::vector<Place> there;
        for (size_t k = 0; k < r && e.regions[r].equal.empty(); ++k) {
            const Place& other = places[k];
            if (other.graph != mine.graph || other.body == mine.body)
                continue;
            std::string why = why_apart(ledger.regions[r], ledger.regions[k]);
            if (why.empty())
                continue;
            others.push_back(k);
            there.push_back(other);
            const Canon& canon = bodies.exact().of(mine.graph);
            if (canon.hash(mine.body) == canon.hash(other.body)
                && match_bodies(canon, other.body, canon, mine.body).equal())
                e.regions[r].equal.push_back({ledger.regions[k].identifier, std::move(why)});
        }
        if (!e.regions[r].equal.empty())
            continue;
        const auto near = bodies.of(mine, there);
        if (!near)
            continue;
        const GraphModule& m = *dump.graph(mine.graph).module;
        const Place& other = there[near->index];
        e.regions[r].near = NearRegion{ledger.regions[others[near->index]].identifier, near->same_structure,
            difference_text(m, m, near->difference, other.body), mine, other};
    }
}

} // namespace hopscope::explain_parts
