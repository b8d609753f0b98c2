// Archives that are read from their first member to their last: tar, and zip archives whose directory, which
// stands at the end, was cut off. (Whole zip archives are opened in archive.h, single packed files in
// unfold.h.)
#pragma once

#include "core/base/result.h"
#include "core/read/unfold.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

bool looks_like_tar(std::string_view head);

struct ArchiveMember {
    std::string name; // "trace/rank_0.log"
    FileBytes bytes; // as far as its head said they are wanted
};

struct ArchiveMembers {
    std::vector<ArchiveMember> files; // regular ones, in the archive's order, 100,000 at most
    std::string damage; // why the end was not reached, in words; empty if it was
    uint64_t damaged_at = 0; // byte of the archive
    std::vector<std::string> links; // "latest.log -> trace.log": no files of their own, and not followed
};

enum class ArchiveForm : uint8_t { Tar, ZipWithoutDirectory };

// `wanted` is asked about the head of each member. All that is unfolded, wanted or not, counts towards the
// limit. Nothing is written anywhere; devices are passed over. Members that stand in `archive` as they are
// stay there. Errors: CannotRead with what libarchive says where not even the first member can be read.
Result<ArchiveMembers> read_members(
    const FileBytes& archive, ArchiveForm form, const UnfoldLimit& limit, const WantedHead& wanted);

} // namespace hopscope::read
