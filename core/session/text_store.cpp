#include "core/session/text_store.h"

#include "core/base/hash.h"

#include <fmt/format.h>
#include <zstd.h>

namespace hopscope::session {
namespace {

// Level 3 packs a gpt48 text of 4 MB in some 10 ms; higher levels gain a few percent for ten times that.
constexpr int kLevel = 3;

Error damaged(std::string message) {
    return make_error(Error::Kind::Damaged, std::move(message));
}

} // namespace

std::vector<char> compress(std::string_view text) {
    std::vector<char> packed(ZSTD_compressBound(text.size()));
    const size_t size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
    packed.resize(ZSTD_isError(size) ? 0 : size);
    return packed;
}

Result<std::shared_ptr<const std::string>> decompress(
    std::string_view compressed, uint64_t bytes, std::string_view hash) {
    const unsigned long long inside = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    if (inside != bytes)
        return damaged(fmt::format("compressed text does not hold the {} bytes expected", bytes));
    auto text = std::make_shared<std::string>(bytes, '\0');
    const size_t size = ZSTD_decompress(text->data(), text->size(), compressed.data(), compressed.size());
    if (ZSTD_isError(size))
        return damaged(fmt::format("compressed text cannot be unpacked: {}", ZSTD_getErrorName(size)));
    if (size != bytes)
        return damaged(fmt::format("compressed text has {} bytes, expected {}", size, bytes));
    if (const std::string found = hash128_hex(*text); found != hash)
        return damaged(fmt::format("text has hash {}, expected {}", found, hash));
    return std::shared_ptr<const std::string>(std::move(text));
}

} // namespace hopscope::session
