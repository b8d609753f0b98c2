// The verb `schema`: which operands a body writes into, and what its results alias, found by running it
// (torch/_higher_order_ops/utils.py, check_input_alias_and_mutation_return_outputs).
#include "core/executor/dynamo.h"
#include "core/executor/judge.h"
#include "core/executor/server.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <map>

namespace hopscope::executor {

namespace {

using Storage = const c10::StorageImpl*;

Storage storage_of(const c10::IValue& value) {
    return value.isTensor() && value.toTensor().defined() && value.toTensor().has_storage()
        ? value.toTensor().storage().unsafeGetStorageImpl()
        : nullptr;
}

// As TorchScript names the type of an example value.
std::string type_name(const c10::IValue& value) {
    if (value.isNone())
        return "NoneType";
    if (value.isTensor())
        return "Tensor";
    if (value.isBool())
        return "bool";
    if (value.isInt())
        return "int";
    if (value.isDouble())
        return "float";
    if (value.isString())
        return "str";
    if (value.isList() || value.isTuple()) {
        const auto items = items_of_value(value);
        return (items.empty() ? std::string("Any") : type_name(items[0])) + "[]";
    }
    return "Any";
}

// Holds every value of a run, so that a storage's address means that storage until the end, and notes which
// nodes write into which storages.
class StorageWatch : public Observer {
public:
    explicit StorageWatch(const Program& program)
        : program_(program) { }

    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override {
        std::vector<c10::IValue>& slots = frames_[observed.prefix];
        slots.resize(program_.bodies[observed.body.index].slots);
        std::copy(values, values + count, slots.begin() + observed.step.result);
        held_.insert(held_.end(), values, values + count);
        if (observed.step.mutates)
            note_writes(observed.step, slots);
    }
    bool wrote(Storage storage) const {
        return std::find(written_.begin(), written_.end(), storage) != written_.end();
    }
    const std::vector<c10::IValue>& root() { return frames_[""]; }

private:
    void note(const Operand& operand, const std::vector<c10::IValue>& slots) {
        if (operand.kind >= Operand::Kind::IntList) {
            for (uint32_t i = 0; i < operand.count; ++i)
                note(program_.operands[operand.index + i], slots); // lists hold no lists
        } else if (operand.kind == Operand::Kind::Slot) {
            if (const Storage storage = storage_of(slots[operand.index]))
                written_.push_back(storage);
        }
    }

    void note_writes(const Step& step, const std::vector<c10::IValue>& slots) {
        const Operand* operands = program_.operands.data() + step.operands.begin;
        if (step.kind == StepKind::Operator) {
            const auto& arguments = program_.operators[static_cast<size_t>(step.op)].schema().arguments();
            for (size_t i = 0; i < arguments.size() && i < step.operands.size(); ++i)
                if (!arguments[i].kwarg_only() && arguments[i].alias_info()
                    && arguments[i].alias_info()->isWrite())
                    note(operands[i], slots);
        } else if (step.kind == StepKind::Dynamic && step.operands.size() > 0) {
            note_dynamic(*program_.dynamic[static_cast<size_t>(step.op)], operands, slots);
        }
    }

    void note_dynamic(
        const DynamicCall& call, const Operand* operands, const std::vector<c10::IValue>& slots) {
        if (call.kind != DynamicCall::Kind::Operator) {
            note(operands[0], slots); // x += y, x[i] = y
            return;
        }
        size_t at = 0;
        for (size_t i = 0; i < call.forms.size(); at += call.forms[i].count, ++i) {
            if (!call.forms[i].keyword.empty())
                continue;
            const auto& overloads = overloads_of(call.op);
            const bool writes = std::any_of(overloads.begin(), overloads.end(), [&](const auto& op) {
                const auto& arguments = op.schema().arguments();
                return i < arguments.size() && arguments[i].alias_info()
                    && arguments[i].alias_info()->isWrite();
            });
            for (uint32_t k = 0; writes && k < call.forms[i].count; ++k)
                note(operands[at + k], slots);
        }
    }

    const Program& program_;
    std::map<std::string, std::vector<c10::IValue>> frames_; // slots by prefix
    std::vector<c10::IValue> held_;
    std::vector<Storage> written_;
};

} // namespace

wire::SchemaAnswer Server::schema(const wire::SchemaRequest& request) {
    need_inputs();
    const c10::InferenceMode guard;
    std::vector<c10::IValue> given = inputs_;
    for (c10::IValue& value : given)
        if (value.isTensor())
            value = clone_with_strides(value.toTensor());
    StorageWatch watch(*program_);
    RunSettings s = settings(request.seed);
    s.observer = &watch;
    const Outcome outcome = executor::run(*program_, given, s);
    wire::SchemaAnswer answer;
    static_cast<wire::RunOutcome&>(answer) = told(outcome);
    const std::vector<c10::IValue> slots = watch.root();
    std::vector<Storage> inputs;
    for (size_t i = 0; i < given.size(); ++i) {
        const Input& input = program_->inputs[i];
        if (input.attribute)
            continue;
        const c10::IValue value = input.slot < slots.size() ? slots[input.slot] : c10::IValue();
        const Storage storage = storage_of(value);
        inputs.push_back(storage);
        // A kernel may write what its schema does not say (native_batch_norm's statistics).
        const bool changed = value.isTensor() && !same_elements(value.toTensor(), inputs_[i].toTensor());
        answer.arguments.push_back(
            {input.name, type_name(inputs_[i]), storage && watch.wrote(storage), changed});
    }
    if (!outcome.failure) {
        std::vector<Storage> before;
        for (const c10::IValue& value : outcome.outputs) {
            const Storage storage = storage_of(value);
            const auto index = [&](const std::vector<Storage>& all) -> std::optional<uint64_t> {
                const auto found = storage ? std::find(all.begin(), all.end(), storage) : all.end();
                return found == all.end() ? std::nullopt
                                          : std::optional(static_cast<uint64_t>(found - all.begin()));
            };
            answer.returns.push_back({type_name(value), index(inputs), index(before)});
            before.push_back(storage);
        }
    }
    return answer;
}

} // namespace hopscope::executor
