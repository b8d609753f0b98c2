// Notes and bookmarks in the window: nothing that was written is lost or hidden.
#include "tests/views/window.h"

#include "views/inspector/inspector.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"

#include "core/session/session.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <QApplication>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMessageBox>
#include <QTemporaryDir>
#include <QTimer>
#include <QToolButton>

using namespace hopscope;

class TestNotesWindow : public QObject {
    Q_OBJECT

private slots:
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
        Opened o({changedSession(
            "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, "
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
        Opened o({changedSession("DROP TABLE note")});
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
        Opened o({changedSession(
            "INSERT INTO note (address, text, created) VALUES ('7/7:forward@mm', 'far away', '')")});
        const auto* list = o.window.inspector().findChild<QListWidget*>(QStringLiteral("noteList"));
        QCOMPARE(list->count(), 1);
        QVERIFY(list->item(0)->text().contains(QStringLiteral("7/7:forward@mm")));
        QVERIFY(list->item(0)->text().contains(QStringLiteral("far away")));
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

private:
    // A session of mlp4, changed by SQL before it is opened.
    QString changedSession(const char* sql) {
        const QString path = sessionFile(settings_.folder, QStringLiteral("s%1").arg(++sessions_));
        SQLite::Database(path.toStdString(), SQLite::OPEN_READWRITE).exec(sql);
        return path;
    }

    int sessions_ = 0;
    OwnSettings settings_;
};

QTEST_MAIN(TestNotesWindow)
#include "tst_notes_window.moc"
