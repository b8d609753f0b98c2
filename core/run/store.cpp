#include "core/run/store.h"

#include "core/tensors/tensor_file.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>
#include <filesystem>
#include <limits>
#include <map>

namespace hopscope::run {

using nlohmann::json;

namespace {

std::optional<double> figure(const json& row, const char* key) {
    const auto found = row.find(key);
    if (found == row.end() || found->is_null())
        return std::nullopt;
    if (found->is_number())
        return found->get<double>();
    const std::string text = found->is_string() ? found->get<std::string>() : "";
    return text == "inf" ? std::optional(std::numeric_limits<double>::infinity())
        : text == "-inf" ? std::optional(-std::numeric_limits<double>::infinity())
                         : std::nullopt; // NaN is absent
}

std::optional<uint64_t> count(const json& row, const char* key) {
    const auto found = row.find(key);
    return found != row.end() && found->is_number_unsigned() ? std::optional(found->get<uint64_t>())
                                                             : std::nullopt;
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

StoredRun stored_run(const Prepared& prepared, const Request& request, const worker::Worker& executor,
    const RunResult& result) {
    StoredRun run;
    run.address = prepared.address;
    if (request.invocation >= 0)
        run.invocation = request.invocation;
    run.seed = request.seed;
    run.inputs_file = std::filesystem::path(request.inputs).filename().string();
    run.inputs_hash = inputs_hash(prepared.inputs);
    run.symbols = prepared.symbols;
    run.libtorch = executor.facts().value("libtorch", "");
    run.threads = executor.facts().value("threads", 1);
    run.nodes = result.answer.value("nodes", uint64_t{0});
    run.run = result.answer.value("run", uint64_t{0});
    if (const auto wall = figure(result.answer, "wall_ms"))
        run.wall_ms = *wall;
    run.verdict = "done";
    if (result.comparison) {
        const Comparison& c = *result.comparison;
        run.reference = c.against;
        if (!request.reference.empty() && c.against == "recorded values")
            run.reference = std::filesystem::path(request.reference).filename().string();
        run.compared = c.compared;
        run.mismatched = c.mismatched;
        if (c.first >= 0)
            run.first_mismatch = c.values[static_cast<size_t>(c.first)].path;
        run.max_abs_error = c.max_abs;
        run.max_rel_error = c.max_rel;
        run.max_ulp_error = c.max_ulp;
        run.verdict = c.holds() ? "equal" : "differs";
        std::map<std::string, double> tolerances;
        for (const ComparedValue& v : c.values)
            if (v.tolerance > 0)
                tolerances[v.dtype] = v.tolerance;
        for (const auto& [dtype, t] : tolerances)
            run.tolerance += fmt::format("{}{}={:g}", run.tolerance.empty() ? "" : " ", dtype, t);
    }
    if (const auto failure = result.answer.find("failure");
        failure != result.answer.end() && !failure->is_null()) {
        run.failed_node = failure->value("path", "");
        run.failure = failure->value("message", "");
        run.verdict = "failed";
    }
    return run;
}

Result<std::vector<StoredRunValue>> stored_values(
    worker::Worker& executor, const Comparison* comparison, bool tensors, const Job& job) {
    const auto answer = executor.call("figures", json::object(), job);
    if (!answer)
        return answer.error();
    std::map<std::string, const ComparedValue*> compared;
    if (comparison)
        for (const ComparedValue& v : comparison->values)
            compared[v.path] = &v;
    std::string bytes;
    std::optional<tensors::TensorFile> file;
    if (tensors) {
        auto kept = executor.kept_values(job);
        if (!kept)
            return kept.error();
        bytes = std::move(*kept);
        auto read = tensors::TensorFile::read(bytes, nullptr);
        if (!read)
            return read.error();
        file = std::move(*read);
    }
    std::vector<StoredRunValue> all;
    for (const json& row : answer->at("rows")) {
        StoredRunValue value;
        set_path(value, row.at("name").get<std::string>());
        if (row.contains("python")) {
            value.python = row.value("value", json()).is_null() ? row.at("python").get<std::string>()
                                                                : row.at("value").dump();
        } else {
            value.dtype = row.at("dtype").get<std::string>();
            value.shape = row.at("shape").get<std::vector<int64_t>>();
            value.stride = row.at("stride").get<std::vector<int64_t>>();
        }
        value.min = figure(row, "min");
        value.max = figure(row, "max");
        value.mean = figure(row, "mean");
        value.std = figure(row, "std");
        value.nan = count(row, "nan");
        value.inf = count(row, "inf");
        value.zero = count(row, "zero");
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

} // namespace hopscope::run
