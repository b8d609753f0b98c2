// TORCH_TRACE logs that lost or gained something on their way: what is said of it, and what is read all the
// same.
#include "core/read/payloads.h"
#include "tests/read/trace_text.h"
#include "tests/testdata.h"

#include <QTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;

class TestTraceDamage : public QObject {
    Q_OBJECT

private slots:
    void missingPayload();
    void emptyPayloadIsNotMissing();
    void md5FindsAFlippedByte();
    void md5OfRecordings_data();
    void md5OfRecordings();
    void orphanedLinesAreCounted();
    void prefixOnEachLine_data();
    void prefixOnEachLine();
    void prefixesAndTabs_data();
    void prefixesAndTabs();
    void tabsThatBecameBlanks_data();
    void tabsThatBecameBlanks();
    void lostJsonLine();
    void brokenJsonLine();
    void cutLastLine();
    void lineEnds();
    void strippedBlankLines();
    void damagedHead();
    void graphDumpWithoutGraph();
};

void TestTraceDamage::missingPayload() {
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

void TestTraceDamage::emptyPayloadIsNotMissing() {
    const auto dump = openBytes(
        record(R"("artifact": {"name": "x", "encoding": "string"})", kIds, "", kPrefix) + graphRecord(),
        verifying());
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->artifacts.size(), size_t{1});
}

// A trace behind itself is read once; another run's behind it, or one after a reset, is kept apart.
void TestTraceDamage::prefixOnEachLine_data() {
    QTest::addColumn<QByteArray>("before");
    QTest::newRow("rank") << QByteArray("[rank0]: ");
    QTest::newRow("container") << QByteArray("worker-0  | ");
    QTest::newRow("time") << QByteArray("2026-01-31T12:00:00.1234567Z ");
}

// A launcher's or a container's words before each line: the trace is read without them, payloads and all.
void TestTraceDamage::prefixOnEachLine() {
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

void TestTraceDamage::prefixesAndTabs_data() {
    QTest::addColumn<QString>("before"); // N: the line's number
    QTest::addColumn<QString>("tab"); // what became of it; "strip": gone with all blanks at the line's end
    for (const char* before :
        {"[rank0]:", "[rank0]: ", "2026-11-28T10:00:N.5Z ", "N:", "trace.log:N:", "0: "})
        for (const char* tab : {"\t", "    ", " ", "", "strip"})
            QTest::addRow("'%s' and '%s'", before, tab) << QString(before) << QString(tab);
}

// Both at once, and words of no one width: a real trace reads as without.
void TestTraceDamage::prefixesAndTabs() {
    QFETCH(QString, before);
    QFETCH(QString, tab);
    const QByteArray text = traceBytes("used_once");
    QByteArray changed;
    int number = 0;
    for (QByteArray line : text.trimmed().split('\n')) {
        if (line.startsWith('\t') && tab != "strip")
            line = tab.toUtf8() + line.mid(1);
        line = QString(before).replace('N', QString::number(++number)).toUtf8() + line;
        while (tab == "strip" && (line.endsWith(' ') || line.endsWith('\t')))
            line.chop(1);
        changed += line + '\n';
    }
    const auto plain = openBytes(text), found = openBytes(changed);
    QVERIFY(plain.ok() && found.ok());
    QCOMPARE(found->graphs.size(), plain->graphs.size());
    for (size_t i = 0; i < plain->graphs.size(); ++i) {
        QCOMPARE(address_of(*found, GraphId(i)), address_of(*plain, GraphId(i)));
        QCOMPARE(found->graphs[i].module->bodies.size(), plain->graphs[i].module->bodies.size());
        QVERIFY(same_body(*found->graphs[i].module, BodyId(0), *plain->graphs[i].module, BodyId(0)));
    }
    QVERIFY2(problemText(found->problems).contains("no part of the trace"),
        qPrintable(problemText(found->problems)));
    QVERIFY2(tab == "strip" || found->problems.size() == plain->problems.size() + 1,
        qPrintable(problemText(found->problems)));
}

void TestTraceDamage::tabsThatBecameBlanks_data() {
    QTest::addColumn<QByteArray>("blanks");
    QTest::newRow("eight") << QByteArray("        ");
    QTest::newRow("four") << QByteArray("    ");
    QTest::newRow("one") << QByteArray(" ");
    QTest::newRow("none") << QByteArray();
}

// Editors and web forms expand tabs: payloads are read, and their sums, which are right, are not blamed.
void TestTraceDamage::tabsThatBecameBlanks() {
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

void TestTraceDamage::md5FindsAFlippedByte() {
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

void TestTraceDamage::md5OfRecordings_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

void TestTraceDamage::md5OfRecordings() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)}, verifying());
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    if (!recording.startsWith("v2.9")) // 2.9 does not say
        QVERIFY(dump->torch_version.starts_with("2.13"));
    QVERIFY(!dump->compilations.empty());
}

void TestTraceDamage::orphanedLinesAreCounted() {
    const auto dump = openBytes("\tlost 1\n\tlost 2\n" + graphRecord() + "words of the program\n");
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(test::text(dump->problems[0].message).startsWith("3 lines"), dump->problems[0].message.c_str());
    QCOMPARE(dump->problems[0].line, uint64_t{1});
}

// The next record's payload goes to the one before it; nothing may be read as the wrong graph without a word.
void TestTraceDamage::lostJsonLine() {
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

void TestTraceDamage::brokenJsonLine() {
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

void TestTraceDamage::cutLastLine() {
    const QByteArray last =
        record(R"("dynamo_start": {"stack": []})", R"("frame_id": 1, "frame_compile_id": 0, "attempt": 0)");
    const auto dump = openBytes(graphRecord() + last.chopped(30));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(test::text(dump->problems[0].message).startsWith("the last record is cut off"),
        dump->problems[0].message.c_str());
}

void TestTraceDamage::lineEnds() {
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
void TestTraceDamage::strippedBlankLines() {
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

// The payload behind a head that cannot be read is not the record's before it.
void TestTraceDamage::damagedHead() {
    const QByteArray whole = graphRecord();
    const auto dump = openBytes(whole + graphRecord().replace("{\"dynamo", "(\"dynamo") + whole, verifying());
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{2});
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(dump->problems[0].line, uint64_t{1} + static_cast<uint64_t>(whole.count('\n')));
    QVERIFY2(dump->problems[0].message.find("that belong to no record were passed over") != std::string::npos,
        dump->problems[0].message.c_str());
}

void TestTraceDamage::graphDumpWithoutGraph() {
    const auto dump = openBytes(graphRecord()
        + record(R"("graph_dump": {"name": "vllm_post_grad.2.Fuse"})", kIds, "digraph { a -> b }", kPrefix));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(QString::fromStdString(dump->problems[0].message),
        QStringLiteral("found no graph in vllm_post_grad.2.Fuse"));
    QVERIFY(dump->problems[0].line > 1);
}

QTEST_GUILESS_MAIN(TestTraceDamage)
#include "tst_trace_damage.moc"
