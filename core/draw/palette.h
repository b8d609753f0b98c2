// Colours by role, for a light and a dark ground (the values of the look's page).
#pragma once

#include "core/draw/scene.h"

#include <cstdint>
#include <string>

namespace hopscope::draw {

enum class ColorRole : uint8_t {
    None, // not painted
    Window, // behind the picture
    Surface, // fill of a node
    Raised,
    Text,
    Quiet, // second lines
    Faint, // borders
    Line, // edges
    Accent,
    Reused,
    Traced,
    TracedAgain,
    Failed,
    Saved, // saved value marks and links
    Warning, // what a reader should not miss
    Gradient, // fill of a node of a joint graph's backward part
    Shade0, // of an overlay: weak to strong, fills that text stands on
    ShadeEnd = Shade0 + 5,
    SoftReused = ShadeEnd, // what became of a call, as a fill that text stands on
    SoftInlined,
    SoftTracedAgain,
    SoftTraced,
    SoftFailed,
    Kind0, // + Kind: the bar of a node
    KindEnd = Kind0 + kKindCount,
};
inline ColorRole kind_color(Kind kind) {
    return static_cast<ColorRole>(static_cast<uint8_t>(ColorRole::Kind0) + static_cast<uint8_t>(kind));
}

inline constexpr size_t kShades =
    static_cast<size_t>(ColorRole::ShadeEnd) - static_cast<size_t>(ColorRole::Shade0);
constexpr ColorRole shade_color(uint8_t shade) {
    return static_cast<ColorRole>(static_cast<uint8_t>(ColorRole::Shade0) + shade);
}

// Of a comparison; None for what both have. Text stands on the fill.
ColorRole side_fill(Side side);
ColorRole side_line(Side side);

enum class Theme : uint8_t { Light, Dark };

// 0xRRGGBB. Role None gives black: ask only for what is painted.
uint32_t color(ColorRole role, Theme theme);
// The letter on a kind's bar: black or white, whichever reads better (4.7 : 1 at least).
uint32_t letter_color(Kind kind);
// "#1b1f24"
std::string hex(uint32_t rgb);
// WCAG 2 contrast of two colours, from 1 to 21.
double contrast(uint32_t a, uint32_t b);

} // namespace hopscope::draw
