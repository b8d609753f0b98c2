// Layers of packing taken off a file: gzip, xz, zstd, bzip2, under a limit.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hopscope::read {

// Bytes that stay where they are as long as somebody holds `owner`.
struct FileBytes {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
    std::string damage; // of packed data that could be unpacked in part only; empty = none
};

// Of bytes that were unpacked: what was asked for beyond them (a head's room) is given back.
inline FileBytes unpacked(std::shared_ptr<std::string> text, std::string damage = {}) {
    if (text->capacity() / 2 > text->size())
        text->shrink_to_fit();
    const std::string_view bytes = *text;
    return {std::move(text), bytes, std::move(damage)};
}

// What packed data may unfold to. A log unfolds to 10 to 40 times its size, a bomb to 1,000 times.
struct UnfoldLimit {
    uint64_t most = 0; // bytes, as the person says; 0 = the default, which depends on the packed size
    std::string raise = {}; // OpenOptions::raise_unfold
    std::optional<uint64_t> left = {}; // of a file in an archive: what the others left of the archive's limit
    uint64_t of(uint64_t packed) const;
    // "unfolds to more than 64 MiB (200 times …)": what is said where the limit ends the reading.
    std::string reached(uint64_t packed) const;
};
inline constexpr uint64_t kMostUnfolded = uint64_t{4} << 30;

// The first bytes that decide what a file is, and how many of all its bytes are worth having by them. Packed
// data unfolds no further: with 0 the result holds these bytes only. kSearched is for a text that may have
// graphs further down: nobody knows, and it is searched whole. A person's own limit raises it.
inline constexpr size_t kHeadBytes = 1 << 18;
inline constexpr uint64_t kWhole = UINT64_MAX, kSearched = uint64_t{256} << 20;
using WantedHead = std::function<uint64_t(std::string_view head)>;

// Whether it begins as gzip, xz, zstd or bzip2 does.
bool is_layer(std::string_view head);

// Layers taken off, three at most; the bytes themselves where there is none. What is cut or damaged is
// unpacked as far as it goes, and `damage` says where that is. `path` is for errors: CannotRead where not
// even the first byte can be unpacked, with the byte where the data is wrong.
Result<FileBytes> unfold(
    const std::string& path, FileBytes bytes, const UnfoldLimit& limit = {}, const WantedHead& wanted = {});

} // namespace hopscope::read
