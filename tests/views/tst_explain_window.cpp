// Why, in the window: the explanation, the line of the dump that it rests on, and two bodies compared.
#include "tests/testdata.h"

#include "core/browse/comparison.h"
#include "core/explain/explain_text.h"
#include "views/base/text.h"
#include "views/bodytext/bodytext.h"
#include "views/diff/diffview.h"
#include "views/dumptext/dumptext.h"
#include "views/explain/explainview.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/shell/docks.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QClipboard>
#include <QDockWidget>
#include <QLabel>
#include <QTableView>
#include <QTableWidget>
#include <QTest>
#include <QTextBrowser>
#include <QToolButton>

using namespace hopscope;

namespace {

// A recording with its text log, as it is opened in a window of a common size.
struct Opened {
    explicit Opened(const char* recording) {
        window.resize(1366, 768);
        window.show();
        const QString name = QString::fromUtf8(recording);
        QStringList paths{exact(test::traceOf(name))};
        if (QFile::exists(exact(test::textLogOf(name))))
            paths << exact(test::textLogOf(name));
        window.openPaths(paths);
        settle();
    }
    bool settle() {
        return QTest::qWaitFor([this] { return window.idle(); }, 30000);
    }
    bool inFront(const char* dock) {
        auto* widget = window.findChild<QDockWidget*>(qs(dock) + QStringLiteral("Dock"));
        return widget && !widget->visibleRegion().isEmpty();
    }
    // As a click on the first link of the page whose address begins so.
    bool follow(const QString& scheme) {
        auto* text = window.findChild<QTextBrowser*>(QStringLiteral("explanationText"));
        const QString html = window.explanation().html();
        const qsizetype at = html.indexOf(QStringLiteral("href=\"") + scheme);
        if (at < 0)
            return false;
        const qsizetype begin = at + 6;
        Q_EMIT text->anchorClicked(QUrl(html.mid(begin, html.indexOf(QLatin1Char('"'), begin) - begin)));
        return settle();
    }
    MainWindow window{MainWindow::Options{true}};
};

} // namespace

class TestExplain : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { applyTheme(*qApp, Mode::Light); }

    // Opened with what there is to ask about; the answer is one click away.
    void opensWithTheQuestion() {
        Opened o("shapes");
        QVERIFY(o.inFront("explanation"));
        QVERIFY2(o.window.explanation().text().contains(QStringLiteral("4 missed: shape, stride, dtype")),
            qPrintable(o.window.explanation().text()));
        QVERIFY(o.follow(QStringLiteral("row:3")));
        const QString text = o.window.explanation().text();
        QVERIFY2(
            text.contains(QStringLiteral("stride (1, 4) where subgraph_0 expects (8, 1)")), qPrintable(text));
        QCOMPARE(o.window.navigator().state().row, std::optional<int>(3));
    }

    void healthyDumpOpensAsEver() {
        Opened o("mlp4");
        QVERIFY(!o.inFront("explanation"));
        QVERIFY(o.inFront("inspector"));
    }

    // A click on any cell of the ledger opens the answer about its call.
    void clickInTheLedger() {
        Opened o("mlp4");
        QTableView& table = o.window.ledger().table();
        const QModelIndex cell = o.window.ledger().proxy().index(1, LedgerModel::DecisionColumn);
        QTest::mouseClick(table.viewport(), Qt::LeftButton, {}, table.visualRect(cell).center());
        QVERIFY(o.settle());
        QVERIFY(o.inFront("explanation"));
        QVERIFY(o.window.explanation().text().contains(QStringLiteral("Call 1")));
        QVERIFY(o.window.explanation().text().contains(
            QStringLiteral("the conditions of an installed body held")));
    }

    void copiesWhatTheCommandLinePrints() {
        Opened o("shapes");
        const Document& document = *o.window.document();
        QCOMPARE(o.window.explanation().copied(),
            exact(explanation_text(
                document.dump(), document.ledger(), document.explanation(CompilationId(0)))));
        o.window.navigator().select_invocation(3);
        QVERIFY(o.settle());
        o.window.findChild<QToolButton*>(QStringLiteral("explanationCopy"))->click();
        const QString copied = QApplication::clipboard()->text();
        QVERIFY(copied.contains(QStringLiteral("call 3")) && !copied.contains(QStringLiteral("call 4")));
        QVERIFY(copied.contains(QStringLiteral("torch_logs.txt")));
    }

    // Evidence leads to the very line.
    void evidenceOpensTheDump() {
        Opened o("shapes");
        o.window.navigator().select_invocation(3);
        QVERIFY(o.settle());
        QVERIFY(o.follow(QStringLiteral("spot:1/")));
        QVERIFY(o.inFront("dump"));
        DumpText& dump = o.window.dumpText();
        QVERIFY2(dump.markedLine().contains(QStringLiteral("reuse failed")), qPrintable(dump.markedLine()));
        QVERIFY(dump.place().contains(QStringLiteral("torch_logs.txt.gz:")));
        QVERIFY(dump.message().isEmpty());
        o.window.showLine(FileId(1), 1000000);
        QVERIFY(o.settle());
        QVERIFY(dump.place().isEmpty());
        QVERIFY2(
            dump.message().contains(QStringLiteral("expected a line 1000000")), qPrintable(dump.message()));
    }

    void failureIsTold() {
        Opened o("failing");
        QVERIFY(o.inFront("explanation"));
        const QString text = o.window.explanation().text();
        QVERIFY(text.contains(QStringLiteral("must have same reduction dim")));
        QVERIFY(text.contains(QStringLiteral("hint")));
        // What says nothing of any call is not there.
        QTableView& table = o.window.ledger().table();
        QVERIFY(
            table.isColumnHidden(LedgerModel::RegionName) && table.isColumnHidden(LedgerModel::SourceColumn));
        QVERIFY(table.columnWidth(LedgerModel::Reason) > 500);
    }

    void ledgerConcludes() {
        Opened o("shapes");
        QCOMPARE(
            o.window.ledger().conclusion(), qs(o.window.document()->explanation(CompilationId(0)).headline));
        QVERIFY(o.window.findChild<QLabel*>(QStringLiteral("ledgerConclusion"))->isVisible());
    }

    void whatTheDumpHas() {
        Opened o("shapes");
        o.window.actions()[Do::DumpPage]->trigger();
        QVERIFY(o.settle());
        QVERIFY(o.window.explanation().text().contains(QStringLiteral("What this dump has")));
        o.window.navigator().select_invocation(1);
        QVERIFY(o.settle());
        QVERIFY(o.window.explanation().text().contains(QStringLiteral("Call 1")));
    }

    // Two backward variants, one click from where one asks.
    void variantsSideBySide() {
        Opened o("dup_tangents");
        QVERIFY(o.follow(QStringLiteral("compare:")));
        QVERIFY(o.inFront("diff"));
        const std::shared_ptr<const Comparison> of = o.window.state().comparison();
        QVERIFY(of && !of->diff.equal());
        QVERIFY(o.window.navigator().pane(Pane::Left).body == of->a.body);
        QVERIFY(o.window.navigator().pane(Pane::Right).body == of->b.body);
        // The first difference is chosen, marked in both panes, and its fields are listed.
        QVERIFY(o.window.navigator().state().node.node);
        QVERIFY(o.window.diff().fields().rowCount() > 0);
        const Marks& left = o.window.pane(Pane::Left).canvas().marks();
        QVERIFY(!left.changed.empty() || !left.onlyHere.empty());
        QVERIFY(!o.window.pane(Pane::Right).canvas().marks().crossing.empty());

        // N goes to each difference once, P back.
        std::vector<Place> seen{o.window.navigator().state().node};
        for (size_t i = 1; i < of->rows.first_row.size(); ++i) {
            o.window.actions()[Do::NextDifference]->trigger();
            QVERIFY(o.window.navigator().state().node != seen.back());
            seen.push_back(o.window.navigator().state().node);
        }
        o.window.actions()[Do::NextDifference]->trigger();
        QVERIFY(o.window.navigator().state().node == seen.back());
        for (size_t i = seen.size(); i-- > 1;)
            o.window.actions()[Do::PreviousDifference]->trigger();
        QVERIFY(o.window.navigator().state().node == seen.front());
    }

    void rowsOfTheComparison() {
        Opened o("dup_tangents");
        const Document& document = *o.window.document();
        DiffModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        for (const Region& region : document.ledger().compilations.front().regions) {
            std::vector<Place> bodies;
            for (const RegionBody& body : region.bodies)
                bodies.push_back({body.place.graph, body.place.body, {}});
            for (const Place& a : bodies)
                for (const Place& b : bodies) {
                    const auto of = std::make_shared<const Comparison>(compare_bodies(document, a, b));
                    // Each node of both has its one row.
                    for (size_t i = 0; i < document.body(a).nodes.size(); ++i)
                        QVERIFY(of->row_of(true, NodeId(i))
                            && of->rows.rows[*of->row_of(true, NodeId(i))].a == NodeId(i));
                    for (size_t i = 0; i < document.body(b).nodes.size(); ++i)
                        QVERIFY(of->row_of(false, NodeId(i))
                            && of->rows.rows[*of->row_of(false, NodeId(i))].b == NodeId(i));
                    QCOMPARE(of->rows.first_row.empty(), of->diff.equal());
                    model.setComparison(o.window.document(), of);
                    for (size_t row = 0; row < of->rows.rows.size(); ++row)
                        QVERIFY(model.lineOf(row) >= 0 && model.lineOf(row) < model.rowCount());
                }
        }
    }

    void equalBodiesSaySo() {
        Opened o("mlp4");
        const Place a = o.window.document()->invocation(0).body(CallSite::Forward);
        o.window.compareBodies(a, a);
        QVERIFY(o.settle());
        QVERIFY(o.window.diff().summary().contains(QStringLiteral("equal")));
        QVERIFY(!o.window.actions()[Do::NextDifference]->isEnabled());
        QVERIFY(o.window.actions()[Do::NextDifference]->toolTip().contains(QStringLiteral("equal")));
    }

    // Placeholders carry the program's names, and each line of them is its own.
    void namesOfInputs() {
        Opened o("gpt12");
        const Document& document = *o.window.document();
        const Place root = document.root_of(CompilationId(0), Stage::Forward);
        NodeId named;
        for (size_t i = 0; i < document.body(root).placeholder_count() && !named; ++i)
            if (document.input_name({root.graph, root.body, NodeId(i)}).find(".weight") != std::string::npos)
                named = NodeId(i);
        QVERIFY(named);
        const Place place{root.graph, root.body, named};
        o.window.navigator().go_to(place);
        QVERIFY(o.settle());
        const QString name = qs(document.input_name(place));
        QVERIFY(o.window.inspector().text().contains(name));
        BodyText& text = o.window.bodyText();
        const std::optional<int> line = text.lineOf(named);
        QVERIFY(line && text.toPlainText().split(QLatin1Char('\n')).at(*line).contains(name));
        QVERIFY(text.nodeAt(*line) == named);
    }
};

QTEST_MAIN(TestExplain)
#include "tst_explain_window.moc"
