#include "core/read/readable.h"

#include "core/base/text.h"
#include "core/read/comment.h"
#include "core/read/expression.h"
#include "core/read/lines.h"
#include "core/read/module_builder.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kModuleSuffix = "(torch.nn.Module):";
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
        if (suppressed_)
            problems_.push_back(
                {Severity::Warning, std::to_string(suppressed_) + " more problems in this graph", {},
                    options_.first_line + last_line_ - 1, options_.first_offset + last_offset_});
        return builder_.finish();
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
    void one_line_signature(std::string_view parameters);
    void statement_line(std::string_view text);
    bool special_statement(std::string_view text);
    void bare_annotations(std::string_view text);
    void flattened_placeholders(std::string_view names);
    bool alias(std::string_view text);
    void result_line(std::string_view text);
    void run_statement(std::string_view text, bool is_result);
    void keep_unread(std::string_view text);
    bool only_placeholders();
    void problem(uint32_t number, size_t offset, std::string message);
    uint32_t file_line() const { return options_.first_line + lines_->number() - 1; }

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
    size_t module_problems_ = 0, suppressed_ = 0;
    size_t joined_ = 0; // bytes of joined lines that were tried
    uint32_t last_line_ = 0;
    size_t last_offset_ = 0;
};

void ModuleReader::problem(uint32_t number, size_t offset, std::string message) {
    last_line_ = number;
    last_offset_ = offset;
    if (++module_problems_ > kMostProblems) {
        ++suppressed_;
        return;
    }
    problems_.push_back({Severity::Warning, std::move(message), {}, options_.first_line + number - 1,
        options_.first_offset + offset});
}

void ModuleReader::class_line(std::string_view name, size_t indent) {
    while (!scopes_.empty() && scopes_.back().indent >= indent)
        scopes_.pop_back();
    const BodyId parent = scopes_.empty() ? BodyId() : scopes_.back().body;
    scopes_.push_back({builder_.begin_body(name, parent), indent});
    state_ = State::BeforeDef;
    source_ = {};
    annotations_.clear();
    expressions_.forget_locals();
}

// "    def forward(" with all, some or none of its parameters on the line.
void ModuleReader::signature_line(std::string_view rest) {
    if (trimmed(rest).empty()) {
        state_ = State::Signature;
        return;
    }
    one_line_signature(rest);
    state_ = State::Statements;
}

void ModuleReader::one_line_signature(std::string_view rest) {
    bool first = true;
    for (;;) {
        while (rest.starts_with(' ') || rest.starts_with(','))
            rest.remove_prefix(1);
        if (rest.empty() || rest.starts_with(')'))
            return;
        if (first && rest.starts_with("self") && (rest.size() == 4 || !is_identifier_char(rest[4]))) {
            rest.remove_prefix(4);
            first = false;
            continue;
        }
        first = false;
        if (!expressions_.parameter(rest, file_line())) {
            problem(lines_->number(), lines_->offset(),
                "expected a parameter of forward, found '" + std::string(rest.substr(0, 40)) + "'");
            return;
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

// `primals_1: "f32[4]"  # PlainAOTInput(idx=0)` or `a: "…"; b: "…"; `
void ModuleReader::bare_annotations(std::string_view text) {
    const std::string_view descriptor = take_descriptor(text);
    while (!text.empty()) {
        size_t end = 0;
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
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

// `l_x_ = L_x_` at the top of a body: the placeholder's name differs from the parameter's.
bool ModuleReader::alias(std::string_view text) {
    const size_t equal = text.find(" = ");
    if (equal == npos || !is_identifier(text.substr(0, equal)) || !is_identifier(text.substr(equal + 3)))
        return false;
    const NodeId node = builder_.node_named(builder_.intern(text.substr(equal + 3)));
    if (!node || builder_.body().node(node).op != Opcode::Placeholder)
        return false;
    builder_.rename(node, builder_.intern(text.substr(0, equal)));
    return true;
}

// Lines that code generators write around the graph. True if `text` was one.
bool ModuleReader::special_statement(std::string_view text) {
    if (text == "pass" || text.starts_with("wrap(") || text.starts_with('@'))
        return true;
    if (!only_placeholders())
        return false;
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
        equal != npos && is_identifier(text.substr(0, text.find(',')))) {
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
    return alias(text);
}

// A statement that cannot be read still is a node: its name and inputs matter to what follows.
void ModuleReader::keep_unread(std::string_view text) {
    const size_t equal = text.find(" = ");
    size_t end = 0;
    while (end < text.size() && is_identifier_char(text[end]))
        ++end;
    if (equal == npos || end == 0 || !is_identifier_start(text[0]))
        return;
    Node node;
    node.name = builder_.intern(text.substr(0, end));
    node.target = builder_.intern("?");
    node.line = file_line();
    node.source = source_;
    node.args_begin = static_cast<uint32_t>(builder_.body().args.size());
    builder_.body().args.push_back({ArgKind::Opaque, 1, builder_.intern(text.substr(equal + 3)).index});
    node.args_end = node.args_begin + 1;
    builder_.add_node(node);
}

void ModuleReader::run_statement(std::string_view text, bool is_result) {
    const uint32_t number = lines_->number();
    const size_t offset = lines_->offset();
    const uint32_t line = file_line();
    const auto run = [&](std::string_view s) {
        return is_result ? expressions_.result(s, line) : expressions_.statement(s, line, source_);
    };
    Outcome outcome = run(text);
    if (outcome == Outcome::Unfinished) {
        // Only now is it worth joining lines: generated code has one statement a line but for raw newlines in
        // reprs.
        const Lines behind = *lines_;
        std::string joined(text);
        for (int i = 0;
             i < kMostContinuations && joined.size() < (1 << 16) && joined_ < kMostJoined && lines_->next();
             ++i) {
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
        if (outcome != Outcome::Ok)
            *lines_ = behind;
    }
    if (outcome == Outcome::Ok)
        return;
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
    const std::string_view descriptor = take_descriptor(text);
    if (text.ends_with(','))
        text.remove_suffix(1);
    if (!expressions_.result_item(text)) {
        problem(lines_->number(), lines_->offset(),
            "expected an item of the return, found '" + utf8(text.substr(0, 80)) + "'");
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
        if (!expressions_.parameter(text, file_line()))
            problem(lines_->number(), lines_->offset(),
                "expected a parameter of forward, found '" + utf8(text.substr(0, 80)) + "'");
        else if (!descriptor.empty())
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
    if (indent <= scopes_.back().indent || state_ == State::AfterResult)
        return false;
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
    }
}

} // namespace

std::string_view class_on_line(std::string_view line, std::string_view* before) {
    const size_t end = line.find(kModuleSuffix);
    if (end == npos)
        return {};
    const size_t from = line.rfind("class ", end);
    if (from == npos || (from > 0 && line[from - 1] != ' ' && line[from - 1] != ':'))
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
        found.push_back({reader.finish(), label, options.first_line + number - 1, offset});
    }
    return found;
}

} // namespace

std::vector<ReadableModule> read_modules(std::string_view text, const std::shared_ptr<const void>& storage,
    const ReadableOptions& options, std::vector<Problem>& problems) {
    if (text.find(kEscape) == npos)
        return read_plain_modules(text, storage, options, problems);
    const auto plain = uncoloured(text, storage);
    const size_t first_problem = problems.size();
    auto found = read_plain_modules(plain->text, plain, options, problems);
    // Lines are the same in both texts, offsets are the file's.
    const auto offset_of = [&](uint64_t line) { return plain->line_offsets[line - options.first_line]; };
    for (ReadableModule& module : found)
        module.offset = offset_of(module.line);
    for (size_t i = first_problem; i < problems.size(); ++i)
        problems[i].offset = options.first_offset + offset_of(problems[i].line);
    return found;
}

} // namespace hopscope::read
