// Statements of generated FX code (torch/fx/graph.py, CodeGen._gen_python_code).
#pragma once

#include "core/read/module_builder.h"
#include "core/read/rebuilt.h"
#include "core/read/values.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope::read {

// Reads one statement at a time into the open body of a builder.
class ExpressionReader {
public:
    explicit ExpressionReader(ModuleBuilder& builder)
        : builder_(builder)
        , values_(builder) { }

    // A statement that makes a node, without its indent. `line` and `source` are set on the node.
    Outcome statement(std::string_view text, uint32_t line, SourceId source);
    // What stood behind the last statement, after a semicolon, and is a statement too; deletions are none.
    // Empty where there was nothing, and from then on.
    std::string_view take_behind() { return std::exchange(behind_, {}); }
    // Leaves what stands behind a statement that somebody else read, from its semicolon on.
    void leave_behind(std::string_view text);
    // Names on the left of a statement whose right side cannot be read: of an assignment, a tuple on the
    // left, an in-place operator. `at` moves behind the sign. Empty where there is none.
    static std::vector<std::string_view> targets(std::string_view text, size_t& at);
    // A name that no node of the body has: `base`, or with a number, as FX makes them.
    StringId unused_name(std::string_view base);
    // Statements of the body since the last call that FX does not write, for whose values a name was made.
    struct Made {
        size_t count = 0;
        StringId first; // a name
        uint32_t number = 0; // its line within the text
        size_t offset = 0;
    };
    Made take_made() { return std::exchange(made_, {}); }
    // What stands after "return ".
    Outcome result(std::string_view text, uint32_t line);
    // "NAME[: ann][ = default]" of a signature: adds a placeholder and moves `text` past it and a comma
    // behind it. False at anything else.
    bool parameter(std::string_view& text, uint32_t line);

    // For an expanded return: the items come one by one.
    void begin_result(ArgKind container);
    Outcome result_item(std::string_view text); // without its comma and descriptor
    void end_result(uint32_t line);

    const std::string& error() const { return values_.error(); }
    void forget_locals() { values_.forget_locals(); }
    void at_line(uint32_t number, size_t offset) {
        number_ = number;
        offset_ = offset;
        values_.at_line(number, offset);
    }
    std::vector<UnknownName> take_unknown() { return values_.take_unknown(); }

    // `NAME[: ann] = `: fills the node's name and type, and moves `at` behind it. False at anything else.
    bool named(std::string_view text, size_t& at, Node& node) { return left_side(text, at, node); }
    // Whether a line begins as a statement does: a name, and an assignment, an index or an annotation.
    static bool looks_like_statement(std::string_view text);
    // `a = b = None`: names that are not used any more.
    static bool is_deletion(std::string_view text);

private:
    Outcome right_side(std::string_view text, size_t& at, Node& node);
    Outcome self_path(std::string_view text, size_t& at, Node& node);
    Outcome named_path(std::string_view text, size_t& at, Node& node);
    Outcome function_call(std::string_view text, size_t& at, Node& node);
    Outcome function_call(std::string_view path, std::string_view text, size_t& at, Node& node);
    Outcome method_or_attribute(
        std::string_view text, size_t& at, Node& node); // its object is the last argument
    Outcome operation(std::string_view text, size_t& at, Node& node);
    Outcome bracketed(std::string_view text, size_t& at, Node& node, bool& taken);
    Outcome two_step(std::string_view text, Node& node); // x += 1;  iadd = x   and   x[k] = v;  setitem = x
    bool left_side(std::string_view text, size_t& at, Node& node);
    // What people write and FX does not (expression_by_hand.cpp).
    Outcome by_hand(std::string_view text, Node& node);
    Outcome unpacked(std::string_view text, Node& node);
    Outcome bare_call(std::string_view text, Node& node);
    Outcome renamed(std::string_view text, size_t at, const Node& node);
    Outcome unnamed_in_place(Node node, std::string_view text, size_t at, StringId object);
    StringId name_for(const Node& node);
    void made_name(StringId name);
    Outcome finish(Node node, std::string_view text, size_t at);

    ModuleBuilder& builder_;
    ValueReader values_;
    std::string_view behind_;
    uint32_t line_ = 0; // of the file
    uint32_t number_ = 0; // of the text
    size_t offset_ = 0;
    SourceId source_;
    uint32_t result_begin_ = 0;
    Made made_;
};

} // namespace hopscope::read
