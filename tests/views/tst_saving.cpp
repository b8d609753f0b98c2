// Saving what is open as a session: what cannot be written is said and stays, and can be saved later.
#include "tests/views/window.h"

#include "views/inspector/inspector.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QThread>

using namespace hopscope;

namespace {

// A table that takes no note, as a full disk would not; and one that does again.
const char* const kRefuseNotes =
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_master SET sql = replace(sql, 'text TEXT NOT NULL', 'text TEXT NOT NULL CHECK (0)') "
    "WHERE name = 'note';"
    "PRAGMA schema_version = 9998";
const char* const kTakeNotes = "PRAGMA writable_schema = ON;"
                               "UPDATE sqlite_master SET sql = replace(sql, ' CHECK (0)', '');"
                               "PRAGMA schema_version = 9999";

// Another program's change of a session that is open here.
void execute(const QString& path, const char* sql) {
    SQLite::Database(path.toStdString(), SQLite::OPEN_READWRITE, 10000).exec(sql);
}

QString status(const MainWindow& window) {
    return window.findChild<QLabel*>(QStringLiteral("statusText"))->text();
}

void note(MainWindow& window, const QString& text) {
    window.inspector().notes().input().setText(text);
    QTest::keyClick(&window.inspector().notes().input(), Qt::Key_Return);
}

// Saves, and changes the new file before the window takes it: nothing of the window runs meanwhile.
bool saveAndChange(MainWindow& window, const QString& path, const char* sql) {
    window.saveSession(path);
    for (int i = 0; i < 3000 && !QFile::exists(path); ++i)
        QThread::msleep(10);
    if (!QFile::exists(path))
        return false;
    execute(path, sql);
    return QTest::qWaitFor([&] { return window.idle(); }, 30000);
}

QStringList notesIn(const QString& path) {
    QStringList texts;
    const auto session = Session::open(path.toStdString(), OpenMode::Read);
    if (!session)
        return {QString::fromStdString(session.error().text())};
    const auto notes = (*session)->notes();
    if (!notes)
        return {QString::fromStdString(notes.error().text())};
    for (const Note& note : *notes)
        texts << QString::fromStdString(note.text);
    return texts;
}

} // namespace

class TestSaving : public QObject {
    Q_OBJECT

private slots:
    // Save As drops no note that the new file refuses: it is said, kept, and written once there is room.
    void saveAsWithNotesThatFail() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        note(w, QStringLiteral("not to be lost"));
        const QString path = settings_.folder.filePath(QStringLiteral("full.hopscope"));
        QVERIFY(saveAndChange(w, path, kRefuseNotes));
        QVERIFY2(w.lastError(), qPrintable(status(w)));
        QVERIFY2(w.lastError()->message.find("CHECK") != std::string::npos, w.lastError()->text().c_str());
        QVERIFY(w.notes().has_file());
        QVERIFY(w.notes().has_unsaved());
        QVERIFY(w.windowTitle().contains(QLatin1Char('*')));
        QCOMPARE(notesIn(path), QStringList());
        // Again, in vain: said, not "saved".
        w.saveSession(path);
        QVERIFY(o.settle());
        QVERIFY2(status(w).contains(QStringLiteral("CHECK")), qPrintable(status(w)));
        QVERIFY(w.notes().has_unsaved());
        execute(path, kTakeNotes);
        w.saveSession(path);
        QVERIFY(o.settle());
        QVERIFY2(status(w).contains(QStringLiteral("Everything is in")), qPrintable(status(w)));
        QVERIFY(!w.notes().has_unsaved());
        QVERIFY(!w.windowTitle().contains(QLatin1Char('*')));
        QCOMPARE(notesIn(path), QStringList(QStringLiteral("not to be lost")));
    }

    // A save that cannot begin says why and where, and leaves the window as it was.
    void aFolderThatIsNotThere() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        note(w, QStringLiteral("kept"));
        const QString path = settings_.folder.filePath(QStringLiteral("nowhere/a.hopscope"));
        w.saveSession(path);
        QVERIFY(o.settle());
        QVERIFY(w.lastError());
        QVERIFY2(w.lastError()->text().find("nowhere") != std::string::npos, w.lastError()->text().c_str());
        QVERIFY(!w.notes().has_file());
        QVERIFY(w.notes().has_unsaved());
        QVERIFY(!QFile::exists(path));
        // What comes after it is no error any more.
        const QString good = settings_.folder.filePath(QStringLiteral("good.hopscope"));
        w.saveSession(good);
        QVERIFY(o.settle());
        QVERIFY(!w.lastError());
        QCOMPARE(notesIn(good), QStringList(QStringLiteral("kept")));
    }

    // A damaged session is shown and not written to; saved under another name it takes everything along.
    void aReadOnlySessionIsSavedElsewhere() {
        const QString path = sessionFile(settings_.folder, QStringLiteral("damaged"));
        execute(path, "INSERT INTO note (address, text, created) VALUES ('0/0:forward', 'old', '')");
        execute(path, "PRAGMA wal_checkpoint(TRUNCATE)");
        // The root page of some table becomes nonsense: found by the look at all pages.
        QByteArray bytes = test::bytesOf(path);
        bytes.replace((bytes.size() / 4096 - 2) * 4096, 200, QByteArray(200, '\x11'));
        QVERIFY(test::writeFile(path, bytes));
        Opened o({path});
        MainWindow& w = o.window;
        QVERIFY(w.document());
        QVERIFY(w.notes().read_only());
        QVERIFY(w.inspector().notes().input().isReadOnly()); // and says why to who types
        QVERIFY(!w.actions()[Do::AddNote]->isEnabled());
        QVERIFY2(w.actions()[Do::AddNote]->toolTip().contains(QStringLiteral("cannot be written")),
            qPrintable(w.actions()[Do::AddNote]->toolTip()));
        w.navigator().select_invocation(2);
        QVERIFY(o.settle());
        w.saveSession(path); // into itself: the view cannot be kept, and nothing is written
        QVERIFY(o.settle());
        QCOMPARE(test::bytesOf(path), bytes);

        const QString other = settings_.folder.filePath(QStringLiteral("other.hopscope"));
        w.saveSession(other);
        QVERIFY(o.settle());
        QVERIFY2(!w.lastError(), w.lastError() ? w.lastError()->text().c_str() : "");
        QVERIFY(!w.notes().read_only());
        note(w, QStringLiteral("new"));
        QCOMPARE(notesIn(other), QStringList({QStringLiteral("old"), QStringLiteral("new")}));
        QCOMPARE(test::bytesOf(path), bytes);
    }

private:
    OwnSettings settings_;
};

QTEST_MAIN(TestSaving)
#include "tst_saving.moc"
