// Opening, failing, cancelling and opening again.
#include "tests/views/window.h"

#include "views/bodytext/bodytext.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/problems/problemsview.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/startpage.h"

#include "core/session/session.h"

#include <QDropEvent>
#include <QLabel>
#include <QMimeData>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>

using namespace hopscope;

class TestOpening : public QObject {
    Q_OBJECT

private slots:
    // Payloads are checked once the ledger stands; what is found is added to the list, and a session keeps
    // it.
    void payloadsAreChecked() {
        QTemporaryDir folder;
        QByteArray log = test::traceBytes(QStringLiteral("mlp4"));
        const qsizetype record = log.indexOf("{\"aot_forward_graph\"");
        const qsizetype at = log.indexOf("torch.ops.aten.", record);
        QVERIFY(record > 0 && at > 0);
        log[at] = 'T';
        const QString path = folder.filePath(QStringLiteral("damaged.log"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(log);
        file.close();
        Opened o({path});
        MainWindow& w = o.window;
        const std::vector<Problem>& problems = w.document()->dump().problems;
        QVERIFY(!problems.empty());
        const Problem& last = problems.back();
        QVERIFY2(last.message.find("md5") != std::string::npos, last.message.c_str());
        QCOMPARE(last.line, uint64_t(log.left(record).count('\n') + 1));
        const QAbstractItemModel* rows = w.problems().findChild<QTableView*>()->model();
        bool listed = false;
        for (int row = 0; row < rows->rowCount(); ++row)
            listed |=
                rows->index(row, ProblemsModel::Message).data().toString().contains(QStringLiteral("md5"));
        QVERIFY(listed);
        const QString session = folder.filePath(QStringLiteral("damaged.hopscope"));
        w.saveSession(session);
        QVERIFY(o.settle());
        const auto kept = open_any({session.toStdString()});
        QVERIFY(kept.ok());
        QCOMPARE(kept->problems.back().message, last.message);
        // The sound one says nothing, and is not shown anew.
        Opened sound({tracePath(QStringLiteral("mlp4"))});
        QVERIFY(sound.window.document()->dump().problems.empty());
    }

    // A terminal's escape sequences, and marks that turn the direction of writing, are visible text
    // everywhere.
    void controlCharacters() {
        QByteArray text = kPasted;
        text.replace("net.py", "n\x1b]0;owned\x07\x1b[2Jet\xE2\x80\xAE.py");
        text.replace("1, 2)", "'\x1b[31m\x08', \x01)");
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("hostile\x1b[2J.txt"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.close();
        Opened o({path});
        MainWindow& w = o.window;
        QVERIFY(w.document());
        const Body& body = w.document()->module(GraphId(0)).bodies[0];
        for (size_t node = 0; node < body.nodes.size(); ++node) {
            w.navigator().select_node(Pane::Left, NodeId(node));
            w.state().flush();
            QStringList shown{w.windowTitle(), w.bodyText().toPlainText(), w.inspector().text()};
            for (const QWidget* widget : w.findChildren<QWidget*>()) {
                shown << widget->toolTip() << widget->accessibleName();
                if (const auto* label = qobject_cast<const QLabel*>(widget))
                    shown << label->text();
                if (const auto* view = qobject_cast<const QAbstractItemView*>(widget);
                    view && view->model()) {
                    for (int row = 0; row < view->model()->rowCount(); ++row)
                        for (int column = 0; column < view->model()->columnCount(); ++column)
                            shown << view->model()->index(row, column).data().toString()
                                  << view->model()->index(row, column).data(Qt::ToolTipRole).toString();
                }
            }
            for (const QString& one : shown)
                QVERIFY2(
                    std::none_of(one.begin(), one.end(),
                        [](QChar c) {
                            return (c < QLatin1Char(' ') && c != QLatin1Char('\n') && c != QLatin1Char('\t'))
                                || c == QChar(0x202e);
                        }),
                    qPrintable(QString::fromLatin1(one.toUtf8().toHex(' '))));
        }
    }

    void corruptFileShowsItsErrorInPlace() {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("corrupt.log"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray(4096, '\xff') + QByteArray(100, '\0'));
        file.close();
        Opened o;
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(path)});
        // As the platform does: a drop goes to whoever took the drag.
        QDragEnterEvent enter(QPoint(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(&o.window, &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(QPointF(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(&o.window, &drop);
        QVERIFY(o.settle());
        QVERIFY(!o.window.document());
        QVERIFY(o.window.startPage().isVisible());
        QVERIFY2(o.window.startPage().errorText().contains(QStringLiteral("corrupt.log")),
            qPrintable(o.window.startPage().errorText()));
        QVERIFY(o.window.startPage().findChild<QWidget*>(QStringLiteral("errorCopy"))->isVisible());
        // And it opens a good one afterwards.
        o.window.openPaths({tracePath(QStringLiteral("mlp4"))});
        QVERIFY(o.settle());
        QVERIFY(o.window.document());
    }

    void missingFileKeepsWhatIsOpen() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        const std::shared_ptr<const Document> before = o.window.document();
        o.window.openPaths({QStringLiteral("/nowhere/at/all.log")});
        QVERIFY(o.settle());
        QVERIFY(o.window.document() == before);
        QVERIFY(o.window.lastError());
    }

    void cancelWhileLoading() {
        Opened o;
        QSignalSpy failed(&o.window, &MainWindow::failed);
        o.window.openPaths({tracePath(QStringLiteral("gpt12"))});
        QVERIFY(!o.window.idle());
        o.window.jobs().cancelAll();
        QVERIFY(o.settle());
        // Either nothing had been read, or what had been is shown.
        if (o.window.document()) {
            QVERIFY(!o.window.document()->dump().graphs.empty());
        } else {
            QCOMPARE(failed.size(), 1);
            QCOMPARE(int(o.window.lastError()->kind), int(Error::Kind::Cancelled));
        }
        o.window.openPaths({tracePath(QStringLiteral("gpt12"))});
        QVERIFY(o.settle());
        QVERIFY(o.window.document());
    }

    void closingWhileLoadingIsSafe() {
        auto window = std::make_unique<MainWindow>(MainWindow::Options{});
        window->show();
        window->openPaths({tracePath(QStringLiteral("gpt12"))});
        window->close();
        window.reset();
        QCoreApplication::processEvents(); // what was on its way to it is delivered to nobody
    }

    // Asked for two files in a row: only the last one arrives.
    void lastOpeningWins() {
        Opened o;
        QSignalSpy opened(&o.window, &MainWindow::opened);
        o.window.openPaths({tracePath(QStringLiteral("gpt12"))});
        o.window.openPaths({tracePath(QStringLiteral("mlp4"))});
        QVERIFY(o.settle());
        QCOMPARE(opened.size(), 1);
        QCOMPARE(o.window.ledger().model().rowCount(), 4);
    }

    // A compile that failed leaves no graphs; what failed and why is said where they would be.
    void failedCompile() {
        Opened o({tracePath(QStringLiteral("failing"))});
        MainWindow& w = o.window;
        QVERIFY(w.document());
        const Placeholder& placeholder = w.pane(Pane::Left).canvas().placeholder();
        QVERIFY2(placeholder.detail.contains(QStringLiteral("failed")), qPrintable(placeholder.detail));
        QVERIFY2(w.ledger().summary().contains(QStringLiteral("1 failed")), qPrintable(w.ledger().summary()));
        for (Do what : {Do::Up, Do::StepInto, Do::StepOut, Do::NextNode, Do::NextStage, Do::CopyStatement})
            QVERIFY2(!w.actions()[what]->isEnabled(), qPrintable(w.actions()[what]->objectName()));
    }

    void traceAndTextLogTogether() {
        const QString log = QStringLiteral(HOPSCOPE_TEST_DATA "/gpt12/torch_logs.txt.gz");
        Opened o({tracePath(QStringLiteral("gpt12")), log});
        QVERIFY(o.window.document());
        QVERIFY(o.window.document()->invocation(1).evidence & kTextLog);
    }

    void recentFiles() {
        const QString path = tracePath(QStringLiteral("mlp4"));
        {
            Opened o({path});
            o.window.close();
        }
        Opened o;
        bool found = false;
        for (const QWidget* button : o.window.startPage().findChildren<QWidget*>())
            found = found || button->toolTip() == QFileInfo(path).absoluteFilePath();
        QVERIFY(found);
        o.window.actions()[Do::ClearRecents]->trigger();
        found = false;
        for (const QWidget* button : o.window.startPage().findChildren<QWidget*>())
            found = found || button->toolTip() == QFileInfo(path).absoluteFilePath();
        QVERIFY(!found);
    }

    // A file that changes behind the window is told, and nothing is read unasked.
    void changesOnDiskAreTold() {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("graph.txt"));
        QVERIFY(test::writeFile(path, kPasted));
        Opened o({path});
        const auto before = o.window.document();
        QVERIFY(before);
        QVERIFY(test::writeFile(path, QByteArray(kPasted) + "\n# later\n"));
        QTRY_VERIFY(o.window.findChild<QLabel*>(QStringLiteral("statusText"))
                        ->text()
                        .contains(QStringLiteral("changed on disk")));
        QCOMPARE(o.window.document(), before);
    }

    void reloadKeepsThePlace() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        o.window.navigator().select_invocation(6);
        o.window.navigator().select_node(Pane::Right, NodeId(9));
        const uint64_t hash = o.window.navigator().hash();
        o.window.actions()[Do::Reload]->trigger();
        QVERIFY(o.settle());
        QCOMPARE(o.window.navigator().hash(), hash);
    }

    // Everything that was recorded opens in the window, at every call.
    void everyRecording_data() {
        QTest::addColumn<QString>("name");
        for (const char* name :
            {"failing", "ddp4", "recompiles", "used_once", "gpt12_nested", "gpt4_infer", "graph_breaks"}) {
            if (QDir(tracePath(QString::fromLatin1(name))).exists())
                QTest::newRow(name) << QString::fromLatin1(name);
        }
    }

    void everyRecording() {
        QFETCH(QString, name);
        Opened o({tracePath(name)});
        QVERIFY(o.window.document());
        int steps = 0;
        while (o.window.actions()[Do::NextInvocation]->isEnabled() && steps++ < 40)
            o.window.actions()[Do::NextInvocation]->trigger();
        QVERIFY(o.settle());
        if (o.window.navigator().pane(Pane::Left).graph)
            QVERIFY(o.window.pane(Pane::Left).canvas().scene());
    }

private:
    OwnSettings settings_;
};

QTEST_MAIN(TestOpening)
#include "tst_opening.moc"
