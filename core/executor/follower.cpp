#include "core/executor/follower.h"

#include "core/executor/judge.h"

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

bool Follower::at_leader(const Moment& moment) const {
    return leader_ && moment.body == leader_->body && moment.node == leader_->node
        && moment.prefix == leader_->prefix;
}

void Follower::give(c10::IValue* values, size_t count) const {
    for (size_t i = 0; i < count && i < count_; ++i)
        values[i] = widened(given_[i]);
}

const std::vector<c10::IValue>* Follower::catch_up(
    const Moment& leader, const c10::IValue* values, size_t count) {
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

void Follower::move(const at::Tensor& value, const at::Tensor& given, const Moment& moment, size_t output) {
    const bool foreign = output == 0 && moment.step.foreign;
    const c10::FunctionSchema* schema = moment.repeat->schema();
    move_in_place(value, foreign ? precision_of(*moment.step.foreign) : precision_of(given.scalar_type()),
        schema ? growth_of(*schema, moment.repeat->operands(), given) : 1, ++salt_);
}

void Follower::value(const Moment& moment, c10::IValue* values, size_t count) {
    caught_ = true;
    if (!at_leader(moment) || count != count_) {
        lost_ = true;
        return;
    }
    if (moment.step.random) {
        give(values, count);
    } else if (moment.step.unspecified) {
        for (size_t i = 0; i < count; ++i)
            if (moment.step.unspecified >> i & 1)
                values[i] = widened(given_[i]);
    } else if (noisy_ && (moment.step.kind == StepKind::Operator || moment.step.kind == StepKind::Dynamic)) {
        const std::vector<c10::IValue> operands = moment.repeat->operands();
        for (size_t i = 0; i < count; ++i)
            if (values[i].isTensor() && values[i].toTensor().defined() && given_[i].isTensor()
                && given_[i].toTensor().defined() && !is_view(values[i].toTensor(), operands))
                move(values[i].toTensor(), given_[i].toTensor(), moment, i);
    }
    values_.assign(values, values + count);
}

bool Follower::instead(const Moment& moment, c10::IValue* values, size_t count) {
    if (!at_leader(moment))
        return false;
    give(values, count);
    took_over_ = true;
    return true;
}

} // namespace hopscope::executor
