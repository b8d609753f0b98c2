// Steps that run bodies: wrapped calls, loops, flex attention.
#include "core/executor/flex.h"
#include "core/executor/machine_p.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

namespace hopscope::executor {

void Machine::Parts::functionalized(Frame& frame, const Step& step) {
    const Functionalized& plan = program_.functionalized[static_cast<size_t>(step.op)];
    std::vector<c10::IValue> arguments = values(frame, step.operands), bases = values(frame, plan.bases);
    for (c10::IValue& base : bases)
        if (base.isTensor())
            base = clone_with_strides(base.toTensor());
    c10::List<at::Tensor> list; // of the argument whose items are being made
    for (const BaseView& view : plan.views) {
        c10::IValue made = view.base ? bases[*view.base] : c10::IValue();
        if (view.base && view.offset)
            made = at::as_strided(made.toTensor(), view.size, view.stride, *view.offset);
        else if (view.base && view.slice_dim)
            made = at::slice(made.toTensor(), *view.slice_dim, view.slice_start, view.slice_end);
        c10::IValue& argument = arguments[view.argument];
        if (!view.item) {
            argument = std::move(made);
            continue;
        }
        if (*view.item == 0)
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
    enter(body, std::move(arguments), std::move(prefix), static_cast<uint32_t>(loop.index));
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

} // namespace hopscope::executor
