// The hits of a search, in the dump's order, and which of them is next: for whoever steps through them.
#pragma once

#include "core/graph/dump.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace hopscope {

// The hits in one body; never empty.
struct BodyHits {
    Place body; // node none
    std::vector<NodeId> nodes; // in graph order
};

struct HitStep {
    Place place; // of a node
    size_t number = 0; // among all hits, from 1
    bool wrapped = false; // over an end of what was searched
};

class Hits {
public:
    Hits() = default;
    explicit Hits(std::vector<BodyHits> bodies); // in the dump's order

    size_t total() const { return all_.size(); }
    const std::vector<BodyHits>& bodies() const { return bodies_; }
    // Those in one body, whatever place of it is given; empty = none.
    std::span<const NodeId> in(const Place& body) const;
    // The next hit behind `from` or, with `direction` < 0, the one before it; without a node, from the begin
    // of that body on. With `here`, a hit at `from` itself is the next one. None where there are no hits.
    std::optional<HitStep> step(const Place& from, int direction, bool here = false) const;

private:
    std::vector<BodyHits> bodies_;
    std::vector<Place> all_;
};

} // namespace hopscope
