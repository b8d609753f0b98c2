// 64-bit hashes of what the canonical form is made of. Same value on every machine and in every run.
#pragma once

#include <cstdint>
#include <string_view>

namespace hopscope::match {

uint64_t text_hash(std::string_view text);

// Order counts: mix(mix(a, b), c) differs from mix(mix(a, c), b).
constexpr uint64_t mix(uint64_t h, uint64_t value) {
    // The finalizer of splitmix64 over a sum that neither operand can cancel.
    uint64_t x = h * 0x9e3779b97f4a7c15ULL + value + 0x632be59bd9b4e019ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

} // namespace hopscope::match
