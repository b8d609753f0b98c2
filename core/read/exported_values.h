// Arguments and types of torch.export's JSON as generated code writes them.
#pragma once

#include "core/graph/dump.h"
#include "core/read/json_values.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hopscope::read {

// What stands in a name's place: names come from a file, and go into generated code.
std::string safe_name(std::string_view name);
// 1e-05, 1.0, inf: as Python's repr writes a double.
std::string python_float(double value);
// 'it\'s': as Python's repr writes a text.
std::string python_text(std::string_view text);

// Writes down the values of one program; collects its symbols and what it could not write.
class ExportedValues {
public:
    // "f32[s77, 8][8, 1]cpu" of a TensorMeta.
    std::string tensor_type(std::optional<Json> meta);
    // "Sym(2*s77)" of a SymInt, SymFloat or SymBool; a number's where it is one.
    std::string symbol_type(std::optional<Json> value);
    // The expression of a SymInt.
    std::string symbol(std::optional<Json> value);
    // An Argument. `tuples`: lists are written as tuples, as Dynamo hands operands to cond and while_loop.
    std::string argument(std::optional<Json> value, bool tuples = false, int depth = 0);

    void note(std::string text);
    std::vector<SymbolHint> symbols;
    std::vector<std::string> notes;

private:
    std::string listed(std::optional<Json> value, std::string (ExportedValues::*one)(std::optional<Json>),
        bool tuple = false);
    std::string named(std::optional<Json> value);
    std::string integer_or_name(std::optional<Json> value);
    std::string number(std::optional<Json> value);
    std::string optional_tensor(std::optional<Json> value);
    std::string named_list(std::optional<Json> value);
    std::string number_list(std::optional<Json> value);
    std::string quoted(std::optional<Json> value);
    std::string complex(std::optional<Json> value);
    std::string device(std::optional<Json> value);

    std::unordered_map<std::string, size_t> known_symbols_;
    size_t notes_left_out_ = 0;
};

} // namespace hopscope::read
