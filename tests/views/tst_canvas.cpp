// The canvas under mouse and keys: selecting, walking, what screen readers hear.
#include "tests/views/scenes.h"

#include "core/read/open.h"

#include <QAccessible>
#include <QPushButton>
#include <QSignalSpy>

using namespace hopscope;

class TestCanvas : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { applyTheme(*qApp, Mode::Light); }

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
    void hoverShowsCard();
    void recordedBodyIsWalkedAndPainted();
    void screenReaderFindsBoxes();
};

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

QTEST_MAIN(TestCanvas)
#include "tst_canvas.moc"
