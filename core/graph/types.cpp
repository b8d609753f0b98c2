#include "core/graph/types.h"

#include <array>

namespace hopscope {

namespace {

// torch/utils/_dtype_abbrs.py, and the names that other versions print for the same types.
constexpr std::array kDTypes{
    DType{"bf16", "bfloat16", 16},
    DType{"f64", "float64", 64},
    DType{"f32", "float32", 32},
    DType{"f16", "float16", 16},
    DType{"f8e4m3fn", "float8_e4m3fn", 8},
    DType{"f8e5m2", "float8_e5m2", 8},
    DType{"f8e4m3fnuz", "float8_e4m3fnuz", 8},
    DType{"f8e5m2fnuz", "float8_e5m2fnuz", 8},
    DType{"f8e8m0fnu", "float8_e8m0fnu", 8},
    DType{"f4e2m1fnx2", "float4_e2m1fn_x2", 8},
    DType{"c32", "complex32", 32},
    DType{"c64", "complex64", 64},
    DType{"c128", "complex128", 128},
    DType{"i8", "int8", 8},
    DType{"i16", "int16", 16},
    DType{"i32", "int32", 32},
    DType{"i64", "int64", 64},
    DType{"u8", "uint8", 8},
    DType{"u16", "uint16", 16},
    DType{"u32", "uint32", 32},
    DType{"u64", "uint64", 64},
    DType{"b8", "bool", 8},
    DType{"b16", "bits16", 16},
    DType{"b1x8", "bits1x8", 8},
    DType{"b8x1", "bits8", 8},
    DType{"b16x1", "bits16", 16},
    DType{"b2x4", "bits2x4", 8},
    DType{"b4x2", "bits4x2", 8},
};

} // namespace

const DType* dtype_by_abbreviation(std::string_view abbreviation) {
    for (const DType& d : kDTypes)
        if (d.abbreviation == abbreviation)
            return &d;
    return nullptr;
}

const DType* dtype_by_name(std::string_view name) {
    for (const DType& d : kDTypes)
        if (d.name == name)
            return &d;
    return nullptr;
}

} // namespace hopscope
