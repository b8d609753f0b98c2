#include "core/read/comment.h"

#include "core/base/text.h"

#include <charconv>

namespace hopscope::read {

namespace {

constexpr std::string_view kFile = "File: ";
constexpr std::string_view kAnnotation = "Annotation: ";
constexpr std::string_view kNoTrace = "No stacktrace found for following nodes";
constexpr std::string_view kBackward = "Backward of forward node:";
constexpr auto npos = std::string_view::npos;

// Length of the balanced "{…}" at the start of `text`, quotes respected; 0 if it never closes.
size_t braces(std::string_view text) {
    int depth = 0;
    char quote = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote) {
            if (c == '\\')
                ++i;
            else if (c == quote)
                quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

std::optional<int32_t> call_id_of(std::string_view annotation) {
    constexpr std::string_view kKey = "'call_id': ";
    const size_t at = annotation.find(kKey);
    int32_t id = -1;
    if (at != npos)
        std::from_chars(annotation.data() + at + kKey.size(), annotation.data() + annotation.size(), id);
    return id >= 0 ? std::optional(id) : std::nullopt;
}

// "P:L in F" or "P:L".
void parse_place(std::string_view place, StringTable& strings, Source& source) {
    std::string_view function;
    const auto split_line = [&](std::string_view head) {
        size_t digits = head.size();
        while (digits > 0 && is_digit(head[digits - 1]))
            --digits;
        if (digits == 0 || digits == head.size() || head[digits - 1] != ':')
            return false;
        const size_t colon = digits - 1;
        uint32_t line = 0;
        const auto [end, error] = std::from_chars(head.data() + colon + 1, head.data() + head.size(), line);
        if (error != std::errc{} || end != head.data() + head.size())
            return false;
        source.file = strings.intern(head.substr(0, colon));
        source.line = line;
        return true;
    };
    // Paths and functions may hold " in " themselves: take the last one that leaves a line number before it.
    for (size_t in = place.rfind(" in "); in != npos && in > 0; in = place.rfind(" in ", in - 1)) {
        if (!split_line(place.substr(0, in)))
            continue;
        function = place.substr(in + 4);
        break;
    }
    if (!source.file && !split_line(place))
        source.file = strings.intern(place);
    if (!function.empty())
        source.function = strings.intern(function);
}

} // namespace

bool is_source_comment(std::string_view comment) {
    return comment.find(kFile) != npos || comment.find(kNoTrace) != npos
        || comment.find("# Annotation: {") != npos;
}

bool parse_comment(std::string_view comment, StringTable& strings, Source& source) {
    std::string_view rest = comment;
    if (const size_t at = rest.find(kAnnotation); at != npos && at < rest.find(kFile)) {
        const std::string_view from = rest.substr(at + kAnnotation.size());
        size_t length = braces(from);
        // PyTorch cuts long values, quotes and all: fall back to the brace before what follows.
        if (!length)
            length = from.find("} ") == npos ? from.size() : from.find("} ") + 1;
        source.annotation = strings.intern(from.substr(0, length));
        source.call_id = call_id_of(from.substr(0, length));
        rest = from.substr(length);
    }
    const size_t file = rest.find(kFile);
    std::string_view marks = rest.substr(0, file);
    if (const size_t at = marks.find(kBackward); at != npos) {
        source.backward_of = true;
        marks = marks.substr(0, at);
    }
    marks = marks.substr(0, marks.find(kNoTrace));
    for (const std::string_view key : {std::string_view("recompute: "), std::string_view("ac_graph_id: ")})
        if (const size_t at = marks.find(key); at != npos) {
            source.recompute = strings.intern(trimmed(marks.substr(at)));
            break;
        }
    if (file == npos)
        return source.annotation || source.recompute;
    const std::string_view place = rest.substr(file + kFile.size());
    constexpr std::string_view kCode = ", code:";
    const size_t code = place.find(kCode);
    parse_place(place.substr(0, code), strings, source);
    if (code != npos) {
        std::string_view text = place.substr(code + kCode.size());
        if (text.starts_with(' '))
            text.remove_prefix(1);
        if (!text.empty())
            source.code = strings.intern(text);
    }
    return true;
}

} // namespace hopscope::read
