// Which bodies of a dump are the same one.
#pragma once

#include "core/graph/dump.h"
#include "core/match/match.h"

#include <memory>
#include <span>
#include <vector>

namespace hopscope {

struct CanonBody {
    const Canon* canon = nullptr;
    BodyId body;
};

// Classes of equal bodies as positions in `bodies`: members in order, classes by their first member. All
// forms are made with the same options. With MatchOptions::open a class holds what equals its first member.
std::vector<std::vector<size_t>> equal_bodies(std::span<const CanonBody> bodies);

// The canonical forms of a dump's graphs, each made when it is first asked for. Not thread-safe. Refers to
// the dump's modules and keeps them alive.
class DumpCanons {
public:
    DumpCanons(const Dump& dump, const MatchOptions& options)
        : dump_(&dump)
        , options_(options)
        , canons_(dump.graphs.size()) { }
    const Canon& of(GraphId graph);
    const Dump& dump() const { return *dump_; }

private:
    const Dump* dump_;
    MatchOptions options_;
    std::vector<std::unique_ptr<Canon>> canons_;
};

enum class WhichBodies : uint8_t {
    Roots, // whole graphs
    Called, // bodies of regions and of other higher-order operators
    All,
};
// Classes of equal bodies over the whole dump, in its order; places without a node.
std::vector<std::vector<Place>> equal_bodies(DumpCanons& canons, WhichBodies which);

} // namespace hopscope
