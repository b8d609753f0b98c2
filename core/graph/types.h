// What a value is: dtype, symbolic shape and stride, device. One per distinct annotation of a graph module.
//
// The text form is PyTorch's own (torch/fx/graph.py, CodeGen._gen_python_code, and
// torch/utils/_dtype_abbrs.py).
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hopscope {

struct DType {
    std::string_view abbreviation; // as annotations write it: "f32", "b8"
    std::string_view name; // as torch names it: "float32", "bool"
    uint8_t bits; // per element; 0 = not known
};

// Null for a name that is not in PyTorch's table (formats change).
const DType* dtype_by_abbreviation(std::string_view abbreviation);
const DType* dtype_by_name(std::string_view name);

enum class TypeKind : uint8_t {
    Tensor, // "f32[2, 4][4, 1]cpu"
    Sym, // "Sym(s77)": SymInt, SymFloat or SymBool
    Subclass, // "DTensor(f32[8, 8], S(0))"
    Other, // any other text
};

// Dimensions are symbolic expressions, kept as text; `dims` are ids of the module's strings.
struct ValueType {
    TypeKind kind = TypeKind::Other;
    bool has_stride = false;
    StringId text; // the annotation as written
    StringId dtype; // abbreviation, tensors only
    StringId device; // empty where the dump gives none
    StringId symbol; // Sym: the expression
    uint32_t dims_begin = 0; // into GraphModule::dims: shape, then stride
    uint16_t rank = 0;

    friend bool operator==(const ValueType&, const ValueType&) = default;
};

} // namespace hopscope
