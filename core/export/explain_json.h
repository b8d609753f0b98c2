// Explanations and cache columns as JSON, as the command line's manual promises them.
#pragma once

#include "core/explain/explain.h"

#include <nlohmann/json.hpp>

#include <functional>

namespace hopscope {

// [{"file","line","offset","what"}]
nlohmann::ordered_json spots_json(const Dump& dump, const std::vector<Spot>& spots);
// [{"cache","half","state","reason","evidence","at":[{"file","line","offset","what"}],"ms","saved_ms"}]
nlohmann::ordered_json cells_json(const Dump& dump, const std::vector<CacheCell>& cells);
// {"kind","type","message","explanation","hints","context","node","identifier","function","frames","at"};
// null
nlohmann::ordered_json failure_json(const Dump& dump, const std::optional<FailureStory>& failure);

struct ExplainJsonOptions {
    // Which regions and calls are listed; empty = all.
    std::function<bool(const Region&)> region;
    std::function<bool(const CallAnswer&)> call;
};
// One entry of "compilations" of `hopscope explain --json`.
nlohmann::ordered_json explanation_json(const Dump& dump, const Ledger& ledger,
    const Explanation& explanation, const ExplainJsonOptions& options = {});

} // namespace hopscope
