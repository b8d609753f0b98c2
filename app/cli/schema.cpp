// hopscope schema: a region call's schema as PyTorch's gen_schema writes it.
#include "app/cli/run_options.h"

#include "core/proof/schema.h"
#include "core/regions/outputs.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    RunOptions run;
    bool as_json = false;
};

template <class Index> ordered_json index_or_null(const std::optional<Index>& index) {
    return index ? ordered_json(*index) : ordered_json();
}
ordered_json index_or_null(std::optional<size_t> index) {
    return index ? ordered_json(*index) : ordered_json();
}

ordered_json report_of(
    const std::string& address, const proof::CallSchema& schema, const std::vector<RegionOutput>& outputs) {
    ordered_json arguments = ordered_json::array(), returns = ordered_json::array(), kinds = returns;
    for (const proof::SchemaArgument& a : schema.arguments)
        arguments.push_back({{"name", a.name}, {"type", a.type}, {"operand", a.operand},
            {"mutated", a.mutated}, {"changed", a.changed}});
    for (const proof::SchemaReturn& r : schema.returns)
        returns.push_back({{"type", r.type}, {"aliases_argument", index_or_null(r.aliases_argument)},
            {"aliases_return", index_or_null(r.aliases_return)}});
    for (const RegionOutput& o : outputs)
        kinds.push_back({{"kind", output_kind_name(o.kind)},
            {"needs_gradient", o.needs_gradient ? ordered_json(*o.needs_gradient) : ordered_json()},
            {"tangent", index_or_null(o.tangent)}, {"saved", o.saved}});
    ordered_json report{{"address", address},
        {"executor", {{"libtorch", schema.libtorch}, {"threads", schema.threads}}},
        {"inputs", schema.synthetic ? "synthetic" : "recorded"}, {"schema", schema.text},
        {"identifier", schema.identifier.empty() ? ordered_json() : ordered_json(schema.identifier)},
        {"arguments", arguments}, {"returns", returns}, {"outputs", kinds},
        {"stopped", schema.stopped.empty() ? ordered_json() : ordered_json(schema.stopped)}};
    return report;
}

int schema(const Options& options) {
    const auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    const auto place = resolve(*dump, std::string_view(options.run.address));
    if (!place)
        return fail(place.error());
    const auto found = proof::call_schema(*dump, *place, options.run.request(), interruptible());
    if (!found)
        return failed(found.error());
    if (options.as_json)
        print_json(report_of(address_of(*dump, place->graph, place->body, place->node), *found,
            region_outputs(*dump, build_ledger(*dump), *place)));
    else
        std::printf("%s\n", found->text.c_str());
    if (!found->stopped.empty())
        std::fprintf(stderr, "note: the body stops at %s; its returns are told by the dump's types\n",
            found->stopped.c_str());
    return kDone;
}

} // namespace

void add_schema(CLI::App& app, Action& action) {
    auto* command =
        app.add_subcommand("schema", "The schema of a region call, with the operands that it mutates");
    static Options options;
    add_run_options(*command, options.run);
    command->get_option("--at")->required()->description("Which call: [rRANK/]COMPILE:STAGE[#K][:BODY]@NODE");
    command->add_flag("--json", options.as_json, "Print one JSON document, with aliases and gradients");
    command->callback([&action] { action = [] { return schema(options); }; });
}

} // namespace hopscope::cli
