// Whether a body will run to its end, told before it is run.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"
#include "core/graph/symbols.h"
#include "core/wire/forecast.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::run {

// What an executor says of the nodes of one graph module.
struct Forecast {
    std::shared_ptr<const GraphModule> module;
    std::string executor, libtorch;
    std::vector<wire::ForecastNode> nodes; // those that do not simply run, by body and node

    const wire::ForecastNode* find(BodyId body, NodeId node) const;
};

// Of one body, with all that it calls.
struct BodyForecast {
    size_t nodes = 0; // of all bodies, each counted once
    size_t called = 0; // of these, in the bodies that it calls
    size_t widened = 0, composed = 0, unsure = 0, cannot = 0;
    // Where a run stops first: in the order in which nodes run, calls followed. None: it runs to its end, as
    // far as can be told.
    std::optional<wire::ForecastNode> stops;
    bool perhaps = false; // the node is in a branch or a loop's body, which a run may not enter

    bool runs() const { return !stops || perhaps; }
};
BodyForecast of_body(const Forecast& forecast, BodyId body);

// Asks an executor about bodies of a dump and those that they call; it takes as long as its start. Symbols
// that are not bound get what a run would bind them to. Errors: as worker::forecast; External where it can
// tell nothing of a body.
Result<std::vector<Forecast>> forecast(const std::string& executor, const std::vector<std::string>& libraries,
    const Dump& dump, const std::vector<Place>& bodies, const Bindings& symbols = {}, const Job& job = {});
// The same of one body, by the executor that serves it best. Errors: those of choose_executor too.
Result<Forecast> forecast(const Dump& dump, const Place& body, const std::vector<std::string>& libraries = {},
    const Bindings& symbols = {}, const Job& job = {});

// What may help, for a node that cannot be run: "packaging/executor-pip.sh builds an executor with …"; empty
// where nothing is known to.
std::string remedy(const wire::ForecastNode& node, std::string_view libtorch);

// "runs to its end: 475 nodes and 82 in the bodies that it calls, 9 in wider types", "stops at 'mm'
// (aten.mm.default): REASON; REMEDY".
std::string text(const Forecast& forecast, const BodyForecast& body);
// Of one node, for where it is shown: "cannot be run: REASON; REMEDY", "computed in float32, then rounded:
// …".
std::string text(const Forecast& forecast, const wire::ForecastNode& node);

} // namespace hopscope::run
