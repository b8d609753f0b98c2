#include "core/read/html.h"

#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kLongestTag = 1 << 16; // bytes; pictures stand in attributes
constexpr size_t kLongestName = 40;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool starts_lower(std::string_view text, std::string_view words) {
    return text.size() >= words.size()
        && std::equal(words.begin(), words.end(), text.begin(), [](char w, char t) { return w == lower(t); });
}

// Elements that begin and end a line.
constexpr std::array<std::string_view, 31> kBlocks{"p", "div", "tr", "li", "ul", "ol", "h1", "h2", "h3", "h4",
    "h5", "h6", "pre", "table", "blockquote", "section", "article", "textarea", "dd", "dt", "dl", "hr",
    "title", "header", "footer", "nav", "main", "aside", "form", "figure", "details"};
// Others. `<lambda>` and `<eval_with_key>` are none: only known names are tags.
constexpr std::array<std::string_view, 62> kInline{"a", "abbr", "b", "bdi", "bdo", "body", "br", "button",
    "canvas", "caption", "cite", "code", "col", "colgroup", "data", "del", "dfn", "em", "fieldset",
    "figcaption", "font", "g", "head", "html", "i", "iframe", "img", "input", "ins", "kbd", "label", "legend",
    "link", "mark", "meta", "noscript", "o:p", "option", "path", "picture", "q", "rect", "s", "samp",
    "script", "select", "small", "source", "span", "strong", "style", "sub", "summary", "sup", "svg", "tbody",
    "td", "template", "th", "thead", "tt", "u"};

template <size_t N> bool among(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

struct Tag {
    std::string name; // lower case
    size_t end = 0; // behind its '>'; 0 = there is no tag
    bool closes = false;
};

// Bytes that may be looked at in vain per page: one full of tags and comments that never close is not read a
// hundred times over.
using Budget = size_t;
constexpr Budget kBudget = size_t{64} << 20;

Tag tag_at(std::string_view text, size_t at, Budget& budget) {
    Tag tag;
    size_t i = at + 1;
    tag.closes = i < text.size() && text[i] == '/';
    i += tag.closes ? 1 : 0;
    while (i < text.size() && tag.name.size() < kLongestName
        && (is_identifier_char(text[i]) || text[i] == '-' || text[i] == ':'))
        tag.name += lower(text[i++]);
    if (tag.name.empty() || i >= text.size() || std::string_view(" \t\r\n/>").find(text[i]) == npos)
        return {};
    // Pages define elements of their own; all have a hyphen in their names.
    const bool own = tag.name.find('-') != npos && tag.name != "built-in";
    if (!own && !among(kBlocks, tag.name) && !among(kInline, tag.name))
        return {};
    char quote = 0;
    for (; i < std::min(text.size(), at + kLongestTag); ++i) {
        const char c = text[i];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '<' || budget == 0)
            return {};
        else if (c == '"' || c == '\'')
            quote = text[i - 1] == '=' ? c : '\0';
        else if (c == '>') {
            tag.end = i + 1;
            return tag;
        }
    }
    budget -= std::min(budget, i - at);
    return {};
}

// What is no text: comments, declarations, scripts, styles. The end of what begins at `at`, or `at`.
size_t after_hidden(std::string_view text, size_t at, Budget& budget) {
    if (text.substr(at, 4) == "<!--") {
        const size_t end = budget == 0 ? npos : text.find("-->", at + 4);
        if (end == npos)
            budget -= std::min(budget, text.size() - at);
        return end == npos ? at + 4 : end + 3;
    }
    if (starts_lower(text.substr(at), "<!doctype") || text.substr(at, 9) == "<![CDATA["
        || text.substr(at, 5) == "<?xml") {
        const size_t end = text.substr(at, kLongestTag).find('>');
        if (end == npos)
            budget -= std::min(budget, kLongestTag);
        return end == npos || budget == 0 ? at : at + end + 1;
    }
    for (const std::string_view name : {"script", "style"}) {
        const Tag tag = starts_lower(text.substr(at + 1), name) ? tag_at(text, at, budget) : Tag{};
        if (!tag.end || tag.name != name)
            continue;
        for (size_t end = text.find("</", tag.end); end != npos; end = text.find("</", end + 2))
            if (starts_lower(text.substr(end + 2), name)) {
                const size_t close = text.find('>', end);
                return close == npos ? text.size() : close + 1;
            }
        return text.size();
    }
    return at;
}

} // namespace

void append_utf8(std::string& out, uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (c >> 18));
        out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

Entity entity_at(std::string_view text, size_t at) {
    struct Named {
        std::string_view name, means;
    };
    static constexpr std::array kNamed{Named{"quot", "\""}, Named{"apos", "'"}, Named{"lt", "<"},
        Named{"gt", ">"}, Named{"amp", "&"}, Named{"nbsp", " "}, Named{"ldquo", "\""}, Named{"rdquo", "\""},
        Named{"lsquo", "'"}, Named{"rsquo", "'"}, Named{"minus", "-"}, Named{"ensp", " "}, Named{"emsp", " "},
        Named{"thinsp", " "}, Named{"Tab", "\t"}, Named{"NewLine", "\n"}, Named{"lbrack", "["},
        Named{"rbrack", "]"}, Named{"lsqb", "["}, Named{"rsqb", "]"}, Named{"lpar", "("}, Named{"rpar", ")"},
        Named{"lcub", "{"}, Named{"rcub", "}"}, Named{"comma", ","}, Named{"colon", ":"}, Named{"semi", ";"},
        Named{"equals", "="}, Named{"percnt", "%"}, Named{"num", "#"}, Named{"ast", "*"}, Named{"sol", "/"},
        Named{"lowbar", "_"}, Named{"period", "."}, Named{"plus", "+"}, Named{"grave", "`"},
        Named{"excl", "!"}, Named{"commat", "@"}, Named{"zwj", ""}, Named{"zwnj", ""}, Named{"shy", ""}};
    constexpr size_t kLongest = 12;
    const size_t semicolon = text.substr(at, kLongest).find(';');
    if (text[at] != '&' || semicolon == npos || semicolon < 2)
        return {};
    const std::string_view name = text.substr(at + 1, semicolon - 1);
    Entity entity;
    entity.length = semicolon + 1;
    if (name[0] != '#') {
        const auto known =
            std::find_if(kNamed.begin(), kNamed.end(), [&](const Named& n) { return n.name == name; });
        entity.means = known == kNamed.end() ? "" : std::string(known->means);
        return known == kNamed.end() ? Entity{} : entity;
    }
    const bool hex = name.size() > 1 && lower(name[1]) == 'x';
    uint32_t code = 0;
    const std::string_view digits = name.substr(hex ? 2 : 1);
    for (const char c : digits) {
        const char l = lower(c);
        const int digit = is_digit(c) ? c - '0' : hex && l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
        if (digit < 0)
            return {};
        code = code * (hex ? 16 : 10) + static_cast<uint32_t>(digit);
    }
    const bool character = code >= 0x20 || code == '\t' || code == '\n';
    if (digits.empty() || !character || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return {};
    if (code == 0xA0)
        code = ' ';
    append_utf8(entity.means, code);
    return entity;
}

bool is_html_page(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == npos)
        return false;
    const std::string_view head = text.substr(first, 1024);
    if (starts_lower(head, "version:") && head.find("StartHTML:") != npos)
        return true;
    for (const std::string_view start :
        {"<!doctype html", "<html", "<head", "<meta", "<body", "<!\x2D-startfragment"})
        if (starts_lower(head, start))
            return true;
    if (starts_lower(head, "<?xml"))
        return head.find("<html") != npos;
    // A fragment: an element that holds all.
    Budget budget = kBudget;
    const Tag tag = head.front() == '<' ? tag_at(text, first, budget) : Tag{};
    return tag.end && !tag.closes && text.find("</", tag.end) != npos;
}

void text_of_page(std::string_view page, Draft& out) {
    size_t at = 0;
    Budget budget = kBudget;
    const auto end_line = [&](size_t offset) {
        out.text += '\n';
        out.begin(offset);
    };
    const auto skip_to = [&](size_t end) {
        out.line += static_cast<uint32_t>(std::count(
            page.begin() + static_cast<ptrdiff_t>(at), page.begin() + static_cast<ptrdiff_t>(end), '\n'));
        at = end;
    };
    if (const size_t first = page.find('<');
        !page.starts_with('<') && first != npos && page.substr(0, first).find("StartHTML:") != npos)
        skip_to(first);
    out.begin(at);
    while (at < page.size()) {
        const char c = page[at];
        if (c == '<') {
            if (const size_t end = after_hidden(page, at, budget); end > at) {
                skip_to(end);
                continue;
            }
            const Tag tag = tag_at(page, at, budget);
            if (tag.end) {
                skip_to(tag.end);
                const bool block = among(kBlocks, tag.name) && !out.text.empty() && out.text.back() != '\n';
                if (block || tag.name == "br")
                    end_line(at);
                continue;
            }
        } else if (c == '&') {
            if (const Entity entity = entity_at(page, at); entity.length) {
                at += entity.length;
                if (entity.means == "\n")
                    end_line(at);
                else
                    out.text += entity.means;
                continue;
            }
        } else if (c == '\n') {
            ++out.line;
            end_line(++at);
            continue;
        }
        out.text += c;
        ++at;
    }
}

} // namespace hopscope::read
