// hopscope run: a body on the executor.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/export/save.h"
#include "core/graph/dump.h"
#include "core/read/file.h"
#include "core/run/executor.h"
#include "core/run/inputs.h"
#include "core/run/npy.h"

#include <charconv>
#include <cstdio>
#include <filesystem>

namespace hopscope::cli {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Options {
    std::vector<std::string> paths;
    std::string address;
    int invocation = -1;
    long long seed = -1;
    std::string inputs, save, compare;
    int repeat = 1;
    std::vector<std::string> bind, libraries;
    bool alone = false, as_json = false;
};

// The body that is meant: named, or the only graph of the dump.
Result<Place> place_of(const Dump& dump, const std::string& address) {
    if (!address.empty())
        return resolve(dump, address);
    if (dump.graphs.size() == 1)
        return Place{GraphId(0), BodyId(0), {}};
    std::string some;
    for (size_t i = 0; i < dump.graphs.size() && i < 5; ++i)
        some += (i ? ", " : "") + address_of(dump, GraphId(i));
    return make_error(Error::Kind::Usage,
        "the dump has " + counted(dump.graphs.size(), "graph") + "; name one with --at"
            + (some.empty() ? "" : " (" + some + (dump.graphs.size() > 5 ? ", …)" : ")")));
}

Result<Bindings> bindings_of(const std::vector<std::string>& words) {
    Bindings bindings;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        int64_t value = 0;
        const char* end = word.data() + word.size();
        if (equals == std::string::npos || !is_identifier(word.substr(0, equals))
            || std::from_chars(word.data() + equals + 1, end, value).ptr != end || equals + 1 == word.size())
            return make_error(Error::Kind::Usage, "--bind " + word + ": expected SYMBOL=NUMBER, as in s77=8");
        bindings[word.substr(0, equals)] = value;
    }
    return bindings;
}

Result<wire::TensorFile> read_tensors(const std::string& path) {
    const auto file = read::map_file(path);
    if (!file)
        return file.error();
    auto tensors = wire::TensorFile::read(file->bytes, file->owner);
    if (tensors)
        return tensors;
    Error error = tensors.error();
    error.file = path;
    return error;
}

// A folder with NAME.npy for each placeholder, or one .npy for a body with one placeholder.
Result<run::Inputs> npy_inputs(
    const std::string& path, const GraphModule& module, BodyId body, Bindings& symbols) {
    auto storage = std::make_shared<std::deque<std::string>>();
    std::vector<wire::Value> values;
    const bool folder = std::filesystem::is_directory(path);
    const size_t count = module.body(body).placeholder_count();
    if (!folder && count != 1)
        return make_error(Error::Kind::Usage,
            path + " holds one array; the body has " + counted(count, "placeholder")
                + ": give a folder with a NAME.npy for each, or a .safetensors file");
    for (size_t i = 0; i < count; ++i) {
        const std::string name(module.text(module.body(body).nodes[i].name));
        const std::string file = folder ? (std::filesystem::path(path) / (name + ".npy")).string() : path;
        const auto bytes = read::map_file(file);
        if (!bytes)
            return bytes.error();
        storage->emplace_back();
        auto value = run::read_npy(bytes->bytes, name, storage->back());
        if (!value) {
            Error error = value.error();
            error.file = file;
            return error;
        }
        values.push_back(std::move(*value));
    }
    const auto file = std::make_shared<std::string>(wire::write_tensor_file(values));
    auto tensors = wire::TensorFile::read(*file, file);
    if (!tensors)
        return tensors.error();
    return run::recorded_inputs(module, body, *tensors, symbols);
}

// Which call of a region's body the keys of recordings are taken from.
Result<std::string> prefix_of(const GraphModule& module, BodyId body, int invocation) {
    const std::vector<std::string> prefixes = run::call_prefixes(module, body);
    const size_t index = invocation < 0 ? 0 : static_cast<size_t>(invocation);
    if (index < prefixes.size())
        return prefixes[index];
    return make_error(Error::Kind::Usage,
        prefixes.empty() ? "no region call of this body is in the graph, so that no invocation can be chosen"
                         : "--invocation " + std::to_string(index) + ": the body is called "
                + counted(prefixes.size(), "time") + ", counted from 0");
}

// Everything that a run needs, made before the executor is started.
struct Prepared {
    std::string address;
    std::shared_ptr<const GraphModule> module;
    BodyId body;
    Bindings symbols;
    run::Inputs inputs;
    std::vector<wire::Value> reference;
    wire::TensorFile reference_file;
};

Result<Prepared> prepare(const Dump& dump, const Options& options) {
    Prepared p;
    const auto place = place_of(dump, options.address);
    if (!place)
        return place.error();
    p.address = address_of(dump, place->graph, place->body);
    p.module = dump.graph(place->graph).module;
    p.body = place->body;
    auto symbols = bindings_of(options.bind);
    if (!symbols)
        return symbols.error();
    p.symbols = std::move(*symbols);
    std::string prefix;
    if (p.body != BodyId(0) || options.invocation >= 0) {
        auto found = prefix_of(*p.module, p.body, options.invocation);
        // Synthetic inputs need no call.
        if (!found && (options.invocation >= 0 || !options.inputs.empty()))
            return found.error();
        prefix = found ? *found : "";
    }
    const auto inputs = [&]() -> Result<run::Inputs> {
        if (options.inputs.empty())
            return run::synthetic_inputs(*p.module, p.body, static_cast<uint64_t>(options.seed), p.symbols);
        std::error_code error;
        if (std::filesystem::is_directory(options.inputs, error) || options.inputs.ends_with(".npy"))
            return npy_inputs(options.inputs, *p.module, p.body, p.symbols);
        const auto file = read_tensors(options.inputs);
        if (!file)
            return file.error();
        return run::recorded_inputs(*p.module, p.body, file->below(prefix), p.symbols);
    };
    auto made = inputs();
    if (!made)
        return made.error();
    p.inputs = std::move(*made);
    if (!options.compare.empty()) {
        auto file = read_tensors(options.compare);
        if (!file)
            return file.error();
        p.reference_file = file->below(prefix);
        p.reference = p.reference_file.values();
    }
    return p;
}

ordered_json report_of(
    const Prepared& p, const run::Executor& executor, const json& loaded, const json& answer, bool compared) {
    json unsupported = json::array();
    for (const json& entry : loaded["unsupported"])
        unsupported.push_back(entry);
    const double wall = answer.value("wall_ms", 0.0);
    const uint64_t run = answer.value("run", uint64_t{0});
    ordered_json report{{"address", p.address},
        {"executor", {{"libtorch", executor.facts()["libtorch"]}, {"threads", executor.facts()["threads"]}}},
        {"inputs", p.inputs.synthetic ? "synthetic" : "recorded"}, {"nodes", answer["nodes"]}, {"run", run},
        {"unsupported", unsupported}, {"compared", compared ? answer["compared"] : json(0)},
        {"mismatched", compared ? answer["mismatched"] : json(0)},
        {"first_mismatch", compared ? answer["first_mismatch"] : json()},
        {"max_abs_error", compared ? answer["max_abs_error"] : json()},
        {"max_rel_error", compared ? answer["max_rel_error"] : json()}, {"wall_ms", wall},
        {"per_node_us", run ? wall * 1000 / static_cast<double>(run) : 0}};
    if (compared && !answer["random"].empty())
        report["random"] = answer["random"];
    if (answer.contains("failure"))
        report["failure"] = answer["failure"];
    return report;
}

void print_report(const ordered_json& r, const json& answer, bool compared) {
    const auto text = [](const ordered_json& value) {
        return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::printf("%s on libtorch %s, %s inputs\n", text(r["address"]).c_str(),
        text(r["executor"]["libtorch"]).c_str(), text(r["inputs"]).c_str());
    std::printf("  %s of %s nodes run in %s, %.2f µs a node\n", text(r["run"]).c_str(),
        text(r["nodes"]).c_str(), format_milliseconds(r["wall_ms"].get<double>()).c_str(),
        r["per_node_us"].get<double>());
    if (r.contains("random"))
        std::printf("  %zu random nodes took the recorded value\n", r["random"].size());
    if (!compared)
        return;
    std::printf("  %s nodes compared, %s values differ; largest error %s, relative %s\n",
        text(r["compared"]).c_str(), text(r["mismatched"]).c_str(), text(r["max_abs_error"]).c_str(),
        text(r["max_rel_error"]).c_str());
    int shown = 0;
    for (const json& row : answer["rows"])
        if (!row["equal"].get<bool>() && shown++ < 10)
            std::printf("  differs: %s: %s\n", row["name"].get<std::string>().c_str(),
                row["reason"].get<std::string>().empty() ? ("by " + row["max_abs_error"].dump()).c_str()
                                                         : row["reason"].get<std::string>().c_str());
}

// The failure of a node, as one line.
Error failure_of(const json& failure) {
    const std::string body = failure["body"].get<std::string>();
    return make_error(Error::Kind::External,
        "'" + failure["node"].get<std::string>() + "' (" + failure["target"].get<std::string>() + ")"
            + (body.empty() ? "" : " in " + body) + " failed: " + failure["message"].get<std::string>());
}

int ask(run::Executor& executor, const Prepared& p, const Options& options, const Job& job) {
    const auto loaded = executor.load(p.module, p.body, p.symbols, job);
    if (!loaded)
        return executor_failed(loaded.error());
    if (const Status status = executor.bind(p.inputs.values, "inputs", job); !status)
        return executor_failed(status.error());
    const long long seed = std::max(options.seed, 0LL);
    json answer;
    const bool compare = !options.compare.empty();
    if (options.repeat > 1 || !options.save.empty() || !compare) {
        auto result = executor.call(
            "run", {{"keep", !options.save.empty()}, {"repeat", options.repeat}, {"seed", seed}}, job);
        if (!result)
            return executor_failed(result.error());
        answer = std::move(*result);
    }
    if (compare && !answer.contains("failure")) {
        if (const Status status = executor.bind(p.reference, "reference", job); !status)
            return executor_failed(status.error());
        auto result = executor.call("compare", {{"alone", options.alone}, {"seed", seed}}, job);
        if (!result)
            return executor_failed(result.error());
        // The time of an undisturbed run, where there was one.
        if (answer.contains("wall_ms"))
            (*result)["wall_ms"] = answer["wall_ms"];
        answer = std::move(*result);
    }
    const bool compared = answer.contains("compared");
    if (!options.save.empty() && !answer.contains("failure")) {
        const auto bytes = executor.kept_values(job);
        if (!bytes)
            return executor_failed(bytes.error());
        if (const Status status = save_file(options.save, *bytes); !status)
            return fail(status.error());
    }
    const ordered_json report = report_of(p, executor, *loaded, answer, compared);
    if (options.as_json)
        print_json(report);
    else
        print_report(report, answer, compared);
    if (answer.contains("failure"))
        return executor_failed(failure_of(answer["failure"]));
    return compared && answer["mismatched"] != 0 ? kDiffers : kDone;
}

int run(const Options& options) {
    if (options.inputs.empty() == (options.seed < 0))
        return fail(make_error(Error::Kind::Usage, "expected either --seed N or --inputs FILE"));
    const auto dump = open(options.paths);
    if (!dump)
        return fail(dump.error());
    const auto prepared = prepare(*dump, options);
    if (!prepared)
        return fail(prepared.error());
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
    return ask(**executor, *prepared, options, job);
}

} // namespace

void add_run(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("run", "Run a body on the CPU with PyTorch's own kernels");
    static Options options;
    add_dumps(*command, options.paths);
    command->add_option("--at", options.address, "Which body: [rRANK/]COMPILE:STAGE[#K][:BODY]");
    command
        ->add_option(
            "--invocation", options.invocation, "Which call of a region's body, from 0: its recorded values")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--seed", options.seed, "Make synthetic inputs from this seed")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--inputs", options.inputs,
        "Recorded inputs: .safetensors, .npy, or a folder with a NAME.npy for each placeholder");
    command->add_option("--save", options.save, "Write all values of all nodes to this .safetensors file");
    command->add_option(
        "--compare", options.compare, "Compare all nodes with the values of this .safetensors file");
    command->add_flag("--alone", options.alone,
        "With --compare: give each node the recorded values of its inputs, so that only what is wrong itself "
        "differs");
    command->add_option("--repeat", options.repeat, "Run so often and tell the median time")
        ->check(CLI::Range(1, 1000000));
    command->add_option("--bind", options.bind, "A symbol's value: s77=8");
    command->add_option(
        "--load-library", options.libraries, "A shared library that registers custom operators");
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return run(options); }; });
}

} // namespace hopscope::cli
