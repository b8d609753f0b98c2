#include "core/read/grep_output.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/lines.h"

#include <algorithm>
#include <charconv>
#include <memory>

namespace hopscope::read {

namespace {

constexpr std::string_view kBetween = "--"; // groups of lines

struct Marked {
    std::optional<uint64_t> number; // of the line
    char mark = '\0'; // ':' matches, '-' stands around a match
    size_t text = 0; // where the line's own text starts
};

bool is_mark(char c) {
    return c == ':' || c == '-';
}

// "12-", "name-", "name-12-" at the beginning of a line.
std::optional<Marked> marked(std::string_view line, std::string_view name) {
    if (!line.starts_with(name))
        return std::nullopt;
    Marked m;
    size_t at = name.size();
    if (!name.empty()) {
        if (at >= line.size() || !is_mark(line[at]))
            return std::nullopt;
        m.mark = line[at++];
    }
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), number);
    const auto behind = static_cast<size_t>(end - line.data());
    if (error == std::errc{} && behind < line.size() && is_mark(line[behind])
        && (m.mark == '\0' || line[behind] == m.mark)) {
        m.mark = line[behind];
        m.number = number;
        at = behind + 1;
    }
    if (m.mark == '\0')
        return std::nullopt;
    m.text = at;
    return m;
}

// The file's name that all lines begin with; none where some line bears no marks. `group`: only those before
// the next mark between groups.
std::optional<std::string_view> common_name(std::string_view text, bool group = false) {
    constexpr size_t kLooked = 200;
    std::vector<std::string_view> sample;
    Lines lines(text, false);
    while (sample.size() < kLooked && lines.next()) {
        if (group && lines.line() == kBetween)
            break;
        if (!lines.line().empty() && lines.line() != kBetween)
            sample.push_back(lines.line());
    }
    if (sample.size() < 2)
        return std::nullopt;
    std::string_view name = sample.front();
    for (const std::string_view line : sample) {
        size_t n = 0;
        while (n < name.size() && n < line.size() && name[n] == line[n])
            ++n;
        name = name.substr(0, n);
    }
    for (const std::string_view candidate : {std::string_view(), name}) {
        bool match = false, around = false, numbered = false;
        const bool all = std::all_of(sample.begin(), sample.end(), [&](std::string_view line) {
            const auto m = marked(line, candidate);
            match = match || (m && m->mark == ':');
            around = around || (m && m->mark == '-');
            numbered = numbered || (m && m->number);
            return m.has_value();
        });
        if (all && match && around && (numbered || !candidate.empty()))
            return candidate;
    }
    return std::nullopt;
}

} // namespace

std::optional<GrepOutput> grep_output(const PlainText& plain) {
    auto name = common_name(plain.text);
    if (!name) // of several files
        name = common_name(plain.text, true);
    if (!name)
        return std::nullopt;
    struct Bare {
        std::string text;
        Places places;
    };
    const auto bare = std::make_shared<Bare>();
    GrepOutput out;
    uint64_t last = 0; // line's number; 0 = not told
    bool was_between = false;
    Lines lines(plain.text, false);
    while (lines.next()) {
        const std::string_view line = lines.line();
        const Place place = plain.places && lines.number() <= plain.places->size()
            ? (*plain.places)[lines.number() - 1]
            : Place{lines.number(), lines.offset()};
        auto m = marked(line, *name);
        const bool between = line == kBetween;
        if (was_between && !m)
            if (const auto next = common_name(plain.text.substr(lines.offset()), true)) {
                name = next;
                m = marked(line, *name);
                if (last > 0) // else the mark before it told of it
                    out.gaps.push_back({place, 0});
                last = 0;
            }
        was_between = between;
        if (between && last == 0) // without numbers the marks alone tell of it
            out.gaps.push_back({place, 0});
        if (between)
            continue;
        if (m && m->number) {
            if (last > 0 && *m->number > last + 1)
                out.gaps.push_back({place, *m->number - last - 1});
            last = *m->number;
        }
        bare->places.push_back(place);
        bare->text += m ? line.substr(m->text) : line;
        bare->text += '\n';
    }
    out.plain = {bare->text, bare, std::shared_ptr<const Places>(bare, &bare->places)};
    return out;
}

Place lone_group_mark(const PlainText& plain) {
    Lines lines(plain.text, false);
    // Found in one search of the bytes; most texts have none.
    const size_t at = find_words(plain.text, "\n--\n");
    while (at != std::string_view::npos && lines.next())
        if (lines.offset() == at + 1)
            return plain.places && lines.number() <= plain.places->size()
                ? (*plain.places)[lines.number() - 1]
                : Place{lines.number(), lines.offset()};
    return {};
}

} // namespace hopscope::read
