#include "core/read/prefix.h"

#include "core/base/find_words.h"
#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kLongestPrefix = 512; // bytes before a line's own text
constexpr size_t kStrong = 12; // characters that make a prefix worth looking for behind other text

bool digits(std::string_view text, size_t at, size_t n) {
    if (at + n > text.size())
        return false;
    for (size_t i = 0; i < n; ++i)
        if (!is_digit(text[at + i]))
            return false;
    return true;
}

// The end of a time or a date that starts at `at`, or `at`.
size_t after_time(std::string_view text, size_t at) {
    size_t end = at;
    if (digits(text, at, 2) && at + 2 < text.size() && text[at + 2] == ':' && digits(text, at + 3, 2)) {
        end = at + 5;
        if (end < text.size() && text[end] == ':' && digits(text, end + 1, 2))
            end += 3;
        if (end < text.size() && (text[end] == '.' || text[end] == ',') && digits(text, end + 1, 1))
            for (++end; end < text.size() && is_digit(text[end]);)
                ++end;
        return end;
    }
    for (const size_t first : {size_t{4}, size_t{2}}) {
        if (!digits(text, at, first) || at + first >= text.size())
            continue;
        const char mark = text[at + first];
        if ((mark == '-' || mark == '/' || mark == '.') && digits(text, at + first + 1, 2)
            && at + first + 3 < text.size() && text[at + first + 3] == mark
            && digits(text, at + first + 4, 2))
            return at + first + (first == 2 && digits(text, at + 6, 4) ? 8 : 6);
    }
    return at;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

// "0/0", "!1/0/0", "0/0_1": two numbers at least.
bool compile_id(std::string_view words, LogFacts& facts) {
    std::string_view id = words;
    int attempt = 0;
    if (const size_t underscore = id.rfind('_'); underscore != npos) {
        const char* end = id.data() + id.size();
        if (std::from_chars(id.data() + underscore + 1, end, attempt).ptr != end)
            return false;
        id = id.substr(0, underscore);
    }
    const std::string_view numbers = id.starts_with('!') ? id.substr(1) : id;
    const bool plain = !numbers.empty() && is_digit(numbers.front()) && is_digit(numbers.back())
        && std::all_of(numbers.begin(), numbers.end(), [](char c) { return is_digit(c) || c == '/'; });
    if (!plain || (!id.starts_with('!') && numbers.find('/') == npos))
        return false;
    facts.id = std::string(id);
    facts.attempt = attempt;
    return true;
}

} // namespace

bool is_code_artifact(std::string_view artifact) {
    static constexpr std::array kCode{
        "trace_source", "trace_call", "trace_bytecode", "bytecode", "output_code", "kernel_code", "guards"};
    return std::find(kCode.begin(), kCode.end(), artifact) != kCode.end();
}

LogFacts facts_of(std::string_view prefix) {
    LogFacts facts;
    for (size_t open = prefix.find('['); open != npos; open = prefix.find('[', open + 1)) {
        const size_t close = prefix.find(']', open);
        if (close == npos)
            break;
        const std::string_view words = prefix.substr(open + 1, close - open - 1);
        int rank = 0;
        if (words.starts_with("rank")
            && std::from_chars(words.data() + 4, words.data() + words.size(), rank).ec == std::errc{})
            facts.rank = rank;
        else if (words.starts_with("__"))
            facts.artifact = std::string(words.substr(2));
        else
            compile_id(words, facts);
    }
    // 2023: torch._functorch.aot_autograd.__aot_graphs: [INFO]
    if (const size_t at = prefix.find(".__"); at != npos && facts.artifact.empty()) {
        size_t end = at + 3;
        while (end < prefix.size() && is_identifier_char(prefix[end]))
            ++end;
        facts.artifact = std::string(prefix.substr(at + 3, end - at - 3));
    }
    return facts;
}

namespace {
// "V1123 16:05:59.": level, month and day, and the time as far as its second colon.
bool is_glog_stamp(std::string_view text) {
    return text.size() > 8 && std::string_view("VIWEC").find(text[0]) != npos && digits(text, 1, 4)
        && text[5] == ' ' && digits(text, 6, 2) && text[8] == ':' && digits(text, 9, 2);
}
} // namespace

bool begins_with_glog(std::string_view line) {
    return is_glog_stamp(line);
}

size_t find_glog(std::string_view line, size_t& end) {
    const std::string_view head = line.substr(0, kLongestPrefix);
    for (size_t colon = head.find(':'); colon != npos; colon = head.find(':', colon + 1)) {
        // "V1123 16:05:59.722000 5629 ": the first colon is eight characters in.
        if (colon < 8)
            continue;
        const size_t at = colon - 8;
        if (!is_glog_stamp(head.substr(at)))
            continue;
        // The path may hold anything but ends in a line number.
        for (size_t close = line.find(']', colon); close != npos && close < at + kLongestPrefix;
             close = line.find(']', close + 1)) {
            size_t number = close;
            while (is_digit(line[number - 1]))
                --number;
            if (number == close || line[number - 1] != ':')
                continue;
            end = std::min(close + 2, line.size());
            return at;
        }
        return npos;
    }
    return npos;
}

std::vector<LinePrefix::Piece> LinePrefix::split(std::string_view prefix) {
    std::vector<Piece> pieces;
    for (size_t at = 0; at < prefix.size();) {
        size_t end = at;
        if (is_blank(prefix[at])) {
            while (end < prefix.size() && is_blank(prefix[end]))
                ++end;
            pieces.push_back({Piece::Kind::Blanks, {}, at == 0});
        } else if (is_digit(prefix[at])) {
            while (end < prefix.size() && is_digit(prefix[end]))
                ++end;
            pieces.push_back({Piece::Kind::Digits, std::string(prefix.substr(at, end - at))});
        } else {
            while (end < prefix.size() && !is_blank(prefix[end]) && !is_digit(prefix[end]))
                ++end;
            pieces.push_back({Piece::Kind::Text, std::string(prefix.substr(at, end - at))});
        }
        at = end;
    }
    return pieces;
}

bool LinePrefix::match(const std::vector<Piece>& pieces, std::string_view line, size_t& at,
    std::vector<std::string_view>* numbers) {
    size_t i = at;
    for (size_t p = 0; p < pieces.size(); ++p) {
        const Piece& piece = pieces[p];
        if (piece.kind == Piece::Kind::Text) {
            // An empty line may lack the blank between its prefix and nothing.
            if (line.substr(i, piece.text.size()) != piece.text)
                return false;
            i += piece.text.size();
            continue;
        }
        const size_t from = i;
        while (i < line.size() && (piece.kind == Piece::Kind::Digits ? is_digit(line[i]) : is_blank(line[i])))
            ++i;
        if (i == from && !(piece.kind == Piece::Kind::Blanks && piece.from_first))
            return false;
        if (piece.kind == Piece::Kind::Digits && numbers)
            numbers->push_back(line.substr(from, i - from));
    }
    at = i;
    return true;
}

size_t LinePrefix::matching(
    const std::vector<Piece>& pieces, const std::vector<std::string_view>& lines) const {
    size_t n = 0;
    for (const std::string_view line : lines) {
        size_t at = 0;
        n += match(pieces, line, at, nullptr);
    }
    return n;
}

// Which numbers of the prefix count lines or time, and which name a process: those stay as they are.
void LinePrefix::settle(const std::vector<std::string_view>& behind) {
    std::vector<std::set<std::string_view>> values;
    size_t samples = 1;
    for (const std::string_view line : behind) {
        size_t at = 0;
        std::vector<std::string_view> numbers;
        if (!match(pieces_, line, at, &numbers))
            continue;
        ++samples;
        values.resize(numbers.size());
        for (size_t i = 0; i < numbers.size(); ++i)
            values[i].insert(numbers[i]);
    }
    // Times and dates, by their form.
    std::vector<bool> is_time;
    for (size_t at = 0; at < text_.size();) {
        if (!is_digit(text_[at])) {
            ++at;
            continue;
        }
        const size_t time = after_time(text_, at);
        size_t end = std::max(time, at + 1);
        while (time == at && end < text_.size() && is_digit(text_[end]))
            ++end;
        for (bool in_number = false; at < end; ++at) {
            if (is_digit(text_[at]) && !in_number)
                is_time.push_back(time > at || time == end);
            in_number = is_digit(text_[at]);
        }
    }
    std::vector<bool> varies;
    varies.reserve(values.size());
    for (const auto& seen : values)
        varies.push_back(samples > 2 && 2 * seen.size() > samples);
    size_t number = 0;
    for (size_t p = 0; p < pieces_.size(); ++p) {
        Piece& piece = pieces_[p];
        if (piece.kind != Piece::Kind::Digits)
            continue;
        // Seconds since a start, "[   12.345678]": what stands before the point grows with what stands behind
        // it.
        const bool decimal = p + 2 < pieces_.size() && pieces_[p + 1].text == "."
            && pieces_[p + 1].kind == Piece::Kind::Text && pieces_[p + 2].kind == Piece::Kind::Digits;
        const bool counts = (number < is_time.size() && is_time[number])
            || (number < varies.size() && varies[number])
            || (decimal && number + 1 < varies.size() && varies[number + 1]);
        if (!counts)
            piece.kind = Piece::Kind::Text;
        ++number;
    }
}

void LinePrefix::learn(std::string_view line, size_t code, const std::vector<std::string_view>& behind) {
    *this = {};
    size_t end = code;
    while (end > 0 && is_blank(line[end - 1]))
        --end;
    if (end == 0 || end > kLongestPrefix)
        return;
    std::vector<std::string_view> told;
    for (const std::string_view other : behind)
        if (!trimmed(other).empty())
            told.push_back(other);
    // The head may bear a second stamp that the others lack: the longest end of its prefix that the lines
    // behind it share is theirs.
    size_t from = 0;
    size_t most = 0;
    for (size_t at = 0; at < end; ++at) {
        if (at > 0 && !(is_blank(line[at - 1]) && !is_blank(line[at]))
            && !(line[at - 1] == ':' && line[at] != ' '))
            continue;
        const size_t n = matching(split(line.substr(at, end - at)), told);
        if (n > most) {
            most = n;
            from = at;
        }
        if (2 * n >= told.size() && n > 0)
            break;
    }
    if (most == 0 && !told.empty())
        return;
    text_ = std::string(line.substr(from, end - from));
    pieces_ = split(text_);
    settle(told);
    size_t letters = 0;
    for (const Piece& piece : pieces_)
        letters += piece.kind == Piece::Kind::Text ? piece.text.size() : 0;
    strong_ = letters >= kStrong;
    // A frame: what opens the lines closes them.
    // The mark stands last in the prefix, or first where others stand behind it.
    const auto is_mark = [](const Piece& piece) {
        return piece.kind == Piece::Kind::Text && !piece.text.empty()
            && !is_identifier_char(piece.text.back())
            && std::string_view(">#)]}:;,.\"'([{<").find(piece.text.back()) == npos;
    };
    const auto opening = std::find_if(
        pieces_.begin(), pieces_.end(), [](const Piece& piece) { return piece.kind != Piece::Kind::Blanks; });
    const Piece& mark = opening != pieces_.end() && is_mark(*opening) ? *opening : pieces_.back();
    if (is_mark(mark)) {
        const std::string& first = mark.text;
        const auto closed = [&](std::string_view other) { return trimmed(other).ends_with(first); };
        const auto n = static_cast<size_t>(std::count_if(told.begin(), told.end(), closed));
        if (n > 1 && 2 * n > told.size())
            border_ = first;
    }
    join_texts();
}

// Words that stood apart while numbers between them could vary are compared at once.
void LinePrefix::join_texts() {
    std::vector<Piece> joined;
    for (Piece& piece : pieces_) {
        if (piece.kind == Piece::Kind::Text && !joined.empty() && joined.back().kind == Piece::Kind::Text)
            joined.back().text += piece.text;
        else
            joined.push_back(std::move(piece));
    }
    pieces_ = std::move(joined);
}

bool LinePrefix::strip(std::string_view& line) const {
    if (pieces_.empty())
        return true;
    size_t at = 0;
    if (!last_.empty() && line.starts_with(last_)
        && (line.size() == last_.size() || !is_digit(line[last_.size()]))) {
        at = last_.size();
    } else {
        bool found = match(pieces_, line, at, nullptr);
        // Another program's stamp may stand before some lines only.
        if (!found && strong_) {
            const Piece& first = pieces_.front();
            const bool words = first.kind == Piece::Kind::Text;
            const std::string_view head =
                line.substr(0, kLongestPrefix + (words ? first.text.size() - 1 : 0));
            const auto next = [&](size_t from) { return words ? find_words(head, first.text, from) : from; };
            for (size_t i = next(1); i < head.size() && !found; i = next(i + 1)) {
                at = i;
                found = match(pieces_, line, at, nullptr);
            }
        }
        if (!found) {
            // A blank line loses the blanks at its end, and with them what a prefix may end in.
            return false;
        }
        last_ = std::string(line.substr(0, at));
    }
    line.remove_prefix(at);
    if (!border_.empty()) {
        std::string_view whole = line;
        while (!whole.empty() && is_blank(whole.back()))
            whole.remove_suffix(1);
        if (whole.ends_with(border_))
            line = whole.substr(0, whole.size() - border_.size());
    }
    return true;
}

} // namespace hopscope::read
