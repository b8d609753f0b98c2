#include "core/base/find_words.h"

#include <cstring>
#include <experimental/simd>
#include <functional>

namespace hopscope {

namespace {

namespace simd = std::experimental;
using Bytes = simd::native_simd<unsigned char>;

Bytes bytes_at(const char* at) {
    Bytes bytes;
    bytes.copy_from(reinterpret_cast<const unsigned char*>(at), simd::element_aligned);
    return bytes;
}

} // namespace

// First and last letter of the words are compared for a whole register of places at once; rarely do both fit.
size_t find_words(std::string_view text, std::string_view words, size_t from) {
    const size_t n = words.size();
    if (n < 2 || text.size() < from || text.size() - from < n + Bytes::size())
        return text.find(words, from);
    const Bytes first = static_cast<unsigned char>(words.front());
    const Bytes last = static_cast<unsigned char>(words.back());
    const char* const data = text.data();
    size_t at = from;
    for (const size_t end = text.size() - n + 1 - Bytes::size(); at <= end; at += Bytes::size()) {
        const auto fits = (bytes_at(data + at) == first) && (bytes_at(data + at + n - 1) == last);
        if (simd::none_of(fits))
            continue;
        for (size_t i = 0; i < Bytes::size(); ++i)
            if (fits[i] && std::memcmp(data + at + i, words.data(), n) == 0)
                return at + i;
    }
    return text.find(words, at);
}

size_t count_of(std::string_view text, char c) {
    const Bytes wanted = static_cast<unsigned char>(c);
    size_t count = 0, at = 0;
    for (; at + Bytes::size() <= text.size(); at += Bytes::size())
        count += static_cast<size_t>(simd::popcount(bytes_at(text.data() + at) == wanted));
    for (; at < text.size(); ++at)
        count += text[at] == c;
    return count;
}

bool has_high_byte(std::string_view text) {
    Bytes all = 0;
    size_t at = 0;
    for (; at + Bytes::size() <= text.size(); at += Bytes::size())
        all |= bytes_at(text.data() + at);
    unsigned char rest = simd::reduce(all, std::bit_or<>());
    for (; at < text.size(); ++at)
        rest |= static_cast<unsigned char>(text[at]);
    return rest >= 0x80;
}

} // namespace hopscope
