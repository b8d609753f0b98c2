// Colours, icons and fonts: both themes, and what is painted in them.
#include "tests/views/scenes.h"

#include <QSignalSpy>

#include <cmath>

using namespace hopscope;

class TestTheme : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { applyTheme(*qApp, Mode::Light); }

    void iconsExistAndFollowTheTheme();
    void themeSetsPaletteAndFonts();
    void textColoursReadWell_data();
    void textColoursReadWell();
    void darkDiffersAndHasNoWhite();
};

void TestTheme::iconsExistAndFollowTheTheme() {
    const QString needed =
        QStringLiteral("open recent save-session export back forward up prev-invocation next-invocation "
                       "prev-reused next-reused "
                       "prev-traced next-traced step-into step-out fit fit-selection zoom-in zoom-out find "
                       "goto filter bookmark "
                       "note theme minimap fold split close cancel copy warning error info pin joint");
    for (const QString& name : needed.split(u' ')) {
        QVERIFY2(iconNames().contains(name), qPrintable(name));
        const QIcon i = icon(name);
        const QImage light = i.pixmap(QSize(16, 16), 2.0).toImage();
        QCOMPARE(light.size(), QSize(32, 32));
        applyTheme(*qApp, Mode::Dark);
        const QImage dark = i.pixmap(QSize(16, 16), 2.0).toImage();
        const QImage off = i.pixmap(QSize(16, 16), 2.0, QIcon::Disabled).toImage();
        applyTheme(*qApp, Mode::Light);
        QVERIFY2(countOf(light, color(Role::Text, Scheme::Light)) > 8, qPrintable(name));
        QVERIFY2(countOf(dark, color(Role::Text, Scheme::Dark)) > 8, qPrintable(name));
        QVERIFY2(dark != off, qPrintable(name));
    }
    QTest::ignoreMessage(QtWarningMsg, "no icon named nonesuch");
    QVERIFY(icon(QStringLiteral("nonesuch")).isNull());
}

void TestTheme::themeSetsPaletteAndFonts() {
    QSignalSpy changed(&Theme::instance(), &Theme::changed);
    applyTheme(*qApp, Mode::Dark);
    QCOMPARE(changed.size(), 1);
    QVERIFY(Theme::instance().isDark());
    QCOMPARE(qApp->palette().color(QPalette::Window).name(), QStringLiteral("#16181c"));
    QCOMPARE(qApp->palette().color(QPalette::Text).name(), QStringLiteral("#e6e9ee"));
    applyTheme(*qApp, Mode::Light);
    QCOMPARE(qApp->palette().color(QPalette::Window).name(), QStringLiteral("#f6f7f9"));
    QCOMPARE(uiFont(Size::Large).pointSizeF() - uiFont().pointSizeF(), 2.0);
    QCOMPARE(uiFont().pointSizeF() - uiFont(Size::Small).pointSizeF(), 1.0);
    QVERIFY(QFontInfo(monoFont()).fixedPitch());
    // The system's wish is followed: offscreen has a light palette.
    applyTheme(*qApp, Mode::Dark);
    applyTheme(*qApp, Mode::System);
    QCOMPARE(Theme::instance().scheme(), Scheme::Light);
    // The desktop changes while we run: each window is told, the theme is set once.
    changed.clear();
    QWidget a, b;
    for (QWidget* window : {&a, &b}) {
        QEvent event(QEvent::ThemeChange);
        QApplication::sendEvent(window, &event);
    }
    QTRY_COMPARE(changed.size(), 1);
    QCoreApplication::processEvents();
    QCOMPARE(changed.size(), 1);
}

void TestTheme::textColoursReadWell_data() {
    QTest::addColumn<int>("role");
    const struct {
        const char* name;
        Role role;
    } roles[] = {{"text", Role::Text}, {"quiet", Role::Quiet}, {"accent", Role::Accent},
        {"reused", Role::Reused}, {"traced", Role::Traced}, {"again", Role::TracedAgain},
        {"failed", Role::Failed}, {"saved", Role::Saved}, {"warning", Role::Warning}};
    for (const auto& r : roles)
        QTest::newRow(r.name) << static_cast<int>(r.role);
}

void TestTheme::textColoursReadWell() {
    QFETCH(int, role);
    auto linear = [](int v) {
        const double c = v / 255.0;
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    auto light = [&](QColor c) {
        return 0.2126 * linear(c.red()) + 0.7152 * linear(c.green()) + 0.0722 * linear(c.blue());
    };
    for (Scheme scheme : {Scheme::Light, Scheme::Dark}) {
        for (Role ground : {Role::Window, Role::Surface}) {
            double a = light(color(static_cast<Role>(role), scheme)), b = light(color(ground, scheme));
            if (a < b)
                std::swap(a, b);
            QVERIFY2((a + 0.05) / (b + 0.05) >= 4.5,
                qPrintable(QStringLiteral("contrast %1").arg((a + 0.05) / (b + 0.05))));
        }
    }
}

void TestTheme::darkDiffersAndHasNoWhite() {
    auto canvas = make(grid(3, 6));
    canvas->setSelected(NodeId(4));
    const QImage light = canvas->grab().toImage();
    applyTheme(*qApp, Mode::Dark);
    const QImage dark = canvas->grab().toImage();
    QVERIFY(light != dark);
    // Letters on the bars may be white: they are text on a colour of their own.
    const double brightest = luminance(color(Role::Text).rgb());
    int over = 0;
    for (int y = 0; y < dark.height(); ++y)
        for (int x = 0; x < dark.width(); ++x)
            over += luminance(dark.pixel(x, y)) > brightest + 1;
    const int letters = 18 * 14 * 14;
    QVERIFY2(over < letters / 4, qPrintable(QString::number(over)));
    QCOMPARE(dark.pixelColor(3, 3), color(Role::Window));

    canvas->setPlaceholder({Placeholder::Kind::Error, QStringLiteral("x"), QStringLiteral("y"), {}, false});
    canvas->setScene(nullptr);
    const QImage error = canvas->grab().toImage();
    for (int y = 0; y < error.height(); ++y)
        for (int x = 0; x < error.width(); ++x)
            QVERIFY(luminance(error.pixel(x, y)) <= brightest + 1);
}

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
