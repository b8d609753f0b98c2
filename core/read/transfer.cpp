#include "core/read/transfer.h"

#include "core/base/text.h"
#include "core/read/lines.h"

#include <algorithm>

namespace hopscope::read {

namespace {

constexpr size_t kSample = 1 << 14; // bytes
constexpr auto npos = std::string_view::npos;

// The value of "3D"; -1 where it is no number.
int hex_at(std::string_view text, size_t at) {
    int value = 0;
    for (size_t i = at; i < at + 2; ++i) {
        const char c = i < text.size() ? text[i] : ' ';
        if (!is_digit(c) && (c < 'A' || c > 'F'))
            return -1;
        value = value * 16 + (is_digit(c) ? c - '0' : c - 'A' + 10);
    }
    return value;
}

// Whether a '=' ends its line: the next line goes on with it. Blanks may have been put behind it.
bool is_soft_break(std::string_view text, size_t at) {
    const size_t next = text.find_first_not_of(" \t\r", at + 1);
    return next != npos && text[next] == '\n';
}

// Every assignment of a graph is "=3D" then, and few other signs of equality are left.
bool is_quoted_printable(std::string_view head) {
    size_t escaped = 0, equals = 0, other = 0;
    for (size_t at = head.find('='); at != npos; at = head.find('=', at + 1)) {
        const int value = hex_at(head, at + 1);
        escaped += value >= 0;
        equals += value == '=';
        other += value < 0 && !is_soft_break(head, at);
    }
    return equals >= 2 && other * 8 <= escaped;
}

// Every line ends in '$', and more than a few do.
bool is_shown_by_cat(std::string_view head) {
    constexpr size_t kFewest = 4;
    size_t lines = 0;
    for (size_t at = head.find('\n'); at != npos; at = head.find('\n', at + 1), ++lines)
        if (at == 0 || head[at - 1] != '$')
            return false;
    return lines >= kFewest;
}

} // namespace

bool undo_transfer(std::string_view text, Draft& out) {
    const std::string_view head = text.substr(0, kSample);
    const bool mail = is_quoted_printable(head);
    if (!mail && !is_shown_by_cat(head))
        return false;
    out.text.reserve(text.size());
    out.begin(0);
    for (size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\n') {
            ++out.line;
            out.text += '\n';
            out.begin(at + 1);
        } else if (mail && c == '=' && is_soft_break(text, at)) {
            at = text.find('\n', at);
            ++out.line;
        } else if (const int value = mail && c == '=' ? hex_at(text, at + 1) : -1; value >= 0) {
            out.text += static_cast<char>(value);
            at += 2;
        } else if (!mail && c == '$' && (at + 1 == text.size() || text[at + 1] == '\n')) {
            continue;
        } else if (!mail && text.substr(at, 2) == "^I") {
            out.text += '\t';
            ++at;
        } else {
            out.text += c;
        }
    }
    return true;
}

} // namespace hopscope::read
