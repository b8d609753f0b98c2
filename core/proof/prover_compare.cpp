// What the runs gave, compared: by fixed tolerances, and where these do not decide by the noise floor.
#include "core/proof/prover.h"

#include "core/graph/reading.h"
#include "core/proof/floors.h"

#include <algorithm>

namespace hopscope::proof {

namespace {

bool is_none(const tensors::Value& value) {
    return value.kind == tensors::Value::Kind::Number && value.python_type == "NoneType";
}
bool is_half(const tensors::Value& value) {
    return value.dtype == "float16" || value.dtype == "bfloat16";
}
bool unequal(const Difference& d) {
    return !d.equal;
}
std::string named_or_none(const std::string& half) {
    return half.empty() ? "no half precision" : half;
}

} // namespace

// `found`, another body's results of the trial, by the noise floor of this one.
Result<Prover::Judged> Prover::judged_by(const GraphModule& module, BodyId body,
    const std::shared_ptr<const GraphModule>& owner, size_t t, const BodyResults& found,
    const std::vector<tensors::Value>& random) {
    if (judging_ != &module)
        if (const Status status = load(module, body, owner); !status)
            return status.error();
    judging_ = &module;
    const Trial& trial = trials_.all[t];
    return judge_results(worker_, module, body, named_for(module, body, trial.values), trial.seed,
        found.results, random, job_);
}

// What fixed tolerances do not decide, by the noise floor of the reference. Where the recorded joint graph
// computes in another half precision than the forward, the derived one has the forward's: each is right if it
// is within its own floor, and what is beyond the reference's is held against that of the derived one.
Status Prover::judge(const Side& side, size_t t, std::vector<Difference>& all) {
    const bool recorded{proof_->joint.graph};
    const auto owner = recorded ? module_of(proof_->joint) : derived_->module;
    const BodyId body = recorded ? proof_->joint.body : BodyId(0);
    Drawn drawn;
    if (side.halves())
        drawn = drawn_values(
            *module_of(proof_->forward), proof_->forward.body, side.results[t]->forward_file, *owner, body);
    if (!drawn.problem.empty()) {
        proof_->compared = false;
        proof_->problem = drawn.problem;
        return {};
    }
    doing(side.halves() ? "judging forward and backward" : "judging the derived joint graph", t);
    const auto rows = judged_by(*owner, body, owner, t, *side.results[t], drawn.values);
    if (!rows)
        return rows.error();
    for (size_t i = 0; i < all.size(); ++i)
        if (const auto& row = (*rows)[i]; row && all[i].reason.empty()) {
            all[i].equal = row->equal;
            // The reference drew other numbers than it did for the errors above.
            if (!drawn.values.empty())
                all[i].relative = row->max_rel;
            if (!row->equal)
                all[i].reason = fmt::format("{:.3g} times what rounding explains", row->times);
        }
    if (side.halves() || own_half_ == joint_half_ || std::none_of(all.begin(), all.end(), unequal))
        return {};
    doing("judging by the forward's precision", t);
    const auto own = judged_by(*derived_->module, BodyId(0), derived_->module, t, *reference()[t], {});
    if (!own)
        return own.error();
    for (size_t i = 0; i < all.size(); ++i)
        if (const auto& row = (*own)[i]; row && !all[i].equal && row->equal && (*rows)[i]) {
            all[i].equal = by_coarser_ = true;
            all[i].reason.clear();
        }
    return {};
}

// Fixed tolerances decide first; what these call different, and half precisions, whose tolerance is wide, is
// judged. Permuted inputs are the first trial's values once more, where an operator that takes memory for
// what it is not is far off, so that there the wide tolerance is enough.
Result<std::vector<Difference>> Prover::differences(const Side& side, size_t t) {
    const std::vector<tensors::Value>&a = side.results[t]->results, &b = reference()[t]->results;
    double reach = 0;
    for (const tensors::Value& value : b)
        reach = std::max(reach, largest_of(value));
    std::vector<Difference> all;
    bool undecided = false;
    for (size_t i = 0; i < b.size(); ++i) {
        const bool permuted = trials_.all[t].permuted;
        const Difference& d =
            all.emplace_back(difference(a[i], b[i], reach, permuted ? coarsest_half_ : std::string()));
        const bool closely = is_half(b[i]) && d.absolute > 0 && !permuted;
        undecided = undecided || (d.reason.empty() && (!d.equal || closely));
    }
    if (undecided)
        if (const Status status = judge(side, t, all); !status)
            return status.error();
    return all;
}

// One trial's differences, into the outputs.
void Prover::add(const Side& side, size_t t, const std::vector<Difference>& found) {
    const std::vector<tensors::Value>&a = side.results[t]->results, &b = reference()[t]->results;
    for (size_t i = 0; i < b.size(); ++i) {
        ProvenOutput& output = proof_->outputs[i];
        Difference d = found[i];
        output.none = output.none && is_none(a[i]) && is_none(b[i]);
        if (d.equal && !trials_.all[t].permuted && a[i].stride != b[i].stride) {
            // Autograd chooses the strides of a derived gradient, which changes no value: told, and equal.
            d.equal = !side.halves();
            d.reason = d.equal ? "other strides, the same values" : "its strides differ";
        }
        if (std::optional<double>& most = output.*side.error; !most || !(*most >= d.relative))
            most = d.relative;
        if ((!d.equal || !d.reason.empty()) && output.problem.empty())
            output.problem = std::string(side.what) + ", " + trials_.all[t].name
                + (d.reason.empty() ? "" : ": " + d.reason);
        output.equal = output.equal && d.equal;
        proof_->equal = proof_->equal && d.equal;
    }
}

Status Prover::compare_with(const Side& side) {
    size_t counted = 0;
    std::string overflow;
    for (size_t t = 0; t < trials_.all.size(); ++t) {
        if (!refused_[t].empty() || !reference()[t] || !side.results[t])
            continue;
        const std::vector<tensors::Value>&a = side.results[t]->results, &b = reference()[t]->results;
        if (a.size() != b.size()) {
            proof_->equal = false;
            proof_->problem = fmt::format(
                "{} gives {} results, the {} {}", side.what, a.size(), proof_->reference, b.size());
            return {};
        }
        const auto found = differences(side, t);
        if (!found)
            return found.error();
        if (!proof_->compared) {
            proof_->equal = false;
            return {};
        }
        if (std::any_of(found->begin(), found->end(), unequal)
            && !std::all_of(b.begin(), b.end(), is_finite)) {
            overflow =
                fmt::format("{}: {} and the {} are not compared, as the latter's results are not finite",
                    trials_.all[t].name, side.what, proof_->reference);
            proof_->left_out.push_back(overflow);
            continue;
        }
        ++counted;
        add(side, t, *found);
    }
    if (counted == 0 && !overflow.empty() && proof_->problem.empty()) {
        proof_->equal = proof_->compared = false;
        proof_->problem = overflow;
    }
    return {};
}

// Autocast may choose another precision where the joint graph is traced than where the forward is.
void Prover::tell_precisions() {
    if (own_half_ == joint_half_ || !proof_->problem.empty())
        return;
    const std::string where = "the forward computes in " + named_or_none(own_half_)
        + ", the recorded joint in " + named_or_none(joint_half_);
    if (!proof_->equal)
        proof_->problem = where + ": they differ by that, not only by rounding";
    else if (by_coarser_)
        proof_->problem = where + ": equal within the rounding of the former, not of the latter";
}

Status Prover::compare() {
    const GraphModule& module = *module_of(proof_->derived_from);
    const Body& body = module.body(proof_->derived_from.body);
    for (size_t i = 0; i < primals_; ++i)
        proof_->outputs.push_back(
            {"gradient of " + std::string(module.text(body.nodes[i].name)), {}, {}, true, true, {}});
    for (size_t i = 0; i < own_; ++i)
        proof_->outputs.push_back({"output " + std::to_string(i), {}, {}, true, true, {}});
    for (size_t t = 0; t < trials_.all.size(); ++t)
        if (refused_[t].empty())
            ++proof_->trials;
        else if (trials_.all[t].permuted)
            proof_->left_out.push_back(refused_[t]);
        else {
            // The bodies must take what they were recorded for. Where they do and the derived joint graph,
            // which is all there is to compare with, does not, nothing was compared.
            proof_->equal = false;
            proof_->compared = !(t < of_halves_.size() && of_halves_[t]);
            proof_->problem = refused_[t];
            return {};
        }
    own_half_ = half_precisions(module, proof_->derived_from.body);
    joint_half_ =
        proof_->joint.graph ? half_precisions(*module_of(proof_->joint), proof_->joint.body) : own_half_;
    for (const std::string& half : {own_half_, joint_half_})
        if (!half.empty() && coarsest_half_ != "bfloat16")
            coarsest_half_ = half.find("bfloat16") != half.npos ? "bfloat16" : "float16";
    if (!of_halves_.empty())
        if (const Status status =
                compare_with({of_halves_, "forward and backward bodies", &ProvenOutput::halves_error});
            !status)
            return status;
    if (proof_->joint.graph && proof_->problem.empty()) {
        const bool halves_equal = proof_->equal;
        if (const Status status = compare_with({of_derived_, "derived joint", &ProvenOutput::derived_error});
            !status)
            return status;
        if (halves_equal)
            tell_precisions();
    }
    if (proof_->equal && !derived_refused_.empty()) {
        proof_->equal = proof_->compared = false;
        proof_->problem = derived_refused_;
    }
    return {};
}

} // namespace hopscope::proof
