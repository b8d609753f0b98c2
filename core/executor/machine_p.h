// Shared by machine.cpp and the files that run its steps: the machine's state.
#pragma once

#include "core/executor/machine.h"

namespace hopscope::executor {

// What a call that runs bodies keeps between them.
struct Loop {
    std::vector<c10::IValue> state, mapped, extra, bases;
    std::vector<std::vector<at::Tensor>> collected;
    c10::IValue token;
    int64_t index = 0, length = 0;
    bool in_condition = false;
};

struct Frame {
    BodyId id;
    const BodyProgram* body = nullptr;
    size_t pc = 0;
    std::vector<c10::IValue> slots;
    std::string prefix; // only kept up where somebody observes
    std::optional<uint32_t> round; // of a loop's body
    std::unique_ptr<Loop> loop; // of the step at pc
};

// Within a few milliseconds, without a call of the kernel.
int64_t coarse_milliseconds();

inline bool is_tuple(const Step& step) {
    return step.results != 1 || step.kind == StepKind::Call || step.kind == StepKind::Cond
        || step.kind == StepKind::While || step.kind == StepKind::Map || step.kind == StepKind::Scan
        || step.kind == StepKind::Functionalized || step.kind == StepKind::Effects;
}

struct Machine::Parts : Repeat {
    Parts(const Program& program, const RunSettings& settings)
        : program_(program)
        , settings_(settings)
        , module_(*program.module)
        , widths_(program.widths->data()) { }

    void begin(const std::vector<c10::IValue>& inputs);
    State go();

    void enter(BodyId body, std::vector<c10::IValue> arguments, std::string prefix,
        std::optional<uint32_t> round = {});
    void step(Frame& frame, const Step& step);
    void call_operator(Frame& frame, const Step& step);
    void call_otherwise(Frame& frame, const Step& step);
    void put_operands(const Frame& frame, const Step& step);
    c10::ArrayRef<at::ScalarType> declared(const Step& step) const {
        return {program_.declared.data() + step.declared, as_declared_ ? step.results : 0};
    }
    bool as_declared(const std::vector<c10::IValue>& inputs) const;
    void functionalized(Frame& frame, const Step& step);
    void effects(Frame& frame, const Step& step);
    void flex(Frame& frame, const Step& step) const;
    std::vector<c10::IValue> called(BodyId body, std::vector<c10::IValue> arguments) const;
    void start_loop(Frame& frame, const Step& step);
    void next_round(Frame& frame, const Step& step);
    void returned(std::vector<c10::IValue> results);
    void give(Frame& frame, const Step& step, std::vector<c10::IValue> results);
    void finish(Frame& frame, const Step& step);
    bool paused(const Frame& frame, const Step& step);
    ObservedStep observed(const Frame& frame, const Step& step) const {
        return {frame.prefix, frame.id, NodeId(frame.pc), step, static_cast<uint32_t>(frames_.size() - 1),
            frame.round, is_tuple(step), this};
    }
    std::vector<c10::IValue> operands() const override;
    const c10::FunctionSchema* schema() const override;
    std::optional<std::vector<c10::IValue>> again(const Program& like, const Change& change) const override;
    bool instead();
    void fail(const Frame& frame, std::string message, bool unsupported);
    bool asked_to_stop();

    c10::IValue value(const Frame& frame, const Operand& operand) const;
    c10::IValue list(const Frame& frame, const Operand& operand) const;
    std::vector<c10::IValue> values(const Frame& frame, Range range) const {
        std::vector<c10::IValue> all;
        all.reserve(range.size());
        for (uint32_t i = range.begin; i < range.end; ++i)
            all.push_back(value(frame, program_.operands[i]));
        return all;
    }
    std::string prefix_of_call(const Frame& frame) const {
        if (!settings_.observer)
            return {};
        return frame.prefix + std::string(module_.text(module_.body(frame.id).nodes[frame.pc].name)) + "/";
    }

    const Program& program_;
    const RunSettings settings_;
    const GraphModule& module_;
    Width* widths_; // of the program's operators
    std::vector<Frame> frames_;
    torch::jit::Stack stack_;
    Outcome outcome_;
    std::vector<c10::IValue> released_;
    int64_t last_look_ = coarse_milliseconds();
    bool done_ = false;
    bool as_declared_ = false; // the inputs have the dtypes that the text says
    bool asked_ = false; // the observer was asked about the node that comes next
};

} // namespace hopscope::executor
