#include "core/read/graph_str_values.h"

#include "core/base/text.h"
#include "core/read/rebuilt.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

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

} // namespace

std::vector<std::string> python_values(std::string_view text, bool keywords) {
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

std::string python_function(std::string_view target) {
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
    // Nodes are called after their functions: `relu_1 = relu(x)`, where a node is called relu.
    if (!name.starts_with("torch.") && !name.starts_with("operator."))
        name.insert(0, kFunctionMark);
    return name;
}

std::string joined_items(const std::vector<std::string>& items, size_t from) {
    std::string out;
    for (size_t i = from; i < items.size(); ++i)
        out += (i > from ? ", " : "") + items[i];
    return out;
}

} // namespace hopscope::read
