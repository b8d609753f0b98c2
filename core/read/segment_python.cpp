// Printed modules, and defs alone: which of a text's lines are theirs.
#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/graph_finder.h"
#include "core/read/lines.h"
#include "core/read/mark.h"
#include "core/read/readable.h"
#include "core/read/script.h"
#include "core/read/script_task.h"
#include "core/read/source.h"

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kMostForeign = 20000; // lines of other processes between two of one graph
constexpr size_t kFarthestDef = 1 << 16; // bytes from a class to its forward: constructors may stand between

bool holds_head(std::string_view line) {
    return find_words(line, "Module):") != npos || find_words(line, "def forward(") != npos;
}

// The process that PyTorch's own prefix names, with what stands before it: lines of one process are whole
// messages.
std::string_view process_of(std::string_view line, size_t& start) {
    size_t end = 0;
    start = find_glog(line, end);
    if (start == npos)
        return {};
    // "V1123 16:05:59.722000 5629 "
    const size_t pid = line.find(' ', start + 6);
    if (pid == npos)
        return {};
    return line.substr(pid + 1, line.find(' ', pid + 1) - pid - 1);
}

} // namespace

GraphFinder::Found GraphFinder::collect(
    Cursor head, Cursor def, const LinePrefix& prefix, bool in_class, size_t behind_words) {
    Found found;
    found.from = head;
    found.behind = head;
    Cursor at = head;
    std::string_view line;
    const bool bare = prefix.empty();
    size_t process_start = 0;
    const int rank = bare ? -1 : facts_of(prefix.text()).rank.value_or(-1);
    const std::string process(bare ? std::string_view{} : process_of(prefix.text() + " ", process_start));
    size_t base = npos;
    int open = 0; // brackets of a signature
    bool returned = false;
    bool in_result = false; // of several lines
    size_t foreign = 0;
    size_t def_column = 0;
    size_t body_column = 0; // of its statements
    bool seen_def = false;
    BlankRun blanks;
    while (true) {
        const Cursor here = at;
        if (!line_at(at, line))
            break;
        std::string_view text = line;
        if (here.at < def.at) { // the class and what lies before its forward
            const bool own = bare || prefix.strip(text);
            found.clean = found.clean && bare;
            if (!own && here.at != head.at)
                continue;
            found.lines.push_back({text, place(here), line.size(), false});
            found.behind = at;
            continue;
        }
        if (!bare && !prefix.strip(text)) {
            if (trimmed(text).empty()) {
                continue;
            }
            size_t start = 0;
            const std::string_view other = process.empty() ? std::string_view{} : process_of(line, start);
            // Numbers of processes repeat from one machine to the next: ranks do not.
            if (!other.empty() && other == process
                && facts_of(line.substr(0, start)).rank.value_or(-1) == rank)
                break; // the next message of the same process
            budget_ -= std::min<size_t>(budget_, 1);
            if (++foreign > kMostForeign || budget_ == 0)
                break;
            if (foreign <= kSample)
                found.lines.push_back({text, place(here), line.size(), true});
            continue;
        }
        if (behind_words && here.at == def.at) {
            text.remove_prefix(behind_words);
            found.clean = false;
        }
        std::string_view words = trimmed(text);
        size_t column = column_of(text);
        std::optional<size_t> indent;
        if (const std::string_view behind = seen_def ? behind_mark(words) : std::string_view{};
            !behind.empty()) {
            // What points at the line took the place of blanks, or moved the line.
            indent = column = body_column > def_column ? body_column : def_column + 4;
            text = words = behind;
            found.clean = false;
        }
        if (!seen_def) {
            seen_def = true;
            const size_t own = column >= 4 ? column - 4 : 0;
            base = !in_class ? column : own;
            if (in_class && !found.lines.empty()) {
                const std::string_view class_line = found.lines.front().text;
                if (trimmed(class_line).starts_with("class "))
                    base = column_of(class_line);
            }
            if (in_class && column <= base)
                found.damaged = true; // indentation is lost
        } else if (!words.empty() && column <= base && open <= 0
            && std::string_view(")]}").find(words.front()) == npos) {
            if (returned && !in_result)
                break;
            found.damaged = true;
            break;
        } else if (!words.empty() && !words.starts_with('#')) {
            if (!returned && open <= 0 && column <= def_column && is_graph_line(words)
                && !words.starts_with("class ") && std::string_view(")]}").find(words.front()) == npos) {
                found.damaged = true; // no deeper than its def: the indentation is lost
                break;
            }
            if (words.starts_with("return") && (words.size() == 6 || !is_identifier_char(words[6]))) {
                returned = true;
                in_result = words.ends_with('(') || words.ends_with('[');
            } else if (words.starts_with("def forward(")) {
                returned = false;
            } else if (in_result && (words.front() == ')' || words.front() == ']')) {
                in_result = false;
            }
        }
        if (words.starts_with("def forward(")) {
            def_column = column;
            body_column = 0;
        } else if (body_column == 0 && open <= 0 && !words.empty() && words.front() != '#'
            && column > def_column) {
            body_column = column;
        }
        if (words.starts_with("def forward(") || open > 0) {
            for (const char c : words)
                open += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
        const size_t blank = text.find_first_not_of(' ');
        found.clean = found.clean && bare && (blank == npos || text[blank] != '\t');
        if (!blanks.too_long(words))
            found.lines.push_back({text, place(here), line.size(), false, indent});
        if (!words.empty() || bare)
            found.behind = at;
        if (holds_head(words))
            taken_.insert(here.at);
    }
    if (foreign && !found.damaged) {
        // Behind the last line of its own, others are none of the graph's.
        while (!found.lines.empty() && found.lines.back().foreign)
            found.lines.pop_back();
    }
    return found;
}

void GraphFinder::source(const Cursor& head, std::string_view name) {
    const Place at = place(head);
    collector_.dump.sources.push_back(
        {name.empty() ? "def forward" : "class " + utf8(name), file_, at.line, at.offset});
    ++found_;
}

// The line of the forward that belongs to a class. Where processes write in turns, another's class or def may
// come first: of the next ones, that counts which stands behind the same words as the class.
std::optional<Cursor> GraphFinder::forward_of(const Cursor& head, std::string_view before) {
    size_t& next = next_[kDefNeedle]; // searched for once, not for every class
    if (next != npos && next < head.at)
        next = find_words(text_, kNeedles[kDefNeedle].words, head.at);
    if (next == npos || next - head.at > kFarthestDef)
        return std::nullopt;
    constexpr size_t kMostBehind = 20; // lines behind the first def
    std::optional<Cursor> first;
    std::string_view head_line;
    std::string_view line;
    Cursor at = head;
    line_at(at, head_line);
    for (size_t behind = 0; behind < kMostBehind;) {
        const Cursor here = at;
        if (!line_at(at, line) || here.at - head.at > kFarthestDef)
            break;
        behind += first.has_value();
        const size_t code = find_words(line, kNeedles[kDefNeedle].words);
        std::string_view other;
        if (code != npos) {
            const std::string_view prefix = trimmed(line.substr(0, code));
            if (trimmed(head_line).starts_with(prefix))
                return here;
            first = first ? first : here;
        } else if (!class_on_line(line, &other).empty() && other == before) {
            break; // a class of the same stream comes first: this one has no forward, or its forward came
        }
    }
    return first;
}

// A printed module, or a def alone.
void GraphFinder::python(Cursor head, std::string_view class_name, std::string_view before) {
    Cursor def = head;
    std::string_view line;
    if (!class_name.empty()) {
        const auto found = forward_of(head, before);
        if (!found) {
            // What torch.fx calls a root, alone on its line or behind a logger's prefix: no class of the
            // user's, no word of a sentence.
            const bool root = class_name == "GraphModule" || class_name == "<lambda>";
            const bool in_sentence = !before.empty() && is_identifier_char(before.back());
            if (root && !in_sentence && line_at(def, line) && trimmed(line).ends_with("Module):"))
                lost_.push_back(head);
            return;
        }
        def = *found;
    }
    Cursor behind = def;
    if (!line_at(behind, line))
        return;
    const size_t code = line.find("def forward(");
    if (code == npos)
        return;
    const LinePrefix prefix = prefix_of(def, code);
    size_t behind_words = 0;
    if (prefix.empty() && !trimmed(line.substr(0, code)).empty()) {
        // A logger puts its own before the first line of a message; else they are words of a sentence.
        std::string_view next;
        if (!class_name.empty() || !line_at(behind, next) || column_of(next) < 2
            || !is_graph_line(trimmed(next)) || (next.find(" = ") == npos && next.find("return ") == npos))
            return;
        behind_words = code;
    }
    if (!class_name.empty() && below_headless(head, prefix)) {
        std::string_view own;
        Cursor at = head;
        line_at(at, own);
        prefix.strip(own);
        below_.push_back({head, std::string(class_name), std::string(before), column_of(own)});
        taken_.insert(def.at);
        return;
    }
    taken_.insert(def.at);
    // What another program put before each line says nothing of the graph.
    std::string_view bare;
    if (Cursor at = head; !prefix.empty() && !before.empty() && line_at(at, bare) && prefix.strip(bare)) {
        const size_t name = bare.rfind("class ");
        before = name == npos ? before : trimmed(bare.substr(0, name));
    }
    const Context context = context_of(head, prefix);
    if (is_code_artifact(context.facts.artifact))
        return;
    if ((class_name == "Repro" || class_name == "FxModule") && script(head, class_name, prefix, context))
        return;
    Found found = collect(head, def, prefix, !class_name.empty(), behind_words);
    if (!found.lines.empty() && !class_name.empty()) {
        // What stands before the class on its line is a file's name.
        std::string_view& first = found.lines.front().text;
        const size_t at = first.rfind("class ");
        if (at != npos && !trimmed(first.substr(0, at)).empty()) {
            // Marks that touch it ("```class") hide it from the reader of the text as it stands.
            found.clean = found.clean && (first[at - 1] == ' ' || first[at - 1] == '\t');
            first.remove_prefix(at);
        }
    }
    resume_ = prefix.empty() ? found.behind : resume_;
    runs_.emplace_back(head, found.behind);
    floor_ = std::max(floor_, prefix.empty() ? found.behind.at : head.at + 1);
    if (is_written_by_hand(found.lines)) {
        source(head, class_name);
        return;
    }
    GraphTask task = task_of(head, context, prefix);
    name_stage(task, context, class_name, before);
    if (found.clean && !found.damaged) {
        task.text = text_.substr(head.at, found.behind.at - head.at);
        task.storage = plain_.storage;
        task.places = plain_.places;
        task.places_from = head.number - 1;
        collector_.tasks.push_back(std::move(task));
        ++found_;
        return;
    }
    auto rebuilt = std::make_shared<Rebuilt>();
    if (!found.damaged) {
        rebuilt->text.reserve(found.behind.at - head.at);
        for (const RawLine& l : found.lines) {
            if (l.foreign)
                continue;
            const size_t blank = std::min(l.text.find_first_not_of(" \t"), l.text.size());
            rebuilt->line(l.text.substr(blank), l.indent.value_or(column_of(l.text)), l.place);
        }
        push_rebuilt(std::move(task), rebuilt);
        return;
    }
    Mended mended;
    const size_t took = std::max<size_t>(1, windowed(def, prefix, [&](std::vector<RawLine> lines) {
        const size_t own = class_name.empty() ? 0 : 1;
        if (behind_words)
            lines.front().text.remove_prefix(std::min(behind_words, lines.front().text.size()));
        if (own)
            lines.insert(lines.begin(), found.lines.front());
        *rebuilt = {};
        mended = mend(lines, *rebuilt);
        return mended.took - std::min(mended.took, own);
    }));
    Cursor end = def;
    for (size_t i = 0; i < took && line_at(end, line); ++i)
        if (holds_head(line))
            taken_.insert(end.at - line.size() - 1);
    if (prefix.empty())
        resume_ = end;
    else
        for (Cursor c = def; c.at < end.at;) {
            const Cursor here = c;
            line_at(c, line);
            if (holds_head(line))
                taken_.insert(here.at);
        }
    runs_.back().second = end;
    floor_ = std::max(floor_, prefix.empty() ? end.at : head.at + 1);
    const Place at = place(head);
    if (mended.joined)
        note(Severity::Note,
            counted(mended.joined, "line") + " of this graph went on in the next and were joined", at);
    if (mended.foreign)
        note(Severity::Note,
            counted(mended.foreign, "line") + " inside of this graph are no part of it and were passed over",
            at);
    if (mended.reindented)
        note(Severity::Note,
            "the indentation of this graph is lost; which class belongs to which was told by their names",
            at);
    push_rebuilt(std::move(task), rebuilt);
}

// A script that runs a graph again, quoted or in a fence: its inputs stand beside the class (script.h).
bool GraphFinder::script(
    const Cursor& head, std::string_view class_name, const LinePrefix& prefix, const Context& context) {
    constexpr size_t kMostLines = 20000;
    Cursor first = head;
    const auto belongs = [&](std::string_view& line) {
        return (prefix.empty() || prefix.strip(line) || trimmed(line).empty())
            && !trimmed(line).starts_with("```");
    };
    for (size_t i = 0; i < kMostLines && first.at > floor_; ++i) {
        const size_t begin = first.at >= 2 ? text_.rfind('\n', first.at - 2) + 1 : 0; // npos + 1 = 0
        std::string_view line = text_.substr(begin, first.at - begin);
        while (line.ends_with('\n') || line.ends_with('\r'))
            line.remove_suffix(1);
        if (!belongs(line))
            break;
        first = {begin, first.number - 1};
    }
    const auto bare = std::make_shared<std::string>();
    Cursor end = first;
    std::string_view line;
    for (size_t i = 0; i < kMostLines; ++i) {
        Cursor behind = end;
        if (!line_at(behind, line) || !belongs(line))
            break;
        (*bare += line) += '\n';
        end = behind;
    }
    if (!looks_like_script(*bare))
        return false;
    GraphTask task = task_of(first, context, prefix);
    name_stage(task, context, class_name, "");
    task.text = *bare;
    task.storage = bare;
    if (!take_script(collector_, task, collector_.dump.files[file_.index].path, true))
        return false;
    collector_.tasks.push_back(std::move(task));
    ++found_;
    resume_ = end;
    floor_ = std::max(floor_, end.at);
    runs_.emplace_back(first, end);
    return true;
}

} // namespace hopscope::read
