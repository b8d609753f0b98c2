// Scripts that hold a graph and its inputs: fx_graph_runnable.py, repro.py of the minifier, old and new
// (torch/_dynamo/repro/after_aot.py, generate_compiler_repro_string; torch/_dynamo/debug_utils.py,
// InputWriter and NNModuleToString).
#pragma once

#include "core/graph/dump.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

// What the script says, as print_readable would have written it: types from `load_args` or `args = […]` in
// the signature, classes that __init__ makes as nested classes.
struct Script {
    struct Note {
        uint32_t line = 0; // of the script, from 1
        Severity severity = Severity::Note;
        std::string message;
    };

    std::string text;
    std::vector<uint32_t> lines; // of each line of `text`: the script's line that it was made of, from 1
    std::vector<std::string> parameters; // of forward, without self
    std::vector<SymbolHint> symbols; // with the values that they had; compilation and file unset
    std::vector<SavedTensor> saved; // `member` = the storage's hash; path unset
    std::string save_dir; // where the storages were written; empty = they were not
    std::vector<std::string> lost; // attributes whose body the script does not have
    std::vector<Note> notes;
};

// Whether a text is worth trying: it has a class and load_args, a list of arguments or a Repro.
bool looks_like_script(std::string_view text);
// Nothing where there is no class with a forward, or nothing that print_readable does not say as well.
std::optional<Script> read_script(std::string_view text);

} // namespace hopscope::read
