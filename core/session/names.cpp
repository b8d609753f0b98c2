#include "core/session/names.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace hopscope::session {
namespace {

using namespace std::string_view_literals;

template <class Enum> struct Words;
template <> struct Words<RegionTimer::Kind> {
    static constexpr std::array kAll{"trace"sv, "reuse_hash"sv, "reuse_lookup"sv, "reuse_stamp_out"sv,
        "trace_joint_graph"sv, "proxy_tensor"sv, "fake_tensor"sv};
    static constexpr auto kLast = RegionTimer::Kind::FakeTensor;
};
template <> struct Words<ReuseMessage::Kind> {
    static constexpr std::array kAll{"reuse_failed"sv, "cache_hit"sv, "hash_hit"sv, "installing"sv,
        "comparison_failed"sv, "not_eligible"sv, "guards"sv, "exceeded"sv, "fake_cache_failed"sv, "other"sv};
    static constexpr auto kLast = ReuseMessage::Kind::Other;
};
template <> struct Words<CacheRecord::Cache> {
    static constexpr std::array kAll{"aotautograd"sv, "fx_graph"sv};
    static constexpr auto kLast = CacheRecord::Cache::FxGraph;
};
template <> struct Words<CacheRecord::State> {
    static constexpr std::array kAll{"hit"sv, "miss"sv, "bypass"sv, "disabled"sv};
    static constexpr auto kLast = CacheRecord::State::Disabled;
};

} // namespace

template <class Enum> std::string_view word_of(Enum value) {
    constexpr auto& kAll = Words<Enum>::kAll;
    static_assert(static_cast<size_t>(Words<Enum>::kLast) + 1 == kAll.size());
    return kAll[std::min(static_cast<size_t>(value), kAll.size() - 1)];
}

template <class Enum> std::optional<Enum> from_word(std::string_view word) {
    constexpr auto& kAll = Words<Enum>::kAll;
    const auto found = std::find(kAll.begin(), kAll.end(), word);
    return found == kAll.end() ? std::nullopt : std::optional(static_cast<Enum>(found - kAll.begin()));
}

template std::string_view word_of(RegionTimer::Kind);
template std::string_view word_of(ReuseMessage::Kind);
template std::string_view word_of(CacheRecord::Cache);
template std::string_view word_of(CacheRecord::State);
template std::optional<RegionTimer::Kind> from_word(std::string_view);
template std::optional<ReuseMessage::Kind> from_word(std::string_view);
template std::optional<CacheRecord::Cache> from_word(std::string_view);
template std::optional<CacheRecord::State> from_word(std::string_view);

std::optional<Severity> severity_from_name(std::string_view name) {
    for (Severity s : {Severity::Note, Severity::Warning, Severity::Error})
        if (severity_name(s) == name)
            return s;
    return std::nullopt;
}

} // namespace hopscope::session
