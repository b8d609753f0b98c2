#include "core/executor/foreign.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace hopscope::executor {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// c10/util/Float8_*.h
constexpr std::array kTypes{
    ForeignType{"float8_e4m3fn", at::kFloat, 1, 4, 3, 7, false, false},
    ForeignType{"float8_e5m2", at::kFloat, 1, 5, 2, 15, true, false},
    ForeignType{"float8_e4m3fnuz", at::kFloat, 1, 4, 3, 8, false, true},
    ForeignType{"float8_e5m2fnuz", at::kFloat, 1, 5, 2, 16, false, true},
    ForeignType{"uint16", at::kInt, 2},
    ForeignType{"uint32", at::kLong, 4},
    ForeignType{"uint64", at::kLong, 8},
};

bool is_float(const ForeignType& type) {
    return type.exponent_bits > 0;
}

// What is too large becomes the largest value, as PyTorch 2.13 converts; earlier ones gave NaN.
bool saturates(const ForeignType& type) {
    return !type.infinite && !type.one_zero;
}

// The bits of the largest finite number: those below are finite, those above infinity or NaN.
uint8_t largest_finite(const ForeignType& type) {
    if (type.one_zero)
        return 0x7f;
    return type.infinite ? static_cast<uint8_t>((((1 << type.exponent_bits) - 1) << type.mantissa_bits) - 1)
                         : 0x7e;
}

float not_finite(const ForeignType& type, uint8_t magnitude) {
    return type.infinite && magnitude == largest_finite(type) + 1 ? kInfinity : kNan;
}

using Table = std::array<float, 256>;

Table make_table(const ForeignType& type) {
    Table table{};
    for (int bits = 0; bits < 256; ++bits) {
        const auto magnitude = static_cast<uint8_t>(bits & 0x7f);
        const int exponent = magnitude >> type.mantissa_bits;
        const int mantissa = magnitude & ((1 << type.mantissa_bits) - 1);
        const int whole = exponent ? mantissa | (1 << type.mantissa_bits) : mantissa;
        float value =
            std::ldexp(static_cast<float>(whole), std::max(exponent, 1) - type.bias - type.mantissa_bits);
        if (magnitude > largest_finite(type))
            value = not_finite(type, magnitude);
        if (type.one_zero && bits == 0x80)
            value = kNan;
        table[static_cast<size_t>(bits)] = bits & 0x80 ? -value : value;
    }
    return table;
}
const Table& table_of(const ForeignType& type) {
    static const std::array<Table, 4> tables{
        make_table(kTypes[0]), make_table(kTypes[1]), make_table(kTypes[2]), make_table(kTypes[3])};
    return tables[static_cast<size_t>(&type - kTypes.data())];
}

template <class T> T element(std::string_view bytes, int64_t i) {
    T value;
    std::memcpy(&value, bytes.data() + static_cast<size_t>(i) * sizeof value, sizeof value);
    return value;
}
template <class T> void put(std::string& out, uint64_t bits) {
    const T value = static_cast<T>(bits);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

} // namespace

const ForeignType* foreign_type(std::string_view name) {
    for (const NewType& native : kNewTypes)
        if (native.name == name)
            return nullptr;
    for (const ForeignType& type : kTypes)
        if (type.name == name)
            return &type;
    return nullptr;
}

double foreign_value(const ForeignType& type, uint8_t bits) {
    return table_of(type)[bits];
}

uint8_t foreign_bits(const ForeignType& type, float value) {
    const uint8_t sign = std::signbit(value) ? 0x80 : 0;
    const uint8_t nan = type.one_zero ? 0x80 : static_cast<uint8_t>(sign | 0x7f);
    if (std::isnan(value))
        return nan;
    const uint8_t top = largest_finite(type);
    const uint8_t beyond = type.infinite ? static_cast<uint8_t>(sign | (top + 1)) : nan;
    if (value == 0)
        return type.one_zero ? 0 : sign;
    if (std::isinf(value))
        return saturates(type) ? static_cast<uint8_t>(sign | top) : beyond;
    int exponent = 0;
    std::frexp(value, &exponent); // |value| in [2^(exponent-1), 2^exponent)
    // In units of the last place there: rounded by the default mode, to nearest, ties to even.
    const int least = 1 - type.bias;
    const int place = std::max(exponent - 1, least) - type.mantissa_bits;
    const float units = std::nearbyint(std::ldexp(std::fabs(value), -place));
    // Rounding up to the next power of two carries into the exponent by itself.
    const float bits =
        units + static_cast<float>((std::max(exponent - 1, least) - least) * (1 << type.mantissa_bits));
    if (bits > static_cast<float>(top))
        return saturates(type) ? static_cast<uint8_t>(sign | top) : beyond;
    const auto magnitude = static_cast<uint8_t>(bits);
    return type.one_zero && magnitude == 0 ? 0 : static_cast<uint8_t>(sign | magnitude);
}

at::Tensor from_foreign_bytes(const ForeignType& type, std::string_view bytes, at::IntArrayRef shape) {
    const at::Tensor values = at::empty(shape, at::dtype(type.held));
    const int64_t count = values.numel();
    if (is_float(type)) {
        const Table& table = table_of(type);
        auto* to = values.data_ptr<float>();
        for (int64_t i = 0; i < count; ++i)
            to[i] = table[element<uint8_t>(bytes, i)];
    } else if (type.bytes == 2) {
        auto* to = values.data_ptr<int32_t>();
        for (int64_t i = 0; i < count; ++i)
            to[i] = element<uint16_t>(bytes, i);
    } else {
        auto* to = values.data_ptr<int64_t>();
        for (int64_t i = 0; i < count; ++i)
            to[i] = type.bytes == 4 ? static_cast<int64_t>(element<uint32_t>(bytes, i))
                                    : element<int64_t>(bytes, i);
    }
    return values;
}

std::string foreign_bytes(const ForeignType& type, const at::Tensor& values) {
    std::string out;
    out.reserve(static_cast<size_t>(values.numel()) * type.bytes);
    const at::Tensor dense = values.to(type.held).contiguous();
    for (int64_t i = 0; i < dense.numel(); ++i) {
        if (is_float(type))
            put<uint8_t>(out, foreign_bits(type, dense.data_ptr<float>()[i]));
        else if (type.bytes == 2)
            put<uint16_t>(out, static_cast<uint64_t>(dense.data_ptr<int32_t>()[i]));
        else if (type.bytes == 4)
            put<uint32_t>(out, static_cast<uint64_t>(dense.data_ptr<int64_t>()[i]));
        else
            put<uint64_t>(out, static_cast<uint64_t>(dense.data_ptr<int64_t>()[i]));
    }
    return out;
}

at::Tensor rounded_to(const ForeignType& type, const at::Tensor& values) {
    const at::Tensor held = values.to(type.held);
    if (!is_float(type))
        return type.bytes == 8 ? held : held.bitwise_and((int64_t{1} << (8 * type.bytes)) - 1);
    // Of the same strides: a conversion keeps them.
    const at::Tensor found = at::empty_like(held);
    const at::Tensor from = held.contiguous();
    const at::Tensor dense = at::empty_like(from);
    const Table& table = table_of(type);
    for (int64_t i = 0; i < from.numel(); ++i)
        dense.data_ptr<float>()[i] = table[foreign_bits(type, from.data_ptr<float>()[i])];
    return found.copy_(dense);
}

} // namespace hopscope::executor
