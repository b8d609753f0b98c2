// A forward body and its backward in one picture: the forward down on the left, the backward up on the right,
// what is saved between them as dashed lines (layout/hairpin.h).
#pragma once

#include "core/draw/scene.h"

#include <vector>

namespace hopscope::draw {

struct HalfBody {
    const GraphModule* module = nullptr;
    BodyId body;
    Options options; // with the roles of this body; the layout's engine is not asked
};

// A value of the forward body that reaches the backward one.
struct SavedLink {
    NodeId value; // of the forward body
    NodeId placeholder; // that takes it in the backward body
};

// A scene whose boxes and edges of the backward body are marked `right`. Where a saved value's user is too
// far up or down, there are only the marks. Errors: those of layout::run_hairpin.
Result<Scene> make_hairpin(const HalfBody& forward, const HalfBody& backward,
    const std::vector<SavedLink>& saved, const Job& job = {});

// The same as two scenes, for panes beside each other: what belongs together stands at the same height in
// both, and both are equally high. Each saved value is an edge in each (Edge::across, equal in both): from
// its box to beyond the border that faces the other half. Where it would reach too far it is cut.
struct Halves {
    Scene left, right;
};
Result<Halves> make_halves(const HalfBody& forward, const HalfBody& backward,
    const std::vector<SavedLink>& saved, const Job& job = {});

} // namespace hopscope::draw
