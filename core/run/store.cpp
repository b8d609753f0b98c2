#include "core/run/store.h"

#include "core/tensors/tensor_file.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>
#include <cmath>
#include <deque>
#include <filesystem>
#include <map>

namespace hopscope::run {

namespace {

// A NaN is stored as absent.
std::optional<double> stored(std::optional<double> figure) {
    return figure && std::isnan(*figure) ? std::nullopt : figure;
}

// "split#1" names item 1 of split.
void set_path(StoredRunValue& value, const std::string& key) {
    const size_t hash = key.rfind('#');
    int64_t item = 0;
    if (hash != std::string::npos
        && std::from_chars(key.data() + hash + 1, key.data() + key.size(), item).ptr
            == key.data() + key.size()) {
        value.path = key.substr(0, hash);
        value.item = item;
    } else {
        value.path = key;
    }
}

std::string key_of(const StoredRunValue& value) {
    return value.path + (value.item ? "#" + std::to_string(*value.item) : "");
}

} // namespace

std::string inputs_hash(const Inputs& inputs) {
    const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
    XXH3_128bits_reset(state.get());
    // Texts with their lengths: two different sets never look alike.
    const auto add = [&](std::string_view text) {
        const uint64_t size = text.size();
        XXH3_128bits_update(state.get(), &size, sizeof size);
        XXH3_128bits_update(state.get(), text.data(), text.size());
    };
    for (const tensors::Value& value : inputs.values) {
        add(value.name);
        add(value.dtype + value.python_type + value.python);
        add({reinterpret_cast<const char*>(value.shape.data()), value.shape.size() * sizeof(int64_t)});
        add({reinterpret_cast<const char*>(value.stride.data()), value.stride.size() * sizeof(int64_t)});
        add(value.bytes);
    }
    const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

namespace {

StoredRun stored_run(
    const Prepared& prepared, const Request& request, const worker::Worker& worker, const RunResult& result) {
    StoredRun run;
    run.address = prepared.address;
    run.invocation = request.invocation;
    run.seed = request.seed;
    run.inputs_file = std::filesystem::path(request.inputs).filename().string();
    run.inputs_hash = inputs_hash(prepared.inputs);
    run.symbols = prepared.symbols;
    run.libtorch = worker.facts().libtorch;
    run.threads = worker.facts().threads;
    run.nodes = result.ran.nodes;
    run.run = result.ran.run;
    run.wall_ms = stored(result.ran.wall_ms);
    run.verdict = "done";
    if (result.comparison) {
        const RunComparison& c = *result.comparison;
        run.reference = c.against;
        if (!request.reference.empty() && c.against == "recorded values")
            run.reference = std::filesystem::path(request.reference).filename().string()
                + (c.basis.empty() ? "" : ", on the inputs recorded there");
        run.compared = c.compared;
        run.mismatched = c.mismatched;
        if (c.first)
            run.first_mismatch = c.values[*c.first].path;
        run.max_abs_error = c.max_abs;
        run.max_rel_error = c.max_rel;
        run.max_ulp_error = c.max_ulp;
        run.verdict = c.holds() ? "equal" : c.mismatched == 0 ? "not compared" : "differs";
        std::map<std::string, double> tolerances;
        for (const ComparedValue& v : c.values)
            if (v.tolerance > 0)
                tolerances[v.dtype] = v.tolerance;
        for (const auto& [dtype, t] : tolerances)
            run.tolerance += fmt::format("{}{}={:g}", run.tolerance.empty() ? "" : " ", dtype, t);
    }
    if (const auto& failure = result.failure()) {
        run.failed_node = failure->path;
        run.failure = failure->message;
        run.verdict = "failed";
    }
    return run;
}

void set_figures(StoredRunValue& value, const wire::ValueFigures& figures) {
    if (!figures.is_tensor()) {
        value.python = figures.number      ? fmt::format("{}", *figures.number)
            : figures.python == "NoneType" ? "None"
                                           : figures.python;
        return;
    }
    value.dtype = figures.dtype;
    value.shape = figures.shape;
    value.stride = figures.stride;
    if (!figures.statistics)
        return;
    const wire::Statistics& s = *figures.statistics;
    value.min = stored(s.min);
    value.max = stored(s.max);
    value.mean = stored(s.mean);
    value.std = stored(s.std);
    value.nan = s.nan;
    value.inf = s.inf;
    value.zero = s.zero;
}

Result<std::vector<StoredRunValue>> stored_values(
    worker::Worker& worker, const RunComparison* comparison, bool tensors, const Job& job) {
    const auto figures = worker.figures(job);
    if (!figures)
        return figures.error();
    std::map<std::string, const ComparedValue*> compared;
    if (comparison)
        for (const ComparedValue& v : comparison->values)
            compared[v.path] = &v;
    std::string bytes;
    std::optional<tensors::TensorFile> file;
    if (tensors) {
        auto kept = worker.save({}, job);
        if (!kept)
            return kept.error();
        bytes = std::move(*kept);
        auto read = tensors::TensorFile::read(bytes, nullptr);
        if (!read)
            return read.error();
        file = std::move(*read);
    }
    std::vector<StoredRunValue> all;
    for (const wire::NamedFigures& row : *figures) {
        StoredRunValue value;
        set_path(value, row.name);
        set_figures(value, row);
        if (const auto found = compared.find(key_of(value)); found != compared.end()) {
            value.abs_error = found->second->max_abs;
            value.rel_error = found->second->max_rel;
            value.ulp_error = found->second->max_ulp;
            value.ok = found->second->equal;
            value.reason = found->second->reason;
        }
        if (file)
            if (const tensors::Value* there = file->find(key_of(value));
                there && there->kind == tensors::Value::Kind::Tensor)
                value.tensor = there->bytes;
        all.push_back(std::move(value));
    }
    return all;
}

} // namespace

namespace {

// A number as Python printed it, and what it is to Python.
void set_number(tensors::Value& value, const std::string& python) {
    value.kind = tensors::Value::Kind::Number;
    value.python = python;
    int64_t whole = 0;
    const char* end = python.data() + python.size();
    value.python_type = python == "None"                        ? "NoneType"
        : python == "True" || python == "False"                 ? "bool"
        : std::from_chars(python.data(), end, whole).ptr == end ? "int"
                                                                : "float";
}

} // namespace

Result<std::string> kept_values(const Session& session, int64_t run) {
    const auto rows = session.run_values(run);
    if (!rows)
        return rows.error();
    std::deque<std::string> owned;
    std::vector<tensors::Value> values;
    for (const StoredRunValue& row : *rows) {
        tensors::Value value;
        value.name = key_of(row);
        if (!row.python.empty()) {
            set_number(value, row.python);
        } else if (row.tensor_bytes) {
            auto elements = session.run_tensor(run, row.path, row.item.value_or(0));
            if (!elements)
                return elements.error();
            owned.push_back(std::move(*elements));
            value.dtype = row.dtype;
            value.shape = row.shape;
            value.stride = row.stride;
            value.bytes = owned.back();
        } else {
            return make_error(Error::Kind::Usage,
                "run " + std::to_string(run) + " was kept without the elements of its values, as of '"
                    + value.name + "'");
        }
        values.push_back(std::move(value));
    }
    return tensors::write_tensor_file(values);
}

Result<KeptRun> kept_run(worker::Worker& worker, const Prepared& prepared, const Request& request,
    const RunResult& result, bool tensors, const Job& job) {
    auto values = stored_values(worker, result.comparison ? &*result.comparison : nullptr, tensors, job);
    if (!values)
        return values.error();
    return KeptRun{stored_run(prepared, request, worker, result), std::move(*values)};
}

} // namespace hopscope::run
