#include "core/proof/proof_text.h"

#include "core/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace hopscope::proof {

namespace {

std::string error_text(std::optional<double> error) {
    return !error ? "-" : *error == 0 ? "exact" : fmt::format("{:.1e}", *error);
}

// "equal on 13 sets of synthetic inputs". Where only the derived joint graph refuses them, the halves were
// compared with the recorded one all the same, and equal it: else the bodies would be different.
std::string verdict_text(const Proof& proof) {
    const std::string sets =
        fmt::format("on {} of {} inputs", counted(static_cast<uint64_t>(proof.trials), "set"),
            proof.on_recorded ? fmt::format("synthetic and (invocation {}) recorded", proof.invocation)
                              : "synthetic");
    if (proof.equal || proof.compared)
        return (proof.equal ? "equal " : "DIFFERENT ") + sets;
    const auto any = [&](std::optional<double> ProvenOutput::*error) {
        return std::any_of(proof.outputs.begin(), proof.outputs.end(),
            [&](const ProvenOutput& output) { return (output.*error).has_value(); });
    };
    if (!proof.joint.graph || !any(&ProvenOutput::halves_error))
        return "NOT COMPARED";
    return "halves equal the recorded joint " + sets + "; derived joint NOT COMPARED"
        + (any(&ProvenOutput::derived_error) ? " on all of them" : "");
}

} // namespace

std::string proof_text(const Dump& dump, const Proof& proof, bool recorded_given) {
    const auto address = [&](const Place& place) {
        return place.graph ? utf8(address_of(dump, place.graph, place.body)) : std::string("-");
    };
    std::string text = fmt::format("{}{}: {}\n", utf8(proof.region),
        proof.variant ? fmt::format(" variant {}", *proof.variant) : std::string(), verdict_text(proof));
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
        text += fmt::format("    {:<28} {:<9} {}{}{}\n", utf8(o.name),
            o.none && o.halves_error ? "None" : error_text(o.halves_error),
            o.none && o.derived_error ? "None" : error_text(o.derived_error),
            !o.equal                ? "  DIFFERENT: "
                : o.problem.empty() ? ""
                                    : "   ",
            utf8(o.problem));
    for (const std::string& left : proof.left_out)
        text += fmt::format("  left out: {}\n", utf8(left));
    return text;
}

} // namespace hopscope::proof
