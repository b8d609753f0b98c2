#include "core/read/segment.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/graph_finder.h"
#include "core/read/graph_table.h"
#include "core/read/headless.h"
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
        const size_t code = line.find("opcode");
        if (!is_table_head(line.substr(code)))
            return;
        prefix = prefix_of(head, line.substr(0, code).ends_with("| ") ? code - 2 : code);
        took = windowed(head, prefix, [&](const std::vector<RawLine>& lines) {
            *rebuilt = {};
            return rebuild_table(lines, *rebuilt);
        });
        first = head;
    } else {
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
            return rebuild_graph_str(lines, *rebuilt);
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
    resume_ = end;
    runs_.emplace_back(head, end);
    floor_ = std::max(floor_, end.at);
    push_rebuilt(std::move(task), rebuilt);
}

// What no head begins: nodes or statements alone, where a paste starts in the middle of a graph.
void GraphFinder::headless() {
    std::sort(
        runs_.begin(), runs_.end(), [](const auto& a, const auto& b) { return a.first.at < b.first.at; });
    std::vector<std::pair<Cursor, size_t>> gaps;
    Cursor at;
    for (const auto& [from, to] : runs_) {
        if (from.at > at.at)
            gaps.emplace_back(at, from.at);
        if (to.at > at.at)
            at = to;
    }
    gaps.emplace_back(at, text_.size());
    for (const auto& [from, to] : gaps) {
        // A long log between graphs is other messages.
        constexpr size_t kLongest = 8 << 20;
        const std::string_view words = text_.substr(from.at, to - from.at);
        if (!may_hold_headless(words))
            continue;
        if (found_ > 0 && words.size() > kLongest) {
            if (find_words(words, " = torch.ops.") != npos)
                note(Severity::Note,
                    "from here on " + std::to_string(words.size() >> 20)
                        + " MiB hold no graph with a head; so much is not searched for statements without "
                          "one",
                    place(from));
            continue;
        }
        std::vector<RawLine> lines;
        std::string_view line;
        BlankRun blank;
        for (Cursor c = from; c.at < to;) {
            const Cursor here = c;
            if (!line_at(c, line))
                break;
            if (!blank.too_long(line))
                lines.push_back({line, place(here), line.size(), false});
        }
        for (HeadlessGraph& graph : find_headless(lines)) {
            GraphTask task;
            task.key.id = graph.facts.id.empty() ? "-" : graph.facts.id;
            task.key.rank = graph.facts.rank;
            task.key.attempt = graph.facts.attempt;
            task.file = file_;
            task.from_text = true;
            task.must_hold_graph = false;
            task.line = graph.place.line;
            task.offset = graph.place.offset;
            if (!graph.told.empty())
                note(Severity::Note, graph.told, graph.place);
            Context context;
            context.facts = graph.facts;
            name_stage(task, context, "", "");
            push_rebuilt(std::move(task), graph.rebuilt);
        }
    }
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
