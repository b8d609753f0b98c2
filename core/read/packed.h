// Tar archives, and files packed with bzip2, xz or zstd: what people attach where one file is allowed, and
// what stores of artifacts make of a log. (gzip is unfolded in file.h, zip opened in archive.h.)
#pragma once

#include "core/base/result.h"
#include "core/read/file.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

bool looks_packed(std::string_view head);

struct PackedFile {
    std::string name; // of a tar archive's member: "trace/rank_0.log"; empty for a file packed alone
    FileBytes bytes; // as far as its head said they are wanted
};

struct PackedFiles {
    std::vector<PackedFile> files; // regular ones, in the archive's order, 100,000 at most
    std::string damage; // why the end was not reached, in words; empty if it was
};

// `member` and `alone` are asked about the head of an archive's member, and of a file packed alone. All that
// is unfolded, wanted or not, counts towards the limit. Nothing is written anywhere; links and devices are
// passed over. Errors: CannotRead with what libarchive says where not even the first member can be read.
Result<PackedFiles> unpack_files(
    std::string_view bytes, const UnfoldLimit& limit, const WantedHead& member, const WantedHead& alone);

} // namespace hopscope::read
