// Stepping through a run, node by node: where it stands, what it has computed so far, on and back.
//
// The worker computes as far as was ever asked for (the frontier) and keeps the values; going back only moves
// the position, so that it is the exact inverse of going on. Values beyond the memory limit are dropped,
// oldest first, and computed again when they are looked at.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/run/step_index.h"
#include "core/worker/worker.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::run {

// One run of one node. Steps are numbered in the order in which they begin: the steps of a called body stand
// behind their call.
struct Step {
    BodyId body; // of the loaded module
    NodeId node;
    StepId parent; // the step of the call that runs this body; none in the body that was loaded
    std::optional<uint32_t> end; // the first step behind it and all that it called; unset: not at its end yet
    uint16_t depth = 0; // calls around it
    std::optional<uint32_t> round; // of a loop's body, from 0; unset: no loop
    bool tuple = false; // its values are items
    bool random = false;
    uint32_t values = 0; // how many
    bool nan = false, inf = false; // in any of its values, once it has ended
    std::vector<int64_t> shape; // of its first value, if that is a tensor
    uint64_t bytes = 0; // of its values
    uint64_t live = 0; // bytes of all storages that the graph still holds, once it has ended
    double microseconds = 0; // with all that it called
};

struct Breakpoint {
    enum class Kind : uint8_t {
        Node, // before this node runs, in every call of its body
        Operator, // before a node of this target runs: "aten.mm.default", or a prefix of it ("aten.mm")
        Shape, // after a node whose first value has this shape: "[16, 96]"
        NonFinite, // after a node that made_non_finite()
    };
    Kind kind = Kind::Node;
    BodyId body;
    NodeId node;
    std::string text; // Operator, Shape: what is looked for
    bool enabled = true;
    uint64_t hits = 0; // since begin()

    friend bool operator==(const Breakpoint& a, const Breakpoint& b) {
        return a.kind == b.kind && a.body == b.body && a.node == b.node && a.text == b.text;
    }
};

// Why a move ended where it did.
struct Stop {
    enum class Reason : uint8_t { Step, Target, Breakpoint, NonFinite, Start, End, Failure, Cancelled };
    Reason reason = Reason::Step;
    std::optional<size_t> breakpoint = {}; // index into breakpoints()
    std::optional<size_t> step =
        {}; // that made it stop: of a breakpoint, a NaN, a failure; else where it stands
};

// What of a value is asked for, beside its statistics.
struct ValueQuery {
    struct Slice {
        std::vector<int64_t> start, count; // by dimension
        friend auto operator<=>(const Slice&, const Slice&) = default;
    };
    size_t step = 0;
    int item = 0; // of a tuple or list
    int bins = 0; // of a histogram; 0 = none
    std::optional<Slice> slice;
    friend auto operator<=>(const ValueQuery&, const ValueQuery&) = default;
};

// What became of a stepper since it was last asked: no more than the steps in between.
struct StepperNews {
    bool anew = false; // the run was begun again, and what was told before is void
    std::vector<wire::AdvanceAnswer> answers;
    size_t position = 0;
    std::vector<Breakpoint> breakpoints; // with their hits
};

class Stepper {
public:
    // The worker has a body loaded and its inputs bound.
    explicit Stepper(std::shared_ptr<worker::Worker> worker);

    // To the first node that computes something. Forgets an earlier run; breakpoints stay.
    Result<Stop> begin(const wire::BeginRequest& options, const Job& job = {});

    const std::vector<Step>& steps() const {
        return steps_;
    } // begun so far, the one at the frontier included
    bool complete() const { return complete_; } // no further step will be added: it ended or failed
    // With its step, which is the last.
    const std::optional<wire::NodeFailure>& failure() const { return failure_; }

    // The step that runs next; steps().size() where the run is complete and the position its end.
    // Placeholders and attributes are passed over.
    size_t position() const { return position_; }
    bool at_end() const { return complete_ && position_ >= steps_.size(); }
    // The calls around the position, outermost first.
    std::vector<size_t> stack() const;

    // Another stepper of the same worker, which only looks, follows this one: whoever steps on one thread and
    // looks on another copies no run. From tell() on what happens is written down; news() hands it over,
    // once.
    void tell();
    StepperNews news();
    void follow(StepperNews news);

    // Forward. At the end, or where a node failed, they stay and say so. Errors: External (the worker died,
    // see Worker::died_at), Cancelled (the position is where it came to).
    Result<Stop> into(const Job& job = {});
    Result<Stop> over(const Job& job = {});
    Result<Stop> out(const Job& job = {});
    Result<Stop> run(const Job& job = {}); // to the next breakpoint or the end
    Result<Stop> run_to(
        BodyId body, NodeId node, const Job& job = {}); // before that node runs; breakpoints hold too
    // Before the step of that number; breakpoints do not hold. To the end where the run is shorter.
    Result<Stop> run_to_step(size_t position, const Job& job = {});
    Result<Stop> next_non_finite(const Job& job = {}); // behind the next node that made a NaN or an infinity
    // Back. No worker is asked.
    Stop back_into();
    Stop back_over();
    Stop back_out();
    Stop back_run(); // to the breakpoint before, or the start
    Stop back_non_finite();
    // Any step that has begun, or the end of a complete run.
    Stop go_to(size_t position);

    std::vector<Breakpoint>& breakpoints() { return breakpoints_; }
    const std::vector<Breakpoint>& breakpoints() const { return breakpoints_; }
    void toggle(const Breakpoint& breakpoint); // adds it, or removes one that is equal

    // How many steps the whole run will have: exact once it is complete, before that with every body called
    // once for each call that can reach it (a loop's once).
    size_t expected_steps() const;
    // Whether the step had come to its end at the position: its values are there.
    bool done(size_t step) const;
    // The latest run of the node that had begun at the position; in the innermost frame of its body first.
    std::optional<size_t> step_of(BodyId body, NodeId node) const;
    // "call/inner", a loop's round between: the key under which recordings hold the step's value.
    std::string path(size_t step) const;
    // Whether it made a NaN or an infinity of finite inputs. An infinity among its own arguments is meant,
    // and none.
    bool made_non_finite(size_t step) const;
    // The latest run of the node below a step, whatever calls it.
    std::optional<size_t> ran_before(BodyId body, NodeId node, size_t step) const;
    // Where live bytes are largest, over all steps that have ended; none before the first.
    std::optional<size_t> peak() const;

    // The value of a step that is done(). Values that were dropped are computed again. Errors: NotFound where
    // the step is not done.
    Result<wire::ValueAnswer> value(const ValueQuery& query, const Job& job = {});
    // All values that are there at the position, as the bytes of a tensor file.
    Result<std::string> save(const Job& job = {});

    // Equal for equal states: position and values that can be seen from there, not how far the worker has
    // come.
    uint64_t hash() const;

    worker::Worker& worker() { return *worker_; }
    const GraphModule& module() const { return *module_; }

private:
    struct Until;
    Status advance(const Until& until, const Job& job);
    Result<size_t> next(size_t from, const Until& until, const Job& job);
    Result<Stop> move(const Until& until, const Job& job);
    void take(const wire::AdvanceAnswer& answer);
    bool computes(size_t step) const;
    size_t first_computing(size_t from) const;
    size_t previous(size_t from) const;
    Stop back_to(size_t position);
    std::vector<wire::Mark> marks(const Until& until) const;
    bool holds_before(const Breakpoint& breakpoint, size_t step) const;
    bool holds_after(const Breakpoint& breakpoint, size_t step) const;
    std::optional<Stop> hit(size_t position, size_t before) const;
    std::optional<size_t> non_finite_between(size_t before, size_t position) const;
    StepIndex::Frame frame_of(const Step& step) const { return {step.parent, step.round, step.body}; }
    void forget_steps();

    std::shared_ptr<worker::Worker> worker_;
    std::shared_ptr<const GraphModule> module_;
    std::vector<Step> steps_;
    StepIndex index_; // of steps_
    std::optional<size_t> peak_;
    std::optional<StepperNews> untold_; // once somebody follows
    std::vector<Breakpoint> breakpoints_;
    std::optional<wire::NodeFailure> failure_;
    size_t position_ = 0;
    bool complete_ = false;
};

} // namespace hopscope::run
