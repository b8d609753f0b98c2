#include "core/regions/half_order.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace hopscope {

namespace {

using Family = DerivativeFamily;

struct Named {
    std::string_view op;
    Family family;
};
// Sorted by operator.
constexpr std::array kFamilies{
    Named{"_conj", Family::Pass},
    Named{"_reshape_alias", Family::View},
    Named{"_to_copy", Family::Cast},
    Named{"_unsafe_view", Family::View},
    Named{"addbmm", Family::Matrix},
    Named{"addmm", Family::Matrix},
    Named{"alias", Family::Pass},
    Named{"amax", Family::Sum},
    Named{"amin", Family::Sum},
    Named{"arange", Family::Create},
    Named{"as_strided", Family::Slice},
    Named{"baddbmm", Family::Matrix},
    Named{"bmm", Family::Matrix},
    Named{"broadcast_to", Family::Expand},
    Named{"cat", Family::Join},
    Named{"chunk", Family::Split},
    Named{"clone", Family::Cast},
    Named{"contiguous", Family::Cast},
    Named{"convert_element_type", Family::Cast},
    Named{"convolution", Family::Matrix},
    Named{"detach", Family::Pass},
    Named{"diagonal", Family::Slice},
    Named{"empty", Family::Create},
    Named{"expand", Family::Expand},
    Named{"expand_as", Family::Expand},
    Named{"flatten", Family::View},
    Named{"full", Family::Create},
    Named{"full_like", Family::Create},
    Named{"lift_fresh_copy", Family::Pass},
    Named{"linear", Family::Matrix},
    Named{"logsumexp", Family::Sum},
    Named{"matmul", Family::Matrix},
    Named{"mean", Family::Sum},
    Named{"mm", Family::Matrix},
    Named{"movedim", Family::Transpose},
    Named{"narrow", Family::Slice},
    Named{"new_empty", Family::Create},
    Named{"new_full", Family::Create},
    Named{"new_zeros", Family::Create},
    Named{"ones", Family::Create},
    Named{"ones_like", Family::Create},
    Named{"permute", Family::Transpose},
    Named{"reshape", Family::View},
    Named{"scalar_tensor", Family::Create},
    Named{"select", Family::Slice},
    Named{"slice", Family::Slice},
    Named{"split", Family::Split},
    Named{"split_with_sizes", Family::Split},
    Named{"squeeze", Family::View},
    Named{"stack", Family::Join},
    Named{"sum", Family::Sum},
    Named{"swapaxes", Family::Transpose},
    Named{"t", Family::Transpose},
    Named{"to", Family::Cast},
    Named{"transpose", Family::Transpose},
    Named{"unbind", Family::Split},
    Named{"unflatten", Family::View},
    Named{"unsqueeze", Family::View},
    Named{"var", Family::Sum},
    Named{"var_mean", Family::Sum},
    Named{"view", Family::View},
    Named{"zeros", Family::Create},
    Named{"zeros_like", Family::Create},
};

// What the derivatives of common operators are made of (tools/autograd/derivatives.yaml, and the
// decompositions of torch/_decomp), besides sums over what was spread. Sorted by operator.
struct Formula {
    std::string_view op, made_of; // operators with a blank around each
};
constexpr std::array kFormulas{
    Formula{"_log_softmax", " exp sum mul sub "},
    Formula{"_softmax", " mul sum sub fma neg "},
    Formula{"abs", " sgn sign mul "},
    Formula{"add", ""},
    Formula{"amax", " eq mul div sum unsqueeze "},
    Formula{"amin", " eq mul div sum unsqueeze "},
    Formula{"bmm", " bmm transpose permute expand "},
    Formula{"clamp", " ge le logical_and where scalar_tensor full "},
    Formula{"clamp_min", " ge gt where scalar_tensor full "},
    Formula{"cos", " sin neg mul "},
    Formula{"cumsum", " flip cumsum "},
    Formula{"div", " div mul neg "},
    Formula{"erf", " mul exp pow neg "},
    Formula{"exp", " mul "},
    Formula{"gelu", " mul erf exp add tanh sub "},
    Formula{"log", " div reciprocal mul "},
    Formula{"masked_fill", " masked_fill where full scalar_tensor "},
    Formula{"matmul", " matmul mm bmm transpose permute t view expand sum "},
    Formula{"mean", " expand div mul unsqueeze view "},
    Formula{"mm", " mm t transpose permute "},
    Formula{"mul", " mul conj "},
    Formula{"native_dropout", " mul "},
    Formula{"neg", " neg "},
    Formula{"pow", " pow mul log where eq scalar_tensor "},
    Formula{"reciprocal", " mul neg pow "},
    Formula{"relu", " le gt where scalar_tensor full threshold mul "},
    Formula{"rsqrt", " pow mul "},
    Formula{"sigmoid", " sub mul "},
    Formula{"silu", " sigmoid sub mul add full fill exp neg div reciprocal "},
    Formula{"sin", " cos mul "},
    Formula{"sqrt", " div mul "},
    Formula{"sub", " neg mul "},
    Formula{"sum", " expand mul unsqueeze view "},
    Formula{"tanh", " mul sub pow "},
    Formula{"where", " where scalar_tensor full zeros zeros_like "},
};

const Formula* formula_of(std::string_view op) {
    const auto found = std::lower_bound(kFormulas.begin(), kFormulas.end(), op,
        [](const Formula& formula, std::string_view wanted) { return formula.op < wanted; });
    return found != kFormulas.end() && found->op == op ? &*found : nullptr;
}

static_assert(std::is_sorted(
    kFamilies.begin(), kFamilies.end(), [](const Named& a, const Named& b) { return a.op < b.op; }));
static_assert(std::is_sorted(
    kFormulas.begin(), kFormulas.end(), [](const Formula& a, const Formula& b) { return a.op < b.op; }));

// What is not made for the derivative of such an operator.
constexpr int kNever = -6;
constexpr int kSecond = 3; // what a second operator costs where a derivative is one

// How well a derivative of one family is made of an operator of the other.
int fits(Family forward, Family backward, std::string_view backward_op) {
    switch (forward) {
    case Family::View: // the shape back; where that needs a copy, a copy before it
        return backward == Family::View ? 3 : backward_op == "clone" ? 1 : kNever;
    case Family::Transpose:
        return backward == Family::Transpose ? 4 : kNever;
    case Family::Expand: // sum_to_size
        return backward == Family::Sum ? 4 : backward == Family::View ? 1 : kNever;
    case Family::Slice:
        return backward == Family::Create || backward_op.ends_with("_scatter")
                || backward_op == "constant_pad_nd" || backward_op == "index_put"
            ? 3
            : kNever;
    case Family::Split:
        return backward == Family::Join ? 4 : backward == Family::Create ? 1 : kNever;
    case Family::Join:
        return backward == Family::Slice || backward == Family::Split ? 4
            : backward == Family::View                                ? 1
                                                                      : kNever;
    case Family::Cast:
        return backward == Family::Cast ? 4 : kNever;
    case Family::Pass:
        return backward == Family::Pass ? 3 : kNever;
    case Family::Sum: // spread over what was summed
        return backward == Family::Expand                                                             ? 4
            : backward == Family::View                                                                ? 2
            : backward == Family::Other                                                               ? 2
            : backward == Family::Matrix || backward == Family::Transpose || backward == Family::Cast ? kNever
                                                                                                      : 0;
    case Family::Matrix:
        return backward == Family::Matrix                         ? 5
            : backward == Family::Transpose                       ? 2
            : backward == Family::Sum || backward == Family::View ? 1
            : backward == Family::Expand                          ? 0
                                                                  : -3;
    case Family::Create:
        return kNever;
    case Family::Other: // a formula of its own, summed up where an operand was spread
        return backward == Family::Other                                                         ? 2
            : backward == Family::Sum || backward == Family::View || backward == Family::Create  ? 0
            : backward == Family::Cast || backward == Family::Pass || backward == Family::Expand ? -2
                                                                                                 : kNever;
    }
    return 0;
}

// A derivative that is one operator has no second of its kind.
bool is_single(Family family) {
    return family == Family::View || family == Family::Transpose || family == Family::Cast
        || family == Family::Expand || family == Family::Pass;
}

bool same_shape(const GraphModule& a, TypeId of_a, const GraphModule& b, TypeId of_b) {
    const ValueType *x = a.type(of_a), *y = b.type(of_b);
    if (!x || !y || x->kind != TypeKind::Tensor || y->kind != TypeKind::Tensor)
        return false;
    const auto dims = a.shape(*x), others = b.shape(*y);
    return std::equal(dims.begin(), dims.end(), others.begin(), others.end(),
        [&](StringId d, StringId e) { return a.text(d) == b.text(e); });
}

class Placing {
public:
    explicit Placing(const HalfOrder& order)
        : order_(order)
        , m_(static_cast<uint32_t>(order.forward_nodes.size()))
        , tree_(m_ + 1, 0) {
        states_.push_back({0, 0, kUnplaced, kUnplaced}); // nothing placed yet
        for (const OrderedNode& node : order.forward_nodes) {
            forward_family_.push_back(derivative_family(node.op));
            formula_.push_back(formula_of(node.op));
            spread_.push_back(std::any_of(node.inputs.begin(), node.inputs.end(), [&](TypeId input) {
                const ValueType* type = order.forward->type(input);
                return type && type->kind == TypeKind::Tensor
                    && !same_shape(*order.forward, input, *order.forward, node.type);
            }));
        }
        at_.assign(m_, 0);
        all_.resize(m_);
        for (uint32_t i = 0; i < m_; ++i)
            all_[i] = i;
    }

    std::vector<uint32_t> run() {
        std::vector<uint32_t> out(order_.backward_nodes.size(), kUnplaced);
        size_t candidates = 0;
        for (const auto& allowed : order_.allowed)
            candidates += allowed.empty() ? m_ : allowed.size();
        if (candidates > kMostCandidates || m_ == 0)
            return out;
        for (uint32_t b = 0; b < order_.backward_nodes.size(); ++b)
            place(b);
        for (uint32_t s = best(m_); s != 0; s = states_[s].before)
            out[states_[s].backward] = states_[s].forward;
        return out;
    }

private:
    struct State {
        int64_t value = 0;
        uint32_t before = 0; // state
        uint32_t backward = kUnplaced, forward = kUnplaced;
    };

    void place(uint32_t b) {
        const std::vector<uint32_t>& allowed = order_.allowed[b].empty() ? all_ : order_.allowed[b];
        const Family family = derivative_family(order_.backward_nodes[b].op);
        const auto first = static_cast<uint32_t>(states_.size());
        for (const uint32_t f : allowed) {
            const int gain = score(b, f, family);
            if (gain <= 0)
                continue; // better left out
            uint32_t before = best(m_ - f - 1);
            int64_t value = states_[before].value;
            if (const uint32_t here = at_[f]; here != 0) {
                const bool second = is_single(forward_family_[f])
                    && derivative_family(order_.backward_nodes[states_[here].backward].op) == family;
                if (const int64_t stay = states_[here].value - (second ? kSecond : 0); stay > value) {
                    before = here;
                    value = stay;
                }
            }
            states_.push_back({value + gain, before, b, f});
        }
        for (auto s = first; s < states_.size(); ++s) {
            enter(m_ - states_[s].forward, s);
            uint32_t& here = at_[states_[s].forward];
            if (here == 0 || states_[s].value > states_[here].value)
                here = s;
        }
    }

    int score(uint32_t b, uint32_t f, Family family) const {
        const OrderedNode &back = order_.backward_nodes[b], &front = order_.forward_nodes[f];
        const bool derivative = is_derivative(back.op, front.op);
        int sum = 1; // a node that is placed says more than one that is not
        if (derivative)
            sum += derivative_stem(back.op).empty() ? 6 : 12;
        else if (!derivative_stem(back.op).empty())
            return kNever;
        else
            sum += fit(f, family, back.op);
        const auto& saved = order_.saved[b];
        if (std::binary_search(saved.begin(), saved.end(), f))
            sum += 4;
        // A gradient is shaped as what it is the gradient of.
        const bool shaped = std::any_of(front.inputs.begin(), front.inputs.end(),
            [&](TypeId type) { return same_shape(*order_.forward, type, *order_.backward, back.type); });
        const Family of = forward_family_[f];
        const bool moves = of == Family::View || of == Family::Transpose || of == Family::Cast;
        return sum + (shaped ? (moves ? 2 : 1) : (moves && back.op != "clone" ? -2 : 0));
    }

    int fit(uint32_t f, Family family, std::string_view op) const {
        const Family of = forward_family_[f];
        const bool sums_up = family == Family::Sum || family == Family::View;
        if (const Formula* formula = formula_[f]) {
            const std::string word = " " + std::string(op) + " ";
            if (formula->made_of.find(word) != std::string_view::npos)
                return of == Family::Matrix ? fits(of, family, op) + 1 : 4;
            if (of != Family::Sum && sums_up)
                return spread_[f] ? 1 : kNever;
            if (of != Family::Sum)
                return -3;
        }
        if (of == Family::Other && sums_up && !spread_[f])
            return -3;
        return fits(of, family, op) + (op == order_.forward_nodes[f].op ? 1 : 0)
            + (of == Family::View && family == Family::View && op != order_.forward_nodes[f].op ? 1 : 0);
    }

    // Forward positions from the end: what was placed at one of the first `count`; the earliest best state.
    uint32_t best(uint32_t count) const {
        uint32_t found = 0;
        for (uint32_t i = count; i > 0; i -= i & -i)
            if (states_[tree_[i]].value > states_[found].value)
                found = tree_[i];
        return found;
    }
    void enter(uint32_t at, uint32_t state) {
        for (uint32_t i = at; i <= m_; i += i & -i)
            if (states_[state].value > states_[tree_[i]].value)
                tree_[i] = state;
    }

    const HalfOrder& order_;
    const uint32_t m_;
    std::vector<uint32_t> tree_; // Fenwick tree of the best state
    std::vector<State> states_;
    std::vector<uint32_t> at_; // by forward position: the best state that placed something there
    std::vector<Family> forward_family_;
    std::vector<const Formula*> formula_;
    std::vector<bool> spread_; // an operand is of another shape than the result
    std::vector<uint32_t> all_;
};

} // namespace

DerivativeFamily derivative_family(std::string_view op) {
    const auto found = std::lower_bound(kFamilies.begin(), kFamilies.end(), op,
        [](const Named& named, std::string_view wanted) { return named.op < wanted; });
    return found != kFamilies.end() && found->op == op ? found->family : Family::Other;
}

std::string_view derivative_stem(std::string_view op) {
    const size_t at = op.find("_backward");
    return at == std::string_view::npos ? std::string_view() : op.substr(0, at);
}

bool is_derivative(std::string_view backward, std::string_view forward) {
    const std::string_view stem = derivative_stem(backward);
    if (!stem.empty())
        return forward == stem || forward.ends_with(stem) || forward.starts_with(stem);
    if (backward == "mm")
        return forward == "mm" || forward == "addmm" || forward == "linear" || forward == "matmul";
    if (backward == "bmm")
        return forward == "bmm" || forward == "baddbmm" || forward == "matmul";
    return false;
}

std::vector<uint32_t> place_by_order(const HalfOrder& order) {
    return Placing(order).run();
}

} // namespace hopscope
