#include "views/base/theme.h"

#include <QFontDatabase>
#include <QFontInfo>
#include <QGuiApplication>
#include <QHeaderView>
#include <QTableView>

#include <array>

namespace hopscope {

namespace {

// Fonts that a desktop sets when nobody has chosen one: worse than Inter at 9 to 11 points.
bool worthTheName(const QString& family) {
    static const std::array<QLatin1String, 6> kPoor{
        QLatin1String("Sans Serif"),
        QLatin1String("Sans"),
        QLatin1String("DejaVu Sans"),
        QLatin1String("Bitstream Vera Sans"),
        QLatin1String("Helvetica"),
        QLatin1String("Arial"),
    };
    for (const QLatin1String& poor : kPoor)
        if (family.compare(poor, Qt::CaseInsensitive) == 0)
            return false;
    return !family.isEmpty();
}

double stepOf(Size size) {
    return (size == Size::Small ? -1 : size == Size::Large ? 2 : 0) * textScale();
}

// The system's size where it is one that a person can read; offscreen platforms report odd ones.
double basePoints() {
    static const double points = [] {
        const double system = QFontDatabase::systemFont(QFontDatabase::GeneralFont).pointSizeF();
        // Where a desktop is, a large font was chosen by someone who needs it.
        const bool offscreen = QGuiApplication::platformName() == QStringLiteral("offscreen");
        return system >= 8 && system <= (offscreen ? 18 : 48) ? system : 10.0;
    }();
    return points * textScale();
}

QString uiFamily() {
    static const QString family = [] {
        const QString system = QFontInfo(QFontDatabase::systemFont(QFontDatabase::GeneralFont)).family();
        if (worthTheName(system))
            return system;
        return QFontDatabase::hasFamily(QStringLiteral("Inter")) ? QStringLiteral("Inter") : system;
    }();
    return family;
}

QString monoFamily() {
    static const QString family = [] {
        if (QFontDatabase::hasFamily(QStringLiteral("JetBrains Mono")))
            return QStringLiteral("JetBrains Mono");
        return QFontInfo(QFontDatabase::systemFont(QFontDatabase::FixedFont)).family();
    }();
    return family;
}

} // namespace

QFont uiFont(Size size) {
    QFont font(uiFamily());
    font.setPointSizeF(basePoints() + stepOf(size));
    font.setStyleHint(QFont::SansSerif);
    font.setHintingPreference(QFont::PreferVerticalHinting);
#if QT_VERSION >= QT_VERSION_CHECK(6, 7, 0)
    font.setFeature("tnum", 1);
#endif
    return font;
}

QFont monoFont(Size size) {
    QFont font(monoFamily());
    font.setPointSizeF(
        basePoints() - 0.5 * textScale() + stepOf(size)); // fixed-pitch faces look half a point larger
    font.setStyleHint(QFont::Monospace);
    font.setFixedPitch(true);
    font.setHintingPreference(QFont::PreferVerticalHinting);
    // Ligatures would turn `->` and `!=` of code into other glyphs.
    font.setStyleStrategy(QFont::StyleStrategy(font.styleStrategy() | QFont::PreferNoShaping));
    return font;
}

QFont titleFont() {
    QFont font = uiFont(Size::Small);
    font.setCapitalization(QFont::AllUppercase);
    font.setLetterSpacing(QFont::AbsoluteSpacing, 0.6);
    font.setWeight(QFont::Medium);
    return font;
}

void keepFont(QWidget* widget, std::function<QFont()> font) {
    widget->setFont(font());
    QObject::connect(&Theme::instance(), &Theme::changed, widget,
        [widget, font = std::move(font)] { widget->setFont(font()); });
}

void keepRows(QTableView* table, int less) {
    const auto set = [table, less] {
        table->verticalHeader()->setMinimumSectionSize(metrics::row() - less);
        table->verticalHeader()->setDefaultSectionSize(metrics::row() - less);
    };
    set();
    QObject::connect(&Theme::instance(), &Theme::changed, table, set);
}

} // namespace hopscope
