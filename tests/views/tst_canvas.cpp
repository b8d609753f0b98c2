#include "core/draw/scene.h"
#include "core/read/open.h"
#include "views/base/painter.h"
#include "views/base/theme.h"
#include "views/canvas/canvas.h"

#include <QAccessible>
#include <QApplication>
#include <QClipboard>
#include <QElapsedTimer>
#include <QImage>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>

#include <cmath>
#include <memory>

using namespace hopscope;

namespace {

constexpr int kW = 150, kH = 36, kStepX = 190, kStepY = 70;

// Rows of boxes; each box uses the one above it, and the last column also the first box of its row above.
std::shared_ptr<draw::Scene> grid(int columns, int rows) {
    auto scene = std::make_shared<draw::Scene>();
    const draw::Kind kinds[] = {draw::Kind::Matrix, draw::Kind::Elementwise, draw::Kind::View,
        draw::Kind::Reduction, draw::Kind::Copy};
    for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < columns; ++c) {
            const auto i = static_cast<uint32_t>(scene->boxes.size());
            draw::Box box;
            box.node = NodeId(i);
            box.kind = kinds[(r + c) % 5];
            box.x = 20 + c * kStepX;
            box.y = 20 + r * kStepY;
            box.w = kW;
            box.h = kH;
            box.title = "node_" + std::to_string(i);
            box.subtitle = "aten.op f32[" + std::to_string(r) + ", 8]";
            scene->boxes.push_back(std::move(box));
            scene->box_of_node.push_back(i);
            if (r == 0)
                continue;
            draw::Edge edge;
            edge.from_box = i - static_cast<uint32_t>(columns);
            edge.to_box = i;
            edge.from = NodeId(edge.from_box);
            edge.to = NodeId(i);
            const int x = 20 + c * kStepX + kW / 2;
            edge.points = {{x, 20 + (r - 1) * kStepY + kH}, {x, 20 + r * kStepY}};
            scene->edges.push_back(std::move(edge));
        }
    }
    scene->width = columns * kStepX;
    scene->height = rows * kStepY;
    return scene;
}

// A box with a parameter folded into a port at its right side.
std::shared_ptr<draw::Scene> withPort() {
    auto scene = grid(1, 2);
    draw::Port port;
    port.side = draw::Port::Side::Right;
    port.role = draw::Port::Role::Parameter;
    port.node = NodeId(2);
    port.label = "weight";
    port.at = {20 + kW, 20 + kStepY + kH / 2};
    scene->boxes[1].ports.push_back(port);
    scene->boxes[1].folded.push_back(NodeId(2));
    scene->box_of_node.push_back(1);
    return scene;
}

double luminance(QRgb c) {
    return 0.2126 * qRed(c) + 0.7152 * qGreen(c) + 0.0722 * qBlue(c);
}

int countOf(const QImage& image, const QColor& wanted) {
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            count += image.pixelColor(x, y).rgb() == wanted.rgb();
    return count;
}

void wheel(Canvas& canvas, QPointF pos, QPoint angle, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    QWheelEvent event(pos, canvas.viewport()->mapToGlobal(pos), QPoint(), angle, Qt::NoButton, modifiers,
        Qt::NoScrollPhase, false);
    QApplication::sendEvent(canvas.viewport(), &event);
}

void move(Canvas& canvas, QPoint pos) {
    QMouseEvent event(QEvent::MouseMove, pos, canvas.viewport()->mapToGlobal(pos), Qt::NoButton, Qt::NoButton,
        Qt::NoModifier);
    QApplication::sendEvent(canvas.viewport(), &event);
}

} // namespace

// The marks around a selected node: a user and a producer.
static Marks around(uint32_t user, uint32_t producer) {
    Marks marks;
    marks.users = {NodeId(user)};
    marks.producers = {NodeId(producer)};
    return marks;
}

class TestCanvas : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();

    void iconsExistAndFollowTheTheme();
    void themeSetsPaletteAndFonts();
    void textColoursReadWell_data();
    void textColoursReadWell();

    void clickSelects();
    void clickOnBackgroundClears();
    void settersStaySilent();
    void portSelectsFoldedNode();
    void edgeEndJumps();
    void doubleClickAndReturnActivate();
    void contextMenuSelects();
    void arrowsWalk();
    void tabWalksAndLeaves();
    void escapeTells();
    void modifiedKeysAreTheWindows();

    void wheelScrollsWithinThePicture();
    void zoomKeepsThePointUnderThePointer();
    void dragPans_data();
    void dragPans();
    void fitShowsAll();
    void fitSelectionShowsNeighbours();
    void ensureVisibleScrollsLittle();
    void viewStateComesBack();
    void relayoutKeepsTheSelectedInPlace();
    void newBodyForgets();

    void marksArePainted();
    void scrolledLayerEqualsFreshPaint();
    void minimapDragMoves();
    void minimapHides();
    void hoverShowsCard();

    void placeholderCancels();
    void placeholderCopiesErrors();
    void busyOverAPictureIsAStrip();

    void darkDiffersAndHasNoWhite();
    void manyNodesPaint();
    void recordedBodyIsWalkedAndPainted();
    void screenReaderFindsBoxes();

    void exportsAreStable();
    void absurdPngIsRefused();
    void exportToBadPathSaysWhere();

private:
    std::unique_ptr<Canvas> make(std::shared_ptr<const draw::Scene> scene, QSize size = {800, 600});
};

void TestCanvas::initTestCase() {
    applyTheme(*qApp, Mode::Light);
}

void TestCanvas::init() {
    applyTheme(*qApp, Mode::Light);
}

std::unique_ptr<Canvas> TestCanvas::make(std::shared_ptr<const draw::Scene> scene, QSize size) {
    auto canvas = std::make_unique<Canvas>();
    canvas->resize(size);
    canvas->setScene(std::move(scene));
    canvas->show();
    if (!QTest::qWaitForWindowExposed(canvas.get()))
        return nullptr;
    canvas->activateWindow();
    canvas->setFocus();
    return canvas;
}

// --- theme

void TestCanvas::iconsExistAndFollowTheTheme() {
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

void TestCanvas::themeSetsPaletteAndFonts() {
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

void TestCanvas::textColoursReadWell_data() {
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

void TestCanvas::textColoursReadWell() {
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

// --- selecting

void TestCanvas::clickSelects() {
    auto canvas = make(grid(3, 4));
    QVERIFY(canvas);
    QSignalSpy spy(canvas.get(), &Canvas::nodeSelected);
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, canvas->boxRect(NodeId(4)).center());
    QCOMPARE(canvas->selected(), NodeId(4));
    QCOMPARE(spy.size(), 1);
    QCOMPARE(spy[0][0].value<NodeId>(), NodeId(4));
    // The same again is told again: what is inspected may be another thing by now.
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, canvas->boxRect(NodeId(4)).center());
    QCOMPARE(spy.size(), 2);
    QCOMPARE(spy[1][0].value<NodeId>(), NodeId(4));
}

void TestCanvas::clickOnBackgroundClears() {
    auto canvas = make(grid(3, 4));
    canvas->setSelected(NodeId(4));
    QSignalSpy spy(canvas.get(), &Canvas::nodeSelected);
    const QPoint between = canvas->boxRect(NodeId(0)).topRight() + QPoint(10, 0);
    QVERIFY(!canvas->nodeAt(between).valid());
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, between);
    QVERIFY(!canvas->selected().valid());
    QCOMPARE(spy.size(), 1);
    QVERIFY(!spy[0][0].value<NodeId>().valid());
}

void TestCanvas::settersStaySilent() {
    auto canvas = make(grid(3, 4));
    QSignalSpy selected(canvas.get(), &Canvas::nodeSelected), hovered(canvas.get(), &Canvas::hovered);
    canvas->setSelected(NodeId(4));
    canvas->setMarks(around(7, 1));
    canvas->setHits({NodeId(2)}, NodeId(2));
    canvas->setSelected({});
    QCOMPARE(selected.size(), 0);
    QCOMPARE(hovered.size(), 0);
}

void TestCanvas::portSelectsFoldedNode() {
    auto canvas = make(withPort());
    const QPoint port = canvas->fromScene(QPointF(20 + kW, 20 + kStepY + kH / 2.0)).toPoint();
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, port);
    QCOMPARE(canvas->selected(), NodeId(2));
    QCOMPARE(canvas->boxRect(NodeId(2)), canvas->boxRect(NodeId(1))); // it stands for its box
}

void TestCanvas::edgeEndJumps() {
    auto canvas = make(grid(1, 3), {500, 400});
    canvas->zoom100();
    const QPointF top = canvas->fromScene(QPointF(20 + kW / 2.0, 20 + kH));
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, (top + QPointF(0, 6)).toPoint());
    QCOMPARE(canvas->selected(), NodeId(1)); // clicked at the producer's end: the user
    const QPointF end = canvas->fromScene(QPointF(20 + kW / 2.0, 20 + kStepY));
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, (end - QPointF(0, 6)).toPoint());
    QCOMPARE(canvas->selected(), NodeId(0));
}

void TestCanvas::doubleClickAndReturnActivate() {
    auto canvas = make(grid(2, 2));
    QSignalSpy spy(canvas.get(), &Canvas::nodeActivated);
    QTest::mouseDClick(canvas->viewport(), Qt::LeftButton, {}, canvas->boxRect(NodeId(3)).center());
    QCOMPARE(spy.size(), 1);
    QCOMPARE(spy[0][0].value<NodeId>(), NodeId(3));
    canvas->setSelected(NodeId(1));
    QTest::keyClick(canvas.get(), Qt::Key_Return);
    QCOMPARE(spy.size(), 2);
    QCOMPARE(spy[1][0].value<NodeId>(), NodeId(1));
}

void TestCanvas::contextMenuSelects() {
    auto canvas = make(grid(2, 2));
    QSignalSpy spy(canvas.get(), &Canvas::contextMenuRequested);
    const QPoint pos = canvas->boxRect(NodeId(2)).center();
    QContextMenuEvent event(QContextMenuEvent::Mouse, pos, canvas->viewport()->mapToGlobal(pos));
    QApplication::sendEvent(canvas->viewport(), &event);
    QCOMPARE(spy.size(), 1);
    QCOMPARE(spy[0][0].value<NodeId>(), NodeId(2));
    QCOMPARE(canvas->selected(), NodeId(2));
}

void TestCanvas::arrowsWalk() {
    auto canvas = make(grid(3, 3));
    QSignalSpy spy(canvas.get(), &Canvas::nodeSelected);
    canvas->setSelected(NodeId(4)); // the middle
    QTest::keyClick(canvas.get(), Qt::Key_Up);
    QCOMPARE(canvas->selected(), NodeId(1));
    QTest::keyClick(canvas.get(), Qt::Key_Up); // no producer
    QCOMPARE(canvas->selected(), NodeId(1));
    QTest::keyClick(canvas.get(), Qt::Key_Down);
    QTest::keyClick(canvas.get(), Qt::Key_Down);
    QCOMPARE(canvas->selected(), NodeId(7));
    QTest::keyClick(canvas.get(), Qt::Key_Left);
    QCOMPARE(canvas->selected(), NodeId(6));
    QTest::keyClick(canvas.get(), Qt::Key_Left); // the row's end
    QCOMPARE(canvas->selected(), NodeId(6));
    QTest::keyClick(canvas.get(), Qt::Key_Right);
    QTest::keyClick(canvas.get(), Qt::Key_Right);
    QCOMPARE(canvas->selected(), NodeId(8));
    QTest::keyClick(canvas.get(), Qt::Key_Home);
    QCOMPARE(canvas->selected(), NodeId(0));
    QTest::keyClick(canvas.get(), Qt::Key_End);
    QCOMPARE(canvas->selected(), NodeId(8));
    QCOMPARE(spy.size(), 8);
}

void TestCanvas::tabWalksAndLeaves() {
    auto canvas = make(grid(2, 1));
    QTest::keyClick(canvas.get(), Qt::Key_Tab);
    QCOMPARE(canvas->selected(), NodeId(0));
    QTest::keyClick(canvas.get(), Qt::Key_Tab);
    QCOMPARE(canvas->selected(), NodeId(1));
    QTest::keyClick(canvas.get(), Qt::Key_Backtab, Qt::ShiftModifier);
    QCOMPARE(canvas->selected(), NodeId(0));
    // No trap: after the last node the next widget has the focus.
    QWidget window;
    Canvas inner(&window);
    QPushButton other(&window);
    inner.resize(400, 300);
    other.move(0, 310);
    inner.setScene(grid(2, 1));
    inner.setSelected(NodeId(1));
    window.resize(400, 350);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.activateWindow();
    inner.setFocus();
    QTRY_VERIFY(inner.hasFocus());
    QTest::keyClick(&inner, Qt::Key_Tab);
    QVERIFY(other.hasFocus());
}

void TestCanvas::escapeTells() {
    auto canvas = make(grid(2, 1));
    QSignalSpy spy(canvas.get(), &Canvas::escapePressed);
    QTest::keyClick(canvas.get(), Qt::Key_Escape);
    QCOMPARE(spy.size(), 1);
}

void TestCanvas::modifiedKeysAreTheWindows() {
    auto canvas = make(grid(2, 2));
    canvas->setSelected(NodeId(3));
    for (Qt::KeyboardModifier modifier : {Qt::ControlModifier, Qt::AltModifier}) {
        QKeyEvent event(QEvent::KeyPress, Qt::Key_Up, modifier);
        QApplication::sendEvent(canvas.get(), &event);
        QVERIFY(!event.isAccepted());
        QCOMPARE(canvas->selected(), NodeId(3));
    }
}

// --- view

void TestCanvas::wheelScrollsWithinThePicture() {
    auto canvas = make(grid(10, 40));
    canvas->setViewState({1.0, QPointF(900, 1400)});
    const QPointF before = canvas->viewState().centre;
    wheel(*canvas, {100, 100}, {0, -120});
    QCOMPARE(canvas->viewState().centre, before + QPointF(0, 60));
    wheel(*canvas, {100, 100}, {0, -120}, Qt::ShiftModifier);
    QCOMPARE(canvas->viewState().centre, before + QPointF(60, 60));
    for (int i = 0; i < 200; ++i)
        wheel(*canvas, {100, 100}, {0, 120});
    QCOMPARE(canvas->toScene({0, 0}).y(), 0.0);
    QCOMPARE(canvas->zoom(), 1.0);
    canvas->setWheelZooms(true);
    wheel(*canvas, {100, 100}, {0, 120});
    QCOMPARE(canvas->zoom(), 1.25);
}

void TestCanvas::zoomKeepsThePointUnderThePointer() {
    auto canvas = make(grid(10, 40));
    canvas->setViewState({1.0, QPointF(900, 1400)});
    const QPointF pointer(613, 177);
    const QPointF point = canvas->toScene(pointer);
    for (int i = 0; i < 12; ++i) {
        wheel(*canvas, pointer, {0, i < 5 ? 120 : -120}, Qt::ControlModifier);
        const QPointF now = canvas->fromScene(point);
        // The view lies on whole pixels: each step may be half a pixel off.
        QVERIFY2(std::abs(now.x() - pointer.x()) <= 4 && std::abs(now.y() - pointer.y()) <= 4,
            qPrintable(QStringLiteral("%1, %2 at zoom %3").arg(now.x()).arg(now.y()).arg(canvas->zoom())));
    }
    canvas->setViewState({1.0, QPointF(900, 1400)});
    const QPointF under = canvas->toScene(pointer);
    wheel(*canvas, pointer, {0, 120}, Qt::ControlModifier);
    QCOMPARE(canvas->zoom(), 1.25);
    QVERIFY(std::abs(canvas->fromScene(under).x() - pointer.x()) <= 0.51);
    QVERIFY(std::abs(canvas->fromScene(under).y() - pointer.y()) <= 0.51);
    canvas->setZoom(1e9);
    QCOMPARE(canvas->zoom(), Canvas::kMaxZoom);
    canvas->setZoom(1e-9);
    QCOMPARE(canvas->zoom(), canvas->minZoom());
}

void TestCanvas::dragPans_data() {
    QTest::addColumn<Qt::MouseButton>("button");
    QTest::addColumn<bool>("onBox");
    QTest::newRow("left on background") << Qt::LeftButton << false;
    QTest::newRow("middle on a box") << Qt::MiddleButton << true;
}

void TestCanvas::dragPans() {
    QFETCH(Qt::MouseButton, button);
    QFETCH(bool, onBox);
    auto canvas = make(grid(10, 40));
    canvas->setViewState({1.0, QPointF(900, 1400)});
    canvas->setSelected(NodeId(5));
    const QPointF before = canvas->viewState().centre;
    QPoint from = canvas->viewport()->rect().center();
    while (canvas->nodeAt(from).valid() != onBox)
        from += QPoint(1, 1);
    QTest::mousePress(canvas->viewport(), button, {}, from);
    for (const QPoint& by : {QPoint(15, 10), QPoint(40, 30)}) {
        QMouseEvent event(QEvent::MouseMove, from + by, canvas->viewport()->mapToGlobal(from + by),
            Qt::NoButton, button, Qt::NoModifier);
        QApplication::sendEvent(canvas->viewport(), &event);
    }
    QTest::mouseRelease(canvas->viewport(), button, {}, from + QPoint(40, 30));
    QCOMPARE(canvas->viewState().centre, before - QPointF(40, 30));
    QCOMPARE(canvas->selected(), NodeId(5)); // a pan is no click
}

void TestCanvas::fitShowsAll() {
    auto scene = grid(10, 40);
    auto canvas = make(scene);
    canvas->setViewState({2.0, QPointF(100, 100)});
    canvas->fitAll();
    const QRectF shown(canvas->fromScene({0, 0}), canvas->fromScene(QPointF(scene->width, scene->height)));
    QVERIFY(QRectF(canvas->viewport()->rect()).contains(shown));
    QVERIFY(shown.height() > canvas->viewport()->height() * 0.9);
    QTRY_VERIFY(!canvas->verticalScrollBar()->isVisible());
    canvas->zoom100();
    QCOMPARE(canvas->zoom(), 1.0);
    canvas->zoomIn();
    canvas->zoomOut();
    QCOMPARE(canvas->zoom(), 1.0);
}

void TestCanvas::fitSelectionShowsNeighbours() {
    auto canvas = make(grid(10, 40));
    canvas->setSelected(NodeId(205));
    canvas->setMarks(around(215, 195));
    canvas->fitSelection();
    const QRect room = canvas->viewport()->rect();
    for (uint32_t node : {195u, 205u, 215u})
        QVERIFY(room.contains(canvas->boxRect(NodeId(node))));
    QVERIFY(canvas->zoom() >= 1.0);
}

void TestCanvas::ensureVisibleScrollsLittle() {
    auto canvas = make(grid(10, 40));
    canvas->setViewState({1.0, QPointF(400, 300)});
    const ViewState before = canvas->viewState();
    canvas->ensureVisible(canvas->nodeAt(canvas->boxRect(NodeId(12)).center()));
    QCOMPARE(canvas->viewState(), before); // in view already
    canvas->ensureVisible(NodeId(399));
    QVERIFY(canvas->viewport()->rect().contains(canvas->boxRect(NodeId(399))));
    canvas->ensureVisible(NodeId(205), true);
    const QPoint off = canvas->boxRect(NodeId(205)).center() - canvas->viewport()->rect().center();
    QVERIFY(off.manhattanLength() <= 3);
}

void TestCanvas::viewStateComesBack() {
    auto scene = grid(10, 40);
    auto canvas = make(scene);
    canvas->setViewState({0.73, QPointF(700, 900)});
    const ViewState kept = canvas->viewState();
    canvas->setScene(grid(3, 3));
    canvas->setScene(scene);
    canvas->setViewState(kept);
    QCOMPARE(canvas->zoom(), kept.zoom);
    QVERIFY((canvas->viewState().centre - kept.centre).manhattanLength() < 2);
    QVERIFY(!Canvas().viewState().isValid());
}

void TestCanvas::relayoutKeepsTheSelectedInPlace() {
    auto canvas = make(grid(10, 40));
    canvas->setSelected(NodeId(205));
    canvas->setViewState({0.9, QPointF(1000, 1400)});
    const QPoint before = canvas->boxRect(NodeId(205)).center();
    auto again = grid(10, 40);
    for (draw::Box& box : again->boxes)
        box.x += 333, box.y += 77;
    again->width += 400;
    again->height += 100;
    canvas->setScene(again, Canvas::Change::SameBody);
    QCOMPARE(canvas->selected(), NodeId(205));
    QCOMPARE(canvas->zoom(), 0.9);
    QVERIFY((canvas->boxRect(NodeId(205)).center() - before).manhattanLength() <= 2);
}

void TestCanvas::newBodyForgets() {
    auto canvas = make(grid(10, 40));
    canvas->setSelected(NodeId(205));
    canvas->setScene(grid(2, 2));
    QVERIFY(!canvas->selected().valid());
    QVERIFY(canvas->viewport()->rect().contains(canvas->boxRect(NodeId(3))));
    canvas->setScene(nullptr);
    QVERIFY(!canvas->nodeAt({10, 10}).valid());
    QTest::keyClick(canvas.get(), Qt::Key_Down);
    canvas->fitAll();
    canvas->grab();
}

// --- painting

void TestCanvas::marksArePainted() {
    auto canvas = make(grid(3, 4), {700, 400});
    canvas->clearFocus();
    const QColor hit = color(Role::Hit), accent = color(Role::Accent), saved = color(Role::Saved);
    auto shot = [&] { return canvas->viewport()->grab().toImage(); };
    const QImage plain = shot();
    QCOMPARE(countOf(plain, hit), 0);
    QCOMPARE(countOf(plain, accent), 0);

    canvas->setHits({NodeId(2), NodeId(7)});
    QVERIFY(countOf(shot(), hit) > 2 * 3 * 100);
    canvas->setHits({});
    canvas->setSelected(NodeId(4));
    const int one = countOf(shot(), accent);
    QVERIFY(one > 2 * kW); // two pixels around, and its edges
    QVERIFY(countOf(shot(), color(Role::AccentSoft)) > kW);
    canvas->setMarks(around(7, 1));
    QVERIFY(countOf(shot(), accent) > one + kW);
    canvas->setSelected({});
    Marks marks;
    marks.crossing = {NodeId(8)};
    canvas->setMarks(marks);
    const int border = countOf(shot(), saved);
    QVERIFY(border > kW);
    canvas->setCrossingSide(Canvas::Side::Right);
    QVERIFY(countOf(shot(), saved) > border + 10);
    marks = {};
    marks.step = NodeId(3);
    canvas->setMarks(marks);
    QVERIFY(countOf(shot(), accent) > 10);
    canvas->setMarks({});
    QCOMPARE(shot(), plain);

    // A run: what waits is quieter than what ran, a breakpoint is a dot, tags hang under their boxes.
    auto contrast = [](const QImage& image) {
        double least = 255, most = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x) {
                least = std::min(least, luminance(image.pixel(x, y)));
                most = std::max(most, luminance(image.pixel(x, y)));
            }
        return most - least;
    };
    marks = {};
    marks.waiting = {NodeId(3)};
    canvas->setMarks(marks);
    QCOMPARE(canvas->marks(), marks);
    const QRect ran = canvas->boxRect(NodeId(4)), waits = canvas->boxRect(NodeId(3));
    QVERIFY(contrast(shot().copy(waits)) < contrast(shot().copy(ran)) - 60);
    marks = {};
    marks.breakpoints = {NodeId(3)};
    canvas->setMarks(marks);
    const int full = countOf(shot(), color(Role::Failed));
    marks = {};
    marks.breakpointsOff = {NodeId(3)};
    canvas->setMarks(marks);
    const int hollow = countOf(shot(), color(Role::Failed));
    QVERIFY2(full > hollow && hollow > 0, qPrintable(QStringLiteral("%1, %2").arg(full).arg(hollow)));
    Tag tag;
    tag.node = NodeId(3);
    tag.text = QStringLiteral("−2 … 3  μ 0.1");
    tag.bar = 0.5;
    marks = {};
    marks.tags = {tag};
    canvas->setMarks(marks);
    const QRect under = canvas->boxRect(NodeId(3)).translated(0, canvas->boxRect(NodeId(3)).height());
    QVERIFY(shot().copy(under.adjusted(0, 2, 0, 0)) != plain.copy(under.adjusted(0, 2, 0, 0)));
    QVERIFY(countOf(shot(), color(Role::Traced)) > canvas->boxRect(NodeId(3)).width() / 2);
    canvas->setMarks({});
    QCOMPARE(shot(), plain);

    // Dimmed: what is kept looks as ever, what is not has lost its dark text.
    canvas->setDimmed(true, {NodeId(0)});
    const QImage dim = shot();
    const QRect kept = canvas->boxRect(NodeId(0)).adjusted(2, 2, -2, -2), faded = canvas->boxRect(NodeId(5));
    QCOMPARE(dim.copy(kept), plain.copy(kept));
    auto darkest = [](const QImage& image) {
        double least = 255;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                least = std::min(least, luminance(image.pixel(x, y)));
        return least;
    };
    QVERIFY(darkest(dim.copy(faded)) > darkest(plain.copy(faded)) + 60);
}

// Moving the kept layer must give the very picture that painting anew gives.
void TestCanvas::scrolledLayerEqualsFreshPaint() {
    auto scene = grid(10, 40);
    for (double zoom : {0.31, 0.8, 1.0, 1.37}) {
        auto canvas = make(scene);
        canvas->setMinimapVisible(false);
        canvas->clearFocus();
        canvas->setViewState({zoom, QPointF(900, 1400)});
        QCoreApplication::processEvents(); // bars come and go
        canvas->viewport()->grab();
        canvas->horizontalScrollBar()->setValue(canvas->horizontalScrollBar()->value() + 37);
        canvas->viewport()->grab();
        canvas->verticalScrollBar()->setValue(canvas->verticalScrollBar()->value() - 61);
        canvas->viewport()->grab();
        canvas->horizontalScrollBar()->setValue(canvas->horizontalScrollBar()->value() - 5);
        const QImage moved = canvas->viewport()->grab().toImage();
        applyTheme(*qApp, Mode::Dark); // throws the layer away
        canvas->viewport()->grab();
        applyTheme(*qApp, Mode::Light);
        QCOMPARE(moved, canvas->viewport()->grab().toImage());
    }
}

void TestCanvas::minimapDragMoves() {
    auto canvas = make(grid(10, 60));
    canvas->setViewState({1.0, QPointF(400, 300)});
    auto* map = canvas->findChild<QWidget*>(QStringLiteral("canvas.minimap"));
    QVERIFY(map);
    QTRY_VERIFY(map->isVisible());
    const QPointF before = canvas->viewState().centre;
    // Outside the frame: the view jumps there, and follows the drag.
    const QPoint from(map->width() / 2, map->height() - 20);
    QTest::mousePress(map, Qt::LeftButton, {}, from);
    const QPointF jumped = canvas->viewState().centre;
    QVERIFY(jumped.y() > before.y() + 1000);
    const QPoint to = from - QPoint(0, 40);
    QMouseEvent event(
        QEvent::MouseMove, to, map->mapToGlobal(to), Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(map, &event);
    QTest::mouseRelease(map, Qt::LeftButton, {}, to);
    QVERIFY(canvas->viewState().centre.y() < jumped.y() - 500);
}

void TestCanvas::minimapHides() {
    auto canvas = make(grid(10, 60));
    auto* map = canvas->findChild<QWidget*>(QStringLiteral("canvas.minimap"));
    QTRY_VERIFY(map->isVisible());
    canvas->setMinimapVisible(false);
    QVERIFY(!map->isVisible());
    QVERIFY(!canvas->isMinimapVisible());
    canvas->setMinimapVisible(true);
    QVERIFY(map->isVisible());
    canvas->fitAll(); // nothing to find
    QTRY_VERIFY(!map->isVisible());
}

void TestCanvas::hoverShowsCard() {
    auto canvas = make(grid(3, 4));
    NodeId asked;
    canvas->setHoverProvider([&](NodeId node) {
        asked = node;
        HoverCard card;
        card.title = QStringLiteral("addmm_3");
        card.target = QStringLiteral("aten.addmm.default");
        card.type = QStringLiteral("f32[16, 96]");
        card.stride = QStringLiteral("stride (1, 16)");
        return card;
    });
    QSignalSpy spy(canvas.get(), &Canvas::hovered);
    move(*canvas, canvas->boxRect(NodeId(4)).center());
    QCOMPARE(spy.size(), 1);
    auto* card = canvas->findChild<QWidget*>(QStringLiteral("canvas.hoverCard"));
    QVERIFY(card);
    QVERIFY(!card->isVisible()); // not at once
    QTRY_VERIFY_WITH_TIMEOUT(card->isVisible(), 3000);
    QCOMPARE(asked, NodeId(4));
    QCOMPARE(card->accessibleName(), QStringLiteral("addmm_3"));
    QVERIFY(card->width() > 100 && card->height() > 50);
    QTest::keyClick(canvas.get(), Qt::Key_Shift);
    QVERIFY(!card->isVisible());
}

// --- placeholder

void TestCanvas::placeholderCancels() {
    auto canvas = make(nullptr);
    QSignalSpy spy(canvas.get(), &Canvas::cancelRequested);
    Placeholder busy{Placeholder::Kind::Busy, QStringLiteral("Laying out 1,908 nodes"), {}, 40, true};
    canvas->setPlaceholder(busy);
    auto* cancel = canvas->findChild<QPushButton*>(QStringLiteral("canvas.placeholder.cancel"));
    QVERIFY(cancel);
    QVERIFY(!cancel->isVisible()); // short work flashes nothing
    QTRY_VERIFY(cancel->isVisible());
    QTest::mouseClick(cancel, Qt::LeftButton);
    QCOMPARE(spy.size(), 1);
    canvas->setScene(grid(2, 2));
    QCOMPARE(canvas->placeholder().kind, Placeholder::Kind::None);
    QVERIFY(!cancel->isVisible());
}

void TestCanvas::placeholderCopiesErrors() {
    auto canvas = make(nullptr);
    canvas->setPlaceholder({Placeholder::Kind::Error, QStringLiteral("Cannot lay out"),
        QStringLiteral("dot: line 4: syntax error"), -1, false});
    auto* copy = canvas->findChild<QPushButton*>(QStringLiteral("canvas.placeholder.copy"));
    QVERIFY(copy->isVisible());
    auto* report = canvas->findChild<QPlainTextEdit*>(QStringLiteral("canvas.placeholder.report"));
    QVERIFY(report->isVisible());
    QCOMPARE(report->toPlainText(), QStringLiteral("dot: line 4: syntax error"));
    QTest::mouseClick(copy, Qt::LeftButton);
    QCOMPARE(
        QGuiApplication::clipboard()->text(), QStringLiteral("Cannot lay out\ndot: line 4: syntax error"));
    QVERIFY(canvas->accessibleDescription().contains(QStringLiteral("Cannot lay out")));
    canvas->setScene(grid(2, 2)); // what is there now is what is shown
    QVERIFY(!copy->isVisible());
    QCOMPARE(canvas->placeholder().kind, Placeholder::Kind::None);
}

void TestCanvas::busyOverAPictureIsAStrip() {
    auto canvas = make(grid(3, 3));
    canvas->setPlaceholder({Placeholder::Kind::Busy, QStringLiteral("Laying out"), {}, {}, true});
    auto* holder = canvas->findChild<QWidget*>(QStringLiteral("canvas.placeholder"));
    QTRY_VERIFY(holder->isVisible());
    QVERIFY(holder->height() <= 40); // the old picture stays in view
    QCOMPARE(holder->width(), canvas->viewport()->width());
}

// --- looks and speed

void TestCanvas::darkDiffersAndHasNoWhite() {
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

void TestCanvas::manyNodesPaint() {
    auto canvas = make(grid(50, 150), {1200, 900}); // 7,500 boxes
    canvas->setMinimapVisible(false);
    auto measure = [&](const char* what, int frames, auto&& change) {
        QElapsedTimer timer;
        double worst = 0, all = 0;
        for (int i = 0; i < frames; ++i) {
            change(i);
            timer.start();
            canvas->viewport()->repaint();
            const double ms = static_cast<double>(timer.nsecsElapsed()) / 1e6;
            worst = std::max(worst, ms);
            all += ms;
        }
        qInfo("%s: %.2f ms a frame, %.2f at worst", what, all / frames, worst);
    };
    canvas->fitAll();
    canvas->viewport()->repaint();
    measure("all 7,500 boxes, painted anew", 10,
        [&](int i) { canvas->setZoom(canvas->zoom() * (i % 2 ? 1.01 : 0.99)); });
    canvas->setHits({NodeId(10), NodeId(20), NodeId(3000)});
    measure("all 7,500 boxes, another selection", 20,
        [&](int i) { canvas->setSelected(NodeId(100u + static_cast<uint32_t>(i))); });
    canvas->setViewState({0.4, QPointF(4000, 5000)});
    measure("zoom 0.4, panned", 60,
        [&](int) { canvas->verticalScrollBar()->setValue(canvas->verticalScrollBar()->value() + 12); });
    measure("zoom 0.4, painted anew", 10, [&](int i) { canvas->setZoom(i % 2 ? 0.4 : 0.41); });
    canvas->setViewState({1.0, QPointF(4000, 5000)});
    measure("zoom 1, painted anew", 10, [&](int i) { canvas->setZoom(i % 2 ? 1.0 : 1.01); });
    measure("zoom 1, panned", 60,
        [&](int) { canvas->verticalScrollBar()->setValue(canvas->verticalScrollBar()->value() + 12); });

    // It did paint: the picture has boxes in the colours of several kinds.
    canvas->fitAll();
    canvas->setSelected({});
    const QImage image = canvas->viewport()->grab().toImage();
    QVERIFY(countOf(image, color(Role::Window)) < image.width() * image.height() * 95 / 100);
}

// The region body of a real recording. HOPSCOPE_SHOTS=folder keeps pictures of it, to be looked at.
void TestCanvas::recordedBodyIsWalkedAndPainted() {
    const auto dump = open_dump({HOPSCOPE_TEST_DATA "/gpt12"});
    QVERIFY(dump.ok());
    std::shared_ptr<const draw::Scene> scene;
    for (const Graph& graph : dump->graphs) {
        if (graph.stage != Stage::Forward || !graph.module || graph.module->bodies.size() < 2)
            continue;
        draw::Options options;
        options.layout.engine = layout::Engine::Layered; // the same with and without Graphviz
        auto made = draw::make_scene(*graph.module, BodyId(1), options);
        QVERIFY(made.ok());
        scene = std::make_shared<draw::Scene>(std::move(*made));
    }
    QVERIFY(scene);
    QVERIFY(scene->boxes.size() > 40);
    auto canvas = make(scene, {760, 900});
    canvas->setMinimapVisible(false);

    QSignalSpy spy(canvas.get(), &Canvas::nodeSelected);
    for (size_t i = 0; i < scene->boxes.size(); ++i) {
        canvas->walkNext();
        QCOMPARE(canvas->selected(), scene->boxes[i].node);
        const QRect rect = canvas->boxRect(canvas->selected());
        QVERIFY(canvas->viewport()->rect().contains(rect)); // scrolled into view
        QCOMPARE(canvas->nodeAt(rect.center()), canvas->selected());
    }
    QCOMPARE(spy.size(), static_cast<qsizetype>(scene->boxes.size()));
    // Users lead to where there are none.
    canvas->setSelected(scene->boxes.front().node);
    for (size_t i = 0; i < scene->boxes.size(); ++i)
        canvas->walkDown();
    for (const draw::Edge& edge : scene->edges)
        QVERIFY(edge.from_box != scene->box_of_node[canvas->selected().index]);

    const QString folder = qEnvironmentVariable("HOPSCOPE_SHOTS");
    QImage before;
    for (Mode mode : {Mode::Light, Mode::Dark}) {
        applyTheme(*qApp, mode);
        canvas->zoom100();
        canvas->ensureVisible(scene->boxes[10].node, true);
        const QImage near = canvas->grab().toImage();
        QVERIFY(near != before);
        before = near;
        QVERIFY(countOf(near, kindColor(draw::Kind::View)) > 500); // bars
        canvas->fitAll();
        if (folder.isEmpty())
            continue;
        const QString suffix = mode == Mode::Dark ? QStringLiteral("dark") : QStringLiteral("light");
        QVERIFY(near.save(folder + QStringLiteral("/canvas_") + suffix + QStringLiteral(".png")));
        QVERIFY(
            canvas->grab().save(folder + QStringLiteral("/canvas_fit_") + suffix + QStringLiteral(".png")));
    }
}

void TestCanvas::screenReaderFindsBoxes() {
    auto canvas = make(grid(3, 4));
    QAccessibleInterface* list = QAccessible::queryAccessibleInterface(canvas.get());
    QVERIFY(list);
    QCOMPARE(list->role(), QAccessible::List);
    QCOMPARE(list->text(QAccessible::Name), QStringLiteral("Graph"));
    QCOMPARE(list->childCount(), 12);
    QAccessibleInterface* box = list->child(4);
    QVERIFY(box && box->isValid());
    QCOMPARE(box->text(QAccessible::Name), QStringLiteral("node_4"));
    QCOMPARE(list->indexOfChild(box), 4);
    QCOMPARE(box->parent(), list);
    QCOMPARE(list->childAt(box->rect().center().x(), box->rect().center().y()), box);
    QVERIFY(!box->state().selected);
    canvas->setSelected(NodeId(4));
    QVERIFY(box->state().selected);
    QVERIFY(canvas->accessibleDescription().contains(QStringLiteral("node_4")));
    QVERIFY(canvas->accessibleDescription().contains(QStringLiteral("5 of 12")));
    canvas->setScene(nullptr);
    QVERIFY(!box->isValid());
    QCOMPARE(list->childCount(), 0);
}

// --- export

void TestCanvas::exportsAreStable() {
    auto scene = withPort();
    scene->title = "0/0/forward/subgraph_0";
    ExportOptions options;
    const auto a = renderScene(*scene, options), b = renderScene(*scene, options);
    QVERIFY(a.ok() && b.ok());
    QCOMPARE(*a, *b);
    const QImage image = QImage::fromData(*a, "PNG");
    const ImageSize size = pngSize(*scene, options.scale);
    QCOMPARE(image.size(), QSize(size.width, size.height));
    QCOMPARE(image.pixelColor(1, 1), color(Role::Window, Scheme::Light));

    options.transparent = true;
    const auto clear = renderScene(*scene, options);
    QCOMPARE(QImage::fromData(*clear, "PNG").pixelColor(1, 1).alpha(), 0);
    options.transparent = false;
    options.scheme = Scheme::Dark;
    QCOMPARE(QImage::fromData(*renderScene(*scene, options), "PNG").pixelColor(1, 1),
        color(Role::Window, Scheme::Dark));

    options.format = ExportOptions::Format::Pdf;
    const auto pdf = renderScene(*scene, options), pdf2 = renderScene(*scene, options);
    QVERIFY(pdf.ok());
    QVERIFY(pdf->startsWith("%PDF-"));
    QVERIFY(pdf->contains("/CreationDate (D:20000101000000"));
    QCOMPARE(*pdf, *pdf2);

    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("a.pdf"));
    QVERIFY(exportScene(*scene, path, options).ok());
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), *pdf);
}

void TestCanvas::absurdPngIsRefused() {
    auto scene = grid(50, 700);
    ExportOptions options;
    const auto result = renderScene(*scene, options);
    QVERIFY(!result.ok());
    QCOMPARE(result.error().kind, Error::Kind::Usage);
    const QString text = QString::fromStdString(result.error().message);
    QVERIFY2(text.contains(QStringLiteral("SVG or PDF")), qPrintable(text));
    // The scale that it proposes does.
    const double scale = text.mid(text.lastIndexOf(u' ') + 1).toDouble();
    QVERIFY2(scale > 0.01, qPrintable(text));
    const ImageSize size = pngSize(*scene, scale);
    QVERIFY(size.width <= 32767 && size.height <= 32767 && size.bytes <= qint64(1) << 30);
    options.scale = 0;
    QCOMPARE(renderScene(*scene, options).error().kind, Error::Kind::Usage);
}

void TestCanvas::exportToBadPathSaysWhere() {
    const Status status = exportScene(*grid(1, 1), QStringLiteral("/nonexistent/folder/a.png"), {});
    QVERIFY(!status.ok());
    QCOMPARE(status.error().file, std::string("/nonexistent/folder/a.png"));
}

QTEST_MAIN(TestCanvas)
#include "tst_canvas.moc"
