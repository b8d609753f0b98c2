// Lines of a text, with the number and offset of each; a payload's leading tabs taken off.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace hopscope::read {

class Lines {
public:
    Lines(std::string_view text, bool tabbed)
        : text_(text)
        , tabbed_(tabbed) { }

    // Moves to the next line; false at the end.
    bool next() {
        if (at_ >= text_.size())
            return false;
        offset_ = at_;
        const char* from = text_.data() + at_;
        const void* end = std::memchr(from, '\n', text_.size() - at_);
        const size_t length =
            end ? static_cast<size_t>(static_cast<const char*>(end) - from) : text_.size() - at_;
        line_ = text_.substr(at_, length);
        at_ += length + (end ? 1 : 0);
        ++number_;
        if (tabbed_ && line_.starts_with('\t'))
            line_.remove_prefix(1);
        if (line_.ends_with('\r'))
            line_.remove_suffix(1);
        return true;
    }

    std::string_view line() const { return line_; }
    uint32_t number() const { return number_; } // from 1
    size_t offset() const { return offset_; } // of the line's first byte, its tab included
    size_t end_offset() const { return at_; } // of the line after it

private:
    std::string_view text_;
    std::string_view line_;
    size_t at_ = 0;
    size_t offset_ = 0;
    uint32_t number_ = 0;
    bool tabbed_ = false;
};

// Beyond so many in a row, lines of blanks say nothing, and are left out of what is made of a text: one of
// little else would take dozens of times its bytes.
inline constexpr uint32_t kMostBlankLines = 1000;
class BlankRun {
public:
    bool too_long(std::string_view line) {
        lines_ = line.find_first_not_of(" \t\r") == std::string_view::npos ? lines_ + 1 : 0;
        return lines_ > kMostBlankLines;
    }

private:
    uint32_t lines_ = 0;
};

// A payload's text as it was before it got its tabs.
inline std::string untabbed(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    Lines lines(text, true);
    for (bool first = true; lines.next(); first = false) {
        if (!first)
            out += '\n';
        out += lines.line();
    }
    return out;
}

inline size_t indent_of(std::string_view line) {
    const size_t at = line.find_first_not_of(' ');
    return at == std::string_view::npos ? line.size() : at;
}

} // namespace hopscope::read
