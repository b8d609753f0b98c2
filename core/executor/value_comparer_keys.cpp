// Which values are compared at all, and which are judged where they come from.
#include "core/executor/torch.h"
#include "core/executor/value_comparer.h"
#include "core/graph/reading.h"

#include <algorithm>

namespace hopscope::executor {

// Why a value says nothing; empty: it is compared.
std::string ValueComparer::not_compared(const ObservedStep& observed, size_t output) const {
    if (observed.step.random)
        return reference_ ? "random: the recorded value was taken" : "random: both runs have one value";
    if (!(observed.step.unspecified >> output & 1))
        return {};
    const Body& body = module_.body(observed.body);
    const Node* n = &body.node(observed.node);
    if (short_target(module_.text(n->target)) == "operator.getitem" && !body.inputs_of(*n).empty())
        n = &body.node(body.inputs_of(*n)[0]);
    const std::string_view target = module_.text(n->target);
    const auto has = [&](std::string_view word) { return target.find(word) != target.npos; };
    if (has("linalg_eig") || has("linalg_svd"))
        return "vectors that are determined up to a factor";
    if (has("linalg_solve") || has("ctc_loss") || has("batch_norm"))
        return "work space that only the operator's own kernels read";
    return target.find("empty") != target.npos ? "memory that nobody has written to"
        : target.find("effects") != target.npos
        ? "the token of an effect"
        : "a seed, an offset or a mask, which means nothing elsewhere";
}

// The path under which a value was judged already: an item of a tuple as part of it, what a body's call gives
// as the result of a node in there. Empty: nowhere.
std::string ValueComparer::judged_as(const Place& place) const {
    const ObservedStep& observed = place.observed;
    const Body& body = module_.body(observed.body);
    const Node& n = body.node(observed.node);
    const auto path_of = [&](NodeId id) {
        return observed.prefix + std::string(module_.text(body.node(id).name));
    };
    if (observed.step.kind == StepKind::Call) {
        if (options_.alone)
            return {}; // what it gives was put in place of what its body computed
        const Body& called = module_.body(observed.step.first);
        size_t at = 0;
        for (const Arg* result : results_of(called))
            if (at++ == place.output && result->node())
                return path_of(observed.node) + "/"
                    + std::string(module_.text(called.node(result->node()).name));
        return {};
    }
    const auto inputs = body.inputs_of(n);
    if (observed.step.kind != StepKind::Nothing || n.op != Opcode::CallFunction || inputs.size() != 1)
        return {};
    const Step& tuple = wide_.program->bodies[observed.body.index].steps[inputs[0].index];
    return path_of(inputs[0]) + "#" + std::to_string(observed.step.result - tuple.result);
}

bool ValueComparer::inherit(const std::string& name, const Place& place) {
    const std::string path = judged_as(place);
    if (path.empty())
        return false;
    const auto found = std::find_if(
        rows_.rbegin(), rows_.rend(), [&](const wire::ComparedValue& row) { return row.path == path; });
    if (found == rows_.rend() || found->verdict == wire::Verdict::Same)
        return false;
    wire::ComparedValue row = *found;
    row.path = name;
    keep(std::move(row), place.observed);
    return true;
}

// What means nothing by itself (random numbers, memory that nobody wrote to) is what was recorded, in the
// runs behind this one too, which take this one's.
void ValueComparer::give_recorded(
    const ObservedStep& observed, const std::string& name, c10::IValue* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (!observed.step.random && !(observed.step.unspecified >> i & 1))
            continue;
        const std::string key = observed.tuple ? name + "#" + std::to_string(i) : name;
        if (values[i].isTensorList()) {
            auto items = values[i].toTensorList();
            for (size_t item = 0; item < items.size(); ++item)
                if (const auto there = reference_->find(key + "#" + std::to_string(item));
                    there && there->ok() && (*there)->isTensor())
                    items[item] = (*there)->toTensor();
        } else if (const auto there = reference_->find(key); there && there->ok()) {
            values[i] = **there;
        }
    }
}

} // namespace hopscope::executor
