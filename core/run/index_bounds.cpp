#include "core/run/index_bounds.h"

#include "core/graph/reading.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hopscope::run {

namespace {

constexpr size_t kMostReached =
    100000; // of different places and sums; a graph without end could add for ever

// Operators whose index is an argument: (prefix of the target, argument, tensor that it indexes, argument
// that says which dimension or -1, dimension where none says).
struct Indexing {
    std::string_view target;
    size_t index, tensor;
    int dimension;
    int64_t otherwise;
};
constexpr std::array kIndexing{
    Indexing{"aten.embedding.", 1, 0, -1, 0},
    Indexing{"torch.nn.functional.embedding", 0, 1, -1, 0}, // of the Dynamo stage, as the methods below
    Indexing{"aten.embedding_bag.", 1, 0, -1, 0},
    Indexing{"aten._embedding_bag.", 1, 0, -1, 0},
    Indexing{"aten._embedding_bag_forward_only.", 1, 0, -1, 0},
    Indexing{"aten.gather_backward.", 3, 1, 2, 0},
    Indexing{"aten.gather.", 2, 0, 1, 0},
    Indexing{"aten.scatter.", 2, 0, 1, 0},
    Indexing{"aten.scatter_.", 2, 0, 1, 0},
    Indexing{"aten.scatter_add", 2, 0, 1, 0},
    Indexing{"aten.scatter_reduce", 2, 0, 1, 0},
    Indexing{"aten.index_select.", 2, 0, 1, 0},
    Indexing{"aten.index_add", 2, 0, 1, 0},
    Indexing{"aten.index_copy", 2, 0, 1, 0},
    Indexing{"aten.index_fill", 2, 0, 1, 0},
    Indexing{"aten.index_reduce", 2, 0, 1, 0},
    Indexing{"aten.take_along_dim.", 1, 0, 2, 0},
    Indexing{"aten.select.int", 2, 0, 1, 0},
    Indexing{"aten.select_scatter.", 3, 0, 2, 0},
    Indexing{"aten.nll_loss_forward.", 1, 0, -1, 1},
    Indexing{"aten.nll_loss_backward.", 2, 1, -1, 1},
    Indexing{"aten.nll_loss2d_forward.", 1, 0, -1, 1},
    Indexing{"aten.nll_loss2d_backward.", 2, 1, -1, 1},
};

// What only moves values on, whichever operand they are: the range stays.
constexpr std::array kMovers{"aten.view.", "aten._unsafe_view.", "aten.reshape.", "aten._reshape_alias.",
    "aten.unsqueeze.", "aten.squeeze.", "aten.expand.", "aten.clone.", "aten.slice.", "aten.select.",
    "aten.t.", "aten.transpose.", "aten.permute.", "aten._to_copy.", "aten.detach.", "aten.alias.",
    "aten.cat.", "aten.stack.", "aten.repeat.", "aten.tile.", "aten.roll.", "aten.flip.", "aten.split.",
    "aten.split_with_sizes.", "aten.unbind.", "aten.diagonal.", "aten.as_strided.", "aten.unfold.",
    "aten.contiguous.", "aten.lift_fresh_copy.", "aten.copy.", "aten.copy_.", "aten.where.",
    "aten.masked_fill.", "aten.minimum.", "aten.maximum.", "aten.amax.", "aten.amin.", "aten.max.",
    "aten.min.", "aten.sort.", "aten.topk.", "aten.constant_pad_nd.", "aten.tril.", "aten.triu.",
    "aten.clamp_min.", "aten._local_scalar_dense.", "aten.item.", "aten.index_select.", "aten.gather.",
    "aten.slice_scatter.", "aten.select_scatter.", "aten.scatter.", "aten.index.", "aten.index_put.",
    "aten.broadcast_to.", "prims.convert_element_type.", "prims.broadcast_in_dim.", "aten.sym_sum",
    "operator.getitem"};

constexpr std::array<std::string_view, 10> kMovingMethods{
    "view", "expand", "reshape", "unsqueeze", "squeeze", "to", "contiguous", "transpose", "flatten", "long"};

bool is(const Arg* arg, NodeId node) {
    return arg && arg->kind == ArgKind::Node && arg->node() == node;
}

} // namespace

IntegerRange IndexBounds::of(BodyId body, NodeId node) {
    range_ = {};
    seen_.clear();
    todo_ = {{body, node}};
    while (!todo_.empty()) {
        const Reached value = todo_.back();
        todo_.pop_back();
        if (seen_.size() >= kMostReached || !seen_.insert(value).second)
            continue;
        const Body& in = module_.body(value.body);
        for (const NodeId user : in.users_of(in.node(value.node)))
            use(value, user);
    }
    if (range_.high)
        range_.high = std::max(*range_.high, range_.low + 1); // nothing fits all: as little wrong as can be
    return range_;
}

std::optional<int64_t> IndexBounds::number(const Arg* arg) const {
    if (!arg || (arg->kind != ArgKind::Int && arg->kind != ArgKind::Symbol))
        return std::nullopt;
    return evaluate_symbolic(module_.text(arg->text()), symbols_);
}

std::optional<int64_t> IndexBounds::dimension(
    const Body& body, const Arg* tensor, std::optional<int64_t> d) const {
    if (!tensor || tensor->kind != ArgKind::Node || !d)
        return std::nullopt;
    const ValueType* type = module_.type(body.node(tensor->node()).type);
    if (!type || type->kind != TypeKind::Tensor)
        return std::nullopt;
    const auto shape = module_.shape(*type);
    const int64_t at = *d + (*d < 0 ? static_cast<int64_t>(shape.size()) : 0);
    if (at < 0 || at >= static_cast<int64_t>(shape.size()))
        return std::nullopt;
    return evaluate_symbolic(module_.text(shape[static_cast<size_t>(at)]), symbols_);
}

// The largest number of an arange from 0 that an operand is, seen through views.
std::optional<int64_t> IndexBounds::largest_counted(const Body& body, const Arg* arg) const {
    for (int hops = 0; hops < 16 && arg && arg->kind == ArgKind::Node; ++hops) {
        const Node& n = body.node(arg->node());
        const std::string_view target = short_target(module_, n);
        const std::vector<const Arg*> args = arguments_of(module_, body, n).positional;
        if (target.starts_with("aten.arange.") || target.starts_with("prims.iota.")) {
            const auto size = dimension(body, arg, 0);
            const auto start = target.starts_with("aten.arange.start") && !args.empty() ? number(args[0]) : 0;
            return size && start ? std::optional(*start + *size - 1) : std::nullopt;
        }
        const bool moves = target.starts_with("aten.view.") || target.starts_with("aten.unsqueeze.")
            || target.starts_with("aten.expand.") || target.starts_with("aten._to_copy.");
        arg = moves && !args.empty() ? args[0] : nullptr;
    }
    return std::nullopt;
}

// 0 <= factor * x + offset < size.
void IndexBounds::limit(const Reached& value, std::optional<int64_t> size) {
    if (!size || *size <= 0)
        return;
    const int64_t room = *size - 1 - value.offset;
    const int64_t high = room < 0 ? 1 : room / value.factor + 1;
    range_.high = std::min(range_.high.value_or(high), high);
    if (value.offset < 0)
        range_.low = std::max(range_.low, (-value.offset + value.factor - 1) / value.factor);
}

void IndexBounds::go_on(const Reached& value, NodeId to, int64_t factor, int64_t offset) {
    Reached next{value.body, to};
    // A sum that no number holds is followed no further.
    if (!__builtin_mul_overflow(value.factor, factor, &next.factor)
        && !__builtin_mul_overflow(value.offset, factor, &next.offset)
        && !__builtin_add_overflow(next.offset, offset, &next.offset))
        todo_.push_back(next);
}

// Where the user takes it as an index.
bool IndexBounds::as_index(const Reached& value, NodeId user) {
    const Body& body = module_.body(value.body);
    const std::string_view target = short_target(module_, body.node(user));
    const Arguments args = arguments_of(module_, body, body.node(user));
    const auto arg = [&](size_t i) { return args.at(i); };
    for (const Indexing& how : kIndexing)
        if (target.starts_with(how.target) && is(arg(how.index), value.node)) {
            const Arg* said = how.dimension < 0 ? nullptr : arg(static_cast<size_t>(how.dimension));
            limit(value, dimension(body, arg(how.tensor), said ? number(said) : how.otherwise));
            return true;
        }
    if (target.starts_with("aten._grouped_mm.") || target.starts_with("aten._scaled_grouped_mm.")) {
        // The dimension that one of the two lacks is grouped, or the inner one where both are matrices.
        const Arg* offsets = arg(target.starts_with("aten._grouped") ? 2 : 4);
        const auto all = body.args_of(body.node(user));
        for (size_t i = 0; !offsets && i + 1 < all.size(); ++i)
            if (all[i].kind == ArgKind::Keyword && module_.text(all[i].text()) == "offs")
                offsets = &all[i + 1];
        if (!is(offsets, value.node))
            return false;
        const bool batch = dimension(body, arg(0), 2).has_value(),
                   other_batch = dimension(body, arg(1), 2).has_value();
        const auto size = batch ? dimension(body, arg(1), 1) : dimension(body, arg(0), other_batch ? 0 : 1);
        if (size && value.factor == 1 && value.offset == 0)
            range_.ends_at = std::min(range_.ends_at.value_or(*size), *size);
        return true;
    }
    if (target.starts_with("aten.embedding_dense_backward.") && is(arg(1), value.node)) {
        limit(value, number(arg(2)));
        return true;
    }
    if (target.starts_with("aten.one_hot.") && is(arg(0), value.node)) {
        limit(value, number(arg(1)));
        return true;
    }
    if (target.starts_with("aten.narrow.") && is(arg(2), value.node)) {
        const auto size = dimension(body, arg(0), number(arg(1))), length = number(arg(3));
        if (size && length)
            limit(value, *size - *length + 1);
        return true;
    }
    const bool by_list = target.starts_with("aten.index.") || target.starts_with("aten.index_put")
        || target.starts_with("aten._unsafe_index") || target.starts_with("aten._index_put_impl");
    const Arg* list = arg(1);
    if (!by_list || !list || list->kind != ArgKind::List)
        return false;
    bool found = false;
    int64_t d = 0;
    for (const Arg& index : items_of(list)) {
        if (is(&index, value.node)) {
            limit(value, dimension(body, arg(0), d));
            found = true;
        }
        ++d;
    }
    return found;
}

// Where the user computes with it.
bool IndexBounds::as_operand(const Reached& value, NodeId user) {
    const Body& body = module_.body(value.body);
    const std::string_view target = short_target(module_, body.node(user));
    const Arguments args = arguments_of(module_, body, body.node(user));
    const auto arg = [&](size_t i) { return args.at(i); };
    const bool add = target.starts_with("aten.add.") || target == "operator.add",
               subtract = target.starts_with("aten.sub.") || target == "operator.sub",
               multiply = target.starts_with("aten.mul.") || target == "operator.mul";
    if (add || multiply) {
        const Arg* other = is(arg(0), value.node) ? arg(1) : arg(0);
        if (const auto constant = number(other); constant && add)
            go_on(value, user, 1, *constant);
        else if (constant && *constant > 0)
            go_on(value, user, *constant);
        else if (const auto counted = largest_counted(body, other); counted && add)
            go_on(value, user, 1, *counted);
        else if (add && !constant)
            go_on(value, user, 2); // two inputs, each at most half
        return true;
    }
    if (subtract) {
        if (const auto constant = number(arg(1)); constant && is(arg(0), value.node))
            go_on(value, user, 1, -*constant);
        return true;
    }
    if (target.starts_with("aten.cumsum.")) {
        if (const auto size = dimension(body, arg(0), number(arg(1))); size && *size > 0)
            go_on(value, user, *size);
        return true;
    }
    return false;
}

// Out of a region's body: to the items of its calls' results.
void IndexBounds::returned(const Reached& value) {
    const Body& body = module_.body(value.body);
    if (!body.parent)
        return;
    const std::vector<const Arg*> results = results_of(body);
    const Body& parent = module_.body(body.parent);
    for (const RegionCall& call : region_calls(module_, body.parent)) {
        if (call.body != value.body)
            continue;
        for (const NodeId user : parent.users_of(parent.node(call.node))) {
            const auto item = tuple_item(module_, parent, user);
            if (item && item->of == call.node && item->index < results.size()
                && is(results[item->index], value.node))
                todo_.push_back({body.parent, user, value.factor, value.offset});
        }
    }
}

void IndexBounds::use(const Reached& value, NodeId user) {
    const Body& body = module_.body(value.body);
    const Node& n = body.node(user);
    if (n.op == Opcode::Output) {
        returned(value);
        return;
    }
    if (const auto call = region_call(module_, value.body, user); call && call->body) {
        const Body& inner = module_.body(call->body);
        for (size_t i = 0; i < call->operands.size() && i < inner.placeholder_count(); ++i)
            if (call->operands[i] == value.node)
                todo_.push_back({call->body, NodeId(i), value.factor, value.offset});
        return;
    }
    if (as_index(value, user) || as_operand(value, user))
        return;
    const std::string_view target = short_target(module_, n);
    for (const std::string_view mover : kMovers)
        if (target.starts_with(mover))
            go_on(value, user);
    if ((n.op == Opcode::CallMethod
            && std::find(kMovingMethods.begin(), kMovingMethods.end(), target) != kMovingMethods.end())
        || target == "torch.gather")
        go_on(value, user);
}

} // namespace hopscope::run
