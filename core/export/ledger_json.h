// The stages of a dump and its ledger as JSON, as the command line's manual promises them.
#pragma once

#include "core/graph/dump.h"
#include "core/regions/ledger.h"

#include <nlohmann/json.hpp>

#include <functional>

namespace hopscope {

struct LedgerJsonOptions {
    bool attempts = false; // broken-off attempts too
    // Which invocations are listed; empty = all. Regions without any are left out then, totals are of all.
    std::function<bool(const CompilationLedger&, const Invocation&)> where;
};

// {"compilations":[…],"problems":[…]} of `hopscope graphs --json`.
nlohmann::ordered_json graphs_json(const Dump& dump);
// How the list names the user's own module `index` (Dump::sources): "-:source", "-:source#1".
std::string source_address(size_t index);
// {"compilations":[…],"problems":[…]} of `hopscope regions --json`.
nlohmann::ordered_json ledger_json(
    const Dump& dump, const Ledger& ledger, const LedgerJsonOptions& options = {});
// [{"severity","message","file","line","offset"}]
nlohmann::ordered_json problems_json(const Dump& dump, const std::vector<Problem>& problems);

} // namespace hopscope
