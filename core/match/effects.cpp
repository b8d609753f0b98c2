#include "core/match/effects.h"

#include "core/graph/reading.h"
#include "core/graph/writes.h"
#include "core/match/hash.h"
#include "core/match/literals.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hopscope::match {

namespace {

// "copy_" of "aten.copy_.default", "relu_" of "torch.nn.functional.relu_", "add_" of a method.
std::string_view base_name(const GraphModule& module, const Node& node) {
    std::string_view target = module.text(node.target);
    if (node.op == Opcode::CallMethod)
        return target;
    const bool overloaded =
        target.starts_with("torch.ops.") && !target.starts_with("torch.ops.higher_order.");
    target = plain_target(target);
    if (overloaded || target.starts_with("aten."))
        target = target.substr(0, target.rfind('.'));
    const size_t dot = target.rfind('.');
    return dot == std::string_view::npos ? target : target.substr(dot + 1);
}

bool is_call(const Node& node) {
    return node.op == Opcode::CallFunction || node.op == Opcode::CallMethod;
}

// Operators whose result shares its first operand's storage, or may.
bool is_view(const GraphModule& module, const Node& node) {
    static constexpr std::array<std::string_view, 34> kViews{"alias", "as_strided", "chunk", "contiguous",
        "detach", "diagonal", "expand", "expand_as", "flatten", "getattr", "getitem", "movedim", "narrow",
        "permute", "real", "reshape", "select", "slice", "split", "split_with_sizes", "squeeze", "swapaxes",
        "t", "to", "transpose", "type_as", "unbind", "unflatten", "unfold", "unsqueeze", "view", "view_as",
        "view_as_complex", "view_as_real"};
    static_assert(std::is_sorted(kViews.begin(), kViews.end()));
    return is_call(node) && std::binary_search(kViews.begin(), kViews.end(), base_name(module, node));
}

bool sets_mode(const GraphModule& module, const Node& node) {
    if (node.op != Opcode::CallFunction)
        return false;
    const std::string_view target = module.text(node.target);
    static constexpr std::array<std::string_view, 6> kModes{"_enter_autocast", "_exit_autocast",
        "_set_grad_enabled", "_enter_inference_mode", "_exit_inference_mode", "set_autocast_enabled"};
    return std::any_of(kModes.begin(), kModes.end(), [&](std::string_view m) { return target.ends_with(m); });
}

class Walk {
public:
    Walk(const GraphModule& module, const Body& body)
        : module_(module)
        , body_(body)
        , root_(body.nodes.size())
        , version_(body.nodes.size(), 0) { }

    Effects run() {
        Effects out;
        const size_t n = body_.nodes.size();
        out.moments.assign(n, 0);
        out.modes.assign(n, 0);
        uint32_t modes = 0;
        for (size_t i = 0; i < n; ++i) {
            const Node& node = body_.nodes[i];
            const auto args = body_.args_of(node);
            root_[i] = static_cast<uint32_t>(i);
            out.modes[i] = modes;
            const NodeId first = first_operand(args);
            const bool writes = writes_in_place(module_, node);
            if (first && first.index < i && (writes || is_view(module_, node)))
                root_[i] = root_[first.index];
            if (written_)
                out.moments[i] = moment(args, i);
            if (writes)
                write(args.empty() ? args : args.first(args[0].size), i);
            for (const Arg& arg : entries_of(body_, node))
                if (arg.kind == ArgKind::Keyword && module_.text(arg.text()) == "out")
                    write(subtree(arg), i);
            modes += sets_mode(module_, node);
        }
        return out;
    }

private:
    NodeId first_operand(std::span<const Arg> args) const {
        for (const Arg& arg : args)
            if (arg.kind == ArgKind::Node)
                return arg.node();
        return {};
    }
    uint64_t moment(std::span<const Arg> args, size_t at) const {
        uint64_t h = 0;
        for (size_t k = 0; k < args.size(); ++k)
            if (const NodeId node = args[k].node(); node && node.index < at)
                if (const uint32_t version = version_[root_[node.index]])
                    h += mix(k, version);
        return h;
    }
    void write(std::span<const Arg> args, size_t at) {
        for (const Arg& arg : args)
            if (const NodeId node = arg.node(); node && node.index < at) {
                ++version_[root_[node.index]];
                written_ = true;
            }
    }

    const GraphModule& module_;
    const Body& body_;
    std::vector<uint32_t> root_; // by node: whose storage it shares
    std::vector<uint32_t> version_; // by root: times written so far
    bool written_ = false;
};

} // namespace

Effects effects_of(const GraphModule& module, const Body& body) {
    return Walk(module, body).run();
}

} // namespace hopscope::match
