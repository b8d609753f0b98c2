// The bytes of a dump file, mapped; packed ones are unpacked into memory (unfold.h).
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/read/unfold.h"

#include <string>

namespace hopscope::read {

// Errors: CannotRead with the system's reason.
Result<FileBytes> map_file(
    const std::string& path, const UnfoldLimit& limit = {}, const WantedHead& wanted = {});

// All that comes through standard input, unpacked under the same limit.
Result<FileBytes> read_standard_input(const UnfoldLimit& limit = {}, const WantedHead& wanted = {});

} // namespace hopscope::read
