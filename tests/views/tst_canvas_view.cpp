// What part of a picture the canvas shows: scrolling, zooming, fitting, the minimap.
#include "tests/views/scenes.h"

#include "views/base/painter.h"

#include <cmath>

using namespace hopscope;

class TestCanvasView : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { applyTheme(*qApp, Mode::Light); }

    void wheelScrollsWithinThePicture();
    void zoomKeepsThePointUnderThePointer();
    void dragPans_data();
    void dragPans();
    void fitShowsAll();
    void fitSelectionShowsNeighbours();
    void ensureVisibleScrollsLittle();
    void viewStateComesBack();
    void relayoutKeepsTheSelectedInPlace();
    void halvesOpenBesideEachOther();
    void halvesBothShowSomething();
    void headingsStayInView();
    void theSelectedStaysInViewWhenTheCanvasShrinks();
    void arrowsTurnWithThePicture();
    void newBodyForgets();
    void minimapDragMoves();
    void minimapHides();
};

void TestCanvasView::wheelScrollsWithinThePicture() {
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

void TestCanvasView::zoomKeepsThePointUnderThePointer() {
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

void TestCanvasView::dragPans_data() {
    QTest::addColumn<Qt::MouseButton>("button");
    QTest::addColumn<bool>("onBox");
    QTest::newRow("left on background") << Qt::LeftButton << false;
    QTest::newRow("middle on a box") << Qt::MiddleButton << true;
}

void TestCanvasView::dragPans() {
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

void TestCanvasView::fitShowsAll() {
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

void TestCanvasView::fitSelectionShowsNeighbours() {
    auto canvas = make(grid(10, 40));
    canvas->setSelected(NodeId(205));
    canvas->setMarks(around(215, 195));
    canvas->fitSelection();
    const QRect room = canvas->viewport()->rect();
    for (uint32_t node : {195u, 205u, 215u})
        QVERIFY(room.contains(canvas->boxRect(NodeId(node))));
    QVERIFY(canvas->zoom() >= 1.0);
}

void TestCanvasView::ensureVisibleScrollsLittle() {
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

void TestCanvasView::viewStateComesBack() {
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

void TestCanvasView::relayoutKeepsTheSelectedInPlace() {
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

// A picture of both halves that is too wide to be read opens with both in view, as blocks with operators; one
// that is wider still on what lies between them.
void TestCanvasView::halvesOpenBesideEachOther() {
    for (const int columns : {12, 60}) {
        auto scene = grid(columns, 60);
        for (size_t b = 0; b < scene->boxes.size(); ++b)
            scene->boxes[b].right = int(b) % columns >= columns / 2;
        auto canvas = make(scene);
        const double middle =
            (scene->boxes[size_t(columns) / 2 - 1].x + kW + scene->boxes[size_t(columns) / 2].x) / 2.0;
        const double at = canvas->fromScene({middle, 0}).x();
        QVERIFY(std::abs(at - canvas->viewport()->width() / 2.0) < 40);
        QVERIFY(canvas->zoom() >= 0.24 && canvas->zoom() < 0.6);
        auto plain = grid(columns, 60);
        QVERIFY(make(plain)->zoom() >= 0.6);
    }
}

// Of two on the same rows the one may begin where the other has long begun: then both are seen from there.
void TestCanvasView::halvesBothShowSomething() {
    auto canvas = make(grid(4, 200));
    const double top = canvas->toScene({0, 0}).y();
    const auto sees = [&](double y) {
        const double at = canvas->fromScene({0, y}).y();
        return at >= 0 && at < canvas->viewport()->height() * 0.66;
    };
    for (const double begins : {100.0, 3000.0}) {
        canvas->setViewState({});
        canvas->setOpeningBeside([begins] { return Canvas::Beside{0, begins}; });
        canvas->takeOpeningViewAgain();
        QVERIFY(sees(begins));
        QCOMPARE(canvas->toScene({0, 0}).y() == top, begins < 1000); // as it was where both are seen anyway
    }
}

// Which half is which stands at the top of each as long as it is seen, whatever part of it that is.
void TestCanvasView::headingsStayInView() {
    auto scene = grid(40, 60);
    const int middle = scene->boxes[20].x;
    scene->labels = {{{8, 14}, "forward"}, {{middle, 14}, "backward"}};
    auto canvas = make(scene);
    const QRectF room(canvas->viewport()->rect());
    for (const double y : {0.0, 1500.0}) {
        canvas->setViewState({1.0, QPointF(middle, y + 200)}); // between them
        const std::vector<QRectF> both = canvas->headings();
        QCOMPARE(both.size(), size_t{2});
        for (const QRectF& place : both)
            QVERIFY(room.contains(place));
        QVERIFY(both[0].right() < both[1].left());
        QVERIFY(both[0].right() <= canvas->fromScene({double(middle), 0}).x());
    }
    canvas->setViewState({1.0, QPointF(scene->width - 100, 1500)});
    QCOMPARE(canvas->headings().size(), size_t{1}); // of the half that is seen
    // The pane of one half alone is named above it.
    scene = grid(40, 60);
    scene->labels = {{{8, 14}, "forward"}};
    canvas = make(scene);
    canvas->setViewState({1.0, QPointF(800, 100)});
    QCOMPARE(canvas->headings().size(), size_t{1});
    canvas->setViewState({1.0, QPointF(800, 1500)});
    QVERIFY(canvas->headings().empty());
}

void TestCanvasView::theSelectedStaysInViewWhenTheCanvasShrinks() {
    auto canvas = make(grid(10, 60));
    canvas->setViewState({1.0, QPointF(400, 1000)});
    const QRect room = canvas->viewport()->rect();
    NodeId lowest; // that is seen whole
    for (size_t b = 0; b < canvas->scene()->boxes.size(); ++b)
        if (room.contains(canvas->boxRect(NodeId(b))))
            lowest = NodeId(b);
    QVERIFY(lowest);
    canvas->setSelected(lowest);
    canvas->resize(canvas->width(), canvas->height() - 120);
    QTRY_VERIFY(canvas->viewport()->rect() != room);
    QVERIFY(canvas->viewport()->rect().contains(canvas->boxRect(lowest)));
}

// Where lines run from left to right, Right follows one and Down goes to the box below.
void TestCanvasView::arrowsTurnWithThePicture() {
    auto scene = std::make_shared<draw::Scene>();
    scene->sideways = true;
    for (uint32_t i = 0; i < 4; ++i) { // two chains of two
        draw::Box box;
        box.node = NodeId(i);
        box.x = 20 + int(i % 2) * 200;
        box.y = 20 + int(i / 2) * 80;
        box.w = kW;
        box.h = kH;
        scene->boxes.push_back(box);
        scene->box_of_node.push_back(i);
    }
    for (const uint32_t from : {0u, 2u}) {
        draw::Edge edge;
        edge.from_box = from;
        edge.to_box = from + 1;
        edge.from = NodeId(from);
        edge.to = NodeId(from + 1);
        edge.points = {{20 + kW, 30 + int(from) * 40}, {220, 30 + int(from) * 40}};
        scene->edges.push_back(edge);
    }
    scene->width = 220 + kW;
    scene->height = 200;
    auto canvas = make(scene);
    canvas->setSelected(NodeId(0));
    const std::pair<int, uint32_t> walk[] = {
        {Qt::Key_Right, 1}, {Qt::Key_Down, 3}, {Qt::Key_Left, 2}, {Qt::Key_Up, 0}};
    for (const auto& [key, node] : walk) {
        QSignalSpy chosen(canvas.get(), &Canvas::nodeSelected);
        QTest::keyClick(canvas.get(), Qt::Key(key));
        QCOMPARE(chosen.count(), 1);
        QCOMPARE(chosen.first().first().value<NodeId>(), NodeId(node));
        canvas->setSelected(NodeId(node));
    }
}

void TestCanvasView::newBodyForgets() {
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

void TestCanvasView::minimapDragMoves() {
    auto canvas = make(grid(10, 60));
    canvas->setViewState({1.0, QPointF(400, 300)});
    canvas->setMinimapCorner(Canvas::Corner::BottomRight);
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

void TestCanvasView::minimapHides() {
    auto canvas = make(grid(10, 60));
    auto* map = canvas->findChild<QWidget*>(QStringLiteral("canvas.minimap"));
    // Boxes everywhere: no corner where it would cover none, unless one is chosen.
    QVERIFY(!map->isVisible());
    canvas->setMinimapCorner(Canvas::Corner::TopLeft);
    QTRY_VERIFY(map->isVisible());
    QVERIFY(map->geometry().center().x() < canvas->viewport()->width() / 2);
    // Where boxes come under it, it goes; at once where a picture is taken.
    auto sparse = grid(10, 60);
    std::erase_if(sparse->boxes, [](const draw::Box& box) { return box.x > 1300 && box.y < 2000; });
    sparse->edges.clear();
    sparse->box_of_node.assign(600, 0);
    canvas->setMinimapCorner(Canvas::Corner::Auto);
    canvas->setScene(sparse);
    canvas->setViewState({1.0, QPointF(1500, 500)});
    canvas->settle();
    QVERIFY(map->isVisible());
    canvas->setViewState({1.0, QPointF(500, 3000)});
    canvas->settle();
    QVERIFY(!map->isVisible());
    canvas->setScene(grid(10, 60));
    canvas->setMinimapCorner(Canvas::Corner::TopLeft);
    canvas->setViewState({1.0, QPointF(400, 300)});
    canvas->settle();
    QVERIFY(map->isVisible());
    canvas->setMinimapVisible(false);
    QVERIFY(!map->isVisible());
    QVERIFY(!canvas->isMinimapVisible());
    canvas->setMinimapVisible(true);
    QVERIFY(map->isVisible());
    canvas->fitAll(); // nothing to find
    QTRY_VERIFY(!map->isVisible());
}

QTEST_MAIN(TestCanvasView)
#include "tst_canvas_view.moc"
