#include "core/repeats/sequence.h"

#include "core/graph/calls.h"
#include "core/match/hash.h"

#include <algorithm>
#include <cctype>

namespace hopscope::repeats {

namespace {

bool computes(const Node& node) {
    return node.op == Opcode::CallFunction || node.op == Opcode::CallMethod || node.op == Opcode::CallModule;
}

uint64_t type_hash(const GraphModule& module, TypeId id) {
    const ValueType* type = module.type(id);
    if (!type)
        return 0;
    const auto add = [](uint64_t h, StringId s) { return match::mix(h, s ? s.index + 1 : 0); };
    uint64_t h = match::mix(static_cast<uint64_t>(type->kind) + 1, type->rank);
    h = add(add(add(add(h, type->dtype), type->symbol), type->text), type->device);
    for (const StringId dim : module.shape(*type))
        h = add(h, dim);
    h = match::mix(h, type->has_stride);
    for (const StringId step : module.stride(*type))
        h = add(h, step);
    return h;
}

} // namespace

// Words of the path are parted by dots, or by underscores in the names that Dynamo gives to placeholders;
// there
// "_modules_" and "_parameters_" stand between them. A number at the end of such a name counts inputs, not
// layers: "primals_3", "arg0_1".
std::string layer_path(std::string_view text) {
    if (const size_t quote = text.find('\''); quote != std::string_view::npos) { // an AOT descriptor
        const size_t end = text.find('\'', quote + 1);
        text = text.substr(quote + 1, end == std::string_view::npos ? end : end - quote - 1);
    }
    const bool dotted = text.find('.') != std::string_view::npos;
    const char separator = dotted ? '.' : '_';
    std::string path;
    size_t begin = 0;
    while (begin < text.size()) {
        const size_t end = std::min(text.find(separator, begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        begin = end + 1;
        const bool filler = !dotted && (word == "l" || word == "L" || word == "self" || word == "modules");
        if (word.empty() || filler)
            continue;
        const bool number =
            std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
        if (number && path.empty())
            return {};
        path += (path.empty() ? "" : ".") + std::string(word);
        if (number)
            return dotted || text.find_first_not_of("_0123456789", std::min(begin, text.size())) != text.npos
                ? path
                : std::string();
    }
    return {};
}

namespace {

constexpr size_t kSharedUsers = 3;

// What depends on no input and serves many: a mask, positions. It is computed once, in the first layer, which
// would be no equal of the others with it.
std::vector<bool> shared_constants(const Body& body) {
    const size_t n = body.nodes.size();
    std::vector<bool> constant(n, false), shared(n, false);
    for (size_t i = 0; i < n; ++i) {
        const auto inputs = body.inputs_of(body.nodes[i]);
        constant[i] = computes(body.nodes[i]) && std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) {
            return input.index < i && constant[input.index];
        });
    }
    for (size_t i = n; i-- > 0;) {
        if (!constant[i])
            continue;
        const auto users = body.users_of(body.nodes[i]);
        shared[i] = users.size() >= kSharedUsers
            || (!users.empty()
                && std::all_of(users.begin(), users.end(), [&](NodeId user) { return shared[user.index]; }));
    }
    return shared;
}

} // namespace

Sequence make_sequence(const Body& body, Order order) {
    Sequence sequence;
    const size_t n = body.nodes.size();
    sequence.place.assign(n, kOutside);
    const std::vector<bool> shared = shared_constants(body);
    const auto take = [&](size_t i) {
        if (!computes(body.nodes[i]) || shared[i] || sequence.place[i] != kOutside)
            return;
        sequence.place[i] = static_cast<uint32_t>(sequence.nodes.size());
        sequence.nodes.push_back(NodeId(i));
    };
    if (order == Order::Demand) {
        // Depth first from the outputs, operands in their order; only operands that stand before their user.
        std::vector<uint8_t> seen(n, 0);
        std::vector<std::pair<uint32_t, uint32_t>> open; // node, next operand
        const auto ask = [&](size_t root) {
            if (seen[root])
                return;
            seen[root] = 1;
            open.emplace_back(static_cast<uint32_t>(root), 0u);
            while (!open.empty()) {
                const uint32_t node = open.back().first;
                const auto inputs = body.inputs_of(body.nodes[node]);
                if (open.back().second < inputs.size()) {
                    const NodeId input = inputs[open.back().second++];
                    if (input.index < node && !seen[input.index]) {
                        seen[input.index] = 1;
                        open.emplace_back(input.index, 0u);
                    }
                    continue;
                }
                open.pop_back();
                take(node);
            }
        };
        for (size_t i = 0; i < n; ++i)
            if (body.nodes[i].op == Opcode::Output)
                ask(i);
        for (size_t i = 0; i < n; ++i)
            ask(i); // what no output asks for
    }
    for (size_t i = 0; i < n; ++i)
        take(i);
    return sequence;
}

Likeness make_likeness(const GraphModule& module, BodyId id, const Canon& canon) {
    const Body& body = module.body(id);
    const size_t n = body.nodes.size();
    Likeness like;
    like.kinds.assign(canon.kinds(id).begin(), canon.kinds(id).end());
    like.types.resize(n);
    like.paths.resize(n);
    like.calls.resize(n);
    for (const RegionCall& call : region_calls(module, id))
        like.calls[call.node.index] = true;
    like.start.reserve(n + 1);
    std::vector<uint64_t> types(module.types.size(), 0);
    for (size_t i = 0; i < n; ++i) {
        const Node& node = body.nodes[i];
        if (node.type) {
            uint64_t& h = types[node.type.index];
            if (h == 0)
                h = type_hash(module, node.type) | 1;
            like.types[i] = h;
        }
        like.start.push_back(static_cast<uint32_t>(like.operands.size()));
        for (const Arg& arg : body.args_of(node))
            if (arg.kind == ArgKind::Node && arg.ref < n)
                like.operands.push_back(arg.node());
        if (node.op == Opcode::Placeholder) {
            like.paths[i] = layer_path(module.text(node.descriptor));
            if (like.paths[i].empty())
                like.paths[i] = layer_path(module.text(node.target));
        } else if (node.op == Opcode::GetAttr || node.op == Opcode::CallModule) {
            like.paths[i] = layer_path(module.text(node.target));
        }
    }
    like.start.push_back(static_cast<uint32_t>(like.operands.size()));
    return like;
}

} // namespace hopscope::repeats
