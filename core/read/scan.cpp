#include "core/read/scan.h"

#include "core/base/text.h"

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

} // namespace

void skip_spaces(std::string_view text, size_t& at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
        ++at;
}

std::string_view identifier_at(std::string_view text, size_t at) {
    size_t end = at;
    if (end < text.size() && is_identifier_start(text[end]))
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
    return text.substr(at, end - at);
}

std::string_view path_at(std::string_view text, size_t at) {
    size_t end = at + identifier_at(text, at).size();
    while (end + 1 < text.size() && text[end] == '.' && is_identifier_char(text[end + 1])) {
        ++end;
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
    }
    return text.substr(at, end - at);
}

bool is_delimiter(char c) {
    return c == ',' || c == ')' || c == ']' || c == '}' || c == ';' || c == ':' || c == '#';
}

size_t string_end(std::string_view text, size_t at) {
    const char quote = text[at];
    for (size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == quote)
            return i + 1;
    }
    return npos;
}

size_t balanced_end(std::string_view text, size_t at, bool& closed) {
    size_t depth = 0;
    size_t angles = 0;
    bool open_single = false;
    bool open_double = false;
    closed = true;
    for (size_t i = at; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            bool& never_closes = c == '"' ? open_double : open_single;
            const size_t end = never_closes ? npos : string_end(text, i);
            // An apostrophe inside a repr. Where one does not close, no later one of its kind does.
            never_closes = end == npos;
            if (never_closes)
                continue;
            i = end - 1;
        } else if (c == '<' && (i == at || text[i - 1] == '(' || angles || text[i - 1] == '=')) {
            ++angles;
        } else if (c == '>' && angles && text[i - 1] != '-') {
            --angles;
        } else if (c == '(' || c == '[' || c == '{') {
            ++depth;
        } else if (c == ')' || c == ']' || c == '}') {
            if (!depth && !angles)
                return i;
            if (depth)
                --depth;
        } else if (!depth && !angles && (c == ',' || c == ';')) {
            return i;
        }
    }
    closed = depth == 0;
    return text.size();
}

} // namespace hopscope::read
