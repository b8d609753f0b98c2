#include "core/read/readable.h"

#include "core/base/text.h"
#include "core/read/comment.h"
#include "core/read/expression.h"
#include "core/read/lines.h"
#include "core/read/module_builder.h"
#include "core/read/scan.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kModuleSuffix = "Module):";
// A statement may go on over this many lines (a repr with raw newlines); then it is given up.
constexpr int kMostContinuations = 200;
constexpr size_t kMostProblems = 50; // per module; the rest is counted
// Bytes of joined lines that may be tried per module: a file full of open brackets is not read a hundred
// times over.
constexpr size_t kMostJoined = 8 << 20;

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

    bool line(std::string_view text, size_t indent);
    void class_line(std::string_view name, size_t indent);
    void signature_line(std::string_view rest);
    bool one_line_signature(std::string_view parameters);
    void statement_line(std::string_view text);
    bool special_statement(std::string_view text);
    void bare_annotations(std::string_view text);
    void flattened_placeholders(std::string_view names);
    bool alias(std::string_view text);
    void result_line(std::string_view text);
    void run_statement(std::string_view text, bool is_result);
    void keep_unread(std::string_view text);
    void close_body();
    void tell_missing_return();
    void tell_undefined();
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
    size_t skip_from_ = npos; // a second forward is passed over: the column of its def
    size_t statement_indent_ = npos;
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
    skip_from_ = statement_indent_ = npos;
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

bool ModuleReader::only_placeholders() {
    // Placeholders are only ever added behind placeholders.
    const auto& nodes = builder_.body().nodes;
    return nodes.empty() || nodes.back().op == Opcode::Placeholder;
}

// Placeholders, and get_attrs, which graph deduplication puts before the placeholders' aliases.
bool ModuleReader::only_inputs() {
    const auto& nodes = builder_.body().nodes;
    return std::all_of(nodes.rbegin(), nodes.rend(),
        [](const Node& n) { return n.op == Opcode::Placeholder || n.op == Opcode::GetAttr; });
}

// `primals_1: "f32[4]"  # PlainAOTInput(idx=0)` or `a: "…"; b: "…"; ` or, typed placeholders without a value,
// `a : torch.Tensor; b : torch.Tensor; `
void ModuleReader::bare_annotations(std::string_view text) {
    const std::string_view descriptor = take_descriptor(text);
    while (!text.empty()) {
        size_t end = 0;
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
        if (text.substr(end, 3) == " : ") {
            const size_t close = std::min(text.find(';', end), text.size());
            annotations_.insert_or_assign(builder_.intern(text.substr(0, end)),
                std::pair(builder_.type(trimmed(text.substr(end + 3, close - end - 3))), StringId()));
            text = text.substr(std::min(close + 1, text.size()));
            while (text.starts_with(' '))
                text.remove_prefix(1);
            continue;
        }
        const size_t open = text.find('"', end);
        const size_t close = open == npos ? npos : text.find('"', open + 1);
        if (end == 0 || close == npos)
            return;
        annotations_.insert_or_assign(builder_.intern(text.substr(0, end)),
            std::pair(builder_.type(text.substr(open + 1, close - open - 1)),
                descriptor.empty() ? StringId() : builder_.intern(descriptor)));
        text = text.substr(close + 1);
        while (text.starts_with(';') || text.starts_with(' '))
            text.remove_prefix(1);
    }
}

// `a, b, = fx_pytree.tree_flatten_spec(…)`: the names on the left are the graph's placeholders.
void ModuleReader::flattened_placeholders(std::string_view names) {
    builder_.drop_nodes();
    expressions_.forget_locals();
    while (!names.empty()) {
        const size_t comma = names.find(',');
        const std::string_view name = trimmed(names.substr(0, comma));
        names = comma == npos ? std::string_view{} : names.substr(comma + 1);
        if (!is_identifier(name))
            continue;
        Node node;
        node.op = Opcode::Placeholder;
        node.name = node.target = builder_.intern(name);
        node.line = file_line();
        if (const auto known = annotations_.find(node.name); known != annotations_.end())
            std::tie(node.type, node.descriptor) = known->second;
        builder_.add_node(node);
    }
}

// `l_x_ = L_x_`: the placeholder's name differs from the parameter's. Wherever it stands, as long as nothing
// used the placeholder before; a formatter may have put the parameter into brackets.
bool ModuleReader::alias(std::string_view text) {
    const size_t equal = text.find(" = ");
    if (equal == npos || !is_identifier(text.substr(0, equal)))
        return false;
    std::string_view parameter = text.substr(equal + 3);
    const std::string_view around = "() \t\r\n";
    parameter.remove_prefix(std::min(parameter.find_first_not_of(around), parameter.size()));
    parameter = parameter.substr(0, parameter.find_last_not_of(around) + 1);
    if (!is_identifier(parameter))
        return false;
    const NodeId node = builder_.node_named(builder_.intern(parameter));
    if (!node || builder_.body().node(node).op != Opcode::Placeholder)
        return false;
    for (const Arg& arg : builder_.body().args)
        if (arg.node() == node)
            return false;
    builder_.rename(node, builder_.intern(text.substr(0, equal)));
    return true;
}

// Lines that code generators write around the graph. True if `text` was one.
bool ModuleReader::special_statement(std::string_view text) {
    if (text.starts_with("wrap(") || text.starts_with('@'))
        return true;
    if (text == "pass" && builder_.body().nodes.empty()) { // an empty graph: it returns None
        result_line_ = file_line();
        state_ = State::AfterResult;
        run_statement("None", true);
        return true;
    }
    if (!only_placeholders())
        return text.size() < 512 && only_inputs() && alias(text);
    if (text.starts_with("_fn_args = ") || text.starts_with("args_iter = iter(")
        || text == "args_list.clear()")
        return true;
    if (const size_t next = text.find(" = next(args_iter)"); next != npos) {
        std::string_view left = text.substr(0, next);
        const NodeId boxed = builder_.node_named(builder_.intern("args_list"));
        if (boxed) {
            builder_.drop_nodes();
            expressions_.forget_locals();
        }
        expressions_.parameter(left, file_line());
        return true;
    }
    if (const size_t equal = text.find(", = ");
        equal != npos && is_identifier(trimmed(text.substr(0, text.find(','))))) {
        flattened_placeholders(text.substr(0, equal + 1));
        return true;
    }
    const size_t name_end = std::min(text.find(':'), text.size());
    if (is_identifier(text.substr(0, name_end)) && text.substr(name_end, 3) == ": \"") {
        const size_t close = text.find('"', name_end + 3);
        const std::string_view behind = close == npos ? std::string_view{} : text.substr(close + 1);
        if (close != npos && (behind.empty() || behind.starts_with(';') || behind.starts_with("  #"))) {
            bare_annotations(text);
            return true;
        }
    }
    if (const size_t colon = text.find(" : "); colon != npos && text.ends_with(';')
        && is_identifier(text.substr(0, colon)) && text.find(" = ") == npos) {
        bare_annotations(text);
        return true;
    }
    return alias(text);
}

// Whether nothing but blank lines is left.
bool only_blank_behind(Lines lines) {
    while (lines.next())
        if (!trimmed(lines.line()).empty())
            return false;
    return true;
}

// A statement that cannot be read still is a node: its name, its type and the nodes that it speaks of matter
// to what follows.
void ModuleReader::keep_unread(std::string_view text) {
    Node node;
    size_t at = 0;
    if (!expressions_.named(text, at, node) || at >= text.size())
        return;
    node.target = builder_.intern("?");
    node.line = file_line();
    node.source = source_;
    Body& body = builder_.body();
    node.args_begin = static_cast<uint32_t>(body.args.size());
    // Deletions name nodes too, and use none. A statement has some tens of names, damage may have any number.
    constexpr size_t kMostWords = 1 << 14;
    const std::string_view words = text.substr(at, std::min(kMostWords, text.find(";  ", at) - at));
    bool never_closes = false;
    for (size_t i = 0; i < words.size(); ++i) {
        if (words[i] == '\'' || words[i] == '"') {
            const size_t end = never_closes ? npos : string_end(words, i);
            never_closes = end == npos;
            i = end == npos ? i : end - 1;
            continue;
        }
        const std::string_view word = path_at(words, i);
        if (word.empty())
            continue;
        const NodeId input = builder_.node_named(builder_.intern(word.substr(0, word.find('.'))));
        const bool known = std::any_of(body.args.begin() + node.args_begin, body.args.end(),
            [&](const Arg& a) { return a.node() == input; });
        if (input && !known)
            body.args.push_back({ArgKind::Node, 1, input.index});
        i += word.size() - 1;
    }
    body.args.push_back({ArgKind::Opaque, 1, builder_.intern(text.substr(at)).index});
    node.args_end = static_cast<uint32_t>(body.args.size());
    builder_.add_node(node);
}

void ModuleReader::run_statement(std::string_view text, bool is_result) {
    const uint32_t number = lines_->number();
    const size_t offset = lines_->offset();
    const uint32_t line = file_line();
    expressions_.at_line(number, offset);
    const auto run = [&](std::string_view s) {
        if (is_result)
            return expressions_.result(s, line);
        const Outcome o = expressions_.statement(s, line, source_);
        return o == Outcome::Bad && only_inputs() && alias(s) ? Outcome::Ok : o;
    };
    Outcome outcome = run(text);
    bool at_end = false;
    if (outcome == Outcome::Unfinished) {
        // Only now is it worth joining lines: generated code has one statement a line but for raw newlines in
        // reprs.
        const Lines behind = *lines_;
        std::string joined(text);
        for (int i = 0; i < kMostContinuations && joined.size() < (1 << 16) && joined_ < kMostJoined; ++i) {
            if (!lines_->next()) {
                at_end = true;
                break;
            }
            const std::string_view more = lines_->line();
            const std::string_view words = trimmed(more);
            if (!class_on_line(more).empty() || words.starts_with("return ")
                || words.starts_with("# File:")) {
                break;
            }
            (joined += '\n') += more;
            // A closing bracket or quote can only be on a line that has one.
            if (more.find_first_of(")]}'\">") == npos)
                continue;
            joined_ += joined.size();
            outcome = run(builder_.module().strings.hold(joined));
            if (outcome != Outcome::Unfinished)
                break;
        }
        // Nothing closed it: the lines behind it are statements of their own.
        if (outcome != Outcome::Ok) {
            at_end = at_end && only_blank_behind(behind);
            *lines_ = behind;
        }
    }
    if (outcome == Outcome::Ok)
        return;
    if (outcome == Outcome::Unfinished && at_end) {
        problem(number, offset, "the text ends inside this statement: '" + utf8(text.substr(0, 80)) + "'");
        cut_ = true;
        return;
    }
    const std::string why = outcome == Outcome::Unfinished ? "the statement ends inside brackets or quotes"
                                                           : expressions_.error();
    problem(number, offset, why + ": '" + utf8(text.substr(0, 80)) + "'");
    if (!is_result)
        keep_unread(text);
}

void ModuleReader::statement_line(std::string_view text) {
    if (text.starts_with("return") && (text.size() == 6 || !is_identifier_char(text[6]))) {
        std::string_view value = trimmed(text.substr(6));
        result_line_ = file_line();
        state_ = State::AfterResult;
        std::string_view open = value;
        if (open.starts_with("pytree.tree_unflatten("))
            open.remove_prefix(22);
        if (open == "(" || open == "[") {
            expressions_.begin_result(open == "(" ? ArgKind::Tuple : ArgKind::List);
            builder_.body().output_descriptors.clear();
            state_ = State::Result;
            return;
        }
        if (value.empty())
            value = "None";
        run_statement(value, true);
        return;
    }
    if (!special_statement(text))
        run_statement(text, false);
}

// One item of an expanded return, or its closing bracket.
void ModuleReader::result_line(std::string_view text) {
    if (text.starts_with(')') || text.starts_with(']')) {
        expressions_.end_result(result_line_);
        state_ = State::AfterResult;
        return;
    }
    const uint32_t number = lines_->number();
    const size_t offset = lines_->offset();
    const std::string_view descriptor = take_descriptor(text);
    const auto item = [](std::string_view words) {
        return words.ends_with(',') ? words.substr(0, words.size() - 1) : words;
    };
    expressions_.at_line(number, offset);
    Outcome outcome = expressions_.result_item(item(text));
    // An item that a formatter spread over several lines.
    if (outcome == Outcome::Unfinished) {
        const Lines behind = *lines_;
        std::string joined(text);
        for (int i = 0; i < kMostContinuations && outcome == Outcome::Unfinished && lines_->next(); ++i) {
            (joined += ' ') += trimmed(lines_->line());
            joined_ += joined.size();
            if (joined_ >= kMostJoined)
                break;
            outcome = expressions_.result_item(builder_.module().strings.hold(std::string(item(joined))));
        }
        if (outcome != Outcome::Ok)
            *lines_ = behind;
    }
    if (outcome != Outcome::Ok) {
        problem(number, offset, "expected an item of the return, found '" + utf8(text.substr(0, 80)) + "'");
        return;
    }
    builder_.body().output_descriptors.push_back(
        descriptor.empty() ? StringId() : builder_.intern(descriptor));
}

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
    if (const std::string_view name = class_on_line(text); !name.empty() && text.starts_with("class ")) {
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
    if (state_ == State::BeforeDef)
        return indent > scopes_.back().indent;
    if (indent > skip_from_)
        return true;
    skip_from_ = npos;
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
        if (!expressions_.looks_like_statement(text))
            return false;
        if (!passed_++) {
            passed_line_ = lines_->number();
            passed_offset_ = lines_->offset();
        }
        return true;
    }
    if (statement_indent_ == npos)
        statement_indent_ = indent;
    // Another program's output between the lines: a progress bar, a warning.
    if (indent != statement_indent_ && text.front() != ')' && !text.starts_with("return")
        && !expressions_.looks_like_statement(text)) {
        problem(lines_->number(), lines_->offset(),
            "a line that is no part of the graph was passed over: '" + utf8(text.substr(0, 80)) + "'",
            Severity::Note);
        return true;
    }
    statement_line(text);
    return true;
}

bool ModuleReader::read(Lines& lines, std::string_view class_name, size_t class_indent, bool bare_def) {
    lines_ = &lines;
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

} // namespace

std::string_view class_on_line(std::string_view line, std::string_view* before) {
    const size_t suffix = line.find(kModuleSuffix);
    if (suffix == npos)
        return {};
    size_t end = suffix;
    while (end > 0 && (is_identifier_char(line[end - 1]) || line[end - 1] == '.'))
        --end;
    if (end == 0 || line[--end] != '(')
        return {};
    const size_t from = line.rfind("class ", end);
    if (from == npos || (from > 0 && std::string_view(" :\t'\"").find(line[from - 1]) == npos))
        return {};
    const std::string_view name = trimmed(line.substr(from + 6, end - from - 6));
    const std::string_view head = trimmed(line.substr(0, from));
    if (name.empty() || name.find(' ') != npos || head.starts_with('#'))
        return {};
    if (before)
        *before = head;
    return name;
}

namespace {

// A text without its colours (print_readable(colored=True)), and where its lines stood in the coloured one.
struct Uncoloured {
    std::shared_ptr<const void> coloured_storage; // of what the lines' offsets point into
    std::string text;
    std::vector<size_t> line_offsets;
};

constexpr std::string_view kEscape = "\x1b[";

// The end of the SGR code at `at`, or `at` if there is none.
size_t after_colour(std::string_view text, size_t at) {
    size_t end = at + kEscape.size();
    while (end < text.size() && (is_digit(text[end]) || text[end] == ';'))
        ++end;
    return end < text.size() && text[end] == 'm' ? end + 1 : at;
}

std::shared_ptr<const Uncoloured> uncoloured(
    std::string_view text, const std::shared_ptr<const void>& storage) {
    const auto plain = std::make_shared<Uncoloured>();
    plain->coloured_storage = storage;
    plain->line_offsets.push_back(0);
    for (size_t at = 0; at < text.size();) {
        if (const size_t end = text.substr(at, kEscape.size()) == kEscape ? after_colour(text, at) : at;
            end > at) {
            at = end;
            continue;
        }
        plain->text += text[at];
        if (text[at++] == '\n')
            plain->line_offsets.push_back(at);
    }
    return plain;
}

std::vector<ReadableModule> read_plain_modules(std::string_view text,
    const std::shared_ptr<const void>& storage, const ReadableOptions& options,
    std::vector<Problem>& problems) {
    std::vector<ReadableModule> found;
    Lines lines(text, options.tabbed);
    bool waiting = lines.next();
    while (waiting) {
        std::string_view label;
        const std::string_view line = lines.line();
        const std::string_view name = class_on_line(line, &label);
        const size_t indent = indent_of(line);
        const bool bare = name.empty() && line.substr(indent).starts_with("def forward(self");
        if (name.empty() && !bare) {
            waiting = lines.next();
            continue;
        }
        const uint32_t number = lines.number();
        const size_t offset = lines.offset();
        ModuleReader reader(storage, options, problems);
        // A bare def stands where its class would: four columns to the left. Columns are never negative, so
        // its statements are compared with the def's own.
        waiting = reader.read(lines, bare ? "GraphModule" : name, indent, bare);
        auto module = reader.finish();
        const Place place = number <= options.places.size()
            ? options.places[number - 1]
            : Place{options.first_line + number - 1, options.first_offset + offset};
        if (module)
            found.push_back({std::move(module), label, place.line, offset, place.offset});
    }
    return found;
}

} // namespace

std::vector<ReadableModule> read_modules(std::string_view text, const std::shared_ptr<const void>& storage,
    const ReadableOptions& options, std::vector<Problem>& problems) {
    if (!options.places.empty() || text.find(kEscape) == npos)
        return read_plain_modules(text, storage, options, problems);
    const auto plain = uncoloured(text, storage);
    const size_t first_problem = problems.size();
    auto found = read_plain_modules(plain->text, plain, options, problems);
    // Lines are the same in both texts, offsets are the file's.
    const auto offset_of = [&](uint64_t line) { return plain->line_offsets[line - options.first_line]; };
    for (ReadableModule& module : found) {
        module.offset = offset_of(module.line);
        module.file_offset = options.first_offset + module.offset;
    }
    for (size_t i = first_problem; i < problems.size(); ++i)
        problems[i].offset = options.first_offset + offset_of(problems[i].line);
    return found;
}

} // namespace hopscope::read
