// What a body has to be given, and values held against it.
#pragma once

#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/graph/symbols.h"
#include "core/run/inputs.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace hopscope::run {

// Placeholders, and attributes that are tensors, in graph order.
std::vector<NodeId> wanted_inputs(const GraphModule& module, BodyId body);

// "(2, 3)", "(2,)", "()".
std::string listed(const std::vector<int64_t>& numbers);

// The numbers of symbolic dimensions, appended to `out`. Errors: Usage naming the placeholder, and the symbol
// that is not bound.
Status sizes_of(const GraphModule& module, std::string_view placeholder, std::span<const StringId> dims,
    const Bindings& symbols, std::vector<int64_t>& out);

// Where the value of an input is looked up: by its node, and by its place among wanted_inputs(). What it
// points to must stay; `bytes` of tensors may be missing. Errors are its own to word.
using FindValue = std::function<Result<const tensors::Value*>(NodeId node, size_t place)>;

// The error for a placeholder of which a file has nothing; says what the file has instead.
Error no_value(std::string_view placeholder, const std::vector<std::string>& names);

// What a value's sizes, or a number, say of the symbols of its type: `lone` ones ("s77"), or those in
// expressions.
void bind_symbols(const GraphModule& module, const ValueType& type, const tensors::Value& found, bool lone,
    Bindings& symbols);
// Kind, dtype and shape of one input's value; its strides become the recorded ones where they can. Errors:
// Usage naming the placeholder, what was found and what was expected.
Status check_input(const GraphModule& module, const std::string& name, const ValueType* type,
    const Bindings& symbols, tensors::Value& found);

// Takes a value for each input: sets symbols that sizes and numbers say, then checks kind, dtype and shape. A
// tensor gets the strides that the graph was recorded with, where no two of its elements share a place.
// Errors: those of `find`; Usage naming the placeholder, what was found and what was expected.
Result<std::vector<tensors::Value>> take_values(
    const GraphModule& module, BodyId body, const FindValue& find, Bindings& symbols);

} // namespace hopscope::run
