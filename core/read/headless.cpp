#include "core/read/headless.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/debug_mode.h"
#include "core/read/expression.h"
#include "core/read/graph_str.h"
#include "core/read/rejoin.h"
#include "core/read/scan.h"

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
    return npos;
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

LinePrefix prefix_at(const std::vector<RawLine>& lines, size_t i, size_t code) {
    LinePrefix prefix;
    std::vector<std::string_view> behind;
    for (size_t k = i + 1; k < std::min(lines.size(), i + 1 + kSample); ++k)
        behind.push_back(lines[k].text);
    prefix.learn(lines[i].text, code, behind);
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
        const bool thunder = std::any_of(
            lines_.begin(), lines_.end(), [](const RawLine& l) { return l.text.find("thunder") != npos; });
        for (size_t i = 0; i < lines_.size();) {
            size_t took = nodes(i);
            if (!took)
                took = statements(i);
            if (!took && thunder)
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
        add(i, prefix,
            "the head of this graph ('graph():') is not in the text; nodes before this one may be missing",
            std::move(rebuilt));
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
        if (took < 2 + lead) // one statement is a quotation
            return 0;
        add(i, prefix, told, std::move(rebuilt));
        return took - lead;
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
        const std::string_view text = trimmed(lines_[i].text);
        if (!text.starts_with("def ") || text.find('(') == npos)
            return 0;
        auto rebuilt = std::make_shared<Rebuilt>();
        const size_t took = rebuild_thunder(std::span(lines_).subspan(i), *rebuilt);
        if (took)
            add(i, {}, {}, std::move(rebuilt));
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
            add(i, {}, told, std::move(rebuilt));
        return took;
    }

    void add(size_t i, const LinePrefix& prefix, std::string told, std::shared_ptr<Rebuilt> rebuilt) {
        found_.push_back({lines_[i].place, facts_of(prefix.text()), std::move(told), std::move(rebuilt)});
    }

    const std::vector<RawLine>& lines_;
    std::vector<HeadlessGraph> found_;
    std::deque<std::string> texts_; // signatures that were made up
};

// ---- Lightning Thunder ----

// `# x: "cuda:0 f32[6, 32]"`: the name, and the type as FX writes it.
bool typed_comment(std::string_view text, std::string_view& name, std::string& type) {
    const size_t hash = text.rfind("# ");
    if (hash == npos)
        return false;
    const std::string_view words = trimmed(text.substr(hash + 2));
    name = identifier_at(words, 0);
    const size_t open = words.find(": \"");
    if (name.empty() || open != name.size())
        return false;
    const std::string_view inner = words.substr(open + 3, words.rfind('"') - open - 3);
    const size_t blank = inner.find(' ');
    if (blank == npos || inner.find('[') == npos || inner.find('[') < blank)
        return false;
    type = std::string(trimmed(inner.substr(blank + 1))) + std::string(inner.substr(0, blank));
    return true;
}

} // namespace

size_t rebuild_thunder(std::span<const RawLine> lines, Rebuilt& out) {
    std::vector<GraphPieces> pieces(1);
    GraphPieces& p = pieces[0];
    const std::string_view def = trimmed(lines[0].text);
    const size_t open = def.find('(');
    p.class_name = std::string(trimmed(def.substr(4, open - 4)));
    p.head = lines[0].place;
    if (!is_identifier(p.class_name) || !def.ends_with(':'))
        return 0;
    std::string_view list = def.substr(open + 1, def.rfind(')') - open - 1);
    while (!list.empty()) {
        const std::string_view name = identifier_at(trimmed(list), 0);
        if (!name.empty() && name != "self")
            p.parameters.emplace_back(std::string(name), lines[0].place);
        const size_t comma = list.find(',');
        list = comma == npos ? std::string_view{} : list.substr(comma + 1);
    }
    const size_t base = column_of(lines[0].text);
    size_t unpacked = 0;
    for (size_t i = 1; i < std::min(lines.size(), kMost); ++i) {
        const std::string_view text = trimmed(lines[i].text);
        if (text.empty())
            continue;
        if (column_of(lines[i].text) <= base)
            return 0;
        std::string_view name;
        std::string type;
        if (text.starts_with('#')) {
            if (typed_comment(text, name, type))
                for (auto& [words, place] : p.parameters)
                    if (words == name) {
                        words += ": \"" + type + '"';
                        place = lines[i].place;
                    }
            continue;
        }
        if (text.starts_with("return")) {
            const std::string value(trimmed(text.substr(6)));
            bool closed = false;
            const size_t end = balanced_end(value, 0, closed);
            p.statements.emplace_back("return "
                    + (value.empty()             ? "None"
                            : end < value.size() ? '(' + value + ')'
                                                 : value),
                lines[i].place);
            write_pieces(pieces, out);
            return i + 1;
        }
        if (text.starts_with("del "))
            continue;
        const bool typed = typed_comment(text, name, type);
        const size_t comment = text.find("  #");
        const std::string_view code = trimmed(text.substr(0, comment));
        const size_t equal = code.find(" = ");
        if (equal == npos)
            continue;
        const std::string_view left = code.substr(0, equal);
        std::string right(trimmed(code.substr(equal + 3)));
        // Its functions are those of modules (`ltorch.mul`), never methods.
        if (const std::string_view path = path_at(right, 0);
            path.size() < right.size() && right[path.size()] == '(' && !path.starts_with("torch."))
            right.insert(0, kFunctionMark);
        if (is_identifier(left)) {
            p.statements.emplace_back(
                std::string(left) + (typed && name == left ? ": \"" + type + '"' : "") + " = " + right,
                lines[i].place);
            continue;
        }
        // `(a, b) = f(…)`: FX would index.
        const std::string whole = "result_" + std::to_string(unpacked++);
        p.statements.emplace_back(whole + " = " + right, lines[i].place);
        size_t index = 0;
        for (size_t at = 0; at < left.size(); ++at) {
            const std::string_view item = identifier_at(left, at);
            if (item.empty())
                continue;
            p.statements.emplace_back(
                std::string(item) + " = " + whole + '[' + std::to_string(index++) + ']', lines[i].place);
            at += item.size();
        }
    }
    return 0;
}

bool may_hold_headless(std::string_view text) {
    constexpr std::array<std::string_view, 5> kMarks{" = torch.ops.", ": \"", "[target=", "thunder", "::"};
    return words_in(text, kMarks, true) != 0;
}

std::vector<HeadlessGraph> find_headless(const std::vector<RawLine>& lines) {
    return Finder(lines).run();
}

} // namespace hopscope::read
