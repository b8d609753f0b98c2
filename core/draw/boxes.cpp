#include "core/draw/boxes.h"

#include "core/draw/metrics.h"
#include "core/graph/reading.h"
#include "core/graph/writes.h"

#include <algorithm>

namespace hopscope::draw {

namespace {

constexpr int kRightPadding = kPadding;
constexpr int kPortPitch = 10; // room that a line or a mark needs on a border
constexpr int kMaxPortWidth = 480;
constexpr size_t kWarningGlyphs = 40;
constexpr size_t kChangeGlyphs = 64;

int even_up(int value) {
    return value + (value & 1);
}

// "aten.addmm", "demo.log", "torch.sin", "linear": the operator as a person would say it, without overload.
std::string_view operator_text(const GraphModule& module, const Node& node) {
    const std::string_view target = module.text(node.target);
    if (target.starts_with("operator.") || target.starts_with("torch._C._nn.")
        || target.starts_with("torch.nn.functional."))
        return operator_name(target);
    const std::string_view text = short_target(target);
    // Operators are namespace.name.overload; which overload it was, the types say.
    const size_t name = target.starts_with("torch.ops.") ? text.find('.') : std::string_view::npos;
    return name == std::string_view::npos ? text : text.substr(0, text.find('.', name + 1));
}

// What a node yields, of a tuple its first item; null where the dump does not tell.
struct Yield {
    const ValueType* type = nullptr;
    size_t items = 1;
};

Yield yield_of(const GraphModule& module, const Body& body, const Node& node) {
    if (const ValueType* type = module.type(node.type))
        return {type, 1};
    Yield yield{nullptr, 0};
    for (const NodeId user : body.users_of(node)) {
        const auto item = tuple_item(module, body, user);
        if (!item)
            continue;
        ++yield.items;
        if (item->index == 0)
            yield.type = module.type(body.node(user).type);
    }
    return yield;
}

// The type of what a node yields; for tuples that of the first item, and how many follow.
std::string result_text(const GraphModule& module, const Body& body, const Node& node) {
    const Yield yield = yield_of(module, body, node);
    if (!yield.type)
        return {};
    std::string text = short_type(module, *yield.type);
    return yield.items > 1 ? text + " +" + std::to_string(yield.items - 1) : text;
}

// As PyTorch prints it: "[1, 32]"; empty where it is that of a contiguous tensor.
std::string stride_text(const GraphModule& module, const Body& body, const Node& node) {
    const ValueType* type = yield_of(module, body, node).type;
    if (!type || is_contiguous(module, *type))
        return {};
    std::string text = "[";
    for (const StringId step : module.stride(*type)) {
        text += text.size() > 1 ? ", " : "";
        text += module.text(step);
    }
    return text + "]";
}

void append(std::string& text, std::string_view part, std::string_view between = "  ") {
    if (part.empty())
        return;
    if (!text.empty())
        text += between;
    text += part;
}

bool is_one_line(const GraphModule& module, const Node& node, Kind kind) {
    switch (node.op) {
    case Opcode::Placeholder:
    case Opcode::GetAttr:
    case Opcode::Output:
        return true;
    default:
        return kind == Kind::View || operator_name(module.text(node.target)) == "getitem";
    }
}

class Measuring {
public:
    Measuring(const GraphModule& module, BodyId id, const Folded& folded, const Options& options)
        : module_(module)
        , id_(id)
        , body_(module.body(id))
        , folded_(folded)
        , options_(options)
        , lines_in_(folded.boxes.size(), 0)
        , lines_out_(folded.boxes.size(), 0) {
        for (const Link& link : folded.links) {
            ++lines_in_[link.to_box];
            ++lines_out_[link.from_box];
        }
        for (const Mark& mark : folded.marks) {
            lines_in_[mark.box] += mark.side == Port::Side::Top;
            lines_out_[mark.box] += mark.side == Port::Side::Bottom;
        }
    }

    Box box(uint32_t index) {
        Box box;
        box.node = folded_.boxes[index];
        box.kind = kind_of(module_, id_, box.node, options_.roles);
        const Node& node = body_.node(box.node);
        box.small = is_one_line(module_, node, box.kind);
        box.title =
            clip_name(own_name(module_.text(node.name)), box.small ? kSmallLabelGlyphs : kLabelGlyphs);
        if (const Side* side = given(options_.sides, box.node)) {
            box.side = *side;
            if (const std::string_view sign = side_sign(box.side); !sign.empty())
                box.title = std::string(sign) + " " + box.title;
        }
        box.op = clip_label(op_or_name(node, box), kOpGlyphs);
        if (box.kind == Kind::Region)
            describe_region(node, box);
        else
            box.subtitle = subtitle(node, box);
        box.warning = warning(node);
        if (box.region
            && !box.warning.empty()) // it stands behind the bytes that are saved, not behind the type
            box.warning = clip_label("strides " + box.warning, kWarningGlyphs);
        if (const std::string* change = given(options_.changes, box.node); change && !change->empty())
            box.warning = clip_label(*change, kChangeGlyphs); // instead: what it was and is, strides included
        measure(index, box);
        return box;
    }

private:
    std::string_view op_or_name(const Node& node, const Box& box) const {
        switch (node.op) {
        case Opcode::Placeholder:
        case Opcode::GetAttr:
        case Opcode::Output:
            return box.title;
        default:
            return operator_name(module_.text(node.target));
        }
    }

    template <class T> const T* given(const std::vector<T>& values, NodeId node) const {
        return node.index < values.size() ? &values[node.index] : nullptr;
    }

    std::string subtitle(const Node& node, const Box& box) const {
        const std::string type = result_text(module_, body_, node);
        std::string text;
        switch (node.op) {
        case Opcode::Output: {
            const size_t n = results_of(body_).size();
            return std::to_string(n) + (n == 1 ? " value" : " values");
        }
        case Opcode::Placeholder:
            break;
        case Opcode::GetAttr:
            if (module_.text(node.target) != own_name(module_.text(node.name)))
                text = module_.text(node.target);
            break;
        default: {
            const std::string_view op = operator_text(module_, node);
            // One-line nodes need no operator where the name says it already: view_3, t_1.
            if (!box.small
                || !own_name(module_.text(node.name)).starts_with(operator_name(module_.text(node.target))))
                text = op;
        }
        }
        append(text, type);
        return clip_label(text, kLineGlyphs);
    }

    std::string warning(const Node& node) const {
        std::string text = node.op == Opcode::Output ? std::string() : stride_text(module_, body_, node);
        if (writes_in_place(module_, node))
            append(text, "in place");
        return clip_label(text, kWarningGlyphs);
    }

    void describe_region(const Node& node, Box& box) const {
        box.region = true;
        box.small = false;
        const auto call = region_call(module_, id_, box.node);
        box.subtitle =
            clip_label(call && !call->identifier.empty() ? call->identifier : operator_text(module_, node));
        const std::string_view region =
            call ? std::string_view(identifier_parts(call->identifier).region) : std::string_view();
        box.op = region.empty() ? box.subtitle : clip_label(region);
        const size_t operands = call ? call->operands.size() : body_.inputs_of(node).size();
        const size_t results = call && call->body ? results_of(module_.body(call->body)).size() : 0;
        box.detail = std::to_string(operands) + (results > 0 ? " → " + std::to_string(results) : " operands");
        append(box.detail, result_text(module_, body_, node), "  ");
        if (const std::string* note = given(options_.notes, box.node))
            append(box.detail, *note, " · ");
        box.detail = clip_label(box.detail, kLineGlyphs);
        if (const std::string* badge = given(options_.badges, box.node))
            box.badge = clip_label(*badge, 16);
        if (const auto* dots = given(options_.dots, box.node))
            box.dots = *dots;
        if (const auto* own = given(options_.own_dot, box.node); own && *own && **own < box.dots.size())
            box.own_dot = *own;
        if (box.own_dot)
            box.op += " #" + std::to_string(*box.own_dot);
    }

    void measure(uint32_t index, Box& box) const {
        const int title = text_width(box.title, box.small ? kSmallFontSize : kFontSize);
        const int warning = box.warning.empty() ? 0 : kWarningGap + text_width(box.warning, kSmallFontSize);
        const int subtitle = text_width(box.subtitle, kSmallFontSize) + (box.region ? 0 : warning);
        int text = 0;
        if (box.small) {
            text = title + (subtitle == 0 ? 0 : kPadding + subtitle);
            box.h = kSmallBoxHeight;
        } else {
            text = std::max(title, subtitle);
            box.h = subtitle == 0 ? kBoxHeight - 12 : kBoxHeight;
        }
        int frame = kBarWidth + kPadding + kRightPadding;
        if (box.region) {
            const int badge = box.badge.empty() ? 0 : kPadding + text_width(box.badge, kFontSize);
            const int dots = std::min(static_cast<int>(box.dots.size()), kDotsPerRow) * kDotPitch;
            text =
                std::max({title + badge, subtitle, text_width(box.detail, kSmallFontSize) + warning, dots});
            frame += 2 * kRegionInset;
            box.h = 2 * kRegionInset + kBoxHeight + 14;
            if (const int rows = dot_rows(box))
                box.h += rows * kDotRowHeight + 4;
        }
        const int lines = std::max(lines_in_[index], lines_out_[index]) * kPortPitch + 2 * kPadding;
        box.w = even_up(std::max(frame + text, std::min(lines, kMaxPortWidth)));
        box.h = even_up(box.h);
    }

    const GraphModule& module_;
    BodyId id_;
    const Body& body_;
    const Folded& folded_;
    const Options& options_;
    std::vector<int> lines_in_, lines_out_; // by box: what needs room on its upper and lower border
};

} // namespace

int dot_rows(const Box& box) {
    return (static_cast<int>(box.dots.size()) + kDotsPerRow - 1) / kDotsPerRow;
}

std::vector<Box> measure_boxes(
    const GraphModule& module, BodyId body, const Folded& folded, const Options& options) {
    Measuring measuring(module, body, folded, options);
    std::vector<Box> boxes;
    boxes.reserve(folded.boxes.size());
    for (uint32_t i = 0; i < folded.boxes.size(); ++i)
        boxes.push_back(measuring.box(i));
    return boxes;
}

} // namespace hopscope::draw
