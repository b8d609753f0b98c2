// Chooses among an operator's overloads by the values of a call, as PyTorch's Python bindings do.
//
// Rules: torch/csrc/utils/python_arg_parser.cpp (FunctionParameter::check, FunctionSignature::parse) for what
// a parameter takes; tools/autograd/gen_python_functions.py (sort_overloads) for the order in which overloads
// are tried.
#pragma once

#include "core/executor/torch.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::executor {

// What a value stands for where its type does not say it: dtypes, layouts and memory formats are integers
// here.
enum class PassedAs : uint8_t { Value, Dtype, Layout, MemoryFormat };

// An argument of a call in Python. Lists and tuples are IValue tuples.
struct PythonValue {
    c10::IValue value;
    PassedAs as = PassedAs::Value;
    std::string_view keyword; // empty: by position
};

// All overloads of "aten::add" that Python could call, in the order in which they are tried. Empty if there
// is none. Kept for the process; overloads that write to `out` are left out.
const std::vector<c10::OperatorHandle>& overloads_of(const std::string& name);

// Calls the first overload that takes the arguments. None, one value, or a tuple of all returns.
// Throws std::runtime_error saying what was given and which overloads there are; whatever the operator
// throws.
c10::IValue call_overload(const std::string& name, const std::vector<PythonValue>& arguments);

// Whether an operator writes into its operands without its schema saying so: running statistics of the older
// batch norms.
bool writes_silently(std::string_view name);

// The items of a list or tuple of any kind.
std::vector<c10::IValue> items_of_value(const c10::IValue& list);
// "Tensor", "int", "list of 2": a value in words.
std::string kind_in_words(const PythonValue& value);

} // namespace hopscope::executor
