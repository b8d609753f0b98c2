#include "core/browse/stepping.h"

#include <algorithm>

namespace hopscope {

bool is_reused(Decision decision) {
    return decision == Decision::Reused || decision == Decision::ReusedByKey;
}

bool is_traced(Decision decision) {
    return !is_reused(decision) && decision != Decision::Unknown;
}

std::optional<int> next_row(const Document& document, std::optional<int> row, StepTo to, int direction) {
    if (!row && direction < 0)
        return {};
    if (to == StepTo::Any) {
        const int next = row ? *row + direction : 0;
        return next >= 0 && size_t(next) < document.rows().size() ? std::optional(next) : std::nullopt;
    }
    const std::vector<int>& stops = to == StepTo::Reused ? document.reused_rows() : document.traced_rows();
    if (direction > 0) {
        const auto next = row ? std::upper_bound(stops.begin(), stops.end(), *row) : stops.begin();
        return next == stops.end() ? std::nullopt : std::optional(*next);
    }
    const auto next = std::lower_bound(stops.begin(), stops.end(), *row);
    return next == stops.begin() ? std::nullopt : std::optional(*(next - 1));
}

std::string why_no_step(const Document& document, std::optional<int> row, StepTo to, int direction) {
    if (document.rows().empty())
        return "this dump has no regions";
    if (next_row(document, row, to, direction))
        return {};
    const std::string side = direction > 0 ? "later" : "earlier";
    switch (to) {
    case StepTo::Any:
        return "there is no " + side + " invocation";
    case StepTo::Reused:
        return "no " + side + " invocation was reused";
    case StepTo::Traced:
        return "no " + side + " invocation was traced";
    }
    return {};
}

std::string position_text(const Document& document, std::optional<int> row) {
    if (document.rows().empty())
        return "no invocations";
    const auto of = [&](CompilationId id) {
        return std::to_string(document.ledger().of(id).invocations.size());
    };
    if (!row)
        return "invocation – of " + of(document.rows().front().compilation);
    const Row& at = document.rows()[size_t(*row)];
    std::string text = "invocation #" + std::to_string(at.invocation.index) + " of " + of(at.compilation);
    if (document.several_compilations())
        text += " in " + document.compile_label(at.compilation);
    return text;
}

} // namespace hopscope
