// hopscope run: a body on the executor.
#include "app/cli/run_options.h"

#include "core/base/save.h"
#include "core/base/spare.h"
#include "core/base/text.h"
#include "core/export/comparison_json.h"
#include "core/run/default_symbols.h"
#include "core/run/forecast.h"
#include "core/run/store.h"
#include "core/session/session.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    RunOptions run;
    std::string save, compare;
    int repeat = 1;
    bool check = false, alone = false, whole = false, strict = false, store = false, store_tensors = false,
         as_json = false;
};

ordered_json unsupported_json(const wire::LoadAnswer& loaded) {
    ordered_json list = ordered_json::array();
    for (const wire::Unsupported& u : loaded.unsupported)
        list.push_back({{"body", u.body}, {"node", u.node}, {"reason", u.reason}, {"target", u.target}});
    return list;
}

ordered_json report_of(const run::Prepared& p, const run::Started& started, const run::RunResult& result) {
    const wire::RunAnswer& ran = result.ran;
    const wire::InitializeAnswer& facts = started.worker->facts();
    ordered_json report{{"address", p.address},
        {"executor",
            {{"libtorch", facts.libtorch}, {"threads", facts.threads}, {"program", started.executor}}},
        {"inputs", p.inputs.synthetic ? "synthetic" : "recorded"}, {"inputs_told", p.inputs_told},
        {"nodes", ran.nodes}, {"run", ran.run}, {"widened", ran.widened}, {"moved", started.loaded.moved},
        {"unsupported", unsupported_json(started.loaded)}, {"compared", 0}, {"mismatched", 0},
        {"first_mismatch", nullptr}, {"max_abs_error", nullptr}, {"max_rel_error", nullptr},
        {"wall_ms", ran.wall_ms}, {"best_ms", ran.best_ms},
        {"per_node_us", ran.run ? ran.wall_ms * 1000 / static_cast<double>(ran.run) : 0}};
    if (const auto& c = result.comparison) {
        const ordered_json told = comparison_json(c->against, c->basis, *c);
        report["compared"] = c->compared;
        report["basis"] = told["basis"];
        report["unrecorded"] = c->unrecorded; // nodes of which the file has nothing
        report["mismatched"] = c->mismatched;
        report["first_mismatch"] = told["first_mismatch"];
        if (c->first)
            report["first_mismatch"]["name"] = c->values[*c->first].path;
        for (const char* key : {"max_abs_error", "max_rel_error", "max_ulp_error"})
            report[key] = told[key];
        if (!c->random.empty())
            report["random"] = c->random;
        report["strict"] = c->strict;
        report["node_by_node"] = told["node_by_node"];
        report["verdicts"] = told["verdicts"];
        report["first_suspicious"] = c->strict ? ordered_json() : report["first_mismatch"];
        report["values"] = told["values"];
    }
    if (!p.symbols.empty()) {
        report["symbols"] = p.symbols;
        report["defaulted"] = p.defaulted;
    }
    if (!p.inputs.rules.empty()) {
        report["made"] = ordered_json::object();
        for (const run::MadeInput& made : p.inputs.rules)
            report["made"][made.name] = made.rule;
    }
    if (!started.notes.empty())
        report["notes"] = started.notes;
    if (ran.failure)
        report["failure"] = failure_json(*ran.failure);
    return report;
}

void print_comparison(const run::RunComparison& c) {
    print_verdicts(c);
    int shown = 0;
    for (const run::ComparedValue& v : c.values)
        if (!v.equal && shown++ < 10)
            print_value(v, c.strict);
    if (c.mismatched > 10)
        std::printf("  and %llu more\n", static_cast<unsigned long long>(c.mismatched - 10));
}

void print_report(const run::Prepared& p, const run::Started& started, const run::RunResult& result) {
    const wire::RunAnswer& ran = result.ran;
    std::printf("%s on libtorch %s, %s\n", p.address.c_str(), started.worker->facts().libtorch.c_str(),
        p.inputs_told.c_str());
    if (!p.inputs.rules.empty())
        std::printf("  made: %s\n", run::rules_in_words(p.inputs.rules).c_str());
    for (const std::string& note : p.notes)
        std::printf("  %s\n", utf8(note).c_str());
    for (const std::string& note : started.notes)
        std::printf("  %s\n", utf8(note).c_str());
    if (!p.symbols.empty())
        std::printf("  %s\n", run::in_words(p.symbols, p.inputs.defaults).c_str());
    // A step is a node that is run once: those of a body are steps of each of its calls.
    std::printf("  %llu of %llu steps run in %s, %.2f µs a step\n", static_cast<unsigned long long>(ran.run),
        static_cast<unsigned long long>(ran.nodes), format_milliseconds(ran.wall_ms).c_str(),
        ran.run ? ran.wall_ms * 1000 / static_cast<double>(ran.run) : 0);
    if (started.loaded.moved)
        std::printf("  the graph names another device; it runs on the CPU\n");
    if (ran.widened)
        std::printf("  %s computed in float32 or with 64-bit indices, then rounded: this libtorch has no "
                    "kernel for %s "
                    "dtypes\n",
            counted(ran.widened, "operator").c_str(), ran.widened == 1 ? "its" : "their");
    if (result.comparison)
        print_comparison(*result.comparison);
}

// Into the session that the dump came from.
Status store(const run::KeptRun& kept, const Options& options, const Job& job) {
    auto session = Session::open(options.run.paths.front(), OpenMode::Write);
    if (!session)
        return session.error();
    const auto dump = (*session)->load(job);
    if (!dump)
        return dump.error();
    const auto id = (*session)->add_run(*dump, kept.run, kept.values);
    if (!id)
        return id.error();
    std::fprintf(stderr, "saved run %lld\n", static_cast<long long>(*id));
    return {};
}

// What was to be kept of a run that is broken off.
std::string lost(const Options& options) {
    std::string text;
    if (!options.save.empty())
        text = "nothing was written to " + options.save;
    if (options.store)
        text +=
            (text.empty() ? "" : ", and ") + std::string("no run was kept in ") + options.run.paths.front();
    return text;
}

int broken_off(Error error, const Options& options) {
    if (const std::string text = lost(options); error.kind == Error::Kind::Cancelled && !text.empty())
        error.message += "; " + text;
    return executor_failed(error);
}

// Whether it would run, without running it.
int check(const Options& options) {
    const auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    const run::Request request = options.run.request();
    const auto place = run::place_of(*dump, request.address);
    if (!place)
        return fail(place.error());
    auto symbols = run::bindings_of(request.bind);
    if (!symbols)
        return fail(symbols.error());
    const GraphModule& module = *dump->graph(place->graph).module;
    const auto told = run::forecast(*dump, *place, request.libraries, *symbols, interruptible());
    if (!told)
        return executor_failed(told.error());
    const run::BodyForecast body = run::of_body(*told, place->body);
    if (options.as_json) {
        ordered_json report = forecast_json(*dump, *place, *told, body);
        report["executor"] = {{"libtorch", told->libtorch}, {"program", told->executor}};
        report["each"] = ordered_json::array();
        for (const wire::ForecastNode& node : told->nodes)
            report["each"].push_back({{"body", body_path(module, node.body)},
                {"node", std::string(module.text(module.body(node.body).node(node.node).name))},
                {"fate", wire::name_of(node.fate)}, {"obstacle", wire::name_of(node.obstacle)},
                {"reason", node.reason}});
        print_json(report);
    } else {
        std::printf("%s on libtorch %s %s\n", address_of(*dump, place->graph, place->body).c_str(),
            told->libtorch.c_str(), utf8(run::text(*told, body)).c_str());
    }
    return body.runs() ? kDone : kDiffers;
}

int run(const Options& options) {
    if (options.check)
        return check(options);
    if (options.store && (options.run.paths.size() != 1 || !is_session_file(options.run.paths.front())))
        return fail(make_error(Error::Kind::Usage, "--store needs a session: hopscope import makes one"));
    run::Request request = options.run.request();
    request.reference = options.compare;
    std::vector<std::string> inputs = options.run.paths;
    inputs.insert(inputs.end(), {request.inputs, request.reference});
    for (const Status& status : {spares(inputs, options.save), names_safetensors(options.save)})
        if (!status)
            return fail(status.error());
    say_when_ended(lost(options));
    const auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    show_progress("making inputs");
    const auto prepared = run::prepare(*dump, request);
    if (!prepared)
        return fail(prepared.error());
    const Job job = interruptible();
    const auto started = run::start(*prepared, request, job);
    if (!started)
        return broken_off(started.error(), options);
    worker::Worker& worker = *started->worker;
    run::ExecuteOptions how;
    how.seed = options.run.random_seed();
    how.repeat = options.repeat;
    how.keep = !options.save.empty() || options.store;
    if (!options.compare.empty()) {
        how.compare.emplace();
        if (options.alone || options.whole)
            how.compare->alone = options.alone;
        how.compare->strict = options.strict;
        how.compare->seed = how.seed;
    }
    const auto result = run::execute(worker, *prepared, how, job);
    if (!result)
        return broken_off(result.error(), options);
    if (!options.save.empty() && !result->failure()) {
        const auto bytes = worker.save({}, job);
        if (!bytes)
            return broken_off(bytes.error(), options);
        if (const Status status = save_file(options.save, *bytes); !status)
            return fail(status.error());
    }
    if (options.store) {
        const auto kept = run::kept_run(worker, *prepared, request, *result, options.store_tensors, job);
        if (!kept)
            return broken_off(kept.error(), options);
        if (const Status status = store(*kept, options, job); !status)
            return failed(status.error());
    }
    say_when_ended({});
    if (options.as_json)
        print_json(report_of(*prepared, *started, *result));
    else
        print_report(*prepared, *started, *result);
    if (result->failure()) {
        Error error = make_error(Error::Kind::External, result->failure()->text());
        // What would help is known to the forecast.
        if (const auto told = run::forecast(
                started->executor, request.libraries, *dump, {prepared->place}, prepared->symbols, job);
            told && result->failure()->unsupported)
            if (const auto stops = run::of_body(told->front(), prepared->body).stops)
                if (const std::string helps = run::remedy(*stops, told->front().libtorch); !helps.empty())
                    error.message += "; " + helps;
        return executor_failed(error);
    }
    return result->comparison && !result->comparison->holds() ? kDiffers : kDone;
}

} // namespace

void add_run(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("run", "Run a body on the CPU with PyTorch's own kernels");
    static Options options;
    add_run_options(*command, options.run);
    command->add_flag("--check", options.check,
        "Only tell whether the body will run to its end on this executor, else where it stops, why and what "
        "may "
        "help");
    command->add_option("--save", options.save, "Write all values of all nodes to this .safetensors file")
        ->check([](const std::string& path) {
            return path.empty() ? "expected a file, found an empty name" : std::string();
        });
    command->add_option(
        "--compare", options.compare, "Compare all nodes with the values of this .safetensors file");
    auto* alone = command->add_flag("--alone", options.alone,
        "With --compare: give each node the recorded values of its inputs, so that only what is wrong itself "
        "differs (the default, but with --strict)");
    command->add_flag("--whole", options.whole, "With --compare: let the body run on its own values")
        ->excludes(alone);
    command->add_flag("--strict", options.strict,
        "With --compare: by fixed tolerances and with strides, not by the noise floor");
    command->add_option("--repeat", options.repeat, "Run so often and tell the median time")
        ->check(CLI::Range(1, 1000000));
    command->add_flag(
        "--store", options.store, "Keep the run and its figures in the session that is given as DUMP");
    command->add_flag(
        "--store-tensors", options.store_tensors, "With --store: the elements of all values too");
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return run(options); }; });
}

} // namespace hopscope::cli
