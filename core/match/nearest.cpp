#include "core/match/nearest.h"

#include <algorithm>
#include <unordered_map>

namespace hopscope {

// The share of nodes that are of one kind.
double NearestBody::common(const Place& a, const Place& b) {
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

std::optional<NearBody> NearestBody::of(const Place& mine, std::span<const Place> others) {
    std::optional<NearBody> out;
    double best = 0.5; // less in common is no near miss
    for (size_t k = 0; k < others.size(); ++k) {
        const Place& other = others[k];
        const bool same = shapes_.of(mine.graph).hash(mine.body) == shapes_.of(other.graph).hash(other.body);
        const double score = same ? 2 : common(mine, other);
        if (score <= best)
            continue;
        best = score;
        out = {k, same, {}};
    }
    if (!out)
        return out;
    const Place& near = others[out->index];
    const MatchResult r = match_bodies(exact_.of(near.graph), near.body, exact_.of(mine.graph), mine.body);
    if (r.difference)
        out->difference = *r.difference;
    return out;
}

} // namespace hopscope
