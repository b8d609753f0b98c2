#include "core/executor/derive.h"

#include "core/executor/fault.h"
#include "core/executor/listing.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <unordered_set>

namespace hopscope::executor {

namespace {

using torch::autograd::Node;
using torch::autograd::variable_list;

// Follows the forward: which calls each node made, which values it gave.
class ForwardObserver : public Observer {
public:
    ForwardObserver(const Program& program, Recorder& recorder, Listing& listing)
        : module_(*program.module)
        , recorder_(recorder)
        , listing_(listing) { }

    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override {
        const Node_& n = module_.body(observed.body).node(observed.node);
        const std::string& prefix = observed.prefix;
        const std::string path = prefix + std::string(module_.text(n.name));
        for (; next_ < recorder_.calls.size(); ++next_) {
            recorder_.calls[next_].forward = path;
            prefer_operands(prefix, observed.body, n, recorder_.calls[next_]);
        }
        std::vector<std::optional<uint32_t>>& ids = values_[path];
        for (size_t i = 0; i < count; ++i)
            ids.push_back(values[i].isTensor() && values[i].toTensor().defined()
                    ? recorder_.find(values[i].toTensor())
                    : std::nullopt);
        if (n.op == Opcode::CallFunction)
            listing_.name_forward(ids, observed.tuple, std::string(module_.text(n.name)), prefix.empty());
        const uint64_t now = at::sequence_number::peek();
        for (; sequence_ < now; ++sequence_)
            by_sequence_[sequence_] = path;
    }

    const std::string& node_of(uint64_t sequence) const {
        static const std::string none;
        const auto found = by_sequence_.find(sequence);
        return found == by_sequence_.end() ? none : found->second;
    }

private:
    using Node_ = hopscope::Node;

    // Where two values cannot be told apart, the operand is the one that the forward names.
    void prefer_operands(const std::string& prefix, BodyId body, const Node_& n, RecordedCall& call) const {
        const Body& in = module_.body(body);
        for (const NodeId input : in.inputs_of(n)) {
            const auto found = values_.find(prefix + std::string(module_.text(in.node(input).name)));
            if (found == values_.end())
                continue;
            for (const std::optional<uint32_t> id : found->second)
                for (Piece& piece : call.arguments)
                    if (id && piece.value && recorder_.values[*id].key == recorder_.values[*piece.value].key)
                        piece.value = id;
        }
    }

    const GraphModule& module_;
    Recorder& recorder_;
    Listing& listing_;
    size_t next_ = 0;
    uint64_t sequence_ = at::sequence_number::peek();
    std::map<uint64_t, std::string> by_sequence_;
    std::map<std::string, std::vector<std::optional<uint32_t>>> values_; // by path
};

// Says, before a derivative is computed, whose it is.
class Announce : public torch::autograd::FunctionPreHook {
public:
    Announce(Recorder& recorder, std::string path)
        : recorder_(recorder)
        , path_(std::move(path)) { }
    variable_list operator()(const variable_list& gradients) override {
        recorder_.begin_backward_of(path_);
        return gradients;
    }

private:
    Recorder& recorder_;
    std::string path_;
};

// As torch/_functorch/_aot_autograd/graph_capture_wrappers.py, setup_stacktrace_preservation_hooks.
void announce_all(
    const std::vector<at::Tensor>& outputs, Recorder& recorder, const ForwardObserver& forward) {
    std::unordered_set<Node*> seen;
    std::vector<Node*> todo;
    for (const at::Tensor& output : outputs)
        if (output.grad_fn())
            todo.push_back(output.grad_fn().get());
    while (!todo.empty()) {
        Node* node = todo.back();
        todo.pop_back();
        if (!seen.insert(node).second)
            continue;
        if (const std::string& path = forward.node_of(node->sequence_nr()); !path.empty())
            node->add_pre_hook(std::make_unique<Announce>(recorder, path));
        for (const auto& edge : node->next_edges())
            if (edge.function)
                todo.push_back(edge.function.get());
    }
}

class Deriver {
public:
    Deriver(const Program& program, const std::vector<c10::IValue>& inputs, const JointRequest& request)
        : program_(program)
        , request_(request)
        , listing_(recorder_, program)
        , observer_(program, recorder_, listing_) {
        recorder_.gpu = program.gpu;
        take_inputs(inputs);
    }

    Joint run(wire::Progress* progress, const std::function<bool()>& stop);

private:
    void take_inputs(const std::vector<c10::IValue>& inputs);
    void take_outputs(std::vector<c10::IValue> outputs);
    void add_tangents();
    void differentiate();
    c10::IValue apart(const c10::IValue& value);

    const Program& program_;
    const JointRequest& request_;
    Recorder recorder_;
    Listing listing_;
    ForwardObserver observer_;
    Joint joint_;
    std::vector<c10::IValue> inputs_, outputs_;
    std::vector<bool> needs_; // of inputs_: a gradient
    std::vector<at::Tensor> needed_, tangents_;
    std::vector<c10::IValue> gradients_; // for each input
};

void Deriver::take_inputs(const std::vector<c10::IValue>& inputs) {
    if (program_.mutates)
        throw std::invalid_argument(
            "the body writes into its inputs; PyTorch does not train such a region either");
    const auto primals = static_cast<size_t>(std::count_if(
        program_.inputs.begin(), program_.inputs.end(), [](const Input& input) { return !input.attribute; }));
    if (!request_.requires_grad.empty() && request_.requires_grad.size() != primals)
        throw std::invalid_argument("'requires_grad' is given for "
            + std::to_string(request_.requires_grad.size()) + " inputs; the body takes "
            + std::to_string(primals));
    const c10::InferenceMode off(false);
    for (size_t i = 0; i < inputs.size(); ++i) {
        const Input& input = program_.inputs[i];
        bool needed = false;
        if (inputs[i].isTensor()) {
            at::Tensor tensor = clone_with_strides(inputs[i].toTensor());
            needed = tensor.is_floating_point() && !input.attribute
                && (request_.requires_grad.empty() || request_.requires_grad[i]);
            tensor.set_requires_grad(needed);
            recorder_.add_input(tensor, input.name);
            inputs_.emplace_back(std::move(tensor));
        } else {
            inputs_.push_back(inputs[i]);
        }
        listing_.reserve(input.name);
        joint_.placeholders.push_back(
            {input.name, listing_.type_of_input(i, inputs_.back()), input.attribute});
        needs_.push_back(needed);
        if (!input.attribute)
            joint_.requires_grad.push_back(needed);
    }
}

void Deriver::take_outputs(std::vector<c10::IValue> outputs) {
    if (request_.outputs && *request_.outputs > outputs.size())
        throw std::invalid_argument("the first " + std::to_string(*request_.outputs)
            + " results are asked for; the body has " + std::to_string(outputs.size()));
    if (request_.outputs)
        outputs.resize(*request_.outputs);
    outputs_ = std::move(outputs);
    for (const c10::IValue& output : outputs_) {
        JointOutput told;
        const bool tensor = output.isTensor() && output.toTensor().defined();
        told.kind = tensor      ? "tensor"
            : output.isInt()    ? "int"
            : output.isDouble() ? "float"
            : output.isBool()   ? "bool"
                                : "None";
        told.needs_gradient = tensor && output.toTensor().requires_grad();
        if (told.needs_gradient)
            needed_.push_back(output.toTensor());
        joint_.outputs.push_back(std::move(told));
    }
}

void Deriver::add_tangents() {
    const std::vector<std::vector<int64_t>>& strides = request_.tangent_strides;
    if (!strides.empty() && strides.size() != needed_.size())
        throw std::invalid_argument(std::to_string(strides.size()) + " tangents are asked for; "
            + std::to_string(needed_.size()) + " outputs need a gradient");
    for (size_t i = 0; i < needed_.size(); ++i) {
        const at::Tensor& output = needed_[i];
        const std::vector<int64_t> stride = strides.empty() ? output.strides().vec() : strides[i];
        if (stride.size() != static_cast<size_t>(output.dim()))
            throw std::invalid_argument("tangent " + std::to_string(i) + " has strides of "
                + std::to_string(stride.size()) + " dimensions; its output has "
                + std::to_string(output.dim()));
        const at::Tensor dense = at::randn(output.sizes(), output.options().requires_grad(false));
        const at::Tensor tangent = with_strides(dense, stride);
        const std::string name = listing_.name_tangent(i);
        recorder_.add_input(tangent, name);
        joint_.placeholders.push_back({name, type_of(tangent), false});
        tangents_.push_back(tangent);
    }
}

void Deriver::differentiate() {
    variable_list wanted;
    for (size_t i = 0; i < inputs_.size(); ++i)
        if (needs_[i])
            wanted.push_back(inputs_[i].toTensor());
    variable_list found;
    if (!wanted.empty() && !needed_.empty()) {
        announce_all(needed_, recorder_, observer_);
        const Recording recording(recorder_);
        found =
            torch::autograd::grad(needed_, wanted, tangents_, /*retain_graph=*/false, /*create_graph=*/false,
                /*allow_unused=*/true);
    }
    recorder_.begin_backward_of({});
    size_t next = 0;
    for (size_t i = 0; i < inputs_.size(); ++i)
        gradients_.push_back(needs_[i] && next < found.size() ? c10::IValue(found[next++]) : c10::IValue());
}

c10::IValue Deriver::apart(const c10::IValue& value) {
    if (!value.isTensor() || !value.toTensor().defined())
        return value.isTensor() ? c10::IValue() : value;
    const at::Tensor& tensor = value.toTensor();
    const auto shares = [&](const c10::IValue& other) {
        return other.isTensor() && other.toTensor().storage().is_alias_of(tensor.storage());
    };
    bool shared = std::any_of(inputs_.begin(), inputs_.end(), shares);
    for (const at::Tensor& tangent : tangents_)
        shared = shared || shares(tangent);
    if (!shared)
        return value;
    const at::NoGradGuard guard;
    const Recording recording(recorder_);
    return tensor.clone();
}

Joint Deriver::run(wire::Progress* progress, const std::function<bool()>& stop) {
    const c10::InferenceMode off(false);
    const at::AutoGradMode on(true);
    at::manual_seed(request_.seed);
    RunSettings settings;
    settings.observer = &observer_;
    settings.progress = progress;
    settings.stop = stop;
    settings.gradients = true;
    Outcome outcome;
    {
        const Recording recording(recorder_);
        outcome = executor::run(program_, inputs_, settings);
    }
    joint_.run = outcome.run;
    joint_.cancelled = outcome.cancelled;
    if (outcome.failure)
        joint_.failure = told(*program_.module, *outcome.failure);
    if (joint_.failure || joint_.cancelled)
        return std::move(joint_);
    take_outputs(std::move(outcome.outputs));
    add_tangents();
    differentiate();
    std::vector<c10::IValue> all;
    for (const c10::IValue& gradient : gradients_)
        all.push_back(apart(gradient));
    // A body's attributes are no primals.
    std::vector<c10::IValue> returned;
    for (size_t i = 0; i < all.size(); ++i)
        if (!program_.inputs[i].attribute)
            returned.push_back(all[i]);
    for (const c10::IValue& output : outputs_)
        returned.push_back(apart(output));
    joint_.heard = recorder_.calls.size();
    listing_.write(returned, joint_);
    return std::move(joint_);
}

} // namespace

Joint derive_joint(const Program& program, const std::vector<c10::IValue>& inputs,
    const JointRequest& request, wire::Progress* progress, const std::function<bool()>& stop) {
    return Deriver(program, inputs, request).run(progress, stop);
}

} // namespace hopscope::executor
