#include "core/export/comparison_json.h"

#include "core/base/printable.h"
#include "core/wire/numbers.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hopscope {

using nlohmann::ordered_json;
using wire::json_number;
using wire::name_of;
using wire::Verdict;

ordered_json compared_value_json(const wire::ComparedValue& v) {
    return {{"path", v.path}, {"dtype", v.dtype}, {"equal", v.equal},
        {"max_abs_error", json_number<ordered_json>(v.max_abs)},
        {"max_rel_error", json_number<ordered_json>(v.max_rel)},
        {"max_ulp_error", json_number<ordered_json>(v.max_ulp)}, {"tolerance", v.tolerance},
        {"worst", v.worst}, {"found", json_number<ordered_json>(v.found)},
        {"expected", json_number<ordered_json>(v.expected)}, {"reason", v.reason},
        {"verdict", wire::name_of(v.verdict)}, {"exact", json_number<ordered_json>(v.exact)},
        {"own_error", json_number<ordered_json>(v.own_error)},
        {"expected_error", json_number<ordered_json>(v.expected_error)},
        {"floor", json_number<ordered_json>(v.floor)}, {"times_floor", json_number<ordered_json>(v.times)},
        {"strides", v.strides}, {"why", v.why}};
}

ordered_json comparison_json(
    const std::string& against, const std::string& basis, const wire::CompareAnswer& c) {
    ordered_json values = ordered_json::array(), first, verdicts;
    for (const auto verdict : {Verdict::Same, Verdict::WithinRounding, Verdict::Suspicious,
             Verdict::WrongDtype, Verdict::WrongShape, Verdict::NotCompared})
        verdicts[name_of(verdict)] = std::count_if(c.values.begin(), c.values.end(),
            [&](const wire::ComparedValue& v) { return v.verdict == verdict; });
    for (const wire::ComparedValue& v : c.values) {
        values.push_back(compared_value_json(v));
        if (first.is_null() && !v.equal)
            first = values.back();
    }
    return {{"against", against}, {"basis", basis.empty() ? ordered_json() : ordered_json(basis)},
        {"nodes", c.nodes}, {"run", c.run}, {"compared", c.compared}, {"mismatched", c.mismatched},
        {"first_mismatch", first}, {"max_abs_error", json_number<ordered_json>(c.max_abs)},
        {"max_rel_error", json_number<ordered_json>(c.max_rel)},
        {"max_ulp_error", json_number<ordered_json>(c.max_ulp)}, {"random", c.random}, {"wall_ms", c.wall_ms},
        {"node_by_node", c.alone}, {"verdicts", verdicts}, {"values", values}};
}

std::string comparison_text(
    const std::string& against, const std::string& basis, const wire::CompareAnswer& comparison) {
    return printable_json(comparison_json(against, basis, comparison)
                              .dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

} // namespace hopscope
