#include "views/theme/theme.h"

#include <array>

namespace hopscope {

namespace {

using Table = std::array<QRgb, static_cast<size_t>(Role::Count_)>;

// In the order of Role.
constexpr Table kLight{
    0xFFF6F7F9, 0xFFFFFFFF, 0xFFFFFFFF, // window, surface, raised
    0xFF1B1F24, 0xFF5B6470, 0xFFD9DDE3, // text, quiet, line
    0xFF2A66DC, 0xFFE4ECFB, // accent, accent soft
    0xFF0F7B6C, 0xFFA85600, 0xFF8450D0, 0xFFC0322B, // reused, traced, traced again, failed
    0xFF9A6209, 0xFF9A6209, 0xFFFFD33D, // warning, saved, hit
};
constexpr Table kDark{
    0xFF16181C, 0xFF1E2126, 0xFF262A31, //
    0xFFE6E9EE, 0xFF9AA4B2, 0xFF343A44, //
    0xFF6EA2FF, 0xFF263450, //
    0xFF4CC2AE, 0xFFF2A65A, 0xFFB99AF5, 0xFFFF7B72, //
    0xFFE3B25B, 0xFFE3B25B, 0xFFC9A227, //
};

} // namespace

QColor color(Role role, Scheme scheme) {
    const Table& table = scheme == Scheme::Dark ? kDark : kLight;
    return QColor::fromRgba(table[static_cast<size_t>(role)]);
}

QColor color(Role role) {
    return color(role, Theme::instance().scheme());
}

} // namespace hopscope
