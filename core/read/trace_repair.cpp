#include "core/read/trace_repair.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/lines.h"
#include "core/read/payloads.h"
#include "core/read/prefix.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr int kLookedAt = 20'000; // lines: the string table alone may come first
constexpr std::string_view kPayload = "\"has_payload\": \"";

// The text without its last newline, line by line, each with its newline. Calls `use` with the line and what
// ends it.
template <class Use> void each_line(std::string_view text, Use use) {
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        use(text.substr(at, end - at), text.substr(end, end < text.size() ? 1 : 0));
        at = end + 1;
    }
}

// What another program put before each line: "[rank0]: ", a time, a container's name, a line's number.
struct WordsBefore {
    size_t width = 0; // bytes before the first record; 0 = none
    bool constant = true; // as wide before all the others
    LinePrefix prefix; // by its form; empty where lines do not share one
    size_t blanks = 0; // between it and the line

    // False: they do not stand before this line.
    bool take_off(std::string_view& line) const {
        size_t behind = 0;
        if (constant && line.size() > width && (line[width] == '\t' || find_glog(line, behind) == width)) {
            line.remove_prefix(width);
            return true;
        }
        std::string_view rest = line;
        constexpr size_t kLonger = 16; // numbers grow
        if (prefix.empty() || !prefix.strip(rest) || line.size() - rest.size() > width + kLonger)
            return false;
        // Blanks at a line's end may be lost.
        for (size_t i = 0; i < blanks && !rest.empty() && (rest[0] == ' ' || rest[0] == '\t'); ++i)
            rest.remove_prefix(1);
        line = rest;
        return true;
    }
};

WordsBefore words_before(std::string_view bytes) {
    constexpr size_t kRecords = 50, kBehind = 40; // that tell
    WordsBefore words;
    std::string_view first;
    std::vector<std::string_view> others;
    size_t records = 0, as_wide = 0;
    Lines lines(bytes, false);
    for (int i = 0; i < kLookedAt && records < kRecords && lines.next(); ++i) {
        const std::string_view line = lines.line();
        // A launcher's words before records alone: payloads stand as they were written.
        if (records > 0 && line.starts_with('\t'))
            return {};
        if (others.size() < kBehind && records > 0)
            others.push_back(line);
        size_t end = 0;
        if (json_start(line) == npos)
            continue;
        const size_t at = find_glog(line, end);
        if (at == npos)
            continue;
        if (at == 0)
            return {};
        if (records++ == 0) {
            words.width = at;
            first = line;
        } else if (others.back().data() != line.data()) {
            others.push_back(line);
        }
        as_wide += at == words.width;
    }
    if (records == 0)
        return {};
    words.constant = as_wide * 10 >= records * 9;
    words.prefix.learn(first, words.width, others);
    words.blanks = words.width - (first.substr(0, words.width).find_last_not_of(" \t") + 1); // npos + 1 = 0
    return words;
}

RepairedTrace without(const FileBytes& bytes, const WordsBefore& words) {
    const auto text = std::make_shared<std::string>();
    text->reserve(bytes.bytes.size());
    std::string_view example;
    each_line(bytes.bytes, [&](std::string_view line, std::string_view end) {
        const std::string_view whole = line;
        if (words.take_off(line) && example.empty())
            example = whole.substr(0, whole.size() - line.size());
        (*text += line) += end;
    });
    return {{text, *text, {}},
        "before each line stand " + (words.constant ? counted(words.width, "byte") : std::string("words"))
            + " that are no part of the trace, such as '" + utf8(trimmed(example))
            + "': they are left out, and byte offsets count without them"};
}

bool is_record(std::string_view line) {
    return json_start(line) != npos;
}

bool has_payload(std::string_view line) {
    return line.find(kPayload) != npos;
}

// The blanks that stand for the tab before each line of a payload; none where the first payloads have tabs.
// A payload's first line stands at them alone ("{", "class GraphModule"); 0 = the tabs are gone.
std::optional<size_t> blanks_for_tab(std::string_view bytes) {
    constexpr size_t kFewest = 20; // payloads that decide
    Lines lines(bytes, false);
    std::optional<size_t> blanks;
    size_t seen = 0;
    bool first_line = false;
    for (int i = 0; i < kLookedAt && seen < kFewest && lines.next(); ++i) {
        const std::string_view line = lines.line();
        if (first_line && !is_record(line) && !trimmed(line).empty()) {
            if (line.starts_with('\t'))
                return std::nullopt;
            blanks = std::min(blanks.value_or(npos), indent_of(line));
            ++seen;
        }
        first_line = is_record(line) && has_payload(line);
    }
    return blanks;
}

// Whether payloads put together in this way have the sums that their records give: most of the first ones.
// Where all blanks at line ends are lost too, some may not.
bool sums_agree(std::string_view tabbed) {
    constexpr size_t kLooked = 20;
    size_t right = 0, wrong = 0;
    std::string sum;
    size_t from = 0, to = 0;
    const auto close = [&] {
        if (sum.empty() || to <= from)
            return;
        std::string_view payload = tabbed.substr(from, to - from);
        if (payload.ends_with('\n'))
            payload.remove_suffix(1);
        ++(payload_md5(payload) == sum || payload_md5(payload, true) == sum ? right : wrong);
    };
    Lines lines(tabbed, false);
    while (lines.next() && right + wrong < kLooked) {
        const std::string_view line = lines.line();
        if (is_record(line)) {
            close();
            const size_t at = line.find(kPayload);
            sum = at == npos ? "" : std::string(line.substr(at + kPayload.size(), 32));
            from = lines.end_offset();
            to = from;
        } else if (line.starts_with('\t')) {
            to = lines.end_offset();
        }
    }
    close();
    return right > wrong;
}

RepairedTrace with_tabs(const FileBytes& bytes, size_t blanks) {
    const auto text = std::make_shared<std::string>();
    text->reserve(bytes.bytes.size() + bytes.bytes.size() / 16);
    bool in_payload = false;
    each_line(bytes.bytes, [&](std::string_view line, std::string_view end) {
        if (is_record(line)) {
            in_payload = has_payload(line);
        } else if (in_payload) {
            const size_t indent = indent_of(line);
            const bool blank = trimmed(line).empty();
            if (indent >= blanks || blank) {
                *text += '\t';
                line.remove_prefix(std::min(blanks, line.size()));
            }
        }
        (*text += line) += end;
    });
    return {{text, *text, {}},
        blanks == 0 ? "the lines of payloads lack the tab that TORCH_TRACE puts before each, and were put to "
                      "their records by what stands between two of those: byte offsets count with the tabs"
                    : "instead of a tab " + counted(blanks, "blank") + (blanks == 1 ? " stands" : " stand")
                + " before each line of a payload, taken for one: byte offsets count with the tabs"};
}

} // namespace

// The path may hold anything, so the mark is the line number with its bracket. A dictionary that a program
// logs is none ("] {'x': 1}").
size_t json_start(std::string_view line) {
    for (size_t at = line.find("] {"); at != npos; at = line.find("] {", at + 1)) {
        size_t digits = at;
        while (digits > 0 && is_digit(line[digits - 1]))
            --digits;
        if (digits < at && digits > 0 && line[digits - 1] == ':')
            return line.substr(at + 3, 1) == "'" ? npos : at + 2;
    }
    return npos;
}

bool holds_trace_records(std::string_view text) {
    constexpr int kMost = 100; // places that speak of one
    size_t at = find_words(text, kPayload);
    for (int i = 0; i < kMost && at != npos; ++i, at = find_words(text, kPayload, at + 1)) {
        const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1; // npos + 1 = 0
        const std::string_view line = text.substr(begin, text.find('\n', at) - begin);
        size_t behind = 0;
        const size_t json = json_start(line);
        if (json != npos && line.substr(json).starts_with("{\"") && find_glog(line, behind) != npos)
            return true;
    }
    return false;
}

std::optional<RepairedTrace> repaired_trace(const FileBytes& bytes) {
    std::optional<RepairedTrace> repaired;
    if (const WordsBefore words = words_before(bytes.bytes); words.width > 0)
        repaired = without(bytes, words);
    const FileBytes& bare = repaired ? repaired->bytes : bytes;
    const auto blanks = blanks_for_tab(bare.bytes);
    if (!blanks)
        return repaired;
    RepairedTrace tabbed = with_tabs(bare, *blanks);
    // Without blanks nothing but the sums tells payloads from another program's output.
    if (*blanks == 0 && !sums_agree(tabbed.bytes.bytes))
        return repaired;
    if (repaired)
        tabbed.told = repaired->told + "; " + tabbed.told;
    return tabbed;
}

} // namespace hopscope::read
