#include "core/run/recorded.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/run/compare.h"
#include "core/run/placeholders.h"
#include "core/run/request.h"

#include <algorithm>
#include <map>
#include <set>

namespace hopscope::run {

namespace {

using Kind = tensors::Value::Kind;

std::string_view name_of(const GraphModule& module, BodyId body, NodeId node) {
    return module.text(module.body(body).node(node).name);
}

// A node's value, or the items of its tuple.
bool has_value(const tensors::TensorFile& file, std::string_view key) {
    return file.find(key) || file.find(std::string(key) + "#0");
}

// Empty tensors and None say nothing of where a run began: effect tokens, inputs that nobody uses.
bool says_nothing(const tensors::Value& value) {
    return value.kind == Kind::Tensor ? value.elements() == 0 : value.python_type == "NoneType";
}

bool same_value(const tensors::Value& a, const tensors::Value& b) {
    return a.kind == b.kind && a.dtype == b.dtype && a.shape == b.shape && a.bytes == b.bytes
        && a.python_type == b.python_type && a.python == b.python;
}

// "x", "x and y", "x, y and 3 more".
std::string some_of(const std::vector<std::string>& names) {
    constexpr size_t kShown = 2;
    if (names.size() <= kShown)
        return names.size() == 2 ? names[0] + " and " + names[1] : names.empty() ? "" : names[0];
    return names[0] + ", " + names[1] + " and " + std::to_string(names.size() - kShown) + " more";
}

} // namespace

Result<tensors::TensorFile> values_of_body(
    const tensors::TensorFile& file, const GraphModule& module, BodyId body, const std::string& prefix) {
    tensors::TensorFile part = file.below(prefix);
    if (prefix.empty() || !part.values().empty())
        return part;
    std::vector<std::string> others;
    for (const std::string& other : call_prefixes(module, body))
        if (!file.below(other).values().empty())
            others.push_back(other.substr(0, other.size() - 1));
    const std::string call = prefix.substr(0, prefix.size() - 1),
                      outermost = prefix.substr(0, prefix.find('/'));
    if (!others.empty())
        return make_error(Error::Kind::NotFound,
            "the file has no values of the call '" + call + "'; it has those of " + some_of(others));
    if (has_value(file, outermost))
        return make_error(Error::Kind::NotFound,
            "the file has values of the whole graph, but none of inside of the call '" + call + "'");
    return file;
}

std::string OtherInputs::text() const {
    std::string told;
    if (!other.empty())
        told = "the recorded values were computed from other inputs (" + std::to_string(other.size()) + " of "
            + std::to_string(inputs) + (other.size() == 1 ? " differs: " : " differ: ") + some_of(other)
            + "): compared on the recorded ones; what this run makes of its own is not judged";
    if (!unknown.empty())
        told += (other.empty() ? "nothing tells which inputs the recorded values were computed from: " : "; ")
            + std::string("of ") + some_of(unknown) + " none is recorded, and what hangs on "
            + (unknown.size() == 1 ? "it" : "them") + " is not compared";
    return told;
}

Result<std::shared_ptr<const OtherInputs>> other_inputs(const Prepared& p) {
    auto found = std::make_shared<OtherInputs>();
    std::set<std::string_view> made;
    for (const MadeInput& rule : p.inputs.rules)
        made.insert(rule.name);
    std::vector<std::string> missing;
    bool all_made = true, any_recorded = false;
    for (const tensors::Value& own : p.inputs.values) {
        if (says_nothing(own))
            continue;
        ++found->inputs;
        const tensors::Value* recorded = p.reference_file.find(own.name);
        if (recorded && recorded->kind != Kind::Tuple && !says_nothing(*recorded)) {
            any_recorded = true;
            if (!same_value(own, *recorded))
                found->other.push_back(own.name);
        } else if (own.kind == Kind::Tensor) {
            missing.push_back(own.name);
            all_made = all_made && made.contains(own.name);
        }
    }
    // One recorded input that is the run's own shows that the run is on what was recorded.
    if (!found->other.empty() || (!any_recorded && all_made))
        found->unknown = std::move(missing);
    // Nor is anything to be said where nothing can be compared anyway: the file is of another body.
    const std::vector<Node>& nodes = p.module->body(p.body).nodes;
    const bool any = std::any_of(nodes.begin(), nodes.end(), [&](const Node& n) {
        const std::string name(p.module->text(n.name));
        return has_value(p.reference_file, name) || !p.reference_file.below(name + "/").values().empty();
    });
    if ((found->other.empty() && found->unknown.empty()) || !any)
        return std::shared_ptr<const OtherInputs>();
    const auto value = [&](NodeId node, size_t place) -> Result<const tensors::Value*> {
        const tensors::Value* recorded = p.reference_file.find(name_of(*p.module, p.body, node));
        return recorded && recorded->kind != Kind::Tuple ? recorded : &p.inputs.values.at(place);
    };
    auto values = take_values(*p.module, p.body, value, found->symbols);
    if (!values)
        return make_error(Error::Kind::Usage,
            "the recorded values were computed from other inputs, which do not fit: "
                + values.error().message);
    found->values = std::move(*values);
    for (const auto& [symbol, number] : p.symbols)
        found->symbols.emplace(symbol, number);
    return std::shared_ptr<const OtherInputs>(std::move(found));
}

namespace {

// Which keys of the body hang on inputs of which nothing is known. What runs inside of a call hangs on them
// where one of its operands does: which of its values do is not followed.
class Hanging {
public:
    Hanging(const Prepared& prepared, const OtherInputs& inputs, bool alone)
        : module_(*prepared.module) {
        const Body& body = module_.body(prepared.body);
        on_.resize(body.nodes.size());
        for (size_t i = 0; i < body.nodes.size(); ++i) {
            const NodeId node(i);
            const std::string name(name_of(module_, prepared.body, node));
            if (std::find(inputs.unknown.begin(), inputs.unknown.end(), name) != inputs.unknown.end())
                on_[i] = name;
            for (const NodeId operand : body.inputs_of(body.node(node)))
                if (on_[i].empty())
                    on_[i] = on_[operand.index];
            if (on_[i].empty())
                continue;
            keys_[name] = on_[i];
            // Whoever uses it is given what is recorded; but what a call passes on as it got it is not
            // exchanged.
            if (alone && has_value(prepared.reference_file, name)
                && called_bodies(module_, prepared.body, node).empty())
                on_[i].clear();
        }
    }
    // The input; empty: the key hangs on none.
    std::string on(std::string_view key) const {
        const auto found = keys_.find(std::string(key.substr(0, key.find_first_of("/#"))));
        return found == keys_.end() ? std::string() : found->second;
    }

private:
    const GraphModule& module_;
    std::vector<std::string> on_; // by node
    std::map<std::string, std::string> keys_;
};

} // namespace

void leave_out_unknown(RunComparison& c, const Prepared& prepared, const OtherInputs& inputs) {
    if (inputs.unknown.empty())
        return;
    const Hanging hanging(prepared, inputs, c.alone);
    // A node counts as compared where one of its values is.
    std::map<std::pair<uint32_t, std::string>, bool> nodes;
    for (ComparedValue& v : c.values) {
        const std::string input = hanging.on(v.path);
        bool& kept = nodes[{v.node.index, v.path.substr(0, v.path.find('#'))}];
        kept = kept || input.empty();
        if (input.empty())
            continue;
        ComparedValue left;
        left.path = v.path;
        left.body = v.body;
        left.node = v.node;
        left.dtype = v.dtype;
        left.verdict = wire::Verdict::NotCompared;
        left.why = "hangs on '" + input + "', of which no value is recorded";
        v = std::move(left);
    }
    for (const auto& [node, kept] : nodes)
        c.compared -= !kept && c.compared > 0;
    c.mismatched = 0;
    c.first_mismatch.reset();
    c.max_abs = c.max_rel = c.max_ulp = 0;
    for (const ComparedValue& v : c.values) {
        c.max_abs = std::max(c.max_abs, v.max_abs);
        c.max_rel = std::max(c.max_rel, v.max_rel);
        c.max_ulp = std::max(c.max_ulp, v.max_ulp);
        c.mismatched += !v.equal;
        if (!v.equal && !c.first_mismatch)
            c.first_mismatch = v;
    }
}

} // namespace hopscope::run
