#include "core/read/decode.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/html.h"
#include "core/read/json_text.h"
#include "core/read/lines.h"
#include "core/read/prefix.h"
#include "core/read/transfer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

enum class Encoding : uint8_t { Utf8, Utf16Little, Utf16Big };

// By the mark, or by where the zero bytes of ASCII text stand.
Encoding encoding_of(std::string_view bytes, size_t& mark) {
    mark = 0;
    if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
        mark = 2;
        return bytes[0] == '\xFF' ? Encoding::Utf16Little : Encoding::Utf16Big;
    }
    if (bytes.starts_with("\xEF\xBB\xBF"))
        mark = 3;
    const std::string_view head = bytes.substr(0, 4096);
    if (mark || head.find('\0') == npos || head.size() < 8)
        return Encoding::Utf8;
    std::array<size_t, 2> zeros{};
    for (size_t i = 0; i < head.size(); ++i)
        zeros[i % 2] += head[i] == '\0';
    const size_t most = head.size() * 2 / 5; // nearly every second byte
    if (zeros[1] > most && zeros[0] < zeros[1] / 8)
        return Encoding::Utf16Little;
    if (zeros[0] > most && zeros[1] < zeros[0] / 8)
        return Encoding::Utf16Big;
    return Encoding::Utf8;
}

// The text and, for each of its lines, where it stood in the bytes.
struct Draft {
    std::string text;
    Places places;
    uint32_t line = 1; // of the file, that is being read

    void begin(size_t offset) { places.push_back({line, offset}); }
};

void from_utf16(std::string_view bytes, size_t mark, bool big, Draft& out) {
    out.begin(mark);
    const auto unit = [&](size_t at) {
        const auto a = static_cast<uint8_t>(bytes[at]);
        const auto b = static_cast<uint8_t>(bytes[at + 1]);
        return static_cast<uint32_t>(big ? (a << 8) | b : (b << 8) | a);
    };
    for (size_t at = mark; at + 1 < bytes.size(); at += 2) {
        uint32_t c = unit(at);
        if (c >= 0xD800 && c < 0xDC00 && at + 3 < bytes.size()) {
            const uint32_t low = unit(at + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        append_utf8(out.text, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
        if (c == '\n') {
            ++out.line;
            out.begin(at + 2);
        }
    }
}

// What stands for a character of HTML, or is a tag that only shapes a text; empty if it is none.
struct Markup {
    size_t length = 0;
    std::string means;
};

Markup markup_at(std::string_view text, size_t at) {
    const std::string_view rest = text.substr(at, 512);
    if (rest[0] == '&') {
        Entity entity = entity_at(text, at);
        return {entity.length, std::move(entity.means)};
    }
    static constexpr std::array kTags{"pre", "code", "span", "div", "p", "br", "b", "i", "td", "tr", "font",
        "tt", "samp", "body", "html", "table", "tbody", "em", "strong", "a", "details", "summary", "li",
        "ul"};
    const size_t name = rest.starts_with("</") ? 2 : 1;
    const size_t end = rest.find('>');
    if (end == npos || rest.find('\n') < end)
        return {};
    size_t behind = name;
    while (behind < end && (is_identifier_char(rest[behind])))
        ++behind;
    const std::string_view tag = rest.substr(name, behind - name);
    if (std::find(kTags.begin(), kTags.end(), tag) == kTags.end()
        || (behind < end && rest[behind] != ' ' && rest[behind] != '/'))
        return {};
    const bool breaks =
        tag == "br" || (name == 2 && (tag == "p" || tag == "div" || tag == "tr" || tag == "li"));
    return {end + 1, breaks ? "\n" : ""};
}

// The end of the terminal's escape sequence at `at` (ECMA-48: CSI … letter, OSC … BEL or ST, others of two
// bytes).
size_t after_escape(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
    if (byte(at + 1) == '[') {
        size_t end = at + 2;
        while (byte(end) >= 0x20 && byte(end) <= 0x3F)
            ++end;
        return byte(end) >= 0x40 && byte(end) <= 0x7E ? end + 1 : at + 2;
    }
    if (byte(at + 1) == ']') {
        for (size_t end = at + 2; end < text.size() && end < at + 512; ++end) {
            if (text[end] == '\a')
                return end + 1;
            if (text[end] == '\x1b' && byte(end + 1) == '\\')
                return end + 2;
            if (text[end] == '\n')
                return end;
        }
    }
    return std::min(at + 2, text.size());
}

// What a character that no code has stands for: blanks that do not break, quotes that were made pretty.
// `length` is set to its bytes; empty text for a character without width.
bool typographic(std::string_view text, size_t at, size_t& length, std::string_view& means) {
    const std::string_view rest = text.substr(at);
    struct Sign {
        std::string_view written, means;
    };
    static constexpr std::array kSigns{Sign{"\xC2\xA0", " "}, Sign{"\xE2\x80\x87", " "},
        Sign{"\xE2\x80\xAF", " "}, Sign{"\xE2\x80\x82", " "}, Sign{"\xE2\x80\x83", " "},
        Sign{"\xE2\x80\x89", " "}, Sign{"\xE3\x80\x80", " "}, Sign{"\xE2\x80\x8B", ""},
        Sign{"\xE2\x80\x8C", ""}, Sign{"\xE2\x80\x8D", ""}, Sign{"\xE2\x81\xA0", ""},
        Sign{"\xEF\xBB\xBF", ""}, Sign{"\xE2\x80\x9C", "\""}, Sign{"\xE2\x80\x9D", "\""},
        Sign{"\xE2\x80\x9E", "\""}, Sign{"\xE2\x80\x98", "'"}, Sign{"\xE2\x80\x99", "'"},
        Sign{"\xE2\x80\xA8", "\n"}, Sign{"\xE2\x88\x92", "-"}, Sign{"\xE2\x80\xB3", "\""},
        Sign{"\xC2\xAB", "\""}, Sign{"\xC2\xBB", "\""}};
    for (const Sign& sign : kSigns)
        if (rest.starts_with(sign.written)) {
            length = sign.written.size();
            means = sign.means;
            return true;
        }
    return false;
}

struct Needs {
    bool escapes = false, returns = false, signs = false, markup = false, literal = false, doubled = false,
         heads = false;
    bool any() const { return escapes || returns || signs || markup || literal || doubled || heads; }
};

// Heads that people give a printed graph: its forward, called or awaited as they need it.
constexpr std::string_view kForwardHead = "def forward(", kAsyncHead = "async def forward(",
                           kCallHead = "def __call__(";

// Whether the last line of a text, its indent apart, stands behind the line of a module's class.
bool behind_module(std::string_view text) {
    const size_t end = text.find_last_not_of(" \t\r\n");
    return end != npos && text.substr(0, end + 1).ends_with("Module):");
}

bool has_lone_return(std::string_view text) {
    for (size_t at = text.find('\r'); at != npos; at = text.find('\r', at + 1))
        if (at + 1 < text.size() && text[at + 1] != '\n' && !(text[at + 1] == '\r'))
            return true;
    return false;
}

Needs needs_of(std::string_view text) {
    Needs needs;
    needs.escapes = text.find('\x1b') != npos;
    needs.returns = has_lone_return(text);
    static constexpr std::array<std::string_view, 6> kWords{
        "<pre", "<br", "Module):\\n", "graph():\\n", kAsyncHead, kCallHead};
    const uint32_t words = words_in(text, kWords);
    static constexpr std::array<std::string_view, 7> kSigns{
        "\xC2\xA0", "\xE2\x80", "\xE3\x80\x80", "\xEF\xBB\xBF", "\xE2\x88\x92", "\xE2\x81\xA0", "\xC2\xAB"};
    needs.signs = has_high_byte(text) && words_in(text, kSigns, true) != 0;
    static constexpr std::array<std::string_view, 7> kEntities{
        "&quot;", "&lt;eval", "&gt;", "&#39;", "&#x27;", "&nbsp;", "&#34;"};
    needs.markup = (words & 3U) != 0 || (text.find('&') != npos && words_in(text, kEntities, true) != 0);
    // A graph's head, and the line end behind it written out.
    needs.literal = (words & 12U) != 0;
    needs.heads = (words & 48U) != 0;
    // Quotes within quotes, as tables of commas and databases write them: `x: ""f32[4]""`.
    for (size_t at = find_words(text, ": \"\""); at != npos && !needs.doubled;
         at = find_words(text, ": \"\"", at + 1)) {
        const std::string_view type = text.substr(at + 4, 16); // "bf16["
        const size_t bracket = type.find('[');
        needs.doubled = bracket != npos && is_identifier(type.substr(0, bracket));
    }
    return needs;
}

// Whether a line holds a text whose line ends are written out.
bool holds_literal(std::string_view line) {
    return line.find("Module):\\n") != npos || line.find("graph():\\n") != npos;
}

// Appends a string literal's content; `\\\\n` of a literal within a literal counts as well.
void unescape(std::string_view line, size_t offset, Draft& out) {
    for (size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\\' || i + 1 >= line.size()) {
            out.text += line[i];
            continue;
        }
        size_t at = i + 1;
        while (at < line.size() && line[at] == '\\')
            ++at;
        const char c = at < line.size() ? line[at] : '\\';
        i = std::min(at, line.size() - 1);
        if (c == 'n') {
            out.text += '\n';
            out.begin(offset);
        } else if (c == 't') {
            out.text += '\t';
        } else if (c == 'r') {
            continue;
        } else if (c == '\'' || c == '"') {
            out.text += c;
        } else {
            out.text += '\\';
            out.text += c;
        }
    }
}

// Whether a text that grows ends inside a string of its last line. Looks at each byte once.
class OpenString {
public:
    bool ends_in(std::string_view text) {
        for (; seen_ < text.size(); ++seen_) {
            const char c = text[seen_];
            if (c == '\n') {
                quote_ = '\0';
                comment_ = escaped_ = false;
            } else if (escaped_) {
                escaped_ = false;
            } else if (quote_) {
                escaped_ = c == '\\';
                quote_ = c == quote_ ? '\0' : quote_;
            } else if (!comment_) {
                comment_ = c == '#';
                quote_ = c == '\'' || c == '"' ? c : '\0';
            }
        }
        return quote_ != '\0';
    }

private:
    size_t seen_ = 0;
    char quote_ = '\0';
    bool comment_ = false, escaped_ = false;
};

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void clean(std::string_view text, size_t from, const Needs& needs, Draft& out) {
    out.begin(from);
    OpenString string;
    for (size_t at = from; at < text.size();) {
        const char c = text[at];
        if (needs.literal && (at == 0 || text[at - 1] == '\n')) {
            const size_t end = std::min(text.find('\n', at), text.size());
            if (holds_literal(text.substr(at, end - at))) {
                unescape(text.substr(at, end - at), at, out);
                at = end;
                continue;
            }
        }
        size_t length = 0;
        std::string_view means;
        if (needs.heads && c == 'a' && text.substr(at, kAsyncHead.size()) == kAsyncHead) {
            at += kAsyncHead.size() - kForwardHead.size();
            continue;
        }
        if (needs.heads && c == 'd' && text.substr(at, kCallHead.size()) == kCallHead
            && behind_module(out.text)) {
            out.text += kForwardHead;
            at += kCallHead.size();
            continue;
        }
        if (c == '\n') {
            ++out.line;
            out.text += c;
            out.begin(++at);
        } else if (c == '\x1b') {
            at = after_escape(text, at);
        } else if (c == '\r') {
            // Before a line end it belongs to it; alone it starts a line over, as progress bars do.
            ++at;
            if (at < text.size() && text[at] != '\n' && text[at] != '\r' && needs.returns) {
                out.text += '\n';
                out.begin(at);
            }
        } else if (needs.doubled && c == '"' && text.substr(at, 2) == "\"\"") {
            out.text += c;
            at += 2;
        } else if (needs.markup && (c == '&' || c == '<')) {
            const Markup markup = markup_at(text, at);
            if (!markup.length) {
                out.text += c;
                ++at;
                continue;
            }
            at += markup.length;
            out.text += markup.means;
            if (markup.means == "\n")
                out.begin(at);
        } else if (static_cast<uint8_t>(c) >= 0xC2 && needs.signs && typographic(text, at, length, means)) {
            // Where texts were joined a byte order mark is none of them; in a string it is what a program
            // wrote.
            const std::string_view sign = text.substr(at, length);
            out.text += sign == kByteOrderMark && string.ends_in(out.text) ? sign : means;
            at += length;
            if (means == "\n")
                out.begin(at);
        } else {
            out.text += c;
            ++at;
        }
    }
}

// How a line begins, whatever the numbers in it are.
using LineHead = std::array<char, 8>;
LineHead head_of(std::string_view line) {
    LineHead head{};
    for (size_t i = 0; i < std::min(head.size(), line.size()); ++i)
        head.at(i) = is_digit(line[i]) ? '0' : line[i];
    return head;
}

// How the lines of a log begin: most of them. Nothing where that is with an indent, or marks before one, and
// where PyTorch's own prefix tells: behind it lines are broken at the same place.
LineHead common_head(std::string_view text) {
    constexpr size_t kShare = 20; // one line in so many
    std::map<LineHead, size_t> count;
    size_t all = 0, glog = 0;
    Lines lines(text, false);
    while (lines.next()) {
        ++all;
        glog += begins_with_glog(lines.line());
        if (lines.line().size() >= LineHead{}.size())
            ++count[head_of(lines.line())];
    }
    if (glog * kShare >= all)
        return {};
    const auto most = std::max_element(
        count.begin(), count.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const bool indent = most == count.end() || most->first[0] == ' '
        || std::adjacent_find(
               most->first.begin(), most->first.end(), [](char a, char b) { return a == ' ' && b == ' '; })
            != most->first.end();
    return indent ? LineHead{} : most->first;
}

bool begins_message(std::string_view line, const LineHead& head) {
    size_t end = 0;
    return (head[0] != 0 && head_of(line) == head) || begins_with_glog(line) || find_glog(line, end) != npos;
}

// How a terminal or a mail program broke a log's lines.
struct Wrap {
    size_t width = 0; // all lines are that long at most; 0 = they are whole
    LineHead head{};
    bool words = false; // broken between words, not in the last column
    bool blanks = false; // and the blank stayed at the line's end
};

size_t first_word(std::string_view line) {
    return std::min(line.find(' ', std::min(line.find_first_not_of(' '), line.size())), line.size());
}

// Broken between words: what stands at the beginning of the next line has no room in this one, with the blank
// before it or, where blanks stay, behind it. Nor has an indent that was dropped behind a prefix.
bool no_room(std::string_view line, std::string_view next, size_t width) {
    constexpr size_t kIndent = 12;
    const size_t blanks = line.ends_with(']') && begins_with_glog(line) ? kIndent : 1;
    return !line.empty() && !next.empty() && line.size() + blanks + first_word(next) > width;
}

// What follows a broken line lacks the prefix of the others; of lines without it, most have to be such.
Wrap wrap_of(std::string_view text) {
    constexpr size_t kNarrowest = 60, kWidest = 400; // columns of a terminal
    constexpr size_t kFewest = 3, kFewestOfWords = 8; // lines that were broken
    Wrap wrap;
    size_t longest = 0;
    Lines sizes(text, false);
    while (sizes.next()) {
        longest = std::max(longest, sizes.line().size());
        if (longest > kWidest)
            return wrap;
    }
    if (longest < kNarrowest)
        return wrap;
    wrap.head = common_head(text);
    size_t full = 0, broken = 0, of_words = 0, blanks = 0, others = 0;
    std::string_view before;
    bool any_prefix = false;
    Lines lines(text, false);
    while (lines.next()) {
        const std::string_view line = lines.line();
        const bool prefixed = begins_message(line, wrap.head);
        any_prefix = any_prefix || prefixed;
        if (!prefixed) {
            broken += before.size() == longest;
            const bool fits = !no_room(before, line, longest);
            of_words += !fits;
            blanks += !fits && before.ends_with(' ');
            others += fits;
        }
        full += line.size() == longest;
        before = line;
    }
    if (!any_prefix)
        return wrap;
    if (broken >= kFewest && broken * 5 >= full * 4 && broken * 2 >= of_words) {
        wrap.width = longest;
    } else if (of_words >= kFewestOfWords && of_words >= others * 4) {
        wrap.width = longest;
        wrap.words = true;
        wrap.blanks = blanks * 2 >= of_words;
    }
    return wrap;
}

// Whether a blank went where the line was broken: not behind the hyphen of a word ("site-" "packages"), and
// not within a word that is longer than a line.
bool lost_blank(std::string_view line, std::string_view next, const Wrap& wrap) {
    if (!wrap.words || wrap.blanks || line.ends_with(' '))
        return false;
    if (line.size() > 1 && line.ends_with('-') && is_identifier_char(line[line.size() - 2]))
        return false;
    const size_t last_word = line.size() - (line.rfind(' ') == npos ? 0 : line.rfind(' ') + 1);
    return line.size() < wrap.width || last_word + first_word(next) <= wrap.width;
}

// Returns how many lines went on, and where the first did.
std::pair<size_t, Place> join_broken(std::string_view text, const Wrap& wrap, Draft& out) {
    Lines lines(text, false);
    size_t joined = 0;
    Place first;
    std::string_view before;
    while (lines.next()) {
        const std::string_view line = lines.line();
        const bool was_broken = wrap.words ? no_room(before, line, wrap.width) : before.size() == wrap.width;
        const bool goes_on = was_broken && !begins_message(line, wrap.head);
        if (!goes_on && !out.places.empty())
            out.text += '\n';
        if (!goes_on) {
            out.line = lines.number();
            out.begin(lines.offset());
        } else {
            if (joined++ == 0)
                first = {lines.number(), lines.offset()};
            if (lost_blank(before, line, wrap))
                out.text += ' ';
        }
        out.text += line;
        before = line;
    }
    return {joined, first};
}

PlainText finished(const std::shared_ptr<Draft>& draft) {
    PlainText plain;
    plain.text = draft->text;
    plain.storage = draft;
    plain.places = std::shared_ptr<const Places>(draft, &draft->places);
    return plain;
}

// A second change: places go through those of the first.
void follow(Places& places, const PlainText& before) {
    if (!before.places)
        return;
    for (Place& place : places) {
        const size_t line = place.line ? place.line - 1 : 0;
        place = line < before.places->size() ? (*before.places)[line] : Place{};
    }
}

} // namespace

PlainText decode(const FileBytes& bytes) {
    PlainText plain;
    plain.text = bytes.bytes;
    plain.storage = bytes.owner;
    size_t mark = 0;
    const Encoding encoding = encoding_of(bytes.bytes, mark);
    if (encoding != Encoding::Utf8) {
        const auto draft = std::make_shared<Draft>();
        from_utf16(bytes.bytes, mark, encoding == Encoding::Utf16Big, *draft);
        plain = finished(draft);
        mark = 0;
    }
    {
        const auto draft = std::make_shared<Draft>();
        if (undo_transfer(plain.text.substr(mark), draft->text, draft->places)) {
            follow(draft->places, plain);
            plain = finished(draft);
            mark = 0;
        }
    }
    if (auto inner = text_inside_json(plain.text.substr(mark))) {
        const auto draft = std::make_shared<Draft>();
        draft->text = std::move(inner->text);
        draft->places = std::move(inner->places);
        follow(draft->places, plain);
        plain = finished(draft);
        mark = 0;
    }
    if (is_html_page(plain.text.substr(mark))) {
        const auto draft = std::make_shared<Draft>();
        text_of_page(plain.text.substr(mark), draft->text, draft->places);
        follow(draft->places, plain);
        plain = finished(draft);
        mark = 0;
    }
    const Needs needs = needs_of(plain.text);
    if (needs.any() || mark) {
        const auto draft = std::make_shared<Draft>();
        draft->text.reserve(plain.text.size());
        clean(plain.text, mark, needs, *draft);
        follow(draft->places, plain);
        plain = finished(draft);
    }
    if (const Wrap wrap = wrap_of(plain.text); wrap.width > 0) {
        const auto draft = std::make_shared<Draft>();
        const auto [joined, first] = join_broken(plain.text, wrap, *draft);
        Places at{first};
        follow(at, plain);
        follow(draft->places, plain);
        plain = finished(draft);
        plain.joined = joined;
        plain.columns = wrap.width;
        plain.first_joined = at.front();
    }
    return plain;
}

} // namespace hopscope::read
