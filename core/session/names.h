// Enumerations as the words that stand in the tables.
#pragma once

#include "core/graph/dump.h"

#include <optional>
#include <string_view>

namespace hopscope::session {

// Of RegionTimer::Kind, ReuseMessage::Kind, CacheRecord::Cache and CacheRecord::State.
template <class Enum>
std::string_view word_of(Enum value); // "reuse_lookup", "cache_hit", "aotautograd", "bypass"
template <class Enum> std::optional<Enum> from_word(std::string_view word);
std::optional<Severity> severity_from_name(std::string_view name);

} // namespace hopscope::session
