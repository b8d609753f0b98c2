#include "core/proof/floors.h"

#include "core/graph/reading.h"
#include "core/graph/types.h"

#include <algorithm>
#include <map>
#include <set>

namespace hopscope::proof {

Result<std::vector<std::optional<wire::ComparedValue>>> judge_results(worker::Worker& worker,
    const GraphModule& module, BodyId body, const std::vector<tensors::Value>& inputs, uint64_t seed,
    const std::vector<tensors::Value>& found, const std::vector<tensors::Value>& random, const Job& job) {
    std::vector<tensors::Value> reference = random;
    const Body& b = module.body(body);
    std::map<std::string, size_t> places;
    size_t at = 0;
    for (const Arg* result : results_of(b)) {
        const size_t i = at++;
        if (i >= found.size() || !result->node() || found[i].kind != tensors::Value::Kind::Tensor)
            continue;
        std::string name(module.text(b.node(result->node()).name));
        if (!places.emplace(name, i).second)
            continue;
        reference.push_back(found[i]);
        reference.back().name = std::move(name);
    }
    if (const Status status = worker.bind(inputs, wire::BindRequest::As::Inputs, job); !status)
        return status.error();
    if (const Status status = worker.bind(reference, wire::BindRequest::As::Reference, job); !status)
        return status.error();
    wire::CompareRequest request;
    request.seed = seed;
    const auto answer = worker.compare(request, job);
    if (!answer)
        return answer.error();
    std::vector<std::optional<wire::ComparedValue>> rows(found.size());
    for (const wire::ComparedValue& row : answer->values)
        if (const auto place = places.find(row.path); place != places.end())
            rows[place->second] = row;
    return rows;
}

namespace {

bool draws(std::string_view target) {
    constexpr std::string_view kNames[] = {"aten.rand.", "aten.randn.", "aten.randint.", "aten.rand_like.",
        "aten.randn_like.", "aten.randint_like.", "aten.randperm.", "aten.bernoulli.", "aten.bernoulli_.",
        "aten.native_dropout.", "aten.multinomial.", "aten.normal.", "prims.inductor_random.",
        "prims.inductor_randint."};
    return std::any_of(std::begin(kNames), std::end(kNames),
        [&](std::string_view name) { return target.substr(0, name.size()) == name; });
}

} // namespace

std::vector<NodeId> drawing_nodes(const GraphModule& module, BodyId body) {
    std::vector<NodeId> nodes;
    const Body& b = module.body(body);
    for (size_t i = 0; i < b.nodes.size(); ++i)
        if (b.nodes[i].op == Opcode::CallFunction && draws(short_target(module, b.nodes[i])))
            nodes.push_back(NodeId(i));
    return nodes;
}

Drawn drawn_values(const GraphModule& from, BodyId from_body, const tensors::TensorFile& values,
    const GraphModule& to, BodyId to_body) {
    const std::vector<NodeId> there = drawing_nodes(from, from_body), here = drawing_nodes(to, to_body);
    Drawn drawn;
    bool same = there.size() == here.size();
    for (size_t i = 0; same && i < here.size(); ++i)
        same = short_target(from, from.body(from_body).node(there[i]))
            == short_target(to, to.body(to_body).node(here[i]));
    if (same)
        return drawn;
    if (there.size() != here.size()) {
        drawn.problem = "the bodies draw random numbers at " + std::to_string(there.size()) + " and "
            + std::to_string(here.size()) + " nodes, which cannot be paired";
        return drawn;
    }
    for (size_t i = 0; i < here.size(); ++i) {
        const Node& n = to.body(to_body).node(here[i]);
        const tensors::Value* value = values.find(from.text(from.body(from_body).node(there[i]).name));
        const ValueType* type = to.type(n.type);
        if (!value || value->kind != tensors::Value::Kind::Tensor || !type
            || value->shape.size() != type->rank) {
            drawn.problem = "the random numbers of '" + std::string(to.text(n.name))
                + "' have no counterpart in the other body";
            return drawn;
        }
        drawn.values.push_back(*value);
        drawn.values.back().name = std::string(to.text(n.name));
    }
    return drawn;
}

std::string half_precisions(const GraphModule& module, BodyId body) {
    std::set<std::string_view> found;
    for (const Node& n : module.body(body).nodes)
        if (const ValueType* type = module.type(n.type); type && type->kind == TypeKind::Tensor)
            if (const std::string_view dtype = module.text(type->dtype); dtype == "bf16" || dtype == "f16")
                found.insert(dtype == "bf16" ? "bfloat16" : "float16");
    std::string text;
    for (const std::string_view dtype : found)
        text += (text.empty() ? "" : ", ") + std::string(dtype);
    return text;
}

} // namespace hopscope::proof
