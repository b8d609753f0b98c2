// Operands out of the slots, and calls of operators with them: of the step at hand, and once more.
#include "core/executor/dynamo.h"
#include "core/executor/machine_p.h"
#include "core/executor/standins.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

namespace hopscope::executor {

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

void Machine::Parts::put_operands(const Frame& frame, const Step& step) {
    stack_.clear();
    for (uint32_t i = step.operands.begin; i < step.operands.end; ++i)
        stack_.push_back(value(frame, program_.operands[i]));
}

void Machine::Parts::call_operator(Frame& frame, const Step& step) {
    put_operands(frame, step);
    // Where a derivative is taken, what stands in for an operator is called below autograd (recorder.cpp).
    const bool standin = step.standin && !settings_.gradients;
    if (standin || widths_[step.op] != Width::Unchanged) {
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
        if (!refused && !settings_.gradients && step.results > 1 && keeps_less(op, stack_, declared(step))) {
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
    if (step.standin && !settings_.gradients && call_standin(step.standin, op, stack_, declared(step)))
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
            if (operand.kind >= Operand::Kind::IntList) {
                todo.push_back({operand.index, operand.index + operand.count});
                continue;
            }
            if (operand.kind == Operand::Kind::Constant || !there.slots[operand.index].isNone())
                continue;
            const c10::IValue& own = frame.slots[operand.index];
            c10::IValue& slot = there.slots[operand.index];
            slot = change(operand.index, own);
            // What writes into its operands leaves those of the run alone.
            if (mine.mutates && slot.isTensor() && slot.toTensor().defined()
                && slot.toTensor().is_alias_of(own.toTensor()))
                slot = clone_with_strides(slot.toTensor());
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

} // namespace hopscope::executor
