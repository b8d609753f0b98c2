#include "core/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hopscope {

namespace {

std::string hex_of(XXH128_hash_t hash) {
    std::string text;
    for (const uint64_t half : {hash.high64, hash.low64})
        for (int shift = 60; shift >= 0; shift -= 4)
            text += "0123456789abcdef"[half >> shift & 15];
    return text;
}

} // namespace

struct Hasher::State {
    XXH3_state_t xxh;
};

uint64_t hash64(std::string_view bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

std::string hash128_hex(std::string_view bytes) {
    return hex_of(XXH3_128bits(bytes.data(), bytes.size()));
}

Hasher::Hasher()
    : state_(std::make_unique<State>()) {
    XXH3_128bits_reset(&state_->xxh);
}

Hasher::~Hasher() = default;

void Hasher::add(const void* bytes, size_t count) {
    XXH3_128bits_update(&state_->xxh, bytes, count);
}

uint64_t Hasher::low() const {
    return XXH3_128bits_digest(&state_->xxh).low64;
}

std::string Hasher::hex() const {
    return hex_of(XXH3_128bits_digest(&state_->xxh));
}

} // namespace hopscope
