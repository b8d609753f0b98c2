#include "core/export/overlay.h"

#include "core/base/text.h"
#include "core/graph/reading.h"
#include "core/wire/tolerance.h"

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
    return times == 0 ? "no difference"
                      : printed(times < 100 ? "%.2g × the noise floor" : "%.0f × the noise floor", times);
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

// From what costs least to what costs most: the states themselves, not numbers, in their own colours.
draw::Overlay decisions_of(const std::vector<OverlaidScene>& scenes) {
    using draw::ColorRole;
    draw::Overlay overlay;
    overlay.title = "What the cache decided";
    overlay.fills = {ColorRole::SoftReused, ColorRole::SoftInlined, ColorRole::SoftTracedAgain,
        ColorRole::SoftTraced, ColorRole::SoftFailed};
    const auto add = [&](const draw::Box& box) {
        overlay.shade.push_back(std::nullopt);
        overlay.words.emplace_back();
        const auto dot = box.own_dot && *box.own_dot < box.dots.size()
            ? static_cast<Dot>(box.dots[*box.own_dot])
            : Dot::Unknown;
        const auto is = [&](uint8_t shade, const char* state, const char* step) {
            overlay.shade.back() = shade;
            overlay.words.back() = state;
            overlay.steps[shade] = step;
        };
        switch (dot) {
        case Dot::Reused:
        case Dot::ReusedByKey:
            return is(0, "reused", "reused");
        case Dot::Inlined:
            return is(1, "put inline", "put inline");
        case Dot::RetracedSame:
            return is(2, "traced again, same body", "traced again");
        case Dot::RetracedNew:
            return is(2, "traced again, new body", "traced again");
        case Dot::Traced:
            return is(3, "traced", "traced");
        case Dot::Failed:
            return is(4, "failed", "failed");
        case Dot::Unknown:
            overlay.none = "no call, or not known";
        }
    };
    for (const OverlaidScene& of : scenes)
        for (const draw::Box& box : of.scene->boxes)
            add(box);
    if (std::none_of(overlay.shade.begin(), overlay.shade.end(), [](const auto& shade) { return shade; }))
        overlay.title += " of calls: none stands here; the body that calls this one has them";
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

std::vector<draw::Overlay> make_overlays(OverlayKind kind, const std::vector<OverlaidScene>& scenes) {
    std::vector<size_t> sizes;
    sizes.reserve(scenes.size());
    for (const OverlaidScene& of : scenes)
        sizes.push_back(of.scene->boxes.size());
    if (kind == OverlayKind::Decision)
        return draw::split_overlay(decisions_of(scenes), sizes);
    std::vector<std::optional<double>> values;
    for (const OverlaidScene& of : scenes)
        for (const draw::Box& box : of.scene->boxes)
            values.push_back(
                kind == OverlayKind::Bytes ? bytes_of(box, of.node_of) : users_of(box, of.node_of));
    return draw::split_overlay(kind == OverlayKind::Bytes
            ? draw::make_overlay("Bytes of each value", values, say_bytes, "size not known")
            : draw::make_overlay("How many nodes take it", values, say_count, "returns"),
        sizes);
}

draw::Overlay make_overlay(OverlayKind kind, const std::vector<std::optional<double>>& by_box) {
    if (kind == OverlayKind::Time)
        return draw::make_overlay("Time of each node", by_box, say_time, "not measured");
    // By what the figures mean, not by the largest of this run: the strongest shade is a suspicious value.
    constexpr std::array<double, draw::kShades - 1> kBounds{1, 2, 4, wire::kFloors};
    draw::Overlay overlay =
        draw::make_overlay("Error (of a call, the worst in it)", by_box, say_floors, "not compared", kBounds);
    if (std::string& worst = overlay.steps.back(); !worst.empty())
        worst = "suspicious: " + worst;
    return overlay;
}

} // namespace hopscope
