#include "core/session/names.h"

#include <array>
#include <cstddef>

namespace hopscope::session {
namespace {

constexpr std::array<std::string_view, 7> kTimers = {"trace", "reuse_hash", "reuse_lookup", "reuse_stamp_out",
    "trace_joint_graph", "proxy_tensor", "fake_tensor"};
constexpr std::array<std::string_view, 10> kMessages = {"reuse_failed", "cache_hit", "hash_hit", "installing",
    "comparison_failed", "not_eligible", "guards", "exceeded", "fake_cache_failed", "other"};

constexpr std::array<std::string_view, 2> kCaches = {"aotautograd", "fx_graph"};
constexpr std::array<std::string_view, 4> kCacheStates = {"hit", "miss", "bypass", "disabled"};

template <class Enum, size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
    const auto i = static_cast<size_t>(value);
    return i < N ? names[i] : names[N - 1];
}

template <class Enum, size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
    for (size_t i = 0; i < N; ++i)
        if (names[i] == name)
            return static_cast<Enum>(i);
    return std::nullopt;
}

} // namespace

static_assert(static_cast<size_t>(RegionTimer::Kind::FakeTensor) + 1 == kTimers.size());
static_assert(static_cast<size_t>(ReuseMessage::Kind::Other) + 1 == kMessages.size());

std::string_view timer_name(RegionTimer::Kind kind) {
    return name_of(kTimers, kind);
}

std::optional<RegionTimer::Kind> timer_from_name(std::string_view name) {
    return find_name<RegionTimer::Kind>(kTimers, name);
}

std::string_view message_name(ReuseMessage::Kind kind) {
    return name_of(kMessages, kind);
}

std::optional<ReuseMessage::Kind> message_from_name(std::string_view name) {
    return find_name<ReuseMessage::Kind>(kMessages, name);
}

std::string_view cache_name(CacheRecord::Cache cache) {
    return name_of(kCaches, cache);
}

std::optional<CacheRecord::Cache> cache_from_name(std::string_view name) {
    return find_name<CacheRecord::Cache>(kCaches, name);
}

std::string_view cache_state_name(CacheRecord::State state) {
    return name_of(kCacheStates, state);
}

std::optional<CacheRecord::State> cache_state_from_name(std::string_view name) {
    return find_name<CacheRecord::State>(kCacheStates, name);
}

std::optional<Severity> severity_from_name(std::string_view name) {
    for (Severity s : {Severity::Note, Severity::Warning, Severity::Error})
        if (severity_name(s) == name)
            return s;
    return std::nullopt;
}

} // namespace hopscope::session
