#include "core/browse/fuzzy.h"

#include <algorithm>

namespace hopscope {

namespace {
char low(char c) {
    return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}
bool starts_word(std::string_view text, size_t at) {
    if (at == 0)
        return true;
    const char before = text[at - 1];
    return before == '_' || before == '.' || before == ':' || before == '/' || before == ' ';
}
} // namespace

std::optional<int> fuzzy_score(std::string_view query, std::string_view text) {
    if (query.empty())
        return 0;
    if (query.size() > text.size())
        return std::nullopt;
    int score = 0;
    size_t at = 0, last = std::string_view::npos;
    for (char wanted : query) {
        while (at < text.size() && low(text[at]) != low(wanted))
            ++at;
        if (at == text.size())
            return std::nullopt;
        score += 1;
        if (last != std::string_view::npos && at == last + 1)
            score += 6;
        if (starts_word(text, at))
            score += 4;
        last = at++;
    }
    const auto same = [&](size_t from) {
        return std::equal(query.begin(), query.end(), text.begin() + long(from),
            [](char a, char b) { return low(a) == low(b); });
    };
    if (same(0))
        score += query.size() == text.size() ? 1000 : 40;
    else {
        for (size_t from = 1; from + query.size() <= text.size(); ++from) {
            if (same(from)) {
                score += 20;
                break;
            }
        }
    }
    return std::max(0, score * 4 - int(std::min<size_t>(text.size(), 60)));
}

} // namespace hopscope
