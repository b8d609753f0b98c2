#include "tests/browse/dumps.h"
#include "tests/testdata.h"

#include "core/browse/navigator.h"
#include "core/browse/open.h"
#include "views/base/facts.h"
#include "views/bodytext/bodytext.h"
#include "views/inspector/inspector.h"
#include "views/inspector/pages.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsmodel.h"

#include <QAbstractItemModelTester>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTextBlock>

using namespace hopscope;

namespace {
constexpr auto kMode = QAbstractItemModelTester::FailureReportingMode::Fatal;
}

class TestModels : public QObject {
    Q_OBJECT

private slots:
    void everyModel_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"gpt12", "gpt12_nested", "dup_tangents", "failing", "ddp4", "graph_breaks",
                 "recompiles", "used_once", "gpt4_infer"}) {
            if (QDir(tracePath(QString::fromLatin1(name))).exists())
                QTest::newRow(name) << QString::fromLatin1(name);
        }
    }
    void everyModel() {
        QFETCH(QString, name);
        const std::shared_ptr<const Document> document = openDocument(name);
        OutlineModel outline;
        LedgerModel ledger;
        LedgerProxy proxy;
        proxy.setLedger(&ledger);
        ProblemsModel problems;
        QAbstractItemModelTester a(&outline, kMode), b(&ledger, kMode), c(&proxy, kMode), d(&problems, kMode);
        outline.setDocument(document);
        ledger.setDocument(document);
        problems.setDocument(document);
        for (int row = 0; row < int(document->rows().size()); ++row) {
            ledger.setCurrent(row);
            const Invocation& invocation = document->invocation(row);
            outline.setCurrent(row, invocation.body(CallSite::Forward), invocation.body(CallSite::Backward));
            QVERIFY(outline.indexOfRow(row).data(OutlineModel::CurrentRole).toBool());
        }
        QVERIFY(proxy.setFilter(QStringLiteral("decision:reused")).ok());
        QVERIFY(proxy.setFilter({}).ok());
        outline.setDocument(nullptr);
        ledger.setDocument(nullptr);
        problems.setDocument(nullptr);
        QCOMPARE(ledger.rowCount(), 0);
    }

    // Graphs that are laid over the open document come in as rows: nothing else moves.
    void derivedGraphsComeIn_data() { everyModel_data(); }
    void derivedGraphsComeIn() {
        QFETCH(QString, name);
        const std::shared_ptr<const Document> document = openDocument(name);
        if (document->dump().graphs.empty())
            QSKIP("no graphs");
        OutlineModel outline;
        LedgerModel ledger;
        QAbstractItemModelTester a(&outline, kMode), b(&ledger, kMode);
        outline.setDocument(document);
        ledger.setDocument(document);
        ledger.setCurrent(0);
        std::vector<std::pair<QPersistentModelIndex, Place>> before;
        for (size_t g = 0; g < document->dump().graphs.size(); ++g) {
            const Place place{GraphId(g), BodyId(0), {}};
            if (const QModelIndex at = outline.indexOfBody(place); at.isValid())
                before.emplace_back(at, place);
        }
        QSignalSpy inserted(&outline, &QAbstractItemModel::rowsInserted);
        QSignalSpy reset(&outline, &QAbstractItemModel::modelReset);
        GraphId id;
        const std::shared_ptr<const Document> more = withDerived(*document, &id);
        outline.setDocument(more);
        ledger.setDocument(more);
        QCOMPARE(inserted.size(), qsizetype(1));
        QCOMPARE(reset.size(), qsizetype(0));
        QVERIFY(outline.indexOfBody({id, BodyId(0), {}}).isValid());
        for (const auto& [index, place] : before)
            QVERIFY(outline.indexOfBody(place) == index);
        QCOMPARE(ledger.current(), 0);
        outline.setDocument(more); // nothing new
        QCOMPARE(inserted.size(), qsizetype(1));
    }

    void ledgerSaysWhatTheLogSays() {
        LedgerView view;
        view.setDocument(openDocument(QStringLiteral("gpt12")));
        QCOMPARE(view.model().rowCount(), 12);
        const QString summary = view.summary().remove(QRegularExpression(QStringLiteral("<[^>]*>")));
        QVERIFY2(summary.startsWith(QStringLiteral("12 invocations · ○ 1 traced · ● 11 reused")),
            qPrintable(summary));
        QVERIFY2(summary.contains(QStringLiteral("kept for backward")), qPrintable(summary));
        const auto cell = [&](int row, int column) {
            return view.model().index(row, column).data().toString();
        };
        QCOMPARE(cell(0, LedgerModel::DecisionColumn), QStringLiteral("traced"));
        QCOMPARE(cell(4, LedgerModel::DecisionColumn), QStringLiteral("reused"));
        QVERIFY(cell(0, LedgerModel::Trace).endsWith(QStringLiteral("ms")));
        QCOMPARE(cell(4, LedgerModel::Trace), QStringLiteral("–"));
        QCOMPARE(view.model().index(0, LedgerModel::Trace).data(Qt::TextAlignmentRole).toInt()
                & int(Qt::AlignRight),
            int(Qt::AlignRight));
    }

    void ledgerHidesColumnsThatSayNothing() {
        LedgerView view;
        const auto hidden = [&] {
            QList<int> columns;
            for (int column = 0; column < LedgerModel::ColumnCount; ++column)
                if (view.table().isColumnHidden(column))
                    columns << column;
            return columns;
        };
        // A trace of PyTorch 2.9: no reuse, no timers, no call ids; guards name the function.
        view.setDocument(openDocument(QStringLiteral("v2.9-mlp4")));
        QCOMPARE(hidden(),
            (QList<int>{LedgerModel::Compile, LedgerModel::CallId, LedgerModel::Variant, LedgerModel::Reason,
                LedgerModel::Trace, LedgerModel::Lookup, LedgerModel::StampOut, LedgerModel::Saved}));
        // They come back with a dump that tells them.
        view.setDocument(openDocument(QStringLiteral("mlp4")));
        QCOMPARE(hidden(), (QList<int>{LedgerModel::Compile, LedgerModel::Variant, LedgerModel::Reason}));
    }

    void ledgerTellsBackwardBodiesApart() {
        LedgerView view;
        view.setDocument(openDocument(QStringLiteral("gpt12")));
        QVERIFY(
            view.table().isColumnHidden(LedgerModel::Variant)); // one backward body: nothing to tell apart
        const std::shared_ptr<const Document> document = openDocument(QStringLiteral("dup_tangents"));
        view.setDocument(document);
        QVERIFY(!view.table().isColumnHidden(LedgerModel::Variant));
        QCOMPARE(view.model().headerData(LedgerModel::Variant, Qt::Horizontal, Qt::DisplayRole).toString(),
            QStringLiteral("bwd"));
        QStringList rows;
        int ones = 0;
        for (int row = 0; row < view.model().rowCount(); ++row) {
            const Invocation& invocation = document->invocation(row);
            const QModelIndex cell = view.model().index(row, LedgerModel::Variant);
            ones += invocation.variant == 1;
            rows << cell.data().toString();
            const QString tip = cell.data(Qt::ToolTipRole).toString();
            QVERIFY2(tip.contains(
                         QString::fromStdString(document->body_name(invocation.body(CallSite::Backward)))),
                qPrintable(tip));
        }
        QVERIFY2(rows.contains(QStringLiteral("v0")) && rows.contains(QStringLiteral("v1")),
            qPrintable(rows.join(QLatin1Char(' '))));
        view.setFilterText(QStringLiteral("variant:1"));
        QCOMPARE(view.proxy().rowCount(), ones);
        QVERIFY(ones > 0 && ones < view.model().rowCount());
        // The region's page names them, each with its link.
        const RegionRef region = document->region_of(0);
        const QString page = regionPage(*document, region);
        QVERIFY2(page.contains(QStringLiteral("2 backward bodies:")), qPrintable(page));
        for (const RegionBody& body : document->region(region).bodies) {
            if (body.site == CallSite::Backward)
                QVERIFY(page.contains(QString::fromStdString(document->body_name(body.place))));
        }
    }

    void sortsWithMissingLast() {
        LedgerView view;
        view.setDocument(openDocument(QStringLiteral("gpt12")));
        for (Qt::SortOrder order : {Qt::AscendingOrder, Qt::DescendingOrder}) {
            view.table().sortByColumn(LedgerModel::Trace, order);
            QCOMPARE(view.proxy().mapToSource(view.proxy().index(0, 0)).row(),
                0); // the only one with a trace time
        }
    }

    void badFilterKeepsTheLastGoodResult() {
        LedgerView view;
        view.setDocument(openDocument(QStringLiteral("gpt12")));
        view.setFilterText(QStringLiteral("decision:reused"));
        QCOMPARE(view.proxy().rowCount(), 11);
        QCOMPARE(
            view.findChild<QLabel*>(QStringLiteral("ledgerShown"))->text(), QStringLiteral("11 of 12 shown"));
        view.setFilterText(QStringLiteral("decision:reused colour:red"));
        QCOMPARE(view.proxy().rowCount(), 11);
        const QLabel* error = view.findChild<QLabel*>(QStringLiteral("ledgerFilterError"));
        QVERIFY(!error->isHidden());
        QVERIFY(error->text().contains(QStringLiteral("colour")));
        view.setFilterText({});
        QVERIFY(error->isHidden());
        QCOMPARE(view.proxy().rowCount(), 12);
    }

    // Those that were used before, each once and the latest first; what is no filter is not kept.
    void filtersAreKept() {
        LedgerView view;
        view.setDocument(openDocument(QStringLiteral("gpt12")));
        const auto use = [&](const char* text) {
            view.filterEdit().setText(QString::fromLatin1(text));
            QTest::keyClick(&view.filterEdit(), Qt::Key_Return);
        };
        for (const char* text : {"traced", "reused", "region:subgraph_0", "traced", "colour:red", ""})
            use(text);
        const QStringList used = view.usedFilters();
        QCOMPARE(used.first(), QStringLiteral("traced"));
        QCOMPARE(used.count(QStringLiteral("traced")), qsizetype(1));
        QVERIFY(used.contains(QStringLiteral("reused")) && !used.contains(QStringLiteral("colour:red")));
        for (int i = 0; i < 20; ++i)
            use(QByteArray("traced" + QByteArray::number(i)).constData());
        QCOMPARE(view.usedFilters().size(), qsizetype(9));
    }

    void filterIsDebounced() {
        LedgerView view;
        view.setDocument(openDocument(QStringLiteral("gpt12")));
        view.filterEdit().setText(QStringLiteral("traced"));
        QCOMPARE(view.proxy().rowCount(), 12);
        QTRY_COMPARE(view.proxy().rowCount(), 1);
    }

    void outlineHasTheStrip() {
        OutlineView view;
        const std::shared_ptr<const Document> document = openDocument(QStringLiteral("gpt12"));
        view.setDocument(document);
        const QModelIndex region =
            view.outline().indexOfRegion({document->rows()[0].compilation, RegionId(0)});
        QVERIFY(region.isValid());
        const QByteArray dots = region.data(OutlineModel::DotsRole).toByteArray();
        QCOMPARE(dots.size(), 12);
        QCOMPARE(int(dots[0]), int(Decision::Traced));
        QCOMPARE(int(dots[1]), int(Decision::Reused));
        QCOMPARE(
            region.data(OutlineModel::DetailRole).toString(), QStringLiteral("12 × · 1 traced · 11 reused"));
        QSignalSpy spy(&view, &OutlineView::rowChosen);
        view.setCurrentIndex(view.outline().indexOfRow(3));
        QCOMPARE(spy.size(), 1);
        QCOMPARE(spy[0][0].toInt(), 3);
        view.setCurrent(5, {}, {}, {});
        QCOMPARE(spy.size(), 1); // set from outside: no signal
    }

    void failuresAreListedFirst() {
        const std::shared_ptr<const Document> document = openDocument(QStringLiteral("failing"));
        QVERIFY(!document->dump().failures.empty());
        ProblemsModel model;
        model.setDocument(document);
        QCOMPARE(model.failures(), int(document->dump().failures.size()));
        QCOMPARE(model.index(0, 0).data().toString(), QStringLiteral("failure"));
        QVERIFY(!model.index(0, 0).data(ProblemsModel::TextRole).toString().isEmpty());
    }

    void textMarksTheNode() {
        const std::shared_ptr<const Document> document = openDocument(QStringLiteral("gpt12"));
        Navigator n;
        n.set_document(document);
        BodyText text;
        text.setDocument(document);
        const Place body = n.pane(Pane::Left);
        text.showBody(body, NodeId());
        const Body& nodes = document->body(body);
        for (size_t i = 0; i < nodes.nodes.size(); ++i) {
            const std::optional<int> line = text.lineOf(NodeId(i));
            QVERIFY2(line, document->node_name({body.graph, body.body, NodeId(i)}).c_str());
            const QString shown = text.document()->findBlockByNumber(*line).text();
            const QString name = nodes.nodes[i].op == Opcode::Output
                ? QStringLiteral("return")
                : QString::fromStdString(document->node_name({body.graph, body.body, NodeId(i)}));
            QVERIFY2(shown.contains(name), qPrintable(shown));
            if (nodes.nodes[i].op != Opcode::Placeholder)
                QCOMPARE(text.nodeAt(*line), NodeId(i));
        }
        text.showBody(body, NodeId(20));
        QCOMPARE(std::optional(text.textCursor().blockNumber()), text.lineOf(NodeId(20)));
        QVERIFY(!text.extraSelections().isEmpty());
    }

    void inspectorPages() {
        const std::shared_ptr<const Document> document = openDocument(QStringLiteral("gpt12"));
        Navigator n;
        n.set_document(document);
        Inspector inspector;
        inspector.setDocument(document);
        Inspector::About about;
        const Place body = n.pane(Pane::Left);
        about.body = body;
        about.row = 4;
        about.region = n.state().region;
        const NodeId node = find_node(document->module(body.graph), document->body(body), "addmm");
        QVERIFY(node.valid());
        about.node = {body.graph, body.body, node};
        inspector.inspect(about, Inspector::NodePage);
        for (const char* part :
            {"addmm", "aten.addmm.default", "f32[16, 96]", "6.00 KiB", "producers", "users"})
            QVERIFY2(inspector.text().contains(QString::fromLatin1(part)), qPrintable(inspector.text()));
        inspector.inspect(about, Inspector::InvocationPage);
        for (const char* part : {"Call 4", "reused", "evidence", "forward", "backward", "Saved for backward"})
            QVERIFY2(inspector.text().contains(QString::fromLatin1(part)), qPrintable(inspector.text()));
        inspector.inspect(about, Inspector::RegionPage);
        for (const char* part : {"subgraph_0", "1 traced", "11 reused", "forward", "12", "Bodies"})
            QVERIFY2(inspector.text().contains(QString::fromLatin1(part)), qPrintable(inspector.text()));
        inspector.inspect(about, Inspector::BodyPage);
        QVERIFY2(inspector.text().contains(QStringLiteral("0/0:forward:partitioned_fw_subgraph_0_0")),
            qPrintable(inspector.text()));
    }

    // One is no plural.
    void oneGuard() {
        QByteArray log = test::bytesOf(QString::fromStdString(test::textLogOf(QStringLiteral("mlp4"))));
        const QRegularExpression count(QStringLiteral("Number of guards \\d+"));
        const QString text = QString::fromUtf8(log).replace(count, QStringLiteral("Number of guards 1"));
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("torch_logs.txt"));
        QVERIFY(test::writeFile(path, text.toUtf8()));
        const auto opened = open_document({test::traceOf(QStringLiteral("mlp4")), path.toStdString()});
        QVERIFY(opened.ok());
        const QString page = invocationPage(*opened->document, 0);
        QVERIFY2(page.contains(QStringLiteral("entry stored, 1 guard<")), qPrintable(page));
    }

    void linksReadBack() {
        const Place place{GraphId(3), BodyId(1), NodeId(17)};
        const QRegularExpression href(QStringLiteral("href='([^']*)'"));
        LinkTarget target = readLink(QUrl(href.match(linkTo(place, QStringLiteral("x"))).captured(1)));
        QVERIFY(std::get<Place>(target) == place);
        target =
            readLink(QUrl(href.match(linkTo({GraphId(3), BodyId(1), {}}, QStringLiteral("x"))).captured(1)));
        QVERIFY(!std::get<Place>(target).node);
        target = readLink(QUrl(href.match(linkToRow(12, QStringLiteral("x"))).captured(1)));
        QCOMPARE(std::get<int>(target), 12);
        const RegionRef region{CompilationId(2), RegionId(1)};
        target = readLink(QUrl(href.match(linkToRegion(region, QStringLiteral("x"))).captured(1)));
        QVERIFY(std::get<RegionRef>(target) == region);
        QVERIFY(
            std::holds_alternative<std::monostate>(readLink(QUrl(QStringLiteral("https://example.org")))));
    }
};

QTEST_MAIN(TestModels)
#include "tst_models.moc"
