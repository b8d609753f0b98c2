#include "core/proof/difference.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace hopscope::proof {

namespace {

template <class T> void append(std::string_view bytes, std::vector<double>& out) {
    for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
        T number;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        out.push_back(static_cast<double>(number));
    }
}

double from_half(uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
        : exponent == 0                     ? std::ldexp(fraction, -24)
                                            : std::ldexp(1024 + fraction, exponent - 25);
    return bits & 0x8000 ? -magnitude : magnitude;
}

void append_halves(std::string_view bytes, bool brain, std::vector<double>& out) {
    for (size_t at = 0; at + 2 <= bytes.size(); at += 2) {
        uint16_t bits;
        std::memcpy(&bits, bytes.data() + at, sizeof bits);
        out.push_back(brain ? static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits) << 16))
                            : from_half(bits));
    }
}

struct Precision {
    double tolerance, unit;
};
Precision precision(const std::string& dtype) {
    if (dtype == "float64")
        return {1e-13, 0x1p-52};
    if (dtype == "float32")
        return {2e-5, 0x1p-23};
    if (dtype == "bfloat16")
        return {5e-2, 0x1p-8};
    if (dtype == "float16")
        return {5e-2, 0x1p-10};
    return {0, 0};
}

std::string described(const tensors::Value& value) {
    if (value.kind != tensors::Value::Kind::Tensor)
        return value.kind == tensors::Value::Kind::Number ? value.python_type : "tuple";
    std::string text = value.dtype + "[";
    for (size_t i = 0; i < value.shape.size(); ++i)
        text += (i ? ", " : "") + std::to_string(value.shape[i]);
    return text + "]";
}

} // namespace

bool elements_of(const tensors::Value& value, std::vector<double>& elements) {
    elements.clear();
    if (value.kind == tensors::Value::Kind::Number) {
        if (value.python == "True" || value.python == "False") {
            elements.push_back(value.python == "True");
            return true;
        }
        double number = 0;
        if (std::from_chars(value.python.data(), value.python.data() + value.python.size(), number).ec
            != std::errc())
            return false;
        elements.push_back(number);
        return true;
    }
    if (value.kind != tensors::Value::Kind::Tensor)
        return false;
    const std::string& dtype = value.dtype;
    if (dtype == "float32")
        append<float>(value.bytes, elements);
    else if (dtype == "float64")
        append<double>(value.bytes, elements);
    else if (dtype == "bfloat16" || dtype == "float16")
        append_halves(value.bytes, dtype == "bfloat16", elements);
    else if (dtype == "int64")
        append<int64_t>(value.bytes, elements);
    else if (dtype == "int32")
        append<int32_t>(value.bytes, elements);
    else if (dtype == "int16")
        append<int16_t>(value.bytes, elements);
    else if (dtype == "int8")
        append<int8_t>(value.bytes, elements);
    else if (dtype == "uint8" || dtype == "bool")
        append<uint8_t>(value.bytes, elements);
    else
        return false;
    return true;
}

double largest_of(const tensors::Value& value) {
    std::vector<double> all;
    double largest = 0;
    if (value.kind == tensors::Value::Kind::Tensor && elements_of(value, all))
        for (const double number : all)
            if (std::isfinite(number))
                largest = std::max(largest, std::abs(number));
    return largest;
}

bool is_finite(const tensors::Value& value) {
    std::vector<double> all;
    return value.kind != tensors::Value::Kind::Tensor || !elements_of(value, all)
        || std::all_of(all.begin(), all.end(), [](double number) { return std::isfinite(number); });
}

Difference difference(const tensors::Value& found, const tensors::Value& expected, double reach,
    const std::string& computed_in) {
    Difference d;
    if (described(found) != described(expected)) {
        d.equal = false;
        d.reason = described(found) + " found, " + described(expected) + " expected";
        return d;
    }
    std::vector<double> a, b;
    if (!elements_of(found, a) || !elements_of(expected, b)) {
        // None against None; complex numbers byte by byte.
        d.equal = found.bytes == expected.bytes;
        return d;
    }
    double largest = 0;
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (std::isfinite(b[i]))
            largest = std::max(largest, std::abs(b[i]));
        if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))
            continue;
        if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
            d.equal = false;
            d.absolute = INFINITY;
        }
        d.absolute = std::max(d.absolute, std::abs(a[i] - b[i]));
    }
    const bool coarser = !computed_in.empty() && expected.dtype.rfind("float", 0) == 0;
    const Precision p = precision(coarser ? computed_in : expected.dtype);
    if (d.absolute > std::max(p.tolerance * largest, 4 * p.unit * reach))
        d.equal = false;
    d.relative = d.absolute == 0 ? 0 : largest > 0 ? d.absolute / largest : INFINITY;
    return d;
}

} // namespace hopscope::proof
