// Damaged and hostile files: what can be read is read, the rest is listed, nothing crashes.
#include "core/session/session.h"
#include "tests/session/samples.h"

#include <QtTest>

#include <SQLiteCpp/SQLiteCpp.h>

#include <random>

using namespace hopscope;
using namespace hopscope::test;

class TestSessionDamage : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    Dump dump_;
    QByteArray sound_;

    QString path() const { return folder_.filePath("damaged.hopscope"); }

    void write(const QByteArray& bytes) const {
        for (const char* end : {"", "-wal", "-shm", "-journal"})
            QFile::remove(path() + end);
        QFile file(path());
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
    }

    // Everything that a user can do with it. Gives whether anything was found wrong.
    static bool use(const std::string& path, OpenMode mode) {
        auto session = Session::open(path, mode);
        if (!session.ok())
            return true;
        bool wrong = !(*session)->problems().empty();
        auto dump = (*session)->load();
        wrong = wrong || !dump.ok();
        if (dump.ok())
            build_ledger(*dump);
        wrong = !(*session)->notes().ok() || wrong;
        wrong = !(*session)->bookmarks().ok() || wrong;
        (*session)->view("window");
        (void)(*session)->search("mm sin");
        if (dump.ok())
            (void)(*session)->add_note(*dump, "0/0:forward", "text");
        const auto found = (*session)->check();
        return wrong || !found.ok() || !found->empty();
    }

private slots:
    void initTestCase() {
        dump_ = hand_made();
        auto session = Session::create(path().toStdString(), dump_, build_ledger(dump_));
        QVERIFY(session.ok());
        for (int i = 0; i < 20; ++i)
            QVERIFY((*session)->add_note(dump_, "0/0:forward", "a note").ok());
        session->reset();
        QFile file(path());
        QVERIFY(file.open(QIODevice::ReadOnly));
        sound_ = file.readAll();
        QVERIFY(!use(path().toStdString(), OpenMode::Read));
    }

    void cut() {
        for (qsizetype size = 0; size < sound_.size(); size += size < 200 ? 50 : 3'001) {
            write(sound_.left(size));
            QVERIFY2(use(path().toStdString(), OpenMode::Read), qPrintable(QString::number(size)));
            QVERIFY2(use(path().toStdString(), OpenMode::Write), qPrintable(QString::number(size)));
        }
    }

    // Damage is noticed, or it fell on bytes that mean nothing: the dump is the same.
    void flipped() {
        std::mt19937 random(4);
        std::uniform_int_distribution<qsizetype> place(0, sound_.size() - 1);
        int noticed = 0;
        for (int round = 0; round < 300; ++round) {
            QByteArray bytes = sound_;
            for (int i = 0; i < 1 + round % 5; ++i)
                bytes[place(random)] = static_cast<char>(random());
            write(bytes);
            if (use(path().toStdString(), round % 2 ? OpenMode::Read : OpenMode::Write)) {
                ++noticed;
                continue;
            }
            const auto back = open_any({path().toStdString()});
            QVERIFY(back.ok());
            QCOMPARE(difference(dump_, *back), std::string());
        }
        QVERIFY(noticed > 0);
    }

    void pages_of_zeros() {
        for (qsizetype page = 1; page < sound_.size() / 4096; ++page) {
            QByteArray bytes = sound_;
            bytes.replace(page * 4096, 4096, QByteArray(4096, '\0'));
            write(bytes);
            QVERIFY2(use(path().toStdString(), OpenMode::Write), qPrintable(QString::number(page)));
        }
    }

    void the_rest_of_a_damaged_session_is_read() {
        const std::string file = path().toStdString();
        write(sound_);
        SQLite::Database(file, SQLite::OPEN_READWRITE)
            .exec("UPDATE graph_text SET zstd = substr(zstd, 1, 20) WHERE id = 1");
        auto session = Session::open(file);
        QVERIFY(session.ok());
        const auto back = (*session)->load();
        QVERIFY(back.ok());
        QCOMPARE(back->graphs.size(), size_t(3)); // the one with tabs is gone
        QCOMPARE(back->compilations[2].graphs.size(), size_t(2));
        QCOMPARE(back->timers.size(), dump_.timers.size());
        QCOMPARE(back->problems.size(), dump_.problems.size() + 1);
        QCOMPARE((*session)->notes()->size(), size_t(20));
    }

    void damaged_files_are_not_written_to() {
        // The root page of some table becomes nonsense: found by the look at all pages.
        QByteArray bytes = sound_;
        const qsizetype last = sound_.size() / 4096 - 2;
        bytes.replace(last * 4096, 200, QByteArray(200, '\x11'));
        write(bytes);
        auto session = Session::open(path().toStdString());
        QVERIFY(session.ok());
        QVERIFY((*session)->read_only());
        QVERIFY(!(*session)->problems().empty());
        QVERIFY(!(*session)->add_note(dump_, "0/0:forward", "text").ok());
        session->reset();
        QFile file(path());
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(file.readAll() == bytes);
    }

    void hostile_data() {
        QTest::addColumn<QString>("sql");
        QTest::newRow("bomb") << "UPDATE graph_text SET bytes = 1 << 60";
        QTest::newRow("text longer than said") << "UPDATE graph_text SET bytes = 10";
        QTest::newRow("negative size") << "UPDATE graph_text SET bytes = -1";
        QTest::newRow("no blob") << "UPDATE graph_text SET zstd = 5";
        QTest::newRow("zeroblob") << "UPDATE graph_text SET zstd = zeroblob(100)";
        QTest::newRow("text of another") << "UPDATE graph_text SET hash = 'x' || hash";
        QTest::newRow("compilation that is not there") << "UPDATE graph SET compilation_id = 99";
        QTest::newRow("compilation of text") << "UPDATE graph SET compilation_id = 'x'";
        QTest::newRow("text that is not there") << "UPDATE graph SET text_id = -1";
        QTest::newRow("file that is not there") << "UPDATE graph SET file_id = 1 << 40";
        QTest::newRow("unknown stage") << "UPDATE graph SET stage = 'sideways'";
        QTest::newRow("huge ordinal") << "UPDATE graph SET ordinal = 1 << 40";
        QTest::newRow("huge line") << "UPDATE graph SET first_line = 1 << 40";
        QTest::newRow("no compilations") << "DELETE FROM compilation";
        QTest::newRow("huge rank") << "UPDATE compilation SET rank = 1 << 50";
        QTest::newRow("blob for text") << "UPDATE compilation SET function = x'00ff'";
        QTest::newRow("timers in a ring") << "UPDATE timer SET parent_id = (id + 1) % 7";
        QTest::newRow("timer above itself") << "UPDATE timer SET parent_id = id";
        QTest::newRow("unknown timer") << "UPDATE timer SET kind = ''";
        QTest::newRow("endless timer") << "UPDATE timer SET begin_us = 9e999, end_us = -9e999";
        QTest::newRow("unknown message") << "UPDATE message SET kind = 3";
        QTest::newRow("unknown severity") << "UPDATE problem SET severity = 'fatal'";
        QTest::newRow("huge ids") << "UPDATE graph SET id = id + (1 << 62)";
        QTest::newRow("negative ids") << "UPDATE graph SET id = id - (1 << 62)";
        QTest::newRow("nodes elsewhere") << "UPDATE node SET ordinal = ordinal + 1, body_id = 0";
        QTest::newRow("a table is gone") << "DROP TABLE timer";
        QTest::newRow("a view for a table")
            << "DROP TABLE artifact; CREATE VIEW artifact AS WITH RECURSIVE r (id) AS (SELECT 1 UNION ALL "
               "SELECT id + 1 "
               "FROM r) SELECT id, 0 compilation_id, 'x' name, 0 file_id, 0 line, 0 bytes FROM r";
        QTest::newRow("words without end")
            << "DROP VIEW node_words; CREATE VIEW node_words AS WITH RECURSIVE r (id) AS (SELECT 1 UNION ALL "
               "SELECT "
               "id + 1 FROM r) SELECT id, 'mm' name, '' target, '' code, '' function, '' place FROM r";
        QTest::newRow("notes nowhere") << "UPDATE note SET address = '9/9:forward'";
        QTest::newRow("another title") << "UPDATE meta SET value = 'x' WHERE key = 'name'";
        QTest::newRow("another time") << "UPDATE timer SET end_us = end_us + 1";
        QTest::newRow("a renamed node") << "UPDATE node SET name = 'other' WHERE id = 3";
        QTest::newRow("words without nodes") << "INSERT INTO node_search (rowid, name) VALUES (9999, 'mm')";
    }

    void hostile() {
        QFETCH(QString, sql);
        write(sound_);
        const std::string file = path().toStdString();
        SQLite::Database(file, SQLite::OPEN_READWRITE).exec(sql.toStdString());
        QVERIFY(use(file, OpenMode::Read));
        QVERIFY(use(file, OpenMode::Write));
    }
};

QTEST_GUILESS_MAIN(TestSessionDamage)
#include "tst_session_damage.moc"
