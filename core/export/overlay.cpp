#include "core/export/overlay.h"

#include "core/base/text.h"
#include "core/graph/reading.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace hopscope {

namespace {

using draw::Dot;
constexpr std::array<std::string_view, 5> kNames{"bytes", "users", "decision", "time", "error"};

std::string say_bytes(double bytes) {
    return format_bytes(static_cast<uint64_t>(std::max(0.0, std::round(bytes))));
}
std::string say_count(double count) {
    const auto n = static_cast<long long>(std::llround(count));
    return std::to_string(n) + (n == 1 ? " user" : " users");
}
std::string printed(const char* format, double value) {
    char text[48];
    std::snprintf(text, sizeof text, format, value);
    return text;
}
std::string say_time(double us) {
    return us >= 1000 ? printed("%.1f ms", us / 1000) : printed("%.3g µs", us);
}
std::string say_floors(double times) {
    return times == 0 ? "no difference" : printed("%.2g × the floor", times);
}

std::optional<double> bytes_of(const draw::Box& box, const SceneNodes& node_of) {
    const SceneNode at = node_of(box.node, box.right);
    if (!at.module)
        return std::nullopt;
    const Body& body = at.module->body(at.body);
    const auto of = [&](NodeId node) -> std::optional<double> {
        const ValueType* type = at.module->type(body.node(node).type);
        const auto bytes = type ? byte_size(*at.module, *type) : std::nullopt;
        return bytes ? std::optional(static_cast<double>(*bytes)) : std::nullopt;
    };
    if (const auto own = of(at.node))
        return own;
    std::optional<double> sum;
    for (const NodeId user : body.users_of(body.node(at.node)))
        if (const auto item = tuple_item(*at.module, body, user); item && item->of == at.node)
            if (const auto bytes = of(user))
                sum = sum.value_or(0) + *bytes;
    return sum;
}

std::optional<double> users_of(const draw::Box& box, const SceneNodes& node_of) {
    const SceneNode at = node_of(box.node, box.right);
    if (!at.module)
        return std::nullopt;
    const Body& body = at.module->body(at.body);
    if (body.node(at.node).op == Opcode::Output)
        return std::nullopt;
    double count = 0;
    for (const NodeId user : body.users_of(body.node(at.node))) {
        const bool item = tuple_item(*at.module, body, user).has_value();
        count += item ? static_cast<double>(body.users_of(body.node(user)).size()) : 1;
    }
    return count;
}

// From what costs least to what costs most: the states themselves, not numbers.
draw::Overlay decisions_of(const draw::Scene& scene) {
    constexpr std::array<const char*, draw::kShades> kStates{
        "reused", "put inline", "traced again, same body", "traced", "failed"};
    draw::Overlay overlay;
    overlay.title = "What the cache decided";
    for (const draw::Box& box : scene.boxes) {
        overlay.shade.push_back(std::nullopt);
        overlay.words.emplace_back();
        const auto dot = box.own_dot && *box.own_dot < box.dots.size()
            ? static_cast<Dot>(box.dots[*box.own_dot])
            : Dot::Unknown;
        switch (dot) {
        case Dot::Reused:
        case Dot::ReusedByKey:
            overlay.shade.back() = uint8_t{0};
            break;
        case Dot::Inlined:
            overlay.shade.back() = uint8_t{1};
            break;
        case Dot::RetracedSame:
            overlay.shade.back() = uint8_t{2};
            break;
        case Dot::Traced:
        case Dot::RetracedNew:
            overlay.shade.back() = uint8_t{3};
            break;
        case Dot::Failed:
            overlay.shade.back() = uint8_t{4};
            break;
        case Dot::Unknown:
            overlay.none = "no call, or not known";
            continue;
        }
        overlay.words.back() = kStates[*overlay.shade.back()];
        overlay.steps[*overlay.shade.back()] = kStates[*overlay.shade.back()];
    }
    return overlay;
}

} // namespace

std::span<const std::string_view> overlay_names() {
    return kNames;
}

std::optional<OverlayKind> overlay_named(std::string_view name) {
    for (size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name)
            return static_cast<OverlayKind>(i + 1);
    return std::nullopt;
}

bool overlay_needs_run(OverlayKind kind) {
    return kind == OverlayKind::Time || kind == OverlayKind::Error;
}

draw::Overlay make_overlay(const draw::Scene& scene, OverlayKind kind, const SceneNodes& node_of) {
    if (kind == OverlayKind::Decision)
        return decisions_of(scene);
    std::vector<std::optional<double>> values;
    for (const draw::Box& box : scene.boxes)
        values.push_back(kind == OverlayKind::Bytes ? bytes_of(box, node_of) : users_of(box, node_of));
    if (kind == OverlayKind::Bytes)
        return draw::make_overlay("Bytes of each value", values, say_bytes, "size not known");
    return draw::make_overlay("How many nodes take it", values, say_count, "returns");
}

draw::Overlay make_overlay(OverlayKind kind, const std::vector<std::optional<double>>& by_box) {
    if (kind == OverlayKind::Time)
        return draw::make_overlay("Time of each node", by_box, say_time, "not measured");
    return draw::make_overlay(
        "Error in noise floors (suspicious from 8)", by_box, say_floors, "not compared");
}

} // namespace hopscope
