// What will become of bodies' nodes, told before they are run: what `hopscope-executor --forecast` takes on
// its standard input, and what it prints. No verb: it is told without a session, so that whatever is tried
// cannot harm a run.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hopscope::wire {

// What will become of a node, from best to worst.
enum class Fate : uint8_t {
    Runs, // by a kernel of this libtorch
    Widened, // this libtorch has no kernel in its dtypes: computed in wider ones, then rounded
    Composed, // this libtorch lacks the operator: made of others
    Unsure, // it could not be tried, or what it said was of values: it may run
    Cannot, // it stops a run
};
const char* name_of(Fate fate); // "runs", "widened", …

// Why a node cannot be run.
enum class Obstacle : uint8_t {
    None,
    NoOperator, // libtorch does not know it
    NoKernel, // libtorch has it for other devices
    NoDtype, // its kernel refuses the dtypes
    Custom, // it is of a library that is not loaded
    UserKernel, // a Triton kernel
    NotInDump, // what it calls or holds is not in the dump
    Refused, // Hopscope does not run it, or not so
};
const char* name_of(Obstacle obstacle); // "none", "no_operator", …

struct ForecastNode {
    BodyId body;
    NodeId node;
    Fate fate = Fate::Runs;
    Obstacle obstacle = Obstacle::None;
    std::string reason; // of Unsure and Cannot
};
struct ForecastGraph {
    std::vector<std::string> bodies; // paths, by number
    std::vector<ForecastNode> nodes; // those that do not simply run, by body and node
    std::string problem; // why nothing can be told; else empty
};
struct ForecastAnswer {
    std::string libtorch; // "1.13.1"
    std::vector<ForecastGraph> graphs; // as asked
};

struct AskedGraph {
    std::string text; // as LoadRequest has it
    std::map<std::string, int64_t> symbols;
};
struct ForecastRequest {
    std::vector<AskedGraph> graphs;
};

} // namespace hopscope::wire
