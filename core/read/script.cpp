#include "core/read/script.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/graph/types.h"
#include "core/read/lines.h"
#include "core/read/readable.h"
#include "core/read/scan.h"
#include "core/read/script_inputs.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kMostText = size_t{64} << 20; // classes that make each other could fill the memory
constexpr size_t kDeepest = 40, kMostStatement = 1 << 20;
constexpr std::string_view kDef = "def forward(";

// A class of the script, by lines.
struct Class {
    std::string name;
    std::vector<ScriptLine> forward; // from its def on; indents relative to the class
    std::vector<std::pair<std::string, std::string>> children; // self.NAME = CLASS()
    std::vector<std::string> lost; // self.NAME = GraphModule(): its body is not in the script
    std::map<std::string, std::string> constants; // type of a buffer or parameter
    uint32_t line = 0;
};

// Whether brackets and quotes are closed.
bool is_whole(std::string_view text) {
    int depth = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '#')
            return depth <= 0; // a comment: no brackets count behind it
        if (c == '\'' || c == '"') {
            const size_t end = string_end(text, i);
            if (end == npos)
                return depth <= 0;
            i = end - 1;
        }
        depth += c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
    }
    return depth <= 0;
}

std::string_view without_comment(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '#')
            return trimmed(text.substr(0, i));
        if (text[i] == '\'' || text[i] == '"') {
            const size_t end = string_end(text, i);
            if (end == npos)
                return text;
            i = end - 1;
        }
    }
    return text;
}

class Reader {
public:
    explicit Reader(std::string_view text)
        : text_(text) { }

    std::optional<Script> run();

private:
    void split();
    // The statement that begins on line `i`, which moves to its last line.
    ScriptLine statement(size_t& i);
    std::vector<ScriptLine> block(size_t& i); // the statements below the line `i`
    void read_class(size_t& i, std::string name);
    void made_in_init(Class& c, std::string_view statement) const;
    void top_level(const ScriptLine& line);
    const Class* main_class() const;
    const Class* class_named(std::string_view name) const;
    void write(const Class& main);
    void write_class(const Class& c, std::string_view name, size_t indent);
    std::string signature(std::string_view def, bool root);
    void flattened(std::string_view names, const ScriptLine& from);
    void line(std::string_view text, size_t indent, uint32_t from);
    void note(uint32_t line, Severity severity, std::string message) {
        out_.notes.push_back({line, severity, std::move(message)});
    }

    std::string_view text_;
    std::vector<ScriptLine> lines_;
    std::deque<std::string> joined_; // statements of several lines
    std::vector<Class> classes_;
    std::map<std::string, std::string> defined_; // NAME = NUMBER at the top level
    std::map<std::string, std::string> node_names_; // of parameters that a first line names anew
    std::string made_; // the class that the script makes an object of
    std::vector<ScriptInput> inputs_;
    bool has_inputs_ = false;
    uint32_t inputs_line_ = 0;
    Script out_;
};

void Reader::split() {
    Lines lines(text_, false);
    while (lines.next()) {
        const size_t indent = indent_of(lines.line());
        std::string_view text = lines.line().substr(indent);
        while (text.ends_with(' ') || text.ends_with('\t'))
            text.remove_suffix(1);
        lines_.push_back({text, indent, lines.number()});
    }
}

ScriptLine Reader::statement(size_t& i) {
    ScriptLine whole = lines_[i];
    if (is_whole(whole.text))
        return whole;
    std::string& text = joined_.emplace_back(whole.text);
    while (!is_whole(text) && i + 1 < lines_.size() && text.size() < kMostStatement) {
        const std::string_view more = lines_[i + 1].text;
        if (more.starts_with("class ") || more.starts_with("def "))
            break;
        ++i;
        text = std::string(without_comment(text)) + ' ' + std::string(more);
    }
    whole.text = text;
    return whole;
}

std::vector<ScriptLine> Reader::block(size_t& i) {
    const size_t indent = lines_[i].indent;
    std::vector<ScriptLine> out;
    bool in_text = false; // what could not be written down stands between """ and """
    while (i + 1 < lines_.size() && (lines_[i + 1].text.empty() || lines_[i + 1].indent > indent)) {
        ++i;
        if (lines_[i].text.starts_with("\"\"\"")) {
            in_text = !in_text;
            continue;
        }
        if (!in_text && !lines_[i].text.empty())
            out.push_back(statement(i));
    }
    return out;
}

// self.NAME = CLASS(), self.register_buffer('NAME', …), self.NAME = torch.nn.Parameter(…)
void Reader::made_in_init(Class& c, std::string_view text) const {
    text = without_comment(text);
    constexpr std::string_view kBuffer = "self.register_buffer(";
    if (text.starts_with(kBuffer)) {
        const auto arguments = split_arguments(inside(text, kBuffer.size() - 1));
        if (arguments.size() >= 2 && arguments[0].size() > 2)
            c.constants.emplace(
                arguments[0].substr(1, arguments[0].size() - 2), constant_annotation(arguments[1]));
        return;
    }
    const size_t equal = text.find(" = ");
    if (!text.starts_with("self.") || equal == npos || !is_identifier(text.substr(5, equal - 5)))
        return;
    const std::string name(text.substr(5, equal - 5));
    const std::string_view right = trimmed(text.substr(equal + 3));
    if (right.starts_with("torch.nn.Parameter("))
        c.constants.emplace(name, constant_annotation(right));
    else if (right == "GraphModule()" || right.starts_with("<lambda>("))
        c.lost.push_back(name);
    else if (right.ends_with("()") && is_identifier(right.substr(0, right.size() - 2)))
        c.children.emplace_back(name, right.substr(0, right.size() - 2));
}

void Reader::read_class(size_t& i, std::string name) {
    Class c;
    c.name = std::move(name);
    c.line = lines_[i].line;
    const size_t indent = lines_[i].indent;
    while (i + 1 < lines_.size() && (lines_[i + 1].text.empty() || lines_[i + 1].indent > indent)) {
        ++i;
        const std::string_view text = lines_[i].text;
        if (text.starts_with("def __init__(")) {
            for (const ScriptLine& made : block(i))
                made_in_init(c, made.text);
        } else if (text.starts_with(kDef) && c.forward.empty()) {
            const size_t def_indent = lines_[i].indent;
            c.forward.push_back(statement(i));
            while (i + 1 < lines_.size() && (lines_[i + 1].text.empty() || lines_[i + 1].indent > def_indent))
                c.forward.push_back(lines_[++i]);
            for (ScriptLine& line : c.forward)
                line.indent = line.indent > indent ? line.indent - indent : 0;
        }
    }
    while (!c.forward.empty() && c.forward.back().text.empty())
        c.forward.pop_back();
    classes_.push_back(std::move(c));
}

void Reader::top_level(const ScriptLine& line) {
    const std::string_view text = without_comment(line.text);
    const size_t equal = text.find('=');
    const std::string_view name = trimmed(text.substr(0, equal));
    if (const size_t at = text.find("save_dir="); at != npos && text.find("run_repro") != npos) {
        const std::string_view value = text.substr(at + 9);
        if (value.starts_with('\'') || value.starts_with('"'))
            out_.save_dir = std::string(value.substr(1, value.find(value[0], 1) - 1));
        return;
    }
    if (equal == npos || !is_identifier(name))
        return;
    const std::string_view value = trimmed(text.substr(equal + 1));
    if (name == "args" && value.starts_with('[') && !has_inputs_ && value.find(" for (") == npos) {
        inputs_ = list_inputs(inside(value, 0), line.line);
        has_inputs_ = true;
        inputs_line_ = line.line;
    } else if (name == "mod") {
        // Repro(), make_fx(Repro())(*args)
        for (size_t i = 0; i < value.size(); ++i) {
            const std::string_view word = identifier_at(value, i);
            if (class_named(word))
                made_ = std::string(word);
            i += word.empty() ? 0 : word.size() - 1;
        }
    } else if (!value.empty() && std::all_of(value.begin(), value.end(), is_digit)) {
        defined_.emplace(name, value);
    }
}

const Class* Reader::class_named(std::string_view name) const {
    const auto found = std::find_if(classes_.begin(), classes_.end(),
        [&](const Class& c) { return c.name == name && !c.forward.empty(); });
    return found == classes_.end() ? nullptr : &*found;
}

// The one that the script runs; else Repro, else the last.
const Class* Reader::main_class() const {
    if (const Class* c = class_named(made_))
        return c;
    if (const Class* c = class_named("Repro"))
        return c;
    const auto last =
        std::find_if(classes_.rbegin(), classes_.rend(), [](const Class& c) { return !c.forward.empty(); });
    return last == classes_.rend() ? nullptr : &*last;
}

void Reader::line(std::string_view text, size_t indent, uint32_t from) {
    if (!text.empty())
        out_.text.append(indent, ' ');
    out_.text += text;
    out_.text += '\n';
    out_.lines.push_back(from);
}

// Parameters get the types of the inputs, in order.
std::string Reader::signature(std::string_view def, bool root) {
    const size_t open = def.find('(');
    const std::string_view list = inside(def, open);
    if (!root || list.empty())
        return std::string(def);
    std::string out(def.substr(0, open + 1));
    size_t place = 0;
    bool first = true;
    for (const std::string_view parameter : split_arguments(list)) {
        out += first ? "" : ", ";
        out += parameter;
        first = false;
        if (parameter == "self")
            continue;
        const std::string_view name = identifier_at(parameter, 0);
        out_.parameters.emplace_back(name);
        const std::string type = place < inputs_.size() ? annotation_of(inputs_[place]) : "";
        // `x : torch.Tensor` says less.
        const std::string_view written = trimmed(parameter.substr(name.size()));
        const bool says_less =
            written.empty() || (written.starts_with(':') && written.find_first_of("\"=") == npos);
        if (!type.empty() && says_less) {
            out.resize(out.size() - parameter.size());
            out += std::string(name) + ": \"" + type + '"';
        }
        ++place;
    }
    return out + "):";
}

// `a, b, = fx_pytree.tree_flatten_spec([], self._in_spec)`: the inputs are these, whatever the signature has
// (AOTInductor's programs: it has none). Their types stand before it, as in a joint graph.
void Reader::flattened(std::string_view names, const ScriptLine& from) {
    out_.parameters.clear();
    std::string types;
    size_t place = 0;
    for (const std::string_view name : split_arguments(names)) {
        if (!is_identifier(name))
            continue;
        out_.parameters.emplace_back(name);
        const std::string type = place < inputs_.size() ? annotation_of(inputs_[place]) : "";
        if (!type.empty())
            types += (types.empty() ? "" : " ") + std::string(name) + ": \"" + type + "\";";
        ++place;
    }
    if (!types.empty())
        line(types, from.indent, from.line);
}

void Reader::write_class(const Class& c, std::string_view name, size_t indent) {
    line("class " + std::string(name) + "(torch.nn.Module):", indent, c.line);
    bool def = true;
    for (const ScriptLine& from : c.forward) {
        const std::string_view text = from.text;
        const size_t equal = text.find(" = ");
        const std::string_view left = text.substr(0, equal);
        std::string typed;
        if (def) {
            typed = signature(text, indent == 0);
        } else if (indent == 0 && text.find(", = fx_pytree.tree_flatten_spec(") != npos) {
            flattened(left, from);
        } else if (equal != npos && is_identifier(left)) {
            const std::string_view right = text.substr(equal + 3);
            if (right.starts_with("self.")) {
                // `_tensor_constant0 = self._tensor_constant0` gets the type of what __init__ registers.
                const auto known = c.constants.find(std::string(path_at(right, 5)));
                if (known != c.constants.end() && !known->second.empty())
                    typed =
                        std::string(left) + ": \"" + known->second + '"' + std::string(text.substr(equal));
            } else if (indent == 0 && is_identifier(right)) {
                // Dynamo's graphs know their inputs by other names than their signature: `l_x_ = L_x_`.
                node_names_.emplace(right, left);
            }
        }
        line(typed.empty() ? text : typed, indent + from.indent, from.line);
        def = false;
    }
    out_.lost.insert(out_.lost.end(), c.lost.begin(), c.lost.end());
}

// Classes that a class makes stand inside of it, once for each time that they are made.
void Reader::write(const Class& main) {
    struct Open {
        const Class* c;
        std::string name;
        size_t indent;
    };
    std::vector<Open> open{{&main, main.name, 0}};
    while (!open.empty()) {
        const Open next = std::move(open.back());
        open.pop_back();
        if (!out_.text.empty())
            line("", 0, next.c->line);
        write_class(*next.c, next.name, next.indent);
        if (out_.text.size() > kMostText || next.indent > 4 * kDeepest) {
            note(next.c->line, Severity::Warning,
                "the classes of the script make each other too often; bodies are left out");
            return;
        }
        for (auto child = next.c->children.rbegin(); child != next.c->children.rend(); ++child)
            if (const Class* c = class_named(child->second))
                open.push_back({c, child->first, next.indent + 4});
    }
}

std::optional<Script> Reader::run() {
    split();
    size_t inputs_def = npos;
    for (size_t i = 0; i < lines_.size(); ++i) {
        const std::string_view text = lines_[i].text;
        if (const std::string_view name = class_on_line(text); !name.empty() && text.starts_with("class "))
            read_class(i, std::string(name));
        else if (text.starts_with("def load_args(") && inputs_def == npos)
            inputs_ = load_args_inputs(block(inputs_def = i)), has_inputs_ = true,
            inputs_line_ = lines_[inputs_def].line;
        else if (!text.empty() && text[0] != '#')
            top_level(statement(i));
    }
    const Class* main = main_class();
    const bool nested = main && !main->children.empty();
    if (!main || (!has_inputs_ && !nested && main->name != "Repro"))
        return std::nullopt;
    name_symbols(inputs_, defined_, out_);
    write(*main);
    if (has_inputs_ && inputs_.size() != out_.parameters.size())
        note(inputs_line_, Severity::Warning,
            "the script makes " + counted(inputs_.size(), "input") + ", its forward takes "
                + std::to_string(out_.parameters.size()));
    for (size_t i = 0; i < inputs_.size() && i < out_.parameters.size(); ++i) {
        const ScriptInput& input = inputs_[i];
        if (input.hash.empty() || input.kind != ScriptInput::Kind::Tensor)
            continue;
        SavedTensor saved;
        const auto node = node_names_.find(out_.parameters[i]);
        saved.name = node == node_names_.end() ? out_.parameters[i] : node->second;
        saved.member = input.hash;
        saved.pickled = true;
        saved.dtype = input.dtype;
        const auto number = [](const std::string& text) {
            int64_t n = -1;
            std::from_chars(text.data(), text.data() + text.size(), n);
            return n;
        };
        for (const std::string& size : input.shape)
            saved.shape.push_back(number(size));
        for (const std::string& step : input.stride)
            saved.stride.push_back(number(step));
        saved.offset = input.offset.empty() ? 0 : number(input.offset);
        out_.saved.push_back(std::move(saved));
    }
    return std::move(out_);
}

} // namespace

bool looks_like_script(std::string_view text) {
    static constexpr std::array<std::string_view, 4> kMarks{
        "def load_args(", "class Repro(", "args = [(", "args = [\n"};
    return find_words(text, "Module):") != npos && words_in(text, kMarks, true) != 0;
}

std::optional<Script> read_script(std::string_view text) {
    return looks_like_script(text) ? Reader(text).run() : std::nullopt;
}

} // namespace hopscope::read
