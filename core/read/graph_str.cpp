#include "core/read/graph_str.h"

#include "core/base/text.h"
#include "core/read/graph_str_values.h"
#include "core/read/mark.h"
#include "core/read/scan.h"

#include <algorithm>

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
    for (const std::string_view mark : {"[num_users=", "[#users=", "[uses="}) // 2.1 on, 1.8, 1.7
        if (const size_t at = text.find(mark); at != npos)
            return at;
    return npos;
}

// 1.7 writes an attribute as `%w : [uses=1] = self.lin.weight`.
constexpr std::string_view kAttribute = " = self.";

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
    if (open == npos && text.substr(equal, kAttribute.size()) == kAttribute) {
        out.op = "get_attr";
        out.target = path_at(text, equal + kAttribute.size());
        return !out.target.empty();
    }
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

// A node whose arguments were left out, by a hand or a cut: `…](args = (%a, ...`. Its name and its target are
// read, and the nodes that it speaks of; the reader of the statement will tell the rest.
bool parse_elided(std::string_view text, NodeLine& out, std::string& words) {
    out = {};
    out.name = identifier_at(text, 1);
    const size_t equal = text.find(" = ", 1 + out.name.size());
    const size_t open = equal == npos ? npos : text.find("[target=", equal);
    if (open == npos)
        return false;
    out.op = trimmed(text.substr(equal + 3, open - equal - 3));
    const size_t target = open + 8;
    const size_t end = std::min(text.find("](", target), text.size());
    out.target = text.substr(target, end - target);
    for (size_t at = text.find('%', end); at != npos; at = text.find('%', at + 1))
        if (const std::string_view name = identifier_at(text, at + 1); !name.empty())
            (words += words.empty() ? "" : ", ") += name;
    return !out.target.empty();
}

// Such a node as a statement that no reader takes for whole.
std::string elided(const NodeLine& n, const std::string& named) {
    std::string function = python_function(n.target);
    if (function.starts_with(kFunctionMark))
        function.erase(0, kFunctionMark.size());
    return std::string(n.name) + " = " + function + '(' + named + ") ... the rest is not in the text";
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
            parameter += " = " + joined_items(python_values(n.preset, false));
        to.parameters.emplace_back(std::move(parameter), place);
        std::string_view bare = n.target;
        while (bare.starts_with('*'))
            bare.remove_prefix(1);
        if (bare != n.name)
            to.statements.emplace_back(name + " = " + std::string(bare), place);
        return;
    }
    std::string line = name + annotation(n.type) + " = ";
    std::vector<std::string> args = python_values(n.args, false);
    const std::vector<std::string> kwargs = python_values(n.kwargs, true);
    const size_t positional = args.size();
    args.insert(args.end(), kwargs.begin(), kwargs.end());
    if (op == "get_attr")
        line += "self." + std::string(n.target);
    else if (op == "call_module")
        line += "self." + std::string(n.target) + '(' + joined_items(args) + ')';
    else if (op == "call_method" && positional > 0)
        line += args[0] + '.' + std::string(n.target) + '(' + joined_items(args, 1) + ')';
    else
        line += python_function(n.target) + '(' + joined_items(args) + ')';
    to.statements.emplace_back(std::move(line), place);
}

bool is_return(std::string_view text) {
    return text.starts_with("return") && (text.size() == 6 || !is_identifier_char(text[6]));
}

// `%add : [num_users=1] =`, whatever follows.
bool begins_node(std::string_view text) {
    const size_t users = text.starts_with('%') ? users_mark(text) : npos;
    return users != npos && text.substr(1 + identifier_at(text, 1).size()).starts_with(" : ");
}

// The width at which a terminal broke the lines: that of the longest, where one of them goes on in a line
// that begins nothing; 0 = they are whole.
size_t broken_at(std::span<const RawLine> lines) {
    constexpr size_t kNarrowest = 40;
    size_t width = 0;
    for (const RawLine& line : lines)
        width = line.foreign ? width : std::max(width, line.width);
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
        const std::string_view next = trimmed(lines[i + 1].text);
        if (lines[i].width == width && is_graph_str_node(trimmed(lines[i].text)) && !next.empty()
            && !lines[i + 1].foreign && !is_graph_str_node(next) && !is_return(next))
            return width >= kNarrowest ? width : 0;
    }
    return 0;
}

// What stands behind "return ": nodes bare, or with % in a fragment.
std::string result(std::string_view text) {
    std::string out;
    text = trimmed(text.substr(0, note_start(text)));
    for (size_t i = 0; i < text.size(); ++i)
        if (text[i] != '%' || identifier_at(text, i + 1).empty())
            out += text[i];
    bool closed = false;
    const size_t end = balanced_end(out, 0, closed);
    return "return " + (end < out.size() && out[end] == ',' ? '(' + out + ')' : out);
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
    if (open == npos) {
        const size_t users = users_mark(text);
        return users != npos && text.find("] = self.", users) != npos && text.find(':') < users;
    }
    return text.find(" = ") < open && text.find(':') < open;
}

namespace {

// `x, y : torch.Tensor`: their names, where no node is an input.
void add_inputs(std::string_view inputs, Place place, GraphPieces& to) {
    if (!to.parameters.empty())
        return;
    while (!inputs.empty()) {
        const size_t comma = std::min(inputs.find(','), inputs.size());
        const std::string_view words = trimmed(inputs.substr(0, comma));
        inputs.remove_prefix(std::min(comma + 1, inputs.size()));
        const size_t stars = std::min(words.find_first_not_of('*'), words.size());
        if (const std::string_view name = identifier_at(words, stars); !name.empty())
            to.parameters.emplace_back(std::string(words.substr(0, stars)) + std::string(name), place);
    }
}

} // namespace

size_t rebuild_graph_str(std::span<const RawLine> lines, Rebuilt& out, std::string_view inputs) {
    std::vector<GraphPieces> pieces(1);
    std::vector<size_t> open{0}; // graphs that have not returned yet
    std::string last_name;
    size_t nodes = 0;
    size_t took = 0;
    constexpr size_t kMostBetween = 3; // lines of a node's repr
    size_t between = 0;
    bool done = false;
    size_t i = 0;
    const size_t width = broken_at(lines);
    size_t joined = 0;
    // The rest of a line that was broken.
    const auto go_on = [&](std::string& whole) {
        while (width && lines[i].width == width && i + 1 < lines.size()) {
            const std::string_view next = lines[i + 1].text;
            if (lines[i + 1].foreign || trimmed(next).empty() || is_graph_str_node(trimmed(next))
                || is_return(trimmed(next)))
                break;
            // Blanks at the very width are the node's own.
            const std::string_view before = lines[i].text;
            whole.append(before.size() - 1 - std::min(before.find_last_not_of(' '), before.size() - 1), ' ');
            whole += next;
            ++i;
            ++joined;
        }
    };
    const auto take_node = [&](std::string_view text, Place place) {
        NodeLine node;
        std::string whole(text);
        go_on(whole);
        std::string named; // the nodes that are left of arguments that were left out
        size_t used = 0;
        bool whole_node = true;
        while (!parse_node(whole, node)) {
            if (used >= kMostJoined || i + used + 1 >= lines.size()
                || is_graph_str_node(trimmed(lines[i + used + 1].text))
                || is_return(trimmed(lines[i + used + 1].text))) {
                used = 0;
                whole_node = false;
                if (!parse_elided(text, node, named))
                    return false;
                break;
            }
            ++used;
            (whole += '\n') += lines[i + used].text;
        }
        i += used;
        if (pieces[open.back()].parameters.empty() && pieces[open.back()].statements.empty())
            pieces[open.back()].head = place;
        if (whole_node)
            add_node(node, place, pieces[open.back()]);
        else
            pieces[open.back()].statements.emplace_back(elided(node, named), place);
        last_name = std::string(node.name);
        ++nodes;
        return true;
    };
    for (; i < lines.size() && !done; ++i) {
        std::string_view text = trimmed(lines[i].text);
        if (text.empty() || lines[i].foreign)
            continue;
        if (const std::string_view behind = behind_mark(text); !behind.empty())
            text = behind;
        std::string whole; // of a node that a mail program broke at a blank
        const Place place = lines[i].place;
        if (begins_node(text) && !is_graph_str_node(text)) {
            constexpr size_t kMostBroken = 3; // lines before its target
            whole = text;
            for (size_t k = 1; k <= kMostBroken && i + k < lines.size() && !is_graph_str_node(whole); ++k) {
                (whole += ' ') += trimmed(lines[i + k].text);
                if (is_graph_str_node(whole)) {
                    i += k;
                    joined += k;
                    text = whole;
                    break;
                }
            }
        }
        if (is_graph_str_node(text)) {
            if (!take_node(text, place))
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
            whole = text;
            go_on(whole);
            const std::string_view value = trimmed(std::string_view(whole).substr(6));
            pieces[open.back()].statements.emplace_back(result(value.empty() ? "None" : value), place);
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
    add_inputs(inputs, lines[0].place, pieces[0]);
    write_pieces(pieces, out);
    out.joined = joined;
    return took;
}

} // namespace hopscope::read
