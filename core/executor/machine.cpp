#include "core/executor/machine.h"

#include "core/executor/dynamo.h"
#include "core/executor/machine_p.h"
#include "core/executor/python.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <ctime>
#include <system_error>

namespace hopscope::executor {

int64_t coarse_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

namespace {

std::string first_line(const char* text) {
    const std::string_view all(text);
    return std::string(all.substr(0, all.find('\n')));
}

} // namespace

void Machine::Parts::enter(
    BodyId body, std::vector<c10::IValue> arguments, std::string prefix, std::optional<uint32_t> round) {
    Frame frame;
    frame.id = body;
    frame.body = &program_.bodies[body.index];
    frame.slots.resize(frame.body->slots);
    frame.prefix = std::move(prefix);
    frame.round = round;
    for (size_t i = 0; i < frame.body->inputs.size(); ++i)
        frame.slots[frame.body->inputs[i]] = std::move(arguments[i]);
    outcome_.nodes += frame.body->steps.size();
    frames_.push_back(std::move(frame));
}

void Machine::Parts::fail(const Frame& frame, std::string message, bool unsupported) {
    Failure failure;
    failure.body = frame.id;
    failure.node = NodeId(frame.pc);
    for (size_t i = 0; i < frames_.size(); ++i) {
        const Frame& f = frames_[i];
        failure.path += (i ? "/" : "") + std::string(module_.text(module_.body(f.id).nodes[f.pc].name));
    }
    failure.message = std::move(message);
    failure.unsupported = unsupported;
    outcome_.failure = std::move(failure);
    done_ = true;
}

// Asks the observer about the node that comes next, once.
bool Machine::Parts::paused(const Frame& frame, const Step& step) {
    asked_ = !asked_ && settings_.observer->before(observed(frame, step));
    return asked_;
}

void Machine::Parts::finish(Frame& frame, const Step& step) {
    if (settings_.observer)
        settings_.observer->value(observed(frame, step), frame.slots.data() + step.result, step.results);
    const bool show = settings_.observer && settings_.observer->wants_released();
    for (uint32_t i = step.releases.begin; i < step.releases.end; ++i) {
        c10::IValue& slot = frame.slots[program_.releases[i]];
        if (show)
            released_.push_back(std::move(slot));
        slot = c10::IValue();
    }
    if (settings_.observer) {
        settings_.observer->after(observed(frame, step), released_);
        released_.clear();
    }
    ++outcome_.run;
    done_ = done_ || (frames_.size() == 1 && settings_.until && settings_.until.index == frame.pc);
    ++frame.pc;
}

void Machine::Parts::give(Frame& frame, const Step& step, std::vector<c10::IValue> results) {
    for (size_t i = 0; i < results.size() && i < step.results; ++i)
        frame.slots[step.result + i] = std::move(results[i]);
    frame.loop.reset();
    finish(frame, step);
}

void Machine::Parts::step(Frame& frame, const Step& step) {
    switch (step.kind) {
    case StepKind::Nothing:
        finish(frame, step);
        break;
    case StepKind::Operator:
        call_operator(frame, step);
        finish(frame, step);
        break;
    case StepKind::Python:
        frame.slots[step.result] = call_python(step.op, values(frame, step.operands));
        finish(frame, step);
        break;
    case StepKind::Dynamic:
        frame.slots[step.result] =
            call_dynamic(*program_.dynamic[static_cast<size_t>(step.op)], values(frame, step.operands));
        finish(frame, step);
        break;
    case StepKind::Item: {
        const c10::IValue from = value(frame, program_.operands[step.operands.begin]);
        TORCH_CHECK(from.isList(), "an item was taken of a value that is no list");
        const auto all = from.toListRef();
        const int64_t at = step.op < 0 ? step.op + static_cast<int64_t>(all.size()) : step.op;
        TORCH_CHECK(
            at >= 0 && at < static_cast<int64_t>(all.size()), "item ", step.op, " of a list of ", all.size());
        frame.slots[step.result] = all[static_cast<size_t>(at)];
        finish(frame, step);
        break;
    }
    case StepKind::Call:
        enter(step.first, values(frame, step.operands), prefix_of_call(frame));
        break;
    case StepKind::Cond: {
        std::vector<c10::IValue> arguments = values(frame, step.operands);
        const c10::IValue which = arguments.front();
        arguments.erase(arguments.begin());
        const bool yes = which.isTensor() ? which.toTensor().item().toBool() : which.toScalar().toBool();
        enter(yes ? step.first : step.second, std::move(arguments), prefix_of_call(frame));
        break;
    }
    case StepKind::Functionalized:
        functionalized(frame, step);
        break;
    case StepKind::Effects:
        effects(frame, step);
        break;
    case StepKind::Flex:
        flex(frame, step);
        finish(frame, step);
        break;
    case StepKind::While:
    case StepKind::Map:
    case StepKind::Scan:
        start_loop(frame, step);
        break;
    case StepKind::Missing:
        fail(frame, program_.reasons[static_cast<size_t>(step.op)], true);
        break;
    case StepKind::Output: {
        std::vector<c10::IValue> results = values(frame, step.operands);
        ++outcome_.run;
        if (settings_.observer) {
            for (uint32_t i = step.releases.begin; i < step.releases.end; ++i)
                released_.push_back(std::move(frame.slots[program_.releases[i]]));
            settings_.observer->after(observed(frame, step), released_);
            released_.clear();
        }
        frames_.pop_back();
        if (frames_.empty()) {
            outcome_.outputs = std::move(results);
            done_ = true;
        } else {
            returned(std::move(results));
        }
        break;
    }
    }
}

// An operator refused: whether the observer has its values.
bool Machine::Parts::instead() {
    Frame& frame = frames_.back();
    const Step& step = frame.body->steps[frame.pc];
    if (!settings_.observer
        || (step.kind != StepKind::Operator && step.kind != StepKind::Python && step.kind != StepKind::Dynamic
            && step.kind != StepKind::Item)
        || !settings_.observer->instead(
            observed(frame, step), frame.slots.data() + step.result, step.results))
        return false;
    finish(frame, step);
    return true;
}

bool Machine::Parts::asked_to_stop() {
    const int64_t now = coarse_milliseconds();
    if (now - last_look_ < 20)
        return false;
    last_look_ = now;
    return settings_.stop && settings_.stop();
}

// A body that is run in other precisions than it was recorded in is not held to the declared types.
bool Machine::Parts::as_declared(const std::vector<c10::IValue>& inputs) const {
    if (program_.float64)
        return false;
    for (size_t i = 0; i < inputs.size(); ++i) {
        const at::ScalarType wanted = program_.inputs[i].declared;
        if (wanted != at::ScalarType::Undefined && inputs[i].isTensor() && inputs[i].toTensor().defined()
            && inputs[i].toTensor().scalar_type() != wanted)
            return false;
    }
    return true;
}

void Machine::Parts::begin(const std::vector<c10::IValue>& inputs) {
    const c10::InferenceMode guard(!settings_.gradients);
    as_declared_ = as_declared(inputs);
    std::vector<c10::IValue> placeholders(program_.bodies[0].inputs.size());
    enter(BodyId(0), std::move(placeholders), {});
    for (size_t i = 0; i < inputs.size(); ++i) {
        const bool clone = program_.mutates && inputs[i].isTensor();
        frames_[0].slots[program_.inputs[i].slot] =
            clone ? c10::IValue(clone_with_strides(inputs[i].toTensor())) : inputs[i];
    }
}

Machine::State Machine::Parts::go() {
    const c10::InferenceMode guard(!settings_.gradients);
    State state = State::Finished;
    while (!done_) {
        Frame& frame = frames_.back();
        const Step& now = frame.body->steps[frame.pc];
        if (asked_to_stop()) {
            outcome_.cancelled = true;
            state = State::Cancelled;
            break;
        }
        if (settings_.observer && paused(frame, now)) {
            state = State::Paused;
            break;
        }
        if (settings_.progress)
            settings_.progress->node.store(now.mark, std::memory_order_relaxed);
        // Out of memory comes in three forms: from tensors, from small objects, from refused threads.
        try {
            step(frame, now);
        } catch (const c10::Error& e) {
            if (!instead())
                fail(frames_.back(), first_line(e.what_without_backtrace()), false);
        } catch (const std::bad_alloc&) {
            fail(frames_.back(), "out of memory", false);
        } catch (const std::exception& e) {
            fail(frames_.back(), first_line(e.what()), false);
        } catch (...) { // of a custom operator
            fail(frames_.back(), "it threw something that is no exception", false);
        }
    }
    if (settings_.progress)
        settings_.progress->node.store(0, std::memory_order_relaxed);
    outcome_.widened = static_cast<uint64_t>(std::count_if(program_.widths->begin(), program_.widths->end(),
        [](Width width) { return width != Width::Unchanged; }));
    return outcome_.failure ? State::Failed : state;
}

Machine::Machine(const Program& program, const std::vector<c10::IValue>& inputs, const RunSettings& settings)
    : parts_(std::make_unique<Parts>(program, settings)) {
    parts_->begin(inputs);
}
Machine::~Machine() = default;

Machine::State Machine::go() {
    return parts_->go();
}
const Outcome& Machine::outcome() const {
    return parts_->outcome_;
}
Outcome Machine::take_outcome() {
    return std::move(parts_->outcome_);
}
void Machine::uncancel() {
    parts_->outcome_.cancelled = false;
}

Outcome run(const Program& program, const std::vector<c10::IValue>& inputs, const RunSettings& settings) {
    Machine machine(program, inputs, settings);
    machine.go();
    return machine.take_outcome();
}

} // namespace hopscope::executor
