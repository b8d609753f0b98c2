#include "core/draw/palette.h"
#include "views/base/theme.h"

namespace hopscope {

namespace {

struct Pair {
    QRgb light, dark;
};

// Only what a picture never shows; everything else is the picture's own palette, so that both agree.
constexpr Pair kAccentSoft{0xFFE4ECFB, 0xFF263450};
constexpr Pair kHit{0xFFFFD33D, 0xFFC9A227};

draw::ColorRole pictureRole(Role role) {
    switch (role) {
    case Role::Window:
        return draw::ColorRole::Window;
    case Role::Surface:
        return draw::ColorRole::Surface;
    case Role::Raised:
        return draw::ColorRole::Raised;
    case Role::Text:
        return draw::ColorRole::Text;
    case Role::Quiet:
        return draw::ColorRole::Quiet;
    case Role::Line:
        return draw::ColorRole::Faint;
    case Role::Accent:
        return draw::ColorRole::Accent;
    case Role::Reused:
        return draw::ColorRole::Reused;
    case Role::Traced:
        return draw::ColorRole::Traced;
    case Role::TracedAgain:
        return draw::ColorRole::TracedAgain;
    case Role::Failed:
        return draw::ColorRole::Failed;
    case Role::Saved:
        return draw::ColorRole::Saved;
    case Role::Warning:
        return draw::ColorRole::Warning;
    case Role::AccentSoft:
    case Role::Hit:
    case Role::Count_:
        break;
    }
    return draw::ColorRole::None;
}

} // namespace

QColor color(Role role, Scheme scheme) {
    const bool dark = scheme == Scheme::Dark;
    if (role == Role::AccentSoft || role == Role::Hit) {
        const Pair& pair = role == Role::Hit ? kHit : kAccentSoft;
        return QColor::fromRgb(dark ? pair.dark : pair.light);
    }
    return QColor::fromRgb(draw::color(pictureRole(role), dark ? draw::Theme::Dark : draw::Theme::Light));
}

QColor kindColor(draw::Kind kind) {
    return QColor::fromRgb(draw::color(draw::kind_color(kind), draw::Theme::Light));
}

QColor kindLetterColor(draw::Kind kind) {
    return QColor::fromRgb(draw::letter_color(kind));
}

QColor mixed(const QColor& a, const QColor& b, double t) {
    auto part = [t](int x, int y) { return static_cast<int>(x + (y - x) * t + 0.5); };
    return QColor(part(a.red(), b.red()), part(a.green(), b.green()), part(a.blue(), b.blue()));
}

// As areas the bars' colours would outshine the selection, on dark ground most of all.
QColor kindBlockColor(draw::Kind kind, Scheme scheme) {
    return mixed(kindColor(kind), color(Role::Window, scheme), scheme == Scheme::Dark ? 0.45 : 0.15);
}

QColor color(Role role) {
    return color(role, Theme::instance().scheme());
}

} // namespace hopscope
