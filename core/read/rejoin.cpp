#include "core/read/rejoin.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/expression.h"
#include "core/read/mark.h"
#include "core/read/readable.h"
#include "core/read/scan.h"

#include <algorithm>
#include <map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kMostForeign = 30; // lines in a row that are no part of a graph end it

// What is open at the end of a text.
struct OpenState {
    int depth = 0; // brackets
    char quote = 0;
    bool negative = false; // more closed than opened
};

OpenState open_state(std::string_view text) {
    OpenState state;
    if (text.starts_with('#'))
        return state;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (state.quote) {
            if (c == '\\')
                ++i;
            else if (c == state.quote)
                state.quote = 0;
        } else if (c == '"' || c == '\'') {
            state.quote = c;
        } else if (c == '(' || c == '[' || c == '{') {
            ++state.depth;
        } else if (c == ')' || c == ']' || c == '}') {
            state.negative = state.negative || --state.depth < 0;
        } else if (c == '#' && i >= 2 && text[i - 1] == ' ' && text[i - 2] == ' ') {
            break; // a descriptor
        }
    }
    return state;
}

std::string_view without_descriptor(std::string_view text) {
    const size_t at = text.rfind("  # ");
    return trimmed(at == npos ? text : text.substr(0, at));
}

// `primals_1, primals_2, …`: the names before a flatten, whose line is broken before its sign.
bool begins_names(std::string_view text) {
    size_t at = 0, names = 0;
    while (at < text.size()) {
        const std::string_view name = identifier_at(text, at);
        at += name.size();
        if (at >= text.size())
            break;
        if (name.empty() || text[at] != ',')
            return false;
        ++names;
        skip_spaces(text, ++at);
    }
    return names > 1;
}

bool is_return(std::string_view text) {
    return text.starts_with("return") && (text.size() == 6 || !is_identifier_char(text[6]));
}
// What begins something else than a graph, whatever its indent.
bool ends_graph(std::string_view text) {
    static constexpr std::string_view kStarts[]{"```", "~~~", "import ", "from ", "if __name__",
        "Graph signature:", "Range constraints:", "Traceback ", "TRACED GRAPH"};
    for (const std::string_view start : kStarts)
        if (text.starts_with(start))
            return true;
    return (text.starts_with("def ") && !text.starts_with("def forward("))
        || (text.starts_with("class ") && class_on_line(text).empty());
}
bool is_class(std::string_view text) {
    return text.starts_with("class ") && !class_on_line(text).empty();
}
bool is_def(std::string_view text) {
    return text.starts_with("def forward(");
}

// The width at which a terminal broke lines: most lines that go on in one that cannot stand alone are that
// long, and none before the last of them is longer: lines of one length before another program's are no
// broken ones.
size_t wrap_width(std::span<const RawLine> lines) {
    struct Breaks {
        size_t count = 0;
        size_t last = 0; // the last line that long that goes on in the next
    };
    std::map<size_t, Breaks> widths;
    size_t longest = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
        longest = std::max(longest, lines[i].width);
        if (i + 1 < lines.size() && !trimmed(lines[i + 1].text).empty()
            && !is_graph_line(trimmed(lines[i + 1].text))
            && (lines[i + 1].foreign || column_of(lines[i + 1].text) < 4))
            widths[lines[i].width] = {widths[lines[i].width].count + 1, i};
    }
    size_t width = 0;
    size_t most = 0;
    size_t last = 0;
    for (const auto& [w, breaks] : widths)
        if (breaks.count > most || (breaks.count == most && w > width)) {
            most = breaks.count;
            width = w;
            last = breaks.last;
        }
    constexpr size_t kNarrowest = 40;
    // Bytes are columns in ASCII alone.
    const auto longer = static_cast<size_t>(
        std::count_if(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(last), [&](const RawLine& line) {
            return line.width > width && !line.foreign && !has_high_byte(line.text);
        }));
    if (longer * 8 > most)
        return 0;
    return width >= kNarrowest && (most > 1 || width == longest) ? width : 0;
}

struct Logical {
    std::string text; // without indent
    size_t column = 0;
    Place place;
    OpenState open;
    bool natural = false; // it ends where Python may break a line
};

class Mender {
public:
    Mender(std::span<const RawLine> lines, Rebuilt& out)
        : lines_(lines)
        , out_(out)
        , width_(wrap_width(lines)) { }

    Mended run() {
        lost_ = lost_indentation();
        margin_ = npos;
        for (const RawLine& line : lines_)
            if (!line.foreign && !trimmed(line.text).empty())
                margin_ = std::min(margin_, column_of(line.text));
        gather();
        if (lost_)
            reindent();
        else
            for (const Logical& l : logical_)
                out_.line(l.text, l.column, l.place);
        return std::move(mended_);
    }

private:
    bool full(size_t i) const { return width_ && lines_[i].width == width_; }
    bool goes_on(const Logical& last, size_t i, std::string_view text, bool& blank_lost) const;
    void gather();
    bool lost_indentation() const;
    bool out_of_place(size_t i, std::string_view text) const;
    bool intrudes(size_t i, std::string_view text) const;
    void reindent();
    size_t parent_of(std::string_view name) const;

    std::span<const RawLine> lines_;
    Rebuilt& out_;
    size_t width_;
    std::vector<Logical> logical_;
    bool lost_ = false; // the indentation
    int open_ = 0; // brackets that natural line breaks leave open
    bool expanded_ = false; // they are those of a signature or a return, an item a line
    size_t margin_ = 0; // blanks before every line: what a prefix ends in
    size_t def_column_ = 0;
    size_t column_ = 0; // of the statements of the body that is read
    Mended mended_;

    struct OpenBody {
        size_t indent; // of its class
        std::vector<std::string> wanted; // attributes that it speaks of and no class below it has defined yet
    };
    std::vector<OpenBody> bodies_;
};

// Progress bars and Python's warnings: never the rest of a line.
bool is_programs_own(std::string_view text) {
    return text.find("%|") != npos || text.find("Warning: ") != npos || text.starts_with("warnings.warn(");
}

// Whether line `i` is the rest of the line before it, and whether a blank was lost where it broke.
bool Mender::goes_on(const Logical& last, size_t i, std::string_view text, bool& blank_lost) const {
    blank_lost = !full(i - 1);
    const bool alone = is_graph_line(text);
    if (is_programs_own(text) && text.find("File: ") == npos)
        return false;
    if (full(i - 1)
        && (!alone || last.open.depth > 0 || last.open.quote || column_of(lines_[i].text) == 0
            || column_of(lines_[i].text) < last.column))
        return !(alone && (is_class(text) || is_def(text)));
    if (lines_[i].foreign)
        return false;
    // Inside of brackets, further left than the statement: a mail program broke the line at a blank, whatever
    // the rest looks like ("primals_9: "f32[4]", …").
    if (!lost_ && !last.natural && !is_class(text) && !is_def(text) && !is_return(text)) {
        const size_t column = column_of(lines_[i].text);
        if (last.open.depth > 0 && column < last.column)
            return true;
        // An item of a signature or call that was broken before it.
        if (open_ > 0 && last.open.depth <= 0 && column <= last.column
            && std::string_view(")]}").find(text.front()) == npos)
            return true;
    }
    // A source line may be anything: "# File: …, code:" and then "return x". From 2.3 to 2.10 comments stand
    // one blank deeper than the statements behind them.
    if (!lost_ && last.text.starts_with('#') && column_of(lines_[i].text) + (alone ? 1 : 0) < last.column
        && !is_class(text) && !is_def(text))
        return true;
    if (last.open.quote && !last.text.starts_with('#'))
        return !alone;
    if (last.natural || alone)
        return false;
    // Broken at a blank: inside of brackets, or in a chain of deletions.
    return last.open.depth > 0 || last.text.ends_with('=') || last.text.ends_with(';')
        || (last.text.starts_with('#') && column_of(lines_[i].text) < last.column);
}

void Mender::gather() {
    bool returned = false;
    size_t foreign = 0;
    int& open = open_;
    for (size_t i = 0; i < lines_.size(); ++i) {
        std::string_view text = trimmed(lines_[i].text);
        if (text.empty())
            continue;
        const std::string_view behind = behind_mark(text);
        const bool marked = !behind.empty();
        text = marked ? behind : text;
        bool blank_lost = false;
        if (!logical_.empty() && i > 0 && !marked && goes_on(logical_.back(), i, text, blank_lost)) {
            Logical& last = logical_.back();
            std::string_view more = lines_[i].text;
            if (blank_lost)
                more = text;
            else {
                more.remove_prefix(std::min(margin_, std::min(more.find_first_not_of(' '), more.size())));
                while (more.ends_with(' '))
                    more.remove_suffix(1);
            }
            if (blank_lost && !last.text.empty())
                last.text += ' ';
            // Blanks at the very width are the statement's own: `x: ` and `"f32[4]"`.
            if (const std::string_view before = lines_[i - 1].text; !blank_lost && before.ends_with(' '))
                last.text.append(
                    before.size() - 1 - std::min(before.find_last_not_of(' '), before.size() - 1), ' ');
            last.text += more;
            open -= last.open.depth;
            last.open = open_state(last.text);
            last.natural = !last.open.quote
                && std::string_view("([{,").find(without_descriptor(last.text).back()) != npos;
            open = std::max(0, open + last.open.depth);
            ++mended_.joined;
            mended_.took = i + 1;
            foreign = 0;
            continue;
        }
        // An item of an open signature, call or return.
        const bool inside = open > 0 && !lines_[i].foreign && !intrudes(i, text);
        if (!inside && ends_graph(text))
            break;
        if (open > 0 && !inside && expanded_ && !lines_[i].foreign) {
            if (++foreign > kMostForeign)
                break;
            continue;
        }
        const bool begins = is_graph_line(text) || (full(i) && begins_names(text));
        if (!inside && (lines_[i].foreign || !begins || (!marked && out_of_place(i, text)))) {
            if (returned && !lines_[i].foreign)
                break;
            if (++foreign > kMostForeign)
                break;
            continue;
        }
        if (returned && !inside && !is_class(text) && !text.starts_with('#')
            && !(is_def(text) && logical_.back().text.starts_with("class ")))
            break;
        if (text.starts_with('#') && returned)
            continue; // behind a graph: its id, or what the program says next
        mended_.foreign += foreign;
        foreign = 0;
        Logical l;
        l.text = std::string(text);
        l.column = column_of(lines_[i].text);
        if (marked && !is_def(text) && !is_class(text)) {
            l.column = column_ > 0 ? column_ : def_column_ + 4;
        } else if (is_def(text)) {
            def_column_ = l.column;
            column_ = 0;
        } else if (!lost_ && !is_class(text) && l.column <= def_column_ && column_ > 0
            && text.front() != ')') {
            l.column = column_; // a deletion that was broken off
        } else if (column_ == 0 && !inside && text.front() != ')' && text.front() != '#') {
            column_ = l.column;
        }
        l.place = lines_[i].place;
        l.open = open_state(text);
        const std::string_view code = without_descriptor(text);
        l.natural = !code.empty() && std::string_view("([{,").find(code.back()) != npos && !l.open.quote;
        open = std::max(0, open + l.open.depth);
        if (is_def(text) || is_return(text))
            expanded_ = l.natural && (code.ends_with('(') || code.ends_with('['));
        if (is_class(text) || is_def(text)) {
            returned = false;
            open = l.open.depth;
        } else if (is_return(text)) {
            returned = true;
        }
        logical_.push_back(std::move(l));
        mended_.took = i + 1;
    }
    if (logical_.empty())
        mended_.took = 1;
}

// Most statements of the first body stand no deeper than their def.
bool Mender::lost_indentation() const {
    constexpr size_t kSample = 200;
    size_t def = npos;
    size_t deeper = 0;
    size_t shallow = 0;
    bool in_signature = false;
    for (size_t i = 0; i < std::min(kSample, lines_.size()); ++i) {
        const std::string_view text = trimmed(lines_[i].text);
        if (text.empty() || lines_[i].foreign)
            continue;
        if (is_def(text) && def == npos) {
            def = column_of(lines_[i].text);
            in_signature = text.find(')') == npos;
        } else if (in_signature) {
            in_signature = text.find("):") == npos;
        } else if (def != npos && is_graph_line(text) && text.front() != '#') {
            if (is_class(text) || is_def(text))
                break;
            ++(column_of(lines_[i].text) > def ? deeper : shallow);
            if (is_return(text))
                break;
        }
    }
    return shallow > deeper;
}

// A statement that stands where no statement of the graph does: somebody else's, unless it is the rest of a
// line.
bool Mender::out_of_place(size_t i, std::string_view text) const {
    return !lost_ && !logical_.empty() && column_ > 0 && column_of(lines_[i].text) <= def_column_
        && !is_class(text) && !is_def(text) && text.front() != '#' && text.front() != ')'
        && !ExpressionReader::is_deletion(text);
}

// A line in the midst of the items of a signature or a return that is none: it stands no deeper than the def,
// and no comma ends it.
bool Mender::intrudes(size_t i, std::string_view text) const {
    return expanded_ && !lost_ && column_of(lines_[i].text) <= def_column_ && !is_class(text) && !is_def(text)
        && std::string_view(")]}").find(text.front()) == npos && !without_descriptor(text).ends_with(',');
}

// The body, of those so far, that a class called `name` belongs to: the latest that speaks of self.NAME.
size_t Mender::parent_of(std::string_view name) const {
    for (size_t i = bodies_.size(); i-- > 0;)
        if (std::find(bodies_[i].wanted.begin(), bodies_[i].wanted.end(), name) != bodies_[i].wanted.end())
            return i;
    return npos;
}

void Mender::reindent() {
    mended_.reindented = true;
    size_t depth = 0; // of statements
    size_t class_indent = 0;
    bool in_signature = false;
    for (size_t k = 0; k < logical_.size(); ++k) {
        const Logical& l = logical_[k];
        if (is_class(l.text)) {
            const std::string name(class_on_line(l.text));
            size_t indent = 0;
            if (!bodies_.empty()) {
                const size_t parent = parent_of(name);
                if (parent == npos) { // nobody's child: another graph
                    mended_.took = 0;
                    for (size_t i = 0; i < lines_.size(); ++i)
                        if (lines_[i].place.offset == l.place.offset
                            && lines_[i].place.line == l.place.line) {
                            mended_.took = i;
                            break;
                        }
                    return;
                }
                indent = bodies_[parent].indent + 4;
                std::erase(bodies_[parent].wanted, name);
            }
            bodies_.push_back({indent, {}});
            class_indent = indent;
            out_.line(l.text, indent, l.place);
            depth = indent + 4;
            continue;
        }
        if (bodies_.empty()) // a bare def
            bodies_.push_back({0, {}});
        if (is_def(l.text)) {
            const bool in_class = k > 0 && is_class(logical_[k - 1].text);
            const size_t indent = in_class ? class_indent + 4 : class_indent;
            out_.line(l.text, indent, l.place);
            in_signature = l.text.find(')') == npos;
            depth = indent + 4;
            continue;
        }
        if (in_signature && l.text.starts_with(')')) {
            in_signature = false;
            out_.line(l.text, depth - 4, l.place);
            continue;
        }
        for (size_t at = l.text.find("self."); at != npos; at = l.text.find("self.", at + 1)) {
            const std::string_view attribute = identifier_at(l.text, at + 5);
            std::vector<std::string>& wanted = bodies_.back().wanted;
            if (!attribute.empty() && std::find(wanted.begin(), wanted.end(), attribute) == wanted.end())
                wanted.emplace_back(attribute);
        }
        out_.line(l.text, depth + (in_signature ? 4 : 0), l.place);
    }
}

} // namespace

size_t column_of(std::string_view line) {
    size_t column = 0;
    for (const char c : line) {
        if (c == ' ')
            ++column;
        else if (c == '\t')
            column += 4;
        else
            break;
    }
    return column;
}

bool is_graph_line(std::string_view text) {
    if (text.empty())
        return true;
    if (text.front() == '#')
        return text.find("File: ") != npos || text.starts_with("# No stacktrace")
            || text.starts_with("# Annotation") || text.starts_with("# recompute")
            || text.starts_with("# ac_graph_id") || text.size() == 1;
    if (std::string_view(")]}").find(text.front()) != npos)
        return text.size() < 3 || text.find_first_not_of(")]}:,; ") == npos || text.starts_with("] = ")
            || text.starts_with(") = ") || text.starts_with("], self._out_spec)")
            || text.starts_with(") -> ");
    if (is_class(text) || is_def(text) || is_return(text) || text == "pass" || text == "args_list.clear()"
        || text.starts_with("\"\"\""))
        return true;
    return ExpressionReader::looks_like_statement(text) && !open_state(text).negative;
}

Mended mend(std::span<const RawLine> lines, Rebuilt& out) {
    return Mender(lines, out).run();
}

} // namespace hopscope::read
