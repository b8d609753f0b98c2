// What goes into a session comes out of it, and nothing half-made stays behind.
#include "core/read/open.h"
#include "core/session/session.h"
#include "tests/session/samples.h"

#include <QtTest>

#include <SQLiteCpp/SQLiteCpp.h>

#include <atomic>

using namespace hopscope;
using namespace hopscope::test;

class TestSession : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    std::string path(const char* name) const { return folder_.filePath(name).toStdString(); }

    void check_round_trip(const Dump& dump, const QString& name) {
        QVERIFY(!dump.compilations.empty());
        const std::string file = folder_.filePath("s-" + name + ".hopscope").toStdString();
        const Ledger ledger = build_ledger(dump);
        {
            auto session = Session::create(file, dump, ledger);
            QVERIFY2(session.ok(), session.ok() ? "" : session.error().text().c_str());
            QVERIFY(!(*session)->read_only());
        }
        for (const OpenMode mode : {OpenMode::Read, OpenMode::Write}) {
            auto session = Session::open(file, mode);
            QVERIFY(session.ok());
            QVERIFY((*session)->problems().empty());
            auto back = (*session)->load();
            QVERIFY(back.ok());
            QCOMPARE(QString::fromStdString(difference(dump, *back)), QString());
            auto found = (*session)->check();
            QVERIFY(found.ok());
            QCOMPARE(found->empty() ? std::string() : found->front().message, std::string());
        }
        auto any = open_any({file});
        QVERIFY(any.ok());
        QCOMPARE(difference(dump, *any), std::string());
        QCOMPARE(build_ledger(*any).totals(*any).saved_ms, ledger.totals(dump).saved_ms);
        // Only the one file stands there.
        QCOMPARE(QDir(folder_.path()).entryList({"s-" + name + ".hopscope*"}).size(), 1);
    }

private slots:
    void round_trip_data() {
        QTest::addColumn<QString>("name");
        QTest::newRow("hand made") << QString();
        for (const std::string& name : recordings())
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }

    void round_trip() {
        QFETCH(QString, name);
        check_round_trip(name.isEmpty() ? hand_made() : recorded(name.toStdString()), name);
    }

    // What no trace log tells: further places, sources, weights, cut graphs, lines of texts that were mended.
    void other_inputs_data() {
        QTest::addColumn<QStringList>("inputs");
        QTest::newRow("debug folder and its trace") << QStringList{"mlp4_debug"};
        QTest::newRow("trace, log and printed graph")
            << QStringList{"mlp4/trace", "mlp4/torch_logs.txt.gz", "mlp4/values/00_forward.txt.gz"};
        for (const char* folder : {"pt2", "script", "cases"}) {
            const QDir all(QStringLiteral(HOPSCOPE_TEST_DATA "/") + folder);
            for (const QString& file : all.entryList({"*.pt2", "*.py", "*.txt", "39-debug-folder"},
                     QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name))
                if (file != "check.py")
                    QTest::newRow(qPrintable(file)) << QStringList{folder + QStringLiteral("/") + file};
        }
    }

    void other_inputs() {
        QFETCH(QStringList, inputs);
        std::vector<std::string> paths;
        for (const QString& input : inputs)
            if (const QString path = QStringLiteral(HOPSCOPE_TEST_DATA "/") + input; QFileInfo::exists(path))
                paths.push_back(path.toStdString());
        auto dump = open_dump(paths);
        QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str()); // every case here holds a graph
        dump->payloads.clear(); // are not kept: they were checked
        check_round_trip(*dump, QFileInfo(inputs.first()).fileName());
    }

    void tables_answer_questions() {
        const Dump dump = recorded("gpt12");
        QVERIFY(Session::create(path("sql.hopscope"), dump, build_ledger(dump)).ok());
        SQLite::Database db(path("sql.hopscope"));
        QCOMPARE(db.execAndGet("SELECT count(*) FROM invocation WHERE decision = 'traced'").getInt(), 1);
        QCOMPARE(db.execAndGet("SELECT count(*) FROM invocation WHERE decision = 'reused'").getInt(), 11);
        QCOMPARE(db.execAndGet("SELECT function FROM region").getString(), std::string("block"));
        int nodes = 0;
        for (const Graph& g : dump.graphs)
            nodes += static_cast<int>(g.module->node_count());
        QCOMPARE(db.execAndGet("SELECT count(*) FROM place").getInt(), nodes);
        SQLite::Statement row(db, "SELECT address FROM place");
        while (row.executeStep())
            QVERIFY(resolve(dump, row.getColumn(0).getString()).ok());
    }

    void existing_files_stay() {
        const Dump dump = hand_made();
        const std::string file = path("taken.hopscope");
        {
            auto session = Session::create(file, dump, build_ledger(dump));
            QVERIFY((*session)->add_note(dump, "0/0:forward", "mine").ok());
        }
        auto again = Session::create(file, dump, build_ledger(dump));
        QVERIFY(!again.ok());
        QCOMPARE(again.error().kind, Error::Kind::Usage);
        QVERIFY(again.error().message.find("holds 1 note") != std::string::npos);
        auto replaced = Session::create(file, dump, build_ledger(dump), {.replace = true});
        QVERIFY(replaced.ok());
        QVERIFY((*replaced)->notes()->empty());
        // Open elsewhere: must not be pulled away from under it.
        QCOMPARE(Session::create(file, dump, build_ledger(dump), {.replace = true}).error().kind,
            Error::Kind::CannotWrite);
        QVERIFY((*replaced)->add_note(dump, "0/0:forward", "still there").ok());
    }

    void an_old_wal_is_not_played_into_a_new_file() {
        const Dump dump = hand_made();
        const std::string file = path("wal.hopscope");
        QVERIFY(Session::create(file, dump, build_ledger(dump)).ok());
        {
            auto session = Session::open(file);
            QVERIFY((*session)->add_note(dump, "0/0:forward", "old").ok());
            // As a killed program leaves them.
            QVERIFY(QFile::copy(folder_.filePath("wal.hopscope"), folder_.filePath("left.hopscope")));
            QVERIFY(QFile::copy(folder_.filePath("wal.hopscope-wal"), folder_.filePath("left.hopscope-wal")));
        }
        QVERIFY(Session::create(path("left.hopscope"), dump, build_ledger(dump), {.replace = true}).ok());
        auto session = Session::open(path("left.hopscope"), OpenMode::Read);
        QVERIFY((*session)->notes()->empty());
        QVERIFY((*session)->check()->empty());
    }

    void cancelled_or_failed_leaves_nothing() {
        const Dump dump = recorded("gpt12");
        const std::atomic<bool> cancel = true;
        Job job;
        job.cancel = &cancel;
        QDir empty(folder_.path());
        QVERIFY(empty.mkdir("none"));
        auto session = Session::create(path("none/x.hopscope"), dump, build_ledger(dump), {}, job);
        QCOMPARE(session.error().kind, Error::Kind::Cancelled);
        QVERIFY(QDir(folder_.filePath("none")).isEmpty());
        QVERIFY(!Session::create(path("no such folder/x.hopscope"), dump, build_ledger(dump)).ok());
    }

    void cancelled_while_loading() {
        const Dump dump = hand_made();
        auto session = Session::create(path("cancel.hopscope"), dump, build_ledger(dump));
        const std::atomic<bool> cancel = true;
        Job job;
        job.cancel = &cancel;
        QCOMPARE((*session)->load(job).error().kind, Error::Kind::Cancelled);
        QVERIFY((*session)->load().ok());
    }

    void sessions_are_opened_alone() {
        const Dump dump = hand_made();
        QVERIFY(Session::create(path("alone.hopscope"), dump, build_ledger(dump)).ok());
        QVERIFY(QFile::copy(folder_.filePath("alone.hopscope"), folder_.filePath("renamed.txt")));
        QVERIFY(is_session_file(path("renamed.txt")));
        QVERIFY(open_any({path("renamed.txt")}).ok());
        QCOMPARE(open_any({path("alone.hopscope"), path("renamed.txt")}).error().kind, Error::Kind::Usage);
    }

    void reading_changes_nothing() {
        const Dump dump = hand_made();
        QVERIFY(Session::create(path("still.hopscope"), dump, build_ledger(dump)).ok());
        const auto bytes = [&] {
            QFile file(folder_.filePath("still.hopscope"));
            return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
        };
        const QByteArray before = bytes();
        auto session = Session::open(path("still.hopscope"), OpenMode::Read);
        QVERIFY((*session)->read_only());
        QVERIFY((*session)->load().ok());
        auto note = (*session)->add_note(dump, "0/0:forward", "no");
        QVERIFY(!note.ok());
        QVERIFY(!note.error().message.empty());
        QVERIFY(before == bytes());
    }
};

QTEST_GUILESS_MAIN(TestSession)
#include "tst_session.moc"
