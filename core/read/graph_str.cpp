#include "core/read/graph_str.h"

#include "core/base/text.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr int kMostJoined = 50; // lines that one node may be spread over

struct NodeLine {
    std::string_view name, type, op, target;
    std::string_view args, kwargs, preset; // without their brackets
};

// The bracket that closes the one at `open`; npos if none does. Quotes are no help here: strings stand bare.
size_t closing(std::string_view text, size_t open) {
    size_t depth = 0;
    for (size_t i = open; i < text.size(); ++i) {
        if (text[i] == '(' || text[i] == '[' || text[i] == '{')
            ++depth;
        else if ((text[i] == ')' || text[i] == ']' || text[i] == '}') && --depth == 0)
            return i;
    }
    return npos;
}

size_t users_mark(std::string_view text) {
    const size_t at = text.find("[num_users=");
    return at != npos ? at : text.find("[#users=");
}

// `%NAME : [TYPE ][num_users=N] = OP[target=T](args = (…), kwargs = {…})`. False if brackets stay open.
bool parse_node(std::string_view text, NodeLine& out) {
    out.name = identifier_at(text, 1);
    const size_t colon = text.find(':', 1 + out.name.size());
    if (colon == npos)
        return false;
    const size_t equal = text.find(" = ", colon);
    if (equal == npos)
        return false;
    const size_t users = users_mark(text.substr(0, equal));
    out.type = trimmed(text.substr(colon + 1, (users == npos ? equal : users) - colon - 1));
    const size_t open = text.find("[target=", equal);
    if (open == npos)
        return false;
    out.op = trimmed(text.substr(equal + 3, open - equal - 3));
    const size_t target = open + 8;
    const size_t call = text.find("](args = ", target);
    size_t end = call;
    if (call == npos) {
        end = text.find(']', target);
        if (end == npos)
            return false;
        const size_t preset = text.find("](default=", target);
        if (preset != npos) {
            const size_t close = closing(text, preset + 1);
            if (close == npos)
                return false;
            end = preset;
            out.preset = text.substr(preset + 10, close - preset - 10);
        }
    }
    out.target = text.substr(target, end - target);
    if (call == npos)
        return true;
    const size_t whole_end = closing(text, call + 1);
    const size_t args = call + 9;
    if (whole_end == npos || args >= text.size())
        return false;
    const size_t args_end = closing(text, args);
    if (args_end == npos)
        return false;
    out.args = text.substr(args + 1, args_end - args - 1);
    const size_t kwargs = text.find("kwargs = {", args_end);
    if (kwargs != npos) {
        const size_t close = closing(text, kwargs + 9);
        if (close == npos)
            return false;
        out.kwargs = text.substr(kwargs + 10, close - kwargs - 10);
    }
    return true;
}

bool is_literal(std::string_view word) {
    static constexpr std::array kWords{"None", "True", "False", "inf", "-inf", "nan", "Ellipsis"};
    if (std::find(kWords.begin(), kWords.end(), word) != kWords.end())
        return true;
    if (word.starts_with("torch.") && path_at(word, 0) == word)
        return true;
    // Numbers, complex ones too, and symbolic sizes: s77, 2*s77.
    const size_t digits = word.find_first_of("0123456789");
    return digits != npos && std::all_of(word.begin(), word.end(), [](char c) {
        return is_digit(c) || std::string_view("+-.eEj*/() ").find(c) != npos;
    });
}

bool is_symbol(std::string_view word) {
    return word.size() > 1 && (word[0] == 's' || word[0] == 'u')
        && std::all_of(word.begin() + 1, word.end(), is_digit);
}

// "cuda:0", "cpu": a device stands bare. Empty if it is none.
std::string device(std::string_view word) {
    static constexpr std::array kKinds{
        "cpu", "cuda", "meta", "mps", "xpu", "hpu", "npu", "xla", "mtia", "privateuseone"};
    const size_t colon = word.find(':');
    const std::string_view kind = word.substr(0, colon);
    if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end())
        return {};
    const std::string_view index = colon == npos ? std::string_view{} : word.substr(colon + 1);
    if (!std::all_of(index.begin(), index.end(), is_digit))
        return {};
    return "device(type='" + std::string(kind) + "'" + (index.empty() ? "" : ", index=" + std::string(index))
        + ")";
}

std::string quoted(std::string_view word) {
    std::string out = "'";
    for (const char c : word) {
        if (c == '\'' || c == '\\')
            out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out + "'";
}

std::string leaf(std::string_view word) {
    if (word.size() > 1 && (word[0] == '\'' || word[0] == '"') && word.back() == word[0])
        return std::string(word);
    if (word == "...")
        return "Ellipsis";
    if (is_literal(word) || is_symbol(word))
        return std::string(word);
    if (const std::string d = device(word); !d.empty())
        return d;
    return quoted(word);
}

// Values as Graph.__str__ writes them to Python's: nodes lose their %, bare words become strings. Items of
// the outermost list apart. Iterative: brackets nest as deep as the text likes.
std::vector<std::string> values(std::string_view text, bool keywords) {
    std::vector<std::string> items;
    std::string item;
    struct Open {
        char kind;
        bool at_key;
    };
    std::vector<Open> open{{keywords ? 'k' : '(', keywords}};
    const auto flush = [&] {
        if (!trimmed(item).empty())
            items.emplace_back(trimmed(item));
        item.clear();
    };
    for (size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == ' ' || c == '\n') {
            ++at;
        } else if (c == ',') {
            if (open.size() == 1)
                flush();
            else
                item += ", ";
            open.back().at_key = open.back().kind == '{' || open.back().kind == 'k';
            ++at;
        } else if (c == ':' && (open.back().kind == '{' || open.back().kind == 'k')) {
            item += open.back().kind == 'k' ? " = " : ": ";
            open.back().at_key = false;
            ++at;
        } else if (c == '(' || c == '[' || c == '{') {
            item += c;
            open.push_back({c, c == '{'});
            ++at;
        } else if (c == ')' || c == ']' || c == '}') {
            item += c;
            if (open.size() > 1)
                open.pop_back();
            ++at;
        } else if (c == '%' && !identifier_at(text, at + 1).empty()) {
            const std::string_view name = identifier_at(text, at + 1);
            item += name;
            at += 1 + name.size();
        } else if (text.substr(at, 6) == "slice(" || text.substr(at, 6) == "range(") {
            item += text.substr(at, 6);
            open.push_back({'(', false});
            at += 6;
        } else {
            // A word up to the comma or bracket that ends it; in quotes, up to the quote.
            size_t end = at;
            size_t depth = 0;
            if (c == '\'' || c == '"') {
                end = string_end(text, at);
                end = end == npos ? text.size() : end;
            }
            for (; end < text.size(); ++end) {
                const char e = text[end];
                if (e == '(' || e == '[' || e == '{')
                    ++depth;
                else if ((e == ')' || e == ']' || e == '}') && depth-- == 0)
                    break;
                else if (depth == 0 && (e == ',' || (e == ':' && open.back().at_key)))
                    break;
            }
            const std::string_view word = trimmed(text.substr(at, end - at));
            item += open.back().kind == 'k' && open.back().at_key ? std::string(word) : leaf(word);
            at = std::max(end, at + 1);
        }
    }
    flush();
    return items;
}

// FX's qualified names; other targets are printed as their repr.
std::string function(std::string_view target) {
    const auto between = [&](std::string_view from, char to) {
        const size_t at = target.find(from);
        const size_t end = at == npos ? npos : target.find(to, at + from.size());
        return end == npos ? std::string()
                           : std::string(target.substr(at + from.size(), end - at - from.size()));
    };
    std::string name(target);
    if (target.starts_with("<OpOverload(op='")) {
        name = "torch.ops." + between("op='", '\'') + '.' + between("overload='", '\'');
    } else if (target.starts_with("<built-in function ")) {
        const std::string word = between("function ", '>');
        static constexpr std::array kBuiltins{
            "getattr", "max", "min", "sum", "len", "abs", "round", "pow", "iter"};
        name = std::find(kBuiltins.begin(), kBuiltins.end(), word) != kBuiltins.end() ? word
                                                                                      : "operator." + word;
    } else if (target.starts_with("<built-in method ")) {
        name = "torch." + between("method ", ' ');
    } else if (target.starts_with("<function ")) {
        name = between("function ", ' ');
    } else if (target.starts_with("<method '")) {
        name = between("<method '", '\'');
    } else if (target.starts_with("<class '")) {
        name = between("<class '", '\'');
    }
    if (name.starts_with("_operator."))
        name.erase(0, 1);
    if (name.starts_with("builtins."))
        name.erase(0, 9);
    // A name of Python code: anything else cannot be called in a text.
    for (char& c : name)
        if (!is_identifier_char(c) && c != '.')
            c = '_';
    if (name.starts_with("aten.") || name.starts_with("prims.") || name.starts_with("higher_order."))
        name = "torch.ops." + name;
    if (name.empty() || is_digit(name[0]))
        name = "unknown_" + name;
    return name;
}

std::string joined(const std::vector<std::string>& items, size_t from = 0) {
    std::string out;
    for (size_t i = from; i < items.size(); ++i)
        out += (i > from ? ", " : "") + items[i];
    return out;
}

std::string annotation(std::string_view type) {
    // `Tensor "f32[8][1]cpu"`, or a Python type, which says nothing of sizes.
    const size_t open = type.find('"');
    const size_t close = open == npos ? npos : type.find('"', open + 1);
    if (close == npos)
        return {};
    return ": " + std::string(type.substr(open, close - open + 1));
}

void add_node(const NodeLine& n, Place place, GraphPieces& to) {
    const std::string name(n.name);
    std::string op(n.op);
    std::transform(op.begin(), op.end(), op.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (op == "placeholder") {
        std::string parameter(n.target);
        parameter += annotation(n.type);
        if (!n.preset.empty())
            parameter += " = " + joined(values(n.preset, false));
        to.parameters.emplace_back(std::move(parameter), place);
        std::string_view bare = n.target;
        while (bare.starts_with('*'))
            bare.remove_prefix(1);
        if (bare != n.name)
            to.statements.emplace_back(name + " = " + std::string(bare), place);
        return;
    }
    std::string line = name + annotation(n.type) + " = ";
    std::vector<std::string> args = values(n.args, false);
    const std::vector<std::string> kwargs = values(n.kwargs, true);
    const size_t positional = args.size();
    args.insert(args.end(), kwargs.begin(), kwargs.end());
    if (op == "get_attr")
        line += "self." + std::string(n.target);
    else if (op == "call_module")
        line += "self." + std::string(n.target) + '(' + joined(args) + ')';
    else if (op == "call_method" && positional > 0)
        line += args[0] + '.' + std::string(n.target) + '(' + joined(args, 1) + ')';
    else
        line += function(n.target) + '(' + joined(args) + ')';
    to.statements.emplace_back(std::move(line), place);
}

// What stands behind "return ": nodes bare, or with % in a fragment.
std::string result(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i)
        if (text[i] != '%' || identifier_at(text, i + 1).empty())
            out += text[i];
    bool closed = false;
    const size_t end = balanced_end(out, 0, closed);
    return "return " + (end < out.size() && out[end] == ',' ? '(' + out + ')' : out);
}

bool is_return(std::string_view text) {
    return text.starts_with("return") && (text.size() == 6 || !is_identifier_char(text[6]));
}

constexpr std::string_view kNested = "graph():";

} // namespace

void write_pieces(const std::vector<GraphPieces>& pieces, Rebuilt& out) {
    struct Frame {
        size_t piece;
        size_t depth;
    };
    std::vector<Frame> stack{{0, 0}};
    while (!stack.empty()) {
        const Frame frame = stack.back();
        stack.pop_back();
        const GraphPieces& p = pieces[frame.piece];
        const size_t indent = 4 * frame.depth;
        out.line("class " + p.class_name + "(torch.nn.Module):", indent, p.head);
        if (p.parameters.empty()) {
            out.line("def forward(self):", indent + 4, p.head);
        } else {
            out.line("def forward(", indent + 4, p.head);
            out.line("self,", indent + 8, p.head);
            for (const auto& [words, place] : p.parameters)
                out.line(words + ',', indent + 8, place);
            out.line("):", indent + 4, p.parameters.back().second);
        }
        for (const auto& [words, place] : p.statements)
            out.line(words, indent + 8, place);
        for (size_t i = p.children.size(); i-- > 0;)
            stack.push_back({p.children[i], frame.depth + 1});
    }
}

bool is_graph_str_node(std::string_view text) {
    if (!text.starts_with('%'))
        return false;
    const std::string_view name = identifier_at(text, 1);
    if (name.empty())
        return false;
    const size_t open = text.find("[target=");
    return open != npos && text.find(" = ") < open && text.find(':') < open;
}

size_t rebuild_graph_str(std::span<const RawLine> lines, Rebuilt& out) {
    std::vector<GraphPieces> pieces(1);
    std::vector<size_t> open{0}; // graphs that have not returned yet
    std::string last_name;
    size_t nodes = 0;
    size_t took = 0;
    constexpr size_t kMostBetween = 3; // lines of a node's repr
    size_t between = 0;
    bool done = false;
    size_t i = 0;
    const auto take_node = [&](std::string_view text, Place place) {
        NodeLine node;
        std::string whole(text);
        size_t used = 0;
        while (!parse_node(whole, node)) {
            if (used >= kMostJoined || i + used + 1 >= lines.size()
                || is_graph_str_node(trimmed(lines[i + used + 1].text))
                || is_return(trimmed(lines[i + used + 1].text)))
                return false;
            ++used;
            (whole += '\n') += lines[i + used].text;
        }
        i += used;
        if (pieces[open.back()].parameters.empty() && pieces[open.back()].statements.empty())
            pieces[open.back()].head = place;
        add_node(node, place, pieces[open.back()]);
        last_name = std::string(node.name);
        ++nodes;
        return true;
    };
    for (; i < lines.size() && !done; ++i) {
        const std::string_view text = trimmed(lines[i].text);
        if (text.empty() || lines[i].foreign)
            continue;
        if (is_graph_str_node(text)) {
            if (!take_node(text, lines[i].place))
                break;
        } else if (const size_t nested = text.find(kNested); nested != npos && nodes > 0) {
            // The graph of the module that the last node holds.
            GraphPieces inner;
            inner.class_name = last_name.empty() ? "graph" : last_name;
            inner.head = lines[i].place;
            pieces[open.back()].children.push_back(pieces.size());
            open.push_back(pieces.size());
            pieces.push_back(std::move(inner));
            const std::string_view first = trimmed(text.substr(nested + kNested.size()));
            if (is_graph_str_node(first) && !take_node(first, lines[i].place))
                break;
        } else if (is_return(text) && nodes > 0) {
            const std::string_view value = trimmed(text.substr(6));
            pieces[open.back()].statements.emplace_back(
                result(value.empty() ? "None" : value), lines[i].place);
            open.pop_back();
            done = open.empty();
        } else if (nodes == 0 || ++between > kMostBetween) {
            break;
        } else {
            continue;
        }
        between = 0;
        took = i + 1;
    }
    if (nodes == 0)
        return 0;
    write_pieces(pieces, out);
    return took;
}

// ---- Graph.print_tabular: tabulate's "simple" form, or a grid with '|' ----

namespace {

std::vector<std::string_view> cells_of(std::string_view row, const std::vector<size_t>& columns) {
    std::vector<std::string_view> cells;
    if (columns.empty()) { // a grid
        row = trimmed(row);
        if (row.starts_with('|'))
            row.remove_prefix(1);
        size_t from = 0;
        size_t depth = 0;
        for (size_t i = 0; i <= row.size(); ++i) {
            if (i < row.size() && (row[i] == '(' || row[i] == '[' || row[i] == '{' || row[i] == '<'))
                ++depth;
            else if (i < row.size() && depth
                && (row[i] == ')' || row[i] == ']' || row[i] == '}' || row[i] == '>'))
                --depth;
            if (i < row.size() && (row[i] != '|' || depth))
                continue;
            cells.push_back(trimmed(row.substr(from, i - from)));
            from = i + 1;
        }
        return cells;
    }
    for (size_t c = 0; c < columns.size(); ++c) {
        const size_t end = c + 1 < columns.size() ? columns[c + 1] : row.size();
        cells.push_back(
            columns[c] < row.size() ? trimmed(row.substr(columns[c], end - columns[c])) : std::string_view{});
    }
    return cells;
}

constexpr std::array kColumns{"opcode", "name", "target", "args", "kwargs"};

// Where each column starts: by the rule of dashes, whose groups are as wide as the columns.
std::vector<size_t> columns_of(std::string_view rule) {
    std::vector<size_t> columns;
    for (size_t i = 0; i < rule.size(); ++i)
        if (rule[i] == '-' && (i == 0 || rule[i - 1] != '-'))
            columns.push_back(i);
    return columns;
}

bool is_rule(std::string_view text) {
    text = trimmed(text);
    return text.size() > 10 && text.find_first_not_of("-+|=: ") == npos;
}

// `(x, 1)` without its brackets, `{'alpha': 2}` as keywords.
std::string arguments(std::string_view args, std::string_view kwargs) {
    std::string out(
        args.size() >= 2 && args.front() == '(' ? trimmed(args.substr(1, args.size() - 2)) : args);
    while (out.ends_with(','))
        out.pop_back();
    if (kwargs.size() > 2 && kwargs.front() == '{') {
        // Keys are quoted here.
        const std::vector<std::string> items = values(kwargs.substr(1, kwargs.size() - 2), true);
        for (std::string item : items) {
            std::erase(item, '\'');
            out += (out.empty() ? "" : ", ") + item;
        }
    }
    return out;
}

} // namespace

bool is_table_head(std::string_view text) {
    size_t at = 0;
    for (const std::string_view column : kColumns) {
        const size_t next = text.find(column, at);
        if (next == npos || text.substr(at, next - at).find_first_not_of(" |\t") != npos)
            return false;
        at = next + column.size();
    }
    return true;
}

size_t rebuild_table(std::span<const RawLine> lines, Rebuilt& out) {
    if (lines.size() < 3)
        return 0;
    const bool grid = lines[0].text.find('|') != npos;
    size_t i = 1;
    std::vector<size_t> columns;
    if (is_rule(lines[i].text)) {
        if (!grid)
            columns = columns_of(lines[i].text);
        ++i;
    }
    if (!grid && columns.size() != kColumns.size())
        return 0;
    std::vector<GraphPieces> pieces(1);
    pieces[0].head = lines[0].place;
    size_t took = 0;
    for (; i < lines.size(); ++i) {
        if (lines[i].foreign || is_rule(lines[i].text))
            continue;
        const std::vector<std::string_view> cell = cells_of(lines[i].text, columns);
        if (cell.size() < kColumns.size())
            break;
        const std::string_view op = cell[0];
        const Place place = lines[i].place;
        const std::string name(cell[1]);
        GraphPieces& p = pieces[0];
        if (op == "placeholder") {
            p.parameters.emplace_back(std::string(cell[2]), place);
            if (cell[1] != cell[2])
                p.statements.emplace_back(name + " = " + std::string(cell[2]), place);
        } else if (op == "get_attr") {
            p.statements.emplace_back(name + " = self." + std::string(cell[2]), place);
        } else if (op == "call_module") {
            p.statements.emplace_back(
                name + " = self." + std::string(cell[2]) + '(' + arguments(cell[3], cell[4]) + ')', place);
        } else if (op == "call_function") {
            p.statements.emplace_back(
                name + " = " + function(cell[2]) + '(' + arguments(cell[3], cell[4]) + ')', place);
        } else if (op == "call_method") {
            const std::string args = arguments(cell[3], cell[4]);
            bool closed = false;
            const size_t end = balanced_end(args, 0, closed);
            p.statements.emplace_back(name + " = " + args.substr(0, end) + '.' + std::string(cell[2]) + '('
                    + (end < args.size() ? std::string(trimmed(std::string_view(args).substr(end + 1))) : "")
                    + ')',
                place);
        } else if (op == "output") {
            p.statements.emplace_back("return " + arguments(cell[3], {}), place);
            took = i + 1;
            break;
        } else {
            break;
        }
        took = i + 1;
    }
    if (took == 0)
        return 0;
    write_pieces(pieces, out);
    return took;
}

} // namespace hopscope::read
