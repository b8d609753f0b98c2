#include "core/proof/proof_text.h"

#include "core/base/text.h"

#include <fmt/format.h>

namespace hopscope::proof {

namespace {

std::string error_text(double error) {
    return error < 0 ? "-" : error == 0 ? "exact" : fmt::format("{:.1e}", error);
}

} // namespace

std::string proof_text(const Dump& dump, const Proof& proof, bool recorded_given) {
    const auto address = [&](const Place& place) {
        return place.graph ? utf8(address_of(dump, place.graph, place.body)) : std::string("-");
    };
    const char* verdict = proof.equal ? "equal" : proof.compared ? "DIFFERENT" : "NOT COMPARED";
    std::string text = fmt::format("{}{}: {} on {} of {} inputs\n", utf8(proof.region),
        proof.variant ? fmt::format(" variant {}", *proof.variant) : std::string(), verdict,
        counted(static_cast<uint64_t>(proof.trials), "set"),
        proof.on_recorded ? fmt::format("synthetic and (invocation {}) recorded", proof.invocation)
                          : "synthetic");
    if (recorded_given && !proof.on_recorded)
        text += fmt::format("  the files hold no primals and tangents of invocation {}\n", proof.invocation);
    if (proof.backward.graph)
        text += fmt::format("  halves          {}, {}\n", address(proof.forward), address(proof.backward));
    if (proof.joint.graph)
        text += fmt::format("  recorded joint  {}\n", address(proof.joint));
    text += fmt::format("  derived joint   of {}\n", address(proof.derived_from));
    if (!proof.problem.empty())
        text += fmt::format("  {}\n", utf8(proof.problem));
    if (!proof.outputs.empty())
        text += fmt::format(
            "  largest error against the {}, relative to the largest element:\n    {:<28} {:<9} {}\n",
            proof.reference, "", "halves", "derived");
    for (const ProvenOutput& o : proof.outputs)
        text += fmt::format("    {:<28} {:<9} {}{}{}\n", utf8(o.name), error_text(o.halves_error),
            error_text(o.derived_error), o.equal ? "" : "  DIFFERENT: ", utf8(o.problem));
    for (const std::string& left : proof.left_out)
        text += fmt::format("  left out: {}\n", utf8(left));
    return text;
}

} // namespace hopscope::proof
