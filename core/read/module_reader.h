// One printed module, line by line. What module_reader.cpp and module_statements.cpp share.
#pragma once

#include "core/read/comment.h"
#include "core/read/expression.h"
#include "core/read/lines.h"
#include "core/read/module_builder.h"
#include "core/read/readable.h"

#include <unordered_map>

namespace hopscope::read {

// Takes the AOT descriptor off: "x: "f32[4]",  # PlainAOTInput(idx=0)".
std::string_view take_descriptor(std::string_view& text);

class ModuleReader {
public:
    ModuleReader(const std::shared_ptr<const void>& storage, const ReadableOptions& options,
        std::vector<Problem>& problems)
        : options_(options)
        , problems_(problems)
        , builder_(storage)
        , expressions_(builder_) { }

    // Reads the module whose class or def is on the current line; stops at the first line behind it.
    // Returns whether the current line of `lines` still waits to be read.
    bool read(Lines& lines, std::string_view class_name, size_t class_indent, bool bare_def);
    std::shared_ptr<const GraphModule> finish() {
        close_body();
        if (suppressed_)
            problems_.push_back(
                {Severity::Warning, std::to_string(suppressed_) + " more problems in this graph", {},
                    line_at(last_line_), offset_at(last_line_, last_offset_)});
        // A class without a forward, or with nothing in it, is no graph.
        return any_nodes_ ? builder_.finish() : nullptr;
    }

private:
    enum class State : uint8_t { BeforeDef, Signature, Statements, Result, AfterResult };
    struct Scope {
        BodyId body;
        size_t indent; // of its class line
    };

    void passed_over(std::string_view text);
    bool line(std::string_view text, size_t indent);
    void class_line(std::string_view name, size_t indent);
    void signature_line(std::string_view rest);
    bool one_line_signature(std::string_view parameters);
    void statement_line(std::string_view text);
    std::string_view without_glued(std::string_view value);
    bool special_statement(std::string_view text);
    void bare_annotations(std::string_view text);
    void flattened_placeholders(std::string_view names);
    bool alias(std::string_view text);
    void result_line(std::string_view text);
    void one_statement(std::string_view text);
    void run_statement(std::string_view text, bool is_result);
    void keep_unread(std::string_view text);
    void close_body();
    void tell_missing_return();
    void tell_undefined();
    void tell_made_names();
    bool only_placeholders();
    bool only_inputs();
    void problem(uint32_t number, size_t offset, std::string message, Severity severity = Severity::Warning);
    uint32_t line_at(uint32_t number) const {
        return !options_.places.empty() ? place_at(number).line : options_.first_line + number - 1;
    }
    uint64_t offset_at(uint32_t number, size_t offset) const {
        return !options_.places.empty() ? place_at(number).offset : options_.first_offset + offset;
    }
    Place place_at(uint32_t number) const {
        return number && number <= options_.places.size() ? options_.places[number - 1] : Place{};
    }
    uint32_t file_line() const { return line_at(lines_->number()); }

    const ReadableOptions& options_;
    std::vector<Problem>& problems_;
    ModuleBuilder builder_;
    ExpressionReader expressions_;
    Lines* lines_ = nullptr;
    std::vector<Scope> scopes_;
    State state_ = State::BeforeDef;
    SourceId source_;
    bool in_meta_block_ = false; // between """ and """
    // "x: "f32[4]"" lines before the placeholders have been named
    std::unordered_map<StringId, std::pair<TypeId, StringId>> annotations_;
    uint32_t result_line_ = 0;
    bool open_body_ = false; // a forward was begun and not closed yet
    bool any_nodes_ = false;
    bool cut_ = false; // the text ends inside a statement, and that was told
    std::optional<size_t> skip_from_; // a second forward is passed over: the column of its def
    std::optional<size_t> statement_indent_;
    uint32_t read_line_ = 0; // the last line that was read, and where it starts
    size_t read_offset_ = 0;
    uint64_t passed_ = 0; // statements behind the return of the open body
    uint32_t passed_line_ = 0;
    size_t passed_offset_ = 0;
    size_t module_problems_ = 0, suppressed_ = 0;
    size_t joined_ = 0; // bytes of joined lines that were tried
    uint32_t last_line_ = 0;
    size_t last_offset_ = 0;
};

} // namespace hopscope::read
