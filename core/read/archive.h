// Zip archives: their members by name, unfolded under a limit.
#pragma once

#include "core/base/result.h"
#include "core/read/file.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

class Archive {
public:
    struct Member {
        std::string name; // as in the archive: "model/models/model.json"
        uint64_t bytes = 0, packed = 0; // as the archive's directory says
        uint64_t index = 0;
    };

    // Errors: CannotRead with what libzip says. `bytes` must stay as long as `owner` does.
    static Result<Archive> open(std::string_view bytes, std::shared_ptr<const void> owner);

    // Files only, in the archive's order; 100,000 at most.
    const std::vector<Member>& members() const;
    const Member* find(std::string_view name) const; // null if there is none

    // A member's bytes, no further than the limit and than `wanted` (core/read/file.h). Errors: Damaged where
    // nothing of it can be read.
    Result<FileBytes> read(
        const Member& member, const UnfoldLimit& limit = {}, const WantedHead& wanted = {}) const;

private:
    struct Parts;
    std::shared_ptr<Parts> parts_;
};

bool looks_like_zip(std::string_view bytes);

} // namespace hopscope::read
