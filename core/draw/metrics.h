// Sizes of text and boxes without a font engine, so that a picture has the same measures on every machine.
//
// All sizes are points, as in layout. Texts are set in a fixed-pitch font whose advance is 0.6 em (JetBrains
// Mono, DejaVu Sans Mono, Liberation Mono and Cascadia Mono all have 0.600 to 0.602).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hopscope::draw {

inline constexpr double kAdvance = 0.6; // of the font size
inline constexpr int kFontSize = 12; // names
inline constexpr int kSmallFontSize = 11; // everything else in a node
inline constexpr int kLargeFontSize = 14; // a picture's caption

inline constexpr int kBarWidth = 14; // the bar with the kind's letter
inline constexpr int kPadding = 8; // between border or bar and text
inline constexpr int kWarningGap = 6; // between a type and what is said of it in the warning tone
inline constexpr int kBoxHeight = 36; // two lines
inline constexpr int kSmallBoxHeight = 20; // one line
inline constexpr int kDotPitch = 10; // of the strip of dots
inline constexpr int kDotsPerRow = 24;
inline constexpr size_t kLabelGlyphs = 48; // longest name of a node; the rest is an ellipsis
inline constexpr size_t kSmallLabelGlyphs = 36; // longest name in a node of one line
inline constexpr size_t kOpGlyphs = 16; // longest operator where it stands alone
inline constexpr size_t kLineGlyphs = 64; // longest second line
inline constexpr int kPortRoom = 8; // around the picture and beside every box, for marks outside the border
inline constexpr int kPortOut = 4; // how far outside the left and right border marks have their centre

// Number of code points; a byte that is no UTF-8 counts as one.
size_t glyph_count(std::string_view text);
// Width in points, rounded up.
int text_width(std::string_view text, int font_size);
// At most `glyphs` code points; what is longer has "…" after its first third, since names differ at their
// ends (l_self_modules_blocks_modules_0_…_weight_). Bad bytes become U+FFFD, control characters spaces.
std::string clip_name(std::string_view text, size_t glyphs = kLabelGlyphs);
// The last part of a name that came out of an expanded call: "mm" of "invoke_subgraph_3/mm"; the frame around
// it says the rest.
std::string_view own_name(std::string_view name);
// At most `glyphs` code points; what is longer ends in "…". Bad bytes become U+FFFD, control characters
// spaces.
std::string clip_label(std::string_view text, size_t glyphs = kLabelGlyphs);

} // namespace hopscope::draw
