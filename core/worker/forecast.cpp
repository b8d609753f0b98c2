#include "core/worker/forecast.h"

#include "core/base/filter.h"
#include "core/graph/print.h"
#include "core/wire/message_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace hopscope::worker {

namespace {

using nlohmann::json;

constexpr int kMilliseconds = 300000; // OpenBLAS may start slowly, a machine may be busy

Error not_understood(const std::string& executor, const std::string& why) {
    return make_error(Error::Kind::External,
        "what " + executor + " says of a run beforehand is not understood; it may be an old one: " + why);
}

// From the executor's numbers to the module's bodies; false where they are none.
bool place(wire::ForecastGraph& told, const AskedBody& asked) {
    const std::string base = body_path(*asked.module, asked.body);
    std::vector<BodyId> bodies;
    for (const std::string& below : told.bodies)
        bodies.push_back(
            find_body(*asked.module, base.empty() || below.empty() ? base + below : base + "." + below));
    std::vector<wire::ForecastNode> nodes;
    for (wire::ForecastNode& node : told.nodes) {
        if (!node.body || node.body.index >= bodies.size() || !node.node)
            return false;
        node.body = bodies[node.body.index];
        if (!node.body)
            continue;
        if (node.node.index >= asked.module->body(node.body).nodes.size())
            return false;
        nodes.push_back(std::move(node));
    }
    std::sort(nodes.begin(), nodes.end(),
        [](const auto& a, const auto& b) { return std::pair(a.body, a.node) < std::pair(b.body, b.node); });
    told.nodes = std::move(nodes);
    return true;
}

} // namespace

Result<wire::ForecastAnswer> forecast(const std::string& executor, const std::vector<std::string>& libraries,
    const std::vector<AskedBody>& bodies, const Job& job) {
    PrintOptions print;
    print.sources = false;
    print.deletions = false;
    print.close = true;
    wire::ForecastRequest request;
    for (const AskedBody& asked : bodies)
        request.graphs.push_back(
            {print_readable(*asked.module, asked.body, print), {asked.symbols.begin(), asked.symbols.end()}});
    std::vector<std::string> argv{executor, "--forecast"};
    for (const std::string& library : libraries)
        argv.insert(argv.end(), {"--load-library", library});
    job.report(0, 0, "asking the executor");
    const auto printed =
        run_filter(argv, wire::to_json(request).dump(-1, ' ', false, json::error_handler_t::replace),
            {.milliseconds = kMilliseconds}, job,
            {"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1"});
    if (!printed)
        return printed.error();
    const json all = json::parse(*printed, nullptr, false);
    auto answer = wire::from_json<wire::ForecastAnswer>(all);
    if (!answer)
        return not_understood(executor, answer.error().message);
    if (answer->graphs.size() != bodies.size())
        return not_understood(executor, "it tells of another number of graphs than it was asked about");
    for (size_t i = 0; i < bodies.size(); ++i)
        if (!place(answer->graphs[i], bodies[i]))
            return not_understood(executor, "it tells of a node that is not there");
    return answer;
}

} // namespace hopscope::worker
