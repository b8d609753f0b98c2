// Notes and bookmarks: nothing that the user wrote may be lost or hidden, whatever a session refuses.
#include "tests/browse/dumps.h"

#include "core/browse/note_history.h"
#include "core/browse/notes.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <QTemporaryDir>
#include <QTest>

using namespace hopscope;

namespace {
// What a full disk, a broken page or another program may do to a table: it takes no row with "refused" in it.
const char* const kRefuse =
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_master SET sql = replace(sql, 'text TEXT NOT NULL', "
    "'text TEXT NOT NULL CHECK (text NOT LIKE ''%refused%'')') WHERE name = 'note';"
    "UPDATE sqlite_master SET sql = replace(sql, 'label TEXT NOT NULL', "
    "'label TEXT NOT NULL CHECK (label NOT LIKE ''%refused%'')') WHERE name = 'bookmark'";
const char* const kTakeAgain =
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_master SET sql = replace(replace(sql, ' CHECK (text NOT LIKE ''%refused%'')', ''), "
    "' CHECK (label NOT LIKE ''%refused%'')', '');"
    "PRAGMA schema_version = 9999";
} // namespace

class TestNotes : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    std::shared_ptr<const Document> document_;
    std::string here_, there_; // addresses of two nodes
    int files_ = 0;

    // A new session of the document, changed by `sql` before it is opened.
    std::string file(std::initializer_list<const char*> sql = {}) {
        const std::string path = folder_.filePath(QString("%1.hopscope").arg(++files_)).toStdString();
        if (!Session::create(path, document_->dump(), document_->ledger()).ok())
            return {};
        execute(path, sql);
        return path;
    }
    static void execute(const std::string& path, std::initializer_list<const char*> sql) {
        SQLite::Database db(path, SQLite::OPEN_READWRITE);
        for (const char* statement : sql)
            db.exec(statement);
    }
    static std::unique_ptr<Session> open(const std::string& path, OpenMode mode = OpenMode::Write) {
        Result<std::unique_ptr<Session>> session = Session::open(path, mode);
        return session ? std::move(*session) : nullptr;
    }
    NoteStore store() const {
        NoteStore store;
        store.set_document(document_);
        return store;
    }
    static QStringList texts(const std::vector<Note>& notes) {
        QStringList out;
        for (const Note& note : notes)
            out << QString::fromStdString(std::to_string(note.id) + " " + note.text);
        return out;
    }
    static QStringList texts(const std::string& path) {
        return texts(open(path, OpenMode::Read)->notes().value());
    }

private slots:
    void initTestCase() {
        document_ = openDocument("mlp4");
        QVERIFY(document_);
        const GraphId graph(0);
        here_ = document_->address({graph, BodyId(0), NodeId(0)});
        there_ = document_->address({graph, BodyId(0), NodeId(1)});
        QVERIFY(!here_.empty() && here_ != there_);
    }

    // Notes were cleared even when writing them into the session had failed.
    void whatASessionRefusesStays() {
        NoteStore notes = store();
        QVERIFY(notes.add(here_, "one").ok());
        QVERIFY(notes.add(here_, "refused").ok());
        QVERIFY(notes.add(there_, "three").ok());
        QVERIFY(notes.toggle_bookmark(here_, "refused").ok());
        QCOMPARE(notes.unsaved(), size_t(4));
        const std::string path = file({kRefuse});
        const Status status = notes.attach(open(path));
        QVERIFY(!status.ok());
        QVERIFY2(status.error().message.starts_with("1 note and 1 bookmark could not be written"),
            status.error().message.c_str());
        QVERIFY(status.error().message.find("CHECK") != std::string::npos);
        // All is still here; what the file lacks is known to be unsaved.
        QCOMPARE(texts(notes.all()), QStringList({"1 one", "2 refused", "3 three"}));
        QCOMPARE(notes.bookmark_at(1), here_);
        QVERIFY(notes.has_unsaved());
        QCOMPARE(notes.unsaved(), size_t(2));
        QCOMPARE(texts(path), QStringList({"1 one", "3 three"}));
        // It can be changed, and saved once there is room.
        QVERIFY(notes.edit(2, "refused still").ok());
        QVERIFY(!notes.save_unsaved().ok());
        execute(path, {kTakeAgain});
        QVERIFY(notes.save_unsaved().ok());
        QVERIFY(!notes.has_unsaved());
        QCOMPARE(texts(path), QStringList({"1 one", "2 refused still", "3 three"}));
        QCOMPARE(open(path, OpenMode::Read)->bookmarks()->size(), size_t(1));
    }

    // The same where the session cannot be written at all.
    void aReadOnlySessionTakesNothing() {
        NoteStore notes = store();
        QVERIFY(notes.add(here_, "one").ok());
        QVERIFY(!notes.attach(open(file(), OpenMode::Read)).ok());
        QVERIFY(notes.read_only());
        QVERIFY(notes.has_unsaved());
        QCOMPARE(texts(notes.all()), QStringList("1 one"));
    }

    // A session saved under another name dropped what it could not write, and said "Saved".
    void anotherSessionTakesAllAlong() {
        const std::string first = file();
        NoteStore notes = store();
        QVERIFY(notes.attach(open(first)).ok());
        QVERIFY(notes.add(here_, "one").ok());
        QVERIFY(notes.add(here_, "refused").ok());
        QVERIFY(notes.toggle_bookmark(there_, "mark").ok());
        QVERIFY(!notes.has_unsaved());
        // A bookmark of a place that this dump does not have goes along as well.
        execute(first,
            {"INSERT INTO bookmark (slot, address, label, created) VALUES (7, '7/7:forward', 'far', '')"});
        QVERIFY(notes.attach(open(first)).ok());
        const std::string second = file({kRefuse});
        const Status status = notes.attach(open(second));
        QVERIFY(!status.ok());
        QVERIFY(status.error().message.starts_with("1 note could not be written and is kept in memory only"));
        QCOMPARE(texts(notes.all()), QStringList({"1 one", "2 refused"}));
        QCOMPARE(notes.unsaved(), size_t(1));
        QCOMPARE(notes.bookmark_at(7), std::string("7/7:forward"));
        QCOMPARE(texts(second), QStringList("1 one"));
        QCOMPARE(open(second, OpenMode::Read)->bookmarks()->size(), size_t(2));
    }

    // A number that the session has given to another note is not taken from it.
    void numbersDoNotCollide() {
        const std::string path = file();
        {
            NoteStore other = store();
            QVERIFY(other.attach(open(path)).ok());
            QVERIFY(other.add(here_, "theirs").ok());
            QVERIFY(other.toggle_bookmark(here_, "theirs").ok());
        }
        NoteStore notes = store();
        QVERIFY(notes.add(there_, "mine").ok());
        QVERIFY(notes.add(there_, "mine too").ok());
        QVERIFY(notes.toggle_bookmark(there_, "mine").ok());
        QVERIFY(notes.attach(open(path)).ok());
        QCOMPARE(texts(path), QStringList({"1 theirs", "2 mine too", "3 mine"}));
        QCOMPARE(texts(notes.all()), texts(path));
        QCOMPARE(notes.bookmark_at(1), here_);
        QCOMPARE(notes.bookmark_at(2), there_);
        // What is there already is not written twice.
        QVERIFY(notes.attach(open(path)).ok());
        QCOMPARE(texts(path).size(), qsizetype(3));
    }

    void tenthBookmarkBecomesANote() {
        const std::string path = file();
        const auto address = [&](size_t node) {
            return document_->address({GraphId(0), BodyId(0), NodeId(node)});
        };
        {
            NoteStore other = store();
            QVERIFY(other.attach(open(path)).ok());
            for (size_t i = 0; i < 9; ++i)
                QVERIFY(other.toggle_bookmark(address(i), "theirs").ok());
            QVERIFY(!other.toggle_bookmark(address(9), "too many").ok());
        }
        NoteStore notes = store();
        QVERIFY(notes.toggle_bookmark(address(9), "mine").ok());
        QVERIFY(notes.attach(open(path)).ok());
        QCOMPARE(texts(path), QStringList("1 bookmark: mine"));
        QVERIFY(!notes.has_unsaved());
    }

    // A read error showed as "no notes".
    void aReadErrorIsSaid() {
        const std::string path = file();
        std::unique_ptr<Session> session = open(path);
        execute(path, {"DROP TABLE note"});
        NoteStore notes = store();
        const Status status = notes.attach(std::move(session));
        QVERIFY(!status.ok());
        QVERIFY(QString::fromStdString(notes.unreadable()).contains("the notes cannot be read"));
        QVERIFY(QString::fromStdString(notes.unreadable()).contains(QString::fromStdString(path)));
        // A copy of that session lacks them: it is still said.
        QVERIFY(!notes.attach(open(file())).ok());
        QVERIFY(!notes.unreadable().empty());
        notes.clear();
        QVERIFY(notes.unreadable().empty());
    }

    void aChangeThatFailsChangesNothing() {
        const std::string path = file({kRefuse});
        NoteStore notes = store();
        NoteHistory history(&notes);
        QVERIFY(notes.attach(open(path)).ok());
        QVERIFY(history.add(here_, "one").ok());
        QVERIFY(!history.edit(1, "refused").ok());
        QVERIFY(!history.add(here_, "refused").ok());
        QVERIFY(!history.remove(5).ok());
        QVERIFY(!history.edit(5, "x").ok());
        QCOMPARE(texts(notes.all()), QStringList("1 one"));
        QVERIFY(!notes.has_unsaved());
        QVERIFY(history.undo().ok());
        QVERIFY(!history.can_undo()); // the failed ones were no steps
        QVERIFY(!history.undo().ok());
    }

    void undoAndRedo_data() {
        QTest::addColumn<bool>("in_file");
        QTest::newRow("in memory") << false;
        QTest::newRow("in a session") << true;
    }
    void undoAndRedo() {
        QFETCH(bool, in_file);
        NoteStore notes = store();
        NoteHistory history(&notes);
        const std::string path = file();
        if (in_file)
            QVERIFY(notes.attach(open(path)).ok());
        QVERIFY(history.add(here_, "one").ok());
        QVERIFY(history.add(there_, "two").ok());
        QVERIFY(history.edit(1, "uno").ok());
        QVERIFY(history.edit(1, "uno").ok()); // changes nothing: no step
        QVERIFY(history.remove(2).ok());
        QVERIFY(history.undo_kind() == NoteHistory::Kind::Remove);
        QCOMPARE(*history.undo(), there_);
        QCOMPARE(texts(notes.all()), QStringList({"1 uno", "2 two"}));
        QCOMPARE(*history.undo(), here_);
        QCOMPARE(texts(notes.all()), QStringList({"1 one", "2 two"}));
        QVERIFY(notes.find(1)->changed.empty());
        QVERIFY(history.undo().ok());
        QVERIFY(history.undo().ok());
        QVERIFY(notes.all().empty());
        for (int i = 0; i < 4; ++i)
            QVERIFY(history.redo().ok());
        QCOMPARE(texts(notes.all()), QStringList("1 uno"));
        QVERIFY(!history.redo_kind());
        if (in_file)
            QCOMPARE(texts(path), QStringList("1 uno"));
        QVERIFY(history.undo().ok());
        QVERIFY(history.add(here_, "three").ok());
        QVERIFY(!history.can_redo());
        QVERIFY(notes.find(3)); // a number is never given twice
    }

    // After the session is attached, looking up asks memory: the tables are taken away, and all is still
    // known.
    void lookingUpCostsNoQuery() {
        const std::string path = file();
        NoteStore notes = store();
        QVERIFY(notes.attach(open(path)).ok());
        QVERIFY(notes.add(here_, "one").ok());
        QVERIFY(notes.toggle_bookmark(there_, "mark").ok());
        execute(path, {"DROP TABLE note", "DROP TABLE bookmark"});
        QVERIFY(!notes.session()->notes().ok());
        QCOMPARE(notes.all().size(), size_t(1));
        QCOMPARE(notes.at(here_).size(), size_t(1));
        QVERIFY(notes.at(there_).empty());
        QCOMPARE(notes.bookmark_at(1), there_);
        QCOMPARE(notes.marked(GraphId(0), BodyId(0)), std::vector<NodeId>({NodeId(0), NodeId(1)}));
        QVERIFY(notes.unreadable().empty());
    }

    // Whoever writes a note from the command line may spell an address in more words.
    void everySpellingOfAPlace() {
        const std::string path = file();
        std::string longer = here_;
        longer.insert(longer.find('@'), "#0");
        if (longer.find("#0") == std::string::npos || !resolve(document_->dump(), longer))
            QSKIP("the graph has no longer address");
        execute(path,
            {("INSERT INTO note (address, text, created) VALUES ('" + longer + "', 'from afar', '')").c_str(),
                "INSERT INTO note (address, text, created) VALUES ('7/7:forward@mm', 'nowhere', '')"});
        NoteStore notes = store();
        QVERIFY(notes.attach(open(path)).ok());
        QCOMPARE(texts(notes.at(here_)), QStringList("1 from afar"));
        QCOMPARE(notes.marked(GraphId(0), BodyId(0)), std::vector<NodeId>{NodeId(0)});
        // One about a place that the dump does not have is told apart, not hidden.
        QCOMPARE(texts(notes.elsewhere()), QStringList("2 nowhere"));
    }

    void addressesAreChecked() {
        NoteStore notes = store();
        QVERIFY(!notes.add("no address", "x").ok());
        QVERIFY(!notes.add("7/7:forward", "x").ok());
        QVERIFY(!notes.toggle_bookmark("7/7:forward", "x").ok());
        QVERIFY(notes.all().empty());
        NoteStore nothing;
        QVERIFY(!nothing.add(here_, "x").ok());
    }

    // What is unsaved outlives a reload of the file, and comes into it then.
    void reloadKeepsWhatIsUnsaved() {
        const std::string path = file({kRefuse});
        NoteStore notes = store();
        QVERIFY(notes.add(here_, "refused").ok());
        QVERIFY(!notes.attach(open(path)).ok());
        QVERIFY(notes.add(there_, "two").ok());
        notes.detach();
        QCOMPARE(texts(notes.all()), QStringList("1 refused"));
        execute(path, {kTakeAgain});
        QVERIFY(notes.attach(open(path)).ok());
        QCOMPARE(texts(path), QStringList({"1 refused", "2 two"}));
        QVERIFY(!notes.has_unsaved());
    }
};

QTEST_GUILESS_MAIN(TestNotes)
#include "tst_notes.moc"
