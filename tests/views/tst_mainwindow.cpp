#include "tests/browse/dumps.h"
#include "tests/testdata.h"

#include "views/base/text.h"
#include "views/bodytext/bodytext.h"
#include "views/export/exportdialog.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsview.h"
#include "views/shell/docks.h"
#include "views/shell/findbar.h"
#include "views/shell/gotobox.h"
#include "views/shell/keylist.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/screenshot.h"
#include "views/shell/startpage.h"
#include "views/stepper/stepperbar.h"

#include "core/export/body.h"
#include "core/export/formats.h"
#include "core/export/picture.h"
#include "core/graph/print.h"
#include "core/session/session.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QDockWidget>
#include <QDropEvent>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QScreen>
#include <QSignalSpy>
#include <QSplitter>
#include <QTableView>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTimer>
#include <QToolBar>
#include <QToolButton>
#include <QTranslator>

using namespace hopscope;

namespace {
// A window that has read a recording and laid it out.
struct Opened {
    explicit Opened(const QStringList& paths = {}, const QString& at = {}) {
        window.resize(1400, 900);
        window.show();
        if (!paths.isEmpty())
            window.openPaths(paths, at);
        settle();
    }
    bool settle(int ms = 30000) {
        return QTest::qWaitFor([this] { return window.idle(); }, ms);
    }
    MainWindow window{MainWindow::Options{}};
};

const char* const kPasted = R"(class GraphModule(torch.nn.Module):
    def forward(self, x_1: "f32[4][1]cpu"):
        # File: /home/dev/net.py:3 in f, code: return x.clamp(1, 2) + x
        clamp: "f32[4][1]cpu" = torch.ops.aten.clamp.default(x_1, 1, 2)
        add: "f32[4][1]cpu" = torch.ops.aten.add.Tensor(clamp, x_1);  clamp = x_1 = None
        return (add,)
)";

QString quoted(const char* text) {
    QString all = QString::fromUtf8(text);
    all.chop(1);
    return QStringLiteral("> ") + all.replace(QLatin1Char('\n'), QStringLiteral("\n> ")) + QLatin1Char('\n');
}

std::string address(const MainWindow& window, Pane pane, Navigator& n) {
    return window.document()->address(n.pane(pane));
}

} // namespace

class TestMainWindow : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        qputenv("HOPSCOPE_CONFIG_DIR", config_.path().toUtf8());
        applyTheme(*qApp, Mode::Light);
    }

    void startPage() {
        Opened o;
        QVERIFY(o.window.startPage().isVisible());
        QVERIFY(!o.window.actions()[Do::Export]->isEnabled());
        QVERIFY(o.window.actions()[Do::Export]->toolTip().contains(QStringLiteral("no dump is open")));
    }

    // What stands on the clipboard is an untitled dump, which a session keeps.
    void pastesADump() {
        QApplication::clipboard()->setText(quoted(kPasted));
        Opened o;
        QPushButton* button =
            o.window.startPage().findChild<QPushButton*>(QStringLiteral("start.edit.paste"));
        QVERIFY(button && button->isVisible());
        button->click();
        QVERIFY(o.settle());
        MainWindow& w = o.window;
        QVERIFY(w.document());
        QCOMPARE(w.document()->dump().graphs.size(), size_t(1));
        QCOMPARE(w.document()->dump().graphs[0].module->bodies[0].nodes.size(), size_t(4));
        QVERIFY(w.windowTitle().startsWith(QStringLiteral("pasted text")));
        QVERIFY(!w.actions()[Do::Reload]->isEnabled());
        QVERIFY(w.actions()[Do::Reload]->toolTip().contains(QStringLiteral("no file")));
        const std::string text = print_readable(w.document()->module(GraphId(0)), BodyId(0));

        QTemporaryDir folder;
        const QString session = folder.filePath(QStringLiteral("kept.hopscope"));
        w.saveSession(session);
        QVERIFY(o.settle());
        QVERIFY(!w.lastError());
        QVERIFY(w.actions()[Do::Reload]->isEnabled());
        Opened again({session});
        QVERIFY(again.window.document());
        QCOMPARE(print_readable(again.window.document()->module(GraphId(0)), BodyId(0)), text);
        QCOMPARE(again.window.document()->dump().name, std::string("pasted text"));
    }

    // Ctrl+V goes into the field that has the focus, and opens a dump everywhere else.
    void pasteKey() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        const auto before = w.document();
        QApplication::clipboard()->setText(QStringLiteral("reused"));
        w.actions()[Do::FilterLedger]->trigger();
        QLineEdit& filter = w.ledger().filterEdit();
        QTRY_VERIFY(filter.hasFocus());
        QTest::keyClick(&filter, Qt::Key_V, Qt::ControlModifier);
        QCOMPARE(filter.text(), QStringLiteral("reused"));
        w.actions()[Do::Paste]->trigger(); // from the menu
        QCOMPARE(filter.text(), QStringLiteral("reusedreused"));
        filter.clear();
        QVERIFY(o.settle());
        QCOMPARE(w.document(), before);

        QApplication::clipboard()->setText(QString::fromUtf8(kPasted));
        QVERIFY(w.showDock(QStringLiteral("text")));
        w.bodyText().setFocus();
        QTRY_VERIFY(w.bodyText().hasFocus());
        QTest::keyClick(&w.bodyText(), Qt::Key_V, Qt::ControlModifier);
        QVERIFY(o.settle());
        QCOMPARE(w.document()->dump().name, std::string("pasted text"));

        // A path is opened, and files that a file manager copied.
        QApplication::clipboard()->setText(
            QLatin1Char(' ') + tracePath(QStringLiteral("mlp4")) + QLatin1Char('\n'));
        w.pane(Pane::Left).canvas().setFocus();
        QTest::keyClick(&w.pane(Pane::Left).canvas(), Qt::Key_V, Qt::ControlModifier);
        QVERIFY(o.settle());
        QCOMPARE(w.document()->dump().name, before->dump().name);
    }

    // What tells nothing is said where the data would be, with the forms that are nearest; nothing is modal.
    void pasteOfNothing() {
        Opened o;
        QApplication::clipboard()->setText(QStringLiteral("dear all,\nthe class GraphModule is slow\n"));
        o.window.actions()[Do::Paste]->trigger();
        QVERIFY(o.settle());
        QVERIFY(!o.window.document());
        QVERIFY(o.window.lastError());
        QVERIFY(o.window.startPage().isVisible());
        QVERIFY2(o.window.startPage().errorText().contains(QStringLiteral("print_readable")),
            qPrintable(o.window.startPage().errorText()));
        QVERIFY(!QApplication::activeModalWidget());
        QApplication::clipboard()->clear();
        o.window.actions()[Do::Paste]->trigger();
        QVERIFY(o.window.findChild<QLabel*>(QStringLiteral("statusText"))
                    ->text()
                    .contains(QStringLiteral("no text")));
    }

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

    // Every action is named, says what it does and which key does it, and no key means two things in one
    // place.
    void allActions() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        const QList<QAction*> all = o.window.actions().all() + o.window.docks().actions();
        QVERIFY(all.size() > 60);
        QHash<QString, QString> keys, names;
        for (const QAction* action : all) {
            QVERIFY2(!action->objectName().isEmpty(), qPrintable(action->text()));
            QVERIFY2(!names.contains(action->objectName()), qPrintable(action->objectName()));
            names[action->objectName()] = action->text();
            QVERIFY2(!action->toolTip().isEmpty(), qPrintable(action->objectName()));
            QVERIFY2(
                !action->property("accessibleName").toString().isEmpty(), qPrintable(action->objectName()));
            if (!action->shortcut().isEmpty()) {
                const QString end =
                    QStringLiteral("(%1)").arg(action->shortcut().toString(QKeySequence::NativeText));
                QVERIFY2(action->toolTip().endsWith(end), qPrintable(action->toolTip()));
            }
            for (const QKeySequence& key : action->shortcuts()) {
                QVERIFY2(!key.isEmpty(), qPrintable(action->objectName()));
                const QString text = key.toString(QKeySequence::PortableText);
                QVERIFY2(!keys.contains(text),
                    qPrintable(text + QStringLiteral(" is both ") + keys.value(text) + QStringLiteral(" and ")
                        + action->objectName()));
                keys[text] = action->objectName();
            }
        }
        // Whatever stands in a menu is one of them, or made from data (recent files, a body's name).
        for (QMenu* menu : o.window.menuBar()->findChildren<QMenu*>()) {
            for (QAction* action : menu->actions()) {
                if (!action->isSeparator() && !action->menu())
                    QVERIFY2(all.contains(action), qPrintable(action->text()));
            }
        }
        for (QToolButton* button : o.window.findChild<QToolBar*>()->findChildren<QToolButton*>()) {
            if (button->isVisible() && button->defaultAction())
                QVERIFY2(!button->toolTip().isEmpty(), qPrintable(button->objectName()));
        }
    }

    void accessibleNames() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        const QList<QWidget*> named{&o.window.outline(), &o.window.ledger().table(),
            &o.window.ledger().filterEdit(), &o.window.bodyText(), &o.window.pane(Pane::Left).canvas(),
            &o.window.pane(Pane::Right).canvas()};
        for (const QWidget* widget : named)
            QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
        for (const QToolButton* button : o.window.findChildren<QToolButton*>()) {
            if (button->isVisible() && button->text().isEmpty())
                QVERIFY2(!button->accessibleName().isEmpty() || !button->toolTip().isEmpty(),
                    qPrintable(button->objectName() + QLatin1Char(' ') + button->parent()->objectName()
                        + QLatin1Char(' ') + QLatin1String(button->parent()->metaObject()->className())));
        }
    }

    void opensBothHalves() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        QVERIFY(o.window.document());
        QCOMPARE(o.window.navigator().state().row, 0);
        for (Pane pane : {Pane::Left, Pane::Right}) {
            QVERIFY(o.window.pane(pane).isVisible());
            QTRY_VERIFY(o.window.pane(pane).canvas().scene());
            QVERIFY(!o.window.pane(pane).canvas().scene()->boxes.empty());
        }
        QVERIFY(o.window.pane(Pane::Left).breadcrumb().contains(QStringLiteral("Forward")));
        QVERIFY(o.window.pane(Pane::Right).breadcrumb().contains(QStringLiteral("Backward")));
        QVERIFY(o.window.pane(Pane::Left).breadcrumb().contains(QStringLiteral("call 0")));
        QCOMPARE(o.window.ledger().model().current(), 0);
    }

    // The scenario of issue 4, section 7.
    void scenario() {
        QTemporaryDir folder;
        const QString session = folder.filePath(QStringLiteral("gpt12.hopscope"));
        const QString svg = folder.filePath(QStringLiteral("body.svg"));
        std::string place;
        {
            Opened o({tracePath(QStringLiteral("gpt12"))});
            MainWindow& w = o.window;
            Actions& a = w.actions();
            // Select an invocation in the ledger.
            w.ledger().table().selectRow(3);
            QCOMPARE(w.navigator().state().row, 3);
            QVERIFY(w.outline().outline().indexOfRow(3).data(OutlineModel::CurrentRole).toBool());
            const uint64_t hash = w.navigator().hash();
            for (int i = 0; i < 5; ++i)
                a[Do::NextInvocation]->trigger();
            QCOMPARE(w.navigator().state().row, 8);
            QCOMPARE(w.ledger().model().current(), 8);
            QVERIFY(w.pane(Pane::Left).breadcrumb().contains(QStringLiteral("call 8")));
            for (int i = 0; i < 5; ++i)
                a[Do::PreviousInvocation]->trigger();
            QCOMPARE(w.navigator().hash(), hash);
            QVERIFY(o.settle());

            // Find a node.
            a[Do::Find]->trigger();
            FindBar& find = w.pane(w.navigator().state().focus).findBar();
            QVERIFY(find.isVisible());
            find.setText(QStringLiteral("_softmax"));
            QCOMPARE(find.resultText(), QStringLiteral("1 hit"));
            a[Do::FindNext]->trigger();
            QCOMPARE(w.document()->node_name(w.navigator().state().node), "_softmax");
            QVERIFY(find.resultText().startsWith(QStringLiteral("1 of 1")));
            a[Do::FindNext]->trigger();
            QVERIFY(find.resultText().contains(QStringLiteral("wrapped")));
            QVERIFY(w.inspector().text().contains(QStringLiteral("aten._softmax.default")));
            QCOMPARE(std::optional(w.bodyText().textCursor().blockNumber()),
                w.bodyText().lineOf(w.navigator().state().node.node));
            // It crosses to the backward.
            QVERIFY(w.inspector().text().contains(QStringLiteral("crosses to")));

            // Keep it as a session, and a note on it.
            w.saveSession(session);
            QVERIFY(o.settle());
            QVERIFY(w.notes().has_file());
            QVERIFY(a[Do::AddNote]->isEnabled());
            a[Do::AddNote]->trigger();
            QLineEdit& input = w.inspector().notes().input();
            QVERIFY(input.isEnabled());
            input.setText(QStringLiteral("why is this saved?"));
            QTest::keyClick(&input, Qt::Key_Return);
            QCOMPARE(w.notes().all().size(), size_t(1));

            // Export the pane.
            ExportRequest request;
            request.place = w.navigator().pane(Pane::Left);
            request.path = svg;
            w.exportTo(request);
            QVERIFY(o.settle());
            QVERIFY(!w.lastError());
            place = w.navigator().describe();
            w.close();
        }
        QFile file(svg);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray first = file.readAll();
        QVERIFY(first.contains("_softmax"));
        QVERIFY(first.trimmed().endsWith("</svg>"));

        Opened again({session});
        MainWindow& w = again.window;
        QVERIFY(w.document());
        QCOMPARE(w.navigator().describe(), place);
        const std::vector<Note> notes = w.notes().all();
        QCOMPARE(notes.size(), size_t(1));
        QCOMPARE(notes[0].text, "why is this saved?");
        QCOMPARE(notes[0].address, "0/0:forward:partitioned_fw_subgraph_0_0@_softmax");
        const QListWidget* list = w.inspector().findChild<QListWidget*>(QStringLiteral("noteList"));
        QCOMPARE(list->count(), 1);
        QCOMPARE(list->item(0)->text(), QStringLiteral("why is this saved?"));
        // The same picture from the session as from the trace, byte by byte.
        ExportRequest request;
        request.place = w.navigator().pane(Pane::Left);
        request.path = svg;
        w.exportTo(request);
        QVERIFY(again.settle());
        QFile second(svg);
        QVERIFY(second.open(QIODevice::ReadOnly));
        QVERIFY(second.readAll().contains("_softmax"));
    }

    void exportsEveryFormatTwiceTheSame() {
        QTemporaryDir folder;
        Opened o({tracePath(QStringLiteral("mlp4"))});
        for (const ExportFormat& offered : export_formats()) {
            const QString format = qs(offered.extension);
            QByteArray bytes[2];
            for (QByteArray& written : bytes) {
                ExportRequest request;
                request.place = o.window.navigator().pane(Pane::Left);
                request.path = folder.filePath(QStringLiteral("body.") + format);
                request.scale = 1;
                o.window.exportTo(request);
                QVERIFY(o.settle());
                QVERIFY2(!o.window.lastError(), qPrintable(format));
                QFile file(request.path);
                QVERIFY(file.open(QIODevice::ReadOnly));
                written = file.readAll();
            }
            QVERIFY2(bytes[0].size() > 200, qPrintable(format));
            QCOMPARE(bytes[0], bytes[1]);
            if (offered.painted)
                continue;
            // What core writes, and so the command line.
            const Document& document = *o.window.document();
            const Place place = o.window.navigator().pane(Pane::Left);
            const auto body = export_body(document.dump(), place, offered,
                picture_options(document.dump(), &document.ledger(), place), draw::Theme::Light);
            QVERIFY(body.ok());
            QCOMPARE(bytes[0], QByteArray::fromStdString(body->bytes));
        }
        ExportRequest bad;
        bad.place = o.window.navigator().pane(Pane::Left);
        bad.path = folder.filePath(QStringLiteral("body.docx"));
        o.window.exportTo(bad);
        QVERIFY(o.settle());
        QVERIFY(o.window.lastError());
        QCOMPARE(int(o.window.lastError()->kind), int(Error::Kind::Usage));
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
        QTest::qWait(20);
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
        const QRect item = tree.visualRect(tree.outline().indexOfRegion(w.navigator().state().region));
        QVERIFY(item.height() > 40);
        QTest::mouseClick(
            tree.viewport(), Qt::LeftButton, {}, QPoint(item.left() + 4 + 5 * 13 + 6, item.bottom() - 10));
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

    void notesWithoutASession() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        QLineEdit& input = w.inspector().notes().input();
        input.setText(QStringLiteral("kept in memory"));
        QTest::keyClick(&input, Qt::Key_Return);
        QVERIFY(w.notes().has_unsaved());
        QVERIFY(w.windowTitle().contains(QLatin1Char('*')));
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("a.hopscope"));
        w.saveSession(path);
        QVERIFY(o.settle());
        QVERIFY(!w.notes().has_unsaved());
        QCOMPARE(w.notes().all().size(), size_t(1));
        const Note note = w.notes().all()[0];
        Q_EMIT w.inspector().notes().editRequested(note.id, QStringLiteral("changed"));
        QCOMPARE(w.notes().all()[0].text, "changed");
        Q_EMIT w.inspector().notes().removeRequested(note.id);
        QVERIFY(w.notes().all().empty());
        // Bookmarks.
        w.actions()[Do::ToggleBookmark]->trigger();
        QCOMPARE(w.notes().bookmarks().size(), size_t(1));
        QVERIFY(w.actions()[Do::Bookmark1]->isEnabled());
        w.actions()[Do::NextInvocation]->trigger();
        const uint64_t elsewhere = w.navigator().hash();
        w.actions()[Do::Bookmark1]->trigger();
        QVERIFY(w.navigator().hash() != elsewhere);
    }

    // --- nothing that was written is lost or hidden

    void aTextThatIsNotSavedStays() {
        Opened o(
            {sessionFile("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, "
                         "'text TEXT NOT NULL', 'text TEXT NOT NULL CHECK (text NOT LIKE ''%refused%'')')")});
        MainWindow& w = o.window;
        QVERIFY(w.notes().has_file());
        QLineEdit& input = w.inspector().notes().input();
        input.setText(QStringLiteral("refused"));
        QTest::keyClick(&input, Qt::Key_Return);
        QCOMPARE(input.text(), QStringLiteral("refused"));
        QVERIFY(w.notes().all().empty());
        QVERIFY(w.findChild<QLabel*>(QStringLiteral("statusText"))->text().contains(QStringLiteral("CHECK")));
        input.setText(QStringLiteral("taken"));
        QTest::keyClick(&input, Qt::Key_Return);
        QVERIFY(input.text().isEmpty());
        QCOMPARE(w.notes().all().size(), size_t(1));
        // The same for a change; and what is being changed comes back with its note.
        auto* list = w.inspector().findChild<QListWidget*>(QStringLiteral("noteList"));
        list->setCurrentRow(0);
        w.inspector().findChild<QToolButton*>(QStringLiteral("noteEdit"))->click();
        QCOMPARE(input.text(), QStringLiteral("taken"));
        input.setText(QStringLiteral("refused too"));
        QTest::keyClick(&input, Qt::Key_Return);
        QCOMPARE(input.text(), QStringLiteral("refused too"));
        QCOMPARE(w.notes().all()[0].text, "taken");
        w.actions()[Do::NextInvocation]->trigger();
        QVERIFY(input.text().isEmpty());
        w.actions()[Do::PreviousInvocation]->trigger();
        QCOMPARE(input.text(), QStringLiteral("refused too"));
        input.setText(QStringLiteral("changed"));
        QTest::keyClick(&input, Qt::Key_Return);
        QCOMPARE(w.notes().all()[0].text, "changed");
        QVERIFY(input.text().isEmpty());
    }

    // Saved on the way out, but it fails: the window stays, with the notes, and a save that works later
    // closes nothing.
    void aFailedSaveKeepsTheWindowAndItsNotes() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        w.inspector().notes().input().setText(QStringLiteral("not to be lost"));
        QTest::keyClick(&w.inspector().notes().input(), Qt::Key_Return);
        QVERIFY(w.notes().has_unsaved());
        QTemporaryDir folder;
        const QString gone = folder.filePath(QStringLiteral("gone"));
        QVERIFY(QDir().mkpath(gone));
        int asked = 0, named = 0;
        QTimer person;
        person.setInterval(20);
        connect(&person, &QTimer::timeout, this, [&] {
            QWidget* at = QApplication::activeModalWidget();
            if (auto* box = qobject_cast<QMessageBox*>(at)) {
                ++asked;
                box->button(QMessageBox::Save)->click();
            } else if (auto* dialog = qobject_cast<QFileDialog*>(at)) {
                ++named;
                // The folder goes when it was chosen. (Not one of /proc: the dialog reads what lies there.)
                connect(dialog, &QDialog::accepted, this, [&] { QDir(gone).removeRecursively(); });
                dialog->selectFile(gone + QStringLiteral("/none.hopscope"));
                QMetaObject::invokeMethod(dialog, "accept");
            }
        });
        person.start();
        QVERIFY(!w.close());
        person.stop();
        QCOMPARE(asked, 1);
        QCOMPARE(named, 1);
        QVERIFY(o.settle());
        QVERIFY(w.isVisible());
        QVERIFY(w.lastError());
        QVERIFY(w.notes().has_unsaved());
        QCOMPARE(w.notes().all().size(), size_t(1));
        const QString path = folder.filePath(QStringLiteral("a.hopscope"));
        w.saveSession(path);
        QVERIFY(o.settle());
        QVERIFY(!w.notes().has_unsaved());
        QVERIFY(w.isVisible());
    }

    void notesThatCannotBeReadAreSaid() {
        Opened o({sessionFile("DROP TABLE note")});
        QVERIFY(o.window.document());
        const auto* problem = o.window.inspector().findChild<QLabel*>(QStringLiteral("noteProblem"));
        QVERIFY(problem->isVisible());
        QVERIFY2(problem->text().contains(QStringLiteral("the notes cannot be read")),
            qPrintable(problem->text()));
        o.window.closeDump();
        QVERIFY(!problem->isVisible());
    }

    // A note about a place that this dump does not have would be seen nowhere.
    void notesOfNoPlaceAreShown() {
        Opened o({sessionFile(
            "INSERT INTO note (address, text, created) VALUES ('7/7:forward@mm', 'far away', '')")});
        const auto* list = o.window.inspector().findChild<QListWidget*>(QStringLiteral("noteList"));
        QCOMPARE(list->count(), 1);
        QVERIFY(list->item(0)->text().contains(QStringLiteral("7/7:forward@mm")));
        QVERIFY(list->item(0)->text().contains(QStringLiteral("far away")));
    }

    // An arrow key asks memory: the tables are taken away, and notes and bookmarks are still shown.
    void anArrowKeyCostsNoQuery() {
        const QString path = sessionFile();
        Opened o({path});
        MainWindow& w = o.window;
        const NodeId first = NodeId(0);
        w.navigator().select_node(Pane::Left, first);
        Q_EMIT w.inspector().notes().addRequested(QStringLiteral("here"));
        w.actions()[Do::ToggleBookmark]->trigger();
        SQLite::Database(path.toStdString(), SQLite::OPEN_READWRITE)
            .exec("DROP TABLE note; DROP TABLE bookmark; DROP TABLE view");
        const auto* list = w.inspector().findChild<QListWidget*>(QStringLiteral("noteList"));
        w.actions()[Do::NextNode]->trigger();
        QCOMPARE(list->count(), 0);
        w.actions()[Do::PreviousNode]->trigger();
        QCOMPARE(w.navigator().state().node.node, first);
        QCOMPARE(list->count(), 1);
        QVERIFY(w.actions()[Do::Bookmark1]->isEnabled());
        QVERIFY(w.notes().unreadable().empty());
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

    void notesAreUndone_data() {
        QTest::addColumn<bool>("file");
        QTest::newRow("in memory") << false;
        QTest::newRow("in a session") << true;
    }
    void notesAreUndone() {
        QFETCH(bool, file);
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("a.hopscope"));
        if (file) {
            w.saveSession(path);
            QVERIFY(o.settle());
            QVERIFY(w.notes().has_file());
        }
        QAction* undo = w.actions()[Do::Undo];
        QAction* redo = w.actions()[Do::Redo];
        const auto texts = [&] {
            QStringList all;
            for (const Note& note : w.notes().all())
                all << QString::number(note.id) + QLatin1Char(' ') + QString::fromStdString(note.text);
            return all.join(QLatin1Char('|'));
        };
        QVERIFY(!undo->isEnabled());
        QVERIFY(undo->toolTip().contains(QStringLiteral("no note was changed")));
        QVERIFY(undo->toolTip().endsWith(QStringLiteral("(Ctrl+Z)")));
        QVERIFY(!redo->isEnabled());
        NotesPane& pane = w.inspector().notes();
        Q_EMIT pane.addRequested(QStringLiteral("one"));
        Q_EMIT pane.addRequested(QStringLiteral("two"));
        QCOMPARE(texts(), QStringLiteral("1 one|2 two"));
        Q_EMIT pane.editRequested(1, QStringLiteral("uno"));
        QCOMPARE(undo->text(), QStringLiteral("&Undo edit note"));
        Q_EMIT pane.editRequested(1, QStringLiteral("uno")); // changes nothing: no step
        Q_EMIT pane.removeRequested(1);
        QCOMPARE(texts(), QStringLiteral("2 two"));
        QCOMPARE(undo->text(), QStringLiteral("&Undo delete note"));
        QVERIFY(undo->toolTip().startsWith(QStringLiteral("Undo delete note")));
        const std::string here = w.navigator().current_address();
        w.actions()[Do::NextInvocation]->trigger(); // elsewhere: undo comes back to what it changes
        QVERIFY(w.navigator().current_address() != here);
        w.pane(Pane::Left).canvas().setFocus();
        QTest::keyClick(&w.pane(Pane::Left).canvas(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(texts(), QStringLiteral("1 uno|2 two"));
        QCOMPARE(w.navigator().current_address(), here);
        undo->trigger();
        QCOMPARE(texts(), QStringLiteral("1 one|2 two"));
        QVERIFY(w.notes().find(1)->changed.empty());
        undo->trigger();
        undo->trigger();
        QCOMPARE(texts(), QString());
        QVERIFY(!undo->isEnabled());
        for (int i = 0; i < 3; ++i) {
            QVERIFY(redo->isEnabled());
            redo->trigger();
        }
        QCOMPARE(texts(), QStringLiteral("1 uno|2 two"));
        QCOMPARE(redo->text(), QStringLiteral("&Redo delete note"));
        QTest::keyClick(&w.pane(Pane::Left).canvas(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(texts(), QStringLiteral("2 two"));
        QVERIFY(!redo->isEnabled());
        QVERIFY(redo->toolTip().contains(QStringLiteral("nothing was undone")));
        if (!file) { // the steps outlive the move into a file
            w.saveSession(path);
            QVERIFY(o.settle());
            undo->trigger();
            QCOMPARE(texts(), QStringLiteral("1 uno|2 two"));
            redo->trigger();
        }
        undo->trigger();
        QVERIFY(redo->isEnabled());
        Q_EMIT pane.addRequested(QStringLiteral("three")); // a new step ends what could be made again
        QVERIFY(!redo->isEnabled());
        w.closeDump();
        QVERIFY(!undo->isEnabled());
        w.openPaths({path}); // what was undone is what the file holds
        QVERIFY(o.settle());
        QCOMPARE(w.notes().all().size(), size_t(3));
        QVERIFY(!undo->isEnabled());
    }

    // Where text is written, Ctrl+Z is about the text.
    void textFieldsUndoTheirOwn() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        Q_EMIT w.inspector().notes().addRequested(QStringLiteral("one"));
        QLineEdit& input = w.inspector().notes().input();
        w.activateWindow();
        input.setFocus();
        QVERIFY(QTest::qWaitFor([&] { return input.hasFocus(); }, 5000));
        QTest::keyClicks(&input, QStringLiteral("draft"));
        QTest::keyClick(&input, Qt::Key_Z, Qt::ControlModifier);
        QVERIFY(input.text() != QStringLiteral("draft"));
        QTest::keyClick(&input, Qt::Key_Z, Qt::ControlModifier);
        QTest::keyClick(&input, Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(w.notes().all().size(), size_t(1));
    }

    void traceAndTextLogTogether() {
        const QString log = QStringLiteral(HOPSCOPE_TEST_DATA "/gpt12/torch_logs.txt.gz");
        Opened o({tracePath(QStringLiteral("gpt12")), log});
        QVERIFY(o.window.document());
        QVERIFY(o.window.document()->invocation(1).evidence & kTextLog);
    }

    void geometryAndThemeComeBack() {
        {
            Opened o;
            o.window.actions()[Do::ThemeDark]->trigger();
            QVERIFY(Theme::instance().isDark());
            o.window.findChild<QDockWidget*>(QStringLiteral("inspectorDock"))->hide();
            o.window.close();
        }
        applyTheme(*qApp, Mode::Light);
        {
            Opened o;
            QVERIFY(Theme::instance().isDark());
            QVERIFY(o.window.actions()[Do::ThemeDark]->isChecked());
            QVERIFY(o.window.findChild<QDockWidget*>(QStringLiteral("inspectorDock"))->isHidden());
            o.window.actions()[Do::DefaultLayout]->trigger();
            QVERIFY(!o.window.findChild<QDockWidget*>(QStringLiteral("inspectorDock"))->isHidden());
            o.window.actions()[Do::ThemeLight]->trigger();
            o.window.close();
        }
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

    void keyList() {
        Opened o;
        o.window.actions()[Do::KeyList]->trigger();
        auto* list = o.window.findChild<KeyList*>();
        QVERIFY(list);
        QVERIFY(list->table().rowCount() > 60);
        const auto shown = [&](const char* text) {
            list->search().setText(QString::fromLatin1(text));
            int rows = 0;
            for (int row = 0; row < list->table().rowCount(); ++row)
                rows += !list->table().isRowHidden(row);
            return rows;
        };
        QCOMPARE(shown("next invocation"), 3); // next, next reused, next traced
        // By the names that stand in the menus, too.
        for (const QAction* action : o.window.actions().all()) {
            QString name = action->text().remove(QLatin1Char('&'));
            name.remove(QChar(0x2026));
            QVERIFY2(shown(name.toUtf8()) > 0, qPrintable(name));
        }
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

    void screenshotTwiceTheSame() {
        QTemporaryDir folder;
        QByteArray bytes[2];
        for (int i = 0; i < 2; ++i) {
            MainWindow::Options options;
            options.reproducible = true;
            MainWindow window(options);
            window.resize(1200, 800);
            window.show();
            window.openPaths({tracePath(QStringLiteral("dup_tangents"))});
            bool done = false;
            whenIdle(window, [&] { done = true; });
            QTRY_VERIFY_WITH_TIMEOUT(done, 30000);
            const QString path = folder.filePath(QString::number(i) + QStringLiteral(".png"));
            QString error;
            QVERIFY2(writeScreenshot(window, path, &error), qPrintable(error));
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadOnly));
            bytes[i] = file.readAll();
        }
        QVERIFY(bytes[0] == bytes[1]);
        const QImage image = QImage::fromData(bytes[0]);
        QCOMPARE(image.size(), QSize(1200, 800));
    }

    // --- faults that were mended, one test each

    // No larger than the screen, and as large as it was left.
    void theWindowFitsTheScreenAndKeepsItsSize() {
        QSize left;
        {
            MainWindow window{MainWindow::Options{}};
            const QSize room = window.screen()->availableGeometry().size();
            QVERIFY(window.width() <= room.width() && window.height() <= room.height());
            window.show();
            window.resize(window.minimumSizeHint() + QSize(40, 30));
            left = window.size();
            window.close();
        }
        MainWindow again{MainWindow::Options{}};
        QCOMPARE(again.size(), left);
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

    void keysLeaveTheNoteField_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("key");
        QTest::newRow("Return after a note") << QStringLiteral("a note") << int(Qt::Key_Return);
        QTest::newRow("Return without one") << QString() << int(Qt::Key_Return);
        QTest::newRow("Esc") << QStringLiteral("half a no") << int(Qt::Key_Escape);
    }
    void keysLeaveTheNoteField() {
        QFETCH(QString, text);
        QFETCH(int, key);
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        w.activateWindow();
        w.actions()[Do::AddNote]->trigger();
        QLineEdit& input = w.inspector().notes().input();
        QTRY_VERIFY(input.hasFocus());
        QTest::keyClicks(&input, text);
        QTest::keyClick(&input, Qt::Key(key));
        QVERIFY(!input.hasFocus());
        QVERIFY(w.pane(Pane::Left).canvas().hasFocus());
        QCOMPARE(w.notes().all().size(), size_t(key == Qt::Key_Return && !text.isEmpty()));
        QCOMPARE(input.text(), key == Qt::Key_Escape ? text : QString()); // nothing is lost
    }

    void exportsFromTextFields() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        w.activateWindow();
        for (QLineEdit* field : {&w.inspector().notes().input(), &w.ledger().filterEdit()}) {
            field->setFocus();
            QTRY_VERIFY(field->hasFocus());
            QTest::keyClick(field, Qt::Key_E, Qt::ControlModifier);
            auto* dialog = w.findChild<ExportDialog*>();
            QVERIFY2(dialog && dialog->isVisible(), qPrintable(field->objectName()));
            delete dialog;
        }
    }

    // What the body is one half of goes out beside it; a body that is no half cannot.
    void exportsBothHalves() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        o.window.actions()[Do::Export]->trigger();
        auto* dialog = o.window.findChild<ExportDialog*>();
        QVERIFY(dialog);
        auto* backward = dialog->findChild<QCheckBox*>(QStringLiteral("exportWithBackward"));
        auto* repeats = dialog->findChild<QCheckBox*>(QStringLiteral("exportFoldRepeats"));
        QVERIFY(backward && repeats);
        dialog->setPath(QStringLiteral("/tmp/a.svg"));
        const bool half = has_other_half(o.window.document()->dump(), dialog->request().place);
        QCOMPARE(backward->isEnabled(), half);
        backward->setChecked(true);
        QCOMPARE(dialog->request().choice.with_backward, half);
        QCOMPARE(repeats->isEnabled(), !half);
        dialog->setPath(QStringLiteral("/tmp/a.json"));
        QVERIFY(!dialog->request().choice.with_backward);
    }

    // No text of a dialog shows the mark of its key.
    void labelsHaveTheirBuddies() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        o.window.actions()[Do::Export]->trigger();
        auto* dialog = o.window.findChild<ExportDialog*>();
        QVERIFY(dialog);
        int marked = 0;
        for (const QLabel* label : dialog->findChildren<QLabel*>()) {
            if (!label->text().contains(QLatin1Char('&')))
                continue;
            ++marked;
            QVERIFY2(label->buddy(), qPrintable(label->text()));
        }
        QVERIFY(marked >= 4);
    }

    // A dock behind another's tab comes to the front; in front, it goes; gone, it comes back.
    void dockKeysRaiseBeforeTheyClose() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        w.activateWindow();
        w.docks().arrange();
        QVERIFY(o.settle());
        const QWidget& problems = w.problems();
        QVERIFY(!w.ledger().visibleRegion().isEmpty());
        QVERIFY(problems.visibleRegion().isEmpty());
        const auto press = [&] {
            QTest::keyClick(&w, Qt::Key_3, Qt::AltModifier);
            QCoreApplication::processEvents();
        };
        press();
        QTRY_VERIFY(!problems.visibleRegion().isEmpty());
        press();
        QTRY_VERIFY(problems.isHidden() || problems.parentWidget()->isHidden());
        press();
        QTRY_VERIFY(!problems.visibleRegion().isEmpty());
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

    // Every text of every action can be translated.
    void actionsAreTranslated() {
        struct Shouting : QTranslator {
            QString translate(const char* context, const char* text, const char*, int) const override {
                return qstrcmp(context, "hopscope::Actions") == 0 ? QString::fromUtf8(text).toUpper()
                                                                  : QString();
            }
            bool isEmpty() const override { return false; }
        } shouting;
        QCoreApplication::installTranslator(&shouting);
        Opened o;
        QCoreApplication::removeTranslator(&shouting);
        for (const QAction* action : o.window.actions().all()) {
            // Those that name what they are about are other texts by now.
            if (action->objectName().startsWith(QStringLiteral("go.bookmark"))
                || action->objectName() == QStringLiteral("run.watch")
                || action->objectName() == QStringLiteral("edit.undo")
                || action->objectName() == QStringLiteral("edit.redo"))
                continue;
            QCOMPARE(action->text(), action->text().toUpper());
            QCOMPARE(action->property("tip").toString(), action->property("tip").toString().toUpper());
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
    // A session of mlp4, changed by SQL before it is opened.
    QString sessionFile(const char* sql = nullptr) {
        const QString path = config_.filePath(QStringLiteral("s%1.hopscope").arg(++sessions_));
        const std::shared_ptr<const Document> document = openDocument(QStringLiteral("mlp4"));
        if (!Session::create(path.toStdString(), document->dump(), document->ledger()).ok())
            return {};
        if (sql)
            SQLite::Database(path.toStdString(), SQLite::OPEN_READWRITE).exec(sql);
        return path;
    }

    QTemporaryDir config_;
    int sessions_ = 0;
};

QTEST_MAIN(TestMainWindow)
#include "tst_mainwindow.moc"
