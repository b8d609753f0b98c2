#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <array>

namespace hopscope::fuzz {

namespace {

constexpr size_t kLongest = 1 << 16;

// What readers look for, or what counts and sizes are apt to overflow.
constexpr std::array<std::string_view, 40> kWords{"class ", "(torch.nn.Module):\n", "    def forward(self, ",
    "return (", ")", "]", "[", "{", "}", "\"", "'", "\\", "\n", "\t", "\r", "\0", " = ", ";  ", ": \"f32[",
    "None", "self.", "torch.ops.", "graph():\n", "%", "#", "-1", "0", "4294967296", "9223372036854775807",
    "1e999", "s0", "[0/0] [__aot_graphs] ", "V1123 16:05:55.394000 5578 a.py:1] ", "\"has_payload\": \"",
    "opcode ", "\xEF\xBB\xBF", "\x1B[31m", "&lt;", "+", "> "};

} // namespace

Mutator::Mutator(std::vector<std::string> seeds, uint32_t seed)
    : seeds_(std::move(seeds))
    , random_(seed) {
    for (std::string& text : seeds_)
        text.resize(std::min(text.size(), kLongest));
}

std::pair<size_t, size_t> Mutator::piece_of(std::string_view text) {
    const size_t at = below(text.size());
    if (below(2)) {
        const size_t begin = text.rfind('\n', at) == std::string_view::npos ? 0 : text.rfind('\n', at) + 1;
        const size_t end = std::min(text.find('\n', at), text.size() - std::min<size_t>(text.size(), 1)) + 1;
        if (begin < end)
            return {begin, std::min(end, text.size())};
    }
    return {at, std::min(text.size(), at + 1 + below(64))};
}

void Mutator::change(std::string& text) {
    const auto [from, to] = piece_of(text);
    const size_t at = below(text.size() + 1);
    switch (below(9)) {
    case 0:
        if (!text.empty())
            text[below(text.size())] = static_cast<char>(random_());
        break;
    case 1:
        if (!text.empty()) {
            char& byte = text[below(text.size())];
            byte = static_cast<char>(byte ^ (1 << below(8)));
        }
        break;
    case 2:
        text.erase(from, to - from);
        break;
    case 3:
        text.insert(at, text.substr(from, to - from)); // again, somewhere else
        break;
    case 4: {
        const std::string moved = text.substr(from, to - from);
        text.erase(from, to - from);
        text.insert(std::min(at, text.size()), moved);
        break;
    }
    case 5:
        text.insert(at, kWords.at(below(kWords.size())));
        break;
    case 6: {
        const std::string& other = seeds_[below(seeds_.size())];
        const auto [begin, end] = piece_of(other);
        text.insert(at, other.substr(begin, end - begin));
        break;
    }
    case 7:
        text.resize(at); // cut off
        break;
    default: {
        const size_t digit = text.find_first_of("0123456789", from);
        if (digit != std::string::npos)
            text.replace(digit, 1, kWords.at(25 + below(6)));
        break;
    }
    }
    text.resize(std::min(text.size(), kLongest));
}

std::string Mutator::next() {
    std::string text = seeds_[below(seeds_.size())];
    for (size_t n = 1 + below(8); n > 0; --n)
        change(text);
    return text;
}

} // namespace hopscope::fuzz
