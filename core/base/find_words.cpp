#include "core/base/find_words.h"

#include <algorithm>
#include <cstring>
#include <experimental/simd>
#include <functional>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hopscope {

namespace {

namespace simd = std::experimental;
using Bytes = simd::native_simd<unsigned char>;

Bytes bytes_at(const char* at) {
    Bytes bytes;
    bytes.copy_from(reinterpret_cast<const unsigned char*>(at), simd::element_aligned);
    return bytes;
}

// First and last letter of the words are compared for a whole register of places at once; rarely do both fit.
size_t find_portably(std::string_view text, std::string_view words, size_t from) {
    const size_t n = words.size();
    if (text.size() - from < n + Bytes::size())
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

#if defined(__x86_64__)
// The same with the registers that nearly all machines have and no build asks for: half the instructions,
// which are a fifth of those of reading a text log.
__attribute__((target("avx2"))) size_t find_wide(std::string_view text, std::string_view words, size_t from) {
    constexpr size_t kWide = 32;
    const size_t n = words.size();
    if (text.size() - from < n + kWide)
        return text.find(words, from);
    const __m256i first = _mm256_set1_epi8(words.front());
    const __m256i last = _mm256_set1_epi8(words.back());
    const char* const data = text.data();
    size_t at = from;
    for (const size_t end = text.size() - n + 1 - kWide; at <= end; at += kWide) {
        const __m256i begins = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + at));
        const __m256i ends = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + at + n - 1));
        auto fits = static_cast<uint32_t>(_mm256_movemask_epi8(
            _mm256_and_si256(_mm256_cmpeq_epi8(begins, first), _mm256_cmpeq_epi8(ends, last))));
        for (; fits; fits &= fits - 1) {
            const size_t place = at + static_cast<size_t>(__builtin_ctz(fits));
            if (std::memcmp(data + place, words.data(), n) == 0)
                return place;
        }
    }
    return text.find(words, at);
}

const bool kWideRegisters = __builtin_cpu_supports("avx2") != 0;
#endif

} // namespace

size_t find_words(std::string_view text, std::string_view words, size_t from) {
    if (words.size() < 2 || text.size() < from)
        return text.find(words, from);
#if defined(__x86_64__)
    if (kWideRegisters)
        return find_wide(text, words, from);
#endif
    return find_portably(text, words, from);
}

uint32_t words_in(std::string_view text, std::span<const std::string_view> words, bool any) {
    constexpr size_t kPart = 1 << 16; // what stays in a processor's own cache
    size_t longest = 1;
    for (const std::string_view word : words)
        longest = std::max(longest, word.size());
    uint32_t found = 0;
    const uint32_t all = words.size() < 32 ? (1U << words.size()) - 1 : ~0U;
    for (size_t from = 0; from < text.size() && found != all; from += kPart) {
        const std::string_view part = text.substr(from, kPart + longest - 1);
        for (size_t i = 0; i < words.size(); ++i)
            if (!(found >> i & 1U) && find_words(part, words[i]) != std::string_view::npos)
                found |= 1U << i;
        if (any && found)
            break;
    }
    return found;
}

size_t count_of(std::string_view text, char c) {
    constexpr size_t kMostRounds = 255; // of one byte's counter
    const Bytes wanted = static_cast<unsigned char>(c);
    size_t count = 0, at = 0;
    while (at + Bytes::size() <= text.size()) {
        const size_t rounds = std::min((text.size() - at) / Bytes::size(), kMostRounds);
        Bytes found = 0;
        for (size_t i = 0; i < rounds; ++i, at += Bytes::size())
            simd::where(bytes_at(text.data() + at) == wanted, found) += 1;
        for (size_t i = 0; i < Bytes::size(); ++i)
            count += found[i];
    }
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
