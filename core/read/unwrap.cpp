#include "core/read/unwrap.h"

#include "core/base/text.h"
#include "core/read/lines.h"
#include "core/read/prefix.h"

#include <algorithm>
#include <map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

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

} // namespace

// Of lines without a prefix, most have to be such as go on.
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

Joined join_broken(std::string_view text, const Wrap& wrap, Draft& out) {
    Lines lines(text, false);
    Joined joined;
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
            if (joined.lines++ == 0)
                joined.first = {lines.number(), lines.offset()};
            if (lost_blank(before, line, wrap))
                out.text += ' ';
        }
        out.text += line;
        before = line;
    }
    return joined;
}

} // namespace hopscope::read
