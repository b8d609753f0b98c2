// torch.export's JSON (torch/_export/serde/schema.py) as the text that PyTorch prints of the same program.
//
// The reader of print_readable does the rest: one form for what follows, and a text that a session keeps.
#pragma once

#include "core/base/result.h"
#include "core/graph/dump.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

struct ExportedProgram {
    // Placeholders of the root, in order.
    struct Input {
        enum class Kind : uint8_t { User, Parameter, Buffer, Constant, Other };
        Kind kind = Kind::User;
        std::string name; // "p_layers_0_weight"
        std::string target; // of what the state holds: "layers.0.weight"
        bool tensor = false;
        bool persistent = true; // a buffer that is not lies among the constants
    };

    std::string text; // print_readable, with strides and devices; regions as nested classes
    std::vector<Input> inputs;
    std::vector<SymbolHint> symbols; // with their ranges; compilation and file unset
    std::string torch_version;
    std::vector<std::string> notes; // what could not be written down as it is
};

// Nodes that the JSON leaves out are made again: get_attr of a region's body, and getitem for each output of
// a node with several. A body that is embedded at each of its calls (PyTorch 2.8 and later) is written once.
// Schemas 5 to 8 are known, of others is said that they are not. Errors: Damaged with the JSON parser's
// words; CannotRead where it holds no graph.
Result<ExportedProgram> exported_program(std::string_view json);

// The dtype of the JSON's number (ScalarType of schema.py); empty where it is not known.
std::string_view exported_dtype(int64_t number);

} // namespace hopscope::read
