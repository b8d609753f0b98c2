#include "core/regions/ledger.h"

namespace hopscope {

std::string_view decision_name(Decision d) {
    switch (d) {
    case Decision::Traced:
        return "traced";
    case Decision::Reused:
        return "reused";
    case Decision::ReusedByKey:
        return "reused_by_key";
    case Decision::RetracedSame:
        return "retraced_same";
    case Decision::RetracedNew:
        return "retraced_new";
    case Decision::Failed:
        return "failed";
    case Decision::Unknown:
        return "unknown";
    }
    return "";
}

std::string_view decision_label(Decision d) {
    switch (d) {
    case Decision::ReusedByKey:
        return "reused by key";
    case Decision::RetracedSame:
        return "traced again, same body";
    case Decision::RetracedNew:
        return "traced again, new body";
    default:
        return decision_name(d);
    }
}

std::vector<std::string_view> evidence_names(uint8_t evidence) {
    std::vector<std::string_view> names;
    if (evidence & kTraceTimer)
        names.emplace_back("trace_timer");
    if (evidence & kTextLog)
        names.emplace_back("text_log");
    if (evidence & kGraph)
        names.emplace_back("graph");
    return names;
}

std::string_view pairing_name(Pairing p) {
    switch (p) {
    case Pairing::None:
        return "none";
    case Pairing::CallId:
        return "call_id";
    case Pairing::DataFlow:
        return "data_flow";
    case Pairing::Order:
        return "order";
    }
    return "";
}

std::string_view call_site_name(CallSite site) {
    switch (site) {
    case CallSite::Dynamo:
        return "dynamo";
    case CallSite::Joint:
        return "joint";
    case CallSite::JointBackward:
        return "joint_backward";
    case CallSite::Forward:
        return "forward";
    case CallSite::Backward:
        return "backward";
    case CallSite::Inference:
        return "inference";
    }
    return "";
}

std::string Region::function_label() const {
    return function_as_called ? "called as " + function : function;
}

int Region::body_count(CallSite h) const {
    int n = 0;
    for (const RegionBody& b : bodies)
        n += b.site == h;
    return n;
}

} // namespace hopscope
