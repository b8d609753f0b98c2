// Argument values of generated FX code: a superset of Python's literals (torch/fx/graph.py, _format_args).
//
// Iterative, with a bound on bracket depth: the input's depth is never the reader's.
#pragma once

#include "core/read/module_builder.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hopscope::read {

enum class Outcome : uint8_t {
    Ok,
    Unfinished, // the text ended inside brackets or quotes: more lines may complete it
    Bad, // see the reader's error()
};

// A name in an argument that is no node so far, with the line that used it first.
struct UnknownName {
    StringId name;
    uint32_t number = 0; // of the line, within its text
    size_t offset = 0;
};

// Appends values to the arguments of the builder's open body.
class ValueReader {
public:
    explicit ValueReader(ModuleBuilder& builder)
        : builder_(builder) { }

    enum class Stop : uint8_t {
        Anywhere, // an operator may follow: the value is its first operand
        Delimiter, // an operator behind the value makes the whole a symbolic expression
    };

    // One value from `at` on, which moves behind it.
    Outcome value(std::string_view text, size_t& at, Stop stop);
    // Comma-separated values and keywords up to the bracket that closes the call; `at` is after the opening
    // one.
    Outcome call_arguments(std::string_view text, size_t& at);
    void push(ArgKind kind, StringId text = {});
    // A name that is no node so far: a symbol, until the body's end tells otherwise (UnknownName).
    void unknown(StringId name);
    Outcome bad(std::string message);
    const std::string& error() const { return error_; }

    // Names that are no nodes but stand for an argument (N_boxed_arg_I of 2.14).
    void set_local(StringId name, std::vector<Arg> value) { locals_[name] = std::move(value); }
    void forget_locals() {
        locals_.clear();
        unknown_.clear();
    }
    // The line that is being read, for the unknown names in it.
    void at_line(uint32_t number, size_t offset) {
        number_ = number;
        offset_ = offset;
    }
    // The names of the open body that were no nodes when they were used, each once, in order of first use.
    bool is_unknown(StringId name) const {
        for (const UnknownName& u : unknown_)
            if (u.name == name)
                return true;
        return false;
    }
    size_t unknown_count() const { return unknown_.size(); }
    void forget_unknown(size_t from) { unknown_.resize(from); }
    std::vector<UnknownName> take_unknown() { return std::exchange(unknown_, {}); }

private:
    class Scan;

    Outcome leaf(std::string_view text, size_t& at);
    Outcome number(std::string_view text, size_t& at);
    Outcome quoted(std::string_view text, size_t& at);
    Outcome word(std::string_view text, size_t& at, bool& opened, Arg& container);
    bool computes(std::string_view words) const;
    Outcome opaque(std::string_view text, size_t& at, size_t from);

    ModuleBuilder& builder_;
    std::string error_;
    std::unordered_map<StringId, std::vector<Arg>> locals_;
    std::vector<UnknownName> unknown_;
    uint32_t number_ = 0;
    size_t offset_ = 0;
};

} // namespace hopscope::read
