// hopscope joint: the joint graph of a forward body, derived on the executor.
#include "app/cli/run_options.h"

#include "core/base/printable.h"
#include "core/base/save.h"
#include "core/base/spare.h"
#include "core/base/text.h"
#include "core/export/graph_json.h"
#include "core/graph/print.h"
#include "core/proof/derive.h"

#include <cstdio>
#include <optional>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    RunOptions run;
    std::string output;
    std::optional<int> variant;
    std::optional<size_t> outputs;
    std::vector<std::string> without;
    bool as_json = false;
};

ordered_json differences_json(const std::vector<proof::OperatorDifference>& differences) {
    ordered_json list = ordered_json::array();
    for (const proof::OperatorDifference& d : differences)
        list.push_back({{"operator", d.target}, {"recorded", d.recorded}, {"derived", d.derived},
            {"explained", !d.reason.empty()}, {"reason", d.reason}});
    return list;
}

void print_differences(
    const std::string& address, const std::vector<proof::OperatorDifference>& differences) {
    std::fprintf(stderr, "against %s: %s\n", address.c_str(),
        differences.empty() ? "the same operators" : counted(differences.size(), "operator").c_str());
    for (const proof::OperatorDifference& d : differences)
        std::fprintf(stderr, "  %s: %d recorded, %d derived%s\n", d.target.c_str(), d.recorded, d.derived,
            d.reason.empty() ? "" : (" (" + d.reason + ")").c_str());
}

ordered_json report_of(
    const Dump& dump, GraphId id, const proof::Derived& derived, const std::string& recorded) {
    const ordered_json graph = graph_json(dump, {id, BodyId(0), {}});
    ordered_json outputs = ordered_json::array();
    for (const wire::JointOutput& output : derived.joint.outputs)
        outputs.push_back({{"kind", output.kind}, {"needs_gradient", output.needs_gradient}});
    return {{"address", graph["address"]}, {"stage", "joint (derived)"}, {"of", derived.address},
        {"executor", {{"libtorch", derived.libtorch}}},
        {"inputs", derived.synthetic ? "synthetic" : "recorded"},
        {"requires_grad", derived.joint.requires_grad}, {"outputs", outputs},
        {"recorded", recorded.empty() ? ordered_json() : ordered_json(recorded)},
        {"differences", differences_json(derived.differences)}, {"nodes", graph["nodes"]}};
}

int show(Dump& dump, const Place& forward, const proof::Derived& derived, const Options& options) {
    if (!derived.note.empty())
        std::fprintf(stderr, "note: %s\n", derived.note.c_str());
    const GraphId id = proof::add_to(dump, dump.graph(forward.graph).compilation, derived.joint);
    std::string recorded;
    if (derived.recorded)
        recorded = address_of(dump, derived.recorded->place.graph, derived.recorded->place.body);
    const std::string text = options.as_json
        ? printable_json(report_of(dump, id, derived, recorded).dump(1)) + '\n'
        : utf8(print_readable(*derived.joint.module, BodyId(0)));
    if (!options.output.empty()) {
        if (const Status status = save_file(options.output, text); !status)
            return fail(status.error());
    } else {
        std::fwrite(text.data(), 1, text.size(), stdout);
    }
    if (!options.as_json && !recorded.empty())
        print_differences(recorded, derived.differences);
    return kDone;
}

int derive(const Options& options) {
    std::vector<std::string> inputs = options.run.paths;
    inputs.push_back(options.run.request().inputs);
    if (const Status status = spares(inputs, options.output); !status)
        return fail(status.error());
    auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    const auto forward = run::place_of(*dump, options.run.address);
    if (!forward)
        return fail(forward.error());
    const auto derived = proof::derive(*dump, *forward,
        {options.run.request(), options.variant, options.outputs, options.without}, interruptible());
    return derived ? show(*dump, *forward, *derived, options) : failed(derived.error());
}

} // namespace

void add_joint(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("joint", "Derive the joint graph of a forward body");
    static Options options;
    add_run_options(*command, options.run);
    command
        ->add_option("--variant", options.variant,
            "With the tangents of which recorded backward body: the N of bw_…_N (the first)")
        ->check(whole_from(0));
    command->add_option("--no-gradient", options.without,
        "Inputs that need no gradient (as recorded, else floating ones need one)");
    command->add_option("-o,--output", options.output, "Write the graph to this file");
    command
        ->add_option("--outputs", options.outputs,
            "How many of the body's results are its own; the others are saved values")
        ->check(whole_from(1));
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return derive(options); }; });
}

} // namespace hopscope::cli
