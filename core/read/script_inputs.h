// The inputs that a repro script makes for its graph.
#pragma once

#include "core/read/script.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

struct ScriptInput {
    enum class Kind : uint8_t { Tensor, Number, Other };
    Kind kind = Kind::Other;
    std::string dtype = "float32"; // torch's name
    std::vector<std::string> shape, stride; // expressions
    std::string offset; // elements
    std::string device = "cpu";
    std::string number; // Number: its value
    std::string expression; // Number: the symbol that it stands for, where that is known
    std::string hash; // of the storage, where it was written
    uint32_t line = 0; // of the script
};

// "f32[4, 5][5, 1]cuda:0", "Sym(s77)"; empty for what has no type, or an expression that is none.
std::string annotation_of(const ScriptInput& input);

// A line of a script, or several that belong to one statement.
struct ScriptLine {
    std::string_view text; // without indent
    size_t indent = 0;
    uint32_t line = 0;
};

// The arguments between the brackets of a call, at its top level.
std::vector<std::string_view> split_arguments(std::string_view list);
// What stands between the bracket at `open` and the one that closes it; empty if none does.
std::string_view inside(std::string_view text, size_t open);

// reader.storage, reader.tensor, reader.symint and the like of load_args, in order.
std::vector<ScriptInput> load_args_inputs(const std::vector<ScriptLine>& body);
// args = [((4, 5), (5, 1), torch.float32, 'cuda'), …] of the first minifiers.
std::vector<ScriptInput> list_inputs(std::string_view list, uint32_t line);
// The type of a buffer or parameter by what makes it: torch.randn([4], dtype=…), tensor([…]).
std::string constant_annotation(std::string_view expression);

// Gives symbols to numbers: by what the script says (expr=, `s77 = 8`), else in order where there are as many
// numbers as symbols that nothing defines. Fills `script.symbols` and notes.
void name_symbols(
    std::vector<ScriptInput>& inputs, const std::map<std::string, std::string>& defined, Script& script);

} // namespace hopscope::read
