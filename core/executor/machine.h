// Runs a program: one thread, one reused stack, a frame a call, no recursion. Can pause before any node.
#pragma once

#include "core/executor/program.h"
#include "core/executor/torch.h"
#include "core/wire/protocol.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::executor {

// The step that the machine stands at, once more.
class Repeat {
public:
    virtual ~Repeat() = default;
    // The operands that it has: what its operator's schema asks for. After the step has run, too, unless it
    // writes into them.
    virtual std::vector<c10::IValue> operands() const = 0;
    // Null where the step is no call of an operator.
    virtual const c10::FunctionSchema* schema() const = 0;
    // The results of the same step of `like`, another compilation of the same module, on what `change` makes
    // of each slot's value. None for calls of bodies, and where the operator refuses.
    using Change = std::function<c10::IValue(uint32_t slot, const c10::IValue& value)>;
    virtual std::optional<std::vector<c10::IValue>> again(
        const Program& like, const Change& change) const = 0;
};

// Where the machine stands when it speaks to an observer.
struct ObservedStep {
    const std::string& prefix; // "" in the root, "call/" in the body that `call` runs (a loop's: "loop/2/")
    BodyId body;
    NodeId node;
    const Step& step;
    uint32_t depth; // calls around it
    std::optional<uint32_t> round; // of a loop's body, from 0; none: no loop
    bool tuple; // the values are a tuple's items
    const Repeat* repeat; // never null
};

// Sees every node before it runs and as soon as its values are there.
class Observer {
public:
    virtual ~Observer() = default;
    // True pauses the machine before this node.
    virtual bool before(const ObservedStep&) { return false; }
    // May put other values in place. Not called for outputs, and for nodes that cannot run.
    virtual void value(const ObservedStep&, c10::IValue* /*values*/, size_t /*count*/) { }
    // An operator refused. True: its values have been put in place, and the run goes on; value() is called
    // for them.
    virtual bool instead(const ObservedStep&, c10::IValue* /*values*/, size_t /*count*/) { return false; }
    // The node has run and its values have been seen; `released` are the values whose last use it was.
    virtual void after(const ObservedStep&, const std::vector<c10::IValue>& /*released*/) { }
    virtual bool wants_released() const { return false; } // else after() gets none
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
    uint64_t widened = 0; // operators of the program that this libtorch has no kernel for in their dtypes
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

// A run that can be paused and taken up again.
class Machine {
public:
    enum class State : uint8_t { Paused, Finished, Failed, Cancelled };

    // The program and what the settings point to must outlive it.
    Machine(const Program& program, const std::vector<c10::IValue>& inputs, const RunSettings& settings);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // Runs on. Paused: the observer's before() said so; it is not asked again for the node that was paused
    // at.
    State go();
    const Outcome& outcome() const;
    Outcome take_outcome();
    // Of a cancelled machine: it may be taken up again.
    void uncancel();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace hopscope::executor
