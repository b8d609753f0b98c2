// What one rank does otherwise than the others.
#include "core/explain/explain.h"

#include <algorithm>
#include <map>

namespace hopscope {

namespace {

// What a rank's compilation is compared by: the decision of each call, the bodies of each half.
struct Shape {
    std::vector<Decision> calls;
    int bodies = 0, backward = 0;
    friend bool operator==(const Shape&, const Shape&) = default;
};

Shape shape_of(const CompilationLedger& c) {
    Shape s;
    for (const Invocation& inv : c.invocations)
        s.calls.push_back(inv.decision);
    for (const Region& r : c.regions) {
        s.bodies += r.body_count(CallSite::Dynamo);
        s.backward += r.body_count(CallSite::Backward);
    }
    return s;
}

std::string several(size_t n, const char* one, const char* more) {
    return std::to_string(n) + ' ' + (n == 1 ? one : more);
}

std::string difference(const Explanation& mine, const Shape& a, const Shape& usual, size_t others) {
    std::string out = others == 1 ? "differs from the other rank: " : "differs from most ranks: ";
    out += several(static_cast<size_t>(a.bodies), "body", "bodies") + " and "
        + several(static_cast<size_t>(a.backward), "backward body", "backward bodies") + ", theirs "
        + std::to_string(usual.bodies) + " and " + std::to_string(usual.backward);
    if (a.calls.size() != usual.calls.size())
        return out + "; " + several(a.calls.size(), "call", "calls") + ", theirs "
            + std::to_string(usual.calls.size());
    // The first that went otherwise: what follows may follow from it.
    const auto [found, theirs] = std::mismatch(a.calls.begin(), a.calls.end(), usual.calls.begin());
    if (found == a.calls.end())
        return out;
    const auto index = static_cast<int>(found - a.calls.begin());
    out += "; call " + std::to_string(index) + " is " + std::string(decision_label(*found)) + ", theirs "
        + std::string(decision_label(*theirs));
    for (const RegionAnswer& r : mine.regions)
        for (const CallAnswer& call : r.calls)
            if (call.index == index)
                out += " (" + call.summary + ')';
    return out;
}

} // namespace

std::vector<RankAnswer> across_ranks(
    const Dump& dump, const Ledger& ledger, const std::vector<Explanation>& explanations) {
    std::map<std::string, std::vector<const Explanation*>> by_id;
    for (const Explanation& e : explanations)
        if (dump.compilation(e.compilation).key.rank)
            by_id[dump.compilation(e.compilation).key.id].push_back(&e);
    std::vector<RankAnswer> out;
    for (const auto& [id, list] : by_id) {
        std::vector<Shape> shapes;
        for (const Explanation* e : list)
            shapes.push_back(shape_of(ledger.of(e->compilation)));
        // What most do; of equally many the first.
        size_t usual = 0, most = 0;
        for (size_t i = 0; i < shapes.size(); ++i)
            if (const auto n = static_cast<size_t>(std::count(shapes.begin(), shapes.end(), shapes[i]));
                n > most) {
                most = n;
                usual = i;
            }
        for (size_t i = 0; i < shapes.size(); ++i)
            if (!(shapes[i] == shapes[usual]))
                out.push_back({list[i]->compilation, difference(*list[i], shapes[i], shapes[usual], most)});
    }
    return out;
}

} // namespace hopscope
