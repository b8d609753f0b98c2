// Texts that are no files: what was pasted, what came through a pipe.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"
#include "core/read/open.h"

#include <string>

namespace hopscope {

// As open_dump() of one file that holds `bytes`. `name` stands where a path would: "pasted text".
Result<Dump> open_bytes(
    std::string name, std::string bytes, const OpenOptions& options = {}, const Job& job = {});

} // namespace hopscope
