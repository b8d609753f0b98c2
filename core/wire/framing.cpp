#include "core/wire/framing.h"

#include <algorithm>
#include <charconv>

namespace hopscope::wire {

namespace {

constexpr std::string_view kField = "Content-Length:";
constexpr size_t kLongestHeader = 4096;

// The length that a header block gives; false where it gives none that can be used.
bool read_length(std::string_view header, size_t& length) {
    header.remove_prefix(kField.size());
    while (!header.empty() && header.front() == ' ')
        header.remove_prefix(1);
    const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), length);
    const std::string_view rest(end, static_cast<size_t>(header.data() + header.size() - end));
    return error == std::errc() && (rest.empty() || rest.starts_with("\r\n")) && length <= kLongestMessage;
}

} // namespace

std::string framed(std::string_view message) {
    std::string out = std::string(kField) + ' ' + std::to_string(message.size()) + "\r\n\r\n";
    return out.append(message);
}

FrameReader::Outcome FrameReader::garbage(size_t bytes, std::string what, std::string& text) {
    buffer_.erase(0, bytes);
    text = std::move(what);
    return Outcome::Garbage;
}

FrameReader::Outcome FrameReader::next(std::string& text) {
    const size_t start = buffer_.find(kField);
    if (start != 0) {
        // Up to where a field could begin; at the very end it may be cut in the middle.
        const size_t keep = std::min(buffer_.size(), kField.size() - 1);
        const bool may_begin = buffer_.size() < kField.size() && kField.starts_with(buffer_);
        if (buffer_.empty() || may_begin)
            return Outcome::More;
        const size_t drop = start != std::string::npos ? start : buffer_.size() - keep;
        if (drop == 0)
            return garbage(1, "1 byte that is no message; expected 'Content-Length: N'", text);
        return garbage(
            drop, std::to_string(drop) + " bytes that are no message; expected 'Content-Length: N'", text);
    }
    const size_t header_end = buffer_.find("\r\n\r\n");
    if (header_end == std::string::npos) {
        if (buffer_.size() > kLongestHeader)
            return garbage(kField.size(), "a header of more than 4096 bytes", text);
        return Outcome::More;
    }
    size_t length = 0;
    if (header_end > kLongestHeader || !read_length(std::string_view(buffer_).substr(0, header_end), length))
        return garbage(kField.size(),
            "the header '" + buffer_.substr(0, std::min<size_t>(header_end, 60))
                + "'; expected a length of at most " + std::to_string(kLongestMessage),
            text);
    if (buffer_.size() - header_end - 4 < length)
        return Outcome::More;
    text = buffer_.substr(header_end + 4, length);
    buffer_.erase(0, header_end + 4 + length);
    return Outcome::Message;
}

} // namespace hopscope::wire
