// hopscope joint: the joint graph of a forward body, derived on the executor.
#include "app/cli/run_options.h"

#include "core/base/text.h"
#include "core/export/graph_json.h"
#include "core/base/save.h"
#include "core/graph/print.h"
#include "core/proof/joint.h"

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

struct Asked {
    run::Prepared prepared;
    std::optional<proof::RecordedJoint> recorded;
    proof::JointRequest joint;
};

// Inputs that the user says need no gradient.
Status leave_out(const std::vector<std::string>& names, const GraphModule& module, BodyId id,
    proof::JointRequest& request) {
    const Body& body = module.body(id);
    if (!names.empty())
        request.requires_grad.resize(body.placeholder_count(), true);
    for (const std::string& name : names) {
        const NodeId node = find_node(module, body, name);
        if (!node || node.index >= body.placeholder_count())
            return make_error(
                Error::Kind::NotFound, "--no-gradient " + name + ": the body has no such placeholder");
        request.requires_grad[node.index] = false;
    }
    return {};
}

Result<Asked> prepare(const Dump& dump, const run::Request& request, const Options& options) {
    auto prepared = run::prepare(dump, request);
    if (!prepared)
        return prepared.error();
    Asked asked;
    asked.prepared = std::move(*prepared);
    const Place& place = asked.prepared.place;
    auto plan = proof::plan_joint(dump, place, asked.prepared.symbols, options.variant, options.outputs);
    if (!plan)
        return plan.error();
    asked.recorded = std::move(plan->recorded);
    asked.joint = std::move(plan->request);
    if (const Status status = leave_out(options.without, *asked.prepared.module, place.body, asked.joint);
        !status)
        return status.error();
    asked.joint.seed = options.run.random_seed();
    return asked;
}

int show(Dump& dump, const Asked& asked, const proof::DerivedJoint& joint, const worker::Worker& executor,
    const Options& options) {
    const GraphId id = proof::add_to(dump, dump.graph(asked.prepared.place.graph).compilation, joint);
    std::vector<proof::OperatorDifference> differences;
    std::string recorded;
    if (asked.recorded) {
        const Place& place = asked.recorded->place;
        recorded = address_of(dump, place.graph, place.body);
        differences =
            proof::compare_operators(*dump.graph(place.graph).module, place.body, *joint.module, BodyId(0));
    }
    std::string text;
    if (options.as_json) {
        const ordered_json graph = graph_json(dump, {id, BodyId(0), {}});
        ordered_json outputs = ordered_json::array();
        for (const proof::DerivedJoint::Output& output : joint.outputs)
            outputs.push_back({{"kind", output.kind}, {"needs_gradient", output.needs_gradient}});
        const ordered_json document{{"address", graph["address"]}, {"stage", "joint (derived)"},
            {"of", asked.prepared.address}, {"executor", {{"libtorch", executor.facts()["libtorch"]}}},
            {"inputs", asked.prepared.inputs.synthetic ? "synthetic" : "recorded"},
            {"requires_grad", joint.requires_grad}, {"outputs", outputs},
            {"recorded", recorded.empty() ? ordered_json() : ordered_json(recorded)},
            {"differences", differences_json(differences)}, {"nodes", graph["nodes"]}};
        text = document.dump(1) + '\n';
    } else {
        text = utf8(print_readable(*joint.module, BodyId(0)));
    }
    if (!options.output.empty()) {
        if (const Status status = save_file(options.output, text); !status)
            return fail(status.error());
    } else {
        std::fwrite(text.data(), 1, text.size(), stdout);
    }
    if (!options.as_json && !recorded.empty())
        print_differences(recorded, differences);
    return kDone;
}

int derive(const Options& options) {
    auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    run::Request request = options.run.request();
    if (request.inputs.empty() && !request.seed)
        request.seed = 0; // the graph hardly ever depends on the values
    const auto asked = prepare(*dump, request, options);
    if (!asked)
        return fail(asked.error());
    const Job job = interruptible();
    const auto started = run::start(asked->prepared, request, job);
    if (!started)
        return executor_failed(started.error());
    const auto joint = proof::derive_joint(
        *started->executor, *asked->prepared.module, asked->prepared.body, asked->joint, job);
    if (!joint)
        return executor_failed(joint.error());
    return show(*dump, *asked, *joint, *started->executor, options);
}

} // namespace

void add_joint(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("joint", "Derive the joint graph of a forward body");
    static Options options;
    add_run_options(*command, options.run);
    command
        ->add_option("--variant", options.variant,
            "With the tangents of which recorded backward body: the N of bw_…_N (the first)")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--no-gradient", options.without,
        "Inputs that need no gradient (as recorded, else floating ones need one)");
    command->add_option("-o,--output", options.output, "Write the graph to this file");
    command->add_option("--outputs", options.outputs,
        "How many of the body's results are its own; the others are saved values");
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return derive(options); }; });
}

} // namespace hopscope::cli
