#include "core/read/clean.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/html.h"

#include <algorithm>
#include <array>
#include <optional>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

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
        Sign{"\xC2\xAB", "\""}, Sign{"\xC2\xBB", "\""}, Sign{"\xC2\xAD", ""}};
    for (const Sign& sign : kSigns)
        if (rest.starts_with(sign.written)) {
            length = sign.written.size();
            means = sign.means;
            return true;
        }
    return false;
}

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

// Where a graph begins in a line whose line ends are written out; npos if the line holds no such text.
size_t literal_head(std::string_view line) {
    size_t head = npos;
    if (const size_t at = line.find("Module):\\n"); at != npos)
        head = line.rfind("class ", at);
    if (const size_t at = line.find(kForwardHead); at < head && line.find("):\\n", at) != npos)
        head = at;
    head = std::min(head, line.find("graph():\\n"));
    if (const size_t at = line.find("kwargs\\n-"); at < head)
        head = std::min(head, line.rfind("opcode", at));
    return head;
}

// Behind the quote that opens such a text: what stands before it on the line is none of it.
size_t literal_start(std::string_view line, size_t head) {
    const size_t quote = head == 0 ? npos : line.find_last_of("'\"`", head - 1);
    return quote == npos ? 0 : quote + 1;
}

// One of the strings, a line each, that Python and C++ join, or that a list holds: `"    return x\n"`,
// `"    return x",`. Its content without the line end, or nothing. `ends`: it may lack the line end.
std::optional<std::string_view> piece_of(std::string_view line, bool ends) {
    std::string_view text = trimmed(line);
    while (!text.empty() && std::string_view("fFbBrRuUL([").find(text.front()) != npos)
        text.remove_prefix(1);
    while (!text.empty() && std::string_view(",;)]+\\ ").find(text.back()) != npos)
        text.remove_suffix(1);
    if (text.size() < 2 || (text.front() != '"' && text.front() != '\'') || text.back() != text.front()
        || (text.size() > 2 && text[1] == text.front()))
        return std::nullopt;
    std::string_view inner = text.substr(1, text.size() - 2);
    for (size_t i = 0; i < inner.size(); ++i) {
        if (inner[i] == '\\')
            ++i;
        else if (inner[i] == text.front())
            return std::nullopt; // two of them
    }
    if (inner.ends_with("\\n"))
        inner.remove_suffix(2);
    else if (!ends)
        return std::nullopt;
    return inner;
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

// Takes a text apart from its first byte to its last; each step below either takes what stands at `at_` or
// leaves it.
class Cleaner {
public:
    Cleaner(std::string_view text, const Needs& needs, Draft& out)
        : text_(text)
        , needs_(needs)
        , out_(out) { }

    void run(size_t from) {
        at_ = from;
        out_.begin(from);
        while (at_ < text_.size()) {
            if (!literal_line() && !head() && !line_end() && !escape() && !doubled_quote() && !markdown()
                && !markup() && !sign())
                out_.text += text_[at_++];
        }
    }

private:
    bool literal_line() {
        if ((!needs_.literal && !needs_.pieces) || (at_ > 0 && text_[at_ - 1] != '\n'))
            return false;
        const std::string_view line = text_.substr(at_, std::min(text_.find('\n', at_), text_.size()) - at_);
        const auto piece = needs_.pieces ? piece_of(line, in_pieces_ || needs_.list) : std::nullopt;
        in_pieces_ = piece.has_value();
        if (piece) {
            unescape(*piece, at_, out_);
            at_ += line.size();
            return true;
        }
        const size_t head = literal_head(line);
        if (head == npos)
            return false;
        const size_t start = literal_start(line, head);
        if (start > 0) {
            out_.text += line.substr(0, start);
            out_.text += '\n';
            out_.begin(at_);
        }
        unescape(line.substr(start), at_, out_);
        at_ += line.size();
        return true;
    }

    bool head() {
        if (!needs_.heads)
            return false;
        const std::string_view rest = text_.substr(at_);
        if (rest.starts_with(kAsyncHead)) {
            at_ += kAsyncHead.size() - kForwardHead.size();
            return true;
        }
        if (!rest.starts_with(kCallHead) || !behind_module(out_.text))
            return false;
        out_.text += kForwardHead;
        at_ += kCallHead.size();
        return true;
    }

    bool line_end() {
        if (text_[at_] == '\n') {
            ++out_.line;
            out_.text += '\n';
            out_.begin(++at_);
            return true;
        }
        if (text_[at_] != '\r')
            return false;
        // Before a line end it belongs to it; alone it starts a line over, as progress bars do.
        ++at_;
        if (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r' && needs_.returns)
            begin_line();
        return true;
    }

    bool escape() {
        if (text_[at_] != '\x1b')
            return false;
        at_ = after_escape(text_, at_);
        return true;
    }

    bool doubled_quote() {
        if (!needs_.doubled || text_.substr(at_, 2) != "\"\"")
            return false;
        out_.text += '"';
        at_ += 2;
        return true;
    }

    // `primals\\_1`: the backslash keeps Markdown from taking the sign for its own.
    bool markdown() {
        if (!needs_.markdown || text_[at_] != '\\' || at_ + 1 >= text_.size()
            || std::string_view("_*[]()<>#~|`").find(text_[at_ + 1]) == npos)
            return false;
        out_.text += text_[at_ + 1];
        at_ += 2;
        return true;
    }

    bool markup() {
        if (!needs_.markup || (text_[at_] != '&' && text_[at_] != '<'))
            return false;
        const Markup found = markup_at(text_, at_);
        if (!found.length)
            return false;
        at_ += found.length;
        if (found.means == "\n")
            begin_line();
        else
            out_.text += found.means;
        return true;
    }

    bool sign() {
        size_t length = 0;
        std::string_view means;
        if (!needs_.signs || static_cast<uint8_t>(text_[at_]) < 0xC2
            || !typographic(text_, at_, length, means))
            return false;
        // Where texts were joined a byte order mark is none of them; in a string it is what a program wrote.
        const std::string_view written = text_.substr(at_, length);
        const bool kept = written == kByteOrderMark && string_.ends_in(out_.text);
        at_ += length;
        if (means == "\n")
            begin_line();
        else
            out_.text += kept ? written : means;
        return true;
    }

    // One that the file does not have: the next byte stands at its beginning.
    void begin_line() {
        out_.text += '\n';
        out_.begin(at_);
    }

    std::string_view text_;
    const Needs& needs_;
    Draft& out_;
    OpenString string_;
    size_t at_ = 0;
    bool in_pieces_ = false; // the line before was a string of its own
};

} // namespace

Needs needs_of(std::string_view text) {
    Needs needs;
    needs.escapes = text.find('\x1b') != npos;
    needs.returns = has_lone_return(text);
    static constexpr std::array<std::string_view, 16> kWords{"<pre", "<br", "Module):\\n", "graph():\\n",
        kAsyncHead, kCallHead, "):\\n", "kwargs\\n-", "):\\n\"\n", "):\\n'\n", "kwargs\\n\"\n", "):\\n\",\n",
        "):\\n',\n", "):\",\n", "):',\n", "kwargs\",\n"};
    const uint32_t words = words_in(text, kWords);
    static constexpr std::array<std::string_view, 8> kSigns{"\xC2\xA0", "\xE2\x80", "\xE3\x80\x80",
        "\xEF\xBB\xBF", "\xE2\x88\x92", "\xE2\x81\xA0", "\xC2\xAB", "\xC2\xAD"};
    needs.signs = has_high_byte(text) && words_in(text, kSigns, true) != 0;
    static constexpr std::array<std::string_view, 8> kEntities{
        "&quot;", "&lt;eval", "&gt;", "&#39;", "&#x27;", "&nbsp;", "&#34;", "&#10;"};
    needs.markup = (words & 3U) != 0 || (text.find('&') != npos && words_in(text, kEntities, true) != 0);
    // A graph's head, and the line end behind it written out.
    needs.literal = (words & 0xCCU) != 0;
    needs.pieces = (words & 0xFF00U) != 0;
    needs.list = (words & 0xE000U) != 0;
    needs.heads = (words & 48U) != 0;
    // A signature with escaped names; nothing else writes them.
    if (const size_t at = find_words(text, kForwardHead); at != npos && !needs.literal)
        needs.markdown = text.substr(at, text.find('\n', at) - at).find("\\_") != npos;
    // Quotes within quotes, as tables of commas and databases write them: `x: ""f32[4]""`.
    for (size_t at = find_words(text, ": \"\""); at != npos && !needs.doubled;
         at = find_words(text, ": \"\"", at + 1)) {
        const std::string_view type = text.substr(at + 4, 16); // "bf16["
        const size_t bracket = type.find('[');
        needs.doubled = bracket != npos && is_identifier(type.substr(0, bracket));
    }
    return needs;
}

void clean(std::string_view text, size_t from, const Needs& needs, Draft& out) {
    Cleaner(text, needs, out).run(from);
}

} // namespace hopscope::read
