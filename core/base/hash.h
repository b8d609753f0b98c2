// Hashes of bytes: XXH3. For telling contents apart, not for secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hopscope {

uint64_t hash64(std::string_view bytes);
std::string hash128_hex(std::string_view bytes); // 32 hexadecimal digits

// The same 128 bits over pieces that come one after another. Where a piece ends does not count: add lengths
// where it shall.
class Hasher {
public:
    Hasher();
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;
    ~Hasher();

    void add(std::string_view bytes) { add(bytes.data(), bytes.size()); }
    void add(const void* bytes, size_t count);
    uint64_t low() const; // 64 bits of it
    std::string hex() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace hopscope
