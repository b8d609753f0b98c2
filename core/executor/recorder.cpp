#include "core/executor/recorder.h"

#include "core/executor/arguments.h"
#include "core/executor/standins.h"
#include "core/executor/torch.h"
#include "core/executor/widening.h"
#include "core/graph/types.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hopscope::executor {

namespace {

thread_local Recorder* t_recorder = nullptr;

const c10::DispatchKeySet kBelow(c10::DispatchKeySet::FULL_AFTER, c10::DispatchKey::Fake);

// Whether autograd let the call pass without looking at it, although it would have had to: its own kernels
// switch autograd off for what they call.
bool has_no_derivative(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
    const c10::DispatchKeySet off = c10::impl::tls_local_dispatch_key_set().excluded_;
    if (!at::GradMode::is_enabled() || off.isSupersetOf(c10::autograd_dispatch_keyset))
        return false;
    const size_t arguments = op.schema().arguments().size();
    return std::any_of(
        stack.end() - static_cast<std::ptrdiff_t>(arguments), stack.end(), [](const c10::IValue& v) {
            return v.isTensor() && v.toTensor().defined() && v.toTensor().requires_grad();
        });
}

void heard(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
    const bool lost = has_no_derivative(op, *stack);
    // What the operator itself calls is not heard, and not differentiated.
    const c10::impl::ExcludeDispatchKeyGuard below(c10::DispatchKey::Fake);
    const at::AutoDispatchBelowADInplaceOrView no_derivative;
    if (t_recorder)
        t_recorder->call(op, keys & kBelow, *stack);
    else
        op.redispatchBoxed(keys & kBelow, stack);
    TORCH_CHECK(
        !lost || stack->empty() || !stack->back().isTensor() || !stack->back().toTensor().is_floating_point(),
        "no derivative of '", op.schema().name(), "' is known here");
}

std::string key_of(const at::Tensor& tensor) {
    std::string key;
    const auto put = [&](int64_t number) {
        key.append(reinterpret_cast<const char*>(&number), sizeof number);
    };
    put(reinterpret_cast<intptr_t>(tensor.storage().unsafeGetStorageImpl()));
    put(tensor.storage_offset());
    put(static_cast<int64_t>(tensor.scalar_type()));
    for (const int64_t size : tensor.sizes())
        put(size);
    for (const int64_t stride : tensor.strides())
        put(stride);
    return key;
}

// As Python's repr writes it.
std::string real_text(double number) {
    if (std::isnan(number))
        return "nan";
    if (std::isinf(number))
        return number > 0 ? "inf" : "-inf";
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    std::string text(buffer, end);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string number_text(const at::Scalar& number) {
    if (number.isBoolean())
        return number.toBool() ? "True" : "False";
    if (number.isIntegral(/*includeBool=*/false))
        return std::to_string(number.toLong());
    TORCH_CHECK(!number.isComplex(), "a complex number cannot be written down as an argument");
    return real_text(number.toDouble());
}

const char* memory_format_text(int64_t format) {
    switch (static_cast<at::MemoryFormat>(format)) {
    case at::MemoryFormat::Contiguous:
        return "torch.contiguous_format";
    case at::MemoryFormat::ChannelsLast:
        return "torch.channels_last";
    case at::MemoryFormat::ChannelsLast3d:
        return "torch.channels_last_3d";
    default:
        return "torch.preserve_format";
    }
}

void put_text(std::vector<Piece>& out, const std::string& text) {
    if (out.empty() || out.back().value)
        out.emplace_back();
    out.back().text += text;
}

bool same(const std::vector<Piece>& a, const std::vector<Piece>& b) {
    if (a.size() != b.size())
        return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (a[i].text != b[i].text || a[i].value != b[i].value)
            return false;
    return true;
}

using Types = c10::ArrayRef<at::ScalarType>;

bool has_half(const torch::jit::Stack& operands) {
    return std::any_of(operands.begin(), operands.end(), [](const c10::IValue& value) {
        return value.isTensor() && value.toTensor().defined()
            && (value.toTensor().scalar_type() == at::kHalf
                || value.toTensor().scalar_type() == at::kBFloat16);
    });
}

bool same_arguments(const c10::FunctionSchema& a, const c10::FunctionSchema& b) {
    const auto &x = a.arguments(), &y = b.arguments();
    if (x.size() != y.size())
        return false;
    for (size_t i = 0; i < x.size(); ++i)
        if (*x[i].type() != *y[i].type())
            return false;
    return true;
}

// "aten::scatter_" of overload "src" as "aten::scatter": a graph holds no operator that writes. Told by the
// arguments, as overloads are not named alike: "aten::pow_" of "Scalar" is "aten::pow" of "Tensor_Scalar".
c10::OperatorName functional_name(const c10::OperatorHandle& op) {
    const std::string& name = op.schema().name();
    const std::string functional = name.back() == '_' ? name.substr(0, name.size() - 1) : "";
    c10::Dispatcher& all = c10::Dispatcher::singleton();
    const c10::OperatorName alike(functional, op.schema().overload_name());
    if (const auto found = all.findSchema(alike); found && same_arguments(found->schema(), op.schema()))
        return alike;
    if (!functional.empty())
        for (const c10::OperatorName& other : all.getAllOpNames())
            if (other.name == functional)
                if (const auto found = all.findSchema(other);
                    found && same_arguments(found->schema(), op.schema()))
                    return other;
    TORCH_CHECK(false, "'", name, "' writes into a tensor and has no functional form");
}

} // namespace

std::string type_of(const at::Tensor& tensor) {
    const DType* dtype = dtype_by_name(scalar_type_name(tensor.scalar_type()));
    const auto listed = [](at::IntArrayRef numbers) {
        std::string text = "[";
        for (size_t i = 0; i < numbers.size(); ++i)
            text += (i ? ", " : "") + std::to_string(numbers[i]);
        return text + "]";
    };
    return std::string(dtype ? dtype->abbreviation : scalar_type_name(tensor.scalar_type()))
        + listed(tensor.sizes()) + listed(tensor.strides()) + "cpu";
}

Recording::Recording(Recorder& recorder)
    : before_(std::exchange(t_recorder, &recorder))
    , guard_(c10::DispatchKeySet(c10::DispatchKey::Fake)) { }
Recording::~Recording() {
    t_recorder = before_;
}

uint32_t Recorder::add(const at::Tensor& tensor, std::optional<uint32_t> event, uint32_t item) {
    const auto id = static_cast<uint32_t>(values.size());
    RecordedValue value;
    value.type = type_of(tensor);
    value.key = key_of(tensor);
    value.event = event;
    value.item = item;
    overwritten_.erase(value.key);
    if (by_key_.insert_or_assign(value.key, id).second) {
        keys_of_[tensor.storage().unsafeGetStorageImpl()].push_back(value.key);
        held_.push_back(tensor.storage());
    }
    values.push_back(std::move(value));
    return id;
}

uint32_t Recorder::add_input(const at::Tensor& tensor, std::string name) {
    const uint32_t id = add(tensor, {}, 0);
    values[id].name = std::move(name);
    return id;
}

std::optional<uint32_t> Recorder::find(const at::Tensor& tensor) const {
    const auto found = by_key_.find(key_of(tensor));
    return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

// Everything that looks at the storage of a tensor that was written to holds other values now.
void Recorder::forget_views(const at::Tensor& written) {
    const std::string key = key_of(written);
    for (const std::string& other : keys_of_[written.storage().unsafeGetStorageImpl()])
        if (other != key && by_key_.erase(other) > 0)
            overwritten_.insert(other);
    keys_of_[written.storage().unsafeGetStorageImpl()] = {key};
}

void Recorder::render_tensor(const at::Tensor& tensor, std::vector<Piece>& out) const {
    if (!tensor.defined()) {
        put_text(out, "None");
        return;
    }
    if (tensor.unsafeGetTensorImpl()->is_wrapped_number()) {
        put_text(out, number_text(tensor.item()));
        return;
    }
    const std::optional<uint32_t> id = find(tensor);
    // A Scalar that a derivative made a tensor of (c10::scalar_to_tensor, which is not dispatched).
    const at::ScalarType type = tensor.scalar_type();
    if (!id && tensor.dim() == 0 && !overwritten_.count(key_of(tensor))
        && (type == at::kDouble || type == at::kLong || type == at::kBool)) {
        put_text(out, number_text(tensor.item()));
        return;
    }
    if (!id) {
        TORCH_CHECK(!overwritten_.count(key_of(tensor)), "a view of a tensor that was written to is used");
        TORCH_CHECK(false, "a tensor of type ", type_of(tensor), " comes from no operator that was heard");
    }
    put_text(out, "");
    out.back().value = id;
}

void Recorder::render(const c10::IValue& value, const c10::TypePtr& type, std::vector<Piece>& out) const {
    if (const auto optional = type->cast<c10::OptionalType>()) {
        if (value.isNone())
            put_text(out, "None");
        else
            render(value, optional->getElementType(), out);
        return;
    }
    if (value.isNone()) {
        put_text(out, "None");
    } else if (value.isTensor()) {
        render_tensor(value.toTensor(), out);
    } else if (value.isList()) {
        const c10::TypePtr element = type->cast<c10::ListType>()
            ? type->castRaw<c10::ListType>()->getElementType()
            : c10::TypePtr(c10::AnyType::get());
        put_text(out, "[");
        bool first = true;
        for (const c10::IValue& item : value.toListRef()) {
            if (!first)
                put_text(out, ", ");
            first = false;
            render(item, element, out);
        }
        put_text(out, "]");
    } else if (type->kind() == c10::TypeKind::ScalarTypeType) {
        put_text(out, "torch." + std::string(scalar_type_name(value.toScalarType())));
    } else if (type->kind() == c10::TypeKind::LayoutType) {
        put_text(out, "torch.strided");
    } else if (type->kind() == c10::TypeKind::MemoryFormatType) {
        put_text(out, memory_format_text(value.toInt()));
    } else if (value.isDevice()) {
        put_text(out, "device(type='cpu')");
    } else if (value.isSymInt()) {
        put_text(out, std::to_string(value.toInt()));
    } else if (value.isScalar()) {
        put_text(out, number_text(value.toScalar()));
    } else if (value.isString()) {
        const std::string& text = value.toStringRef();
        TORCH_CHECK(
            text.find_first_of("'\\\n") == std::string::npos, "the text ", text, " cannot be written down");
        put_text(out, "'" + text + "'");
    } else {
        TORCH_CHECK(false, "a value of kind ", value.tagKind(), " cannot be written down as an argument");
    }
}

// As FX prints a call: positional ones without the trailing defaults, keyword-only ones where they are none.
std::vector<Piece> Recorder::arguments(
    const c10::FunctionSchema& schema, const torch::jit::Stack& stack) const {
    const auto& wanted = schema.arguments();
    const size_t begin = stack.size() - wanted.size();
    std::vector<std::vector<Piece>> texts(wanted.size());
    std::vector<bool> is_default(wanted.size(), false);
    size_t positional = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        render(stack[begin + i], wanted[i].real_type(), texts[i]);
        if (wanted[i].default_value()) {
            std::vector<Piece> text;
            render(*wanted[i].default_value(), wanted[i].real_type(), text);
            is_default[i] = same(text, texts[i]);
        } else if (wanted[i].kwarg_only()) {
            is_default[i] = stack[begin + i].isNone();
        }
        if (!wanted[i].kwarg_only() && !is_default[i])
            positional = i + 1;
    }
    std::vector<Piece> all;
    const auto append = [&](const std::string& before, const std::vector<Piece>& pieces) {
        put_text(all, (all.empty() ? "" : ", ") + before);
        for (const Piece& piece : pieces) {
            put_text(all, piece.text);
            all.back().value = piece.value;
        }
    };
    for (size_t i = 0; i < wanted.size(); ++i)
        if (wanted[i].kwarg_only() ? !is_default[i] : i < positional)
            append(wanted[i].kwarg_only() ? wanted[i].name() + " = " : "", texts[i]);
    return all;
}

// `place` among the operator's results: numbers and absent tensors between them are counted.
void Recorder::add_results(const c10::IValue& value, uint32_t place, RecordedCall& call) {
    const auto event = static_cast<uint32_t>(calls.size());
    if (value.isTensor() && value.toTensor().defined()) {
        call.results.push_back(add(value.toTensor(), event, place));
    } else if (value.isTensorList()) {
        uint32_t item = 0;
        for (const at::Tensor& tensor : value.toTensorVector())
            call.results.push_back(add(tensor, event, item++));
    } else if (value.isTensor()) {
        call.results.push_back(static_cast<uint32_t>(values.size()));
        values.emplace_back();
        values.back().event = event;
        values.back().item = place;
    }
}

void Recorder::call(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack& stack) {
    const c10::FunctionSchema& schema = op.schema();
    RecordedCall call;
    const c10::OperatorName named = schema.is_mutable() ? functional_name(op) : schema.operator_name();
    std::string name = named.name;
    const size_t colons = name.find("::");
    call.base = name.substr(colons + 2);
    name.replace(colons, 2, ".");
    const std::string& overload = named.overload_name;
    call.target = "torch.ops." + name + "." + (overload.empty() ? "default" : overload);
    call.arguments = arguments(schema, stack);
    call.backward_of = backward_of_;
    // What lifts a number that came from nowhere gives that number, not a value of the graph.
    const bool lifts_number = schema.name() == "aten::lift_fresh" && stack.back().isTensor()
        && stack.back().toTensor().dim() == 0 && !find(stack.back().toTensor());
    std::vector<at::Tensor> written;
    for (size_t i = 0; i < schema.arguments().size(); ++i) {
        const c10::Argument& argument = schema.arguments()[i];
        const c10::IValue& given = stack[stack.size() - schema.arguments().size() + i];
        if (argument.alias_info() && argument.alias_info()->isWrite() && given.isTensor())
            written.push_back(given.toTensor());
    }
    // Its number would stand in the graph as if it were the same for all inputs.
    TORCH_CHECK(schema.name() != "aten::_local_scalar_dense" && schema.name() != "aten::equal", "'",
        schema.name(), "' makes the graph depend on the values of its inputs");
    // A kernel that this libtorch lacks for half precisions is stood in for here, below autograd: the graph
    // names the operator itself.
    const torch::jit::Stack given(
        stack.end() - static_cast<std::ptrdiff_t>(schema.arguments().size()), stack.end());
    const size_t below = stack.size() - given.size();
    torch::jit::Stack otherwise = given;
    const uint8_t standin = standin_of(schema.name());
    const auto kept = gpu && has_half(given) ? gpu_statistics(schema.name()) : Types();
    bool answered = standin && call_standin(standin, op, otherwise, kept);
    if (!answered && !kept.empty()) {
        call_wider(op, otherwise, Width::Floats, kept);
        answered = true;
    }
    if (!answered) {
        try {
            op.redispatchBoxed(keys, &stack);
        } catch (const c10::Error&) {
            answered = find_width(op, otherwise, {}) != Width::Unchanged;
            if (!answered)
                throw;
        }
    }
    if (answered) {
        stack.resize(below);
        stack.insert(stack.end(), otherwise.begin(), otherwise.end());
    }
    for (const at::Tensor& tensor : written)
        forget_views(tensor);
    const size_t returned = schema.returns().size();
    call.tuple = returned > 1 || (returned == 1 && stack.back().isTensorList());
    for (size_t i = 0; i < returned && !lifts_number; ++i) {
        const c10::IValue& result = stack[stack.size() - returned + i];
        TORCH_CHECK(returned == 1 || !result.isTensorList(), "'", schema.name(),
            "' gives a list among its results, whose items cannot be written down");
        add_results(result, static_cast<uint32_t>(i), call);
    }
    // What gives only numbers (a size) is no node: its number stands where it is used.
    if (lifts_number)
        return;
    if (!call.results.empty() || returned == 0)
        calls.push_back(std::move(call));
}

TORCH_LIBRARY_IMPL(_, Fake, library) {
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&heard>());
}

} // namespace hopscope::executor
