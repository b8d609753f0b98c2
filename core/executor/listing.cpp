#include "core/executor/listing.h"

#include "core/executor/torch.h"

#include <array>

namespace hopscope::executor {

namespace {

// FX counts these from 1, as they are names of Python's own (torch/fx/graph.py, _Namespace.create_name).
bool is_python_name(const std::string& name) {
    static const std::unordered_set<std::string> names{"abs", "all", "any", "bool", "bytes", "complex",
        "dict", "eval", "filter", "float", "format", "hash", "hex", "id", "input", "int", "len", "list",
        "map", "max", "min", "next", "object", "pow", "print", "range", "repr", "reversed", "round", "set",
        "slice", "sorted", "str", "sum", "super", "tuple", "type", "vars", "zip", "lambda", "is", "not",
        "and", "or", "in", "inf", "nan", "NoneType", "torch", "device"};
    return names.count(name) > 0;
}

} // namespace

Listing::Listing(Recorder& recorder, const Program& program)
    : recorder_(recorder)
    , program_(program) {
    const GraphModule& module = *program.module;
    for (const Node& n : module.bodies[0].nodes)
        forward_names_.insert(std::string(module.text(n.name)));
}

std::string Listing::unique(const std::string& base) {
    const auto free = [&](const std::string& name) {
        return !taken_.count(name) && !forward_names_.count(name) && !is_python_name(name);
    };
    std::string name = base;
    for (int i = 1; !free(name); ++i)
        name = base + '_' + std::to_string(i);
    taken_.insert(name);
    return name;
}

std::string Listing::name_tangent(size_t index) {
    size_t placeholders = 0;
    bool numbered = true;
    for (const Input& input : program_.inputs) {
        numbered = numbered && input.name == "arg" + std::to_string(placeholders) + "_1";
        ++placeholders;
    }
    if (numbered && placeholders > 0)
        return unique("arg" + std::to_string(placeholders + index) + "_1");
    const size_t first = !program_.inputs.empty() && program_.inputs[0].name == "primals_1";
    return unique("tangents_" + std::to_string(index + first));
}

std::string Listing::type_of_input(size_t index, const c10::IValue& value) const {
    if (value.isTensor())
        return type_of(value.toTensor());
    const Input& input = program_.inputs[index];
    const GraphModule& module = *program_.module;
    const ValueType* type = module.type(module.body(input.body).node(input.node).type);
    return type ? std::string(module.text(type->text)) : std::string();
}

void Listing::name_forward(
    const std::vector<std::optional<uint32_t>>& values, bool tuple, const std::string& name, bool root) {
    if (values.empty() || !values[0])
        return;
    RecordedValue& value = recorder_.values[*values[0]];
    if (!value.event)
        return;
    RecordedCall& call = recorder_.calls[*value.event];
    std::string& place = tuple || !call.tuple ? call.name : value.name;
    if (!place.empty() || (tuple && !call.tuple))
        return;
    // The body's own names are there once; those of regions put inline may come again.
    place = root && taken_.insert(name).second ? name : unique(name);
    if (!call.tuple)
        value.name = place;
}

std::vector<bool> Listing::needed(const std::vector<c10::IValue>& returned) const {
    std::vector<bool> keep(recorder_.calls.size(), false);
    const auto use = [&](std::optional<uint32_t> id) {
        if (id && recorder_.values[*id].event)
            keep[*recorder_.values[*id].event] = true;
    };
    for (const c10::IValue& value : returned)
        if (value.isTensor())
            use(recorder_.find(value.toTensor()));
    for (size_t i = keep.size(); i-- > 0;) {
        const RecordedCall& call = recorder_.calls[i];
        keep[i] = keep[i] || call.results.empty(); // an assertion
        if (keep[i])
            for (const Piece& piece : call.arguments)
                use(piece.value);
    }
    return keep;
}

std::string Listing::text_of(const c10::IValue& value) const {
    if (value.isTensor()) {
        const std::optional<uint32_t> id = recorder_.find(value.toTensor());
        TORCH_CHECK(id.has_value(), "a result of type ", type_of(value.toTensor()),
            " comes from no operator that was heard");
        return recorder_.values[*id].name;
    }
    if (value.isBool())
        return value.toBool() ? "True" : "False";
    if (value.isInt())
        return std::to_string(value.toInt());
    return value.isNone() ? "None" : c10::str(value);
}

std::string Listing::arguments_of(const RecordedCall& call) const {
    std::string text;
    for (const Piece& piece : call.arguments) {
        text += piece.text;
        if (piece.value)
            text += recorder_.values[*piece.value].name;
    }
    return text;
}

std::unordered_set<uint32_t> Listing::items_used(
    const std::vector<bool>& keep, const std::vector<c10::IValue>& returned) const {
    std::unordered_set<uint32_t> used;
    for (size_t i = 0; i < keep.size(); ++i)
        if (keep[i])
            for (const Piece& piece : recorder_.calls[i].arguments)
                if (piece.value)
                    used.insert(*piece.value);
    for (const c10::IValue& value : returned)
        if (value.isTensor())
            if (const std::optional<uint32_t> id = recorder_.find(value.toTensor()))
                used.insert(*id);
    return used;
}

void Listing::name_rest(const std::vector<bool>& keep) {
    for (size_t i = 0; i < keep.size(); ++i) {
        RecordedCall& call = recorder_.calls[i];
        if (!keep[i])
            continue;
        if (call.name.empty())
            call.name = unique(call.base);
        for (const uint32_t id : call.results)
            if (RecordedValue& value = recorder_.values[id]; value.name.empty() && !call.tuple)
                value.name = call.name;
    }
}

void Listing::write(const std::vector<c10::IValue>& returned, Joint& joint) {
    const std::vector<bool> keep = needed(returned);
    name_rest(keep);
    const std::unordered_set<uint32_t> used = items_used(keep, returned);
    for (size_t i = 0; i < keep.size(); ++i) {
        const RecordedCall& call = recorder_.calls[i];
        if (!keep[i])
            continue;
        std::string head = call.name;
        if (!call.tuple && !call.results.empty())
            head += ": \"" + recorder_.values[call.results[0]].type + "\"";
        joint.nodes.push_back(
            {head + " = " + call.target + "(" + arguments_of(call) + ")", call.forward, call.backward_of});
        for (const uint32_t id : call.results) {
            RecordedValue& value = recorder_.values[id];
            if (!call.tuple || !used.count(id))
                continue;
            if (value.name.empty())
                value.name = unique("getitem");
            joint.nodes.push_back({value.name + ": \"" + value.type + "\" = " + call.name + "["
                    + std::to_string(value.item) + "]",
                call.forward, call.backward_of});
        }
    }
    joint.returned = "(";
    for (size_t i = 0; i < returned.size(); ++i)
        joint.returned += (i ? ", " : "") + text_of(returned[i]);
    joint.returned += returned.size() == 1 ? ",)" : ")";
}

} // namespace hopscope::executor
