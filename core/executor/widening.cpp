#include "core/executor/widening.h"

#include "core/executor/overloads.h"

#include <algorithm>

namespace hopscope::executor {

namespace {

bool is_half(at::ScalarType type) {
    return type == at::kHalf || type == at::kBFloat16;
}
bool floats(Width width) {
    return width == Width::Floats || width == Width::Both;
}
bool indices(Width width) {
    return width == Width::Indices || width == Width::Both;
}

// By the names that schemas give them: index, indices, the target of a loss, offsets of bags.
bool names_places(const std::string& name) {
    return name.find("ind") != std::string::npos || name == "target"
        || name.find("offs") != std::string::npos;
}

// The running statistics of norms are written to although their schema does not say so.
bool is_written(const c10::FunctionSchema& schema, size_t argument) {
    const c10::Argument& a = schema.arguments()[argument];
    return (a.alias_info() && a.alias_info()->isWrite())
        || (a.name().rfind("running_", 0) == 0 && writes_silently(schema.name()));
}

class Widened {
public:
    Widened(const c10::Argument& argument, Width width)
        : floats_(floats(width))
        , indices_(indices(width) && names_places(argument.name())) { }

    bool changes(const at::Tensor& tensor) const {
        return tensor.defined()
            && ((floats_ && is_half(tensor.scalar_type())) || (indices_ && tensor.scalar_type() == at::kInt));
    }
    at::Tensor operator()(const at::Tensor& tensor) const {
        return changes(tensor) ? tensor.to(is_half(tensor.scalar_type()) ? at::kFloat : at::kLong) : tensor;
    }

private:
    bool floats_, indices_;
};

template <class Each> void each_tensor(const c10::IValue& value, Each each) {
    if (value.isTensor())
        each(value.toTensor());
    else if (value.isList())
        for (const c10::IValue& item : value.toListRef())
            if (item.isTensor())
                each(item.toTensor());
}

c10::IValue widened(const c10::IValue& value, const Widened& wide) {
    if (value.isTensor())
        return wide(value.toTensor());
    if (value.isTensorList()) {
        c10::List<at::Tensor> all;
        for (const at::Tensor& tensor : value.toTensorVector())
            all.push_back(wide(tensor));
        return all;
    }
    if (value.isList() && value.toListRef().size() > 0) {
        bool some = false;
        each_tensor(value, [&](const at::Tensor& tensor) { some = some || wide.changes(tensor); });
        if (!some)
            return value;
        c10::List<TorchOptional<at::Tensor>> all;
        for (const c10::IValue& item : value.toListRef())
            all.push_back(item.isTensor() ? TorchOptional<at::Tensor>(wide(item.toTensor()))
                                          : TorchOptional<at::Tensor>());
        return all;
    }
    return value;
}

// What the operands promote to: those with dimensions decide, then those without, as PyTorch's rule is.
class Promoted {
public:
    void add(const at::Tensor& tensor) {
        if (!tensor.defined())
            return;
        at::ScalarType& type = tensor.dim() > 0 ? of_dimensions_ : of_numbers_;
        const at::ScalarType other = tensor.scalar_type();
        type = type == at::ScalarType::Undefined ? other : c10::promoteTypes(type, other);
    }
    at::ScalarType type() const {
        if (of_dimensions_ == at::ScalarType::Undefined)
            return of_numbers_;
        const bool number_counts = of_numbers_ != at::ScalarType::Undefined && at::isFloatingType(of_numbers_)
            && !at::isFloatingType(of_dimensions_) && !at::isComplexType(of_dimensions_);
        return number_counts ? of_numbers_ : of_dimensions_;
    }

private:
    at::ScalarType of_dimensions_ = at::ScalarType::Undefined, of_numbers_ = at::ScalarType::Undefined;
};

// A result that came out wider than it shall be.
at::Tensor rounded(const at::Tensor& found, at::ScalarType wanted, Width width) {
    const bool of_float = floats(width) && found.scalar_type() == at::kFloat && is_half(wanted);
    const bool of_index = indices(width) && found.scalar_type() == at::kLong && wanted == at::kInt;
    return of_float || of_index ? found.to(wanted) : found;
}

} // namespace

void call_wider(const c10::OperatorHandle& op, torch::jit::Stack& stack, Width width,
    c10::ArrayRef<at::ScalarType> declared) {
    const c10::FunctionSchema& schema = op.schema();
    const auto& wanted = schema.arguments();
    const torch::jit::Stack given = stack;
    Promoted promoted;
    std::optional<at::ScalarType> told; // by an argument
    for (size_t i = 0; i < wanted.size(); ++i) {
        each_tensor(given[i], [&](const at::Tensor& tensor) {
            if (!names_places(wanted[i].name()))
                promoted.add(tensor);
        });
        if (wanted[i].real_type()->str().rfind("ScalarType", 0) == 0 && given[i].isInt()) {
            told = given[i].toScalarType();
            if (floats(width) && is_half(*told))
                stack[i] = static_cast<int64_t>(at::kFloat);
            continue;
        }
        stack[i] = widened(given[i], Widened(wanted[i], width));
    }
    const torch::jit::Stack wide = stack;
    op.callBoxed(stack);
    for (size_t i = 0; i < wanted.size(); ++i)
        if (is_written(schema, i) && given[i].isTensor() && given[i].toTensor().defined()
            && !given[i].toTensor().is_same(wide[i].toTensor()))
            given[i].toTensor().copy_(wide[i].toTensor());
    const at::ScalarType otherwise = told ? *told : promoted.type();
    for (size_t r = 0; r < stack.size(); ++r) {
        const bool known = r < declared.size() && declared[r] != at::ScalarType::Undefined;
        const at::ScalarType type = known ? declared[r] : otherwise;
        if (stack[r].isTensorList()) {
            c10::List<at::Tensor> all;
            for (const at::Tensor& tensor : stack[r].toTensorVector())
                all.push_back(rounded(tensor, type, width));
            stack[r] = all;
        }
        if (!stack[r].isTensor() || !stack[r].toTensor().defined())
            continue;
        // What was written into is given back itself.
        bool same = false;
        for (size_t i = 0; i < wanted.size() && !same; ++i)
            if (given[i].isTensor() && wide[i].isTensor()
                && stack[r].toTensor().is_same(wide[i].toTensor())) {
                stack[r] = given[i];
                same = true;
            }
        if (!same)
            stack[r] = rounded(stack[r].toTensor(), type, width);
    }
}

Width find_width(
    const c10::OperatorHandle& op, torch::jit::Stack& stack, c10::ArrayRef<at::ScalarType> declared) {
    const torch::jit::Stack given = stack;
    const auto& wanted = op.schema().arguments();
    bool halves = false, places = false;
    for (size_t i = 0; i < wanted.size() && i < given.size(); ++i) {
        // What makes a tensor of nothing (eye) is told the type.
        halves = halves
            || (wanted[i].real_type()->str().rfind("ScalarType", 0) == 0 && given[i].isInt()
                && is_half(given[i].toScalarType()));
        each_tensor(given[i], [&](const at::Tensor& tensor) {
            halves = halves || Widened(wanted[i], Width::Floats).changes(tensor);
            places = places || Widened(wanted[i], Width::Indices).changes(tensor);
        });
    }
    for (const Width width : {Width::Floats, Width::Indices, Width::Both}) {
        if ((floats(width) && !halves) || (indices(width) && !places))
            continue;
        stack = given;
        try {
            call_wider(op, stack, width, declared);
            return width;
        } catch (const c10::Error&) {
            // the next one; the first refusal is what is told
        }
    }
    stack.clear();
    return Width::Unchanged;
}

c10::ArrayRef<at::ScalarType> gpu_statistics(std::string_view name) {
    static constexpr at::ScalarType kKept[] = {at::ScalarType::Undefined, at::kFloat, at::kFloat};
    // Not native_group_norm, whose statistics have the dtype of its input unless its weights have another
    // (aten/src/ATen/native/group_norm.cpp, param_scalar_type).
    static constexpr std::string_view kNames[] = {"aten::native_layer_norm", "aten::native_batch_norm"};
    if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames))
        return kKept;
    return {};
}

bool keeps_less(
    const c10::OperatorHandle& op, const torch::jit::Stack& results, c10::ArrayRef<at::ScalarType> declared) {
    for (size_t r = 0; r < results.size() && r < declared.size(); ++r)
        if (declared[r] == at::kFloat && results[r].isTensor() && results[r].toTensor().defined()
            && is_half(results[r].toTensor().scalar_type()))
            return results.size() > 1 && !op.schema().is_mutable();
    return false;
}

} // namespace hopscope::executor
