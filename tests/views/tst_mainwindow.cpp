// The window as a whole: its actions, keys, docks, size and language; one scenario from opening to export.
#include "tests/views/window.h"

#include "views/base/findbar.h"
#include "views/bodytext/bodytext.h"
#include "views/export/exportdialog.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsview.h"
#include "views/shell/docks.h"
#include "views/shell/keylist.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/startpage.h"

#include "core/export/picture.h"
#include "core/session/session.h"

#include <QApplication>
#include <QDockWidget>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QTemporaryDir>
#include <QToolBar>
#include <QToolButton>
#include <QTranslator>

using namespace hopscope;

class TestMainWindow : public QObject {
    Q_OBJECT

private slots:
    void startPage() {
        Opened o;
        QVERIFY(o.window.startPage().isVisible());
        QVERIFY(!o.window.actions()[Do::Export]->isEnabled());
        QVERIFY(o.window.actions()[Do::Export]->toolTip().contains(QStringLiteral("no dump is open")));
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

    // Pinned, the inspector keeps its page; let go, it is where the selection is. Another dump lets it go.
    void inspectorCanBePinned() {
        Opened o({tracePath(QStringLiteral("gpt12"))});
        MainWindow& w = o.window;
        Navigator& n = w.navigator();
        const Place body = n.pane(Pane::Left);
        const auto select = [&](const char* name) {
            n.select_node(
                Pane::Left, find_node(w.document()->module(body.graph), w.document()->body(body), name));
            w.state().flush();
        };
        select("addmm");
        const QString page = w.inspector().text();
        QVERIFY(page.startsWith(QStringLiteral("addmm")));
        w.inspector().setPinned(true);
        select("view");
        QCOMPARE(w.inspector().text(), page);
        QCOMPARE(n.state().node.node,
            find_node(w.document()->module(body.graph), w.document()->body(body), "view"));
        w.inspector().setPinned(false);
        QVERIFY(w.inspector().text().startsWith(QStringLiteral("view")));
        w.inspector().setPinned(true);
        w.openPaths({tracePath(QStringLiteral("mlp4"))});
        QVERIFY(o.settle());
        QVERIFY(!w.inspector().isPinned());
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
        w.docks().arrange(Docks::Arrangement::Default);
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

private:
    OwnSettings settings_;
};

QTEST_MAIN(TestMainWindow)
#include "tst_mainwindow.moc"
