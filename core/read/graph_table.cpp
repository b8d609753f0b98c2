#include "core/read/graph_table.h"

#include "core/base/text.h"
#include "core/read/graph_str_values.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

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
        // A Python dict, its keys quoted: `'mode': 'constant'`.
        std::string_view rest = kwargs.substr(1, kwargs.size() - 2);
        while (!rest.empty()) {
            const size_t key = rest.front() == '\'' || rest.front() == '"' ? string_end(rest, 0) : npos;
            const bool keyed = key != npos && rest.substr(key, 1) == ":";
            bool closed = false;
            const size_t from = keyed ? std::min(rest.find_first_not_of(' ', key + 1), rest.size()) : 0;
            const size_t end = balanced_end(rest, from, closed);
            out += (out.empty() ? "" : ", ") + (keyed ? std::string(rest.substr(1, key - 2)) + " = " : "")
                + std::string(trimmed(rest.substr(from, end - from)));
            rest = end < rest.size() ? trimmed(rest.substr(end + 1)) : std::string_view{};
        }
    }
    return out;
}

bool is_opcode(std::string_view text) {
    static constexpr std::array<std::string_view, 6> kOpcodes{
        "placeholder", "get_attr", "call_function", "call_method", "call_module", "output"};
    return std::find(kOpcodes.begin(), kOpcodes.end(), text) != kOpcodes.end();
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

size_t rule_start(std::string_view line) {
    size_t at = line.find_last_not_of(" |\t\r");
    if (at == npos)
        return npos;
    ++at; // behind the last group
    for (size_t group = 0; group < kColumns.size(); ++group) {
        while (at > 0 && line[at - 1] == ' ')
            --at;
        const size_t end = at;
        while (at > 0 && line[at - 1] == '-')
            --at;
        if (end - at < 2)
            return npos;
    }
    return at;
}

bool is_table_row(std::string_view text) {
    return is_opcode(text.substr(0, text.find("  "))) && text.find("  ") != npos;
}

size_t rebuild_table(std::span<const RawLine> lines, Rebuilt& out) {
    if (lines.size() < 3)
        return 0;
    const bool grid = lines[0].text.find('|') != npos;
    size_t i = 1;
    std::vector<size_t> columns;
    while (i + 1 < lines.size() && trimmed(lines[i].text).empty())
        ++i;
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
    constexpr size_t kMostForeign = 30; // lines of other programs in a row
    size_t foreign = 0;
    for (; i < lines.size() && foreign <= kMostForeign; ++i) {
        if (lines[i].foreign || is_rule(lines[i].text) || trimmed(lines[i].text).empty())
            continue;
        const std::vector<std::string_view> cell = cells_of(lines[i].text, columns);
        if (cell.size() < kColumns.size() || !is_opcode(cell[0])) {
            ++foreign;
            continue;
        }
        foreign = 0;
        const std::string_view op = cell[0];
        const Place place = lines[i].place;
        const std::string name(cell[1]);
        GraphPieces& p = pieces[0];
        if (op == "placeholder") {
            p.parameters.emplace_back(std::string(cell[2]), place);
            const std::string_view bare =
                cell[2].substr(std::min(cell[2].find_first_not_of('*'), cell[2].size()));
            if (cell[1] != bare)
                p.statements.emplace_back(name + " = " + std::string(bare), place);
        } else if (op == "get_attr") {
            p.statements.emplace_back(name + " = self." + std::string(cell[2]), place);
        } else if (op == "call_module") {
            p.statements.emplace_back(
                name + " = self." + std::string(cell[2]) + '(' + arguments(cell[3], cell[4]) + ')', place);
        } else if (op == "call_function") {
            p.statements.emplace_back(
                name + " = " + python_function(cell[2]) + '(' + arguments(cell[3], cell[4]) + ')', place);
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
        }
        took = i + 1;
    }
    if (took == 0)
        return 0;
    write_pieces(pieces, out);
    return took;
}

} // namespace hopscope::read
