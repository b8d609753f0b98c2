#include "core/read/diff_sides.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/graph_str.h"
#include "core/read/graph_table.h"
#include "core/read/lines.h"
#include "core/read/prefix.h"
#include "core/read/rejoin.h"

#include <algorithm>
#include <optional>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kLongestMargin = 24; // before the marks: "E         ", "> "

struct Line {
    std::string_view text;
    Place place;
    size_t at = 0, behind = 0; // bytes of the text
};

// The column of the '+' or '-' that a line begins with, behind a margin; npos = it begins otherwise.
size_t mark_column(std::string_view line) {
    for (size_t i = 0; i < std::min(line.size(), kLongestMargin); ++i) {
        const char c = line[i];
        if (c == '+' || c == '-')
            return i;
        if (c != ' ' && c != '>' && c != '|' && !(c == 'E' && i == 0))
            return npos;
    }
    return npos;
}

// What tells of a hunk or a file, and is no line of either side.
bool is_header(std::string_view behind_margin) {
    for (const std::string_view start : {"--- ", "+++ ", "@@ ", "diff ", "index ", "\\ No newline", "? "})
        if (behind_margin.starts_with(start))
            return true;
    return false;
}

bool is_statement(std::string_view text) {
    // Behind PyTorch's own prefix, and the marks in brackets that follow it.
    if (size_t end = 0; find_glog(text, end) != npos) {
        text.remove_prefix(end);
        for (size_t close = text.find("] "); text.starts_with('[') && close != npos; close = text.find("] "))
            text.remove_prefix(close + 2);
    }
    const std::string_view words = trimmed(text);
    if (is_graph_str_node(words) || is_table_row(words))
        return true;
    return !words.empty() && words.front() != '#' && is_graph_line(words)
        && (words.find(" = ") != npos || words.starts_with("return") || words.find("[num_users=") != npos);
}

class Splitter {
public:
    Splitter(const PlainText& plain, const LinePrefix& prefix) {
        Lines lines(plain.text, false);
        while (lines.next()) {
            std::string_view text = lines.line();
            prefix.strip(text);
            const Place at = !plain.places               ? Place{lines.number(), lines.offset()}
                : lines.number() <= plain.places->size() ? (*plain.places)[lines.number() - 1]
                                                         : Place{};
            lines_.push_back({text, at, lines.offset(), lines.end_offset()});
        }
    }

    std::vector<DiffBlock> run() {
        std::vector<DiffBlock> found;
        for (size_t i = 0; i < lines_.size();) {
            const size_t column = mark_column(lines_[i].text);
            if (column == npos) {
                ++i;
                continue;
            }
            const std::string_view margin = lines_[i].text.substr(0, column);
            size_t from = i;
            while (from > taken_ && belongs(lines_[from - 1].text, margin))
                --from;
            size_t to = i;
            while (to < lines_.size() && belongs(lines_[to].text, margin))
                ++to;
            if (auto block = split(from, to, margin)) {
                found.push_back(std::move(*block));
                taken_ = to;
            }
            i = to;
        }
        return found;
    }

private:
    static bool belongs(std::string_view line, std::string_view margin) {
        if (line.size() <= margin.size())
            return trimmed(margin).starts_with(trimmed(line)); // an empty line, its blanks cut off
        return line.starts_with(margin)
            && (std::string_view(" +-?@\\").find(line[margin.size()]) != npos
                || is_header(line.substr(margin.size())));
    }

    std::optional<DiffBlock> split(size_t from, size_t to, std::string_view margin) const {
        size_t removed = 0, added = 0, kept = 0;
        bool header = false;
        bool blank_behind = true; // ndiff's marks have one
        for (size_t i = from; i < to; ++i) {
            const std::string_view text = behind(lines_[i].text, margin);
            header = header || is_header(text);
            if (text.empty() || is_header(text))
                continue;
            const bool statement = is_statement(text.substr(1));
            removed += text.front() == '-' && statement;
            added += text.front() == '+' && statement;
            kept += text.front() == ' ' && statement;
            blank_behind = blank_behind && (text.size() == 1 || text[1] == ' ');
        }
        // A hunk may only add, or only remove: then its unmarked lines are the other side.
        const bool one_sided = header && kept > 0 && removed + added > 0;
        if ((removed == 0 || added == 0) && !one_sided)
            return std::nullopt;
        DiffBlock block;
        block.place = lines_[from].place;
        block.from = lines_[from].at;
        block.to = lines_[to - 1].behind;
        block.before = side(from, to, margin, '-', blank_behind ? 2 : 1);
        block.after = side(from, to, margin, '+', blank_behind ? 2 : 1);
        return block;
    }

    static std::string_view behind(std::string_view line, std::string_view margin) {
        return line.size() <= margin.size() ? std::string_view{} : line.substr(margin.size());
    }

    PlainText side(size_t from, size_t to, std::string_view margin, char mark, size_t width) const {
        const auto text = std::make_shared<std::string>();
        const auto places = std::make_shared<Places>();
        for (size_t i = from; i < to; ++i) {
            const std::string_view line = behind(lines_[i].text, margin);
            if (is_header(line) || (!line.empty() && line.front() != ' ' && line.front() != mark))
                continue;
            *text += line.substr(std::min(width, line.size()));
            *text += '\n';
            places->push_back(lines_[i].place);
        }
        PlainText out;
        out.text = *text;
        out.storage = text;
        out.places = places;
        return out;
    }

    std::vector<Line> lines_;
    size_t taken_ = 0;
};

} // namespace

namespace {
// Whether lines begin with '-' and lines begin with '+', behind a margin or not: most texts have no such
// thing.
bool has_both_marks(std::string_view text, const LinePrefix& prefix) {
    bool removed = false, added = false;
    Lines lines(text, false);
    while (lines.next() && !(removed && added)) {
        std::string_view line = lines.line();
        if (!prefix.strip(line))
            continue;
        size_t at = 0;
        if (!prefix.empty())
            at = std::min(line.find_first_not_of(' '), line.size());
        else if (line.starts_with("E ") || line.starts_with("> ") || line.starts_with("  "))
            at = std::min(line.find_first_not_of(" >|", 1), line.size());
        if (at < line.size()) {
            removed = removed || line[at] == '-';
            added = added || line[at] == '+';
        }
    }
    return removed && added;
}
// What a program put before each line of a graph, and with it of a diff: a CI service's time stamps.
LinePrefix prefix_of_heads(std::string_view text, size_t& begin) {
    constexpr size_t kSample = 40;
    LinePrefix prefix;
    for (const std::string_view head : {"Module):", "def forward("}) {
        const size_t at = find_words(text, head);
        if (at == npos)
            continue;
        begin = at == 0 ? 0 : text.rfind('\n', at) + 1; // npos + 1 = 0
        Lines lines(text.substr(begin), false);
        if (!lines.next())
            return prefix;
        const std::string_view line = lines.line();
        const size_t code = head.starts_with("def") ? at - begin : line.rfind("class ", at - begin);
        if (code == npos || trimmed(line.substr(0, code)).empty())
            return prefix;
        std::vector<std::string_view> behind;
        while (behind.size() < kSample && lines.next())
            behind.push_back(lines.line());
        prefix.learn(line, code, behind);
        return prefix;
    }
    return prefix;
}
} // namespace

std::vector<DiffBlock> find_diffs(const PlainText& plain) {
    constexpr size_t kLargest = size_t{64} << 20; // nobody reviews more
    if (plain.text.size() > kLargest)
        return {};
    const bool hunk = plain.text.starts_with("@@ ") || find_words(plain.text, "\n@@ ") != npos;
    if (hunk || has_both_marks(plain.text, {}))
        if (std::vector<DiffBlock> found = Splitter(plain, {}).run(); !found.empty())
            return found;
    constexpr size_t kLooked = 1 << 20; // bytes from the head on: a log's graphs are no diffs
    size_t begin = 0;
    const LinePrefix prefix = prefix_of_heads(plain.text, begin);
    if (prefix.empty() || !has_both_marks(plain.text.substr(begin, kLooked), prefix))
        return {};
    return Splitter(plain, prefix).run();
}

PlainText without_diffs(const PlainText& plain, const std::vector<DiffBlock>& diffs) {
    const auto text = std::make_shared<std::string>(plain.text);
    for (const DiffBlock& diff : diffs)
        std::replace_if(
            text->begin() + static_cast<ptrdiff_t>(diff.from),
            text->begin() + static_cast<ptrdiff_t>(diff.to), [](char c) { return c != '\n'; }, ' ');
    PlainText out = plain;
    out.text = *text;
    out.storage = text;
    return out;
}

} // namespace hopscope::read
