// What a pickle calls and refers to: tensors and their storages, known by name; nothing is imported or
// called.
#include "core/tensors/unpickler.h"

#include "core/graph/types.h"

#include <array>

namespace hopscope::tensors {

namespace {

// Bounds on what one object can be made of again and again, so that work stays linear in the file's size.
constexpr size_t kMostDimensions = 64, kMostMetadata = 16;

// torch/storage.py, _dtype_to_storage_type_map.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kStorages{
    {{"torch.DoubleStorage", "float64"}, {"torch.FloatStorage", "float32"}, {"torch.HalfStorage", "float16"},
        {"torch.BFloat16Storage", "bfloat16"}, {"torch.LongStorage", "int64"}, {"torch.IntStorage", "int32"},
        {"torch.ShortStorage", "int16"}, {"torch.CharStorage", "int8"}, {"torch.ByteStorage", "uint8"},
        {"torch.BoolStorage", "bool"}, {"torch.ComplexFloatStorage", "complex64"},
        {"torch.ComplexDoubleStorage", "complex128"}}};
constexpr std::string_view kUntyped = "torch.storage.UntypedStorage";

// What torch rebuilds that is no plain tensor (torch/_utils.py).
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOtherTensors{
    {{"torch._utils._rebuild_sparse_tensor", "a sparse tensor"},
        {"torch._utils._rebuild_sparse_csr_tensor", "a sparse tensor"},
        {"torch._utils._rebuild_nested_tensor", "a nested tensor"},
        {"torch._utils._rebuild_qtensor", "a quantized tensor"},
        {"torch._utils._rebuild_meta_tensor_no_storage", "a tensor without values (device meta)"},
        {"torch._utils._rebuild_wrapper_subclass", "a tensor of a subclass"},
        {"torch._utils._rebuild_device_tensor_from_numpy", "a tensor that was saved as a NumPy array"}}};

} // namespace

void Unpickler::global() {
    const std::string_view module = line(), name = line();
    out_.owned.push_back(std::string(module) + '.' + std::string(name));
    PickledObject object;
    object.kind = Kind::Global;
    object.text = out_.owned.back();
    push(std::move(object));
}

// ('storage', class, key, location, number of elements): torch/serialization.py, persistent_id.
void Unpickler::persistent() {
    const auto id = pop();
    if (!id)
        return;
    const PickledObject& object = out_.objects[*id];
    const auto kind_at = [&](size_t i) { return out_.objects[object.items[i]].kind; };
    if (object.kind != Kind::Tuple || object.items.size() != 5 || kind_at(0) != Kind::Text
        || out_.objects[object.items[0]].text != "storage" || kind_at(1) != Kind::Global
        || kind_at(2) != Kind::Text || kind_at(4) != Kind::Int) {
        fail("a reference that is no ('storage', class, key, location, number)");
        return;
    }
    const std::string_view type = out_.objects[object.items[1]].text;
    const auto known = find_in(kStorages, type);
    if (known == kStorages.end() && type != kUntyped) {
        push(opaque("a storage of " + std::string(type)));
        return;
    }
    PickledObject storage;
    storage.kind = Kind::Storage;
    storage.dtype = known == kStorages.end() ? std::string_view() : known->second;
    storage.text = out_.objects[object.items[2]].text;
    storage.number = out_.objects[object.items[4]].number;
    push(std::move(storage));
}

void Unpickler::reduce() {
    const auto arguments = pop();
    const auto function = pop();
    if (!arguments || !function)
        return;
    if (out_.objects[*arguments].kind != Kind::Tuple) {
        fail("the arguments of a call are no tuple");
        return;
    }
    const PickledObject& callee = out_.objects[*function];
    if (callee.kind != Kind::Global)
        push(opaque("a call of something that is no function"));
    else if (callee.text == "torch.Size" && out_.objects[*arguments].items.size() == 1)
        stack_.push_back(out_.objects[*arguments].items[0]);
    else
        push(called(callee.text, out_.objects[*arguments]));
}

PickledObject Unpickler::called(std::string_view function, const PickledObject& arguments) {
    uint32_t inner = UINT32_MAX;
    // (function, type, arguments, state): torch/_tensor.py, _rebuild_from_type_v2.
    if (function == "torch._tensor._rebuild_from_type_v2" && arguments.items.size() == 4
        && out_.objects[arguments.items[0]].kind == Kind::Global
        && out_.objects[arguments.items[2]].kind == Kind::Tuple)
        inner = arguments.items[2];
    const std::string_view name = inner == UINT32_MAX ? function : out_.objects[arguments.items[0]].text;
    const PickledObject& given = inner == UINT32_MAX ? arguments : out_.objects[inner];
    if (name == "collections.OrderedDict" && given.items.empty()) {
        PickledObject dict;
        dict.kind = Kind::Dict;
        return dict;
    }
    if ((name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state")
        && !given.items.empty() && out_.objects[given.items[0]].items.empty())
        return out_.objects[given.items[0]];
    if (auto made = tensor(name, given))
        return std::move(*made);
    if (const auto other = find_in(kOtherTensors, name); other != kOtherTensors.end())
        return opaque(std::string(other->second));
    return opaque("a call of " + std::string(name.substr(0, kLongestText / 2)) + ", which is not executed");
}

bool Unpickler::numbers(uint32_t id, std::vector<int64_t>& out) const {
    const PickledObject& object = out_.objects[id];
    if ((object.kind != Kind::Tuple && object.kind != Kind::List) || object.items.size() > kMostDimensions)
        return false;
    for (const uint32_t item : object.items) {
        if (out_.objects[item].kind != Kind::Int)
            return false;
        out.push_back(out_.objects[item].number);
    }
    return true;
}

// Whether a tensor's metadata ({'conj': True}, {'neg': True}) says that its values are not the stored ones.
bool Unpickler::flagged(uint32_t id) const {
    const PickledObject& dict = out_.objects[id];
    if (dict.items.size() > 2 * kMostMetadata)
        return true;
    for (size_t i = 1; dict.kind == Kind::Dict && i < dict.items.size(); i += 2) {
        const PickledObject& value = out_.objects[dict.items[i]];
        if (value.kind != Kind::Bool || value.number != 0)
            return true;
    }
    return false;
}

// torch/_utils.py: _rebuild_tensor(storage, offset, size, stride), _v2 with (requires_grad, hooks[,
// metadata]) behind them, _v3 with (requires_grad, hooks, dtype[, metadata]). Nothing for another function.
std::optional<PickledObject> Unpickler::tensor(std::string_view function, const PickledObject& arguments) {
    const bool v1 = function == "torch._utils._rebuild_tensor",
               v2 = function == "torch._utils._rebuild_tensor_v2",
               v3 = function == "torch._utils._rebuild_tensor_v3";
    if (!v1 && !v2 && !v3)
        return std::nullopt;
    const std::vector<uint32_t>& items = arguments.items;
    PickledTensor made;
    const size_t least = v1 ? 4 : v2 ? 6 : 7;
    if (items.size() < least || out_.objects[items[1]].kind != Kind::Int || !numbers(items[2], made.shape)
        || !numbers(items[3], made.stride) || made.shape.size() != made.stride.size())
        return opaque("a tensor whose description has another form than torch.save gives it");
    const PickledObject& storage = out_.objects[items[0]];
    if (storage.kind != Kind::Storage)
        return opaque(storage.kind == Kind::Opaque ? "a tensor over " + std::string(storage.text)
                                                   : "a tensor without a storage");
    made.dtype = storage.dtype;
    if (v3 && out_.objects[items[6]].kind == Kind::Global
        && out_.objects[items[6]].text.starts_with("torch."))
        made.dtype = out_.objects[items[6]].text.substr(6);
    const DType* dtype = dtype_by_name(made.dtype);
    if (!dtype || dtype->bits < 8)
        return opaque("a tensor of the type '" + std::string(made.dtype) + "'");
    if (items.size() > least && flagged(items[least]))
        return opaque("a tensor that is conjugated or negated only when it is read");
    made.key = storage.text;
    // An untyped storage says bytes, the others elements.
    if (__builtin_mul_overflow(storage.number,
            storage.dtype.empty() ? 1 : static_cast<int64_t>(dtype->bits / 8), &made.storage_bytes))
        made.storage_bytes = -1;
    made.offset = out_.objects[items[1]].number;
    PickledObject object;
    object.kind = Kind::Tensor;
    object.number = static_cast<int64_t>(out_.tensors.size());
    out_.tensors.push_back(std::move(made));
    return object;
}

void Unpickler::new_object() {
    pop();
    if (const auto type = pop())
        push(opaque("an object of "
            + (out_.objects[*type].kind == Kind::Global ? std::string(out_.objects[*type].text)
                                                        : std::string("no class"))));
}

} // namespace hopscope::tensors
