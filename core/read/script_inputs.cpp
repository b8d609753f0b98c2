#include "core/read/script_inputs.h"

#include "core/base/text.h"
#include "core/graph/types.h"
#include "core/read/scan.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <set>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

bool whole(std::string_view text, int64_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::string_view unquoted(std::string_view text) {
    if (text.size() >= 2 && (text[0] == '\'' || text[0] == '"') && text.back() == text[0])
        return text.substr(1, text.size() - 2);
    return {};
}

// "cuda:0" of device(type='cuda', index=0), torch.device('cuda'), 'cuda:1'.
std::string device_of(std::string_view text) {
    std::string_view type = unquoted(text), index;
    if (type.empty()) {
        const size_t open = text.find('(');
        if (open == npos)
            return "cpu";
        for (std::string_view part : split_arguments(inside(text, open))) {
            if (part.starts_with("type="))
                part.remove_prefix(5);
            if (part.starts_with("index="))
                part.remove_prefix(6);
            (unquoted(part).empty() ? index : type) = unquoted(part).empty() ? part : unquoted(part);
        }
    }
    std::string out(type.empty() ? "cpu" : type);
    int64_t number = 0;
    if (whole(index, number))
        out += ':' + std::string(index);
    for (const char c : out)
        if (!is_identifier_char(c) && c != ':')
            return "cpu";
    return out;
}

// The items of "(4, s0)", "[4, 5]", "torch.Size([4, 5])".
std::vector<std::string> sizes_of(std::string_view text) {
    size_t at = text.find_first_of("([");
    if (at == npos)
        return {};
    if (text.starts_with("torch.Size(") && at + 1 < text.size() && text[at + 1] == '[')
        ++at;
    std::vector<std::string> out;
    for (const std::string_view item : split_arguments(inside(text, at)))
        out.emplace_back(item);
    return out;
}

std::string dtype_of(std::string_view text) {
    return std::string(text.starts_with("torch.") ? text.substr(6) : text);
}

// "name=value" of a call; the value, or nothing if the argument is another.
bool keyword(std::string_view argument, std::string_view name, std::string_view& value) {
    if (!argument.starts_with(name))
        return false;
    std::string_view rest = trimmed(argument.substr(name.size()));
    if (!rest.starts_with('=') || rest.starts_with("=="))
        return false;
    value = trimmed(rest.substr(1));
    return true;
}

bool is_keyword(std::string_view argument) {
    const std::string_view name = identifier_at(argument, 0);
    const std::string_view rest = trimmed(argument.substr(name.size()));
    return !name.empty() && rest.starts_with('=') && !rest.starts_with("==");
}

// Goes into a line of generated code: nothing but an expression may stand there.
bool is_expression(std::string_view text) {
    return !text.empty() && text.size() < 4096 && std::all_of(text.begin(), text.end(), [](char c) {
        return is_identifier_char(c) || std::string_view(" +-*/%().,").find(c) != npos;
    });
}

struct Storage {
    std::string hash, device = "cpu";
};

Storage storage_of(std::string_view list) {
    Storage storage;
    const auto arguments = split_arguments(list);
    if (!arguments.empty())
        storage.hash = std::string(unquoted(arguments[0]));
    for (const std::string_view argument : arguments) {
        std::string_view value;
        if (keyword(argument, "device", value))
            storage.device = device_of(value);
    }
    return storage;
}

ScriptInput tensor_of(std::string_view list, const std::map<std::string, Storage, std::less<>>& storages) {
    ScriptInput input;
    input.kind = ScriptInput::Kind::Tensor;
    size_t place = 0;
    for (const std::string_view argument : split_arguments(list)) {
        std::string_view value;
        if (keyword(argument, "dtype", value)) {
            input.dtype = dtype_of(value);
        } else if (keyword(argument, "storage_offset", value)) {
            input.offset = std::string(value);
        } else if (keyword(argument, "stride", value)) {
            input.stride = sizes_of(value);
        } else if (!is_keyword(argument)) {
            if (place == 0) {
                if (const auto known = storages.find(argument); known != storages.end()) {
                    input.device = known->second.device;
                    input.hash = known->second.hash;
                }
            } else {
                (place == 1 ? input.shape : input.stride) = sizes_of(argument);
            }
            ++place;
        }
    }
    return input;
}

ScriptInput number_of(std::string_view list) {
    ScriptInput input;
    input.kind = ScriptInput::Kind::Number;
    for (const std::string_view argument : split_arguments(list)) {
        std::string_view value;
        if (keyword(argument, "expr", value))
            input.expression = std::string(unquoted(value));
        else if (!is_keyword(argument) && input.number.empty())
            input.number = std::string(argument);
    }
    return input;
}

// The identifiers of an expression that are no functions.
void symbols_in(std::string_view text, const std::function<void(std::string_view)>& each) {
    for (size_t i = 0; i < text.size();) {
        const std::string_view word = identifier_at(text, i);
        if (word.empty()) {
            // The letters of 1e5 are no symbol.
            const bool digit = is_digit(text[i]);
            while (++i < text.size() && digit && is_identifier_char(text[i])) { }
            continue;
        }
        i += word.size();
        if (i >= text.size() || text[i] != '(')
            each(word);
    }
}

} // namespace

std::vector<std::string_view> split_arguments(std::string_view list) {
    std::vector<std::string_view> out;
    size_t from = 0;
    int depth = 0;
    for (size_t i = 0; i <= list.size(); ++i) {
        const char c = i < list.size() ? list[i] : ',';
        if (i < list.size() && (c == '\'' || c == '"')) {
            const size_t end = string_end(list, i);
            i = end == npos ? list.size() - 1 : end - 1;
            continue;
        }
        depth += c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
        if (c != ',' || (depth > 0 && i < list.size()))
            continue;
        const std::string_view item = trimmed(list.substr(from, i - from));
        if (!item.empty())
            out.push_back(item);
        from = i + 1;
    }
    return out;
}

std::string_view inside(std::string_view text, size_t open) {
    if (open >= text.size())
        return {};
    int depth = 0;
    for (size_t i = open; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            const size_t end = string_end(text, i);
            if (end == npos)
                return {};
            i = end - 1;
        } else if (c == '(' || c == '[' || c == '{') {
            ++depth;
        } else if ((c == ')' || c == ']' || c == '}') && --depth == 0) {
            return text.substr(open + 1, i - open - 1);
        }
    }
    return {};
}

std::string annotation_of(const ScriptInput& input) {
    if (input.kind == ScriptInput::Kind::Number) {
        const std::string& text = input.expression.empty() ? input.number : input.expression;
        return is_expression(text) ? "Sym(" + text + ")" : "";
    }
    const DType* dtype = dtype_by_name(input.dtype);
    if (input.kind != ScriptInput::Kind::Tensor || !dtype)
        return "";
    std::string out(dtype->abbreviation);
    const auto dims = [&](const std::vector<std::string>& list) {
        out += '[';
        for (size_t i = 0; i < list.size(); ++i)
            out += (i ? ", " : "") + list[i];
        out += ']';
    };
    for (const auto* list : {&input.shape, &input.stride})
        if (!std::all_of(list->begin(), list->end(), is_expression))
            return "";
    dims(input.shape);
    std::vector<std::string> stride = input.stride;
    if (stride.empty()) { // contiguous, where the sizes are numbers
        int64_t step = 1;
        for (size_t d = input.shape.size(); d-- > 0;) {
            stride.insert(stride.begin(), std::to_string(step));
            int64_t size = 0;
            if (!whole(input.shape[d], size)
                || __builtin_mul_overflow(step, std::max<int64_t>(size, 1), &step)) {
                if (d > 0)
                    stride.clear();
                break;
            }
        }
    }
    if (stride.size() == input.shape.size())
        dims(stride);
    return out + input.device;
}

std::vector<ScriptInput> load_args_inputs(const std::vector<ScriptLine>& body) {
    std::vector<ScriptInput> inputs;
    std::map<std::string, Storage, std::less<>> storages;
    for (const ScriptLine& line : body) {
        const std::string_view text = line.text;
        const size_t call = text.find("reader.");
        if (call == npos)
            continue;
        const std::string_view name = identifier_at(text, call + 7);
        const std::string_view list = inside(text, call + 7 + name.size());
        ScriptInput input;
        if (name == "storage") {
            const size_t equal = text.find('=');
            if (equal < call)
                storages.insert_or_assign(std::string(trimmed(text.substr(0, equal))), storage_of(list));
            continue;
        }
        if (name == "tensor")
            input = tensor_of(list, storages);
        else if (name == "symint")
            input = number_of(list);
        input.line = line.line;
        inputs.push_back(std::move(input));
    }
    return inputs;
}

std::vector<ScriptInput> list_inputs(std::string_view list, uint32_t line) {
    std::vector<ScriptInput> inputs;
    for (const std::string_view item : split_arguments(list)) {
        ScriptInput input;
        input.line = line;
        const size_t open = item.starts_with('(') ? 0 : item.find('(');
        int64_t number = 0;
        if (whole(item, number)) {
            input.kind = ScriptInput::Kind::Number;
            input.number = std::string(item);
        } else if (open != npos) { // a tuple, or rand_strided(…) of one
            const auto parts = split_arguments(inside(item, open));
            if (parts.size() >= 3 && parts[0].find_first_of("([") != npos) {
                input.kind = ScriptInput::Kind::Tensor;
                input.shape = sizes_of(parts[0]);
                input.stride = sizes_of(parts[1]);
                input.dtype = dtype_of(parts[2]);
                if (parts.size() > 3)
                    input.device = device_of(parts[3]);
            }
        }
        inputs.push_back(std::move(input));
    }
    return inputs;
}

std::string constant_annotation(std::string_view expression) {
    ScriptInput input;
    input.kind = ScriptInput::Kind::Tensor;
    if (expression.find(".cuda()") != npos)
        input.device = "cuda:0";
    if (expression.starts_with("torch.nn.Parameter("))
        expression = inside(expression, expression.find('('));
    const size_t open = expression.find('(');
    if (open == npos)
        return "";
    const std::string_view callee = expression.substr(0, open);
    const auto arguments = split_arguments(inside(expression, open));
    bool typed = false;
    for (const std::string_view argument : arguments) {
        std::string_view value;
        if (keyword(argument, "dtype", value)) {
            input.dtype = dtype_of(value);
            typed = true;
        } else if (keyword(argument, "size", value)) {
            input.shape = sizes_of(value);
        } else if (keyword(argument, "device", value)) {
            input.device = device_of(value);
        }
    }
    if (callee == "torch.randn" || callee == "torch.zeros" || callee == "torch.ones"
        || callee == "torch.empty") {
        if (!arguments.empty() && arguments[0].find_first_of("([") == 0)
            input.shape = sizes_of(arguments[0]);
        return annotation_of(input);
    }
    if (callee == "torch.randint") {
        input.dtype = typed ? input.dtype : "int64";
        return annotation_of(input);
    }
    if ((callee != "tensor" && callee != "torch.tensor") || arguments.empty())
        return "";
    // Nested lists of numbers: as long as the first of each.
    std::string_view value = arguments[0];
    while (value.starts_with('[')) {
        const auto inner = split_arguments(inside(value, 0));
        input.shape.push_back(std::to_string(inner.size()));
        if (inner.empty() || input.shape.size() > 32)
            break;
        value = inner[0];
    }
    if (!typed)
        input.dtype = value == "True" || value == "False" ? "bool"
            : value.find_first_of(".en") == npos          ? "int64"
                                                          : "float32";
    return annotation_of(input);
}

void name_symbols(
    std::vector<ScriptInput>& inputs, const std::map<std::string, std::string>& defined, Script& script) {
    std::vector<std::string> used; // in order of first use
    std::set<std::string> known;
    std::map<std::string, std::string> values;
    std::vector<ScriptInput*> unnamed;
    for (ScriptInput& input : inputs) {
        for (const auto* list : {&input.shape, &input.stride})
            for (const std::string& text : *list)
                symbols_in(text, [&](std::string_view symbol) {
                    if (known.insert(std::string(symbol)).second)
                        used.emplace_back(symbol);
                });
        if (input.kind != ScriptInput::Kind::Number)
            continue;
        if (is_identifier(input.expression))
            values[input.expression] = input.number;
        else if (input.expression.empty())
            unnamed.push_back(&input);
    }
    // `s77 = 8` above the class; any other name there has nothing to do with a size.
    for (const auto& [name, value] : defined)
        if (known.count(name))
            values[name] = value;
    std::vector<std::string> undefined;
    std::copy_if(used.begin(), used.end(), std::back_inserter(undefined),
        [&](const std::string& name) { return !values.count(name); });
    if (!undefined.empty() && undefined.size() == unnamed.size()) {
        std::string pairs;
        for (size_t i = 0; i < undefined.size(); ++i) {
            unnamed[i]->expression = undefined[i];
            values[undefined[i]] = unnamed[i]->number;
            pairs += (i ? ", " : "") + undefined[i] + " = " + unnamed[i]->number;
        }
        script.notes.push_back({unnamed[0]->line, Severity::Note,
            pairs + ": the script does not say which integer is which size; taken in order"});
    } else if (undefined.empty()) {
        // An integer whose value is one symbol's alone is that symbol.
        for (ScriptInput* input : unnamed) {
            const auto same = [&](const auto& pair) { return pair.second == input->number; };
            if (std::count_if(values.begin(), values.end(), same) == 1)
                input->expression = std::find_if(values.begin(), values.end(), same)->first;
        }
    }
    for (const auto& [name, value] : values) {
        SymbolHint hint;
        hint.name = name;
        hint.value = value;
        script.symbols.push_back(std::move(hint));
    }
}

} // namespace hopscope::read
