#include "core/regions/ledger.h"

#include <algorithm>
#include <charconv>

namespace hopscope {

namespace {

struct Version {
    int major = 0, minor = 0;
};

std::optional<Version> version_of(const std::string& text) {
    Version v;
    const char* end = text.data() + text.size();
    const auto major = std::from_chars(text.data(), end, v.major);
    if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.')
        return std::nullopt;
    if (std::from_chars(major.ptr + 1, end, v.minor).ec != std::errc{})
        return std::nullopt;
    return v;
}

bool looks_up(const Dump& dump) {
    return std::any_of(dump.timers.begin(), dump.timers.end(), [](const RegionTimer& t) {
        return t.kind == RegionTimer::Kind::Trace || t.kind == RegionTimer::Kind::ReuseLookup
            || t.kind == RegionTimer::Kind::ReuseStampOut || t.kind == RegionTimer::Kind::ReuseHash;
    }) || std::any_of(dump.messages.begin(), dump.messages.end(), [](const ReuseMessage& m) {
        using Kind = ReuseMessage::Kind;
        return m.kind == Kind::ReuseFailed || m.kind == Kind::CacheHit || m.kind == Kind::HashHit
            || m.kind == Kind::NotEligible || m.kind == Kind::Guards || m.kind == Kind::Exceeded;
    });
}

} // namespace

std::optional<bool> has_reuse_cache(const Dump& dump) {
    if (looks_up(dump))
        return true;
    // Recordings of 2.11.0 have none, those of 2.13.0 do.
    if (const auto v = version_of(dump.torch_version)) {
        if (v->major < 2 || (v->major == 2 && v->minor <= 11))
            return false;
        if (v->major > 2 || v->minor >= 13)
            return true;
    }
    // Since the reuse cache every traced call leaves a trace timer in the structured log: region calls in a
    // trace without any come from before it.
    const bool without_timers = std::any_of(dump.graphs.begin(), dump.graphs.end(), [&](const Graph& g) {
        return g.stage == Stage::Dynamo && dump.files[g.file.index].kind == "TORCH_TRACE";
    });
    return without_timers ? std::optional(false) : std::nullopt;
}

std::string torch_name(const Dump& dump) {
    const auto v = version_of(dump.torch_version);
    return v ? "PyTorch " + std::to_string(v->major) + '.' + std::to_string(v->minor) : "this PyTorch";
}

} // namespace hopscope
