// TORCH_TRACE as files: packed, in folders, several at once, beside texts; how reading goes on and is broken
// off.
#include "tests/read/trace_text.h"
#include "tests/testdata.h"

#include <QTest>

#include <atomic>

using namespace hopscope;
using namespace hopscope::test;

class TestTraceFiles : public QObject {
    Q_OBJECT

private slots:
    void logInOneFile_data();
    void logInOneFile();
    void compressed();
    void folderOfRanks();
    void emptyFiles();
    void unrelatedFiles();
    void severalPaths();
    void missingFile();
    void cancelKeepsWhatWasRead();
    void progressEndsAtTotal();
    void sameDumpWhateverTheThreads();
};

void TestTraceFiles::logInOneFile_data() {
    QTest::addColumn<int>("at"); // lines of the log before the trace
    QTest::newRow("behind") << 0;
    QTest::newRow("before") << 1'000'000;
    QTest::newRow("around") << 200;
}

// Both streams in one file (`2>&1 | tee`, `cat`): two inputs of one run, each call once.
void TestTraceFiles::logInOneFile() {
    QFETCH(int, at);
    const QByteArray trace = traceBytes("mlp4");
    const QByteArray log = bytesOf(QString::fromStdString(textLogOf("mlp4"))).trimmed();
    const QList<QByteArray> lines = log.split('\n');
    QByteArray before, behind;
    for (int i = 0; i < lines.size(); ++i)
        (i < at ? before : behind) += lines[i] + '\n';
    const auto both = openBytes(before + trace + behind);
    const auto apart = open_dump({traceOf("mlp4"), textLogOf("mlp4")});
    QVERIFY(both.ok() && apart.ok());
    QCOMPARE(both->compilations.size(), apart->compilations.size());
    QCOMPARE(both->graphs.size(), apart->graphs.size());
    QCOMPARE(both->messages.size(), apart->messages.size());
    QCOMPARE(both->timers.size(), apart->timers.size());
    for (const Graph& g : both->graphs)
        QCOMPARE(g.also.size(), size_t{1});
    QCOMPARE(both->problems.size(), size_t{1});
    QVERIFY2(problemText(both->problems).contains("read as a text beside it"),
        qPrintable(problemText(both->problems)));
}

void TestTraceFiles::compressed() {
    // The recordings are compressed; here unpacked: the same dump.
    const auto packed = open_dump({traceOf("mlp4")});
    const auto plain = openBytes(traceBytes("mlp4"));
    QVERIFY(packed.ok() && plain.ok());
    QCOMPARE(packed->graphs.size(), plain->graphs.size());
    QCOMPARE(packed->timers.size(), plain->timers.size());
    for (size_t i = 0; i < plain->graphs.size(); ++i) {
        QCOMPARE(packed->graphs[i].line, plain->graphs[i].line);
        QVERIFY(same_body(*packed->graphs[i].module, BodyId(0), *plain->graphs[i].module, BodyId(0)));
    }
}

void TestTraceFiles::folderOfRanks() {
    const auto dump = open_dump({traceOf("ddp4")});
    QVERIFY(dump.ok());
    QCOMPARE(dump->files.size(), size_t{4});
    QCOMPARE(dump->compilations.size(), size_t{4});
    for (int rank = 0; rank < 4; ++rank) {
        QCOMPARE(dump->compilations[static_cast<size_t>(rank)].key.rank.value_or(-1), rank); // by rank
        QVERIFY(!dump->compilations[static_cast<size_t>(rank)].graphs.empty());
    }
    for (const Graph& g : dump->graphs) { // each from its own rank's file
        const QString path = QString::fromStdString(dump->files[g.file.index].path);
        QVERIFY(path.contains(
            QStringLiteral("rank_%1_").arg(dump->compilation(g.compilation).key.rank.value_or(-1))));
    }
}

void TestTraceFiles::emptyFiles() {
    const auto alone = openBytes("");
    QVERIFY(!alone.ok());
    QVERIFY(alone.error().kind == Error::Kind::CannotRead);
    QVERIFY2(test::text(alone.error().text()).contains(": is empty; expected"), alone.error().text().c_str());
    QCOMPARE(alone.error().line, uint64_t{0}); // no bytes, no line
    QTemporaryDir folder;
    QVERIFY(writeFile(folder.filePath("dedicated_log_torch_trace_aaaaaaaa.log"), ""));
    const auto none = open_dump({folder.path().toStdString()});
    QVERIFY(!none.ok());
    QVERIFY2(test::text(none.error().text()).contains("found no dump in it"), none.error().text().c_str());
    QVERIFY(writeFile(folder.filePath("dedicated_log_torch_trace_bbbbbbbb.log"), graphRecord()));
    const auto dump = open_dump({folder.path().toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
}

void TestTraceFiles::unrelatedFiles() {
    QTemporaryDir folder;
    QVERIFY(writeFile(folder.filePath("a.log"), graphRecord()));
    QVERIFY(writeFile(folder.filePath("notes.txt"), "buy milk\n"));
    QVERIFY(writeFile(folder.filePath("picture.png"), QByteArray("\x89PNG\r\n\x1a\n\0\0\0", 11)));
    QVERIFY(writeFile(folder.filePath("damaged.gz"), QByteArray("\x1f\x8b\x08 no gzip")));
    QVERIFY(QDir(folder.path()).mkpath("sub/deep"));
    QVERIFY(writeFile(folder.filePath("sub/deep/b.log"),
        graphRecord(R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)")));
    const auto dump = open_dump({folder.path().toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->files.size(), size_t{2});
    QCOMPARE(dump->graphs.size(), size_t{2});
    // Named by the user, the same file is an error that says what was looked for.
    const auto named = open_dump({folder.filePath("notes.txt").toStdString()});
    QVERIFY(!named.ok());
    QVERIFY2(test::text(named.error().text()).contains("found no TORCH_TRACE record"),
        named.error().text().c_str());
    QCOMPARE(QString::fromStdString(named.error().file), folder.filePath("notes.txt"));
    // Beside a dump it is a problem: the dump is still worth showing.
    const auto beside =
        open_dump({folder.filePath("notes.txt").toStdString(), folder.filePath("a.log").toStdString()});
    QVERIFY2(beside.ok(), beside.ok() ? "" : beside.error().text().c_str());
    QCOMPARE(beside->graphs.size(), size_t{1});
    QCOMPARE(beside->problems.size(), size_t{1});
    const Problem& said = beside->problems[0];
    QCOMPARE(QString::fromStdString(beside->files[said.file.index].path), folder.filePath("notes.txt"));
    QCOMPARE(QString::fromStdString(beside->name), QStringLiteral("a")); // not of the file that says nothing
}

void TestTraceFiles::severalPaths() {
    QTemporaryDir folder;
    QVERIFY(writeFile(folder.filePath("a.log"), graphRecord()));
    QVERIFY(writeFile(
        folder.filePath("b.log"), graphRecord(R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)")));
    const auto dump =
        open_dump({folder.filePath("b.log").toStdString(), folder.filePath("a.log").toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{2});
    QCOMPARE(QString::fromStdString(dump->files[0].path), folder.filePath("b.log")); // in the order given
    QVERIFY(resolve(*dump, "0/0:dynamo").ok());
    QVERIFY(resolve(*dump, "1/0:dynamo").ok());
    const auto both = open_dump({traceOf("mlp4"), textLogOf("mlp4")});
    QVERIFY(both.ok());
    QVERIFY(both->has_text_log);
    QVERIFY(!both->messages.empty() && !both->timers.empty());
}

void TestTraceFiles::missingFile() {
    const auto dump = open_dump({"/no/such/file.log"});
    QVERIFY(!dump.ok());
    QVERIFY(dump.error().kind == Error::Kind::CannotRead);
    QCOMPARE(QString::fromStdString(dump.error().text()),
        QStringLiteral("/no/such/file.log: No such file or directory"));
}

void TestTraceFiles::cancelKeepsWhatWasRead() {
    std::atomic<bool> cancel{false};
    int reports = 0;
    Job job;
    job.cancel = &cancel;
    job.progress = [&](uint64_t, uint64_t, std::string_view) { cancel = ++reports >= 2; };
    const auto dump = open_dump({traceOf("ddp4")}, {}, job);
    QVERIFY(dump.ok());
    QVERIFY(dump->cancelled);
    QVERIFY(!dump->compilations.empty());
    QVERIFY(dump->files.size() < 4);
    // What is there is whole.
    for (size_t g = 0; g < dump->graphs.size(); ++g)
        QVERIFY(resolve(*dump, address_of(*dump, GraphId(g))).ok());
    cancel = true;
    const auto at_once = open_dump({traceOf("mlp4")}, {}, job);
    QVERIFY(at_once.ok());
    QVERIFY(at_once->cancelled);
}

void TestTraceFiles::progressEndsAtTotal() {
    uint64_t last = 0;
    uint64_t whole = 0;
    bool monotonic = true;
    bool same_total = true;
    int reports = 0;
    Job job;
    job.progress = [&](uint64_t done, uint64_t total, std::string_view phase) {
        monotonic = monotonic && done >= last && done <= total && !phase.empty();
        same_total = same_total && (!whole || whole == total);
        last = done;
        whole = total;
        ++reports;
    };
    const auto dump = open_dump({traceOf("ddp4"), textLogOf("ddp4")}, {}, job);
    QVERIFY(dump.ok());
    QVERIFY(!dump->cancelled);
    QVERIFY(monotonic);
    QVERIFY(same_total);
    QVERIFY(reports > 5);
    QCOMPARE(last, whole);
    uint64_t bytes = 0;
    for (const DumpFile& f : dump->files)
        bytes += f.bytes;
    QCOMPARE(whole, bytes);
}

void TestTraceFiles::sameDumpWhateverTheThreads() {
    OpenOptions one;
    one.threads = 1;
    OpenOptions four;
    four.threads = 4;
    const auto a = open_dump({traceOf("gpt12")}, one);
    const auto b = open_dump({traceOf("gpt12")}, four);
    QVERIFY(a.ok() && b.ok());
    QCOMPARE(a->graphs.size(), b->graphs.size());
    for (size_t g = 0; g < a->graphs.size(); ++g) {
        QCOMPARE(address_of(*a, GraphId(g)), address_of(*b, GraphId(g)));
        QVERIFY(same_body(*a->graphs[g].module, BodyId(0), *b->graphs[g].module, BodyId(0)));
    }
}

QTEST_GUILESS_MAIN(TestTraceFiles)
#include "tst_trace_files.moc"
