#include "core/executor/machine.h"

#include "core/executor/dynamo.h"
#include "core/executor/flex.h"
#include "core/executor/python.h"
#include "core/executor/standins.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <ctime>
#include <system_error>

namespace hopscope::executor {

namespace {

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
    int64_t round = -1; // of a loop's body
    std::unique_ptr<Loop> loop; // of the step at pc
};

int64_t coarse_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

std::string first_line(const char* text) {
    const std::string_view all(text);
    return std::string(all.substr(0, all.find('\n')));
}

bool is_tuple(const Step& step) {
    return step.results != 1 || step.kind == StepKind::Call || step.kind == StepKind::Cond
        || step.kind == StepKind::While || step.kind == StepKind::Map || step.kind == StepKind::Scan
        || step.kind == StepKind::Functionalized || step.kind == StepKind::Effects;
}

} // namespace

struct Machine::Parts : Repeat {
    Parts(const Program& program, const RunSettings& settings)
        : program_(program)
        , settings_(settings)
        , module_(*program.module)
        , widths_(program.widths->data()) { }

    void begin(const std::vector<c10::IValue>& inputs);
    State go();

    void enter(BodyId body, std::vector<c10::IValue> arguments, std::string prefix, int64_t round = -1);
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

c10::IValue Machine::Parts::list(const Frame& frame, const Operand& operand) const {
    const Operand* items = program_.operands.data() + operand.index;
    const auto number = [&](uint32_t i) { return value(frame, items[i]); };
    switch (operand.kind) {
    case Operand::Kind::IntList: {
        c10::List<int64_t> all;
        all.reserve(operand.count);
        for (uint32_t i = 0; i < operand.count; ++i)
            all.push_back(number(i).toInt());
        return all;
    }
    case Operand::Kind::DoubleList: {
        c10::List<double> all;
        for (uint32_t i = 0; i < operand.count; ++i)
            all.push_back(number(i).toScalar().toDouble());
        return all;
    }
    case Operand::Kind::BoolList: {
        c10::List<bool> all;
        for (uint32_t i = 0; i < operand.count; ++i)
            all.push_back(number(i).toBool());
        return all;
    }
    case Operand::Kind::ScalarList: {
        c10::impl::GenericList all(c10::NumberType::get());
        for (uint32_t i = 0; i < operand.count; ++i)
            all.push_back(number(i));
        return all;
    }
    case Operand::Kind::OptionalTensorList: {
        c10::List<TorchOptional<at::Tensor>> all;
        for (uint32_t i = 0; i < operand.count; ++i) {
            const c10::IValue item = number(i);
            all.push_back(
                item.isNone() ? TorchOptional<at::Tensor>() : TorchOptional<at::Tensor>(item.toTensor()));
        }
        return all;
    }
    default: {
        c10::List<at::Tensor> all;
        all.reserve(operand.count);
        for (uint32_t i = 0; i < operand.count; ++i)
            all.push_back(number(i).toTensor());
        return all;
    }
    }
}

c10::IValue Machine::Parts::value(const Frame& frame, const Operand& operand) const {
    switch (operand.kind) {
    case Operand::Kind::Constant:
        return program_.constants[operand.index];
    case Operand::Kind::Slot:
        return frame.slots[operand.index];
    case Operand::Kind::WrappedNumber: {
        const c10::IValue& number = frame.slots[operand.index];
        if (number.isTensor() || number.isNone())
            return number;
        at::Tensor tensor = at::scalar_tensor(number.toScalar(),
            at::dtype(number.isDouble() ? at::kDouble
                    : number.isBool()   ? at::kBool
                                        : at::kLong));
        tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
        return tensor;
    }
    case Operand::Kind::Double: {
        const c10::IValue& number = frame.slots[operand.index];
        return number.isScalar() ? c10::IValue(number.toScalar().toDouble()) : number;
    }
    default:
        return list(frame, operand);
    }
}

void Machine::Parts::enter(
    BodyId body, std::vector<c10::IValue> arguments, std::string prefix, int64_t round) {
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

void Machine::Parts::put_operands(const Frame& frame, const Step& step) {
    stack_.clear();
    for (uint32_t i = step.operands.begin; i < step.operands.end; ++i)
        stack_.push_back(value(frame, program_.operands[i]));
}

void Machine::Parts::call_operator(Frame& frame, const Step& step) {
    put_operands(frame, step);
    if (step.standin || widths_[step.op] != Width::Unchanged) {
        call_otherwise(frame, step);
    } else {
        const c10::OperatorHandle& op = program_.operators[static_cast<size_t>(step.op)];
        bool refused = false;
        try {
            op.callBoxed(stack_);
        } catch (const c10::Error&) {
            refused = true;
            put_operands(frame, step);
            widths_[step.op] = find_width(op, stack_, declared(step));
            if (widths_[step.op] == Width::Unchanged)
                throw;
        }
        if (!refused && step.results > 1 && keeps_less(op, stack_, declared(step))) {
            widths_[step.op] = Width::Floats;
            put_operands(frame, step);
            call_otherwise(frame, step);
        }
    }
    if (step.foreign && !stack_.empty() && stack_[0].isTensor())
        stack_[0] = rounded_to(*step.foreign, stack_[0].toTensor());
    for (size_t i = 0; i < stack_.size() && i < step.results; ++i)
        frame.slots[step.result + i] = std::move(stack_[i]);
}

// The operands are on the stack.
void Machine::Parts::call_otherwise(Frame& frame, const Step& step) {
    const c10::OperatorHandle& op = program_.operators[static_cast<size_t>(step.op)];
    if (step.standin && call_standin(step.standin, op, stack_, declared(step)))
        return;
    if (widths_[step.op] != Width::Unchanged) {
        call_wider(op, stack_, widths_[step.op], declared(step));
        return;
    }
    try {
        op.callBoxed(stack_);
    } catch (const c10::Error&) {
        put_operands(frame, step);
        widths_[step.op] = find_width(op, stack_, declared(step));
        if (widths_[step.op] == Width::Unchanged)
            throw;
    }
}

std::vector<c10::IValue> Machine::Parts::operands() const {
    const Frame& frame = frames_.back();
    return values(frame, frame.body->steps[frame.pc].operands);
}

const c10::FunctionSchema* Machine::Parts::schema() const {
    const Frame& frame = frames_.back();
    const Step& step = frame.body->steps[frame.pc];
    return step.kind == StepKind::Operator ? &program_.operators[static_cast<size_t>(step.op)].schema()
                                           : nullptr;
}

std::optional<std::vector<c10::IValue>> Machine::Parts::again(
    const Program& like, const Change& change) const {
    const Frame& frame = frames_.back();
    const Step &mine = frame.body->steps[frame.pc], &step = like.bodies[frame.id.index].steps[frame.pc];
    const bool known =
        step.kind == StepKind::Operator || step.kind == StepKind::Dynamic || step.kind == StepKind::Flex;
    if (!known || mine.kind != step.kind || mine.result != step.result || mine.results != step.results)
        return std::nullopt;
    Frame there;
    there.id = frame.id;
    there.body = &like.bodies[frame.id.index];
    there.pc = frame.pc;
    there.slots.resize(frame.slots.size());
    std::vector<Range> todo{step.operands};
    while (!todo.empty()) {
        const Range range = todo.back();
        todo.pop_back();
        for (uint32_t i = range.begin; i < range.end; ++i) {
            const Operand& operand = like.operands[i];
            if (operand.kind >= Operand::Kind::IntList)
                todo.push_back({operand.index, operand.index + operand.count});
            else if (operand.kind != Operand::Kind::Constant && there.slots[operand.index].isNone())
                there.slots[operand.index] = change(operand.index, frame.slots[operand.index]);
        }
    }
    Parts other(like, RunSettings());
    try {
        if (step.kind == StepKind::Operator)
            other.call_operator(there, step);
        else if (step.kind == StepKind::Flex)
            other.flex(there, step);
        else
            there.slots[step.result] =
                call_dynamic(*like.dynamic[static_cast<size_t>(step.op)], other.values(there, step.operands));
    } catch (const std::exception&) { // what refuses in double precision has no counterpart there
        return std::nullopt;
    }
    const auto first = there.slots.begin() + static_cast<std::ptrdiff_t>(step.result);
    return std::vector<c10::IValue>(first, first + static_cast<std::ptrdiff_t>(step.results));
}

void Machine::Parts::functionalized(Frame& frame, const Step& step) {
    const Functionalized& plan = program_.functionalized[static_cast<size_t>(step.op)];
    std::vector<c10::IValue> arguments = values(frame, step.operands), bases = values(frame, plan.bases);
    for (c10::IValue& base : bases)
        if (base.isTensor())
            base = clone_with_strides(base.toTensor());
    c10::List<at::Tensor> list; // of the argument whose items are being made
    for (const BaseView& view : plan.views) {
        c10::IValue made = view.base < 0 ? c10::IValue() : bases[static_cast<size_t>(view.base)];
        if (view.base >= 0 && view.offset >= 0)
            made = at::as_strided(made.toTensor(), view.size, view.stride, view.offset);
        else if (view.base >= 0 && view.slice_dim >= 0)
            made = at::slice(made.toTensor(), view.slice_dim, view.slice_start, view.slice_end);
        c10::IValue& argument = arguments[view.argument];
        if (view.item < 0) {
            argument = std::move(made);
            continue;
        }
        if (view.item == 0)
            argument = list = c10::List<at::Tensor>();
        list.push_back(made.toTensor()); // the argument holds the same list
    }
    if (!plan.op) {
        frame.loop = std::make_unique<Loop>();
        frame.loop->bases = std::move(bases);
        enter(step.first, std::move(arguments), prefix_of_call(frame));
        return;
    }
    stack_ = std::move(arguments);
    plan.op->callBoxed(stack_);
    std::vector<c10::IValue> results(stack_.begin(), stack_.end());
    if (results.empty())
        results.emplace_back();
    results.insert(results.end(), bases.begin(), bases.end());
    give(frame, step, std::move(results));
}

void Machine::Parts::effects(Frame& frame, const Step& step) {
    std::vector<c10::IValue> arguments = values(frame, step.operands);
    const c10::IValue token = arguments.front();
    arguments.erase(arguments.begin());
    if (step.first) {
        frame.loop = std::make_unique<Loop>();
        frame.loop->token = token;
        enter(step.first, std::move(arguments), prefix_of_call(frame));
        return;
    }
    stack_ = std::move(arguments);
    program_.operators[static_cast<size_t>(step.op)].callBoxed(stack_);
    std::vector<c10::IValue> results{token};
    results.insert(results.end(), stack_.begin(), stack_.end());
    give(frame, step, std::move(results));
}

// A body to its end, unobserved.
std::vector<c10::IValue> Machine::Parts::called(BodyId body, std::vector<c10::IValue> arguments) const {
    RunSettings settings;
    settings.stop = settings_.stop;
    settings.gradients = settings_.gradients;
    Parts inner(program_, settings);
    inner.enter(body, std::move(arguments), {});
    inner.go();
    const Outcome& outcome = inner.outcome_;
    TORCH_CHECK(!outcome.cancelled, "cancelled");
    TORCH_CHECK(!outcome.failure, "in its graph '", body_path(module_, body),
        "': ", outcome.failure ? outcome.failure->message : "");
    return outcome.outputs;
}

void Machine::Parts::flex(Frame& frame, const Step& step) const {
    const FlexPlan& plan = program_.flex[static_cast<size_t>(step.op)];
    const std::vector<c10::IValue> given = values(frame, step.operands);
    size_t next = 0;
    const auto tensor = [&] {
        const c10::IValue& value = given[next++];
        return value.isTensor() ? value.toTensor() : at::Tensor();
    };
    FlexCall call;
    call.query = tensor();
    call.key = tensor();
    call.value = tensor();
    FlexBackward backward;
    if (plan.backward) {
        backward.out = tensor();
        backward.logsumexp = tensor();
        backward.grad_out = tensor();
        backward.grad_logsumexp = tensor();
        backward.joint = [&](FlexCall::Values values) { return called(plan.joint, std::move(values)); };
    }
    call.counts = tensor();
    call.indices = tensor();
    call.full_counts = tensor();
    call.full_indices = tensor();
    call.query_block = plan.query_block;
    call.key_block = plan.key_block;
    call.scale = given[next++].toScalar().toDouble();
    const auto buffers = given.begin() + static_cast<std::ptrdiff_t>(next),
               of_mask = buffers + plan.score_buffers;
    call.score_buffers.assign(buffers, of_mask);
    call.mask_buffers.assign(of_mask, of_mask + plan.mask_buffers);
    call.score = [&](FlexCall::Values values) { return called(plan.score, std::move(values)); };
    call.mask = [&](FlexCall::Values values) { return called(plan.mask, std::move(values)); };
    const std::vector<at::Tensor> made =
        plan.backward ? flex_attention_backward(call, backward) : flex_attention(call);
    for (size_t i = 0; i < 3; ++i)
        frame.slots[step.result + i] = made[i];
    if (!plan.backward)
        return;
    c10::List<at::Tensor> more; // gradients of what the score graph captured
    for (size_t i = 3; i < made.size(); ++i)
        more.push_back(made[i]);
    frame.slots[step.result + 3] = more;
}

void Machine::Parts::start_loop(Frame& frame, const Step& step) {
    std::vector<c10::IValue> all = values(frame, step.operands);
    auto loop = std::make_unique<Loop>();
    const auto carried = all.begin() + step.carried, mapped = carried + step.mapped;
    loop->state.assign(all.begin(), carried);
    loop->mapped.assign(carried, mapped);
    loop->extra.assign(mapped, all.end());
    loop->in_condition = step.kind == StepKind::While;
    loop->collected.resize(step.results - step.carried);
    if (!loop->mapped.empty()) {
        loop->length = loop->mapped[0].toTensor().size(0);
        for (const c10::IValue& x : loop->mapped)
            TORCH_CHECK(x.toTensor().dim() > 0 && x.toTensor().size(0) == loop->length,
                "the tensors it walks over differ in their first dimension");
        TORCH_CHECK(
            loop->length > 0, "it walks over an empty dimension, so its results' shapes are not known");
    }
    frame.loop = std::move(loop);
    next_round(frame, step);
}

void Machine::Parts::next_round(Frame& frame, const Step& step) {
    Loop& loop = *frame.loop;
    std::vector<c10::IValue> arguments = loop.state;
    for (const c10::IValue& x : loop.mapped)
        arguments.emplace_back(x.toTensor().select(0, loop.index));
    arguments.insert(arguments.end(), loop.extra.begin(), loop.extra.end());
    std::string prefix = prefix_of_call(frame);
    if (settings_.observer)
        prefix += std::to_string(loop.index) + "/";
    const BodyId body = step.kind == StepKind::While && !loop.in_condition ? step.second : step.first;
    enter(body, std::move(arguments), std::move(prefix), loop.index);
}

// The innermost body has returned: its caller goes on.
void Machine::Parts::returned(std::vector<c10::IValue> results) {
    Frame& frame = frames_.back();
    const Step& step = frame.body->steps[frame.pc];
    switch (step.kind) {
    case StepKind::Functionalized:
        results.insert(results.end(), frame.loop->bases.begin(), frame.loop->bases.end());
        give(frame, step, std::move(results));
        return;
    case StepKind::Effects:
        results.insert(results.begin(), frame.loop->token);
        give(frame, step, std::move(results));
        return;
    case StepKind::While:
        if (frame.loop->in_condition) {
            const c10::IValue& more = results.at(0);
            if (!(more.isTensor() ? more.toTensor().item().toBool() : more.toScalar().toBool())) {
                give(frame, step, std::move(frame.loop->state));
                return;
            }
        } else {
            frame.loop->state = std::move(results);
            ++frame.loop->index;
        }
        frame.loop->in_condition = !frame.loop->in_condition;
        next_round(frame, step);
        return;
    case StepKind::Map:
    case StepKind::Scan: {
        Loop& loop = *frame.loop;
        for (size_t i = step.carried; i < results.size(); ++i)
            loop.collected[i - step.carried].push_back(results[i].toTensor());
        results.resize(step.carried);
        loop.state = results;
        if (++loop.index < loop.length) {
            next_round(frame, step);
            return;
        }
        for (const auto& rows : loop.collected)
            results.emplace_back(at::stack(rows));
        give(frame, step, std::move(results));
        return;
    }
    default:
        give(frame, step, std::move(results));
    }
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
