// Opening dumps: files and folders in, one Dump out.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

struct OpenOptions {
    bool verify_md5 = false; // check every payload against its has_payload sum; else those of graphs can be
                             // checked later (core/read/payloads.h)
    uint64_t max_unfold = 0; // bytes that a packed file may unfold to; 0 = 200 times its size, 4 GiB at most
    std::string raise_unfold; // how a person raises that with this caller; said where it is reached
    unsigned threads = 0; // for parsing graph texts; 0 = as many as the machine has, 4 at most
};

// Reads every path (files, or folders whose dump files are taken and whose other files are left alone) as
// evidence about one run. What can be read is kept and each problem is listed in Dump::problems; an error is
// returned only where nothing at all could be understood. Cancelling returns what was read so far, with
// Dump::cancelled set.
Result<Dump> open_dump(
    const std::vector<std::string>& paths, const OpenOptions& options = {}, const Job& job = {});

// One print_readable text (class or bare def forward). `text` must stay alive as long as `storage` does.
// `tabbed`: each line starts with a tab that is no part of it (TORCH_TRACE payloads).
// Problems are appended with lines and offsets relative to the text, `file` unset. Null where no graph was
// found.
std::shared_ptr<const GraphModule> read_print_readable(
    std::string_view text, std::shared_ptr<const void> storage, bool tabbed, std::vector<Problem>& problems);

} // namespace hopscope
