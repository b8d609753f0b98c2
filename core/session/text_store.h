// Graph texts in and out of their compressed form.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::session {

std::vector<char> compress(std::string_view text);

// The text that `compressed` holds. Both sizes come from the file and so are believed only as far as they
// agree: never more than `bytes` are unpacked. Damaged where size or hash differ.
Result<std::shared_ptr<const std::string>> decompress(
    std::string_view compressed, uint64_t bytes, std::string_view hash);

} // namespace hopscope::session
