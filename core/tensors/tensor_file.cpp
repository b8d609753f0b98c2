#include "core/tensors/tensor_file.h"

#include "core/graph/types.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <set>

namespace hopscope::tensors {

namespace {

using nlohmann::json;

constexpr std::array<std::pair<const char*, const char*>, 19> kDtypes{{{"F64", "float64"}, {"F32", "float32"},
    {"F16", "float16"}, {"BF16", "bfloat16"}, {"I64", "int64"}, {"I32", "int32"}, {"I16", "int16"},
    {"I8", "int8"}, {"U8", "uint8"}, {"BOOL", "bool"}, {"C64", "complex64"}, {"C128", "complex128"},
    {"F8_E4M3", "float8_e4m3fn"}, {"F8_E5M2", "float8_e5m2"}, {"F8_E4M3FNUZ", "float8_e4m3fnuz"},
    {"F8_E5M2FNUZ", "float8_e5m2fnuz"}, {"U16", "uint16"}, {"U32", "uint32"}, {"U64", "uint64"}}};

const char* torch_dtype(std::string_view name) {
    for (const auto& [ours, torch] : kDtypes)
        if (name == ours)
            return torch;
    return nullptr;
}
const char* file_dtype(std::string_view torch_name) {
    for (const auto& [ours, torch] : kDtypes)
        if (torch_name == torch)
            return ours;
    return nullptr;
}

Error damaged(std::string message, uint64_t offset = 0) {
    Error error = make_error(Error::Kind::Damaged, "not a sound safetensors file: " + std::move(message));
    error.offset = offset;
    return error;
}

// Number of bytes of a dense tensor; -1 where it does not fit 63 bits.
int64_t dense_bytes(const std::vector<int64_t>& shape, int64_t element_bits) {
    int64_t total = element_bits;
    for (const int64_t n : shape)
        if (n < 0 || __builtin_mul_overflow(total, n, &total))
            return -1;
    return (total + 7) / 8;
}

bool read_numbers(const json& list, std::vector<int64_t>& numbers) {
    if (!list.is_array())
        return false;
    for (const json& item : list) {
        int64_t value = 0;
        if (item.is_number_integer()) {
            value = item.get<int64_t>();
        } else if (item.is_string()) {
            const std::string& text = item.get_ref<const std::string&>();
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (error != std::errc() || end != text.data() + text.size())
                return false;
        } else {
            return false;
        }
        numbers.push_back(value);
    }
    return true;
}

Status read_tensor(const std::string& name, const json& entry, std::string_view data, Value& value) {
    const auto dtype = entry.find("dtype"), shape = entry.find("shape"), offsets = entry.find("data_offsets");
    const char* torch_name =
        dtype != entry.end() && dtype->is_string() ? torch_dtype(dtype->get<std::string>()) : nullptr;
    if (!torch_name)
        return damaged("'" + name + "' has no dtype that is known");
    std::vector<int64_t> range;
    if (shape == entry.end() || !read_numbers(*shape, value.shape) || offsets == entry.end()
        || !read_numbers(*offsets, range) || range.size() != 2)
        return damaged("'" + name + "' lacks a shape or two data_offsets");
    value.name = name;
    value.dtype = torch_name;
    value.stride = dense_stride(value.shape);
    const int64_t bytes = dense_bytes(value.shape, dtype_by_name(torch_name)->bits);
    if (range[0] < 0 || range[1] < range[0] || static_cast<uint64_t>(range[1]) > data.size())
        return damaged("'" + name + "' lies outside of the file");
    if (bytes != range[1] - range[0])
        return damaged("'" + name + "' has " + std::to_string(range[1] - range[0])
            + " bytes where its shape needs " + std::to_string(bytes));
    value.bytes = data.substr(static_cast<size_t>(range[0]), static_cast<size_t>(bytes));
    return {};
}

// Each byte of the data belongs to one tensor at most, as the format wants it: two that share bytes are a
// damaged or a made file. (Gaps are told by nobody and do no harm.)
Status apart(const std::vector<Value>& values, std::string_view data) {
    std::vector<const Value*> order;
    for (const Value& value : values)
        if (!value.bytes.empty())
            order.push_back(&value);
    std::sort(order.begin(), order.end(),
        [](const Value* a, const Value* b) { return a->bytes.data() < b->bytes.data(); });
    for (size_t i = 1; i < order.size(); ++i)
        if (order[i]->bytes.data() < order[i - 1]->bytes.data() + order[i - 1]->bytes.size())
            return damaged("'" + order[i - 1]->name + "' and '" + order[i]->name + "' share bytes, from byte "
                + std::to_string(order[i]->bytes.data() - data.data()) + " of the data on");
    return {};
}

// Numbers, tuples and strides from the text of the metadata key "values".
Status read_descriptions(const std::string& text, std::vector<Value>& values) {
    const json all = json::parse(text, nullptr, false);
    if (!all.is_object())
        return damaged("its metadata key 'values' is no JSON object");
    const auto by_name = [](const Value& v, const std::string& name) { return v.name < name; };
    const size_t tensors = values.size();
    for (const auto& [name, entry] : all.items()) {
        if (!entry.is_object())
            return damaged("'" + name + "' is described by no object");
        Value value;
        value.name = name;
        if (entry.contains("py") && entry["py"].is_string()) {
            value.kind = Value::Kind::Number;
            value.python_type = entry["py"].get<std::string>();
            value.python = entry.contains("value") && entry["value"].is_string()
                ? entry["value"].get<std::string>()
                : "";
            values.push_back(std::move(value));
        } else if (entry.contains("items") && entry["items"].is_number_unsigned()) {
            value.kind = Value::Kind::Tuple;
            value.items = entry["items"].get<uint64_t>();
            values.push_back(std::move(value));
        } else if (entry.contains("stride")) {
            const auto end = values.begin() + static_cast<std::ptrdiff_t>(tensors);
            const auto found = std::lower_bound(values.begin(), end, name, by_name);
            std::vector<int64_t> stride;
            if (found == end || found->name != name)
                return damaged("'" + name + "' is described but not there");
            if (!read_numbers(entry["stride"], stride) || stride.size() != found->shape.size()
                || std::any_of(stride.begin(), stride.end(), [](int64_t s) { return s < 0; }))
                return damaged("'" + name + "' has a stride that does not fit its shape");
            found->stride = std::move(stride);
        }
    }
    return {};
}

} // namespace

int64_t Value::elements() const {
    int64_t n = 1;
    for (const int64_t d : shape)
        n *= d;
    return n;
}

std::vector<int64_t> dense_stride(const std::vector<int64_t>& shape) {
    std::vector<int64_t> stride(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;)
        stride[i - 1] = stride[i] * std::max<int64_t>(shape[i], 1);
    return stride;
}

Result<TensorFile> TensorFile::read(std::string_view bytes, std::shared_ptr<const void> owner) {
    uint64_t header = 0;
    if (bytes.size() < sizeof header)
        return damaged("it has " + std::to_string(bytes.size()) + " bytes; expected 8 and a header");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header > bytes.size() - sizeof header)
        return damaged("its header has " + std::to_string(header) + " bytes in a file of "
            + std::to_string(bytes.size()));
    std::set<std::string> names;
    std::string twice; // JSON keeps the last of two with one name
    const json all = json::parse(
        bytes.substr(sizeof header, header),
        [&](int depth, json::parse_event_t event, json& parsed) {
            if (depth == 1 && event == json::parse_event_t::key
                && !names.insert(parsed.get<std::string>()).second)
                twice = parsed.get<std::string>();
            return true;
        },
        false);
    if (!all.is_object())
        return damaged("its header is no JSON object", sizeof header);
    if (!twice.empty())
        return damaged("'" + twice + "' is in its header twice", sizeof header);
    const std::string_view data = bytes.substr(sizeof header + header);

    TensorFile file;
    file.owner_ = std::move(owner);
    std::string descriptions;
    for (const auto& [name, entry] : all.items()) {
        if (!entry.is_object())
            return damaged("'" + name + "' is no object", sizeof header);
        if (name == "__metadata__") {
            if (entry.contains("values") && entry["values"].is_string())
                descriptions = entry["values"].get<std::string>();
            continue;
        }
        Value value;
        if (const Status status = read_tensor(name, entry, data, value); !status)
            return status.error();
        file.values_.push_back(std::move(value));
    }
    if (const Status status = apart(file.values_, data); !status)
        return status.error();
    if (!descriptions.empty())
        if (const Status status = read_descriptions(descriptions, file.values_); !status)
            return status.error();
    std::sort(file.values_.begin(), file.values_.end(),
        [](const Value& a, const Value& b) { return a.name < b.name; });
    return file;
}

const Value* TensorFile::find(std::string_view name) const {
    const auto found = std::lower_bound(
        values_.begin(), values_.end(), name, [](const Value& v, std::string_view n) { return v.name < n; });
    return found != values_.end() && found->name == name ? &*found : nullptr;
}

TensorFile TensorFile::below(std::string_view prefix) const {
    TensorFile part;
    part.owner_ = owner_;
    for (const Value& value : values_)
        if (value.name.starts_with(prefix)) {
            part.values_.push_back(value);
            part.values_.back().name.erase(0, prefix.size());
        }
    return part;
}

std::string write_tensor_file(const std::vector<Value>& values) {
    json header = json::object(), descriptions = json::object();
    uint64_t at = 0;
    const auto texts = [](const std::vector<int64_t>& numbers) {
        json list = json::array();
        for (const int64_t n : numbers)
            list.push_back(std::to_string(n));
        return list;
    };
    for (const Value& value : values) {
        switch (value.kind) {
        case Value::Kind::Tensor:
            header[value.name] = {{"dtype", file_dtype(value.dtype) ? file_dtype(value.dtype) : value.dtype},
                {"shape", value.shape}, {"data_offsets", {at, at + value.bytes.size()}}};
            descriptions[value.name] = {{"dtype", value.dtype}, {"shape", texts(value.shape)},
                {"stride", texts(value.stride)}, {"device", "cpu"}};
            at += value.bytes.size();
            break;
        case Value::Kind::Number:
            descriptions[value.name] = {{"py", value.python_type}, {"value", value.python}};
            break;
        case Value::Kind::Tuple:
            descriptions[value.name] = {{"items", value.items}};
            break;
        }
    }
    header["__metadata__"] = {{"values", descriptions.dump()}};
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' '); // the data begins aligned
    std::string out;
    out.reserve(8 + text.size() + at);
    const uint64_t length = text.size();
    out.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
    for (const Value& value : values)
        if (value.kind == Value::Kind::Tensor)
            out.append(value.bytes);
    return out;
}

} // namespace hopscope::tensors
