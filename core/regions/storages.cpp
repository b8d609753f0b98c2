#include "core/regions/storages.h"

#include "core/graph/reading.h"
#include "core/regions/memory.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace hopscope {

namespace {

std::optional<int64_t> whole(std::string_view text) {
    int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

template <size_t N> bool among(const std::array<std::string_view, N>& sorted, std::string_view name) {
    return std::binary_search(sorted.begin(), sorted.end(), name);
}

NodeId first_operand(const Body& body, const Node& node, NodeId otherwise) {
    for (const Arg& arg : entries_of(body, node))
        return arg.node() ? arg.node() : otherwise;
    return otherwise;
}

} // namespace

bool is_view_operator(const GraphModule& module, const Node& node) {
    static constexpr std::array<std::string_view, 38> kViews{"_conj", "_neg_view", "_reshape_alias",
        "_unsafe_view", "alias", "as_strided", "conj", "copy_", "detach", "diagonal", "expand", "expand_as",
        "fill_", "imag", "lift_fresh", "mH", "mT", "moveaxis", "movedim", "narrow", "permute", "real",
        "select", "slice", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten", "unfold",
        "unsafe_chunk", "unsqueeze", "view", "view_as", "view_as_complex", "view_as_real", "zero_"};
    static_assert(std::is_sorted(kViews.begin(), kViews.end()));
    if (node.op != Opcode::CallFunction && node.op != Opcode::CallMethod)
        return false;
    return among(kViews, operator_name(module.text(node.target)));
}

std::optional<int64_t> storage_size(const GraphModule& module, const ValueType& type) {
    const auto shape = module.shape(type);
    const auto stride = module.stride(type);
    const DType* dtype = dtype_by_abbreviation(module.text(type.dtype));
    if (type.kind != TypeKind::Tensor || stride.size() != shape.size() || !dtype || dtype->bits == 0)
        return byte_size(module, type);
    int64_t elements = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
        const auto n = whole(module.text(shape[i])), step = whole(module.text(stride[i]));
        if (!n || !step)
            return std::nullopt;
        if (*n == 0)
            return 0;
        int64_t reach = 0;
        if (__builtin_mul_overflow(*n - 1, *step, &reach)
            || __builtin_add_overflow(elements, reach, &elements))
            return std::nullopt;
    }
    int64_t bits = 0;
    return __builtin_mul_overflow(elements, static_cast<int64_t>(dtype->bits), &bits)
        ? std::nullopt
        : std::optional((bits + 7) / 8);
}

namespace regions {

bool is_split(const GraphModule& module, const Node& node) {
    static constexpr std::array<std::string_view, 8> kSplits{
        "chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "vsplit"};
    static_assert(std::is_sorted(kSplits.begin(), kSplits.end()));
    return node.op == Opcode::CallFunction && among(kSplits, operator_name(module.text(node.target)));
}

At Follower::made(At at) {
    while (const auto inner = result_in_body(at))
        at = *inner;
    return at;
}

At Follower::storage(At at) {
    for (;;) {
        at = made(at);
        const Body& body = body_of(at);
        const Node& node = body.node(at.node);
        if (node.op == Opcode::Placeholder) {
            const At outer = passed(at);
            if (outer == at)
                return at;
            at = outer;
        } else if (const auto item = tuple_item(module_, body, at.node)) {
            if (!is_split(module_, body.node(item->of)))
                return at;
            at.node = first_operand(body, body.node(item->of), at.node);
        } else if (is_view_operator(module_, node)) {
            const NodeId operand = first_operand(body, node, at.node);
            if (operand == at.node)
                return at;
            at.node = operand;
        } else {
            return at;
        }
    }
}

NodeId Follower::outermost_call(const At& at) const {
    uint32_t frame = at.frame;
    NodeId call;
    for (; frame != 0; frame = frames_[frame].parent)
        call = frames_[frame].call;
    return call;
}

std::optional<At> Follower::result_in_body(const At& at) {
    const Body& body = body_of(at);
    const auto item = tuple_item(module_, body, at.node);
    if (!item)
        return std::nullopt;
    const auto& call = call_at(frames_[at.frame].body, item->of);
    if (!call || !call->body)
        return std::nullopt;
    // A call that threads a token yields it first, and the body's results behind it.
    const bool token = module_.text(body.node(item->of).target).ends_with("with_effects");
    const auto results = results_of(module_.body(call->body));
    if ((token && item->index == 0) || item->index - token >= results.size())
        return std::nullopt;
    const NodeId node = results[item->index - token]->node();
    if (!node)
        return std::nullopt;
    return At{frame_of(at.frame, item->of, *call), node};
}

uint32_t Follower::frame_of(uint32_t parent, NodeId node, const RegionCall& call) {
    const auto [known, is_new] =
        by_call_.try_emplace({parent, node.index}, static_cast<uint32_t>(frames_.size()));
    if (is_new)
        frames_.push_back({parent, node, call.body, identifier_parts(call.identifier).region});
    return known->second;
}

const std::optional<RegionCall>& Follower::call_at(BodyId body, NodeId node) {
    const auto [known, is_new] = calls_.try_emplace({body.index, node.index});
    if (is_new)
        known->second = region_call(module_, body, node);
    return known->second;
}

// What the call passes for a placeholder of its body.
At Follower::passed(const At& at) {
    if (at.frame == 0)
        return at;
    const Frame& frame = frames_[at.frame];
    const auto& call = call_at(frames_[frame.parent].body, frame.call);
    if (!call || at.node.index >= call->operands.size() || !call->operands[at.node.index])
        return at;
    return {frame.parent, call->operands[at.node.index]};
}

} // namespace regions
} // namespace hopscope
