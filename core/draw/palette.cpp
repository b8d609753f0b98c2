#include "core/draw/palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace hopscope::draw {

namespace {

struct Pair {
    uint32_t light, dark;
};

// In the order of ColorRole up to Kind0. Line is the kind Input's grey: readable on both grounds.
constexpr std::array<Pair, static_cast<size_t>(ColorRole::Kind0)> kRoles = {{
    {0x000000, 0x000000}, // None
    {0xF6F7F9, 0x16181C}, // Window
    {0xFFFFFF, 0x1E2126}, // Surface
    {0xFFFFFF, 0x262A31}, // Raised
    {0x1B1F24, 0xE6E9EE}, // Text
    {0x5B6470, 0x9AA4B2}, // Quiet
    {0xD9DDE3, 0x343A44}, // Faint
    {0x7F8894, 0x7F8894}, // Line
    {0x2A66DC, 0x6EA2FF}, // Accent
    {0x0F7B6C, 0x4CC2AE}, // Reused
    {0xA85600, 0xF2A65A}, // Traced
    {0x8450D0, 0xB99AF5}, // TracedAgain
    {0xC0322B, 0xFF7B72}, // Failed
    {0x9A6209, 0xE3B25B}, // Saved
    {0xA85600, 0xF2A65A}, // Warning
    {0xF7EBDA, 0x33291C}, // Gradient
    {0xFFF4D2, 0x22323F}, // Shade0
    {0xFEDD93, 0x3A3F8E}, // Shade1
    {0xFDBA63, 0x7A3083}, // Shade2
    {0xF79245, 0xAB2F4E}, // Shade3
    {0xE96E4C, 0xAE4A00}, // Shade4
    {0xD3EFE8, 0x173E38}, // SoftReused
    {0xE3E6EB, 0x333841}, // SoftInlined
    {0xD9C6F6, 0x46346B}, // SoftTracedAgain
    {0xFBC384, 0x70420F}, // SoftTraced
    {0xF3938B, 0x86302B}, // SoftFailed
}};

// Okabe and Ito's colours as far as they go, the same in both themes. Output is grey as Input is: both are
// the body's border.
constexpr std::array<uint32_t, kKindCount> kKinds = {
    0x7F8894,
    0x8A6F4E,
    0x0072B2,
    0xE69F00,
    0xB8BEC8,
    0x009E73,
    0x56B4E9,
    0xCC79A7,
    0xD55E00,
    0x5B4FCF,
    0x7F8894,
};

double linear(uint32_t channel) {
    const double c = channel / 255.0;
    return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double luminance(uint32_t rgb) {
    return 0.2126 * linear(rgb >> 16 & 0xFF) + 0.7152 * linear(rgb >> 8 & 0xFF) + 0.0722 * linear(rgb & 0xFF);
}

} // namespace

ColorRole side_fill(Side side) {
    constexpr std::array<ColorRole, kSideCount> kFills{
        ColorRole::None, ColorRole::SoftTraced, ColorRole::SoftFailed, ColorRole::SoftReused};
    return kFills[static_cast<size_t>(side)];
}

ColorRole side_line(Side side) {
    constexpr std::array<ColorRole, kSideCount> kLines{
        ColorRole::None, ColorRole::Traced, ColorRole::Failed, ColorRole::Reused};
    return kLines[static_cast<size_t>(side)];
}

uint32_t color(ColorRole role, Theme theme) {
    if (role >= ColorRole::Kind0)
        return kKinds[static_cast<size_t>(role) - static_cast<size_t>(ColorRole::Kind0)];
    const Pair pair = kRoles[static_cast<size_t>(role)];
    return theme == Theme::Dark ? pair.dark : pair.light;
}

uint32_t letter_color(Kind kind) {
    const uint32_t bar = kKinds[static_cast<size_t>(kind)];
    return contrast(bar, 0xFFFFFF) >= contrast(bar, 0x000000) ? 0xFFFFFF : 0x000000;
}

std::string hex(uint32_t rgb) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text = "#000000";
    for (size_t i = 6; i > 0; --i, rgb >>= 4)
        text[i] = kDigits[rgb & 0xF];
    return text;
}

double contrast(uint32_t a, uint32_t b) {
    const auto [low, high] = std::minmax({luminance(a), luminance(b)}); // the list's form returns values
    return (high + 0.05) / (low + 0.05);
}

} // namespace hopscope::draw
