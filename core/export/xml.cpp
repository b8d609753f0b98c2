#include "core/export/xml.h"

#include "core/base/printable.h"

namespace hopscope {

std::string xml_escaped(std::string_view bytes) {
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    const std::string text = printable(bytes);
    std::string out;
    out.reserve(text.size() + text.size() / 16);
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\t':
        case '\n':
        case '\r':
            out += ' ';
            break;
        default:
            if (static_cast<unsigned char>(c) < 0x20) {
                out += kReplacement;
            } else if (text.compare(i, 3, "\xEF\xBF\xBE") == 0 || text.compare(i, 3, "\xEF\xBF\xBF") == 0) {
                out += kReplacement;
                i += 2;
            } else {
                out += c;
            }
        }
    }
    return out;
}

} // namespace hopscope
