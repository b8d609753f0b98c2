#include "core/read/mark.h"

#include "core/base/text.h"
#include "core/read/graph_str.h"
#include "core/read/rejoin.h"
#include "core/read/scan.h"

#include <algorithm>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kLongestMark = 24; // bytes

bool is_return(std::string_view text) {
    return text.starts_with("return") && (text.size() == 6 || !is_identifier_char(text[6]));
}

} // namespace

std::string_view behind_mark(std::string_view text) {
    size_t at = 0;
    while (at < std::min(text.size(), kLongestMark)
        && (std::string_view("->=<*!+~|:.").find(text[at]) != npos || (text[at] & 0x80)))
        ++at;
    if (at == 0 || at >= text.size() || (text[at] != ' ' && text[at] != '\t'))
        return {};
    const std::string_view behind = trimmed(text.substr(at));
    if (is_graph_str_node(behind))
        return behind;
    const bool statement = !behind.empty() && is_identifier_start(behind.front()) && is_graph_line(behind)
        && (is_return(behind) || behind.find(" = ") != npos);
    return statement ? behind : std::string_view{};
}

size_t note_start(std::string_view text) {
    static constexpr std::string_view kArrows[]{"<--", "<==", "<<<", "\xE2\x86\x90", "\xE2\x87\x90",
        "\xE2\xAC\x85"}; // the last are arrows to the left
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\'' || text[i] == '"') {
            const size_t end = string_end(text, i);
            if (end == npos)
                break;
            i = end - 1;
            continue;
        }
        if (i == 0 || (text[i - 1] != ' ' && text[i - 1] != '\t'))
            continue;
        const std::string_view rest = text.substr(i);
        if (rest.front() == '#'
            || std::any_of(std::begin(kArrows), std::end(kArrows),
                [&](std::string_view arrow) { return rest.starts_with(arrow); }))
            return i;
    }
    // The end of a table's cell. No operator stands last.
    return text.ends_with('|') ? text.size() - 1 : npos;
}

} // namespace hopscope::read
