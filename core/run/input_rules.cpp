#include "core/run/input_rules.h"

#include "core/graph/calls.h"
#include "core/graph/reading.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hopscope::run {

namespace {

using Kind = InputRule::Kind;

constexpr size_t kMostReached = 20000;
constexpr int kMostHops = 16; // through views, backwards

// What moves elements, or writes them in another dtype.
constexpr std::array<std::string_view, 31> kMovers{"aten.view.", "aten._unsafe_view.", "aten.reshape.",
    "aten._reshape_alias.", "aten.unsqueeze.", "aten.squeeze.", "aten.expand.", "aten.clone.", "aten.slice.",
    "aten.select.", "aten.t.", "aten.transpose.", "aten.permute.", "aten._to_copy.", "aten.detach.",
    "aten.alias.", "aten.split.", "aten.split_with_sizes.", "aten.unbind.", "aten.chunk.", "aten.contiguous.",
    "aten.lift_fresh_copy.", "aten.cat.", "aten.stack.", "prims.convert_element_type.",
    "prims.broadcast_in_dim.", "prims.view_of.", "aten.repeat.", "aten.as_strided.", "aten.to.",
    "operator.getitem"};
constexpr std::array<std::string_view, 12> kMovingMethods{"view", "expand", "reshape", "unsqueeze", "squeeze",
    "to", "contiguous", "transpose", "flatten", "t", "float", "type_as"};

// Arguments whose part is known: schemas of native_functions.yaml.
struct Role {
    std::string_view target;
    size_t argument;
    std::string_view keyword;
    Kind kind;
};
constexpr std::array kRoles{
    // norms: weight, bias, running statistics; in backwards what the forward saved
    Role{"aten.native_layer_norm.", 2, "weight", Kind::Scale},
    Role{"aten.native_layer_norm.", 3, "bias", Kind::Bias},
    Role{"aten.layer_norm.", 2, "weight", Kind::Scale},
    Role{"aten.layer_norm.", 3, "bias", Kind::Bias},
    Role{"torch.nn.functional.layer_norm", 2, "weight", Kind::Scale},
    Role{"torch.nn.functional.layer_norm", 3, "bias", Kind::Bias},
    Role{"aten.native_layer_norm_backward.", 3, "mean", Kind::Bias},
    Role{"aten.native_layer_norm_backward.", 4, "rstd", Kind::Positive},
    Role{"aten.native_layer_norm_backward.", 5, "weight", Kind::Scale},
    Role{"aten.native_group_norm.", 1, "weight", Kind::Scale},
    Role{"aten.native_group_norm.", 2, "bias", Kind::Bias},
    Role{"aten.group_norm.", 2, "weight", Kind::Scale},
    Role{"aten.group_norm.", 3, "bias", Kind::Bias},
    Role{"aten.native_group_norm_backward.", 2, "mean", Kind::Bias},
    Role{"aten.native_group_norm_backward.", 3, "rstd", Kind::Positive},
    Role{"aten.native_group_norm_backward.", 4, "weight", Kind::Scale},
    Role{"aten._fused_rms_norm.", 2, "weight", Kind::Scale},
    Role{"aten.rms_norm.", 2, "weight", Kind::Scale},
    Role{"aten._fused_rms_norm_backward.", 3, "rstd", Kind::Positive},
    Role{"aten._fused_rms_norm_backward.", 4, "weight", Kind::Scale},
    Role{"aten.native_batch_norm_backward.", 2, "weight", Kind::Scale},
    Role{"aten.native_batch_norm_backward.", 3, "running_mean", Kind::Bias},
    Role{"aten.native_batch_norm_backward.", 4, "running_var", Kind::Positive},
    Role{"aten.native_batch_norm_backward.", 5, "save_mean", Kind::Bias},
    Role{"aten.native_batch_norm_backward.", 6, "save_invstd", Kind::Positive},
    Role{"aten.cudnn_batch_norm_backward.", 2, "weight", Kind::Scale},
    Role{"aten.cudnn_batch_norm_backward.", 3, "running_mean", Kind::Bias},
    Role{"aten.cudnn_batch_norm_backward.", 4, "running_var", Kind::Positive},
    Role{"aten.cudnn_batch_norm_backward.", 5, "save_mean", Kind::Bias},
    Role{"aten.cudnn_batch_norm_backward.", 6, "save_var", Kind::Positive},
    // attention: masks, and what the backwards take
    Role{"aten._scaled_dot_product_efficient_attention.", 3, "attn_bias", Kind::Mask},
    Role{"aten._scaled_dot_product_cudnn_attention.", 3, "attn_bias", Kind::Mask},
    Role{"aten._scaled_dot_product_fused_attention_overrideable.", 3, "attn_bias", Kind::Mask},
    Role{"aten._efficient_attention_forward.", 3, "bias", Kind::Mask},
    Role{"aten._scaled_dot_product_flash_attention_for_cpu.", 99, "attn_mask", Kind::Mask},
    Role{"aten._scaled_dot_product_flash_attention_for_cpu_backward.", 99, "attn_mask", Kind::Mask},
    Role{"aten.scaled_dot_product_attention.", 3, "attn_mask", Kind::Mask},
    Role{"torch._C._nn.scaled_dot_product_attention", 3, "attn_mask", Kind::Mask},
    Role{"aten._scaled_dot_product_efficient_attention_backward.", 4, "attn_bias", Kind::Mask},
    Role{"aten._scaled_dot_product_efficient_attention_backward.", 6, "logsumexp", Kind::LogSumExp},
    Role{"aten._scaled_dot_product_cudnn_attention_backward.", 8, "attn_bias", Kind::Mask},
    Role{"aten._scaled_dot_product_cudnn_attention_backward.", 5, "logsumexp", Kind::LogSumExp},
    Role{"aten._scaled_dot_product_flash_attention_backward.", 5, "logsumexp", Kind::LogSumExp},
    Role{"aten._scaled_dot_product_flash_attention_for_cpu_backward.", 5, "logsumexp", Kind::LogSumExp},
    Role{"aten._scaled_dot_product_fused_attention_overrideable_backward.", 4, "attn_bias", Kind::Mask},
    Role{"aten._scaled_dot_product_fused_attention_overrideable_backward.", 7, "logsumexp", Kind::LogSumExp},
    Role{"aten._flash_attention_backward.", 5, "logsumexp", Kind::LogSumExp},
    Role{"aten._efficient_attention_backward.", 4, "bias", Kind::Mask},
    Role{"aten._efficient_attention_backward.", 10, "logsumexp", Kind::LogSumExp},
    Role{"flex_attention_backward", 4, "logsumexp", Kind::LogSumExp},
    Role{"aten._softmax_backward_data.", 1, "output", Kind::Probability},
    // scales of quantized operands
    Role{"aten._scaled_mm.", 2, "scale_a", Kind::Positive},
    Role{"aten._scaled_mm.", 3, "scale_b", Kind::Positive},
    Role{"aten._scaled_grouped_mm.", 2, "scale_a", Kind::Positive},
    Role{"aten._scaled_grouped_mm.", 3, "scale_b", Kind::Positive},
    // where a function lives
    Role{"aten.rsqrt.", 0, "self", Kind::Positive},
    Role{"aten.sqrt.", 0, "self", Kind::Positive},
    Role{"aten.log.", 0, "self", Kind::Positive},
    Role{"aten.log2.", 0, "self", Kind::Positive},
    Role{"aten.log10.", 0, "self", Kind::Positive},
    Role{"aten.log1p.", 0, "self", Kind::Positive},
    Role{"aten.lgamma.", 0, "self", Kind::Positive},
    Role{"aten.reciprocal.", 0, "self", Kind::Positive},
    Role{"aten.pow.Tensor_Tensor", 0, "self", Kind::Positive},
    Role{"aten.div.Tensor", 1, "other", Kind::Positive},
    Role{"aten.acos.", 0, "self", Kind::Fraction},
    Role{"aten.asin.", 0, "self", Kind::Fraction},
    Role{"aten.atanh.", 0, "self", Kind::Fraction},
    Role{"aten.erfinv.", 0, "self", Kind::Fraction},
    Role{"aten.tanh_backward.", 1, "output", Kind::Fraction},
    Role{"aten.sigmoid_backward.", 1, "output", Kind::Probability},
    Role{"aten.bernoulli.", 0, "self", Kind::Probability},
    Role{"aten.multinomial.", 0, "self", Kind::Probability},
    Role{"aten.binary_cross_entropy.", 0, "self", Kind::Probability},
    Role{"aten.binary_cross_entropy.", 1, "target", Kind::Probability},
    Role{"aten.logit.", 0, "self", Kind::Probability},
};
// Weight, bias, running mean, running variance.
constexpr std::array<std::string_view, 9> kBatchNorms{"aten.native_batch_norm.",
    "aten._native_batch_norm_legit.", "aten._native_batch_norm_legit_functional.",
    "aten._native_batch_norm_legit_no_training.", "aten.cudnn_batch_norm.", "aten.batch_norm.",
    "aten._batch_norm_with_update.", "aten._batch_norm_with_update_functional.",
    "torch.nn.functional.batch_norm"};

// Two operands whose product sums over the last dimension of the first; `dimension` of the second.
struct Product {
    std::string_view target;
    size_t first, second;
    int64_t dimension;
};
constexpr std::array kProducts{Product{"aten.mm.", 0, 1, -2}, Product{"aten.bmm.", 0, 1, -2},
    Product{"aten.matmul.", 0, 1, -2}, Product{"aten.addmm.", 1, 2, -2}, Product{"aten.baddbmm.", 1, 2, -2},
    Product{"aten._grouped_mm.", 0, 1, -2}, Product{"aten.mv.", 0, 1, -1}, Product{"aten.linear.", 0, 1, -1},
    Product{"torch._C._nn.linear", 0, 1, -1}, Product{"torch.nn.functional.linear", 0, 1, -1},
    Product{"operator.matmul", 0, 1, -2}, Product{"torch.matmul", 0, 1, -2}};

bool is(const Arg* arg, NodeId node) {
    return arg && arg->kind == ArgKind::Node && arg->node() == node;
}
bool moves(const Node& n, std::string_view target) {
    if (n.op == Opcode::CallMethod)
        return std::find(kMovingMethods.begin(), kMovingMethods.end(), target) != kMovingMethods.end();
    return std::any_of(kMovers.begin(), kMovers.end(), [&](auto mover) { return target.starts_with(mover); });
}

} // namespace

std::string InputRule::text() const {
    const std::string n = std::to_string(size);
    switch (kind) {
    case Kind::Normal:
        return "mean 0, deviation 1";
    case Kind::Bias:
        return "mean 0, deviation 0.1: a row that is added";
    case Kind::Scale:
        return "1 ± 0.1: a row that is multiplied";
    case Kind::Operand:
        return "mean 0, deviation 1/√" + n + ": an operand of products over " + n;
    case Kind::Fraction:
        return "between -1 and 1";
    case Kind::Probability:
        return size > 1 ? "between 0 and 2/" + n + ": probabilities of " + n : "between 0 and 1";
    case Kind::Positive:
        return "0.5 to 1.5: positive";
    case Kind::LogSumExp:
        return "about log " + n + ": the logarithm of a sum over " + n;
    case Kind::Largest:
        return "10 to 11: taken off before an exp";
    case Kind::Mask:
        return "0 or -inf: a mask that is added";
    }
    return {};
}

InputRule InputRules::of(BodyId body, NodeId node) {
    rule_ = {};
    seen_.clear();
    todo_ = {{body, node}};
    while (!todo_.empty() && seen_.size() < kMostReached) {
        const Place value = todo_.back();
        todo_.pop_back();
        if (!seen_.insert(value).second)
            continue;
        const Body& in = module_.body(value.first);
        for (const NodeId user : in.users_of(in.node(value.second)))
            use(value, user);
    }
    return rule_;
}

void InputRules::be(Kind kind, int64_t size) {
    if (kind > rule_.kind)
        rule_ = {kind, size};
    else if (kind == rule_.kind)
        rule_.size = std::max(rule_.size, size);
}

int64_t InputRules::size(const Body& body, const Arg* tensor, int64_t dimension) const {
    if (!tensor || tensor->kind != ArgKind::Node)
        return 0;
    const ValueType* type = module_.type(body.node(tensor->node()).type);
    if (!type || type->kind != TypeKind::Tensor)
        return 0;
    const auto shape = module_.shape(*type);
    const int64_t at = dimension + (dimension < 0 ? static_cast<int64_t>(shape.size()) : 0);
    if (at < 0 || at >= static_cast<int64_t>(shape.size()))
        return 0;
    return evaluate_symbolic(module_.text(shape[static_cast<size_t>(at)]), symbols_).value_or(0);
}

// A tensor of which only one dimension is not 1, as a parameter that broadcasts over all others.
bool InputRules::is_row(const Body& body, const Arg* tensor) const {
    const ValueType* type = module_.type(body.node(tensor->node()).type);
    if (!type || type->kind != TypeKind::Tensor || module_.shape(*type).empty())
        return false;
    const auto shape = module_.shape(*type);
    return std::count_if(shape.begin(), shape.end(), [&](StringId size) { return module_.text(size) != "1"; })
        == 1;
}

// Whether it is an input itself, seen through views: then that one is the weight.
bool InputRules::made_of_input(const Body& body, const Arg* tensor) const {
    for (int hops = 0; hops < kMostHops && tensor && tensor->kind == ArgKind::Node; ++hops) {
        const Node& n = body.node(tensor->node());
        if (n.op == Opcode::Placeholder || n.op == Opcode::GetAttr)
            return true;
        if (!moves(n, short_target(module_, n)))
            return false;
        tensor = arguments_of(module_, body, n).at(0);
    }
    return false;
}

// Whether one of the node's users is such an operator, seen through views.
bool InputRules::leads_to(const Body& body, NodeId node, std::string_view target) const {
    std::vector<NodeId> todo{node};
    for (int hops = 0; hops < kMostHops && !todo.empty(); ++hops) {
        const NodeId at = todo.back();
        todo.pop_back();
        for (const NodeId user : body.users_of(body.node(at))) {
            const std::string_view found = short_target(module_, body.node(user));
            if (found.starts_with(target))
                return true;
            if (moves(body.node(user), found))
                todo.push_back(user);
        }
    }
    return false;
}

void InputRules::as_operand(Place value, NodeId user) {
    const Body& body = module_.body(value.first);
    const Node& n = body.node(user);
    const std::string_view target = short_target(module_, n);
    const Arguments args = arguments_of(module_, body, n);
    for (const Product& product : kProducts) {
        if (!target.starts_with(product.target))
            continue;
        const Arg *first = args.at(product.first), *second = args.at(product.second);
        // The second one is made small; the first where the second is no input, but is computed.
        const bool shrinks =
            is(second, value.second) || (is(first, value.second) && !made_of_input(body, second));
        if (!shrinks)
            continue;
        const int64_t over =
            is(second, value.second) ? size(body, second, product.dimension) : size(body, first, -1);
        if (over > 1)
            be(Kind::Operand, over);
    }
    const bool added = (target.starts_with("aten.addmm.") || target.starts_with("aten.baddbmm."))
        && is(args.at(0), value.second);
    const bool bias = (target.starts_with("aten.linear.") || target == "torch._C._nn.linear"
                          || target.find("convolution.") != target.npos)
        && is(args.at(2), value.second);
    if (added || bias)
        be(Kind::Bias);
    // A convolution sums over all dimensions of its weight but the first.
    if (target.find("convolution.") != target.npos && is(args.at(1), value.second)) {
        int64_t over = 1;
        for (int64_t d = 1; d < 6; ++d)
            over *= std::max<int64_t>(size(body, args.at(1), d), 1);
        be(Kind::Operand, over);
    }
}

void InputRules::elementwise(Place value, NodeId user) {
    const Body& body = module_.body(value.first);
    const Node& n = body.node(user);
    const std::string_view target = short_target(module_, n);
    const Arguments args = arguments_of(module_, body, n);
    const Arg *first = args.at(0), *second = args.at(1);
    const bool add = target.starts_with("aten.add.Tensor") || target == "operator.add",
               multiply = target.starts_with("aten.mul.Tensor") || target == "operator.mul";
    const Arg* mine = is(first, value.second) ? first : second;
    if (add && leads_to(body, user, "aten._softmax."))
        be(Kind::Mask);
    else if ((add || multiply) && is(mine, value.second) && is_row(body, mine))
        be(add ? Kind::Bias : Kind::Scale);
    if (target.starts_with("aten.sub.Tensor") && is(second, value.second)
        && (leads_to(body, user, "aten.exp.") || leads_to(body, user, "prims.exp.")))
        be(Kind::Largest);
    // Roots and reciprocals.
    if (target.starts_with("aten.pow.Tensor_Scalar") && is(first, value.second) && second
        && (second->kind == ArgKind::Float
            || (second->kind == ArgKind::Int && module_.text(second->text()).starts_with("-"))))
        be(Kind::Positive);
}

void InputRules::use(Place value, NodeId user) {
    const Body& body = module_.body(value.first);
    const Node& n = body.node(user);
    if (n.op == Opcode::Output)
        return;
    if (const auto call = region_call(module_, value.first, user); call && call->body) {
        const Body& inner = module_.body(call->body);
        for (size_t i = 0; i < call->operands.size() && i < inner.placeholder_count(); ++i)
            if (call->operands[i] == value.second)
                todo_.emplace_back(call->body, NodeId(i));
        return;
    }
    const std::string_view target = short_target(module_, n);
    const Arguments args = arguments_of(module_, body, n);
    for (const Role& role : kRoles) {
        if (!target.starts_with(role.target))
            continue;
        const Arg* arg = args.get(role.argument, role.keyword);
        if (!is(arg, value.second))
            continue;
        const bool sums = role.kind == Kind::LogSumExp
            || (role.kind == Kind::Probability && target.starts_with("aten._softmax"));
        be(role.kind, sums ? std::max<int64_t>(size(body, arg, -1), 1) : 1);
    }
    for (const std::string_view norm : kBatchNorms)
        if (target.starts_with(norm)) {
            // Of functional's batch_norm the statistics stand first.
            const bool functional = norm.starts_with("torch.");
            constexpr std::array kinds{Kind::Scale, Kind::Bias, Kind::Bias, Kind::Positive};
            for (size_t i = 0; i < kinds.size(); ++i)
                if (is(args.at(1 + i), value.second))
                    be(kinds[functional ? (i + 2) % 4 : i]);
        }
    as_operand(value, user);
    elementwise(value, user);
    if (moves(n, target))
        todo_.emplace_back(value.first, user);
}

} // namespace hopscope::run
