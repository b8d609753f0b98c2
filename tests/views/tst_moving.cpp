// Where one is, in every view at once: keys, clicks, steps.
#include "tests/views/window.h"

#include "views/bodytext/bodytext.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/shell/gotobox.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/stepper/stepperbar.h"

#include "core/session/session.h"

#include <sqlite3.h>

#include <QLabel>
#include <QListWidget>
#include <QTableView>
#include <QToolButton>

using namespace hopscope;

namespace {
// The statements that any connection of this program begins.
int statements = 0;
int countOne(unsigned, void*, void*, void*) {
    return ++statements, 0;
}
int countFrom(sqlite3* db, const char**, const sqlite3_api_routines*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, countOne, nullptr);
}
} // namespace

class TestMoving : public QObject {
    Q_OBJECT

private slots:
    // Steps of the cursor and of the invocation ask memory. What they are written down by, once the person
    // rests, does reach the file: the counter sees it.
    void anArrowKeyCostsNoQuery() {
        sqlite3_auto_extension(reinterpret_cast<void (*)()>(countFrom));
        const QString path = sessionFile(settings_.folder, QStringLiteral("a"));
        Opened o({path});
        sqlite3_reset_auto_extension();
        MainWindow& w = o.window;
        const NodeId first = NodeId(0);
        w.navigator().select_node(Pane::Left, first);
        Q_EMIT w.inspector().notes().addRequested(QStringLiteral("here"));
        w.actions()[Do::ToggleBookmark]->trigger();
        QTRY_VERIFY(w.notes().session()->view("window") != std::string());
        const auto* list = w.inspector().findChild<QListWidget*>(QStringLiteral("noteList"));
        statements = 0;
        w.actions()[Do::NextNode]->trigger();
        QCOMPARE(list->count(), 0);
        for (int i = 0; i < 10; ++i)
            for (const Do what : {Do::NextNode, Do::NextInvocation, Do::PreviousInvocation, Do::PreviousNode})
                w.actions()[what]->trigger();
        w.actions()[Do::PreviousNode]->trigger();
        QCOMPARE(w.navigator().state().node.node, first);
        QCOMPARE(list->count(), 1);
        QVERIFY(w.actions()[Do::Bookmark1]->isEnabled());
        QCOMPARE(statements, 0);
        QTRY_VERIFY(statements > 0);
    }

    void selectionReachesEveryView() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        // As a click on the canvas does.
        const Place left = w.navigator().pane(Pane::Left);
        const NodeId node =
            find_node(w.document()->module(left.graph), w.document()->body(left), "native_layer_norm");
        Q_EMIT w.pane(Pane::Left).canvas().nodeSelected(node);
        QCOMPARE(w.pane(Pane::Left).canvas().selected(), node);
        QCOMPARE(int(w.inspector().page()), int(Inspector::NodePage));
        QVERIFY(w.inspector().text().contains(QStringLiteral("native_layer_norm")));
        QVERIFY(!w.pane(Pane::Right).canvas().selected());
        // As a click on a line of the text does.
        Q_EMIT w.bodyText().nodeChosen(NodeId(node.index + 3));
        QCOMPARE(w.pane(Pane::Left).canvas().selected(), NodeId(node.index + 3));
        // Esc clears it.
        Q_EMIT w.pane(Pane::Left).canvas().escapePressed();
        QVERIFY(!w.pane(Pane::Left).canvas().selected());
        QCOMPARE(int(w.inspector().page()), int(Inspector::InvocationPage));
    }

    void goToBox() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        w.actions()[Do::GoTo]->trigger();
        QVERIFY(w.gotoBox().isVisible());
        w.gotoBox().input().setText(QStringLiteral("bmm_2"));
        QVERIFY(w.gotoBox().list().count() > 0);
        QTest::keyClick(&w.gotoBox().input(), Qt::Key_Return);
        QVERIFY(!w.gotoBox().isVisible());
        QCOMPARE(w.document()->node_name(w.navigator().state().node), "bmm_2");
        w.actions()[Do::GoTo]->trigger();
        w.gotoBox().input().setText(QStringLiteral("call 7"));
        QTest::keyClick(&w.gotoBox().input(), Qt::Key_Return);
        QCOMPARE(w.navigator().state().row, 7);
        // A source line.
        const std::vector<GoToHit> hits =
            go_to_hits(*w.document(), w.navigator().pane(Pane::Left), w.document()->source_of(0));
        QVERIFY(!hits.empty());
        QVERIFY(hits[0].detail.ends_with(w.document()->source_of(0)));
        w.actions()[Do::GoTo]->trigger();
        QTest::keyClick(&w.gotoBox().input(), Qt::Key_Escape);
        QVERIFY(!w.gotoBox().isVisible());
    }

    void intoOutAndHistory() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        w.actions()[Do::StepOut]->trigger();
        QVERIFY(o.settle());
        QCOMPARE(address(w, Pane::Left, w.navigator()), "0/0:forward");
        QVERIFY(w.pane(Pane::Left).canvas().scene());
        QVERIFY(!w.actions()[Do::Up]->isEnabled());
        QVERIFY(w.actions()[Do::Up]->toolTip().contains(QStringLiteral("this is a root body")));
        w.actions()[Do::StepInto]->trigger();
        QCOMPARE(address(w, Pane::Left, w.navigator()), "0/0:forward:partitioned_fw_subgraph_0_0");
        w.actions()[Do::Back]->trigger();
        QCOMPARE(address(w, Pane::Left, w.navigator()), "0/0:forward");
        w.actions()[Do::Forward]->trigger();
        QCOMPARE(address(w, Pane::Left, w.navigator()), "0/0:forward:partitioned_fw_subgraph_0_0");
    }

    void keysOfTheGraph() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        Canvas& canvas = w.pane(Pane::Left).canvas();
        canvas.setFocus();
        const double zoom = canvas.zoom();
        QTest::keyClick(&canvas, Qt::Key_Plus);
        QVERIFY(canvas.zoom() > zoom);
        QTest::keyClick(&canvas, Qt::Key_Minus);
        QVERIFY(std::abs(canvas.zoom() - zoom) < 1e-9);
        QTest::keyClick(&canvas, Qt::Key_Backspace);
        QCOMPARE(address(w, Pane::Left, w.navigator()), "0/0:forward");
        // The call that was left is selected, and Return goes in again.
        QVERIFY(o.settle());
        QTest::keyClick(&canvas, Qt::Key_Return);
        QCOMPARE(address(w, Pane::Left, w.navigator()), "0/0:forward:partitioned_fw_subgraph_0_0");
        // Arrows move the cursor, which is no entry of the history.
        QVERIFY(o.settle());
        const size_t before = w.navigator().back_titles().size();
        w.navigator().select_node(Pane::Left, NodeId(20));
        QTest::keyClick(&canvas, Qt::Key_Down);
        QVERIFY(w.navigator().state().node.node != NodeId(20));
        QCOMPARE(w.navigator().back_titles().size(), before);
    }

    // A click on a dot of the strip goes to its invocation.
    void clickOnADot() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        OutlineView& tree = w.outline();
        const QModelIndex region = tree.outline().indexOfRegion(w.navigator().state().region);
        const QRect item = tree.visualRect(region);
        // Where it lies depends on fonts and on the width.
        std::optional<QPoint> sixth;
        for (int y = item.top(); !sixth && y <= item.bottom(); ++y)
            for (int x = item.left(); !sixth && x <= item.right(); ++x)
                if (tree.dotAt(region, QPoint(x, y)) == 5)
                    sixth = QPoint(x + 4, y + 4);
        QVERIFY(sixth);
        QTest::mouseClick(tree.viewport(), Qt::LeftButton, {}, *sixth);
        QCOMPARE(w.navigator().state().row, 5);
        QCOMPARE(w.ledger().model().current(), 5);
    }

    void foldKeepsTheSelection() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        const Place left = w.navigator().pane(Pane::Left);
        const NodeId node = find_node(w.document()->module(left.graph), w.document()->body(left), "addmm");
        w.navigator().select_node(Pane::Left, node);
        const size_t folded = w.pane(Pane::Left).canvas().scene()->boxes.size();
        w.actions()[Do::Fold]->setChecked(false);
        QVERIFY(o.settle());
        QVERIFY(w.pane(Pane::Left).canvas().scene()->boxes.size() > folded);
        QCOMPARE(w.pane(Pane::Left).canvas().selected(), node);
    }

    void layoutIsChosen() {
        {
            Opened o({tracePath(QStringLiteral("gpt12"))});
            MainWindow& w = o.window;
            const auto scene = [&] { return w.pane(w.navigator().state().focus).canvas().scene(); };
            QVERIFY(w.actions()[Do::LayoutLayered]->isChecked());
            QVERIFY(scene());
            QCOMPARE(scene()->engine, "layered");
            const auto layered = scene();
            w.actions()[Do::LayoutDot]->trigger();
            QVERIFY(o.settle());
            QVERIFY(!w.actions()[Do::LayoutLayered]->isChecked());
            const QLabel* status = w.findChild<QLabel*>(QStringLiteral("statusText"));
            // Where dot is not installed, or the body is too large, the status bar says so.
            QCOMPARE(scene()->engine != "dot", status->text().contains(QStringLiteral("layered layout")));
            w.actions()[Do::LayoutLayered]->trigger();
            QVERIFY(o.settle());
            QVERIFY(scene() == layered); // kept, not made again
            QVERIFY(!status->text().contains(QStringLiteral("layered layout")));
            w.actions()[Do::LayoutDot]->trigger();
            QVERIFY(o.settle());
        }
        {
            // dot cannot be started: the layered layout serves, and the status bar says why.
            const QByteArray path = qgetenv("PATH");
            qputenv("PATH", "/nowhere");
            Opened o({tracePath(QStringLiteral("mlp4"))});
            qputenv("PATH", path);
            QVERIFY(o.window.actions()[Do::LayoutDot]->isChecked()); // from the settings
            const auto scene = o.window.pane(o.window.navigator().state().focus).canvas().scene();
            QCOMPARE(scene->engine, "layered");
            const QString status = o.window.findChild<QLabel*>(QStringLiteral("statusText"))->text();
            QVERIFY2(status.contains(QStringLiteral("layered layout: ")), qPrintable(status));
            o.window.actions()[Do::LayoutLayered]->trigger();
            QVERIFY(o.settle());
        }
    }

    // What is inspected stays the node that is selected; and a click on it always inspects it.
    void selectionAndInspectorStayTogether() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        const Place left = w.navigator().pane(Pane::Left);
        const NodeId node =
            find_node(w.document()->module(left.graph), w.document()->body(left), "native_layer_norm");
        Q_EMIT w.pane(Pane::Left).canvas().nodeSelected(node);
        w.actions()[Do::NextInvocation]->trigger();
        QCOMPARE(w.navigator().state().row, 1);
        QCOMPARE(w.pane(Pane::Left).canvas().selected(), node);
        QCOMPARE(int(w.inspector().page()), int(Inspector::NodePage));
        QVERIFY(w.inspector().text().contains(QStringLiteral("native_layer_norm")));
        // A row of the ledger is about the invocation; a click on the node is about the node again.
        w.ledger().table().selectRow(4);
        QCOMPARE(int(w.inspector().page()), int(Inspector::InvocationPage));
        Canvas& canvas = w.pane(Pane::Left).canvas();
        canvas.fitAll();
        QTest::mouseClick(canvas.viewport(), Qt::LeftButton, {}, canvas.boxRect(node).center());
        QCOMPARE(int(w.inspector().page()), int(Inspector::NodePage));
    }

    // The menu is about what is under the pointer: asking for it goes nowhere.
    void rightClickStaysWhereOneIs() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        const uint64_t hash = w.navigator().hash();
        QTableView& table = w.ledger().table();
        QTest::mouseClick(
            table.viewport(), Qt::RightButton, {}, table.visualRect(table.model()->index(3, 0)).center());
        OutlineView& tree = w.outline();
        const QModelIndex region = tree.outline().indexOfRegion(w.navigator().state().region);
        const QModelIndex other = region.siblingAtRow(region.row() + 1);
        QVERIFY(other.isValid());
        QTest::mouseClick(tree.viewport(), Qt::RightButton, {}, tree.visualRect(other).center());
        QCOMPARE(w.navigator().hash(), hash);
        QCOMPARE(w.ledger().model().current(), 0);
        // The left button does go there.
        QTest::mouseClick(
            table.viewport(), Qt::LeftButton, {}, table.visualRect(table.model()->index(3, 0)).center());
        QCOMPARE(w.navigator().state().row, 3);
    }

    // Whatever the decision is called, the buttons stay under the pointer.
    void invocationButtonsStay() {
        for (const char* name : {"gpt12", "recompiles", "dup_tangents"}) {
            Opened o({tracePath(QString::fromLatin1(name))});
            MainWindow& w = o.window;
            auto* stepper = w.findChild<StepperBar*>();
            const auto places = [&] {
                QCoreApplication::processEvents();
                QList<int> at;
                for (const QToolButton* button : stepper->findChildren<QToolButton*>())
                    at << button->mapTo(&w, QPoint()).x();
                return at;
            };
            const QList<int> first = places();
            QCOMPARE(first.size(), 2);
            while (w.actions()[Do::NextInvocation]->isEnabled()) {
                w.actions()[Do::NextInvocation]->trigger();
                QCOMPARE(places(), first);
            }
        }
    }

    // What changed in one turn of the event loop is told once.
    void changesAreToldOnce() {
        struct Counter : Follower {
            void follow(const Shown& shown, Changes changed) override {
                ++calls;
                last = changed;
                row = shown.at.row;
            }
            int calls = 0;
            std::optional<int> row;
            Changes last;
        } counter;
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        w.state().add(&counter);
        w.navigator().select_invocation(3);
        w.navigator().select_invocation(5);
        w.navigator().select_node(Pane::Left, NodeId(4));
        QCOMPARE(counter.calls, 0);
        QVERIFY(!w.idle());
        QCoreApplication::processEvents();
        QCOMPARE(counter.calls, 1);
        QCOMPARE(counter.row, 5);
        QVERIFY(counter.last & Change::Place);
        QVERIFY(counter.last & Change::Selection);
        // The cursor alone is no other place.
        w.navigator().select_node(Pane::Left, NodeId(6));
        QCoreApplication::processEvents();
        QCOMPARE(counter.calls, 2);
        QCOMPARE(counter.last, Changes(Change::Selection));
    }

private:
    OwnSettings settings_;
};

QTEST_MAIN(TestMoving)
#include "tst_moving.moc"
