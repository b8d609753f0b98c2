// Pictures of more or less than a body in the window: by its actions, as a person does it.
#include "tests/views/window.h"

#include "core/browse/document.h"
#include "views/base/itemmenu.h"

#include <QLabel>
#include <QMenu>
#include <QSignalSpy>

#include <algorithm>

using namespace hopscope;

class TestPicturesWindow : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void leftToRight() {
        Opened o({tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward"));
        MainWindow& w = o.window;
        Canvas& canvas = w.pane(Pane::Left).canvas();
        QVERIFY(w.actions()[Do::LeftToRight]->isEnabled());
        w.actions()[Do::LeftToRight]->setChecked(true);
        QVERIFY(o.settle());
        QVERIFY(canvas.scene()->sideways);
        QVERIFY(canvas.scene()->width > canvas.scene()->height);
        QVERIFY(w.pane(Pane::Right).canvas().scene()->sideways); // both panes, as one step
        w.actions()[Do::UndoView]->trigger();
        QVERIFY(o.settle());
        QVERIFY(!canvas.scene()->sideways && !w.pane(Pane::Right).canvas().scene()->sideways);
        w.actions()[Do::RedoView]->trigger();
        QVERIFY(o.settle());
        // Both halves run down and up.
        w.actions()[Do::Hairpin]->trigger();
        QVERIFY(o.settle());
        QVERIFY(!canvas.scene()->sideways);
        QVERIFY(!w.actions()[Do::LeftToRight]->isChecked());
        w.actions()[Do::UndoView]->trigger();
        QVERIFY(o.settle());
        QVERIFY(canvas.scene()->sideways);
    }

    // Saved values as lines can be switched off: what is left are those of the selected node.
    void savedLinksCanGo() {
        Opened o({tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward"));
        MainWindow& w = o.window;
        Canvas& canvas = w.pane(Pane::Left).canvas();
        const auto dashed = [&] {
            QApplication::processEvents();
            const QImage image = canvas.viewport()->grab().toImage();
            int count = 0;
            for (int y = 0; y < image.height(); ++y)
                for (int x = image.width() * 3 / 4; x < image.width(); ++x)
                    count += image.pixelColor(x, y).rgb() == color(Role::Saved).rgb();
            return count;
        };
        QVERIFY(dashed() > 100);
        w.actions()[Do::SavedLinks]->trigger();
        const int left = dashed();
        QVERIFY2(left < 100, qPrintable(QString::number(left)));
        w.actions()[Do::SavedLinks]->trigger();
        QVERIFY(dashed() > 100);
    }

    // A digit goes to that input of the selected node, and says so where there is none.
    void inputsByNumber() {
        Opened o({tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward"));
        MainWindow& w = o.window;
        Navigator& n = w.navigator();
        const Place body = n.pane(Pane::Left);
        const NodeId call = named(w, body, "invoke_subgraph_24");
        n.select_node(Pane::Left, call);
        w.state().flush();
        const Body& nodes = w.document()->body(body);
        const NodeId third = nodes.inputs_of(nodes.node(call))[2];
        QTest::keyClick(&w.pane(Pane::Left).canvas(), Qt::Key_3);
        QCOMPARE(n.state().node.node, third);
        QTest::keyClick(&w.pane(Pane::Left).canvas(), Qt::Key_9);
        w.state().flush();
        QCOMPARE(n.state().node.node, third);
        QVERIFY(
            w.findChild<QLabel*>(QStringLiteral("statusText"))->text().contains(QStringLiteral("0 inputs")));
    }

    void expandingInPlace() {
        Opened o({tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward"));
        MainWindow& w = o.window;
        Navigator& n = w.navigator();
        Canvas& canvas = w.pane(Pane::Left).canvas();
        const Place body = n.pane(Pane::Left);
        const NodeId call = named(w, body, "invoke_subgraph_24");
        QVERIFY(!w.actions()[Do::ExpandHere]->isEnabled());
        n.select_node(Pane::Left, call);
        QVERIFY(w.actions()[Do::ExpandHere]->isEnabled());
        QVERIFY(!w.actions()[Do::CollapseHere]->isEnabled());
        canvas.ensureVisible(call, true);
        const QPoint before = canvas.boxRect(call).topLeft();
        const size_t boxes = canvas.scene()->boxes.size();
        w.actions()[Do::ExpandHere]->trigger();
        QVERIFY(o.settle());
        QVERIFY(canvas.scene()->boxes.size() > boxes + 40);
        QCOMPARE(canvas.scene()->frames.size(), size_t{1});
        // The call is selected still, and where it was: what stands for it begins there.
        QCOMPARE(n.state().node.node, call);
        QVERIFY(canvas.viewport()->rect().intersects(canvas.boxRect(call)));
        QVERIFY((canvas.boxRect(call).center() - before).manhattanLength() < 300);
        // A node in it is that of the region's body; the pane stays with its own.
        const auto inner = std::find_if(canvas.scene()->boxes.begin(), canvas.scene()->boxes.end(),
            [](const draw::Box& box) { return box.title == "addmm"; });
        QVERIFY(inner != canvas.scene()->boxes.end());
        Q_EMIT canvas.nodeSelected(inner->node);
        w.state().flush();
        QCOMPARE(w.document()->node_name(n.state().node), std::string("addmm"));
        QVERIFY(n.state().node.body != body.body);
        QVERIFY(n.pane(Pane::Left) == body);
        QCOMPARE(canvas.selected(), inner->node);
        QVERIFY(!canvas.marks().users.empty());
        // And back, by collapsing, and by taking back what was done.
        w.actions()[Do::CollapseHere]->trigger();
        QVERIFY(o.settle());
        QCOMPARE(canvas.scene()->boxes.size(), boxes);
        QCOMPARE(n.state().node.node, call);
        w.actions()[Do::UndoView]->trigger();
        QVERIFY(o.settle());
        QVERIFY(canvas.scene()->boxes.size() > boxes);
        w.actions()[Do::UndoView]->trigger();
        QVERIFY(o.settle());
        QCOMPARE(canvas.scene()->boxes.size(), boxes);
        QVERIFY(!w.actions()[Do::UndoView]->isEnabled());
        w.actions()[Do::ExpandAll]->trigger();
        QVERIFY(o.settle());
        QVERIFY(status(w).contains(QStringLiteral("12 calls expanded")));
        // Of two halves both.
        QCOMPARE(w.pane(Pane::Right).canvas().scene()->frames.size(), size_t{12});
        w.actions()[Do::CollapseAll]->trigger();
        QVERIFY(o.settle());
        QVERIFY(w.pane(Pane::Right).canvas().scene()->frames.empty());
        QCOMPARE(canvas.scene()->boxes.size(), boxes);
    }

    void bothHalvesInOnePane() {
        Opened o(
            {tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward:partitioned_fw_subgraph_0_0"));
        MainWindow& w = o.window;
        QVERIFY(!w.pane(Pane::Right).isHidden());
        w.actions()[Do::Hairpin]->setChecked(true);
        QVERIFY(o.settle());
        const Canvas& canvas = w.pane(Pane::Left).canvas();
        QCOMPARE(canvas.scene()->labels.size(), size_t{2});
        QVERIFY(w.pane(Pane::Right).isHidden()); // its body is here
        // A node of the other half can be chosen here.
        const auto right = std::find_if(canvas.scene()->boxes.begin(), canvas.scene()->boxes.end(),
            [](const draw::Box& box) { return box.right; });
        QVERIFY(right != canvas.scene()->boxes.end());
        Q_EMIT w.pane(Pane::Left).canvas().nodeSelected(right->node);
        w.state().flush();
        QCOMPARE(canvas.selected(), right->node);
        QCOMPARE(w.document()->dump().graph(w.navigator().state().node.graph).stage, Stage::Backward);
        QVERIFY(!canvas.marks().users.empty() || !canvas.marks().producers.empty());
        w.actions()[Do::Hairpin]->setChecked(false);
        QVERIFY(o.settle());
        QVERIFY(!w.pane(Pane::Right).isHidden());
        QCOMPARE(canvas.scene()->labels.size(), size_t{1}); // which half it is, beside the other pane
    }

    void foldingRepeats() {
        Opened o({tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward"));
        MainWindow& w = o.window;
        Canvas& canvas = w.pane(Pane::Left).canvas();
        const size_t boxes = canvas.scene()->boxes.size();
        w.actions()[Do::FoldRepeats]->setChecked(true);
        QVERIFY(o.settle());
        const auto folded = std::find_if(canvas.scene()->boxes.begin(), canvas.scene()->boxes.end(),
            [](const draw::Box& box) { return box.times == 12; });
        QVERIFY(folded != canvas.scene()->boxes.end());
        QVERIFY(canvas.scene()->boxes.size() < boxes);
        w.navigator().select_node(Pane::Left, folded->node);
        w.actions()[Do::ExpandHere]->trigger();
        QVERIFY(o.settle());
        QCOMPARE(canvas.scene()->boxes.size(), boxes);
        QVERIFY(w.actions()[Do::FoldRepeats]->isChecked());
    }

    void hidingAndTracing() {
        Opened o(
            {tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward:partitioned_fw_subgraph_0_0"));
        MainWindow& w = o.window;
        Canvas& canvas = w.pane(Pane::Left).canvas();
        const Place body = w.navigator().pane(Pane::Left);
        const size_t boxes = canvas.scene()->boxes.size();
        w.navigator().select_node(Pane::Left, named(w, body, "addmm"));
        w.actions()[Do::HideNodes]->trigger();
        QVERIFY(o.settle());
        // Its value is a mark on what takes it. (Its weight, which nothing takes now, has a box.)
        const NodeId addmm = named(w, body, "addmm");
        const draw::Scene& cut = *canvas.scene();
        QVERIFY(cut.boxes[cut.box_of_node[addmm.index]].node == named(w, body, "view_1"));
        QVERIFY(status(w).contains(QStringLiteral("1 node not shown")));
        w.navigator().select_node(Pane::Left, named(w, body, "view_1"));
        w.actions()[Do::RevealInputs]->trigger();
        QVERIFY(o.settle());
        QCOMPARE(canvas.scene()->boxes.size(), boxes);
        w.actions()[Do::Extract]->trigger();
        QVERIFY(o.settle());
        QVERIFY(canvas.scene()->boxes.size() <= 4);
        w.actions()[Do::ShowAll]->trigger();
        QVERIFY(o.settle());
        QCOMPARE(canvas.scene()->boxes.size(), boxes);

        // From any item's menu, whatever is selected.
        const auto ask = [&](const char* node, const char* what, bool may) {
            Item item;
            item.place = {body.graph, body.body, named(w, body, node)};
            QMenu menu;
            w.fillItemMenu(menu, item);
            auto* action = menu.findChild<QAction*>(QLatin1String(what));
            for (QAction* one : menu.actions())
                if (one->objectName() == QLatin1String(what))
                    action = one;
            QVERIFY2(action && action->isEnabled() == may, what);
            action->trigger();
            QVERIFY(o.settle());
        };
        ask("softmax_not_there", "item.hide", false);
        ask("mul", "item.reveal", false);
        ask("mul", "item.hide", true);
        QVERIFY(status(w).contains(QStringLiteral("1 node not shown")));
        ask("mul", "item.hide", false);
        ask("mul", "item.reveal", true);
        QCOMPARE(canvas.scene()->boxes.size(), boxes);

        w.actions()[Do::TraceAncestors]->trigger();
        QVERIFY(canvas.isDimmed());
        Q_EMIT canvas.escapePressed();
        QVERIFY(!canvas.isDimmed());
        QVERIFY(w.navigator().state().node.node); // the trace went first
        QVERIFY(!w.actions()[Do::TracePath]->isEnabled());
        canvas.setAlsoSelected({named(w, body, "native_layer_norm")});
        QVERIFY(w.actions()[Do::TracePath]->isEnabled());
        w.actions()[Do::TracePath]->trigger();
        QVERIFY(canvas.isDimmed());
    }

    // Both panes show their pictures at one scale, and it is said.
    void oneScale() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        QVERIFY(!w.pane(Pane::Right).isHidden());
        QCOMPARE(w.pane(Pane::Left).canvas().zoom(), w.pane(Pane::Right).canvas().zoom());
        const auto* zoom = w.findChild<QLabel*>(QStringLiteral("statusZoom"));
        QVERIFY(zoom);
        w.pane(Pane::Left).canvas().zoom100();
        w.navigator().set_focus(Pane::Left);
        w.pane(Pane::Left).canvas().setZoom(0.5);
        QCOMPARE(zoom->text(), QStringLiteral("50 %"));
    }

    // What is selected in one half has its partners marked in the other.
    void partnersOfTheOtherHalf() {
        Opened o(
            {tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward:partitioned_fw_subgraph_0_0"));
        MainWindow& w = o.window;
        const Place body = w.navigator().pane(Pane::Left);
        w.navigator().select_node(Pane::Left, named(w, body, "native_layer_norm"));
        w.state().flush();
        const Marks& marks = w.pane(Pane::Right).canvas().marks();
        QVERIFY(!marks.partners.empty());
        const Place other = w.navigator().pane(Pane::Right);
        QVERIFY(
            QString::fromStdString(w.document()->node_name({other.graph, other.body, marks.partners.front()}))
                .startsWith(QStringLiteral("native_layer_norm_backward")));
    }

private:
    static NodeId named(MainWindow& w, const Place& body, const char* name) {
        return find_node(w.document()->module(body.graph), w.document()->body(body), name);
    }
    static QString status(MainWindow& w) {
        w.state().flush();
        return w.findChild<QLabel*>(QStringLiteral("statusText"))->text();
    }
    OwnSettings settings_;
};

QTEST_MAIN(TestPicturesWindow)
#include "tst_pictures_window.moc"
