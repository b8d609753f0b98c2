// Runs a program: one thread, one reused stack, a frame a call, no recursion.
#pragma once

#include "core/executor/program.h"
#include "core/wire/protocol.h"

#include <ATen/core/stack.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hopscope::executor {

// Sees every node's value as soon as it is there, and may put another in its place.
class Observer {
public:
    virtual ~Observer() = default;
    // `prefix` is empty in the root and "call/" in the body that `call` runs (a loop's: "loop/2/").
    virtual void value(const std::string& prefix, BodyId body, NodeId node, bool tuple, bool random,
        c10::IValue* values, size_t count) = 0;
};

struct Failure {
    BodyId body;
    NodeId node;
    std::string path; // "call/inner": which run of the node
    std::string message;
    bool unsupported = false; // the node cannot be run at all; else the operator refused
};

struct Outcome {
    bool cancelled = false;
    std::optional<Failure> failure;
    std::vector<c10::IValue> outputs;
    uint64_t nodes = 0; // of all bodies that were entered
    uint64_t run = 0; // of these, run to their end
};

struct RunSettings {
    Observer* observer = nullptr;
    NodeId until; // of the root: the last node to run; none = all
    wire::Progress* progress = nullptr; // where to say which node runs
    std::function<bool()> stop; // asked every 20 ms between nodes; true cancels
    bool gradients = false; // let autograd see the operators
};

// Inputs are in the order of Program::inputs.
Outcome run(const Program& program, const std::vector<c10::IValue>& inputs, const RunSettings& settings);

} // namespace hopscope::executor
