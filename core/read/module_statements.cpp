// The statements of a body, those that code generators write around it, and its return.
#include "core/read/module_reader.h"

#include "core/base/text.h"
#include "core/read/mark.h"
#include "core/read/scan.h"

#include <algorithm>
#include <tuple>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
// A statement may go on over this many lines (a repr with raw newlines); then it is given up.
constexpr int kMostContinuations = 200;
// Bytes of joined lines that may be tried per module: a file full of open brackets is not read a hundred
// times over.
constexpr size_t kMostJoined = 8 << 20;

// Whether nothing but blank lines is left.
bool only_blank_behind(Lines lines) {
    while (lines.next())
        if (!trimmed(lines.line()).empty())
            return false;
    return true;
}

} // namespace

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
        if (!is_name(name))
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
    if (equal == npos || !is_name(text.substr(0, equal)))
        return false;
    const size_t semicolon = std::min(text.find(';', equal), text.size());
    std::string_view parameter = text.substr(equal + 3, semicolon - std::min(semicolon, equal + 3));
    const std::string_view around = "() \t\r\n";
    parameter.remove_prefix(std::min(parameter.find_first_not_of(around), parameter.size()));
    parameter = parameter.substr(0, parameter.find_last_not_of(around) + 1);
    if (!is_name(parameter))
        return false;
    const NodeId node = builder_.node_named(builder_.intern(parameter));
    if (!node || builder_.body().node(node).op != Opcode::Placeholder)
        return false;
    for (const Arg& arg : builder_.body().args)
        if (arg.node() == node)
            return false;
    builder_.rename(node, builder_.intern(text.substr(0, equal)));
    expressions_.leave_behind(text.substr(semicolon));
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

// A statement that cannot be read still is a node: its name, its type and the nodes that it speaks of matter
// to what follows.
void ModuleReader::keep_unread(std::string_view text) {
    Node node;
    size_t at = 0;
    std::vector<std::string_view> names;
    if (!expressions_.named(text, at, node)) {
        names = ExpressionReader::targets(text, at);
        if (!names.empty())
            node.name = builder_.intern(names.front());
    }
    if (!node.name || at >= text.size())
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
    const NodeId id = builder_.add_node(node);
    for (size_t i = 1; i < names.size(); ++i)
        builder_.also_named(id, builder_.intern(names[i]));
}

void ModuleReader::run_statement(std::string_view text, bool is_result) {
    const uint32_t number = lines_->number();
    const size_t offset = lines_->offset();
    const uint32_t line = file_line();
    expressions_.at_line(number, offset);
    const auto run = [&](std::string_view s) {
        const auto once = [&](std::string_view words) {
            return is_result ? expressions_.result(words, line)
                             : expressions_.statement(words, line, source_);
        };
        Outcome o = once(s);
        if (const size_t note = o == Outcome::Bad ? note_start(s) : npos; note != npos) // FX writes none
            o = once(trimmed(s.substr(0, note)));
        if (is_result)
            return o;
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

// A returned tuple without what other programs wrote behind it: a text that lost its last newline goes on
// with the wrapper's. FX prints nothing behind the closing bracket. Closing marks alone need no word.
std::string_view ModuleReader::without_glued(std::string_view value) {
    if (!value.starts_with('(') && !value.starts_with('[')) {
        // `return sin""")`: the end of the string that held the text.
        const std::string_view name = identifier_at(value, 0);
        const std::string_view behind = value.substr(name.size());
        const bool closes =
            behind.find_first_of("\"'`") != npos && behind.find_first_not_of("\"'`)}],;\\ ") == npos;
        return !name.empty() && closes ? name : value;
    }
    size_t depth = 0, end = 0;
    for (char quote = 0; end < value.size(); ++end) {
        const char c = value[end];
        if (quote) {
            if (c == '\\')
                ++end;
            else if (c == quote)
                quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '(' || c == '[' || c == '{') {
            ++depth;
        } else if ((c == ')' || c == ']' || c == '}') && --depth == 0) {
            break;
        }
    }
    if (end + 1 >= value.size())
        return value;
    const std::string_view behind = value.substr(end + 1);
    const bool mark =
        behind.starts_with("</") || behind.find_first_not_of("\"'`)}],;\\ ") == std::string_view::npos;
    if (!mark && !is_identifier_char(behind.front())
        && std::string_view("\"'`)}").find(behind.front()) == std::string_view::npos)
        return value;
    if (!mark)
        problem(lines_->number(), lines_->offset(),
            "behind the end of the return stands other text, left out: '" + utf8(behind.substr(0, 80)) + "'");
    return value.substr(0, end + 1);
}

void ModuleReader::statement_line(std::string_view text) {
    for (; !text.empty() && state_ == State::Statements; text = expressions_.take_behind())
        one_statement(text);
}

void ModuleReader::one_statement(std::string_view text) {
    if (text.ends_with(" |")) // the border of a table's cell: no operator stands last
        text = trimmed(text.substr(0, text.size() - 1));
    expressions_.at_line(lines_->number(), lines_->offset());
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
        run_statement(without_glued(value), true);
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

} // namespace hopscope::read
