// Bodies that compute the same under several identifiers.
#include "core/explain/parts.h"

#include "core/match/match.h"

#include <map>
#include <memory>

namespace hopscope::explain_parts {

namespace {

// "two functions (a and b): PyTorch looks bodies up by the code of the function".
std::string why_apart(const Region& mine, const Region& other) {
    const std::string rule = "PyTorch looks bodies up by the code object of the function";
    if (!mine.function.empty() && !other.function.empty() && mine.function != other.function)
        return "two functions, " + other.function + " and " + mine.function + ": " + rule;
    if (mine.source_line != other.source_line || mine.source_file != other.source_file)
        return "written in two places: " + rule;
    return {};
}

} // namespace

void find_equal_bodies(const Dump& dump, const CompilationLedger& ledger, Explanation& e) {
    std::map<uint32_t, std::unique_ptr<Canon>> canons; // by GraphId::index
    const auto body_of = [&](size_t r) {
        const Region& region = ledger.regions[r];
        return region.invocations.empty()
            ? Place()
            : ledger.invocation(region.invocations.front()).body(CallSite::Dynamo);
    };
    for (size_t r = 1; r < ledger.regions.size(); ++r) {
        const Place mine = body_of(r);
        if (!mine.graph)
            continue;
        for (size_t k = 0; k < r; ++k) {
            const Place other = body_of(k);
            if (other.graph != mine.graph || other.body == mine.body)
                continue;
            std::string why = why_apart(ledger.regions[r], ledger.regions[k]);
            if (why.empty())
                continue; // of one function: the calls' answers tell what differs
            auto& canon = canons[mine.graph.index];
            if (!canon)
                canon = std::make_unique<Canon>(*dump.graph(mine.graph).module);
            if (canon->hash(mine.body) == canon->hash(other.body)
                && match_bodies(*canon, other.body, *canon, mine.body).equal()) {
                e.regions[r].equal.push_back({ledger.regions[k].identifier, std::move(why)});
                break;
            }
        }
    }
}

} // namespace hopscope::explain_parts
