// hopscope prove: whether a region's forward and backward bodies, its recorded joint graph and the one that
// is derived from its forward are the same computation.
#include "app/cli/run_options.h"

#include "core/proof/proof_text.h"
#include "core/regions/ledger.h"
#include "core/run/input_files.h"
#include "core/wire/numbers.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    std::vector<std::string> paths, bind, inputs;
    proof::ProveOptions prove;
    bool as_json = false;
};

ordered_json address_json(const Dump& dump, const Place& place) {
    return place.graph ? ordered_json(address_of(dump, place.graph, place.body)) : ordered_json();
}
ordered_json error_json(std::optional<double> error) {
    if (!error)
        return nullptr;
    return wire::json_number<ordered_json>(*error);
}

ordered_json proof_json(const Dump& dump, const proof::Proof& proof) {
    ordered_json outputs = ordered_json::array(), operators = ordered_json::array();
    for (const proof::ProvenOutput& o : proof.outputs)
        outputs.push_back(
            {{"name", o.name}, {"equal", o.equal}, {"none", o.none && (o.halves_error || o.derived_error)},
                {"halves_error", error_json(o.halves_error)}, {"derived_error", error_json(o.derived_error)},
                {"problem", o.problem}});
    for (const proof::OperatorDifference& d : proof.operators)
        operators.push_back({{"operator", d.target}, {"recorded", d.recorded}, {"derived", d.derived},
            {"explained", !d.reason.empty()}, {"reason", d.reason}});
    return {{"identifier", proof.region},
        {"variant", proof.variant ? ordered_json(*proof.variant) : ordered_json()},
        {"invocation", proof.invocation}, {"forward", address_json(dump, proof.forward)},
        {"backward", address_json(dump, proof.backward)}, {"joint", address_json(dump, proof.joint)},
        {"derived_from", address_json(dump, proof.derived_from)}, {"reference", proof.reference},
        {"equal", proof.equal}, {"compared", proof.compared}, {"trials", proof.trials},
        {"on_recorded", proof.on_recorded}, {"left_out", proof.left_out}, {"problem", proof.problem},
        {"outputs", outputs}, {"operators", operators}};
}

int prove(const Options& options) {
    const auto dump = open(options.paths);
    if (!dump)
        return fail(dump.error());
    auto symbols = run::bindings_of(options.bind);
    if (!symbols)
        return fail(symbols.error());
    proof::ProveOptions wanted = options.prove;
    wanted.symbols = std::move(*symbols);
    for (const std::string& path : options.inputs) {
        auto file = run::read_tensors(path);
        if (!file)
            return fail(file.error());
        wanted.recorded.push_back(std::move(*file));
    }
    const auto proofs = proof::prove(*dump, build_ledger(*dump), wanted, interruptible());
    if (!proofs)
        return failed(proofs.error());
    ordered_json list = ordered_json::array();
    for (const proof::Proof& proof : proofs->all)
        if (options.as_json)
            list.push_back(proof_json(*dump, proof));
        else
            std::fputs(proof::proof_text(*dump, proof, !options.inputs.empty()).c_str(), stdout);
    if (options.as_json)
        print_json({{"executor", {{"libtorch", proofs->libtorch}}},
            {"inputs", options.inputs.empty() ? "synthetic" : "synthetic and recorded"},
            {"seeds", options.prove.seeds}, {"equal", proofs->equal()}, {"proofs", list}});
    // Values were given, and no proof could use them: what was asked for was not done.
    const bool unused = !options.inputs.empty()
        && std::none_of(proofs->all.begin(), proofs->all.end(),
            [](const proof::Proof& proof) { return proof.on_recorded; });
    return proofs->equal() && !unused ? kDone : proofs->different() || unused ? kDiffers : kExecutorFailed;
}

} // namespace

void add_prove(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand(
        "prove", "Compare a region's forward and backward bodies, recorded joint and derived joint");
    static Options options;
    add_dumps(*command, options.paths);
    command->add_option("--region", options.prove.region, "Only this one: its identifier or function");
    command->add_option("--inputs", options.inputs,
        "Recorded values (.safetensors, a forward's and a backward's): rerun an invocation on them, as "
        "autograd does");
    command
        ->add_option("--invocation", options.prove.invocation, "Which one (the first that uses the bodies)")
        ->check(whole_from(0));
    command->add_option("--seeds", options.prove.seeds, "So many sets of synthetic inputs (3)")
        ->check(CLI::Range(1, 1000));
    command->add_option("--bind", options.bind, "A symbol's value: s77=8");
    command->add_option(
        "--load-library", options.prove.libraries, "A shared library that registers custom operators");
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return prove(options); }; });
}

} // namespace hopscope::cli
