// What a compilation failed of, taken out of the tracebacks that PyTorch records: message, explanation and
// hints as torch/_dynamo/exc.py (unimplemented) writes them, the user's frames, and which region's call was
// under way.
#pragma once

#include "core/graph/dump.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope {

struct UserFrame {
    std::string file, function, code;
    int line = 0;
    bool of_torch = false; // PyTorch's own code
};

struct FailureStory {
    std::string kind; // "dynamo_error", "fx_interpreter_error"
    std::string type; // "RuntimeError"; empty = not told
    std::string message; // what went wrong, whole: may be several lines
    std::string explanation, context; // empty where the record has none
    std::vector<std::string> hints;
    std::vector<UserFrame> frames; // of the user's program, outermost first
    // Where tracing stood: a call of a region in the graph that was interpreted, or none.
    std::string node, identifier;
    bool in_region = false; // the frames lead through a region's call, or the node is one
    std::string function; // of that region; empty = not told
    FileId file;
    uint64_t line = 0; // of the record

    // The innermost frame that is the user's own; null where none is.
    const UserFrame* users_line() const;
    // The last line of the user's program before a region was entered: where it is called.
    const UserFrame* call_line() const;
    // Message and explanation on one line.
    std::string sentence() const;
    // The first line of the message, of a long one the first sentence.
    std::string short_sentence() const;
};

// None where the compilation did not fail, or the dump records no failure of it.
std::optional<FailureStory> failure_of(const Dump& dump, CompilationId compilation);

} // namespace hopscope
