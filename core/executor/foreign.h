// Dtypes that this libtorch lacks (float8 before 2.1, unsigned integers before 2.3): their values are held in
// a wider type that has all of them, rounded to what the dtype has, and converted to and from bytes exactly.
#pragma once

#include "core/executor/torch.h"

#include <string>
#include <string_view>

namespace hopscope::executor {

struct ForeignType {
    std::string_view name; // torch's: "float8_e4m3fn"
    at::ScalarType held; // the type that its values are held in; uint64 as the int64 of the same bits
    uint8_t bytes = 1; // an element's in a file
    // Floating: sign, exponent, mantissa; 0 bits of exponent: an unsigned integer.
    uint8_t exponent_bits = 0, mantissa_bits = 0;
    int bias = 0;
    bool infinite = false; // the largest exponent is for infinities and NaN, as IEEE 754 has it
    bool one_zero = false; // "uz": no negative zero, whose bits are the one NaN
};

// None for dtypes that are native, and for what is no dtype.
const ForeignType* foreign_type(std::string_view name);

// Dense bytes of a file as values. `bytes` has the size that the shape needs.
at::Tensor from_foreign_bytes(const ForeignType& type, std::string_view bytes, at::IntArrayRef shape);
// Row-major bytes of values that have been rounded.
std::string foreign_bytes(const ForeignType& type, const at::Tensor& values);
// The nearest values that the type has, ties to even; what is too large becomes infinity or NaN, integers
// wrap around.
at::Tensor rounded_to(const ForeignType& type, const at::Tensor& values);

// One element, for tests: bits and value.
double foreign_value(const ForeignType& type, uint8_t bits);
uint8_t foreign_bits(const ForeignType& type, float value);

} // namespace hopscope::executor
