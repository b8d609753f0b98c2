// Enumerations as the words that stand in the tables.
#pragma once

#include "core/graph/dump.h"

#include <optional>
#include <string_view>

namespace hopscope::session {

std::string_view timer_name(RegionTimer::Kind kind); // "trace", "reuse_lookup", …
std::optional<RegionTimer::Kind> timer_from_name(std::string_view name);
std::string_view message_name(ReuseMessage::Kind kind); // "cache_hit", …
std::optional<ReuseMessage::Kind> message_from_name(std::string_view name);
std::string_view cache_name(CacheRecord::Cache cache); // "aotautograd", "fx_graph"
std::optional<CacheRecord::Cache> cache_from_name(std::string_view name);
std::string_view cache_state_name(CacheRecord::State state); // "hit", "miss", "bypass", "disabled"
std::optional<CacheRecord::State> cache_state_from_name(std::string_view name);
std::optional<Severity> severity_from_name(std::string_view name);

} // namespace hopscope::session
