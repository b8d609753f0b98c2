#include "core/browse/stepping.h"

#include <algorithm>

namespace hopscope {

bool is_reused(Decision decision) {
    return decision == Decision::Reused || decision == Decision::ReusedByKey;
}

bool is_traced(Decision decision) {
    return !is_reused(decision) && decision != Decision::Unknown;
}

int next_row(const Document& document, int row, StepTo to, int direction) {
    const int count = int(document.rows().size());
    if (row < 0 && direction < 0)
        return -1;
    if (to == StepTo::Any) {
        const int next = row + direction;
        return next >= 0 && next < count ? next : -1;
    }
    const std::vector<int>& stops = to == StepTo::Reused ? document.reused_rows() : document.traced_rows();
    if (direction > 0) {
        const auto next = std::upper_bound(stops.begin(), stops.end(), row);
        return next == stops.end() ? -1 : *next;
    }
    const auto next = std::lower_bound(stops.begin(), stops.end(), row);
    return next == stops.begin() ? -1 : *(next - 1);
}

std::string why_no_step(const Document& document, int row, StepTo to, int direction) {
    if (document.rows().empty())
        return "this dump has no regions";
    if (next_row(document, row, to, direction) >= 0)
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

std::string position_text(const Document& document, int row) {
    if (document.rows().empty())
        return "no invocations";
    const auto of = [&](CompilationId id) {
        return std::to_string(document.ledger().of(id).invocations.size());
    };
    if (row < 0)
        return "invocation – of " + of(document.rows().front().compilation);
    const Row& at = document.rows()[size_t(row)];
    std::string text = "invocation #" + std::to_string(at.invocation) + " of " + of(at.compilation);
    if (document.several_compilations())
        text += " in " + document.compile_label(at.compilation);
    return text;
}

} // namespace hopscope
