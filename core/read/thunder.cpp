#include "core/read/thunder.h"

#include "core/base/text.h"
#include "core/read/rejoin.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kMost = 20000; // lines of one trace

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

constexpr std::array<std::string_view, 4> kModules{"prims.", "ltorch.", "thunder.", "torchex."};

} // namespace

bool begins_thunder(std::span<const RawLine> lines) {
    constexpr size_t kLooked = 60; // lines below the def: parameters have a comment each
    const std::string_view def = lines.empty() ? std::string_view{} : trimmed(lines[0].text);
    if (!def.starts_with("def ") || def.find('(') == npos || !def.ends_with(':'))
        return false;
    const size_t base = column_of(lines[0].text);
    for (size_t i = 1; i < std::min(lines.size(), kLooked); ++i) {
        const std::string_view text = trimmed(lines[i].text);
        if (text.empty())
            continue;
        if (column_of(lines[i].text) <= base)
            return false;
        std::string_view name;
        std::string type;
        if (typed_comment(text, name, type))
            return true;
        const size_t equal = text.find(" = ");
        const std::string_view right = equal == npos ? std::string_view{} : text.substr(equal + 3);
        if (std::any_of(kModules.begin(), kModules.end(),
                [&](std::string_view module) { return right.starts_with(module); }))
            return true;
    }
    return false;
}

bool looks_like_thunder(std::string_view text) {
    return text.find(" = prims.") != npos || text.find(" = ltorch.") != npos
        || (text.find("] = nvFusion") != npos && text.find("# t") != npos);
}

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
            std::string statement(left);
            if (typed && name == left)
                statement.append(": \"").append(type).append("\"");
            statement.append(" = ").append(right);
            p.statements.emplace_back(std::move(statement), lines[i].place);
            continue;
        }
        // `(a, b) = f(…)`: FX would index.
        const std::string whole = "result_" + std::to_string(unpacked++);
        std::string statement = whole;
        statement.append(" = ").append(right);
        p.statements.emplace_back(std::move(statement), lines[i].place);
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

} // namespace hopscope::read
