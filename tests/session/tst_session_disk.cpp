// Whatever call to the disk fails, nothing acknowledged is lost and every failure is told.
#include "core/session/session.h"
#include "tests/session/failing_disk.h"
#include "tests/session/samples.h"

#include <QtTest>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

using namespace hopscope;
using namespace hopscope::test;

Q_DECLARE_METATYPE(hopscope::test::DiskFault)

namespace {

constexpr const char* kPlace = "0/0:forward@getitem";
// A change that needs more calls than this would be a loop.
constexpr size_t kMostCalls = 2000;

// What the user was told is kept, and what may be there besides: a change that was refused at its very end,
// after its bytes had reached the disk.
struct Model {
    std::map<int64_t, std::string> notes;
    std::map<int, std::string> bookmarks;
    std::set<int64_t> runs;
    std::set<int64_t> uncertain; // notes whose last change was refused: as before or as asked for
    size_t refused = 0;
    std::vector<Error> errors;
};

StoredRun some_run() {
    StoredRun run;
    run.address = "0/0:forward";
    run.verdict = "same";
    return run;
}

// Enough to make the WAL grow over several pages.
std::vector<StoredRunValue> some_values() {
    std::vector<StoredRunValue> values(20);
    for (size_t i = 0; i < values.size(); ++i) {
        values[i].path = "node_" + std::to_string(i);
        values[i].dtype = "float32";
        for (size_t k = 0; k < 3000; ++k)
            values[i].tensor += static_cast<char>((k * k * 31 + i * 7 + k / 3) % 251);
    }
    return values;
}

void refuse(Model& model, const Error& error) {
    ++model.refused;
    model.errors.push_back(error);
}

// A small day's work. Each change that succeeds goes into the model.
void work(Session& session, const Dump& dump, Model& model) {
    const auto first = session.add_note(dump, kPlace, "first");
    first.ok() ? void(model.notes[*first] = "first") : refuse(model, first.error());
    const auto second = session.add_note(dump, kPlace, std::string(9000, 'x'));
    second.ok() ? void(model.notes[*second] = std::string(9000, 'x')) : refuse(model, second.error());
    if (first.ok()) {
        const Status edited = session.edit_note(*first, "edited");
        edited ? void(model.notes[*first] = "edited") : refuse(model, edited.error());
        if (!edited)
            model.uncertain.insert(*first);
    }
    const Status set = session.set_bookmark(dump, 3, kPlace, "three");
    set ? void(model.bookmarks[3] = "three") : refuse(model, set.error());
    const auto run = session.add_run(dump, some_run(), some_values());
    run.ok() ? void(model.runs.insert(*run)) : refuse(model, run.error());
    if (second.ok()) {
        const Status removed = session.remove_note(*second);
        removed ? void(model.notes.erase(*second)) : refuse(model, removed.error());
        if (!removed)
            model.uncertain.insert(*second);
    }
    if (const Status view = session.set_view("window", "{}"); !view)
        refuse(model, view.error());
}

bool tells_of_damage(const std::vector<Problem>& problems) {
    return std::any_of(problems.begin(), problems.end(),
        [](const Problem& problem) { return problem.message.starts_with("session: "); });
}

std::string spelled(const Error& error) {
    return std::to_string(static_cast<int>(error.kind)) + " " + error.text();
}

} // namespace

class TestSessionDisk : public QObject {
    Q_OBJECT

private:
    // In memory where there is such a folder: some 800 files are made.
    QTemporaryDir folder_{QFileInfo("/dev/shm").isWritable() ? "/dev/shm/hopscope-XXXXXX" : QString()};
    Dump dump_ = hand_made();
    std::string fresh_;

    std::string path(const char* name) const { return folder_.filePath(name).toStdString(); }

    std::string copy_of_fresh() {
        const QString to = folder_.filePath("work.hopscope");
        for (const char* end : {"", "-wal", "-shm", "-journal"})
            QFile::remove(to + end);
        QFile::copy(QString::fromStdString(fresh_), to);
        return to.toStdString();
    }

    // What a later program finds.
    void holds(const std::string& path, const Model& model, OpenMode mode) {
        const auto session = Session::open(path, mode);
        QVERIFY2(session.ok(), session.ok() ? "" : session.error().text().c_str());
        QVERIFY((*session)->problems().empty());
        const auto notes = (*session)->notes();
        QVERIFY(notes.ok());
        std::map<int64_t, std::string> found;
        for (const Note& note : *notes)
            found[note.id] = note.text;
        for (const auto& [id, text] : model.notes)
            if (!model.uncertain.contains(id))
                QVERIFY2(found.contains(id) && found[id] == text, "an acknowledged note is lost or changed");
        QVERIFY(found.size() <= model.notes.size() + model.refused);
        const auto runs = (*session)->runs();
        QVERIFY(runs.ok());
        std::set<int64_t> kept;
        for (const StoredRun& run : *runs)
            kept.insert(run.id);
        for (const int64_t id : model.runs) {
            QVERIFY2(kept.contains(id), "an acknowledged run is lost");
            QCOMPARE((*session)->run_values(id)->size(), some_values().size());
            QCOMPARE(*(*session)->run_tensor(id, "node_7"), some_values()[7].tensor);
        }
        QVERIFY(kept.size() <= model.runs.size() + model.refused);
        const auto bookmarks = (*session)->bookmarks();
        QVERIFY(bookmarks.ok());
        for (const auto& [slot, label] : model.bookmarks)
            QVERIFY2(std::any_of(bookmarks->begin(), bookmarks->end(),
                         [&](const Bookmark& b) { return b.slot == slot && b.label == label; }),
                "an acknowledged bookmark is lost");
        if (mode == OpenMode::Write)
            QVERIFY((*session)->check()->empty());
    }

    static void faults(bool reading) {
        QTest::addColumn<DiskFault>("fault");
        QTest::addColumn<bool>("lasting");
        if (reading) {
            QTest::newRow("once") << DiskFault::ReadError << false;
            QTest::newRow("from then on") << DiskFault::ReadError << true;
            return;
        }
        for (const DiskFault fault :
            {DiskFault::Full, DiskFault::ReadOnly, DiskFault::WriteError, DiskFault::TornWrite})
            for (const bool lasting : {false, true})
                QTest::addRow("%s%s", name(fault), lasting ? ", from then on" : "") << fault << lasting;
    }

private slots:
    void initTestCase() {
        fresh_ = path("fresh.hopscope");
        QVERIFY(Session::create(fresh_, dump_, build_ledger(dump_)).ok());
    }

    void changes_data() { faults(false); }
    void changes() {
        QFETCH(DiskFault, fault);
        QFETCH(bool, lasting);
        size_t nth = 1;
        size_t refusals = 0;
        for (;; ++nth) {
            QVERIFY(nth < kMostCalls);
            const std::string file = copy_of_fresh();
            Model model;
            size_t failed = 0;
            {
                FailingDisk disk;
                auto session = Session::open(file);
                QVERIFY(session.ok());
                QVERIFY(!(*session)->read_only());
                disk.arm(fault, nth, lasting);
                work(**session, dump_, model);
                failed = disk.failed();
                // Closing moves the WAL into the file: with the disk still failing where it lasts.
                if (!lasting)
                    disk.disarm();
            }
            for (const Error& error : model.errors) {
                QVERIFY2(error.kind == Error::Kind::CannotWrite, spelled(error).c_str());
                QCOMPARE(error.file, file);
                QVERIFY(!error.message.empty());
            }
            refusals += model.refused;
            holds(file, model, OpenMode::Read);
            holds(file, model, OpenMode::Write);
            if (QTest::currentTestFailed()) {
                qInfo("call %zu, %zu refused", nth, model.refused);
                return;
            }
            if (failed == 0)
                break;
        }
        QVERIFY2(refusals > 0, "no failure was told");
        qInfo("each of %zu calls failed, %zu changes were refused", nth - 1, refusals);
    }

    // The write that fails makes the change undone: what the session says while it is open agrees with the
    // model, too.
    void a_refused_change_is_not_seen() {
        const std::string file = copy_of_fresh();
        FailingDisk disk;
        auto session = Session::open(file);
        QVERIFY(session.ok());
        QVERIFY((*session)->add_note(dump_, kPlace, "kept").ok());
        disk.arm(DiskFault::Full, 1, true);
        const auto refused = (*session)->add_note(dump_, kPlace, std::string(20'000, 'y'));
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().kind, Error::Kind::CannotWrite);
        QVERIFY2(refused.error().message.find("disk is full") != std::string::npos,
            refused.error().text().c_str());
        disk.disarm();
        QCOMPARE((*session)->notes()->size(), size_t(1));
        // Room again: it goes on.
        QVERIFY((*session)->add_note(dump_, kPlace, "later").ok());
        QCOMPARE((*session)->notes()->size(), size_t(2));
    }

    // A new session is there whole or not at all; one that it would replace stays.
    void creating_data() {
        QTest::addColumn<DiskFault>("fault");
        QTest::addColumn<bool>("lasting");
        QTest::newRow("full, from then on") << DiskFault::Full << true;
        QTest::newRow("write error") << DiskFault::WriteError << false;
        QTest::newRow("torn write") << DiskFault::TornWrite << false;
    }
    void creating() {
        QFETCH(DiskFault, fault);
        QFETCH(bool, lasting);
        const std::string file = path("made.hopscope");
        size_t nth = 1;
        for (;; ++nth) {
            QVERIFY(nth < kMostCalls);
            QFile::remove(QString::fromStdString(file));
            QFile::copy(QString::fromStdString(fresh_), QString::fromStdString(file));
            {
                auto old = Session::open(file);
                QVERIFY((*old)->add_note(dump_, kPlace, "of the old one").ok());
            }
            bool ok = false;
            std::optional<Error> error;
            size_t failed = 0;
            {
                FailingDisk disk;
                disk.arm(fault, nth, lasting);
                auto made = Session::create(file, dump_, build_ledger(dump_), {.replace = true});
                ok = made.ok();
                if (!ok)
                    error = made.error();
                failed = disk.failed();
            }
            if (error) {
                QVERIFY2(error->kind == Error::Kind::CannotWrite, spelled(*error).c_str());
                QVERIFY(error->file.starts_with(file));
            }
            const auto found = Session::open(file, OpenMode::Read);
            QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
            QVERIFY((*found)->problems().empty());
            QVERIFY((*found)->check()->empty());
            if (ok)
                QVERIFY((*found)->notes()->empty());
            const QStringList left = QDir(folder_.path()).entryList({"*.part*"});
            QVERIFY2(left.isEmpty(), qPrintable(left.join(' ')));
            if (failed == 0) {
                QVERIFY(ok);
                break;
            }
        }
        qInfo("each of %zu calls failed", nth - 1);
    }

    // An older file is brought up to date whole, or stays and is read.
    void bringing_up_to_date_data() { faults(false); }
    void bringing_up_to_date() {
        QFETCH(DiskFault, fault);
        QFETCH(bool, lasting);
        const QString old = QString(HOPSCOPE_TEST_DATA) + "/session/v1.hopscope";
        const QString file = folder_.filePath("old.hopscope");
        size_t nth = 1;
        for (;; ++nth) {
            QVERIFY(nth < kMostCalls);
            for (const char* end : {"", "-wal", "-shm", "-journal"})
                QFile::remove(file + end);
            QVERIFY(QFile::copy(old, file));
            QFile(file).setPermissions(QFile::ReadOwner | QFile::WriteOwner);
            size_t failed = 0;
            {
                FailingDisk disk;
                disk.arm(fault, nth, lasting);
                const auto session = Session::open(file.toStdString());
                failed = disk.failed();
                // Told: by an error, a problem, or (where only the entering of WAL was refused) by the next
                // change.
                if (session.ok() && (*session)->read_only())
                    QVERIFY(!(*session)->problems().empty());
                if (!session.ok())
                    QVERIFY(!session.error().message.empty());
            }
            const auto session = Session::open(file.toStdString());
            QVERIFY2(session.ok(), session.ok() ? "" : session.error().text().c_str());
            QVERIFY(!(*session)->read_only());
            QVERIFY((*session)->problems().empty());
            QVERIFY((*session)->load().ok());
            if (failed == 0)
                break;
        }
        qInfo("each of %zu calls failed", nth - 1);
    }

    // What cannot be read is an error or a problem, never simply absent.
    void reading_data() { faults(true); }
    void reading() {
        QFETCH(DiskFault, fault);
        QFETCH(bool, lasting);
        const std::string file = copy_of_fresh();
        {
            auto session = Session::open(file);
            Model model;
            work(**session, dump_, model);
            QCOMPARE(model.refused, size_t(0));
        }
        size_t nth = 1;
        size_t told = 0;
        for (;; ++nth) {
            QVERIFY(nth < kMostCalls);
            FailingDisk disk;
            disk.arm(fault, nth, lasting);
            const auto session = Session::open(file, OpenMode::Read);
            bool said = !session.ok();
            if (session.ok()) {
                said |= !(*session)->problems().empty();
                const auto dump = (*session)->load();
                const bool whole = dump.ok() && !tells_of_damage(dump->problems);
                said |= !whole;
                const auto notes = (*session)->notes();
                said |= !notes.ok();
                const auto runs = (*session)->runs();
                said |= !runs.ok();
                if (whole)
                    QCOMPARE(difference(*dump, dump_), std::string());
                if (notes.ok())
                    QCOMPARE(notes->size(), size_t(1));
                if (runs.ok())
                    QCOMPARE(runs->size(), size_t(1));
            }
            told += said;
            if (disk.failed() == 0) {
                QVERIFY(!said);
                break;
            }
        }
        QVERIFY(told > 0);
        qInfo("%zu of %zu failing reads were told; SQLite read the others again", told, nth - 1);
    }
};

QTEST_GUILESS_MAIN(TestSessionDisk)
#include "tst_session_disk.moc"
