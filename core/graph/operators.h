// Python's operators as FX prints them (torch/fx/graph.py: magic_methods, inplace_methods). Shared by reader
// and printer.
#pragma once

#include <array>
#include <string_view>

namespace hopscope {

struct PythonOperator {
    std::string_view symbol; // between or before the operands
    std::string_view name; // in the module `operator`
    int operands;
};

// Longer symbols first, so that a scan takes the longest match.
inline constexpr std::array kPythonOperators{
    PythonOperator{"**", "operator.pow", 2},
    PythonOperator{"//", "operator.floordiv", 2},
    PythonOperator{"<<", "operator.lshift", 2},
    PythonOperator{">>", "operator.rshift", 2},
    PythonOperator{"==", "operator.eq", 2},
    PythonOperator{"!=", "operator.ne", 2},
    PythonOperator{"<=", "operator.le", 2},
    PythonOperator{">=", "operator.ge", 2},
    PythonOperator{"+", "operator.add", 2},
    PythonOperator{"-", "operator.sub", 2},
    PythonOperator{"*", "operator.mul", 2},
    PythonOperator{"/", "operator.truediv", 2},
    PythonOperator{"%", "operator.mod", 2},
    PythonOperator{"@", "operator.matmul", 2},
    PythonOperator{"&", "operator.and_", 2},
    PythonOperator{"|", "operator.or_", 2},
    PythonOperator{"^", "operator.xor", 2},
    PythonOperator{"<", "operator.lt", 2},
    PythonOperator{">", "operator.gt", 2},
};

inline constexpr std::array kUnaryOperators{
    PythonOperator{"-", "operator.neg", 1},
    PythonOperator{"+", "operator.pos", 1},
    PythonOperator{"~", "operator.invert", 1},
};

inline constexpr std::array kInplaceOperators{
    PythonOperator{"**=", "operator.ipow", 2},
    PythonOperator{"//=", "operator.ifloordiv", 2},
    PythonOperator{"<<=", "operator.ilshift", 2},
    PythonOperator{">>=", "operator.irshift", 2},
    PythonOperator{"+=", "operator.iadd", 2},
    PythonOperator{"-=", "operator.isub", 2},
    PythonOperator{"*=", "operator.imul", 2},
    PythonOperator{"/=", "operator.itruediv", 2},
    PythonOperator{"%=", "operator.imod", 2},
    PythonOperator{"@=", "operator.imatmul", 2},
    PythonOperator{"&=", "operator.iand", 2},
    PythonOperator{"|=", "operator.ior", 2},
    PythonOperator{"^=", "operator.ixor", 2},
};

} // namespace hopscope
