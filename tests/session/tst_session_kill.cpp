// kill -9 at any moment loses nothing that was acknowledged.
#include "core/session/session.h"
#include "tests/session/samples.h"

#include <QtTest>

#include <SQLiteCpp/SQLiteCpp.h>

#include <random>
#include <set>

using namespace hopscope;
using namespace hopscope::test;

class TestSessionKill : public QObject {
    Q_OBJECT

private slots:
    void acknowledged_notes_survive() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("killed.hopscope").toStdString();
        const Dump dump = hand_made();
        QVERIFY(Session::create(path, dump, build_ledger(dump)).ok());
        std::set<int64_t> acknowledged;
        std::mt19937 random(20); // fixed, so that a failure can be repeated as far as timing allows
        for (int round = 0; round < 25; ++round) {
            const size_t before = acknowledged.size();
            kill_a_writer(path, acknowledged, std::uniform_int_distribution<int>(0, 40'000)(random));
            // What the next program finds, WAL and all.
            auto session = Session::open(path, round % 2 ? OpenMode::Read : OpenMode::Write);
            QVERIFY2(session.ok(), session.ok() ? "" : session.error().text().c_str());
            QVERIFY((*session)->problems().empty());
            std::set<int64_t> kept;
            const auto notes = (*session)->notes();
            QVERIFY(notes.ok());
            for (const Note& note : *notes)
                kept.insert(note.id);
            for (const int64_t id : acknowledged)
                QVERIFY2(
                    kept.contains(id), qPrintable(QString("note %1 of round %2 is lost").arg(id).arg(round)));
            // A note may be on disk whose acknowledgement the kill cut off: one a round, no more.
            QVERIFY(kept.size() <= acknowledged.size() + static_cast<size_t>(round) + 1);
            QVERIFY2(acknowledged.size() > before, "the writer was killed before its first note");
        }
        auto session = Session::open(path);
        QVERIFY((*session)->check()->empty());
        session->reset();
        SQLite::Database db(path);
        QCOMPARE(db.execAndGet("PRAGMA integrity_check").getString(), std::string("ok"));
        qInfo("%zu notes acknowledged", acknowledged.size());
    }

private:
    // Kills it some microseconds after its first note.
    static void kill_a_writer(const std::string& path, std::set<int64_t>& acknowledged, int microseconds) {
        QProcess writer;
        writer.start(NOTE_WRITER, {QString::fromStdString(path)});
        QVERIFY(writer.waitForStarted());
        QVERIFY(writer.waitForReadyRead(30'000));
        QThread::usleep(static_cast<unsigned long>(microseconds));
        writer.kill();
        QVERIFY(writer.waitForFinished());
        QCOMPARE(writer.exitStatus(), QProcess::CrashExit);
        const QByteArray output = writer.readAllStandardOutput();
        // A line that the kill cut was not acknowledged.
        for (const QByteArray& line : output.left(output.lastIndexOf('\n') + 1).split('\n'))
            if (!line.isEmpty())
                acknowledged.insert(line.toLongLong());
    }
};

QTEST_GUILESS_MAIN(TestSessionKill)
#include "tst_session_kill.moc"
