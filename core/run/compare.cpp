#include "core/run/compare.h"

#include "core/graph/types.h"
#include "core/wire/tolerance.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace hopscope::run {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

// The worker writes what JSON cannot hold as text.
double number(const json& value) {
    if (value.is_number())
        return value.get<double>();
    const std::string text = value.is_string() ? value.get<std::string>() : "nan";
    return text == "inf" ? std::numeric_limits<double>::infinity()
        : text == "-inf" ? -std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
}

ordered_json json_number(double value) {
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    return value;
}

ComparedValue value_of(const worker::Worker& executor, const json& row) {
    ComparedValue value;
    value.path = row.at("name").get<std::string>();
    value.body = executor.body_of(row.at("body").get<uint32_t>());
    value.node = NodeId(row.at("node").get<uint32_t>());
    value.dtype = row.at("dtype").get<std::string>();
    value.equal = row.at("equal").get<bool>();
    value.max_abs = number(row.at("max_abs_error"));
    value.max_rel = number(row.at("max_rel_error"));
    value.max_ulp = number(row.at("max_ulp_error"));
    value.tolerance = row.at("tolerance").get<double>();
    value.worst = row.at("worst").get<std::vector<int64_t>>();
    value.found = number(row.at("found"));
    value.expected = number(row.at("expected"));
    value.reason = row.at("reason").get<std::string>();
    return value;
}

// Runs the other body and keeps its values in the worker; then loads the first one again.
Status run_other(
    worker::Worker& executor, const Prepared& prepared, const CompareRequest& request, const Job& job) {
    Prepared other = *request.other;
    other.reference.clear();
    json loaded;
    if (const Status status = load_into(executor, other, loaded, job); !status)
        return status;
    const auto ran = executor.call("run", {{"keep", true}, {"seed", request.other_seed}}, job);
    if (!ran)
        return ran.error();
    if (ran->contains("failure"))
        return make_error(Error::Kind::External,
            "in the other run '" + (*ran)["failure"]["path"].get<std::string>()
                + "' failed: " + (*ran)["failure"]["message"].get<std::string>());
    if (const auto kept = executor.call("keep_as_reference", json::object(), job); !kept)
        return kept.error();
    Prepared again = prepared;
    again.reference.clear();
    return load_into(executor, again, loaded, job, /*keep_reference=*/true);
}

} // namespace

Result<Comparison> compare(
    worker::Worker& executor, const Prepared& prepared, const CompareRequest& request, const Job& job) {
    using Against = CompareRequest::Against;
    Comparison c;
    if (request.against == Against::Recorded && prepared.reference.empty())
        return make_error(Error::Kind::Usage, "no recorded values were given to compare with");
    if (request.against == Against::Run && !request.other)
        return make_error(Error::Kind::Usage, "no other run was given to compare with");
    c.against = request.against == Against::Recorded ? "recorded values"
        : request.against == Against::Float64        ? "float64"
                                                     : "the run of " + request.other->address;
    if (request.against == Against::Run)
        if (const Status status = run_other(executor, prepared, request, job); !status)
            return status.error();
    const bool other_body = request.against == Against::Run && request.other->module != prepared.module;
    const auto answer = executor.call("compare",
        {{"alone", request.alone}, {"seed", request.seed}, {"float64", request.against == Against::Float64},
            {"any_dtype", other_body}, {"tolerances", json(request.tolerances)}},
        job);
    if (!answer)
        return answer.error();
    for (const json& row : answer->at("rows")) {
        c.values.push_back(value_of(executor, row));
        if (c.first < 0 && !c.values.back().equal)
            c.first = static_cast<int>(c.values.size()) - 1;
    }
    c.nodes = answer->at("nodes").get<uint64_t>();
    c.run = answer->at("run").get<uint64_t>();
    c.compared = answer->at("compared").get<uint64_t>();
    c.mismatched = answer->at("mismatched").get<uint64_t>();
    c.max_abs = number(answer->at("max_abs_error"));
    c.max_rel = number(answer->at("max_rel_error"));
    c.max_ulp = number(answer->at("max_ulp_error"));
    c.wall_ms = answer->at("wall_ms").get<double>();
    c.random = answer->at("random").get<std::vector<std::string>>();
    c.failure = answer->value("failure", json());
    // What was bound to compare with is there again.
    if (request.against == Against::Run && !prepared.reference.empty())
        if (const Status status = executor.bind(prepared.reference, "reference", job); !status)
            return status.error();
    return c;
}

std::vector<size_t> by_error(const Comparison& comparison) {
    const auto rank = [&](size_t i) {
        const ComparedValue& v = comparison.values[i];
        const double infinite = std::numeric_limits<double>::infinity();
        const double excess = !v.reason.empty() ? infinite
            : v.tolerance > 0 ? std::fabs(v.found - v.expected) / (v.tolerance * (1 + std::fabs(v.expected)))
                              : v.max_abs;
        return std::pair(!v.equal, v.equal ? v.max_rel : std::isnan(excess) ? infinite : excess);
    };
    std::vector<size_t> order(comparison.values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) > rank(b); });
    return order;
}

std::map<std::string, double> default_tolerances(bool alone) {
    std::map<std::string, double> all;
    for (const wire::Tolerance& t : wire::kTolerances)
        all[std::string(t.dtype)] = wire::tolerance(t.dtype, alone);
    return all;
}

Result<std::map<std::string, double>> tolerances_of(const std::vector<std::string>& words) {
    std::map<std::string, double> tolerances;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const DType* dtype = dtype_by_abbreviation(name);
        dtype = dtype ? dtype : dtype_by_name(name);
        char* end = nullptr;
        const double value = equals == std::string::npos ? -1 : std::strtod(word.c_str() + equals + 1, &end);
        if (!dtype || !(value >= 0) || !end || *end || end == word.c_str() + equals + 1)
            return make_error(
                Error::Kind::Usage, "'" + word + "': expected DTYPE=NUMBER, as in float32=1e-5");
        tolerances[std::string(dtype->name)] = value;
    }
    return tolerances;
}

ordered_json to_json(const ComparedValue& v) {
    return {{"path", v.path}, {"dtype", v.dtype}, {"equal", v.equal},
        {"max_abs_error", json_number(v.max_abs)}, {"max_rel_error", json_number(v.max_rel)},
        {"max_ulp_error", json_number(v.max_ulp)}, {"tolerance", v.tolerance}, {"worst", v.worst},
        {"found", json_number(v.found)}, {"expected", json_number(v.expected)}, {"reason", v.reason}};
}

ordered_json to_json(const Comparison& c) {
    ordered_json values = ordered_json::array();
    for (const ComparedValue& v : c.values)
        values.push_back(to_json(v));
    return {{"against", c.against}, {"nodes", c.nodes}, {"run", c.run}, {"compared", c.compared},
        {"mismatched", c.mismatched},
        {"first_mismatch", c.first < 0 ? ordered_json() : to_json(c.values[static_cast<size_t>(c.first)])},
        {"max_abs_error", json_number(c.max_abs)}, {"max_rel_error", json_number(c.max_rel)},
        {"max_ulp_error", json_number(c.max_ulp)}, {"random", c.random}, {"wall_ms", c.wall_ms},
        {"values", values}};
}

} // namespace hopscope::run
