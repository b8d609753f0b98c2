// Runs a call of the Dynamo stage on values.
#include "core/executor/dynamo.h"
#include "core/executor/python.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <stdexcept>

namespace hopscope::executor {

namespace {

using Values = std::vector<c10::IValue>;

PythonValue plain(const c10::IValue& value) {
    return {value, PassedAs::Value, {}};
}

// Python's operators: the method of a tensor on the left, and that of one on the right of a number
// (torch/_tensor.py: __rsub__, __rdiv__, __rpow__, …). `swapped`: the right one is called with its operands
// exchanged.
struct PythonOperatorRow {
    std::string_view target, left, right;
    bool swapped;
};
const PythonOperatorRow kOperators[] = {
    {"operator.add", "aten::add", "aten::add", true},
    {"operator.sub", "aten::sub", "aten::rsub", true},
    {"operator.mul", "aten::mul", "aten::mul", true},
    {"operator.truediv", "aten::div", "", false}, // 1 / x is x.reciprocal() * 1
    {"operator.floordiv", "aten::floor_divide", "aten::floor_divide", false},
    {"operator.mod", "aten::remainder", "aten::remainder", false},
    {"operator.pow", "aten::pow", "aten::pow", false},
    {"operator.matmul", "aten::matmul", "aten::matmul", false},
    {"operator.and_", "aten::bitwise_and", "aten::bitwise_and", true},
    {"operator.or_", "aten::bitwise_or", "aten::bitwise_or", true},
    {"operator.xor", "aten::bitwise_xor", "aten::bitwise_xor", true},
    {"operator.lshift", "aten::bitwise_left_shift", "aten::bitwise_left_shift", false},
    {"operator.rshift", "aten::bitwise_right_shift", "aten::bitwise_right_shift", false},
    {"operator.eq", "aten::eq", "aten::eq", true},
    {"operator.ne", "aten::ne", "aten::ne", true},
    {"operator.lt", "aten::lt", "aten::gt", true},
    {"operator.le", "aten::le", "aten::ge", true},
    {"operator.gt", "aten::gt", "aten::lt", true},
    {"operator.ge", "aten::ge", "aten::le", true},
    {"operator.neg", "aten::neg", "", false},
    {"operator.pos", "aten::positive", "", false},
    {"operator.invert", "aten::bitwise_not", "", false},
    {"operator.abs", "aten::abs", "", false},
    {"operator.iadd", "aten::add_", "", false},
    {"operator.isub", "aten::sub_", "", false},
    {"operator.imul", "aten::mul_", "", false},
    {"operator.itruediv", "aten::div_", "", false},
    {"operator.ifloordiv", "aten::floor_divide_", "", false},
    {"operator.imod", "aten::remainder_", "", false},
    {"operator.ipow", "aten::pow_", "", false},
    {"operator.iand", "aten::bitwise_and_", "", false},
    {"operator.ior", "aten::bitwise_or_", "", false},
    {"operator.ixor", "aten::bitwise_xor_", "", false},
    {"operator.ilshift", "aten::bitwise_left_shift_", "", false},
    {"operator.irshift", "aten::bitwise_right_shift_", "", false},
};

c10::IValue arithmetic(const DynamicCall& call, const Values& operands) {
    const bool tensors =
        std::any_of(operands.begin(), operands.end(), [](const c10::IValue& v) { return v.isTensor(); });
    if (!tensors && call.number)
        return call_python(*call.number, operands);
    const auto row = std::find_if(std::begin(kOperators), std::end(kOperators),
        [&](const PythonOperatorRow& r) { return r.target == call.name; });
    if (row == std::end(kOperators))
        throw std::runtime_error("on tensors it has no operator");
    std::vector<PythonValue> values;
    for (const c10::IValue& operand : operands)
        values.push_back(plain(operand));
    if (operands.size() < 2 || operands[0].isTensor())
        return call_overload(std::string(row->left), values);
    // An in-place operator on a number makes a new value, as Python's does.
    if (call.name == "operator.truediv" || call.name == "operator.itruediv")
        return call_overload("aten::mul", {plain(call_overload("aten::reciprocal", {values[1]})), values[0]});
    if (row->right.empty())
        throw std::runtime_error("a number on its left and a tensor on its right have no operator");
    // What only takes tensors gets the number as one, as at::wrapped_scalar_tensor makes it.
    if (row->swapped)
        std::swap(values[0], values[1]);
    return call_overload(std::string(row->right), values);
}

int64_t as_int(const c10::IValue& value) {
    if (value.isTensor()) // 0-dim tensors of integers are indices, too
        return value.toTensor().item().toLong();
    if (!value.isInt())
        throw std::runtime_error("an index is no integer: " + kind_in_words(plain(value)));
    return value.toInt();
}

at::indexing::Slice slice_of(const c10::IValue* bounds) {
    TorchOptional<int64_t> numbers[3];
    for (int i = 0; i < 3; ++i)
        if (!bounds[i].isNone())
            numbers[i] = as_int(bounds[i]);
    const auto bound = [&](int i) {
#if TORCH_VERSION_MAJOR < 2
        return numbers[i];
#else
        return numbers[i] ? std::optional<c10::SymInt>(*numbers[i]) : std::nullopt;
#endif
    };
    return at::indexing::Slice(bound(0), bound(1), bound(2));
}

at::Tensor tensor_of_numbers(const c10::IValue* items, uint32_t count) {
    std::vector<int64_t> numbers;
    bool flags = count > 0;
    for (uint32_t i = 0; i < count; ++i) {
        flags = flags && items[i].isBool();
        numbers.push_back(items[i].isBool() ? items[i].toBool() : as_int(items[i]));
    }
    const at::Tensor all = at::tensor(numbers, at::dtype(at::kLong));
    return flags ? all.to(at::kBool) : all;
}

// The index as torch/csrc/autograd/python_variable_indexing.cpp reads it, with libtorch's own classes.
std::vector<at::indexing::TensorIndex> index_of(const DynamicCall& call, const Values& operands) {
    std::vector<at::indexing::TensorIndex> index;
    index.reserve(call.index.size()); // a TensorIndex has members without a value, which are better not moved
    size_t at = 1;
    for (const IndexItem& part : call.index) {
        const c10::IValue* values = operands.data() + at;
        at += part.count;
        if (part.part == IndexPart::Ellipsis)
            index.emplace_back(at::indexing::Ellipsis);
        else if (part.part == IndexPart::Slice)
            index.emplace_back(slice_of(values));
        else if (part.part == IndexPart::List)
            index.emplace_back(tensor_of_numbers(values, part.count));
        else if (values->isNone())
            index.emplace_back(at::indexing::None);
        else if (values->isBool())
            index.emplace_back(values->toBool());
        else if (values->isTensor())
            index.emplace_back(values->toTensor());
        else
            index.emplace_back(as_int(*values));
    }
    return index;
}

c10::IValue get_item(const DynamicCall& call, const Values& operands) {
    if (operands[0].isTensor())
        return operands[0].toTensor().index(index_of(call, operands));
    const Values all = items_of_value(operands[0]);
    const auto length = static_cast<int64_t>(all.size());
    if (call.index.size() != 1 || call.index[0].part == IndexPart::Ellipsis
        || call.index[0].part == IndexPart::List)
        throw std::runtime_error("a list takes one number or slice as index");
    if (call.index[0].part == IndexPart::Slice) {
        const int64_t step = operands[3].isNone() ? 1 : as_int(operands[3]);
        if (step <= 0)
            throw std::runtime_error("a slice of a list with a step below 1");
        const auto bound = [&](const c10::IValue& v, int64_t otherwise) {
            const int64_t n = v.isNone() ? otherwise : as_int(v);
            return std::clamp<int64_t>(n < 0 ? n + length : n, 0, length);
        };
        Values part;
        for (int64_t i = bound(operands[1], 0); i < bound(operands[2], length); i += step)
            part.push_back(all[static_cast<size_t>(i)]);
        return c10::ivalue::Tuple::create(part);
    }
    const int64_t wanted = as_int(operands[1]);
    const int64_t at = wanted < 0 ? wanted + length : wanted;
    if (at < 0 || at >= length)
        throw std::runtime_error(
            "item " + std::to_string(wanted) + " of a list of " + std::to_string(length) + " values");
    return all[static_cast<size_t>(at)];
}

c10::IValue set_item(const DynamicCall& call, const Values& operands) {
    if (!operands[0].isTensor())
        throw std::runtime_error("only items of tensors can be set");
    at::Tensor self = operands[0].toTensor();
    const c10::IValue& value = operands.back();
    if (value.isTensor())
        self.index_put_(index_of(call, operands), value.toTensor());
    else
        self.index_put_(index_of(call, operands), value.toScalar());
    return {};
}

std::vector<PythonValue> python_values(const DynamicCall& call, const Values& operands) {
    std::vector<PythonValue> values;
    size_t at = 0;
    for (const ArgumentForm& form : call.forms) {
        PythonValue value{{}, form.as, form.keyword};
        if (form.list)
            value.value =
                c10::ivalue::Tuple::create(Values(operands.begin() + static_cast<std::ptrdiff_t>(at),
                    operands.begin() + static_cast<std::ptrdiff_t>(at + form.count)));
        else
            value.value = operands[at];
        at += form.count;
        values.push_back(std::move(value));
    }
    return values;
}

} // namespace

c10::IValue call_dynamic(const DynamicCall& call, const std::vector<c10::IValue>& operands) {
    switch (call.kind) {
    case DynamicCall::Kind::Operator:
        return call_overload(call.op, python_values(call, operands));
    case DynamicCall::Kind::Arithmetic:
        return arithmetic(call, operands);
    case DynamicCall::Kind::GetItem:
        return get_item(call, operands);
    case DynamicCall::Kind::SetItem:
        return set_item(call, operands);
    case DynamicCall::Kind::Function:
        return call.function(python_values(call, operands));
    case DynamicCall::Kind::Nothing:
        break;
    }
    return {};
}

} // namespace hopscope::executor
