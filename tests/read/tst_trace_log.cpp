// TORCH_TRACE logs: the record grammar, ranks, attempts, payloads, and what is said of records that do not
// follow it.
#include "core/read/payloads.h"
#include "tests/testdata.h"

#include <QCryptographicHash>
#include <QTest>

#include <algorithm>
#include <atomic>

using namespace hopscope;
using namespace hopscope::test;

class TestTraceLog : public QObject {
    Q_OBJECT

private slots:
    void prefixes_data();
    void prefixes();
    void compileIds_data();
    void compileIds();
    void ranks_data();
    void ranks();
    void missingPayload();
    void emptyPayloadIsNotMissing();
    void md5FindsAFlippedByte();
    void idsBeginAnew();
    void md5OfRecordings_data();
    void md5OfRecordings();
    void orphanedLinesAreCounted();
    void prefixOnEachLine_data();
    void prefixOnEachLine();
    void tabsThatBecameBlanks_data();
    void tabsThatBecameBlanks();
    void logInOneFile_data();
    void logInOneFile();
    void lostJsonLine();
    void brokenJsonLine();
    void cutLastLine();
    void lineEnds();
    void strippedBlankLines();
    void unknownEvents();
    void graphEvents_data();
    void graphEvents();
    void damagedHead();
    void graphDumpWithoutGraph();
    void artifactsThatOnlyHoldGraphs();
    void metrics();
    void timersNest();
    void timersThatNeverEnd();
    void compressed();
    void folderOfRanks();
    void attempts();
    void failures();
    void duplicates();
    void emptyFiles();
    void unrelatedFiles();
    void severalPaths();
    void missingFile();
    void cancelKeepsWhatWasRead();
    void progressEndsAtTotal();
    void sameDumpWhateverTheThreads();
};

namespace {

const QByteArray kPrefix = "V0804 12:00:00.123000 4242 site-packages/torch/_dynamo/output_graph.py:2841] ";
const QByteArray kIds = R"("frame_id": 0, "frame_compile_id": 0, "attempt": 0)";
const QByteArray kGraph = "class GraphModule(torch.nn.Module):\n"
                          "    def forward(self, L_x_: \"f32[2][1]cpu\"):\n"
                          "        l_x_ = L_x_\n"
                          "\n"
                          "        # File: /w/t.py:3 in f, code: return x.sin()\n"
                          "        sin: \"f32[2][1]cpu\" = l_x_.sin();  l_x_ = None\n"
                          "        return (sin,)\n";

// A record as PyTorch writes it.
QByteArray record(const QByteArray& event, const QByteArray& ids = kIds, const QByteArray& prefix = kPrefix) {
    return prefix + '{' + event + (ids.isEmpty() ? "" : ", ") + ids + "}\n";
}
QByteArray record(
    const QByteArray& event, const QByteArray& ids, const QByteArray& payload, const QByteArray& prefix) {
    const QByteArray sum = QCryptographicHash::hash(payload, QCryptographicHash::Md5).toHex();
    QByteArray lines = payload;
    lines.replace('\n', "\n\t");
    return prefix + '{' + event + ", " + ids + ", \"has_payload\": \"" + sum + "\"}\n\t" + lines + '\n';
}
QByteArray graphRecord(const QByteArray& ids = kIds, const QByteArray& prefix = kPrefix) {
    return record(R"("dynamo_output_graph": {"sizes": {"sin": [2]}})", ids, kGraph, prefix);
}
QByteArray timerRecord(const QByteArray& name, char phase, double time) {
    return record(R"("chromium_event": {})", kIds,
        "{\n\"name\": \"" + name + "\",\n\"ts\": " + QByteArray::number(time, 'f', 1) + ",\n\"ph\": \""
            + phase + "\",\n\"tid\": 0\n}",
        kPrefix);
}

Result<Dump> openBytes(const QByteArray& bytes, const OpenOptions& options = {},
    const QString& name = QStringLiteral("trace.log")) {
    QTemporaryDir folder;
    const QString path = folder.filePath(name);
    if (!writeFile(path, bytes))
        return make_error(Error::Kind::CannotRead, "cannot write the test's file");
    return open_dump({path.toStdString()}, options); // stays mapped when the folder is gone
}

OpenOptions verifying() {
    OpenOptions options;
    options.verify_md5 = true;
    return options;
}

} // namespace

void TestTraceLog::prefixes_data() {
    QTest::addColumn<QByteArray>("prefix");
    QTest::newRow("2.13") << kPrefix;
    QTest::newRow("pthread id") << QByteArray(
        "V0521 09:32:52.155000 140338649717328 torch/_dynamo/output_graph.py:1127] ");
    QTest::newRow("absolute path") << QByteArray(
        "V0521 09:32:52.155000 42 /usr/lib/python3/torch/_dynamo/output_graph.py:1127] ");
    QTest::newRow("spaces in the path")
        << QByteArray("V0521 09:32:52.155000 42 /my home/with: colon/a b.py:1127] ");
    QTest::newRow("brackets in the path") << QByteArray("V0521 09:32:52.155000 42 /a[1] {x}/b.py:1127] ");
    QTest::newRow("rank before it") << QByteArray("[rank0]:V0521 09:32:52.155000 42 torch/a.py:1127] ");
    QTest::newRow("collector before it")
        << QByteArray("2026-08-04T12:00:00Z host7 stderr: V0521 09:32:52.155000 42 torch/a.py:1127] ");
    QTest::newRow("info level") << QByteArray("I0521 09:32:52.155000 42 torch/a.py:1127] ");
}

void TestTraceLog::prefixes() {
    QFETCH(QByteArray, prefix);
    const auto dump = openBytes(graphRecord(kIds, prefix), verifying());
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(QString::fromStdString(dump->files[0].kind), QStringLiteral("TORCH_TRACE"));
    const Graph& g = dump->graphs[0];
    QVERIFY(g.stage == Stage::Dynamo);
    QCOMPARE(g.line, uint64_t{2});
    QCOMPARE(g.module->bodies[0].nodes.size(), size_t{3});
    QCOMPARE(g.module->bodies[0].nodes[1].line, 7U);
}

void TestTraceLog::compileIds_data() {
    QTest::addColumn<QByteArray>("ids");
    QTest::addColumn<QString>("id");
    QTest::addColumn<int>("attempt");
    QTest::newRow("plain") << QByteArray(R"("frame_id": 3, "frame_compile_id": 1, "attempt": 2)") << "3/1"
                           << 2;
    QTest::newRow("compiled autograd null")
        << QByteArray(R"("compiled_autograd_id": null, "frame_id": 0, "frame_compile_id": 0, "attempt": 0)")
        << "0/0" << 0;
    QTest::newRow("compiled autograd")
        << QByteArray(R"("compiled_autograd_id": 1, "frame_id": 0, "frame_compile_id": 0, "attempt": 0)")
        << "!1/0/0" << 0;
    QTest::newRow("no frame yet") << QByteArray(R"("compiled_autograd_id": 1)") << "!1" << 0;
    QTest::newRow("outside of any compilation") << QByteArray(R"("stack": [])") << "-" << 0;
    QTest::newRow("negative numbers")
        << QByteArray(R"("rank": -1, "frame_id": 0, "frame_compile_id": -2, "attempt": -3)") << "0/0" << 0;
    QTest::newRow("no attempt") << QByteArray(R"("frame_id": 0, "frame_compile_id": 4)") << "0/4" << 0;
    QTest::newRow("keys nobody knows") << QByteArray(
        R"("severity": "V", "x": {"frame_id": 9}, "frame_id": 0, "frame_compile_id": 0, "y": [1, 2])")
                                       << "0/0" << 0;
}

void TestTraceLog::compileIds() {
    QFETCH(QByteArray, ids);
    QFETCH(QString, id);
    QFETCH(int, attempt);
    const auto dump = openBytes(graphRecord(ids));
    QVERIFY(dump.ok());
    QCOMPARE(dump->compilations.size(), size_t{1});
    QCOMPARE(QString::fromStdString(dump->compilations[0].key.id), id);
    QCOMPARE(dump->compilations[0].key.attempt, attempt);
    QVERIFY(!dump->compilations[0].key.rank);
    QVERIFY(resolve(*dump, address_of(*dump, GraphId(0))).ok());
}

void TestTraceLog::ranks_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("first"); // of the records' ids
    QTest::addColumn<QByteArray>("second");
    QTest::addColumn<int>("rank");
    const QByteArray ids0 = R"("frame_id": 0, "frame_compile_id": 0, "attempt": 0)";
    QTest::newRow("none") << "dedicated_log_torch_trace_abcdefgh.log" << ids0 << ids0 << -1;
    QTest::newRow("name alone") << "dedicated_log_torch_trace_rank_3_abcdefgh.log" << ids0 << ids0 << 3;
    QTest::newRow("name without suffix") << "dedicated_log_torch_trace_rank_12.log" << ids0 << ids0 << 12;
    QTest::newRow("records alone") << "any.log"
                                   << "\"rank\": 2, " + ids0 << "\"rank\": 2, " + ids0 << 2;
    QTest::newRow("records win over the name") << "dedicated_log_torch_trace_rank_1_x.log"
                                               << "\"rank\": 0, " + ids0 << "\"rank\": 0, " + ids0 << 0;
    QTest::newRow("first records lack it") << "any.log" << ids0 << "\"rank\": 5, " + ids0 << 5;
}

void TestTraceLog::ranks() {
    QFETCH(QString, name);
    QFETCH(QByteArray, first);
    QFETCH(QByteArray, second);
    QFETCH(int, rank);
    const auto dump = openBytes(record(R"("dynamo_start": {})", first) + graphRecord(second), {}, name);
    QVERIFY(dump.ok());
    QCOMPARE(dump->compilations.size(), size_t{1});
    QCOMPARE(dump->compilations[0].key.rank.value_or(-1), rank);
}

void TestTraceLog::missingPayload() {
    const QByteArray lonely = record(
        R"("dynamo_output_graph": {})", kIds + R"(, "has_payload": "d41d8cd98f00b204e9800998ecf8427e")");
    const auto dump =
        openBytes(lonely + graphRecord(R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)"));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QVERIFY(!dump->problems.empty());
    const auto told = std::find_if(dump->problems.begin(), dump->problems.end(), [](const Problem& p) {
        return p.message
            == "the record of dynamo_output_graph has no payload; expected lines that begin "
               "with a tab (which pasting may make blanks)";
    });
    QVERIFY2(told != dump->problems.end(), qPrintable(problemText(dump->problems)));
    QCOMPARE(told->line, uint64_t{1});
}

void TestTraceLog::emptyPayloadIsNotMissing() {
    const auto dump = openBytes(
        record(R"("artifact": {"name": "x", "encoding": "string"})", kIds, "", kPrefix) + graphRecord(),
        verifying());
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->artifacts.size(), size_t{1});
}

// A trace behind itself is read once; another run's behind it, or one after a reset, is kept apart.
void TestTraceLog::prefixOnEachLine_data() {
    QTest::addColumn<QByteArray>("before");
    QTest::newRow("rank") << QByteArray("[rank0]: ");
    QTest::newRow("container") << QByteArray("worker-0  | ");
    QTest::newRow("time") << QByteArray("2026-01-31T12:00:00.1234567Z ");
}

// A launcher's or a container's words before each line: the trace is read without them, payloads and all.
void TestTraceLog::prefixOnEachLine() {
    QFETCH(QByteArray, before);
    const QByteArray text = record(R"("dynamo_start": {})") + graphRecord();
    QByteArray prefixed;
    for (const QByteArray& line : text.split('\n'))
        if (!line.isEmpty())
            prefixed += before + line + '\n';
    const auto plain = openBytes(text, verifying()), found = openBytes(prefixed, verifying());
    QVERIFY(plain.ok() && found.ok());
    QCOMPARE(found->graphs.size(), plain->graphs.size());
    QVERIFY(same_body(*found->graphs[0].module, BodyId(0), *plain->graphs[0].module, BodyId(0)));
    QCOMPARE(found->problems.size(), plain->problems.size() + 1);
    QVERIFY2(problemText(found->problems).contains("no part of the trace"),
        qPrintable(problemText(found->problems)));
}

void TestTraceLog::tabsThatBecameBlanks_data() {
    QTest::addColumn<QByteArray>("blanks");
    QTest::newRow("eight") << QByteArray("        ");
    QTest::newRow("four") << QByteArray("    ");
    QTest::newRow("one") << QByteArray(" ");
    QTest::newRow("none") << QByteArray();
}

// Editors and web forms expand tabs: payloads are read, and their sums, which are right, are not blamed.
void TestTraceLog::tabsThatBecameBlanks() {
    QFETCH(QByteArray, blanks);
    const QByteArray text = record(R"("dynamo_start": {})") + graphRecord();
    QByteArray expanded;
    for (const QByteArray& line : text.split('\n'))
        if (!line.isEmpty())
            expanded += (line.startsWith('\t') ? blanks + line.mid(1) : line) + '\n';
    const auto plain = openBytes(text, verifying()), found = openBytes(expanded, verifying());
    QVERIFY(plain.ok() && found.ok());
    QCOMPARE(found->graphs.size(), plain->graphs.size());
    QVERIFY(same_body(*found->graphs[0].module, BodyId(0), *plain->graphs[0].module, BodyId(0)));
    QCOMPARE(found->problems.size(), plain->problems.size() + 1);
    QVERIFY2(problemText(found->problems).contains("tab"), qPrintable(problemText(found->problems)));
    QCOMPARE(found->problems.front().severity, Severity::Note);
}

void TestTraceLog::logInOneFile_data() {
    QTest::addColumn<int>("at"); // lines of the log before the trace
    QTest::newRow("behind") << 0;
    QTest::newRow("before") << 1'000'000;
    QTest::newRow("around") << 200;
}

// Both streams in one file (`2>&1 | tee`, `cat`): two inputs of one run, each call once.
void TestTraceLog::logInOneFile() {
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

void TestTraceLog::idsBeginAnew() {
    const QByteArray one = record(R"("dynamo_start": {})") + graphRecord();
    const auto twice = openBytes(one + one, verifying());
    QVERIFY(twice.ok());
    QCOMPARE(twice->graphs.size(), size_t{1});
    QCOMPARE(twice->problems.size(), size_t{1});
    QCOMPARE(twice->problems[0].line, static_cast<uint64_t>(one.count('\n')) + 1);
    // Not all of it, and so not read once: that it repeats is said.
    const auto part = openBytes(one + one.left(one.size() - 3));
    QVERIFY(part.ok());
    QVERIFY2(problemText(part->problems).contains("the file repeats itself"),
        qPrintable(problemText(part->problems)));
    QByteArray other = one;
    for (const bool process : {false, true}) {
        other.replace(process ? " 4242 " : "12:00:00", process ? " 4243 " : "12:00:01");
        QVERIFY(other != one);
        const auto dump = openBytes(one + other, verifying());
        QVERIFY(dump.ok());
        QCOMPARE(address_of(*dump, GraphId(1)), std::string("0/0~2:dynamo"));
        QCOMPARE(dump->problems.size(), size_t{1});
        QCOMPARE(dump->problems[0].severity, Severity::Note);
        const QString told = QString::fromStdString(dump->problems[0].message);
        QVERIFY2(told.contains(process ? "by another process" : "torch._dynamo.reset"), qPrintable(told));
        other = one;
    }
}

void TestTraceLog::md5FindsAFlippedByte() {
    QByteArray bytes = record(R"("dynamo_start": {})") + graphRecord();
    const auto good = openBytes(bytes, verifying());
    QVERIFY(good.ok());
    QVERIFY2(good->problems.empty(), qPrintable(problemText(good->problems)));
    bytes.replace("x.sin()", "x.sim()"); // in the comment: the graph still reads
    // Only the last record is looked at while reading; the others when there is time.
    const auto unverified = openBytes(bytes + record(R"("dynamo_side_effects": {})"));
    QVERIFY(unverified.ok());
    QVERIFY(unverified->problems.empty());
    const auto later = check_payloads(unverified->payloads);
    QCOMPARE(later.size(), size_t{1});
    QCOMPARE(later[0].line, uint64_t{2});
    const auto at_end = openBytes(bytes);
    QVERIFY(at_end.ok());
    QCOMPARE(at_end->problems.size(), size_t{1});
    QVERIFY2(test::text(at_end->problems[0].message).startsWith("the last record is not whole"),
        at_end->problems[0].message.c_str());
    QVERIFY(!at_end->graphs[0].cut);
    const auto bad = openBytes(bytes, verifying());
    QVERIFY(bad.ok());
    QCOMPARE(bad->problems.size(), size_t{1});
    QVERIFY2(test::text(bad->problems[0].message).startsWith("payload of dynamo_output_graph has md5 "),
        bad->problems[0].message.c_str());
    QCOMPARE(bad->problems[0].line, uint64_t{2});
    QCOMPARE(bad->graphs.size(), size_t{1});
}

void TestTraceLog::md5OfRecordings_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

void TestTraceLog::md5OfRecordings() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)}, verifying());
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    if (!recording.startsWith("v2.9")) // 2.9 does not say
        QVERIFY(dump->torch_version.starts_with("2.13"));
    QVERIFY(!dump->compilations.empty());
}

void TestTraceLog::orphanedLinesAreCounted() {
    const auto dump = openBytes("\tlost 1\n\tlost 2\n" + graphRecord() + "words of the program\n");
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(test::text(dump->problems[0].message).startsWith("3 lines"), dump->problems[0].message.c_str());
    QCOMPARE(dump->problems[0].line, uint64_t{1});
}

// The next record's payload goes to the one before it; nothing may be read as the wrong graph without a word.
void TestTraceLog::lostJsonLine() {
    QByteArray second = graphRecord(R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)");
    second.remove(0, second.indexOf('\n') + 1);
    const auto dump = openBytes(
        graphRecord() + second + graphRecord(R"("frame_id": 2, "frame_compile_id": 0, "attempt": 0)"),
        verifying());
    QVERIFY(dump.ok());
    QVERIFY2(!dump->problems.empty(), "a lost line went unnoticed");
    QVERIFY(resolve(*dump, "0/0:dynamo").ok());
    QVERIFY(resolve(*dump, "2/0:dynamo").ok());
    QVERIFY(!resolve(*dump, "1/0:dynamo").ok());
}

void TestTraceLog::brokenJsonLine() {
    QByteArray second = graphRecord(R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)");
    second.replace("\"frame_id\": 1", "\"frame_id\"; 1");
    const auto dump = openBytes(
        graphRecord() + second + graphRecord(R"("frame_id": 2, "frame_compile_id": 0, "attempt": 0)"));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{2});
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(test::text(dump->problems[0].message).startsWith("a record's JSON cannot be read"),
        dump->problems[0].message.c_str());
    QCOMPARE(dump->problems[0].line, static_cast<uint64_t>(graphRecord().count('\n') + 1));
    QCOMPARE(dump->problems[0].offset, static_cast<uint64_t>(graphRecord().size()));
}

void TestTraceLog::cutLastLine() {
    const QByteArray last =
        record(R"("dynamo_start": {"stack": []})", R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)");
    const auto dump = openBytes(graphRecord() + last.chopped(30));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(test::text(dump->problems[0].message).startsWith("the last record is cut off"),
        dump->problems[0].message.c_str());
}

void TestTraceLog::lineEnds() {
    QByteArray bytes = record(R"("dynamo_start": {})") + graphRecord();
    const auto unix_ends = openBytes(bytes, verifying());
    bytes.replace("\n", "\r\n");
    const auto dump = openBytes(bytes, verifying());
    QVERIFY(dump.ok() && unix_ends.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->graphs.size(), size_t{1});
    QVERIFY(same_body(*dump->graphs[0].module, BodyId(0), *unix_ends->graphs[0].module, BodyId(0)));
}

// Editors take the lone tabs off blank lines; the payload goes on behind them.
void TestTraceLog::strippedBlankLines() {
    QByteArray bytes = graphRecord() + graphRecord(R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)");
    QVERIFY(bytes.contains("\n\t\n"));
    bytes.replace("\n\t\n", "\n\n");
    const auto dump = openBytes(bytes);
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->graphs.size(), size_t{2});
    for (const Graph& g : dump->graphs)
        QCOMPARE(g.module->bodies[0].nodes.size(), size_t{3});
}

void TestTraceLog::unknownEvents() {
    const auto dump = openBytes(record(R"("event_of_the_future": [1, {"a": NaN}])")
            + record(R"("another": null)", kIds, "text\n", kPrefix) + graphRecord()
            + record(R"("str": ["/p/f.py", 8])", "") + record(R"("describe_tensor": {"id": 0})"),
        verifying());
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->graphs.size(), size_t{1});
}

void TestTraceLog::graphEvents_data() {
    QTest::addColumn<QByteArray>("event");
    QTest::addColumn<QString>("stage");
    QTest::addColumn<QString>("label");
    const auto event = [](const char* name, const char* stage, const char* label) {
        QTest::newRow(name) << QByteArray("\"") + name + "\": {}" << stage << label;
    };
    event("dynamo_output_graph", "dynamo", "");
    event("aot_joint_graph", "joint", "");
    event("aot_forward_graph", "forward", "");
    event("aot_backward_graph", "backward", "");
    event("aot_inference_graph", "inference", "");
    event("inductor_pre_grad_graph", "pre_grad", "inductor_pre_grad_graph");
    event("inductor_post_grad_graph", "post_grad", "inductor_post_grad_graph");
    event("optimize_ddp_split_graph", "graph", "optimize_ddp_split_graph");
    event("compiled_autograd_graph", "graph", "compiled_autograd_graph");
    event("exported_program", "export", "");
    const auto artifact = [](const char* name, const char* stage) {
        QTest::newRow(name) << QByteArray(R"("artifact": {"name": ")") + name + R"(", "encoding": "string"})"
                            << stage << name;
    };
    artifact("before_pre_grad_graph", "pre_grad");
    artifact("after_pre_grad_graph", "pre_grad");
    artifact("before_joint_graph", "joint");
    artifact("after_joint_graph", "joint");
    artifact("before_post_grad_graph", "post_grad");
    artifact("aot_inference_graph_after_hop_passes", "inference");
    artifact("graph_of_the_future", "graph");
    QTest::newRow("ddp child") << QByteArray(R"("optimize_ddp_split_child": {"name": "submod_0"})") << "graph"
                               << "submod_0";
    QTest::newRow("graph_dump") << QByteArray(R"("graph_dump": {"name": "vllm_piecewise_split_graph"})")
                                << "graph"
                                << "vllm_piecewise_split_graph";
    QTest::newRow("graph_dump of a stage")
        << QByteArray(R"("graph_dump": {"name": "vllm_post_grad.2.Fuse"})") << "post_grad"
        << "vllm_post_grad.2.Fuse";
    QTest::newRow("graph_dump without a name") << QByteArray(R"("graph_dump": {})") << "graph"
                                               << "graph_dump";
}

void TestTraceLog::graphEvents() {
    QFETCH(QByteArray, event);
    QFETCH(QString, stage);
    QFETCH(QString, label);
    const auto dump = openBytes(record(event, kIds, kGraph, kPrefix), verifying());
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(test::text(stage_name(dump->graphs[0].stage)), stage);
    QCOMPARE(QString::fromStdString(dump->graphs[0].label), label);
    QVERIFY(dump->graphs[0].tabbed);
}

// The payload behind a head that cannot be read is not the record's before it.
void TestTraceLog::damagedHead() {
    const QByteArray whole = graphRecord();
    const auto dump = openBytes(whole + graphRecord().replace("{\"dynamo", "(\"dynamo") + whole, verifying());
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{2});
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(dump->problems[0].line, uint64_t{1} + static_cast<uint64_t>(whole.count('\n')));
    QVERIFY2(dump->problems[0].message.find("that belong to no record were passed over") != std::string::npos,
        dump->problems[0].message.c_str());
}

void TestTraceLog::graphDumpWithoutGraph() {
    const auto dump = openBytes(graphRecord()
        + record(R"("graph_dump": {"name": "vllm_post_grad.2.Fuse"})", kIds, "digraph { a -> b }", kPrefix));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(QString::fromStdString(dump->problems[0].message),
        QStringLiteral("found no graph in vllm_post_grad.2.Fuse"));
    QVERIFY(dump->problems[0].line > 1);
}

void TestTraceLog::artifactsThatOnlyHoldGraphs() {
    const auto dump = openBytes(
        record(R"("artifact": {"name": "fx_graph_runnable"})", kIds, "import torch\n" + kGraph, kPrefix)
        + record(R"("artifact": {"name": "aotautograd_cache_miss"})", kIds,
            "{\"components\": [\"class X(torch.nn.Module):\"]}", kPrefix));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{0});
    QCOMPARE(dump->artifacts.size(), size_t{1});
    QCOMPARE(QString::fromStdString(dump->artifacts[0].name), QStringLiteral("fx_graph_runnable"));
    QCOMPARE(dump->artifacts[0].line, uint64_t{1});
    QCOMPARE(dump->caches.size(), size_t{1}); // what a cache said is no artifact but a fact of its own
    QVERIFY(dump->caches[0].state == CacheRecord::State::Miss);
}

void TestTraceLog::metrics() {
    const auto dump = openBytes(graphRecord()
        + record(
            R"("compilation_metrics": {"co_name": "net", "co_filename": "/w/t.py", "co_firstlineno": 7, "entire_frame_compile_time_s": 1.5, "fail_type": "RuntimeError", "fail_reason": "no \"luck\"", "other": {"a": [1, 2]}})"));
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->compilations.size(), size_t{1});
    const Compilation& c = dump->compilations[0];
    QCOMPARE(QString::fromStdString(c.function), QStringLiteral("net"));
    QCOMPARE(QString::fromStdString(c.file), QStringLiteral("/w/t.py"));
    QCOMPARE(c.line, 7);
    QCOMPARE(c.compile_seconds, 1.5);
    QCOMPARE(QString::fromStdString(c.fail_type), QStringLiteral("RuntimeError"));
    QCOMPARE(QString::fromStdString(c.fail_reason), QStringLiteral("no \"luck\""));
}

void TestTraceLog::timersNest() {
    const auto dump = openBytes(timerRecord("invoke_subgraph_reuse_lookup", 'B', 1)
        + timerRecord("invoke_subgraph_reuse_lookup", 'E', 2) + timerRecord("invoke_subgraph_trace", 'B', 3)
        + timerRecord("invoke_subgraph_trace", 'B', 4) + timerRecord("dynamo", 'B', 4.5)
        + timerRecord("invoke_subgraph_trace", 'E', 5) + timerRecord("invoke_subgraph_trace", 'E', 2003));
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->timers.size(), size_t{3});
    QVERIFY(dump->timers[0].kind == RegionTimer::Kind::ReuseLookup);
    QVERIFY(!dump->timers[0].parent);
    QVERIFY(!dump->timers[1].parent);
    QVERIFY(dump->timers[2].parent == 1U);
    QCOMPARE(dump->timers[1].milliseconds().value_or(-1), 2.0);
    QCOMPARE(dump->timers[2].milliseconds().value_or(-1), 0.001);
}

void TestTraceLog::timersThatNeverEnd() {
    const auto dump = openBytes(
        timerRecord("invoke_subgraph_trace", 'B', 3) + timerRecord("invoke_subgraph_proxy_tensor", 'E', 5));
    QVERIFY(dump.ok());
    QCOMPARE(dump->timers.size(), size_t{1});
    QVERIFY(!dump->timers[0].milliseconds());
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(test::text(dump->problems[0].message).contains("ends without having begun"),
        dump->problems[0].message.c_str());
}

void TestTraceLog::compressed() {
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

void TestTraceLog::folderOfRanks() {
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

void TestTraceLog::attempts() {
    const auto dump = open_dump({traceOf("graph_breaks")});
    QVERIFY(dump.ok());
    bool superseded = false;
    for (const Compilation& c : dump->compilations) {
        bool later = false;
        for (const Compilation& other : dump->compilations)
            later = later || (other.key.id == c.key.id && other.key.attempt > c.key.attempt);
        QCOMPARE(c.last_attempt, !later);
        superseded = superseded || later;
    }
    QVERIFY(superseded);
}

void TestTraceLog::failures() {
    const auto failing = open_dump({traceOf("failing")});
    QVERIFY(failing.ok());
    QCOMPARE(failing->failures.size(), size_t{1});
    QCOMPARE(QString::fromStdString(failing->failures[0].kind), QStringLiteral("dynamo_error"));
    QVERIFY2(
        test::text(failing->failures[0].message).contains("Error"), failing->failures[0].message.c_str());
    QVERIFY(!failing->compilation(failing->failures[0].compilation).fail_type.empty());
    const auto dynamic = open_dump({traceOf("gpt4_dynamic")});
    QVERIFY(dynamic.ok());
    QStringList kinds;
    for (const Failure& f : dynamic->failures)
        kinds << QString::fromStdString(f.kind);
    QVERIFY2(kinds.contains("fx_interpreter_error"), qPrintable(kinds.join(' ')));
    QVERIFY2(kinds.contains("make_fx_fail_partial"), qPrintable(kinds.join(' ')));
    // The graphs inside them are there to look at.
    QStringList labels;
    for (const Graph& g : dynamic->graphs)
        labels << QString::fromStdString(g.label);
    QVERIFY2(labels.contains("make_fx_fail_partial") && labels.join(' ').contains("fx_interpreter_error"),
        qPrintable(labels.join(' ')));
}

void TestTraceLog::duplicates() {
    const auto dump = open_dump({traceOf("dup_tangents")});
    QVERIFY(dump.ok());
    QCOMPARE(dump->duplicates.size(), size_t{1});
    QCOMPARE(
        QString::fromStdString(dump->duplicates[0].backward_identifier), QStringLiteral("bw_subgraph_0_1"));
    QVERIFY(!dump->duplicates[0].forward_identifier.empty());
    QVERIFY(QJsonDocument::fromJson(QByteArray::fromStdString(dump->duplicates[0].text)).isObject());
}

void TestTraceLog::emptyFiles() {
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

void TestTraceLog::unrelatedFiles() {
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

void TestTraceLog::severalPaths() {
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

void TestTraceLog::missingFile() {
    const auto dump = open_dump({"/no/such/file.log"});
    QVERIFY(!dump.ok());
    QVERIFY(dump.error().kind == Error::Kind::CannotRead);
    QCOMPARE(QString::fromStdString(dump.error().text()),
        QStringLiteral("/no/such/file.log: No such file or directory"));
}

void TestTraceLog::cancelKeepsWhatWasRead() {
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

void TestTraceLog::progressEndsAtTotal() {
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

void TestTraceLog::sameDumpWhateverTheThreads() {
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

QTEST_GUILESS_MAIN(TestTraceLog)
#include "tst_trace_log.moc"
