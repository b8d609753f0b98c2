#include "core/explain/input_spread.h"

#include "core/regions/input_names.h"

#include <algorithm>

namespace hopscope::explain_parts {

bool InputSpread::has(std::string_view field) const {
    return std::find(fields.begin(), fields.end(), field) != fields.end();
}

std::string InputSpread::hint() const {
    std::string out;
    for (size_t i = 0; i < fields.size(); ++i)
        out += (i == 0 ? "" : i + 1 == fields.size() ? " and " : ", ") + fields[i];
    return out.empty() ? out
                       : "; the tensors that the compilation takes differ in " + out + " (" + examples + ')';
}

namespace {
// "[4, 2]" of the record, as shapes are told everywhere else: "(4, 2)".
std::string as_tuple(const std::string& list) {
    if (list.size() < 2 || list.front() != '[' || list.back() != ']')
        return list;
    const std::string inner = list.substr(1, list.size() - 2);
    return '(' + inner + (inner.empty() || inner.find(',') != std::string::npos ? ")" : ",)");
}
} // namespace

InputSpread input_spread(const Dump& dump, CompilationId compilation) {
    InputSpread out;
    const DescribedInput* first = nullptr;
    std::vector<std::string> seen;
    const auto add = [&](const char* field, bool differs) {
        if (differs && !out.has(field))
            out.fields.emplace_back(field);
    };
    constexpr size_t kShown = 3;
    for (const DescribedInput& input : dump.inputs) {
        if (input.compilation != compilation || input.is_parameter)
            continue;
        if (!first)
            first = &input;
        add("dtype", input.dtype != first->dtype);
        add("shape", input.shape != first->shape);
        add("stride", input.stride != first->stride);
        add("requires_grad", input.requires_grad != first->requires_grad);
        std::string name = user_name(input.source);
        if (std::find(seen.begin(), seen.end(), name) != seen.end())
            continue;
        if (seen.size() < kShown)
            out.examples += (out.examples.empty() ? "" : ", ") + name + ' ' + as_tuple(input.shape);
        else if (seen.size() == kShown)
            out.examples += ", …";
        seen.push_back(std::move(name));
    }
    return out;
}

} // namespace hopscope::explain_parts
