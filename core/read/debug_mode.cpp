#include "core/read/debug_mode.h"

#include "core/base/text.h"
#include "core/read/graph_str_values.h"
#include "core/read/rejoin.h"
#include "core/read/scan.h"

#include <algorithm>
#include <map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

// "aten::mm", "torch.ops.higher_order.invoke_subgraph", "redistribute_input"; empty if the line is no call.
// Methods are reprs: "<method 'dim' of 'torch._C.TensorBase' objects>".
std::string_view callee(std::string_view text) {
    size_t end = 0;
    if (text.starts_with("<method")) {
        end = text.find(">(");
        return end == npos ? std::string_view{} : text.substr(0, end + 1);
    }
    while (end < text.size()
        && (is_identifier_char(text[end]) || text[end] == '.' || text.substr(end, 2) == "::"))
        end += text.substr(end, 2) == "::" ? 2 : 1;
    if (end == 0 || end >= text.size() || text[end] != '(' || !is_identifier_start(text[0]))
        return {};
    return text.substr(0, end);
}

// `dt$0: f32[4, 6]| S(0)`: a value, its id and its type.
struct Value {
    std::string name; // "dt_0"; empty without an id
    std::string type;
};

Value value_of(std::string_view text) {
    Value v;
    text = trimmed(text);
    const size_t colon = text.find(": ");
    std::string_view name = text.substr(0, colon);
    if (colon == npos || name.find(' ') != npos)
        return v;
    v.type = std::string(trimmed(text.substr(colon + 2)));
    if (const size_t bar = v.type.find('|'); bar != std::string::npos) // a DTensor's placements
        v.type = "DTensor(" + std::string(trimmed(std::string_view(v.type).substr(0, bar))) + ", "
            + std::string(trimmed(std::string_view(v.type).substr(bar + 1))) + ')';
    const size_t dollar = name.find('$');
    if (dollar == npos)
        return v;
    for (const char c : name)
        v.name += is_identifier_char(c) ? c : '_';
    return v;
}

std::vector<std::string_view> items_of(std::string_view list) {
    std::vector<std::string_view> items;
    size_t from = 0;
    size_t depth = 0;
    for (size_t i = 0; i <= list.size(); ++i) {
        const char c = i < list.size() ? list[i] : ',';
        if (c == '(' || c == '[' || c == '{')
            ++depth;
        else if (depth > 0 && (c == ')' || c == ']' || c == '}'))
            --depth;
        if (c != ',' || (depth > 0 && i < list.size()))
            continue;
        if (!trimmed(list.substr(from, i - from)).empty())
            items.push_back(trimmed(list.substr(from, i - from)));
        from = i + 1;
    }
    return items;
}

struct Call {
    std::string_view callee, arguments, results;
    size_t column = 0;
    Place place;
    bool leaf = true;
    std::string under; // what it stands under, outermost first
};

// The calls of the tree, each with what it stands under.
std::vector<Call> calls_of(std::span<const RawLine> lines, size_t& took) {
    std::vector<Call> calls;
    std::vector<size_t> open;
    for (size_t i = 0; i < lines.size(); ++i) {
        const std::string_view text = trimmed(lines[i].text);
        if (text.empty())
            continue;
        const size_t column = column_of(lines[i].text);
        const std::string_view name = callee(text);
        if (name.empty()) {
            // "-> output: S(0)", "redistribute_input [implicit] (…)", "[annotate] [enter InvokeSubgraph HOP]
            // subgraph_1"
            const bool of_tree =
                text.starts_with("->") || text.starts_with('[') || text.find(" [implicit]") != npos;
            if (!of_tree)
                break;
            // A module's calls stand below it by no more than it: those before it at its own level call
            // nothing of it (torch/utils/_debug_mode.py: a function indents by 4, a module by 2).
            while (text.starts_with("[nn.Mod]") && !open.empty() && calls[open.back()].column + 4 > column)
                open.pop_back();
            took = i + 1;
            continue;
        }
        Call call;
        call.callee = name;
        call.column = column;
        call.place = lines[i].place;
        const size_t arrow = text.find("  ->  ");
        const std::string_view head = trimmed(text.substr(0, arrow));
        const size_t from = name.size() + 1;
        const size_t close = head.rfind(')');
        call.arguments = head.substr(from, close == npos || close < from ? npos : close - from);
        call.results = arrow == npos ? std::string_view{} : trimmed(text.substr(arrow + 6));
        while (!open.empty() && calls[open.back()].column >= column)
            open.pop_back();
        for (const size_t outer : open) {
            calls[outer].leaf = false;
            call.under += (call.under.empty() ? "" : " > ") + std::string(calls[outer].callee);
        }
        open.push_back(calls.size());
        calls.push_back(call);
        took = i + 1;
    }
    return calls;
}

class Writer {
public:
    bool any_ids = false;

    void call(const Call& c) {
        std::string target;
        const size_t colons = c.callee.find("::");
        target = colons == npos ? python_function(c.callee)
                                : "torch.ops." + std::string(c.callee.substr(0, colons)) + '.'
                + std::string(c.callee.substr(colons + 2));
        std::string arguments;
        for (const std::string_view item : items_of(c.arguments))
            arguments += (arguments.empty() ? "" : ", ") + argument(item, c.place);
        std::vector<Value> results;
        for (const std::string_view item : items_of(unwrapped(c.results)))
            results.push_back(value_of(item));
        GraphPieces::Lines& to = pieces.statements;
        if (!c.under.empty())
            to.emplace_back(
                "# Annotation: {'under': '" + c.under + "'} File: " + c.under + ":0 in DebugMode, code:",
                c.place);
        const bool one = results.size() == 1 && !results[0].name.empty();
        const size_t last_part = target.find_last_of(".:");
        const std::string name = fresh(one ? results[0].name : target.substr(last_part + 1));
        to.emplace_back(name + (one && !results[0].type.empty() ? ": \"" + results[0].type + '"' : "") + " = "
                + target + '(' + arguments + ')',
            c.place);
        last = name;
        if (one) {
            current[results[0].name] = name;
            return;
        }
        for (size_t i = 0; i < results.size(); ++i) {
            if (results[i].name.empty())
                continue;
            const std::string item = fresh(results[i].name);
            to.emplace_back(
                item + ": \"" + results[i].type + "\" = " + name + '[' + std::to_string(i) + ']', c.place);
            current[results[i].name] = last = item;
        }
    }

    GraphPieces pieces;
    std::string last;

private:
    static std::string_view unwrapped(std::string_view text) {
        return text.size() > 1 && (text.front() == '(' || text.front() == '[')
            ? text.substr(1, text.size() - 2)
            : text;
    }
    // A name that no node has yet: an id comes back where a call gives its own argument.
    std::string fresh(const std::string& wanted) {
        std::string name = wanted;
        for (int i = 1; !used.insert({name, true}).second; ++i)
            name = wanted + '_' + std::to_string(i);
        return name;
    }
    std::string argument(std::string_view item, Place place) {
        if (item.front() == '[' || item.front() == '(') {
            std::string out(1, item.front());
            for (const std::string_view inner : items_of(unwrapped(item)))
                out += (out.size() > 1 ? ", " : "") + argument(inner, place);
            return out + (item.front() == '[' ? "]" : ",)");
        }
        const Value v = value_of(item);
        if (!v.name.empty()) {
            any_ids = true;
            if (const auto known = current.find(v.name); known != current.end())
                return known->second;
            const std::string name = fresh(v.name);
            pieces.parameters.emplace_back(name + ": \"" + v.type + '"', place);
            return current[v.name] = name;
        }
        const bool number = !item.empty() && item.find_first_not_of("0123456789.-e") == npos;
        if (number || item == "None" || item == "True" || item == "False")
            return std::string(item);
        std::string out = "'";
        for (const char c : item)
            out += c == '\'' || c == '\\' ? ' ' : c;
        return out + "'";
    }

    std::map<std::string, std::string> current; // id → the node that holds it now
    std::map<std::string, bool> used;
};

} // namespace

bool is_debug_call(std::string_view text) {
    const std::string_view name = callee(text);
    if (name.empty() || (name.find("::") == npos && !name.starts_with("torch.")))
        return false;
    // A value with its type: `t$0: f32[4]`, `t: f32[4]`.
    const size_t type = text.find(": ");
    const size_t bracket = type == npos ? npos : text.find('[', type);
    return bracket != npos && bracket - type < 16 && is_identifier(text.substr(type + 2, bracket - type - 2));
}

bool is_debug_node(std::string_view text) {
    constexpr std::string_view kMark = "[node] ";
    if (!text.starts_with(kMark))
        return false;
    const std::string_view name = identifier_at(text, kMark.size());
    return !name.empty() && text.substr(kMark.size() + name.size(), 2) == ": ";
}

size_t rebuild_debug_graph(std::span<const RawLine> lines, Rebuilt& out, std::string& told) {
    GraphPieces pieces;
    pieces.class_name = "DebugMode";
    pieces.head = lines[0].place;
    std::string last;
    size_t took = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
        const std::string_view text = trimmed(lines[i].text);
        if (text.empty())
            continue;
        if (!is_debug_node(text)) {
            if (!text.starts_with("->") && !text.starts_with('[') && callee(text).empty())
                break;
            took = i + 1;
            continue;
        }
        took = i + 1;
        const std::string name(identifier_at(text, 7));
        std::string_view rest = text.substr(9 + name.size());
        rest = trimmed(rest.substr(0, rest.find("  # {"))); // what fx.traceback.annotate said
        const size_t open = rest.find('[');
        const std::string_view op = rest.substr(0, open);
        if (op == "output" || op.starts_with("output\"") || op.starts_with("output'"))
            break; // what it returns is not printed
        if (op == "placeholder") {
            pieces.parameters.emplace_back(name, lines[i].place);
            continue;
        }
        const size_t close = open == npos ? npos : std::min(rest.find("](", open), rest.rfind(']'));
        if (close == npos || close < open)
            continue;
        const std::string_view target = rest.substr(open + 1, close - open - 1);
        const size_t end = rest.rfind(')');
        const std::string_view arguments =
            end == npos || end < close + 2 ? std::string_view{} : rest.substr(close + 2, end - close - 2);
        const size_t colons = target.find("::");
        std::string call = colons == npos ? python_function(target)
                                          : "torch.ops." + std::string(target.substr(0, colons)) + '.'
                + std::string(target.substr(colons + 2));
        if (op == "get_attr" || op == "call_module")
            call = "self." + std::string(target);
        if (op == "call_method") {
            const std::vector<std::string_view> items = items_of(arguments);
            call = items.empty() ? call : std::string(items[0]) + '.' + std::string(target);
        }
        std::string_view values = arguments;
        if (op == "call_method")
            values = values.substr(std::min(values.find(','), values.size() - 1) + 1);
        pieces.statements.emplace_back(name + " = " + call
                + (op == "get_attr" ? std::string() : '(' + std::string(trimmed(values)) + ')'),
            lines[i].place);
        last = name;
    }
    if (last.empty())
        return 0;
    pieces.statements.emplace_back("return (" + last + ",)", lines[took - 1].place);
    told =
        "text of DebugMode.run_graph: it does not say what the graph returns; shown is the last node's value";
    write_pieces({pieces}, out);
    return took;
}

size_t rebuild_debug_mode(std::span<const RawLine> lines, Rebuilt& out, std::string& told) {
    size_t took = 0;
    const std::vector<Call> calls = calls_of(lines, took);
    constexpr size_t kFewest = 2;
    if (calls.size() < kFewest)
        return 0;
    Writer writer;
    writer.pieces.class_name = "DebugMode";
    writer.pieces.head = lines[0].place;
    size_t reads = 0;
    for (const Call& call : calls) {
        if (!call.leaf)
            continue;
        // What record_torchfunction sees besides operators: sizes, flags, attributes.
        if (call.callee.starts_with('<') && call.results.find('[') == npos) {
            ++reads;
            continue;
        }
        writer.call(call);
    }
    if (writer.last.empty())
        return 0;
    writer.pieces.statements.emplace_back("return (" + writer.last + ",)", calls.back().place);
    told = writer.any_ids
        ? "DebugMode text: the graph holds the calls that call nothing further; what it returns is the last "
          "call's value"
        : "DebugMode text without ids (record_ids): which call uses which value is not told";
    if (reads)
        told += "; " + counted(reads, "read") + " of sizes and attributes left out";
    write_pieces({writer.pieces}, out);
    return took;
}

} // namespace hopscope::read
