// Two dumps in one window: their ledgers as one table, bodies of both in one diff, and what a diff looks
// past.
#include "tests/views/window.h"

#include "views/base/text.h"
#include "views/diff/diffview.h"
#include "views/explain/explainview.h"
#include "views/ledger/ledgerview.h"
#include "views/ledger/twoledgersview.h"
#include "views/shell/actions.h"
#include "views/shell/onepicture.h"

#include <QAbstractItemModelTester>
#include <QAction>
#include <QMenu>
#include <QTableView>
#include <QToolButton>

using namespace hopscope;
using namespace hopscope::test;

class TestTwoDumps : public QObject {
    Q_OBJECT

private slots:
    void ledgersSideBySide();
    void whatIsLookedPast();
    void viewsMoveTogether();
    void bothInOnePicture();
    void aRowExplainsItself();

private:
    OwnSettings settings_;
};

namespace {

QString pathOf(const QString& recording) {
    return QString::fromStdString(traceOf(recording));
}

template <class T> T& found(MainWindow& window, const char* name) {
    T* widget = window.findChild<T*>(QString::fromUtf8(name));
    if (!widget)
        qFatal("no %s", name);
    return *widget;
}

} // namespace

void TestTwoDumps::ledgersSideBySide() {
    Opened o({pathOf(QStringLiteral("dup_tangents"))});
    auto& view = found<TwoLedgersView>(o.window, "twoLedgers");
    QVERIFY(!view.model().ledgers());
    o.window.compareDump({pathOf(QStringLiteral("v2.9-dup_tangents"))});
    QVERIFY(o.settle());
    QVERIFY(view.model().ledgers());
    QAbstractItemModelTester tester(&view.model());
    QCOMPARE(view.model().rowCount(), 3);
    QVERIFY2(view.summary().contains(QStringLiteral("1 of 3 calls the same")), qPrintable(view.summary()));
    // Call 0 is traced in both, and its joint body is another one; the other two are reused here and traced
    // again there.
    QCOMPARE(view.model().line(0)->kind, LedgerLine::Kind::Bodies);
    QCOMPARE(view.model().line(1)->kind, LedgerLine::Kind::Changed);
    found<QToolButton>(o.window, "twoLedgersDifferences").setChecked(true);
    QCOMPARE(view.model().rowCount(), 3);
    // Against itself nothing differs.
    o.window.compareDump({pathOf(QStringLiteral("dup_tangents"))});
    QVERIFY(o.settle());
    QCOMPARE(view.model().rowCount(), 0);
    o.window.compareDump({pathOf(QStringLiteral("v2.9-dup_tangents"))});
    QVERIFY(o.settle());

    // The bodies of a row, one of each dump, in one diff.
    view.table().selectRow(0);
    found<QToolButton>(o.window, "twoLedgersBodies").click();
    QVERIFY(o.settle());
    const auto& document = *o.window.document();
    const Place right = o.window.navigator().pane(Pane::Right);
    QVERIFY(right.graph.index >= o.window.document()->dump().graphs.size() - 1);
    QVERIFY(document.stage_label(right.graph).find("of ") != std::string::npos);
    QVERIFY(!found<DiffView>(o.window, "diff").summary().isEmpty());
    // Another dump: what was compared with the first is gone.
    o.window.openPaths({pathOf(QStringLiteral("mlp4"))});
    QVERIFY(o.settle());
    QVERIFY(!view.model().ledgers());
}

void TestTwoDumps::whatIsLookedPast() {
    Opened o({pathOf(QStringLiteral("shapes"))});
    const auto body = [&](const char* address) { return *resolve(o.window.document()->dump(), address); };
    o.window.compareBodies(body("0/0:dynamo:subgraph_0"), body("0/0:dynamo:subgraph_2"));
    QVERIFY(o.settle());
    auto& view = found<DiffView>(o.window, "diff");
    QVERIFY2(!view.summary().contains(QStringLiteral("are equal")), qPrintable(view.summary()));
    // They differ in strides alone.
    auto& menu = found<QMenu>(o.window, "diffIgnoreMenu");
    QAction* strides = menu.findChild<QAction*>(QStringLiteral("diffIgnore_strides"));
    QVERIFY(strides && !strides->isChecked());
    strides->trigger();
    QVERIFY(o.settle());
    QVERIFY2(view.summary().contains(QStringLiteral("are equal")), qPrintable(view.summary()));
    // And in the names of their inputs, where these count.
    QAction* names = menu.findChild<QAction*>(QStringLiteral("diffIgnore_names"));
    QVERIFY(names && names->isChecked());
    names->trigger();
    QVERIFY(o.settle());
    QVERIFY2(!view.summary().contains(QStringLiteral("are equal")), qPrintable(view.summary()));
}

void TestTwoDumps::viewsMoveTogether() {
    Opened o({pathOf(QStringLiteral("dup_tangents"))});
    const auto body = [&](const char* address) { return *resolve(o.window.document()->dump(), address); };
    o.window.compareBodies(
        body("0/0:backward:partitioned_bw_subgraph_0_0"), body("0/0:backward:partitioned_bw_subgraph_0_1"));
    QVERIFY(o.settle());
    Canvas& left = o.window.pane(Pane::Left).canvas();
    Canvas& right = o.window.pane(Pane::Right).canvas();
    left.setZoom(0.7);
    QVERIFY(qAbs(right.zoom() - 0.7) < 1e-6);
    o.window.actions()[Do::LinkViews]->setChecked(false);
    left.setZoom(0.4);
    QVERIFY(qAbs(right.zoom() - 0.7) < 1e-6);
}

void TestTwoDumps::bothInOnePicture() {
    Opened o({pathOf(QStringLiteral("dup_tangents"))});
    const auto body = [&](const char* address) { return *resolve(o.window.document()->dump(), address); };
    QAction* action = o.window.actions()[Do::OnePicture];
    QVERIFY(!action->isEnabled()); // nothing is compared
    const Place first = body("0/0:backward:partitioned_bw_subgraph_0_0");
    const Place second = body("0/0:backward:partitioned_bw_subgraph_0_1");
    o.window.compareBodies(first, second);
    QVERIFY(o.settle());
    QVERIFY(action->isEnabled() && !o.window.onePicture().isShown());
    Canvas& left = o.window.pane(Pane::Left).canvas();
    QVERIFY(left.isVisible());
    action->trigger();
    QVERIFY(o.settle());
    Canvas& both = o.window.onePicture().canvas();
    QVERIFY(both.isVisible() && !left.isVisible());
    QVERIFY(both.scene() && both.scene()->compared);
    // What is selected in one body is selected here, and the other way round.
    const NodeId tangent = find_node(*o.window.document()->dump().graph(first.graph).module,
        o.window.document()->body(first), "tangents_0");
    o.window.navigator().select_node(Pane::Left, tangent);
    QVERIFY(o.settle());
    QVERIFY(both.selected());
    QCOMPARE(both.scene()->boxes[both.scene()->box_of_node[both.selected().index]].title,
        std::string("≠ tangents_0"));
    const auto mm = std::find_if(both.scene()->boxes.begin(), both.scene()->boxes.end(),
        [](const draw::Box& box) { return box.title == "mm_1"; });
    QVERIFY(mm != both.scene()->boxes.end());
    Q_EMIT both.nodeSelected(mm->node);
    QVERIFY(o.settle());
    QCOMPARE(QString::fromStdString(o.window.document()->node_name(o.window.navigator().state().node)),
        QStringLiteral("mm_1"));
    // Back to the panes with the same action; a dump that is opened ends it too.
    action->trigger();
    QVERIFY(left.isVisible() && !o.window.onePicture().isShown());
    action->trigger();
    QVERIFY(both.isVisible());
    o.window.openPaths({pathOf(QStringLiteral("mlp4"))});
    QVERIFY(o.settle());
    QVERIFY(!action->isEnabled() && !o.window.onePicture().isShown() && left.isVisible());
}

// A click on the row that one is at already answers about it, and what opens first is of one compilation.
void TestTwoDumps::aRowExplainsItself() {
    Opened o({pathOf(QStringLiteral("recompiles"))});
    auto& explanation = found<ExplainView>(o.window, "explanation");
    const NavState& at = o.window.navigator().state();
    QVERIFY(at.row);
    QCOMPARE(explanation.question().compilation, at.compilation);
    LedgerView* ledger = o.window.findChild<LedgerView*>();
    QVERIFY(ledger);
    Q_EMIT ledger->rowClicked(*at.row);
    QVERIFY(o.settle());
    QCOMPARE(explanation.question().row, at.row);
}

QTEST_MAIN(TestTwoDumps)
#include "tst_two_dumps.moc"
