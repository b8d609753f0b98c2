// The caches of whole graphs: what their records say, and what follows where a trace has none.
#include "core/explain/parts.h"

#include <algorithm>

namespace hopscope::explain_parts {

namespace {

CacheState state_of(CacheRecord::State state) {
    switch (state) {
    case CacheRecord::State::Hit:
        return CacheState::Hit;
    case CacheRecord::State::Miss:
        return CacheState::Miss;
    case CacheRecord::State::Bypass:
        return CacheState::Bypass;
    case CacheRecord::State::Disabled:
        break;
    }
    return CacheState::NotConsulted;
}

std::string_view event_of(const CacheRecord& r) {
    const bool aot = r.cache == CacheRecord::Cache::AotAutograd;
    switch (r.state) {
    case CacheRecord::State::Hit:
        return aot ? "aotautograd_cache_hit" : "fx_graph_cache_hit";
    case CacheRecord::State::Miss:
        return aot ? "aotautograd_cache_miss" : "fx_graph_cache_miss";
    case CacheRecord::State::Bypass:
        return aot ? "aotautograd_cache_bypass" : "fx_graph_cache_bypass";
    case CacheRecord::State::Disabled:
        break;
    }
    return "fx_graph_cache_disabled";
}

CacheCell cell_of(const CacheRecord& r) {
    CacheCell cell;
    cell.cache = r.cache == CacheRecord::Cache::AotAutograd ? Cache::AotAutograd : Cache::FxGraph;
    cell.state = state_of(r.state);
    cell.evidence = {"artifact"};
    cell.spots.push_back({r.file, r.line, r.offset, std::string(event_of(r))});
    cell.ms = r.took_ms;
    cell.saved_ms = r.saved_ms;
    switch (r.state) {
    case CacheRecord::State::Hit:
        cell.reason = "the key was known: nothing of it was compiled again";
        break;
    case CacheRecord::State::Miss:
        cell.reason = "no entry has the key";
        break;
    case CacheRecord::State::Bypass:
        cell.reason = r.reason.empty() ? "passed by; the record gives no reason" : "passed by: " + r.reason;
        break;
    case CacheRecord::State::Disabled:
        cell.reason = "it is switched off";
        break;
    }
    if (!r.key.empty())
        cell.reason += " (key " + r.key + ')';
    return cell;
}

class Whole {
public:
    Whole(const Dump& dump, const Compilation& compilation, CompilationId id)
        : dump_(dump)
        , compilation_(compilation)
        , id_(id) { }

    std::vector<CacheCell> run() {
        std::vector<CacheCell> out;
        std::vector<CacheCell> fx;
        for (const CacheRecord& r : dump_.caches) {
            if (r.compilation != id_)
                continue;
            if (r.cache == CacheRecord::Cache::AotAutograd) {
                out.push_back(cell_of(r));
                continue;
            }
            fx.push_back(cell_of(r));
            // Graphs are lowered forward first; a record that names its half knows better.
            if (r.backward)
                fx.back().half = *r.backward ? Half::Backward : Half::Forward;
            else if (has(Stage::Backward))
                fx.back().half = fx.size() == 1 ? Half::Forward : Half::Backward;
        }
        if (out.empty())
            out.push_back(aot_without_record(fx));
        if (fx.empty())
            fx.push_back(fx_without_record());
        out.insert(out.end(), fx.begin(), fx.end());
        return out;
    }

private:
    bool has(Stage stage) const {
        return std::any_of(compilation_.graphs.begin(), compilation_.graphs.end(),
            [&](GraphId g) { return dump_.graph(g).stage == stage; });
    }
    bool traced() const {
        return std::any_of(compilation_.graphs.begin(), compilation_.graphs.end(),
                   [&](GraphId g) { return dump_.files[dump_.graph(g).file.index].kind == "TORCH_TRACE"; })
            || std::any_of(dump_.failures.begin(), dump_.failures.end(),
                [&](const Failure& f) { return f.compilation == id_; });
    }
    // Timers come from a TORCH_TRACE log alone.
    std::string why_untold() const {
        const bool timed = std::any_of(dump_.timers.begin(), dump_.timers.end(),
            [&](const RegionTimer& t) { return t.compilation == id_; });
        return timed ? "the trace has neither a graph nor the end of this compilation"
                     : "only a TORCH_TRACE log records it";
    }
    bool failed() const { return !compilation_.fail_type.empty(); }
    bool has_aot() const { return has(Stage::Joint) || has(Stage::Forward) || has(Stage::Inference); }

    CacheCell aot_without_record(const std::vector<CacheCell>& fx) const {
        CacheCell cell;
        cell.cache = Cache::AotAutograd;
        if (!traced()) {
            cell.reason = why_untold();
        } else if (!has_aot()) {
            cell.state = CacheState::NotConsulted;
            cell.reason =
                failed() ? "the compilation failed before" : "AOTAutograd made no graph of this compilation";
            cell.evidence = {"graph"};
        } else {
            cell.state = CacheState::NotConsulted;
            const bool off = std::any_of(
                fx.begin(), fx.end(), [](const CacheCell& c) { return c.state == CacheState::NotConsulted; });
            cell.reason = off ? "no record of a lookup; the FX graph cache, which it needs, is switched off"
                              : "no record of a lookup (aotautograd_cache_hit, miss or bypass)";
            cell.evidence = {"elimination"};
        }
        return cell;
    }

    CacheCell fx_without_record() const {
        CacheCell cell;
        cell.cache = Cache::FxGraph;
        if (!traced()) {
            cell.reason = why_untold();
        } else if (has(Stage::PostGrad)) {
            cell.reason = "Inductor lowered a graph, and no record tells of its cache";
            cell.evidence = {"graph"};
        } else {
            cell.state = CacheState::NotConsulted;
            cell.reason = failed() ? "the compilation failed before" : "no graph was lowered by Inductor";
            cell.evidence = {"graph"};
        }
        return cell;
    }

    const Dump& dump_;
    const Compilation& compilation_;
    CompilationId id_;
};

} // namespace

std::vector<CacheCell> whole_caches(const Dump& dump, const Compilation& compilation, CompilationId id) {
    return Whole(dump, compilation, id).run();
}

} // namespace hopscope::explain_parts
