// hopscope runs: the runs that a session keeps.
#include "app/cli/cli.h"

#include "core/base/printable.h"
#include "core/base/save.h"
#include "core/base/spare.h"
#include "core/base/text.h"
#include "core/run/store.h"
#include "core/session/session.h"
#include "core/wire/numbers.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string session;
    int64_t run = 0, remove = 0;
    std::string save;
    bool json = false;
};

template <class Value> Json or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json();
}
Json or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}
Json or_null(const std::optional<double>& value) {
    return value ? wire::json_number<Json>(*value) : Json();
}

Json to_json(const StoredRun& r) {
    return {{"id", r.id}, {"address", r.address}, {"created", r.created},
        {"invocation", or_null(r.invocation)}, {"inputs", r.inputs_file.empty() ? "synthetic" : "recorded"},
        {"seed", or_null(r.seed)}, {"inputs_file", or_null(r.inputs_file)},
        {"inputs_hash", or_null(r.inputs_hash)},
        {"symbols", r.symbols.empty() ? Json::object() : Json(r.symbols)},
        {"executor", {{"libtorch", r.libtorch}, {"threads", r.threads}}}, {"reference", or_null(r.reference)},
        {"tolerance", or_null(r.tolerance)}, {"nodes", r.nodes}, {"run", r.run},
        {"compared", or_null(r.compared)}, {"mismatched", or_null(r.mismatched)},
        {"first_mismatch", or_null(r.first_mismatch)}, {"max_abs_error", or_null(r.max_abs_error)},
        {"max_rel_error", or_null(r.max_rel_error)}, {"max_ulp_error", or_null(r.max_ulp_error)},
        {"wall_ms", or_null(r.wall_ms)}, {"failed_node", or_null(r.failed_node)},
        {"failure", or_null(r.failure)}, {"verdict", r.verdict}};
}

Json to_json(const StoredRunValue& v) {
    return {{"path", v.path}, {"item", or_null(v.item)}, {"python", or_null(v.python)},
        {"dtype", or_null(v.dtype)}, {"shape", v.shape}, {"stride", v.stride}, {"min", or_null(v.min)},
        {"max", or_null(v.max)}, {"mean", or_null(v.mean)}, {"std", or_null(v.std)}, {"nan", or_null(v.nan)},
        {"inf", or_null(v.inf)}, {"zero", or_null(v.zero)}, {"abs_error", or_null(v.abs_error)},
        {"rel_error", or_null(v.rel_error)}, {"ulp_error", or_null(v.ulp_error)}, {"ok", or_null(v.ok)},
        {"reason", or_null(v.reason)}, {"tensor_bytes", or_null(v.tensor_bytes)}};
}

void print(const Json& json) {
    // Texts may hold any bytes; JSON holds UTF-8.
    std::puts(printable_json(json.dump(-1, ' ', false, Json::error_handler_t::replace)).c_str());
}

std::string inputs_of(const StoredRun& r) {
    if (!r.inputs_file.empty())
        return r.inputs_file;
    return "synthetic" + (r.seed ? ", seed " + std::to_string(*r.seed) : std::string());
}

void print(const StoredRun& r) {
    std::printf("%lld  %s  %s  %s\n", static_cast<long long>(r.id), r.address.c_str(), r.created.c_str(),
        r.verdict.c_str());
    std::printf("    %s on libtorch %s: %llu of %llu nodes%s%s\n", inputs_of(r).c_str(), r.libtorch.c_str(),
        static_cast<unsigned long long>(r.run), static_cast<unsigned long long>(r.nodes),
        r.wall_ms ? " in " : "", r.wall_ms ? format_milliseconds(*r.wall_ms).c_str() : "");
    if (r.compared)
        std::printf("    against %s: %llu compared, %llu differ%s%s\n", r.reference.c_str(),
            static_cast<unsigned long long>(*r.compared),
            static_cast<unsigned long long>(r.mismatched.value_or(0)),
            r.first_mismatch.empty() ? "" : ", first ", r.first_mismatch.c_str());
    if (!r.failure.empty())
        std::printf("    failed at %s: %s\n", r.failed_node.c_str(), headline(r.failure).c_str());
}

void print(const StoredRunValue& v) {
    std::string shape;
    for (const int64_t n : v.shape)
        shape += (shape.empty() ? "" : ", ") + std::to_string(n);
    std::printf("    %s%s  %s", v.path.c_str(), v.item ? ("#" + std::to_string(*v.item)).c_str() : "",
        v.python.empty() ? (v.dtype + "[" + shape + "]").c_str() : v.python.c_str());
    if (v.min && v.max)
        std::printf("  %g to %g", *v.min, *v.max);
    if (v.ok)
        std::printf("  %s", *v.ok ? "equal" : "differs");
    if (v.abs_error)
        std::printf(" by %g", *v.abs_error);
    std::printf("%s%s\n", v.reason.empty() ? "" : ": ", v.reason.c_str());
}

int show(const Session& session, const StoredRun& run, bool as_json) {
    const auto values = session.run_values(run.id);
    if (!values)
        return fail(values.error());
    if (!as_json) {
        print(run);
        for (const StoredRunValue& value : *values)
            print(value);
        return kDone;
    }
    Json list = Json::array();
    for (const StoredRunValue& value : *values)
        list.push_back(to_json(value));
    print(Json{{"run", to_json(run)}, {"values", list}});
    return kDone;
}

int list_runs(const Options& options) {
    for (const Status& status : {spares({options.session}, options.save), names_safetensors(options.save)})
        if (!status)
            return fail(status.error());
    const auto session = Session::open(options.session, options.remove ? OpenMode::Write : OpenMode::Read);
    if (!session)
        return fail(session.error());
    if (options.remove) {
        const Status status = (*session)->remove_run(options.remove);
        return status ? kDone : fail(status.error());
    }
    const auto runs = (*session)->runs();
    if (!runs)
        return fail(runs.error());
    if (!options.save.empty()) {
        const auto bytes = run::kept_values(**session, options.run);
        if (!bytes)
            return fail(bytes.error());
        const Status written = save_file(options.save, *bytes);
        return written ? kDone : fail(written.error());
    }
    if (options.run) {
        for (const StoredRun& run : *runs)
            if (run.id == options.run)
                return show(**session, run, options.json);
        return fail(make_error(Error::Kind::NotFound, "there is no run " + std::to_string(options.run)));
    }
    Json list = Json::array();
    for (const StoredRun& run : *runs)
        options.json ? list.push_back(to_json(run)) : print(run);
    if (options.json)
        print(Json{{"runs", list}});
    return kDone;
}

} // namespace

void add_runs(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("runs", "List the runs that a session keeps");
    static Options options;
    command->add_option("SESSION", options.session, "A .hopscope file")->required();
    auto* run =
        command->add_option("--run", options.run, "Show the values of this one")->check(whole_from(1));
    command->add_option("--remove", options.remove, "Remove this one")->check(whole_from(1))->excludes(run);
    command
        ->add_option("--save", options.save,
            "With --run: write its values to this .safetensors file, for --compare and --against; needs a "
            "run "
            "that was kept with --store-tensors")
        ->needs(run);
    command->add_flag("--json", options.json, "Print one JSON document");
    command->callback([&action] { action = [] { return list_runs(options); }; });
}

} // namespace hopscope::cli
