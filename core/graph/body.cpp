#include "core/graph/body.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace hopscope {

std::string_view opcode_name(Opcode op) {
    switch (op) {
    case Opcode::Placeholder:
        return "placeholder";
    case Opcode::GetAttr:
        return "get_attr";
    case Opcode::CallFunction:
        return "call_function";
    case Opcode::CallMethod:
        return "call_method";
    case Opcode::CallModule:
        return "call_module";
    case Opcode::Output:
        return "output";
    }
    return "";
}

size_t Body::placeholder_count() const {
    size_t n = 0;
    while (n < nodes.size() && nodes[n].op == Opcode::Placeholder)
        ++n;
    return n;
}

size_t GraphModule::node_count() const {
    size_t n = 0;
    for (const Body& b : bodies)
        n += b.nodes.size();
    return n;
}

std::string body_path(const GraphModule& module, BodyId body) {
    std::vector<std::string_view> parts;
    for (BodyId b = body; b && module.body(b).parent; b = module.body(b).parent)
        parts.push_back(module.text(module.body(b).class_name));
    std::string path;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (!path.empty())
            path += '.';
        path += *part;
    }
    return path;
}

BodyId find_body(const GraphModule& module, std::string_view path) {
    if (module.bodies.empty())
        return {};
    BodyId at(0);
    while (!path.empty()) {
        const size_t dot = path.find('.');
        const StringId name = module.strings.find(path.substr(0, dot));
        at = name ? child_body(module, at, name) : BodyId();
        if (!at)
            return {};
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    return at;
}

NodeId find_node(const GraphModule& module, const Body& body, std::string_view name) {
    const StringId id = module.strings.find(name);
    if (!id)
        return {};
    for (size_t i = 0; i < body.nodes.size(); ++i)
        if (body.nodes[i].name == id)
            return NodeId(i);
    return {};
}

BodyId child_body(const GraphModule& module, BodyId scope, StringId attribute) {
    for (const BodyId child : module.body(scope).children)
        if (module.body(child).class_name == attribute)
            return child;
    return {};
}

std::string_view short_target(std::string_view target) {
    constexpr std::string_view kOps = "torch.ops.";
    constexpr std::string_view kHigherOrder = "torch.ops.higher_order.";
    if (target.starts_with(kHigherOrder))
        return target.substr(kHigherOrder.size());
    if (target.starts_with(kOps))
        return target.substr(kOps.size());
    return target;
}

namespace {

bool dim_number(std::string_view text, int64_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::optional<int64_t> element_count(const GraphModule& module, const ValueType& type) {
    if (type.kind != TypeKind::Tensor)
        return std::nullopt;
    int64_t n = 1;
    for (const StringId dim : module.shape(type)) {
        int64_t size = 0;
        if (!dim_number(module.text(dim), size) || size < 0 || __builtin_mul_overflow(n, size, &n))
            return std::nullopt;
    }
    return n;
}

std::optional<int64_t> byte_size(const GraphModule& module, const ValueType& type) {
    const std::optional<int64_t> n = element_count(module, type);
    const DType* dtype = n ? dtype_by_abbreviation(module.text(type.dtype)) : nullptr;
    int64_t bits = 0;
    if (!dtype || __builtin_mul_overflow(*n, static_cast<int64_t>(dtype->bits), &bits))
        return std::nullopt;
    return bits / 8;
}

bool is_contiguous(const GraphModule& module, const ValueType& type) {
    if (!type.has_stride)
        return true;
    const auto shape = module.shape(type);
    const auto stride = module.stride(type);
    if (element_count(module, type) == int64_t{0})
        return true;
    int64_t expected = 1;
    for (size_t i = shape.size(); i-- > 0;) {
        int64_t size = 0;
        int64_t step = 0;
        if (!dim_number(module.text(shape[i]), size) || !dim_number(module.text(stride[i]), step))
            return true;
        if (size != 1 && step != expected)
            return false;
        if (__builtin_mul_overflow(expected, size, &expected))
            return true;
    }
    return true;
}

std::string short_type(const GraphModule& module, const ValueType& type) {
    if (type.kind != TypeKind::Tensor)
        return std::string(module.text(type.text));
    std::string out(module.text(type.dtype));
    out += '[';
    bool first = true;
    for (const StringId dim : module.shape(type)) {
        if (!first)
            out += ", ";
        first = false;
        out += module.text(dim);
    }
    return out + ']';
}

void derive_uses(Body& body) {
    const size_t n = body.nodes.size();
    body.inputs.clear();
    std::vector<uint32_t> user_count(n + 1, 0);
    // `seen[i]` is the node whose argument list met node i last: distinctness without a set.
    std::vector<uint32_t> seen(n, UINT32_MAX);
    for (size_t i = 0; i < n; ++i) {
        Node& node = body.nodes[i];
        node.inputs_begin = static_cast<uint32_t>(body.inputs.size());
        for (const Arg& arg : body.args_of(node)) {
            const NodeId input = arg.node();
            if (!input || input.index >= n || seen[input.index] == i)
                continue;
            seen[input.index] = static_cast<uint32_t>(i);
            body.inputs.push_back(input);
            ++user_count[input.index];
        }
        node.inputs_end = static_cast<uint32_t>(body.inputs.size());
    }
    body.users.assign(body.inputs.size(), NodeId());
    uint32_t at = 0;
    for (size_t i = 0; i < n; ++i) {
        body.nodes[i].users_begin = body.nodes[i].users_end = at;
        at += user_count[i];
    }
    for (size_t i = 0; i < n; ++i)
        for (const NodeId input : body.inputs_of(body.nodes[i]))
            body.users[body.nodes[input.index].users_end++] = NodeId(i);
}

namespace {

// Compares two modules text by text, without assuming that equal texts have equal ids.
class BodyComparer {
public:
    BodyComparer(const GraphModule& a, const GraphModule& b)
        : a_(a)
        , b_(b) { }

    bool bodies(BodyId first_a, BodyId first_b) {
        std::vector<std::pair<BodyId, BodyId>> open{{first_a, first_b}};
        while (!open.empty()) {
            const auto [id_a, id_b] = open.back();
            open.pop_back();
            const Body& a = a_.body(id_a);
            const Body& b = b_.body(id_b);
            if (a.nodes.size() != b.nodes.size() || a.children.size() != b.children.size())
                return false;
            if (!texts(a.output_descriptors, b.output_descriptors))
                return false;
            for (size_t i = 0; i < a.nodes.size(); ++i)
                if (!nodes(a, a.nodes[i], b, b.nodes[i]))
                    return false;
            for (size_t i = 0; i < a.children.size(); ++i) {
                if (!text(a_.body(a.children[i]).class_name, b_.body(b.children[i]).class_name))
                    return false;
                open.emplace_back(a.children[i], b.children[i]);
            }
        }
        return true;
    }

private:
    bool text(StringId a, StringId b) const { return a.valid() == b.valid() && a_.text(a) == b_.text(b); }
    bool texts(const std::vector<StringId>& a, const std::vector<StringId>& b) const {
        return std::equal(
            a.begin(), a.end(), b.begin(), b.end(), [this](StringId x, StringId y) { return text(x, y); });
    }
    bool types(TypeId a, TypeId b) const {
        return a.valid() == b.valid() && (!a || text(a_.types[a.index].text, b_.types[b.index].text));
    }
    bool sources(SourceId id_a, SourceId id_b) const {
        if (id_a.valid() != id_b.valid() || !id_a)
            return id_a.valid() == id_b.valid();
        const Source& a = a_.sources[id_a.index];
        const Source& b = b_.sources[id_b.index];
        return text(a.file, b.file) && a.line == b.line && text(a.function, b.function)
            && text(a.code, b.code) && text(a.annotation, b.annotation) && text(a.recompute, b.recompute)
            && a.call_id == b.call_id && a.backward_of == b.backward_of;
    }
    bool args(const Arg& a, const Arg& b) const {
        if (a.kind != b.kind || a.size != b.size)
            return false;
        return a.kind == ArgKind::Node ? a.ref == b.ref : text(a.text(), b.text());
    }
    bool nodes(const Body& body_a, const Node& a, const Body& body_b, const Node& b) const {
        const auto args_a = body_a.args_of(a);
        const auto args_b = body_b.args_of(b);
        return a.op == b.op && a.syntax == b.syntax && text(a.name, b.name) && text(a.target, b.target)
            && text(a.descriptor, b.descriptor) && types(a.type, b.type) && sources(a.source, b.source)
            && std::equal(args_a.begin(), args_a.end(), args_b.begin(), args_b.end(),
                [this](const Arg& x, const Arg& y) { return args(x, y); });
    }

    const GraphModule& a_;
    const GraphModule& b_;
};

} // namespace

bool same_body(const GraphModule& a, BodyId body_a, const GraphModule& b, BodyId body_b) {
    return BodyComparer(a, b).bodies(body_a, body_b);
}

} // namespace hopscope
