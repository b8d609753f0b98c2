// Classes, signatures, what a body lacks: what a line is. Its statements are in module_statements.cpp.
#include "core/read/module_reader.h"

#include "core/base/text.h"
#include "core/read/scan.h"

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kMostProblems = 50; // per module; the rest is counted

} // namespace

void ModuleReader::problem(uint32_t number, size_t offset, std::string message, Severity severity) {
    last_line_ = number;
    last_offset_ = offset;
    if (++module_problems_ > kMostProblems) {
        ++suppressed_;
        return;
    }
    problems_.push_back({severity, std::move(message), {}, line_at(number), offset_at(number, offset)});
}

// What a body lacks can be told only when all its lines were seen.
void ModuleReader::close_body() {
    if (!open_body_)
        return;
    open_body_ = false;
    tell_missing_return();
    if (passed_)
        problem(passed_line_, passed_offset_,
            counted(passed_, "statement") + " behind the return of "
                + utf8(builder_.module().text(builder_.body().class_name))
                + " was passed over: nothing that is returned uses it");
    passed_ = 0;
    tell_made_names();
    tell_undefined();
    any_nodes_ = any_nodes_ || !builder_.body().nodes.empty();
}

void ModuleReader::tell_missing_return() {
    const std::string name = utf8(builder_.module().text(builder_.body().class_name));
    if (state_ == State::Result) {
        expressions_.end_result(result_line_);
        problem(read_line_, read_offset_, "the text ends inside the return of " + name);
    } else if (state_ == State::Signature) {
        problem(read_line_, read_offset_, "the text ends inside the signature of " + name);
    } else if (state_ == State::Statements && !cut_ && !options_.partial) {
        problem(read_line_, read_offset_,
            "the body of " + name + " has no return: the text ends, or what followed is lost");
    }
    cut_ = false;
}

void ModuleReader::tell_made_names() {
    const ExpressionReader::Made made = expressions_.take_made();
    if (made.count)
        problem(made.number, made.offset,
            counted(made.count, "statement") + " of this graph " + (made.count == 1 ? "is" : "are")
                + " as people write them (a, b = f(x); a += x; x.add_(1)): for what they compute names were "
                  "made, "
                  "'"
                + utf8(builder_.module().text(made.first)) + "' first",
            Severity::Note);
}

// Names that nothing defines become inputs, so that the picture shows where they go.
void ModuleReader::tell_undefined() {
    std::vector<StringId> names;
    for (const UnknownName& unknown : expressions_.take_unknown()) {
        const std::string name = utf8(builder_.module().text(unknown.name));
        if (builder_.node_named(unknown.name)) {
            problem(unknown.number, unknown.offset, "'" + name + "' is used before it is defined");
        } else if (!builder_.is_symbol(unknown.name)) {
            names.push_back(unknown.name);
            problem(unknown.number, unknown.offset,
                "'" + name + "' is not defined in this text; it is shown as an input, marked so",
                Severity::Note);
        }
    }
    if (!names.empty())
        builder_.add_free_inputs(names, "not defined in this text");
}

void ModuleReader::class_line(std::string_view name, size_t indent) {
    close_body();
    while (!scopes_.empty() && scopes_.back().indent >= indent)
        scopes_.pop_back();
    const BodyId parent = scopes_.empty() ? BodyId() : scopes_.back().body;
    scopes_.push_back({builder_.begin_body(name, parent), indent});
    state_ = State::BeforeDef;
    source_ = {};
    annotations_.clear();
    skip_from_.reset();
    statement_indent_.reset();
    expressions_.forget_locals();
}

// "    def forward(" with all, some or none of its parameters on the line.
void ModuleReader::signature_line(std::string_view rest) {
    open_body_ = true;
    if (trimmed(rest).empty()) {
        state_ = State::Signature;
        return;
    }
    state_ = one_line_signature(rest) ? State::Statements : State::Signature;
}

// True once the bracket closes; else the parameters go on in the next line.
bool ModuleReader::one_line_signature(std::string_view rest) {
    expressions_.at_line(lines_->number(), lines_->offset()); // a default may name something
    bool first = true;
    for (;;) {
        while (rest.starts_with(' ') || rest.starts_with(','))
            rest.remove_prefix(1);
        if (rest.empty())
            return false;
        if (rest.starts_with(')'))
            return true;
        if (first && rest.starts_with("self") && (rest.size() == 4 || !is_identifier_char(rest[4]))) {
            rest.remove_prefix(4);
            first = false;
            continue;
        }
        first = false;
        if (!expressions_.parameter(rest, file_line())) {
            problem(lines_->number(), lines_->offset(),
                "expected a parameter of forward, found '" + utf8(rest.substr(0, 40)) + "'");
            return rest.find("):") != npos || rest.ends_with(':');
        }
    }
}

// Takes the AOT descriptor off: "x: "f32[4]",  # PlainAOTInput(idx=0)".
std::string_view take_descriptor(std::string_view& text) {
    const size_t at = text.rfind("  # ");
    if (at == npos)
        return {};
    const std::string_view descriptor = trimmed(text.substr(at + 4));
    text = trimmed(text.substr(0, at));
    return descriptor;
}

void ModuleReader::passed_over(std::string_view text) {
    problem(lines_->number(), lines_->offset(),
        "a line that is no part of the graph was passed over: '" + utf8(text.substr(0, 80)) + "'",
        Severity::Note);
}

namespace {
// Whether a line goes on with a signature: a name, and what may stand behind one.
bool begins_parameter(std::string_view text) {
    size_t at = text.find_first_not_of("*, ");
    at = std::min(at, text.size());
    const std::string_view name = identifier_at(text, at);
    if (name.empty())
        return at >= text.size() || text[at] == ')';
    at += name.size();
    skip_spaces(text, at);
    if (at >= text.size())
        return true;
    const std::string_view behind = text.substr(at);
    return behind.starts_with(',') || behind.starts_with(')') || behind.starts_with("= ")
        || behind.starts_with(": ") || behind.starts_with(":\"") || behind.starts_with("# ");
}
} // namespace

// False if the line is behind the module.
bool ModuleReader::line(std::string_view text, size_t indent) {
    if (in_meta_block_ || text.starts_with("\"\"\"")) {
        const bool closes_itself = !in_meta_block_ && text.size() >= 6 && text.ends_with("\"\"\"");
        if (!closes_itself && (!in_meta_block_ || text.ends_with("\"\"\"")))
            in_meta_block_ = !in_meta_block_;
        return true;
    }
    if (text.empty())
        return true;
    if (text.front() == '#') {
        if (is_source_comment(text))
            source_ = builder_.source(text);
        return indent > scopes_.back().indent || state_ == State::BeforeDef;
    }
    if (const std::string_view name = text.starts_with("class ") ? class_on_line(text) : std::string_view();
        !name.empty()) {
        if (indent <= scopes_.front().indent)
            return false;
        class_line(name, indent);
        return true;
    }
    if (state_ == State::Signature) {
        if (text.starts_with(')')) {
            state_ = State::Statements;
            return true;
        }
        if (text == "self," || text == "self")
            return true;
        // Another program's output. A type in quotes is what a parameter lost.
        if (!begins_parameter(text) && text.find("\",") == npos && text.find("\"):") == npos) {
            passed_over(text);
            return true;
        }
        const std::string_view descriptor = take_descriptor(text);
        // One parameter a line; several where a long signature was broken.
        const size_t before = builder_.body().nodes.size();
        if (one_line_signature(text))
            state_ = State::Statements;
        if (!descriptor.empty() && builder_.body().nodes.size() > before)
            builder_.body().nodes.back().descriptor = builder_.intern(descriptor);
        return true;
    }
    if (state_ == State::Result) {
        result_line(text);
        return true;
    }
    constexpr std::string_view kDef = "def forward(";
    if (text.starts_with(kDef) && state_ == State::BeforeDef) {
        signature_line(text.substr(kDef.size()));
        return true;
    }
    if (state_ == State::BeforeDef) {
        if (indent > scopes_.front().indent && indent <= scopes_.back().indent)
            passed_over(text); // between a nested class and its forward
        return indent > scopes_.front().indent;
    }
    if (skip_from_ && indent > *skip_from_)
        return true;
    skip_from_.reset();
    if (indent <= scopes_.back().indent)
        return false;
    if (text.starts_with(kDef)) {
        problem(lines_->number(), lines_->offset(),
            "a second forward of " + utf8(builder_.module().text(builder_.body().class_name))
                + " was passed over");
        skip_from_ = indent;
        return true;
    }
    if (state_ == State::AfterResult) {
        const bool again = text.starts_with("return ") && indent == statement_indent_;
        if (!again && !expressions_.looks_like_statement(text))
            return false;
        if (!passed_++) {
            passed_line_ = lines_->number();
            passed_offset_ = lines_->offset();
        }
        return true;
    }
    if (!statement_indent_)
        statement_indent_ = indent;
    // Another program's output between the lines: a progress bar, a warning.
    if (indent != *statement_indent_ && text.front() != ')' && !text.starts_with("return")
        && !expressions_.looks_like_statement(text)) {
        passed_over(text);
        return true;
    }
    statement_line(text);
    return true;
}

bool ModuleReader::read(Lines& lines, std::string_view class_name, size_t class_indent, bool bare_def) {
    lines_ = &lines;
    // What is told of a body that has no line of its own is told of its head.
    read_line_ = lines.number();
    read_offset_ = lines.offset();
    class_line(class_name, class_indent);
    if (bare_def) {
        const std::string_view text = lines.line();
        signature_line(text.substr(text.find('(') + 1));
    }
    for (;;) {
        if (!lines.next())
            return false;
        const std::string_view whole = lines.line();
        const size_t indent = indent_of(whole);
        std::string_view text = whole.substr(indent);
        while (text.ends_with(' ') || text.ends_with('\t'))
            text.remove_suffix(1);
        if (!line(text, indent))
            return true;
        if (!text.empty()) {
            read_line_ = lines.number();
            read_offset_ = lines.offset();
        }
    }
}

} // namespace hopscope::read
