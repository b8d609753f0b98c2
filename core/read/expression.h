// Argument expressions and statements of generated FX code: a superset of Python's literals.
//
// Iterative, with a bound on bracket depth: the input's depth is never the reader's.
#pragma once

#include "core/read/module_builder.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace hopscope::read {

// Reads one statement at a time into the open body of a builder.
class ExpressionReader {
public:
    explicit ExpressionReader(ModuleBuilder& builder)
        : builder_(builder) { }

    enum class Outcome : uint8_t {
        Ok,
        Unfinished, // the text ended inside brackets or quotes: more lines may complete it
        Bad, // see error()
    };

    // A statement that makes a node, without its indent. `line` and `source` are set on the node.
    Outcome statement(std::string_view text, uint32_t line, SourceId source);
    // What stands after "return ".
    Outcome result(std::string_view text, uint32_t line);
    // "NAME[: ann][ = default]" of a signature: adds a placeholder and moves `text` past it and a comma
    // behind it. False at anything else.
    bool parameter(std::string_view& text, uint32_t line);

    // For an expanded return: the items come one by one.
    void begin_result(ArgKind container);
    bool result_item(std::string_view text); // without its comma and descriptor
    void end_result(uint32_t line);

    const std::string& error() const { return error_; }
    void forget_locals() { locals_.clear(); }

private:
    enum class Stop : uint8_t { Anywhere, Delimiter };

    // One value appended to body().args; `stop` says whether an operator behind it makes it a symbolic
    // expression.
    Outcome value(std::string_view text, size_t& at, Stop stop);
    // Comma-separated values and keywords up to the bracket that closes the call; `at` is after the opening
    // one.
    Outcome call_arguments(std::string_view text, size_t& at);
    Outcome right_side(std::string_view text, size_t& at, Node& node);
    Outcome self_path(std::string_view text, size_t& at, Node& node);
    Outcome named_path(std::string_view text, size_t& at, Node& node);
    Outcome method_or_attribute(std::string_view text, size_t& at, NodeId self, Node& node);
    Outcome operation(std::string_view text, size_t& at, Node& node);
    Outcome two_step(std::string_view text, Node& node); // x += 1;  iadd = x   and   x[k] = v;  setitem = x
    bool left_side(std::string_view text, size_t& at, Node& node);
    Outcome leaf(std::string_view text, size_t& at);
    Outcome number(std::string_view text, size_t& at);
    Outcome quoted(std::string_view text, size_t& at);
    Outcome word(std::string_view text, size_t& at, bool& opened, Arg& container);
    Outcome opaque(std::string_view text, size_t& at, size_t from);
    Outcome bad(std::string message);
    void push(ArgKind kind, StringId text = {});
    Outcome finish(Node node, std::string_view text, size_t at);

    ModuleBuilder& builder_;
    std::string error_;
    uint32_t line_ = 0;
    SourceId source_;
    uint32_t result_begin_ = 0;
    // Names that are no nodes but stand for an argument (N_boxed_arg_I of 2.14).
    std::unordered_map<StringId, std::vector<Arg>> locals_;
};

} // namespace hopscope::read
