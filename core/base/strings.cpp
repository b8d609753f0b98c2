#include "core/base/strings.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hopscope {

StringTable::StringTable()
    : slots_(64, 0) { }

size_t StringTable::slot_of(std::string_view text) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = XXH3_64bits(text.data(), text.size()) & mask;
    while (slots_[slot] && texts_[slots_[slot] - 1] != text)
        slot = (slot + 1) & mask;
    return slot;
}

void StringTable::grow() {
    slots_.assign(slots_.size() * 2, 0);
    const size_t mask = slots_.size() - 1;
    for (size_t i = 0; i < texts_.size(); ++i) {
        size_t slot = XXH3_64bits(texts_[i].data(), texts_[i].size()) & mask;
        while (slots_[slot])
            slot = (slot + 1) & mask;
        slots_[slot] = static_cast<uint32_t>(i + 1);
    }
}

StringId StringTable::intern(std::string_view text) {
    size_t slot = slot_of(text);
    if (slots_[slot])
        return StringId(slots_[slot] - 1);
    texts_.push_back(text);
    slots_[slot] = static_cast<uint32_t>(texts_.size());
    if (texts_.size() * 3 > slots_.size() * 2)
        grow();
    return StringId(texts_.size() - 1);
}

StringId StringTable::keep(std::string text) {
    if (const StringId known = find(text))
        return known;
    return intern(hold(std::move(text)));
}

std::string_view StringTable::hold(std::string text) {
    owned_.push_back(std::move(text));
    return owned_.back();
}

StringId StringTable::find(std::string_view text) const {
    const uint32_t entry = slots_[slot_of(text)];
    return entry ? StringId(entry - 1) : StringId();
}

} // namespace hopscope
