#include "core/base/text.h"
#include "core/read/graph_str.h"

#include <algorithm>

namespace hopscope::read {

GraphStrHead graph_str_head(std::string_view line) {
    constexpr auto npos = std::string_view::npos;
    constexpr std::string_view kHead = "graph():";
    constexpr std::string_view kOpen = "graph(";
    GraphStrHead head;
    if (const size_t at = line.find(kHead); at != npos) {
        head.at = at;
        return head;
    }
    for (size_t at = line.find(kOpen); at != npos; at = line.find(kOpen, at + 1)) {
        if (at > 0 && (is_identifier_char(line[at - 1]) || line[at - 1] == '.'))
            continue;
        const size_t close = line.find(')', at);
        if (close == npos)
            return head;
        const std::string_view inputs = line.substr(at + kOpen.size(), close - at - kOpen.size());
        const std::string_view behind = trimmed(line.substr(close + 1));
        // No TorchScript (`graph(%self : …`), no call (`graph(f, 'x')`).
        const bool names = !inputs.empty() && is_identifier_start(inputs.front())
            && std::all_of(inputs.begin(), inputs.end(),
                [](char c) { return is_identifier_char(c) || std::string_view(" ,:.[]*").find(c) != npos; });
        if (names && behind.ends_with(':') && (behind.size() == 1 || behind.starts_with("->"))) {
            head.at = at;
            head.inputs = inputs;
            return head;
        }
    }
    return head;
}

} // namespace hopscope::read
