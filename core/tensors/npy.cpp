#include "core/tensors/npy.h"

#include "core/graph/types.h"

#include <array>
#include <charconv>

namespace hopscope::tensors {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kTypes{
    {{"<f8", "float64"}, {"<f4", "float32"}, {"<f2", "float16"}, {"<i8", "int64"}, {"<i4", "int32"},
        {"<i2", "int16"}, {"|i1", "int8"}, {"|u1", "uint8"}, {"|b1", "bool"}, {"<c8", "complex64"}}};

Error damaged(const std::string& what) {
    return make_error(Error::Kind::Damaged, "not a usable .npy file: " + what);
}

// What stands behind 'KEY': in the header, which is a Python dict.
std::string_view field(std::string_view header, std::string_view key) {
    const size_t at = header.find("'" + std::string(key) + "':");
    if (at == std::string_view::npos)
        return {};
    std::string_view rest = header.substr(at + key.size() + 3);
    while (!rest.empty() && rest.front() == ' ')
        rest.remove_prefix(1);
    return rest;
}

bool read_shape(std::string_view text, std::vector<int64_t>& shape) {
    if (text.empty() || text.front() != '(')
        return false;
    text = text.substr(1, text.find(')') - 1);
    while (!text.empty()) {
        if (text.front() == ' ' || text.front() == ',') {
            text.remove_prefix(1);
            continue;
        }
        int64_t n = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (error != std::errc() || n < 0)
            return false;
        shape.push_back(n);
        text.remove_prefix(static_cast<size_t>(end - text.data()));
    }
    return true;
}

// Fortran order put into row-major order.
std::string row_major(std::string_view data, const std::vector<int64_t>& shape, size_t item) {
    std::string out(data.size(), '\0');
    std::vector<int64_t> index(shape.size(), 0);
    for (size_t to = 0; to < data.size(); to += item) {
        size_t from = 0, step = item;
        for (size_t d = 0; d < shape.size(); ++d) {
            from += static_cast<size_t>(index[d]) * step;
            step *= static_cast<size_t>(shape[d]);
        }
        out.replace(to, item, data.substr(from, item));
        for (size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];)
            index[d] = 0;
    }
    return out;
}

} // namespace

Result<Value> read_npy(std::string_view file, std::string name, std::string& storage) {
    if (!file.starts_with(kMagic) || file.size() < 12)
        return damaged("it does not begin with NumPy's mark");
    const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(file[i])); };
    const size_t start = byte(6) == 1 ? 10 : 12;
    const size_t length = byte(8) | byte(9) << 8 | (byte(6) == 1 ? 0 : byte(10) << 16 | byte(11) << 24);
    if (byte(6) < 1 || byte(6) > 3 || length > file.size() - start)
        return damaged("its version or header length is odd");
    const std::string_view header = file.substr(start, length), data = file.substr(start + length);

    Value value;
    value.name = std::move(name);
    const std::string_view type = field(header, "descr");
    for (const auto& [theirs, ours] : kTypes)
        if (type.substr(0, theirs.size() + 2) == "'" + std::string(theirs) + "'")
            value.dtype = ours;
    if (value.dtype.empty())
        return damaged("its type is " + std::string(type.substr(0, type.find(','))));
    if (!read_shape(field(header, "shape"), value.shape))
        return damaged("its shape cannot be read");
    value.stride = dense_stride(value.shape);
    const size_t item = dtype_by_name(value.dtype)->bits / 8u;
    int64_t bytes = static_cast<int64_t>(item);
    for (const int64_t n : value.shape)
        if (__builtin_mul_overflow(bytes, n, &bytes))
            return damaged("its shape is too large");
    if (static_cast<uint64_t>(bytes) != data.size())
        return damaged("it has " + std::to_string(data.size()) + " bytes of data where its shape needs "
            + std::to_string(bytes));
    storage = field(header, "fortran_order").starts_with("True") ? row_major(data, value.shape, item)
                                                                 : std::string(data);
    value.bytes = storage;
    return value;
}

Result<std::string> write_npy(const Value& value) {
    if (value.kind != Value::Kind::Tensor)
        return make_error(Error::Kind::Usage, "'" + value.name + "' is no tensor, and .npy holds one array");
    std::string_view type;
    for (const auto& [theirs, ours] : kTypes)
        if (value.dtype == ours)
            type = theirs;
    if (type.empty())
        return make_error(
            Error::Kind::Usage, "'" + value.name + "' is " + value.dtype + ", which NumPy has no type for");
    std::string header = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
    for (const int64_t n : value.shape)
        header += std::to_string(n) + ", ";
    // (2, 3) and (2,), as NumPy writes them.
    if (value.shape.size() > 1)
        header.resize(header.size() - 2);
    else if (value.shape.size() == 1)
        header.pop_back();
    header += "), }";
    // The data begin at a multiple of 64.
    constexpr size_t kStart = 10;
    header.append(63 - (kStart + header.size()) % 64, ' ');
    header += '\n';
    std::string file(kMagic);
    file += {'\x01', '\0', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
    file += header;
    file += value.bytes;
    return file;
}

} // namespace hopscope::tensors
