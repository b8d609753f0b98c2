#include "views/base/theme.h"

#include "views/base/style.h"

#include <QApplication>
#include <QDockWidget>
#include <QEvent>
#include <QStyleHints>
#include <QTimer>
#include <QToolTip>

namespace hopscope {

namespace {

// Whether the desktop is dark, as far as this platform says.
bool desktopIsDark() {
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    const Qt::ColorScheme scheme = QGuiApplication::styleHints()->colorScheme();
    if (scheme != Qt::ColorScheme::Unknown)
        return scheme == Qt::ColorScheme::Dark;
#endif
    // The palette that the platform gives, now that ours is not laid over it.
    const QPalette given = QPalette();
    return given.color(QPalette::Window).lightness() < given.color(QPalette::WindowText).lightness();
}

double scaleNow = 1;

} // namespace

double textScale() {
    return scaleNow;
}

int metrics::scaled(double pixels) {
    return qRound(pixels * scaleNow);
}

void applyTextScale(QApplication& app, double scale) {
    scaleNow = qBound(kLeastTextScale, scale, kMostTextScale);
    Theme::instance().apply(app);
}

Theme& Theme::instance() {
    static Theme theme;
    return theme;
}

void Theme::apply(QApplication& app) {
    applying_ = true;
    if (mode_ == Mode::System) {
        app.setPalette(QPalette()); // an empty palette gives the platform's own back
        scheme_ = desktopIsDark() ? Scheme::Dark : Scheme::Light;
    } else {
        scheme_ = mode_ == Mode::Dark ? Scheme::Dark : Scheme::Light;
    }
    app.setPalette(paletteOf(scheme_));
    app.setFont(uiFont());
    QToolTip::setPalette(app.palette());
    QToolTip::setFont(uiFont(Size::Small));
    app.setStyleSheet(styleSheetOf(scheme_));
    app.setFont(titleFont(), "QDockWidget"); // after the sheet, which forgets the fonts of classes
    applying_ = false;
    Q_EMIT changed();
}

bool Theme::eventFilter(QObject* watched, QEvent* event) {
    // The platform's theme changed under us (Qt 6.4 tells it so): look again, once the event is through.
    if (event->type() == QEvent::ThemeChange && mode_ == Mode::System && !applying_) {
        applying_ = true; // every window is told: once will do
        QTimer::singleShot(0, this, [this] { apply(*qApp); });
    }
    return QObject::eventFilter(watched, event);
}

void applyTheme(QApplication& app, Mode mode) {
    Theme& theme = Theme::instance();
    static bool first = true;
    if (first) {
        first = false;
        app.setStyle(makeStyle());
        app.installEventFilter(&theme);
    }
    theme.mode_ = mode;
    theme.apply(app);
}

} // namespace hopscope
