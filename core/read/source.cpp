#include "core/read/source.h"

#include "core/base/text.h"
#include "core/read/readable.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

bool only_fx_prints(std::string_view text) {
    if (text.find("= None") != npos && text.find(";  ") != npos)
        return true;
    if (text.starts_with("# File: ") || text.starts_with("# No stacktrace found"))
        return true;
    if (text.find("torch.ops.higher_order.") != npos || text.find(", self._in_spec)") != npos)
        return true;
    // A type in quotes: `x: "f32[4, 8]"`.
    for (size_t at = text.find(": \""); at != npos; at = text.find(": \"", at + 1)) {
        const size_t bracket = text.find('[', at + 3);
        if (bracket != npos && bracket - at < 16 && is_identifier(text.substr(at + 3, bracket - at - 3)))
            return true;
        if (text.substr(at + 3, 4) == "Sym(")
            return true;
    }
    // An operator with its overload: torch.ops.aten.mm.default(
    const size_t op = text.find(" = torch.ops.");
    if (op == npos)
        return false;
    const std::string_view path = path_at(text, op + 3);
    return std::count(path.begin(), path.end(), '.') >= 4;
}

// A call inside of a call's arguments, which FX gives a node of its own.
bool nests_calls(std::string_view text) {
    static constexpr std::array kValues{
        "slice", "device", "range", "complex", "torch.device", "torch.Size", "tuple"};
    size_t depth = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' || c == '\'') {
            const size_t end = string_end(text, i);
            if (end == npos)
                return false;
            i = end - 1;
        } else if (is_identifier_start(c)) {
            const std::string_view path = path_at(text, i);
            i += path.size() - 1;
            if (i + 1 < text.size() && text[i + 1] == '(') {
                if (depth > 0 && std::find(kValues.begin(), kValues.end(), path) == kValues.end()
                    && path.find("tree_") == npos && path.find("getattr") == npos)
                    return true;
                ++depth;
                ++i;
            }
        } else if (c == '(' || c == '[') {
            depth += c == '(' || depth > 0 ? 1 : 0;
        } else if ((c == ')' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return false;
}

bool has_control_flow(std::string_view text) {
    static constexpr std::array kWords{"if ", "for ", "while ", "with ", "raise ", "assert ", "elif ",
        "else:", "try:", "except", "yield ", "print(", "del ", "import ", "from ", "global ", "self."};
    for (const std::string_view word : kWords)
        if (text.starts_with(word))
            return true;
    return text.find(" if ") != npos || text.find("lambda ") != npos || text.find(" for ") != npos;
}

// FX returns nodes, constants and containers of them.
bool returns_expression(std::string_view text) {
    if (!text.starts_with("return "))
        return false;
    const std::string_view value = trimmed(text.substr(7));
    if (value.starts_with("pytree.") || value.starts_with("self._dynamo") || value.starts_with("fx_pytree."))
        return false;
    size_t at = 0;
    const std::string_view path = path_at(value, 0);
    at += path.size();
    if (!path.empty()
        && (path.find('.') != npos || (at < value.size() && (value[at] == '(' || value[at] == '['))))
        return true;
    for (const std::string_view op : {" + ", " - ", " * ", " / ", " @ ", " ** ", " // "})
        if (value.find(op) != npos && !value.starts_with('(') && !value.starts_with('['))
            return true;
    return nests_calls(value) || (value.starts_with('(') && value.find("(self.") != npos);
}

} // namespace

bool is_written_by_hand(std::span<const RawLine> lines) {
    constexpr size_t kMost = 400; // lines that decide
    bool in_forward = false;
    bool by_hand = false;
    bool machine_class = false;
    for (size_t i = 0; i < std::min(lines.size(), kMost); ++i) {
        const std::string_view text = trimmed(lines[i].text);
        if (text.empty() || lines[i].foreign)
            continue;
        if (only_fx_prints(text))
            return false;
        if (const std::string_view name = class_on_line(text); !name.empty() && text.starts_with("class ")) {
            machine_class = machine_class || name == "GraphModule" || name == "<lambda>" || name == "Repro"
                || name == "FxModule" || name.starts_with("CompiledAutograd");
            // FX writes torch's name before it.
            by_hand = by_hand || text.find("(nn.Module)") != npos;
            continue;
        }
        if (text.starts_with("def ")) {
            const bool forward = text.starts_with("def forward(");
            by_hand = by_hand || in_forward // a function inside of forward
                || (!forward && !machine_class);
            in_forward = in_forward || forward;
            // FX writes self before all; documentation leaves it out, beside signs that only FX prints. A
            // forward of an autograd.Function has its ctx there.
            constexpr size_t kParameters = 12; // behind "def forward("
            by_hand = by_hand
                || (forward && text.size() > kParameters && text[kParameters] != ')'
                    && !text.substr(kParameters).starts_with("self"));
            // FX writes a default with blanks around its sign.
            const size_t equal = text.find('=');
            by_hand = by_hand || (forward && equal != npos && text[equal - 1] != ' ');
            continue;
        }
        if (!in_forward)
            continue;
        by_hand = by_hand || text == "..." || text.starts_with("ctx.") || text.starts_with("\"\"\"")
            || has_control_flow(text) || returns_expression(text) || nests_calls(text);
    }
    return by_hand && !machine_class;
}

} // namespace hopscope::read
