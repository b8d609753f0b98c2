// The numbers that a picture can be coloured by.
#pragma once

#include "core/draw/overlay.h"
#include "core/graph/dump.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

enum class OverlayKind : uint8_t {
    None,
    Bytes, // of what a node yields
    Users, // how many nodes take it
    Decision, // what the cache decided for a call
    Time, // of a run that was measured
    Error, // of a run that was compared: multiples of the noise floor
};
// "bytes", "users", "decision", "time", "error": what a person writes, in this order.
std::span<const std::string_view> overlay_names();
std::optional<OverlayKind> overlay_named(std::string_view name);
// Whether the dump alone tells it, without a run.
bool overlay_needs_run(OverlayKind kind);

// Where the nodes of a scene stand.
struct SceneNode {
    const GraphModule* module = nullptr; // null: nowhere
    BodyId body;
    NodeId node;
};
// `node_of` gives the place of a node as the scene numbers it (`right`: of a hairpin's right body).
using SceneNodes = std::function<SceneNode(NodeId node, bool right)>;

struct OverlaidScene {
    const draw::Scene* scene = nullptr;
    SceneNodes node_of;
};
// Bytes, Users and Decision: one overlay for each scene, with one scale for all, as they stand beside each
// other. Bytes of a node that yields several values are those of its items together.
std::vector<draw::Overlay> make_overlays(OverlayKind kind, const std::vector<OverlaidScene>& scenes);
// Time (microseconds) and Error (noise floors), by box; none: not measured, not compared.
draw::Overlay make_overlay(OverlayKind kind, const std::vector<std::optional<double>>& by_box);

} // namespace hopscope
