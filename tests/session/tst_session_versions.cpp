// Older versions are brought up to date, newer ones and strangers refused.
#include "core/session/session.h"
#include "tests/session/samples.h"

#include <QtTest>

#include <SQLiteCpp/SQLiteCpp.h>

using namespace hopscope;
using namespace hopscope::test;

class TestSessionVersions : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;

    std::string copy_of_version(int version, const QString& name) const {
        const QString target = folder_.filePath(name);
        QFile::copy(QStringLiteral(HOPSCOPE_TEST_DATA "/session/v%1.hopscope").arg(version), target);
        QFile::setPermissions(target, QFile::ReadOwner | QFile::WriteOwner);
        return target.toStdString();
    }

    static int version_of(const std::string& path) {
        return SQLite::Database(path).execAndGet("PRAGMA user_version").getInt();
    }

    // `version` made the file: what later ones added is there, and empty.
    void check_content(Session& session, int version) const {
        const auto notes = session.notes();
        QVERIFY(notes.ok());
        QCOMPARE(notes->size(), size_t(2));
        QVERIFY(notes->at(0)
            == (Note{1, "0/0:forward@getitem", "written with version " + std::to_string(version),
                "2026-01-31T12:00:00Z", ""}));
        QVERIFY(notes->at(1)
            == (Note{3, "0/0:forward:fw_subgraph_0@mm", "a third, 'quoted'", "2026-01-31T12:00:02Z",
                version < 2 ? "" : "2026-01-31T12:00:09Z"}));
        QCOMPARE(session.bookmarks()->at(0).label, std::string("start"));
        QCOMPARE(session.view("window"), std::string("{\"zoom\":1.5}"));
        QVERIFY(session.problems().empty());
        const auto dump = session.load();
        QVERIFY(dump.ok());
        Dump expected = hand_made();
        if (version < 3)
            expected.symbols.clear();
        expected.module_calls.clear(); // version 6
        for (DescribedInput& input : expected.inputs) {
            input.device.clear();
            input.describer = input.tensor = input.base = std::nullopt;
        }
        if (version < 5) {
            expected.caches.clear();
            expected.inputs.clear();
            expected.marked.clear();
        }
        if (version >= 4) {
            QCOMPARE(difference(expected, *dump), std::string());
            return;
        }
        expected.sources.clear(); // and all that version 4 added
        for (Graph& graph : expected.graphs) {
            graph.stage_evidence.clear();
            graph.cut = false;
            graph.also.clear();
            graph.saved.clear();
        }
        QCOMPARE(difference(expected, *dump), std::string());
        QVERIFY(session.runs().ok() && session.runs()->empty());
        QCOMPARE(session.search("aten.mm")->size(), size_t(4));
        QVERIFY(session.check()->empty());
    }

private slots:
    void version_1_is_brought_up_to_date() {
        const std::string path = copy_of_version(1, "write.hopscope");
        QCOMPARE(version_of(path), 1);
        {
            auto session = Session::open(path);
            QVERIFY(session.ok());
            QVERIFY(!(*session)->read_only());
            check_content(**session, 1);
            QVERIFY((*session)->edit_note(1, "edited with version 2").ok());
            QVERIFY((*session)
                        ->restore_note(
                            {1, "0/0:forward@getitem", "written with version 1", "2026-01-31T12:00:00Z", ""})
                        .ok());
            QCOMPARE(*(*session)->add_note(*(*session)->load(), "0/0:forward", "new"), int64_t(4));
            QVERIFY((*session)->remove_note(4).ok());
        }
        QCOMPARE(version_of(path), kSessionVersion);
        auto session = Session::open(path);
        check_content(**session, 1);
    }

    void version_5_is_brought_up_to_date() {
        const std::string path = copy_of_version(5, "write5.hopscope");
        QCOMPARE(version_of(path), 5);
        auto session = Session::open(path);
        QVERIFY(session.ok());
        check_content(**session, 5);
        QCOMPARE(version_of(path), kSessionVersion);
    }

    void version_4_is_brought_up_to_date() {
        const std::string path = copy_of_version(4, "write4.hopscope");
        QCOMPARE(version_of(path), 4);
        auto session = Session::open(path);
        QVERIFY(session.ok());
        check_content(**session, 4);
        QCOMPARE(version_of(path), kSessionVersion);
    }

    void version_2_is_brought_up_to_date() {
        const std::string path = copy_of_version(2, "write2.hopscope");
        QCOMPARE(version_of(path), 2);
        {
            auto session = Session::open(path, OpenMode::Read);
            QVERIFY(session.ok());
            check_content(**session, 2);
        }
        QCOMPARE(version_of(path), 2);
        {
            auto session = Session::open(path);
            QVERIFY(session.ok());
            check_content(**session, 2);
            StoredRun run;
            run.address = "0/0:forward";
            QVERIFY((*session)->add_run(*(*session)->load(), run, {}).ok());
            QVERIFY((*session)->remove_run(1).ok());
        }
        QCOMPARE(version_of(path), kSessionVersion);
        auto session = Session::open(path);
        check_content(**session, 2);
    }

    void version_3_is_brought_up_to_date() {
        const std::string path = copy_of_version(3, "write3.hopscope");
        QCOMPARE(version_of(path), 3);
        {
            auto session = Session::open(path, OpenMode::Read);
            QVERIFY(session.ok());
            check_content(**session, 3);
        }
        QCOMPARE(version_of(path), 3);
        {
            auto session = Session::open(path);
            QVERIFY(session.ok());
            check_content(**session, 3);
        }
        QCOMPARE(version_of(path), kSessionVersion);
        auto session = Session::open(path);
        check_content(**session, 3);
    }

    void reading_leaves_the_old_file_alone() {
        const std::string path = copy_of_version(1, "read.hopscope");
        {
            auto session = Session::open(path, OpenMode::Read);
            QVERIFY(session.ok());
            check_content(**session, 1);
        }
        QCOMPARE(version_of(path), 1);
    }

    void old_and_new_have_the_same_tables() {
        const std::string path = copy_of_version(1, "same.hopscope"),
                          second = copy_of_version(2, "same2.hopscope"),
                          third = copy_of_version(3, "same3.hopscope");
        QVERIFY(Session::open(path).ok() && Session::open(second).ok() && Session::open(third).ok());
        const Dump dump = hand_made();
        const std::string made = folder_.filePath("made.hopscope").toStdString();
        QVERIFY(Session::create(made, dump, build_ledger(dump)).ok());
        const auto tables = [](const std::string& file) {
            SQLite::Database db(file);
            SQLite::Statement row(db, "SELECT type, name, sql FROM sqlite_schema ORDER BY name");
            QStringList list;
            while (row.executeStep())
                list << QString::fromStdString(row.getColumn(0).getString() + " "
                    + row.getColumn(1).getString() + " " + row.getColumn(2).getString());
            return list;
        };
        QCOMPARE(tables(path), tables(made));
        QCOMPARE(tables(second), tables(made));
        QCOMPARE(tables(third), tables(made));
    }

    void newer_versions_are_refused() {
        const std::string path = copy_of_version(1, "newer.hopscope");
        SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 77");
        for (const OpenMode mode : {OpenMode::Read, OpenMode::Write}) {
            auto session = Session::open(path, mode);
            QVERIFY(!session.ok());
            QCOMPARE(session.error().kind, Error::Kind::CannotRead);
            QVERIFY(session.error().message.find("version 77") != std::string::npos);
            QVERIFY(session.error().message.find("version " + std::to_string(kSessionVersion))
                != std::string::npos);
        }
        QCOMPARE(version_of(path), 77);
    }

    void strangers_are_refused_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("text") << QByteArray("V1123 16:10:00.818000 6883 torch/_dynamo/utils.py:2350] {}");
        QTest::newRow("only the magic") << QByteArray("SQLite format 3\0", 16);
        QTest::newRow("magic and nonsense") << QByteArray("SQLite format 3\0", 16) + QByteArray(5000, '\xA5');
    }

    void strangers_are_refused() {
        QFETCH(QByteArray, bytes);
        QFile file(folder_.filePath("stranger.hopscope"));
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(bytes);
        file.close();
        for (const OpenMode mode : {OpenMode::Read, OpenMode::Write}) {
            auto session = Session::open(file.fileName().toStdString(), mode);
            QVERIFY(!session.ok());
            QVERIFY(!session.error().message.empty());
            QCOMPARE(session.error().file, file.fileName().toStdString());
        }
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), bytes);
    }

    void other_databases_are_refused() {
        const std::string path = folder_.filePath("other.db").toStdString();
        SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
            .exec("PRAGMA application_id = 7; CREATE TABLE note (id INTEGER)");
        auto session = Session::open(path);
        QVERIFY(!session.ok());
        QCOMPARE(session.error().kind, Error::Kind::CannotRead);
        QVERIFY(session.error().message.find("application_id") != std::string::npos);
    }

    void missing_files_and_folders() {
        QCOMPARE(Session::open(folder_.filePath("none.hopscope").toStdString()).error().kind,
            Error::Kind::CannotRead);
        QCOMPARE(Session::open(folder_.path().toStdString()).error().kind, Error::Kind::CannotRead);
        QVERIFY(!QFile::exists(folder_.filePath("none.hopscope")));
    }
};

QTEST_GUILESS_MAIN(TestSessionVersions)
#include "tst_session_versions.moc"
