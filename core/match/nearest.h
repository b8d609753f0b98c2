// Of bodies that are not equal, which one comes nearest.
#pragma once

#include "core/match/classes.h"

#include <optional>
#include <span>

namespace hopscope {

struct NearBody {
    size_t index = 0; // into what was asked about
    bool same_structure = false; // differs in types, constants or attributes alone
    Difference difference; // the first; expected is the near body's
};

// Keeps the canonical forms of what was asked for. Not thread-safe; refers to the dump.
class NearestBody {
public:
    explicit NearestBody(const Dump& dump)
        : exact_(dump, {})
        , shapes_(dump, structure_only()) { }

    DumpCanons& exact() { return exact_; }
    // The nearest of `others`, the first of equally near ones; none where nothing has half of its nodes in
    // common. An equal structure is nearer than any number of equal nodes.
    std::optional<NearBody> of(const Place& mine, std::span<const Place> others);

private:
    double common(const Place& a, const Place& b);

    DumpCanons exact_, shapes_;
};

} // namespace hopscope
