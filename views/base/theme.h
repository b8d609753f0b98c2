// How the window looks: colours by role in light and dark, fonts, and the toolbar's icons.
//
// Everything that paints asks here; no view names a colour of its own. GUI thread only.
#pragma once

#include "core/draw/scene.h"

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QString>

#include <functional>

class QApplication;
class QTableView;
class QWidget;

namespace hopscope {

// What the person asked for.
enum class Mode { System, Light, Dark };
// What that comes to.
enum class Scheme { Light, Dark };

// What a colour means. Each text and state colour has at least 4.5 : 1 on Window and Surface of its scheme.
enum class Role {
    Window, // behind everything
    Surface, // tables, nodes, text panes
    Raised, // menus, tooltips, cards
    Text,
    Quiet, // second lines, column titles, units
    Line, // borders and grid lines; never text
    Accent, // selection, focus, links
    AccentSoft, // fill of what is selected; text on it stays Text
    Reused,
    Traced,
    TracedAgain,
    Failed, // also: errors
    Warning, // also: strides that are not contiguous
    Saved, // a value saved for backward, and its links
    Hit, // marker behind or under a search hit; never text
    Count_
};

QColor color(Role role, Scheme scheme);
QColor color(Role role); // in the scheme that is shown now

// A node's kind, the same in both schemes: bars with their letter only, never text.
QColor kindColor(draw::Kind kind);
QColor kindLetterColor(draw::Kind kind); // of the letter on that bar

QColor kindBlockColor(draw::Kind kind, Scheme scheme); // of a whole node where only blocks are shown
QColor mixed(const QColor& a, const QColor& b, double t); // a at 0, b at 1

// Sets style, palette, stylesheet and fonts of the application, and again whenever the mode or, in
// Mode::System, the desktop's colours change. Call once after QApplication is made, and again to change the
// mode. `dark desktop` is told by the platform's palette (Qt 6.4 has no colour scheme hint), or by
// QStyleHints::colorScheme where Qt has it.
void applyTheme(QApplication& app, Mode mode);

// The one source of the theme's state; made on first use.
class Theme : public QObject {
    Q_OBJECT

public:
    static Theme& instance();

    Mode mode() const { return mode_; }
    Scheme scheme() const { return scheme_; }
    bool isDark() const { return scheme_ == Scheme::Dark; }

Q_SIGNALS:
    // After palette, stylesheet and fonts are set. Widgets that only use QPalette, color() in paintEvent and
    // icon() need not listen: they are repainted anyway.
    void changed();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    Theme() = default;
    friend void applyTheme(QApplication& app, Mode mode);
    friend void applyTextScale(QApplication& app, double scale);
    void apply(QApplication& app);

    Mode mode_ = Mode::System;
    Scheme scheme_ = Scheme::Light;
    bool applying_ = false;
};

// There are three sizes and no more.
enum class Size { Small, Normal, Large }; // -1, 0, +2 points

// How large texts are, times what the system says: 1 = as the system says, 2 = twice. Rows and icons follow.
// Set by applyTextScale(), which tells everybody with Theme::changed.
constexpr double kLeastTextScale = 0.7, kMostTextScale = 3;
double textScale();
void applyTextScale(QApplication& app, double scale); // brought into range

QFont uiFont(Size size = Size::Normal); // menus, tables; figures are tabular where the font has them
QFont monoFont(Size size = Size::Normal); // names, types, code
QFont titleFont(); // quiet small capitals: dock titles, group titles

// A widget keeps the font that a function above gives, whatever the person makes of the size.
void keepFont(QWidget* widget, std::function<QFont()> font);
// Rows of a table stay as high as its texts need; `less` pixels lower where a table is dense.
void keepRows(QTableView* table, int less = 0);

// A 16 px monochrome icon of resources/icons in the text colour, for normal and disabled state and any scale.
// It is drawn when it is painted, and so follows the theme by itself. An unknown name yields an empty icon
// and a warning.
QIcon icon(const QString& name);
QIcon icon(const QString& name, Role role); // in another colour: warnings and errors in lists
QStringList iconNames(); // all that exist, sorted

// Measures of the window, in device-independent pixels.
namespace metrics {
int scaled(double pixels); // what grows with the texts
inline int row() {
    return scaled(24); // rows of tables, trees, lists
}
inline int icon() {
    return scaled(16);
}
constexpr int kGrid = 4;
constexpr int kPadSmall = 4, kPad = 8, kPadLarge = 12;
constexpr int kSplitterGrip = 6; // area that takes the mouse; the line in it is 1 px
} // namespace metrics

} // namespace hopscope
