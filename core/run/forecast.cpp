#include "core/run/forecast.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/graph/reading.h"
#include "core/run/default_symbols.h"
#include "core/worker/choose.h"
#include "core/worker/forecast.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace hopscope::run {

namespace {

using wire::Fate;
using wire::Obstacle;

// What packaging/executor-pip.sh builds with unless it is told otherwise.
constexpr int kPipMajor = 2, kPipMinor = 13;

bool older_than_pip(std::string_view libtorch) {
    int major = 0, minor = 0;
    const char* end = libtorch.data() + libtorch.size();
    const auto first = std::from_chars(libtorch.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end)
        return true;
    std::from_chars(first.ptr + 1, end, minor);
    return std::pair(major, minor) < std::pair(kPipMajor, kPipMinor);
}

// Bodies of branches and loops: a run enters some of them, or none.
bool may_be_passed_over(std::string_view target) {
    return target == "cond" || target == "while_loop" || target == "map_impl" || target == "scan";
}

std::string place_text(const Forecast& forecast, const wire::ForecastNode& node) {
    const Node& n = forecast.module->body(node.body).node(node.node);
    const std::string path = body_path(*forecast.module, node.body);
    return "'" + std::string(forecast.module->text(n.name)) + "' ("
        + std::string(short_target(*forecast.module, n)) + ")" + (path.empty() ? "" : " in " + path);
}

std::string with_remedy(const wire::ForecastNode& node, std::string_view libtorch) {
    const std::string helps = remedy(node, libtorch);
    return node.reason + (helps.empty() ? "" : "; " + helps);
}

} // namespace

const wire::ForecastNode* Forecast::find(BodyId body, NodeId node) const {
    const auto found = std::lower_bound(nodes.begin(), nodes.end(), std::pair(body, node),
        [](const wire::ForecastNode& a, const auto& b) { return std::pair(a.body, a.node) < b; });
    return found != nodes.end() && found->body == body && found->node == node ? &*found : nullptr;
}

BodyForecast of_body(const Forecast& forecast, BodyId root) {
    const GraphModule& module = *forecast.module;
    BodyForecast told;
    // In the order in which a run comes by: a call's body before what follows the call.
    struct Frame {
        BodyId body;
        size_t next = 0;
        bool perhaps = false;
    };
    std::set<BodyId> seen{root};
    std::vector<Frame> frames{{root}};
    while (!frames.empty()) {
        Frame& frame = frames.back();
        const Body& body = module.body(frame.body);
        if (frame.next == body.nodes.size()) {
            frames.pop_back();
            continue;
        }
        const NodeId node(frame.next++);
        const bool perhaps = frame.perhaps;
        const BodyId here = frame.body;
        ++told.nodes;
        told.called += here != root;
        if (const wire::ForecastNode* found = forecast.find(here, node)) {
            told.widened += found->fate == Fate::Widened;
            told.composed += found->fate == Fate::Composed;
            told.unsure += found->fate == Fate::Unsure;
            told.cannot += found->fate == Fate::Cannot;
            // What is sure to be reached comes before what may be.
            if (found->fate == Fate::Cannot && (!told.stops || (told.perhaps && !perhaps))) {
                told.stops = *found;
                told.perhaps = perhaps;
            }
        }
        const std::vector<BodyId> called = called_bodies(module, here, node);
        const bool branch = may_be_passed_over(short_target(module, body.node(node)));
        for (auto at = called.rbegin(); at != called.rend(); ++at)
            if (seen.insert(*at).second)
                frames.push_back({*at, 0, perhaps || branch});
    }
    return told;
}

Result<std::vector<Forecast>> forecast(const std::string& executor, const std::vector<std::string>& libraries,
    const Dump& dump, const std::vector<Place>& bodies, const Bindings& symbols, const Job& job) {
    std::vector<worker::AskedBody> asked;
    for (const Place& place : bodies) {
        const GraphModule& module = *dump.graph(place.graph).module;
        asked.push_back({&module, place.body, symbols});
        bind_default_symbols(module, place.body, symbol_hints(dump, place.graph), asked.back().symbols);
    }
    auto answer = worker::forecast(executor, libraries, asked, job);
    if (!answer)
        return answer.error();
    std::vector<Forecast> all;
    for (size_t i = 0; i < bodies.size(); ++i) {
        wire::ForecastGraph& told = answer->graphs[i];
        if (!told.problem.empty())
            return make_error(Error::Kind::External,
                address_of(dump, bodies[i].graph, bodies[i].body) + ": " + told.problem);
        all.push_back(
            {dump.graph(bodies[i].graph).module, executor, answer->libtorch, std::move(told.nodes)});
    }
    return all;
}

Result<Forecast> forecast(const Dump& dump, const Place& body, const std::vector<std::string>& libraries,
    const Bindings& symbols, const Job& job) {
    const auto choice = worker::choose_executor(*dump.graph(body.graph).module, body.body, libraries, job);
    if (!choice)
        return choice.error();
    auto all = forecast(choice->candidates[*choice->chosen].executor, libraries, dump, {body}, symbols, job);
    return all ? Result<Forecast>(std::move(all->front())) : Result<Forecast>(all.error());
}

std::string remedy(const wire::ForecastNode& node, std::string_view libtorch) {
    switch (node.obstacle) {
    case Obstacle::NoOperator:
    case Obstacle::NoKernel:
    case Obstacle::NoDtype:
        return older_than_pip(libtorch) ? "packaging/executor-pip.sh builds an executor with the libtorch of "
                                          "pip's PyTorch 2.13, which has more"
                                        : "";
    case Obstacle::Custom:
        return "load the shared library that registers it";
    case Obstacle::UserKernel:
        return "only the GPU that it was written for runs it";
    case Obstacle::None:
    case Obstacle::NotInDump:
    case Obstacle::Refused:
        break;
    }
    return {};
}

std::string text(const Forecast& forecast, const BodyForecast& body) {
    if (body.stops)
        return (body.perhaps ? "stops, if it gets there, at " : "stops at ")
            + place_text(forecast, *body.stops) + ": " + with_remedy(*body.stops, forecast.libtorch)
            + (body.cannot > 1 ? "; " + std::to_string(body.cannot - 1) + " more cannot be run" : "");
    std::string text = "runs to its end: " + counted(body.nodes - body.called, "node");
    if (body.called)
        text += " and " + std::to_string(body.called) + " in the bodies that it calls";
    if (body.widened)
        text += ", " + std::to_string(body.widened) + " in wider types";
    if (body.composed)
        text += ", " + std::to_string(body.composed) + " made of other operators";
    if (body.unsure)
        text += ", " + std::to_string(body.unsure) + " could not be tried";
    return text;
}

std::string text(const Forecast& forecast, const wire::ForecastNode& node) {
    switch (node.fate) {
    case Fate::Runs:
        return "runs";
    case Fate::Widened:
        return "runs, computed in float32 or with 64-bit indices and rounded: libtorch " + forecast.libtorch
            + " has no kernel for its dtypes";
    case Fate::Composed:
        return "runs, made of other operators: libtorch " + forecast.libtorch + " lacks it";
    case Fate::Unsure:
        return "may run; " + node.reason;
    case Fate::Cannot:
        return "cannot be run: " + with_remedy(node, forecast.libtorch);
    }
    return {};
}

} // namespace hopscope::run
