// The window on small screens and with large texts: it becomes as small as they need, and what has no room
// there says what it is all the same.
#include "tests/views/window.h"

#include "views/base/callstrip.h"
#include "views/base/findbar.h"
#include "views/bodytext/bodytext.h"
#include "views/outline/outlineview.h"
#include "views/shell/crumbs.h"
#include "views/shell/docks.h"
#include "views/shell/errorbar.h"
#include "views/shell/focusmark.h"

#include "core/regions/ledger.h"

#include <QDockWidget>
#include <QLabel>
#include <QTest>
#include <QToolBar>

using namespace hopscope;

namespace {
std::vector<Crumb> path(std::initializer_list<const char*> names) {
    std::vector<Crumb> crumbs;
    for (const char* name : names)
        crumbs.push_back({QString::fromUtf8(name), QString::fromUtf8(name), false, false, {}});
    return crumbs;
}

QString joined(const std::vector<Crumb>& crumbs) {
    QStringList texts;
    for (const Crumb& crumb : crumbs)
        texts << crumb.text;
    return texts.join(crumbSeparator());
}
} // namespace

class TestFit : public QObject {
    Q_OBJECT

    OwnSettings settings_;

    // What is widest or highest of all docks, for whoever has to mend it.
    static QString widest(MainWindow& window) {
        QStringList all;
        for (QDockWidget* dock : window.findChildren<QDockWidget*>())
            all << QStringLiteral("%1 %2x%3")
                       .arg(dock->objectName())
                       .arg(dock->widget()->minimumSizeHint().width())
                       .arg(dock->widget()->minimumSizeHint().height());
        all << QStringLiteral("centre %1").arg(window.centralWidget()->minimumSizeHint().width());
        return all.join(QStringLiteral(", "));
    }

private slots:
    void cleanup() { applyTextScale(*qApp, 1); }

    void smallScreens_data() {
        QTest::addColumn<QSize>("screen");
        QTest::addColumn<double>("text");
        QTest::newRow("1100x700") << QSize(1100, 700) << 1.0;
        QTest::newRow("1366x768") << QSize(1366, 768) << 1.0;
        QTest::newRow("1366x768, texts of 200 %") << QSize(1366, 768) << 2.0;
    }
    void smallScreens() {
        QFETCH(QSize, screen);
        QFETCH(double, text);
        applyTextScale(*qApp, text);
        MainWindow window{MainWindow::Options{true}};
        window.resize(screen);
        window.show();
        window.openPaths({tracePath(QStringLiteral("gpt12"))});
        QTRY_VERIFY_WITH_TIMEOUT(window.document() && window.idle(), 60000);
        QTest::qWait(0);
        QVERIFY2(window.width() <= screen.width() && window.height() <= screen.height(),
            qPrintable(
                QStringLiteral("%1x%2: %3").arg(window.width()).arg(window.height()).arg(widest(window))));
        // The graphs keep the better part, and both panes are as wide.
        const int left = window.pane(Pane::Left).width(), right = window.pane(Pane::Right).width();
        QVERIFY(left + right >= screen.width() * 45 / 100);
        QVERIFY(std::abs(left - right) <= 8);
        // What a breadcrumb shows is in the label whole, and says the call.
        for (Pane pane : {Pane::Left, Pane::Right}) {
            const auto* crumbs = window.pane(pane).findChild<QLabel*>(
                pane == Pane::Left ? QStringLiteral("leftPaneCrumbs") : QStringLiteral("rightPaneCrumbs"));
            QVERIFY(crumbs);
            // Qt 6.8 counts a letter's bearing at either end.
            constexpr int kBearings = QT_VERSION >= QT_VERSION_CHECK(6, 8, 0) ? 4 : 2;
            QVERIFY2(crumbs->sizeHint().width() <= crumbs->width() + kBearings,
                qPrintable(QStringLiteral("%1 of %2: %3")
                               .arg(crumbs->sizeHint().width())
                               .arg(crumbs->width())
                               .arg(window.pane(pane).breadcrumb())));
            QVERIFY(window.pane(pane).breadcrumb().contains(QStringLiteral("call 0")));
            QVERIFY(crumbs->toolTip().contains(QStringLiteral("subgraph_0")));
        }
    }

    void crumbsLeaveTheMiddle() {
        const QFontMetrics face{uiFont()};
        QFont bold = uiFont();
        bold.setBold(true);
        const QFontMetrics strong(bold);
        std::vector<Crumb> crumbs =
            path({"0/0", "outer_subgraph_0", "middle_subgraph_1", "inner_subgraph_2"});
        crumbs.push_back({QStringLiteral("call 3"), QStringLiteral("row:3"), true, false, {}});
        const int whole = widthOf(crumbs, face, strong);
        QCOMPARE(joined(fitted(crumbs, whole, face, strong)), joined(crumbs));
        const std::vector<Crumb> less = fitted(crumbs, whole - 10, face, strong);
        QCOMPARE(less.size(), size_t(4));
        QCOMPARE(less[1].text, QStringLiteral("…"));
        QCOMPARE(less[1].link, QStringLiteral("middle_subgraph_1")); // one step out
        QCOMPARE(less[1].all, QStringLiteral("outer_subgraph_0 › middle_subgraph_1"));
        QVERIFY(widthOf(less, face, strong) <= whole - 10);
        const std::vector<Crumb> cut = fitted(crumbs, widthOf(less, face, strong) - 15, face, strong);
        QVERIFY(cut[2].text.contains(QChar(0x2026)) && cut[2].text.startsWith(QLatin1Char('i')));
        QCOMPARE(cut[2].all, QStringLiteral("inner_subgraph_2"));
        const std::vector<Crumb> least = fitted(crumbs, 1, face, strong);
        QCOMPARE(least.size(), size_t(2)); // the call stays, and a way to what is around it
        QCOMPARE(least.front().link, QStringLiteral("inner_subgraph_2"));
        QCOMPARE(least.back().text, QStringLiteral("call 3"));
    }

    // Few calls are dots, many are one bar; each point of either is a call.
    void stripsBecomeBars() {
        const QByteArray few(12, char(Decision::Reused)), many(500, char(Decision::Reused));
        QVERIFY(!CallStrip(few, 160).isBar());
        QCOMPARE(CallStrip(few, 160).lines(), 1);
        const CallStrip bar(many, 160);
        QVERIFY(bar.isBar());
        QVERIFY(bar.height() < CallStrip(few, 60).height());
        QCOMPARE(bar.at({0, 1}), std::optional(0));
        QCOMPARE(bar.at({159, 1}), std::optional(496));
        QVERIFY(!bar.at({160, 1}));
        const CallStrip dots(few, 60);
        for (int call = 0; call < few.size(); ++call)
            QCOMPARE(dots.at(dots.rectOf(call).center()), std::optional(call));
        // A call that was traced is seen among hundreds that share its column.
        QByteArray one = many;
        one[250] = char(Decision::Traced);
        QImage with(160, bar.height(), QImage::Format_RGB32), without(with.size(), with.format());
        for (auto [image, calls] : {std::pair(&with, one), std::pair(&without, many)}) {
            image->fill(Qt::white);
            QPainter painter(image);
            CallStrip(calls, 160).paint(painter, {0, 0}, {});
        }
        QVERIFY(with.convertToFormat(QImage::Format_Grayscale8)
            != without.convertToFormat(QImage::Format_Grayscale8));
    }

    // Where keys go is seen: the line lies over the pane or dock that has the focus.
    void theFocusIsMarked() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        w.activateWindow();
        w.pane(Pane::Left).canvas().setFocus();
        QTRY_COMPARE(w.focusMark().area(), static_cast<QWidget*>(&w.pane(Pane::Left)));
        w.pane(Pane::Right).canvas().setFocus();
        QTRY_COMPARE(w.focusMark().area(), static_cast<QWidget*>(&w.pane(Pane::Right)));
        w.actions()[Do::FilterLedger]->trigger();
        QTRY_COMPARE(
            w.focusMark().area(), static_cast<QWidget*>(w.docks().dockOf(QApplication::focusWidget())));
        QVERIFY(w.focusMark().isVisible());
    }

    // Debug and Compare bring forward what they are for; each stays as it was left until it is restored.
    void layouts() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        const auto dock = [&w](const char* name) {
            return w.findChild<QDockWidget*>(QLatin1String(name) + QStringLiteral("Dock"));
        };
        w.actions()[Do::DebugLayout]->trigger();
        QTRY_VERIFY(!dock("steps")->visibleRegion().isEmpty());
        QVERIFY(!dock("values")->visibleRegion().isEmpty());
        w.actions()[Do::CompareLayout]->trigger();
        QTRY_VERIFY(!dock("diff")->visibleRegion().isEmpty());
        QVERIFY(dock("outline")->isHidden() && dock("inspector")->isHidden());
        QVERIFY(w.actions()[Do::CompareLayout]->isChecked());
        dock("diff")->hide();
        w.actions()[Do::DefaultLayout]->trigger();
        QTRY_VERIFY(!dock("outline")->isHidden());
        w.actions()[Do::CompareLayout]->trigger();
        QVERIFY(dock("diff")->isHidden()); // as it was left
        w.actions()[Do::RestoreLayout]->trigger();
        QVERIFY(!dock("diff")->isHidden());
        w.actions()[Do::DefaultLayout]->trigger();
        QTRY_VERIFY(!dock("inspector")->isHidden());
    }

    // Over all bodies: counted, marked in the tree, and F3 leaves the body; in the text it searches the text.
    void findsEverywhere() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        w.activateWindow();
        w.actions()[Do::Find]->trigger();
        FindBar& bar = w.pane(w.navigator().state().focus).findBar();
        bar.setText(QStringLiteral("addmm"));
        const QString here = bar.resultText();
        bar.switches().last()->trigger();
        QVERIFY(bar.everywhere());
        QTRY_VERIFY(bar.resultText().contains(QStringLiteral("bodies")));
        QVERIFY(bar.resultText() != here);
        const OutlineModel& tree = w.outline().outline();
        qulonglong counted = 0;
        for (int i = 0; i < tree.rowCount(); ++i)
            counted += tree.index(i, 0).data(OutlineModel::HitsRole).toULongLong();
        QVERIFY(bar.resultText().startsWith(QString::number(counted)));
        const Place before = w.navigator().pane(w.navigator().state().focus);
        bool left = false;
        for (qulonglong i = 0; i < counted; ++i) {
            w.actions()[Do::FindNext]->trigger();
            QCOMPARE(w.document()->node_name(w.navigator().state().node).substr(0, 5), std::string("addmm"));
            left = left || w.navigator().state().node.body != before.body
                || w.navigator().state().node.graph != before.graph;
        }
        QVERIFY(left);
        bar.switches()[1]->trigger(); // a regular expression
        bar.setText(QStringLiteral("addmm("));
        QVERIFY(!bar.resultText().isEmpty());
        bar.close();
        QCOMPARE(tree.index(0, 0).data(OutlineModel::HitsRole).toULongLong(), 0ULL);

        w.showDock(QStringLiteral("text"));
        w.bodyText().setFocus();
        QTRY_COMPARE(QApplication::focusWidget(), static_cast<QWidget*>(&w.bodyText()));
        w.actions()[Do::Find]->trigger();
        FindBar& text = w.bodyText().findBar();
        QVERIFY(text.isVisible() && bar.isHidden());
        text.setText(QStringLiteral("torch.ops"));
        QVERIFY(text.resultText().endsWith(QStringLiteral("hits")));
        w.actions()[Do::FindNext]->trigger();
        const QString one = text.resultText(); // the first behind the cursor
        QVERIFY(one.contains(QStringLiteral(" of ")));
        w.actions()[Do::FindPrevious]->trigger();
        QVERIFY(text.resultText() != one);
        w.actions()[Do::FindNext]->trigger();
        QCOMPARE(text.resultText().section(QLatin1Char(','), 0, 0), one.section(QLatin1Char(','), 0, 0));
    }

    void onePaneAndUnlinkedPanes() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        w.actions()[Do::SinglePane]->setChecked(true);
        QVERIFY(w.pane(Pane::Left).isVisible() && !w.pane(Pane::Right).isVisible());
        w.actions()[Do::OtherPane]->trigger();
        QVERIFY(!w.pane(Pane::Left).isVisible() && w.pane(Pane::Right).isVisible());
        w.actions()[Do::SinglePane]->setChecked(false);
        QVERIFY(w.pane(Pane::Left).isVisible());
        w.navigator().set_focus(Pane::Left);
        const Place right = w.navigator().pane(Pane::Right);
        w.actions()[Do::LinkPanes]->setChecked(false);
        w.navigator().select_compilation(w.navigator().state().compilation);
        QCOMPARE(w.navigator().pane(Pane::Right), right);
        QVERIFY(w.navigator().pane(Pane::Left).body.index == 0);
    }

    // A key whose action cannot apply says why, and F10 has one meaning with and without a run.
    void keysThatCannotApplySayWhy() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        const std::optional<int> row = w.navigator().state().row;
        QTest::keyClick(&w.pane(Pane::Left).canvas(), Qt::Key_F10);
        QCOMPARE(w.navigator().state().row, row);
        QVERIFY(w.findChild<QLabel*>(QStringLiteral("statusText"))
                    ->text()
                    .startsWith(QStringLiteral("Step Over: ")));
    }

    // A dump that cannot be read is told above what is open, in full, until it is closed; no box comes up.
    void errorsStandInTheWindow() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        const QTemporaryDir folder;
        w.openPaths({folder.filePath(QStringLiteral("nothing.log"))});
        QTRY_VERIFY(!w.errorBar().text().isEmpty());
        QVERIFY(w.errorBar().isVisible());
        QVERIFY(w.errorBar().text().contains(QStringLiteral("nothing.log")));
        QVERIFY(w.document());
        QVERIFY(!QApplication::activeModalWidget());
        w.openPaths({tracePath(QStringLiteral("mlp4"))});
        QTRY_VERIFY(w.errorBar().text().isEmpty());
    }
};

QTEST_MAIN(TestFit)
#include "tst_fit.moc"
