#include "core/executor/reference.h"

#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <charconv>

namespace hopscope::executor {

std::optional<Result<c10::IValue>> Reference::find(const std::string& key) const {
    if (!kept_.empty()) {
        if (const auto found = kept_.find(key); found != kept_.end() && !found->second.tuple
            && !found->second.values.empty() && !found->second.values[0].isTensorList())
            return found->second.values[0];
        // "name#1", also an item of a list value.
        const size_t hash = key.rfind('#');
        size_t item = 0;
        if (hash == std::string::npos
            || std::from_chars(key.data() + hash + 1, key.data() + key.size(), item).ec != std::errc())
            return std::nullopt;
        const auto found = kept_.find(key.substr(0, hash));
        if (found == kept_.end())
            return std::nullopt;
        const std::vector<c10::IValue>& values = found->second.values;
        if (!found->second.tuple && values.size() == 1 && values[0].isTensorList()) {
            const auto items = values[0].toTensorVector();
            return item < items.size() ? std::optional<Result<c10::IValue>>(c10::IValue(items[item]))
                                       : std::nullopt;
        }
        return item < values.size() ? std::optional<Result<c10::IValue>>(values[item]) : std::nullopt;
    }
    const tensors::Value* recorded = file_.find(key);
    if (!recorded || recorded->kind == tensors::Value::Kind::Tuple)
        return std::nullopt;
    return from_wire(*recorded);
}

void Keeper::value(const ObservedStep& observed, c10::IValue* values, size_t count) {
    const Node& n = module_.body(observed.body).node(observed.node);
    if (!only_.empty() && !(observed.prefix.empty() && only_.contains(module_.text(n.name))))
        return;
    if (n.op == Opcode::GetAttr && count == 1 && values[0].isNone())
        return;
    NodeValues taken{observed.tuple, std::vector<c10::IValue>(values, values + count)};
    if (clone_)
        for (c10::IValue& value : taken.values)
            if (value.isTensor() && value.toTensor().defined())
                value = clone_with_strides(value.toTensor());
    kept_[observed.prefix + std::string(module_.text(n.name))] = std::move(taken);
}

} // namespace hopscope::executor
