// How many bodies of a dump are really different ones, and what keeps near ones apart.
#pragma once

#include "core/graph/dump.h"
#include "core/match/match.h"

#include <optional>
#include <vector>

namespace hopscope {

struct EqualBodies {
    std::vector<Place> members; // in the order of the dump; the first stands for all
    // The earlier class that is nearest, and the first difference from it; none: none comes near.
    std::optional<size_t> nearest;
    bool same_structure = false; // the nearest differs in types, constants or attributes alone
    Difference difference; // expected is the nearest's
};

// The bodies that calls of one stage call, over all compilations and ranks of the dump.
struct StageClasses {
    Stage stage = Stage::Dynamo;
    size_t bodies = 0;
    std::vector<EqualBodies> classes; // by first member
};

// Stages that call no bodies are left out. Equal by core/match's default options: names, order of independent
// nodes, places and ids do not matter; types, strides, devices, constants and parameters do.
std::vector<StageClasses> structural_classes(const Dump& dump);

} // namespace hopscope
