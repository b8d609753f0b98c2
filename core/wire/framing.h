// Messages on a byte stream: "Content-Length: N", an empty line, N bytes (the framing of LSP and DAP).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hopscope::wire {

inline constexpr size_t kLongestMessage = size_t{256} << 20;

std::string framed(std::string_view message);

// Takes a stream apart. What is no message is passed over up to the next "Content-Length:".
class FrameReader {
public:
    enum class Outcome {
        More, // nothing whole is there yet
        Message, // `text` is a message
        Garbage, // `text` says what was found instead of one; the stream goes on behind it
    };

    void feed(std::string_view bytes) { buffer_.append(bytes); }
    Outcome next(std::string& text);

private:
    Outcome garbage(size_t bytes, std::string what, std::string& text);

    std::string buffer_;
};

} // namespace hopscope::wire
