#include "core/read/segment.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/graph_finder.h"
#include "core/read/graph_table.h"
#include "core/read/lines.h"
#include "core/read/readable.h"
#include "core/read/scan.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

// The class that a line begins, behind a file's name, a logger's prefix or marks ("+", "# ", ">" close to
// it).
std::string_view head_class(std::string_view line, std::string_view& before) {
    std::string_view name = class_on_line(line, &before);
    if (name.empty()) {
        const size_t at = line.rfind("class ", line.find("Module):"));
        if (at == npos || (at > 0 && is_identifier_char(line[at - 1])))
            return {};
        name = class_on_line(line.substr(at), &before);
        before = trimmed(line.substr(0, at));
        if (std::none_of(before.begin(), before.end(), is_identifier_char))
            before = {};
    }
    return before.find(", code:") == npos ? name : std::string_view{};
}

} // namespace

bool GraphFinder::line_at(Cursor& cursor, std::string_view& line) const {
    if (cursor.at >= text_.size())
        return false;
    const void* end = std::memchr(text_.data() + cursor.at, '\n', text_.size() - cursor.at);
    const size_t stop =
        end ? static_cast<size_t>(static_cast<const char*>(end) - text_.data()) : text_.size();
    line = text_.substr(cursor.at, stop - cursor.at);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    cursor.at = stop + (end ? 1 : 0);
    ++cursor.number;
    return true;
}

size_t GraphFinder::next_needle(size_t from, Head& head) {
    size_t best = npos;
    if (!searched_) {
        // Most texts have two of them: the others are looked for once, together.
        std::array<std::string_view, kNeedles.size()> words;
        for (size_t i = 0; i < words.size(); ++i)
            words.at(i) = kNeedles.at(i).words;
        const uint32_t there = words_in(text_, words);
        for (size_t i = 0; i < words.size(); ++i)
            if (!(there >> i & 1U))
                next_.at(i) = npos;
    }
    for (size_t i = 0; i < kNeedles.size(); ++i) {
        if (next_[i] != npos && (next_[i] < from || !searched_))
            next_[i] = find_words(text_, kNeedles[i].words, from);
        if (next_[i] < best) {
            best = next_[i];
            head = kNeedles[i].head;
        }
    }
    searched_ = true;
    return best;
}

LinePrefix GraphFinder::prefix_of(Cursor at, size_t code) const {
    LinePrefix prefix;
    std::string_view line;
    if (!line_at(at, line) || trimmed(line.substr(0, code)).empty())
        return prefix;
    std::vector<std::string_view> behind;
    std::string_view other;
    while (behind.size() < kSample && line_at(at, other))
        behind.push_back(other);
    prefix.learn(line, code, behind);
    return prefix;
}

std::vector<RawLine> GraphFinder::gather(Cursor from, const LinePrefix& prefix, size_t most) const {
    std::vector<RawLine> lines;
    std::string_view line;
    for (Cursor at = from; lines.size() < most;) {
        const Cursor here = at;
        if (!line_at(at, line))
            break;
        std::string_view text = line;
        const bool own = prefix.empty() || prefix.strip(text) || trimmed(text).empty();
        lines.push_back({text, place(here), line.size(), !own});
    }
    return lines;
}

void GraphFinder::push_rebuilt(GraphTask task, const std::shared_ptr<Rebuilt>& rebuilt) {
    rebuilt->original = plain_.storage;
    task.places = std::shared_ptr<const Places>(rebuilt, &rebuilt->places);
    task.text = rebuilt->text;
    task.storage = rebuilt;
    collector_.tasks.push_back(std::move(task));
    ++found_;
}

namespace {

// A kernel's fragment, before 2.9, says nothing of what the kernel returns: at least what nothing in it uses.
// False if it has a return.
bool return_unused(Rebuilt& fragment) {
    std::vector<std::string_view> names;
    std::set<std::string_view> used;
    Lines lines(fragment.text, false);
    while (lines.next()) {
        const std::string_view text = trimmed(lines.line());
        const std::string_view name = identifier_at(text, 0);
        if (name == "return")
            return false;
        const size_t equal = text.find(" = ");
        if (name.empty() || equal == npos)
            continue;
        names.push_back(name);
        for (size_t i = equal; i < text.size(); ++i)
            if (const std::string_view path = path_at(text, i); !path.empty()) {
                used.insert(path.substr(0, path.find('.')));
                i += path.size() - 1;
            }
    }
    std::string results = "return (";
    for (const std::string_view name : names)
        if (!used.contains(name))
            (results += name) += ", ";
    if (names.empty() || fragment.places.empty())
        return false;
    fragment.line(results + ")", 8, fragment.places.back());
    return true;
}

} // namespace

// A table of print_tabular. Its rule says where the columns start, and where other programs' words end: on
// the head's line stands the file's name too, where it is logged ("<eval_with_key>.0 opcode  name …").
size_t GraphFinder::table(Cursor head, std::string_view line, LinePrefix& prefix, Rebuilt& out) {
    const size_t code = line.find("opcode");
    const std::string_view names = line.substr(code);
    if (!is_table_head(names))
        return 0;
    const RawLine first{names, place(head), line.size(), false};
    Cursor rule = head;
    std::string_view words;
    line_at(rule, words);
    Cursor at = rule;
    do { // a text may have lost or doubled its line ends
        rule = at;
        if (!line_at(at, words))
            return 0;
    } while (trimmed(words).empty());
    const bool grid = names.substr(0, names.find("name")).find('|') != npos;
    const size_t start = rule_start(words);
    if (grid || start == npos) {
        prefix = prefix_of(head, line.substr(0, code).ends_with("| ") ? code - 2 : code);
        return windowed(head, prefix, [&](const std::vector<RawLine>& lines) {
            out = {};
            return rebuild_table(lines, out);
        });
    }
    prefix = prefix_of(rule, start);
    const size_t took = windowed(rule, prefix, [&](std::vector<RawLine> lines) {
        lines.insert(lines.begin(), first);
        out = {};
        const size_t n = rebuild_table(lines, out);
        return n - std::min<size_t>(n, 1);
    });
    return took ? took + (rule.number - head.number) : 0;
}

// Graph.__str__, a table, a fragment of output code.
void GraphFinder::other(Cursor head, Head kind) {
    Cursor at = head;
    std::string_view line;
    if (!line_at(at, line))
        return;
    auto rebuilt = std::make_shared<Rebuilt>();
    LinePrefix prefix;
    size_t took = 0;
    Cursor first = at;
    std::string label;
    if (kind == Head::Table) {
        took = table(head, line, prefix, *rebuilt);
        first = head;
    } else {
        GraphStrHead str;
        if (kind == Head::GraphStr) {
            str = graph_str_head(line);
            // "lowered graph():" is inside of another, whose own head is not in the text.
            if (!str.at || trimmed(line.substr(0, *str.at)).ends_with("lowered"))
                return;
        }
        // The first node says where the lines' own text starts.
        Cursor node = at;
        std::string_view words;
        bool any = false;
        for (size_t i = 0; i < 4 && !any; ++i) {
            first = node;
            if (!line_at(node, words))
                return;
            const size_t percent = words.find('%');
            any = percent != npos && is_graph_str_node(trimmed(words.substr(percent)));
            if (any)
                prefix = prefix_of(first, percent);
        }
        if (!any)
            return;
        took = windowed(first, prefix, [&](const std::vector<RawLine>& lines) {
            *rebuilt = {};
            return rebuild_graph_str(lines, *rebuilt, str.inputs);
        });
    }
    if (took == 0)
        return;
    Context context = context_of(head, prefix);
    Cursor end = first;
    for (size_t i = 0; i < took; ++i)
        line_at(end, line);
    if (kind == Head::Fragment) {
        // Inductor writes a kernel's fragment above it.
        Cursor behind = end;
        for (size_t i = 0; i < kContext && label.empty() && line_at(behind, line); ++i) {
            const std::string_view words = trimmed(line);
            const size_t equal = words.find(" = ");
            if (equal != npos && is_identifier(words.substr(0, equal)) && words.find("async_compile") != npos)
                label = std::string(words.substr(0, equal));
            else if (!words.empty() && !words.starts_with('#'))
                break;
        }
        context.heading.clear();
        context.title.reset();
        if (return_unused(*rebuilt) && !std::exchange(told_fragments_, true))
            note(Severity::Note,
                "fragments of output code that do not say what their kernel returns return here what nothing "
                "in it "
                "uses",
                place(first));
    }
    GraphTask task = task_of(head, context, prefix);
    name_stage(task, context, "", "");
    if (!label.empty())
        task.label = label;
    if (rebuilt->joined)
        note(Severity::Note,
            counted(rebuilt->joined, "line")
                + (rebuilt->joined == 1 ? " of this graph goes" : " of this graph go")
                + " on with the one before and were joined with it",
            place(head));
    resume_ = end;
    runs_.emplace_back(head, end);
    floor_ = std::max(floor_, end.at);
    push_rebuilt(std::move(task), rebuilt);
}

// Beside graphs that were found. Where there is none at all, text.cpp tells what is lost.
void GraphFinder::tell_lost() {
    if (found_ == 0)
        return;
    for (const Cursor& head : lost_)
        note(Severity::Warning, "a graph begins here and its forward is not in the text: it was cut",
            place(head));
}

size_t GraphFinder::run() {
    Head kind = Head::Class;
    uint64_t next_report = 0;
    for (size_t needle = next_needle(0, kind); needle != npos; needle = next_needle(resume_.at, kind)) {
        if (collector_.job->cancelled())
            return found_;
        if (needle >= next_report) {
            const uint64_t bytes = collector_.dump.files[file_.index].bytes;
            collector_.report_scanned(std::min<uint64_t>(bytes, bytes / 2 + needle / 2));
            next_report = needle + (1 << 18);
        }
        const size_t begin = needle == 0 ? 0 : text_.rfind('\n', needle - 1) + 1; // npos + 1 = 0
        Cursor head = resume_;
        if (begin > head.at) {
            head.number += static_cast<uint32_t>(count_of(text_.substr(head.at, begin - head.at), '\n'));
            head.at = begin;
        }
        resume_ = head;
        std::string_view line;
        line_at(resume_, line);
        if (taken_.contains(head.at))
            continue;
        std::string_view before;
        const std::string_view name = head_class(line, before);
        // Of the words on a line the first tells; "graph(" is any function's.
        if (kind == Head::GraphStr && !graph_str_head(line).at)
            kind = !name.empty() ? Head::Class : Head::Def;
        if (kind == Head::Class && !name.empty())
            python(head, name, before);
        else if (kind == Head::Def && name.empty())
            python(head, {}, {});
        else if (kind != Head::Class && kind != Head::Def)
            other(head, kind);
    }
    headless();
    tell_lost();
    return found_;
}

size_t find_graphs(Collector& collector, FileId file, const PlainText& plain) {
    return GraphFinder(collector, file, plain).run();
}

} // namespace hopscope::read
