// hopscope joint: the joint graph of a forward body, derived on the executor.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/export/graph_json.h"
#include "core/export/save.h"
#include "core/graph/print.h"
#include "core/read/file.h"
#include "core/run/executor.h"
#include "core/run/inputs.h"
#include "core/run/joint.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    std::vector<std::string> paths;
    std::string address, inputs, output;
    long long seed = 0;
    int invocation = 0, variant = -1;
    std::vector<std::string> libraries;
    bool as_json = false;
};

Result<run::Inputs> inputs_of(
    const GraphModule& module, BodyId body, const Options& options, Bindings& symbols) {
    if (options.inputs.empty())
        return run::synthetic_inputs(module, body, static_cast<uint64_t>(options.seed), symbols);
    const auto file = read::map_file(options.inputs);
    if (!file)
        return file.error();
    const auto tensors = wire::TensorFile::read(file->bytes, file->owner);
    if (!tensors)
        return tensors.error();
    const std::vector<std::string> prefixes = run::call_prefixes(module, body);
    if (static_cast<size_t>(options.invocation) >= prefixes.size())
        return make_error(Error::Kind::Usage,
            "--invocation " + std::to_string(options.invocation) + ": the body is called "
                + counted(prefixes.size(), "time") + ", counted from 0");
    return run::recorded_inputs(
        module, body, tensors->below(prefixes[static_cast<size_t>(options.invocation)]), symbols);
}

ordered_json differences_json(const std::vector<run::OperatorDifference>& differences) {
    ordered_json list = ordered_json::array();
    for (const run::OperatorDifference& d : differences)
        list.push_back({{"operator", d.target}, {"recorded", d.recorded}, {"derived", d.derived},
            {"explained", !d.reason.empty()}, {"reason", d.reason}});
    return list;
}

void print_differences(const std::string& address, const std::vector<run::OperatorDifference>& differences) {
    std::fprintf(stderr, "against %s: %s\n", address.c_str(),
        differences.empty() ? "the same operators" : counted(differences.size(), "operator").c_str());
    for (const run::OperatorDifference& d : differences)
        std::fprintf(stderr, "  %s: %d recorded, %d derived%s\n", d.target.c_str(), d.recorded, d.derived,
            d.reason.empty() ? "" : (" (" + d.reason + ")").c_str());
}

struct Asked {
    Place place;
    std::vector<run::RecordedJoint> recorded; // at most one
    run::JointRequest request;
    run::Inputs inputs;
    Bindings symbols;
};

Result<Asked> prepare(const Dump& dump, const Options& options) {
    const auto place = resolve(dump, options.address);
    if (!place)
        return place.error();
    Asked asked;
    asked.place = {place->graph, place->body, {}};
    const GraphModule& module = *dump.graph(place->graph).module;
    auto inputs = inputs_of(module, place->body, options, asked.symbols);
    if (!inputs)
        return inputs.error();
    asked.inputs = std::move(*inputs);
    for (run::RecordedJoint& joint : run::recorded_joints(dump, asked.place))
        if (asked.recorded.empty() && (options.variant < 0 || joint.variant == options.variant))
            asked.recorded.push_back(std::move(joint));
    if (options.variant >= 0 && asked.recorded.empty())
        return make_error(Error::Kind::NotFound,
            "no recorded joint graph of '" + options.address + "' has the tangent variant "
                + std::to_string(options.variant));
    if (!asked.recorded.empty()) {
        const Place& like = asked.recorded[0].place;
        auto request = run::request_like(*dump.graph(like.graph).module, like.body,
            module.body(place->body).placeholder_count(), asked.symbols);
        if (!request)
            return request.error();
        asked.request = std::move(*request);
    } else {
        asked.request.outputs = run::own_outputs(dump, asked.place);
    }
    asked.request.seed = static_cast<uint64_t>(options.seed);
    return asked;
}

int show(Dump& dump, const Asked& asked, const run::DerivedJoint& joint, const run::Executor& executor,
    const Options& options) {
    const std::string forward = address_of(dump, asked.place.graph, asked.place.body);
    const GraphId id = run::add_to(dump, dump.graph(asked.place.graph).compilation, joint);
    std::vector<run::OperatorDifference> differences;
    std::string recorded;
    if (!asked.recorded.empty()) {
        const Place& place = asked.recorded[0].place;
        recorded = address_of(dump, place.graph, place.body);
        differences =
            run::compare_operators(*dump.graph(place.graph).module, place.body, *joint.module, BodyId(0));
    }
    std::string text;
    if (options.as_json) {
        const ordered_json graph = graph_json(dump, {id, BodyId(0), {}});
        ordered_json outputs = ordered_json::array();
        for (const run::DerivedJoint::Output& output : joint.outputs)
            outputs.push_back({{"kind", output.kind}, {"needs_gradient", output.needs_gradient}});
        const ordered_json document{{"address", graph["address"]}, {"stage", "joint (derived)"},
            {"of", forward}, {"executor", {{"libtorch", executor.facts()["libtorch"]}}},
            {"inputs", asked.inputs.synthetic ? "synthetic" : "recorded"},
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
    auto dump = open(options.paths);
    if (!dump)
        return fail(dump.error());
    const auto asked = prepare(*dump, options);
    if (!asked)
        return fail(asked.error());
    const auto programs = run::find_executors();
    if (!programs)
        return executor_failed(programs.error());
    run::StartOptions start;
    start.program = programs->front();
    start.libraries = options.libraries;
    const Job job = interruptible();
    const auto executor = run::Executor::start(start, job);
    if (!executor)
        return executor_failed(executor.error());
    const auto module = dump->graph(asked->place.graph).module;
    if (const auto loaded = (*executor)->load(module, asked->place.body, asked->symbols, job); !loaded)
        return executor_failed(loaded.error());
    if (const Status status = (*executor)->bind(asked->inputs.values, "inputs", job); !status)
        return executor_failed(status.error());
    const auto joint = run::derive_joint(**executor, *module, asked->place.body, asked->request, job);
    if (!joint)
        return executor_failed(joint.error());
    return show(*dump, *asked, *joint, **executor, options);
}

} // namespace

void add_joint(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("joint", "Derive the joint graph of a forward body");
    static Options options;
    add_dumps(*command, options.paths);
    command->add_option("--at", options.address, "Which forward body: [rRANK/]COMPILE:STAGE[#K][:BODY]")
        ->required();
    auto* seed =
        command->add_option("--seed", options.seed, "Derive it on synthetic inputs from this seed (0)")
            ->check(CLI::NonNegativeNumber);
    command->add_option("--inputs", options.inputs, "Derive it on these recorded inputs: .safetensors")
        ->excludes(seed);
    command
        ->add_option(
            "--invocation", options.invocation, "Which call of a region's body, from 0: its recorded values")
        ->check(CLI::NonNegativeNumber);
    command
        ->add_option("--variant", options.variant,
            "With the tangents of which recorded backward body: the N of bw_…_N (the first)")
        ->check(CLI::NonNegativeNumber);
    command->add_option("-o,--output", options.output, "Write the graph to this file");
    command->add_option(
        "--load-library", options.libraries, "A shared library that registers custom operators");
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return derive(options); }; });
}

} // namespace hopscope::cli
