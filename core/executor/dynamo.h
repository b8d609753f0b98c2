// Nodes of the Dynamo stage: torch functions, methods and Python operators, which name no operator of the
// dispatcher.
//
// Dynamo's text does not say which value is a tensor, a number or a list, so that the overload is chosen when
// the values are there, as Python's bindings do it (overloads.h). What has no operator is in two tables
// (dynamo_table.cpp, dynamo_functions.cpp).
#pragma once

#include "core/executor/overloads.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::executor {

// One argument as the graph gives it.
struct ArgumentForm {
    PassedAs as = PassedAs::Value;
    bool list = false; // a list or tuple of `count` operands
    uint32_t count = 1; // operands that it takes
    std::string keyword; // empty: by position
};

// One part of a subscript; a slice takes three operands, the ellipsis none, everything else one.
enum class IndexPart : uint8_t { Value, List, Slice, Ellipsis };
struct IndexItem {
    IndexPart part = IndexPart::Value;
    uint32_t count = 1;
};

// A value that is computed without a single operator; null where there is none.
using ValueFunction = c10::IValue (*)(const std::vector<PythonValue>&);

// A call whose operator is chosen when it runs. Operands lie in Step::operands, argument by argument.
struct DynamicCall {
    enum class Kind : uint8_t {
        Operator, // one of `overloads`
        Arithmetic, // operator.*: on numbers by python.h, on tensors by an operator
        GetItem, // value[index]
        SetItem, // value[index] = last operand
        Function, // `function`
        Nothing, // no effect on values: torch._C._set_grad_enabled
    };
    Kind kind = Kind::Operator;
    std::string name; // as the graph says it, for messages
    std::string op; // "aten::add"
    std::optional<int> number; // python_function() of it: of arithmetic on numbers
    ValueFunction function = nullptr;
    std::vector<ArgumentForm> forms;
    std::vector<IndexItem> index;
};

// Throws std::runtime_error saying why, or what libtorch throws.
c10::IValue call_dynamic(const DynamicCall& call, const std::vector<c10::IValue>& operands);

// --- dynamo_table.cpp
// --------------------------------------------------------------------------------------------------

// A Python function that is one operator with other arguments.
struct Rewrite {
    std::string_view target; // "torch.nn.functional.embedding", "Tensor.type"
    std::string_view parameters; // of the Python function: "input p=0.5 inplace=False"
    std::string_view op; // "aten::dropout"; with inplace=True its in-place form
    // Of the operator: names of parameters. NAME?V: V in the place of None. NAME%: a reduction's number.
    // =V: a literal. @NAME: by keyword. !NAME=V: only where the parameter is V.
    std::string_view arguments;
};
const Rewrite* find_rewrite(std::string_view target);

// The operator's name for a target without a row of its own: "torch.relu" -> "aten::relu"; empty if there is
// none.
std::string operator_of(std::string_view target, bool method);
// A call that has no effect on values when a body is run alone.
bool without_effect(std::string_view target);
// Why a target must not be run, where that needs a word; null otherwise.
const char* refused(std::string_view target);

// --- dynamo_functions.cpp
// ----------------------------------------------------------------------------------------------

struct FunctionRow {
    std::string_view target;
    std::string_view
        parameters; // "self dim=None"; "*name" takes all that follow as a list; "..." as they are given
    ValueFunction call;
};
const FunctionRow* find_function(std::string_view target);

} // namespace hopscope::executor
