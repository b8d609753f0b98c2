// The bytes of a dump file, mapped; gzip is unpacked into memory.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace hopscope::read {

// Bytes that stay where they are as long as somebody holds `owner`.
struct FileBytes {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
    std::string damage; // of gzip data that could be unpacked in part only; empty = none
};

// Errors: CannotRead with the system's reason.
Result<FileBytes> map_file(const std::string& path);
// All that comes through standard input, up to the bound that unpacked files have.
Result<FileBytes> read_standard_input();

} // namespace hopscope::read
