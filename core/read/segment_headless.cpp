// Graphs whose head is not in the text, and the bodies below them.
#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/graph_finder.h"
#include "core/read/headless.h"
#include "core/read/lines.h"

#include <algorithm>
#include <utility>

namespace hopscope::read {

namespace {
constexpr auto npos = std::string_view::npos;
} // namespace

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
        std::vector<Cursor> cursors; // of the lines
        std::string_view line;
        BlankRun blank;
        for (Cursor c = from; c.at < to;) {
            const Cursor here = c;
            if (!line_at(c, line))
                break;
            if (!blank.too_long(line)) {
                lines.push_back({line, place(here), line.size(), false});
                cursors.push_back(here);
            }
        }
        cursors.push_back({to, 0});
        floor_ = from.at;
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
            Context context = context_of(cursors[graph.first], graph.prefix);
            context.facts = graph.facts;
            name_stage(task, context, graph.class_name, "");
            push_rebuilt(std::move(task), graph.rebuilt);
            floor_ = cursors[graph.first + graph.took].at;
            std::erase_if(below_, [&](const Below& below) {
                return below.head.at >= cursors[graph.first].at && below.head.at < floor_;
            });
        }
    }
    // Those that no graph without a head took are graphs of their own.
    below_done_ = true;
    for (const Below& below : below_)
        python(below.head, below.class_name, below.before);
}

// Whether what stands above a class is the end of a body that it may be nested in: FX prints nested classes
// where their parent's def stands, behind its return. The parent's head is not in the text.
bool GraphFinder::below_headless(const Cursor& head, const LinePrefix& prefix) {
    constexpr size_t kMostAbove = 4;
    std::string_view own;
    Cursor at = head;
    if (below_done_ || !line_at(at, own) || !prefix.strip(own) || !trimmed(own).starts_with("class "))
        return false;
    const size_t column = column_of(own);
    size_t end = head.at;
    for (size_t i = 0; i < kMostAbove && end > floor_; ++i) {
        const size_t begin = end >= 2 ? text_.rfind('\n', end - 2) + 1 : 0; // npos + 1 = 0
        std::string_view line = text_.substr(begin, end - begin);
        while (line.ends_with('\n') || line.ends_with('\r'))
            line.remove_suffix(1);
        end = begin;
        if (!prefix.strip(line) && !trimmed(line).empty())
            return false;
        const std::string_view words = trimmed(line);
        if (words.empty())
            continue;
        const bool result = words.starts_with("return ") || words == "return";
        // A sibling's body stands deeper; it was put off itself.
        const bool sibling = !below_.empty() && below_.back().column <= column;
        return column > 0 && result
            && (column_of(line) == column + 4 || (sibling && column_of(line) > column));
    }
    return false;
}

} // namespace hopscope::read
