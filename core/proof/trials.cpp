#include "core/proof/trials.h"

#include "core/graph/reading.h"
#include "core/proof/floors.h"
#include "core/proof/wiring.h"

#include <cstring>

namespace hopscope::proof {

namespace {

template <class T> void scale(std::string& bytes, double factor) {
    for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
        T number;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        number = static_cast<T>(number * factor);
        std::memcpy(bytes.data() + at, &number, sizeof number);
    }
}

// The same values, laid out in memory with the first dimension innermost.
void permute(tensors::Value& value) {
    int64_t step = 1;
    for (size_t d = 0; d < value.shape.size(); ++d) {
        value.stride[d] = step;
        step *= std::max<int64_t>(value.shape[d], 1);
    }
}

bool can_be_permuted(const tensors::Value& value) {
    return value.kind == tensors::Value::Kind::Tensor && value.shape.size() >= 2;
}

// A constant as a value: None and numbers that a body returns.
tensors::Value constant(const GraphModule& module, const Arg& arg) {
    tensors::Value value;
    value.kind = tensors::Value::Kind::Number;
    value.python_type = arg.kind == ArgKind::None ? "NoneType"
        : arg.kind == ArgKind::Bool               ? "bool"
        : arg.kind == ArgKind::Float              ? "float"
                                                  : "int";
    value.python = arg.kind == ArgKind::None ? "None" : std::string(module.text(arg.text()));
    return value;
}

} // namespace

Result<Trials> make_trials(
    const GraphModule& module, BodyId joint, int seeds, size_t primals, const Bindings& symbols) {
    constexpr double kFactors[] = {1, 0.01, 4};
    Trials trials;
    Bindings bound = symbols; // what is left open gets a default
    // Half precisions have few digits and float16 little range: where a body computes in them its inputs keep
    // their magnitude, also those of float32 (autocast).
    const bool half = !half_precisions(module, joint).empty();
    for (int i = 0; i < seeds; ++i) {
        auto inputs = run::synthetic_inputs(module, joint, static_cast<uint64_t>(i), bound);
        if (!inputs)
            return inputs.error();
        const double factor = half ? 1 : kFactors[i % 3];
        size_t owned = 0;
        for (tensors::Value& value : inputs->values) {
            if (value.kind != tensors::Value::Kind::Tensor)
                continue;
            std::string& bytes = inputs->owned[owned++];
            if (value.dtype == "float32")
                scale<float>(bytes, factor);
            else if (value.dtype == "float64")
                scale<double>(bytes, factor);
        }
        trials.all.push_back({"seed " + std::to_string(i), static_cast<uint64_t>(i), false, inputs->values});
        trials.owners.push_back(std::move(*inputs));
    }
    if (trials.all.empty())
        return trials;
    const Trial first = trials.all.front();
    Trial everything{first.name + ", all inputs permuted", first.seed, true, first.values};
    std::vector<Trial> single;
    for (size_t i = 0; i < primals && i < first.values.size(); ++i) {
        if (!can_be_permuted(first.values[i]))
            continue;
        permute(everything.values[i]);
        single.push_back(
            {first.name + ", " + first.values[i].name + " permuted", first.seed, true, first.values});
        permute(single.back().values[i]);
    }
    if (!single.empty())
        trials.all.push_back(std::move(everything));
    if (single.size() > 1)
        trials.all.insert(trials.all.end(), single.begin(), single.end());
    return trials;
}

std::vector<tensors::Value> named_for(
    const GraphModule& module, BodyId body, const std::vector<tensors::Value>& by_position) {
    std::vector<tensors::Value> named;
    const Body& b = module.body(body);
    for (size_t i = 0; i < b.placeholder_count() && i < by_position.size(); ++i) {
        named.push_back(by_position[i]);
        named.back().name = std::string(module.text(b.nodes[i].name));
    }
    return named;
}

Result<std::optional<BodyResults>> run_body(worker::Worker& worker, const GraphModule& module, BodyId body,
    const std::vector<tensors::Value>& inputs, uint64_t seed, std::string& refusal, const Job& job) {
    if (const Status status = worker.bind(inputs, wire::BindRequest::As::Inputs, job); !status)
        return status.error();
    wire::RunRequest request;
    request.keep = true;
    request.seed = seed;
    // All values of all trials are gigabytes where the model is of real size.
    const Body& b = module.body(body);
    for (const Arg* arg : results_of(b))
        if (arg->node())
            request.only.emplace_back(module.text(b.node(arg->node()).name));
    for (const NodeId drawing : drawing_nodes(module, body))
        request.only.emplace_back(module.text(b.node(drawing).name));
    request.keep = !request.only.empty();
    const auto answer = worker.run(request, job);
    if (!answer)
        return answer.error();
    if (const auto& f = answer->failure) {
        refusal = "'" + f->node + "' (" + f->target + "): " + f->message;
        return std::optional<BodyResults>();
    }
    BodyResults ran;
    if (request.keep) {
        auto bytes = worker.save({}, job);
        if (!bytes)
            return bytes.error();
        const auto owner = std::make_shared<std::string>(std::move(*bytes));
        auto file = tensors::TensorFile::read(*owner, owner);
        if (!file)
            return file.error();
        ran.file = std::move(*file);
    }
    for (const Arg* arg : results_of(b)) {
        if (!arg->node()) {
            ran.results.push_back(constant(module, *arg));
            continue;
        }
        const std::string_view name = module.text(b.node(arg->node()).name);
        const tensors::Value* value = ran.file.find(name);
        if (!value)
            return make_error(
                Error::Kind::External, "the executor kept no value of '" + std::string(name) + "'");
        ran.results.push_back(*value);
    }
    return std::optional<BodyResults>(std::move(ran));
}

} // namespace hopscope::proof
