#include "core/read/headless.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/debug_mode.h"
#include "core/read/expression.h"
#include "core/read/graph_str.h"
#include "core/read/graph_table.h"
#include "core/read/mark.h"
#include "core/read/rejoin.h"
#include "core/read/scan.h"
#include "core/read/thunder.h"

#include <algorithm>
#include <array>
#include <deque>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kSample = 40; // lines that tell a prefix
constexpr size_t kMost = 20000; // lines of one graph
constexpr size_t kFirst = 128; // lines that are tried first
constexpr size_t kMargin = 64; // lines behind a graph's end that a reader may look at

bool has_letters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_identifier_start);
}

// Whether an expression computes something: calls, indexes, joins with an operator.
bool computes(std::string_view value) {
    return !value.empty() && std::string_view("\"'0123456789").find(value.front()) == npos
        && value.find_first_of("([+*/@<>~&|^%-") != npos;
}

// `y = f(x);  x = None`: only FX deletes behind a statement.
size_t deleting_start(std::string_view line) {
    while (line.ends_with(' ') || line.ends_with('\r'))
        line.remove_suffix(1);
    const size_t semicolon = line.ends_with("= None") ? line.find(";  ") : npos;
    const size_t equal = semicolon == npos ? npos : line.find(" = ");
    if (equal == npos || equal > semicolon || !computes(line.substr(equal + 3, semicolon - equal - 3)))
        return npos;
    size_t from = equal;
    while (from > 0 && is_identifier_char(line[from - 1]))
        --from;
    const bool begins = from < equal && is_identifier_start(line[from])
        && (from == 0 || line[from - 1] == ' ' || line[from - 1] == '\t');
    return begins ? from : npos;
}

// Where a statement that only FX prints starts in a line, behind whatever stands before it; npos if there is
// none.
size_t statement_start(std::string_view line) {
    for (const std::string_view mark : {std::string_view(": \""), std::string_view(" = torch.ops.")}) {
        const size_t at = line.find(mark);
        if (at == npos)
            continue;
        size_t from = at;
        while (from > 0 && is_identifier_char(line[from - 1]))
            --from;
        if (from == at || !is_identifier_start(line[from])
            || (from > 0 && line[from - 1] != ' ' && line[from - 1] != '\t' && from < 2))
            continue;
        if (mark[0] == ':') {
            const size_t equal = line.find("\" = ", at);
            if (equal == npos)
                continue;
            // A parameter and its default, `x: "Optional[T]" = None,`: no node is computed by a literal.
            const std::string_view value = trimmed(line.substr(equal + 4));
            if (value.empty()
                || (!is_identifier_start(value[0]) && value[0] != '(' && value[0] != '-' && value[0] != '~')
                || value.starts_with("None") || value.starts_with("True") || value.starts_with("False"))
                continue;
        }
        // An operator that is named and not called: `aten = torch.ops.aten` of Inductor's output code.
        if (mark[0] == ' ') {
            const size_t path = at + 3;
            const size_t end = path + path_at(line, path).size();
            if (end >= line.size() || line[end] != '(')
                continue;
        }
        return from;
    }
    return deleting_start(line);
}

std::vector<RawLine> stripped(
    const std::vector<RawLine>& lines, size_t from, const LinePrefix& prefix, size_t most) {
    std::vector<RawLine> out;
    for (size_t i = from; i < std::min(lines.size(), from + most); ++i) {
        RawLine line = lines[i];
        line.foreign = !prefix.strip(line.text) && !trimmed(line.text).empty();
        out.push_back(line);
    }
    return out;
}

size_t bearing(const LinePrefix& prefix, const std::vector<std::string_view>& lines) {
    return static_cast<size_t>(
        std::count_if(lines.begin(), lines.end(), [&](std::string_view line) { return prefix.strip(line); }));
}

LinePrefix prefix_at(const std::vector<RawLine>& lines, size_t i, size_t code) {
    LinePrefix prefix;
    std::vector<std::string_view> behind;
    for (size_t k = i + 1; k < std::min(lines.size(), i + 1 + kSample); ++k)
        behind.push_back(lines[k].text);
    const std::string_view line = lines[i].text;
    prefix.learn(line, code, behind);
    // What points at this line alone is no part of what all lines bear.
    size_t bare = code;
    while (
        bare > 0 && (std::string_view("->=<*!+~| ").find(line[bare - 1]) != npos || (line[bare - 1] & 0x80)))
        --bare;
    if (bare > 0 && !trimmed(line.substr(bare, code - bare)).empty()) {
        LinePrefix other;
        other.learn(line, bare, behind);
        if (!other.empty() && (prefix.empty() || bearing(other, behind) > bearing(prefix, behind)))
            prefix = std::move(other);
    }
    return prefix;
}

// The parameters in what is left of a signature: `32, 24]", b: "f32[4]", c):` has b and c whole. `first` is
// the first whole one.
std::string whole_parameters(std::string_view tail, std::string& first) {
    size_t at = 0;
    // An odd number of quotes: it begins inside of one.
    if (std::count(tail.begin(), tail.end(), '"') % 2 == 1)
        at = tail.find('"') + 1;
    bool quote = false;
    size_t depth = 0;
    for (; at < tail.size(); ++at) {
        if (tail[at] == '"')
            quote = !quote;
        else if (!quote && (tail[at] == '[' || tail[at] == '('))
            ++depth;
        else if (!quote && depth > 0 && (tail[at] == ']' || tail[at] == ')'))
            --depth;
        else if (!quote && depth == 0 && (tail[at] == ',' || tail[at] == ')'))
            break;
    }
    if (at >= tail.size() || tail[at] == ')')
        return {};
    const std::string_view rest = trimmed(tail.substr(at + 1));
    first = std::string(identifier_at(rest, 0));
    const size_t close = rest.rfind(')');
    return std::string(rest.substr(0, close));
}

class Finder {
public:
    explicit Finder(const std::vector<RawLine>& lines)
        : lines_(lines) { }

    std::vector<HeadlessGraph> run() {
        for (size_t i = 0; i < lines_.size();) {
            size_t took = nodes(i);
            if (!took)
                took = statements(i);
            if (!took)
                took = table_rows(i);
            if (!took)
                took = thunder_trace(i);
            if (!took)
                took = debug_mode(i);
            i += std::max<size_t>(took, 1);
        }
        return std::move(found_);
    }

private:
    // `%x : [num_users=1] = …` without "graph():".
    size_t nodes(size_t i) {
        const std::string_view line = lines_[i].text;
        const size_t percent = line.find('%');
        if (percent == npos || has_letters(line.substr(0, percent))
            || !is_graph_str_node(trimmed(line.substr(percent))))
            return 0;
        const LinePrefix prefix = prefix_at(lines_, i, percent);
        auto rebuilt = std::make_shared<Rebuilt>();
        const size_t took = windowed(i, prefix, [&](const std::vector<RawLine>& lines) {
            *rebuilt = {};
            return rebuild_graph_str(lines, *rebuilt);
        });
        if (took < 2)
            return 0;
        add(i, took, prefix,
            "the head of this graph ('graph():') is not in the text; nodes before this one may be missing",
            std::move(rebuilt));
        return took;
    }

    // A table of print_tabular whose head is not in the text, from its rule on.
    size_t table_rows(size_t i) {
        const size_t start = rule_start(lines_[i].text);
        if (start == npos || i + 1 >= lines_.size())
            return 0;
        const LinePrefix prefix = prefix_at(lines_, i, start);
        std::string_view row = lines_[i + 1].text;
        if (!prefix.strip(row) || !is_table_row(trimmed(row)))
            return 0;
        auto rebuilt = std::make_shared<Rebuilt>();
        const size_t took = windowed(i, prefix, [&](std::vector<RawLine> lines) {
            lines.insert(lines.begin(), {"opcode  name  target  args  kwargs", lines_[i].place});
            *rebuilt = {};
            const size_t n = rebuild_table(lines, *rebuilt);
            return n - std::min<size_t>(n, 1);
        });
        if (took)
            add(i, took, prefix, {}, std::move(rebuilt));
        return took;
    }

    size_t statements(size_t i) {
        const std::string_view line = lines_[i].text;
        const size_t start = statement_start(line);
        if (start == npos)
            return 0;
        const LinePrefix prefix = prefix_at(lines_, i, start);
        if (prefix.empty() && !trimmed(line.substr(0, start)).empty())
            return 0; // words of a sentence
        if (is_code_artifact(facts_of(prefix.text()).artifact))
            return 0;
        const size_t above_it = from_first(i, prefix);
        i -= above_it;
        // What is left of the signature stands above, perhaps behind a comment.
        std::string signature = "def forward(self):";
        std::string told =
            "the head of this graph is not in the text: it begins with a statement, and its inputs are "
            "the names that it uses and does not define";
        size_t lead = 0; // lines above that belong to it
        for (size_t up = 1; up <= std::min<size_t>(i, 4); ++up) {
            std::string_view above = lines_[i - up].text;
            prefix.strip(above);
            above = trimmed(above);
            if (above.starts_with("def ") && above.ends_with(':')) {
                // A function that a person wrote of operators: its parameters are the inputs.
                const size_t open = above.find('(');
                bool closed = false;
                const size_t close = open == npos ? npos : balanced_end(above, open + 1, closed);
                if (open == npos || !closed)
                    break;
                const std::string_view own = trimmed(above.substr(open + 1, close - open - 1));
                signature = std::string("def forward(self")
                    + (own.empty() || own.starts_with("self") ? "" : ", ")
                    + std::string(own.starts_with("self") ? own.substr(4) : own) + "):";
                told = "this is the function '" + std::string(trimmed(above.substr(4, open - 4)))
                    + "' of a program, not a graph that PyTorch printed";
                break;
            }
            // `a, b, = fx_pytree.tree_flatten_spec(…)` names the inputs, whatever the signature was.
            if (above.find(", = fx_pytree.tree_flatten_spec(") != npos
                || above.find(", = self._dynamo_bytecode_flatten(") != npos) {
                lead = up;
                told =
                    "the signature of this graph is not in the text: it begins with the names of its inputs";
                break;
            }
            if (above.ends_with("):") && above.find("def ") == npos) {
                std::string first;
                const std::string parameters = whole_parameters(above, first);
                signature = "def forward(self" + (parameters.empty() ? "" : ", " + parameters) + "):";
                told = "the signature of this graph begins before the text: "
                    + (first.empty() ? "its inputs are the names that it uses and does not define"
                                     : "inputs before '" + first + "' are missing");
                break;
            }
            if (!above.empty() && !above.starts_with('#') && !ExpressionReader::looks_like_statement(above))
                break;
        }
        texts_.push_back(std::move(signature));
        i -= lead;
        RawLine head;
        head.text = texts_.back();
        head.place = lines_[i].place;
        auto rebuilt = std::make_shared<Rebuilt>();
        const size_t took = windowed(i, prefix, [&](std::vector<RawLine> lines) {
            lines.insert(lines.begin(), head);
            *rebuilt = {};
            const size_t n = mend(lines, *rebuilt).took;
            return n - std::min<size_t>(n, 1);
        });
        if (took < 2 + lead + above_it) // one statement is a quotation
            return 0;
        add(i, took, prefix, told, std::move(rebuilt));
        return took - lead - above_it;
    }

    // How many lines above the statement at `i` are statements of the same graph: those that FX prints as a
    // person could write them (`y = torch.relu(x)`), and comments between them.
    size_t from_first(size_t i, const LinePrefix& prefix) const {
        constexpr size_t kMostAbove = 500;
        std::string_view own = lines_[i].text;
        if (!prefix.strip(own) || !behind_mark(trimmed(own)).empty())
            return 0;
        const size_t column = column_of(own);
        size_t first = 0;
        bool blank = false;
        for (size_t up = 1; up <= std::min(i - std::min(i, taken_), kMostAbove); ++up) {
            std::string_view above = lines_[i - up].text;
            const bool bears = prefix.strip(above);
            const std::string_view words = trimmed(above);
            if (words.empty() && !blank) {
                blank = true;
                continue;
            }
            const size_t equal = words.find(" = ");
            const bool comment = words.starts_with("# File: ") || words.starts_with("# No stacktrace");
            // `a, b, = fx_pytree.tree_flatten_spec(…)` names the inputs.
            const bool statement = equal != npos && words.substr(0, equal).find(',') == npos
                && column_of(above) == column && is_graph_line(words) && words.front() != '#'
                && computes(words.substr(equal + 3)) && !words.ends_with(':');
            if (!bears || (!statement && !comment))
                break;
            blank = false;
            first = up;
        }
        return first;
    }

    template <class Use> size_t windowed(size_t i, const LinePrefix& prefix, Use use) {
        for (size_t most = kFirst;; most *= 4) {
            const std::vector<RawLine> lines = stripped(lines_, i, prefix, most);
            const size_t took = use(lines);
            if (took + kMargin < lines.size() || lines.size() < most || most > kMost)
                return took;
        }
    }

    size_t thunder_trace(size_t i) {
        const auto rest = std::span(lines_).subspan(i);
        if (!begins_thunder(rest))
            return 0;
        auto rebuilt = std::make_shared<Rebuilt>();
        const size_t took = rebuild_thunder(rest, *rebuilt);
        if (took) {
            add(i, took, {}, {}, std::move(rebuilt));
            const std::string_view def = trimmed(lines_[i].text);
            found_.back().class_name = std::string(trimmed(def.substr(4, def.find('(') - 4)));
        }
        return took;
    }

    size_t debug_mode(size_t i) {
        const std::string_view text = trimmed(lines_[i].text);
        const bool node = is_debug_node(text);
        if (!node && !is_debug_call(text))
            return 0;
        auto rebuilt = std::make_shared<Rebuilt>();
        std::string told;
        const auto rest = std::span(lines_).subspan(i);
        const size_t took =
            node ? rebuild_debug_graph(rest, *rebuilt, told) : rebuild_debug_mode(rest, *rebuilt, told);
        if (took)
            add(i, took, {}, told, std::move(rebuilt));
        return took;
    }

    void add(
        size_t i, size_t took, const LinePrefix& prefix, std::string told, std::shared_ptr<Rebuilt> rebuilt) {
        taken_ = i + took;
        found_.push_back({lines_[i].place, facts_of(prefix.text()), std::move(told), std::move(rebuilt), i,
            took, prefix, {}});
    }

    const std::vector<RawLine>& lines_;
    std::vector<HeadlessGraph> found_;
    std::deque<std::string> texts_; // signatures that were made up
    size_t taken_ = 0; // lines up to here belong to graphs
};

} // namespace

bool may_hold_headless(std::string_view text) {
    constexpr std::array<std::string_view, 7> kMarks{
        " = torch.ops.", ": \"", "[target=", "thunder", "::", ";  ", "--  --"};
    return words_in(text, kMarks, true) != 0;
}

std::vector<HeadlessGraph> find_headless(const std::vector<RawLine>& lines) {
    return Finder(lines).run();
}

} // namespace hopscope::read
