// Interned strings: each distinct text once, named by a 32-bit id.
#pragma once

#include "core/base/ids.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// Texts are kept as views: whoever interns guarantees that the bytes outlive the table (a mapped file), or
// uses keep() to have them copied into the table. Ids count up from 0 in order of first use, so they are the
// same for the same input. Not thread-safe.
class StringTable {
public:
    StringTable();

    StringId intern(std::string_view text); // the bytes must outlive the table
    StringId keep(std::string text); // as intern, but the table owns the bytes
    std::string_view hold(std::string text); // stores bytes without making an id of them
    StringId find(std::string_view text) const; // none if never interned
    std::string_view text(StringId id) const { return id ? texts_[id.index] : std::string_view{}; }
    size_t size() const { return texts_.size(); }

private:
    size_t slot_of(std::string_view text) const;
    void grow();

    std::vector<std::string_view> texts_;
    std::vector<uint32_t> slots_; // open addressing; index + 1, 0 = empty
    std::deque<std::string> owned_;
};

} // namespace hopscope
