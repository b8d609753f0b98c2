#include "core/executor/follower.h"

#include "core/executor/judge.h"
#include "core/executor/tensors.h"

namespace hopscope::executor {

namespace {

RunSettings settings_for(Observer* observer, std::function<bool()> stop) {
    RunSettings settings;
    settings.observer = observer;
    settings.stop = std::move(stop);
    return settings;
}

// Whether a value is a view of what the step was given, or that itself.
bool is_view(const at::Tensor& value, const std::vector<c10::IValue>& operands) {
    const auto shares = [&](const at::Tensor& operand) {
        return operand.defined() && operand.has_storage()
            && operand.storage().unsafeGetStorageImpl() == value.storage().unsafeGetStorageImpl();
    };
    for (const c10::IValue& operand : operands) {
        if (operand.isTensor() && shares(operand.toTensor()))
            return true;
        if (operand.isTensorList())
            for (const at::Tensor& one : operand.toTensorVector())
                if (shares(one))
                    return true;
    }
    return false;
}

} // namespace

Follower::Follower(
    const Program& program, const std::vector<c10::IValue>& inputs, bool noisy, std::function<bool()> stop)
    : noisy_(noisy)
    , machine_(program, inputs, settings_for(this, std::move(stop))) { }

bool Follower::at_leader(const ObservedStep& observed) const {
    return leader_ && observed.body == leader_->body && observed.node == leader_->node
        && observed.prefix == leader_->prefix;
}

c10::IValue Follower::own(const c10::IValue& given) {
    const c10::IValue wide = widened(given);
    return wide.isTensor() && wide.toTensor().defined() && given.isTensor()
            && wide.toTensor().is_alias_of(given.toTensor())
        ? c10::IValue(clone_with_strides(wide.toTensor()))
        : wide;
}

void Follower::give(c10::IValue* values, size_t count) const {
    for (size_t i = 0; i < count && i < count_; ++i)
        values[i] = own(given_[i]);
}

const std::vector<c10::IValue>* Follower::catch_up(
    const ObservedStep& leader, const c10::IValue* values, size_t count) {
    leader_ = &leader;
    given_ = values;
    count_ = count;
    caught_ = took_over_ = false;
    values_.clear();
    if (!lost_ && leader.step.random) { // the leader's numbers are not used up
        at::Generator generator = at::detail::getDefaultCPUGenerator();
        const at::Tensor state = generator.get_state();
        machine_.go();
        generator.set_state(state);
    } else if (!lost_) {
        machine_.go();
    }
    lost_ = lost_ || !caught_;
    leader_ = nullptr;
    return lost_ ? nullptr : &values_;
}

void Follower::move(
    const at::Tensor& value, const at::Tensor& given, const ObservedStep& observed, size_t output) {
    // What the leader rounds to; here it is a double as all else.
    const auto& foreign = leader_->step.foreign;
    const c10::FunctionSchema* schema = observed.repeat->schema();
    move_in_place(value, output == 0 && foreign ? precision_of(*foreign) : precision_of(given.scalar_type()),
        schema ? growth_of(*schema, observed.repeat->operands(), given) : 1, ++salt_);
}

void Follower::value(const ObservedStep& observed, c10::IValue* values, size_t count) {
    caught_ = true;
    if (!at_leader(observed) || count != count_) {
        lost_ = true;
        return;
    }
    if (observed.step.random) {
        give(values, count);
    } else if (observed.step.unspecified) {
        for (size_t i = 0; i < count; ++i)
            if (observed.step.unspecified >> i & 1)
                values[i] = own(given_[i]);
    } else if (noisy_
        && (observed.step.kind == StepKind::Operator || observed.step.kind == StepKind::Dynamic)) {
        // What rounds in the run that leads may change nothing here, and give its operand: a conversion.
        const std::vector<c10::IValue> operands = observed.repeat->operands(),
                                       led = leader_->repeat->operands();
        for (size_t i = 0; i < count; ++i) {
            const auto there = [](const c10::IValue& value) {
                return value.isTensor() && value.toTensor().defined();
            };
            if (!there(values[i]) || !there(given_[i]) || is_view(given_[i].toTensor(), led))
                continue;
            if (is_view(values[i].toTensor(), operands))
                values[i] = clone_with_strides(values[i].toTensor());
            move(values[i].toTensor(), given_[i].toTensor(), observed, i);
        }
    }
    values_.assign(values, values + count);
}

bool Follower::instead(const ObservedStep& observed, c10::IValue* values, size_t count) {
    if (!at_leader(observed))
        return false;
    give(values, count);
    took_over_ = true;
    return true;
}

} // namespace hopscope::executor
