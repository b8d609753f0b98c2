// TORCH_LOGS text: the messages of hierarchical_compile, their prefixes, and what lies between them.
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;
using Kind = hopscope::ReuseMessage::Kind;
Q_DECLARE_METATYPE(hopscope::ReuseMessage::Kind)

class TestTextLog : public QObject {
    Q_OBJECT

private slots:
    void messages_data();
    void messages();
    void severalLines();
    void prefixes_data();
    void prefixes();
    void interleavedRanks();
    void otherLinesAreLeftAlone();
    void lineEnds();
    void recordings_data();
    void recordings();
};

namespace {

const QByteArray kPrefix = "V1123 16:05:59.722000 5629 torch/_dynamo/variables/invoke_subgraph.py:1189] "
                           "[0/0] [__hierarchical_compile] ";

Result<Dump> openLog(const QByteArray& bytes) {
    QTemporaryDir folder;
    const QString path = folder.filePath("torch_logs.txt");
    if (!writeFile(path, bytes))
        return make_error(Error::Kind::CannotRead, "cannot write the test's file");
    return open_dump({path.toStdString()});
}

} // namespace

void TestTextLog::messages_data() {
    QTest::addColumn<QString>("line");
    QTest::addColumn<Kind>("kind");
    QTest::addColumn<QString>("identifier");
    QTest::addColumn<QString>("function");
    QTest::addColumn<QString>("detail");
    QTest::addColumn<int>("count");
    const auto row = [](const char* line, Kind kind, const char* identifier, const char* function,
                         const char* detail, int count) {
        QTest::newRow(line) << line << kind << identifier << function << detail << count;
    };
    row("subgraph_reuse: reuse failed -- treespec mismatch", Kind::ReuseFailed, "", "", "treespec mismatch",
        -1);
    row("subgraph_reuse: reuse failed -- input count mismatch: cached 3 vs current 4", Kind::ReuseFailed, "",
        "", "input count mismatch: cached 3 vs current 4", -1);
    row("subgraph_reuse: reuse failed -- input 1 tag mismatch: cached 'InputTag.TENSOR' vs current "
        "'InputTag.CONSTANT'",
        Kind::ReuseFailed, "", "",
        "input 1 tag mismatch: cached 'InputTag.TENSOR' vs current 'InputTag.CONSTANT'", -1);
    row("subgraph_reuse: reuse failed -- input 0 tensor has no example_value", Kind::ReuseFailed, "", "",
        "input 0 tensor has no example_value", -1);
    row("subgraph_reuse: reuse failed -- input 0 tensor metadata mismatch", Kind::ReuseFailed, "", "",
        "input 0 tensor metadata mismatch", -1);
    row("subgraph_reuse: reuse failed -- cannot resolve source", Kind::ReuseFailed, "", "",
        "cannot resolve source", -1);
    row("subgraph_reuse: reuse failed -- ", Kind::ReuseFailed, "", "", "", -1);
    row("subgraph_reuse: reuse failed -- input 1 symnode mismatch: cached 's77' vs current 's48'",
        Kind::ReuseFailed, "", "", "input 1 symnode mismatch: cached 's77' vs current 's48'", -1);
    row("subgraph_reuse: reuse failed -- input 1 constant mismatch with no source to replace: cached "
        "'(<class 'float'>, 2.0)' vs current '3.0'",
        Kind::ReuseFailed, "", "",
        "input 1 constant mismatch with no source to replace: cached '(<class 'float'>, 2.0)' vs current "
        "'3.0'",
        -1);
    row("subgraph_reuse: mutated sources detected -- OrderedSet([AttrSource(x)])", Kind::ReuseFailed, "", "",
        "mutated sources detected -- OrderedSet([AttrSource(x)])", -1);
    row("subgraph_reuse: cache hit for 'UserFunctionVariable()', reusing subgraph 'subgraph_0'",
        Kind::CacheHit, "subgraph_0", "", "", -1);
    row("subgraph_reuse: cache hit for 'UnspecializedNNModuleVariable(Block)', reusing subgraph "
        "'subgraph_12'",
        Kind::CacheHit, "subgraph_12", "", "", -1);
    row("subgraph_reuse: hash key 2 hit for 'UserFunctionVariable()', reusing subgraph 'subgraph_0'",
        Kind::HashHit, "subgraph_0", "", "2", -1);
    row("block: Graph comparison failed at node (call_function): mul", Kind::ComparisonFailed, "", "block",
        "at node (call_function): mul", -1);
    row("block: Graph comparison failed at node (call_method) : softmax", Kind::ComparisonFailed, "", "block",
        "at node (call_method) : softmax", -1);
    row("block: Graph comparison failed at the output node", Kind::ComparisonFailed, "", "block",
        "at the output node", -1);
    row("block: Installing subgraph with identifier 'subgraph_1', bringing total count for 'block' function "
        "to 2",
        Kind::Installing, "subgraph_1", "block", "", 2);
    row("Block.forward: Installing subgraph with identifier 'subgraph_0', bringing total count for "
        "'Block.forward' function to 1",
        Kind::Installing, "subgraph_0", "Block.forward", "", 1);
    row("subgraph_reuse: not eligible -- subgraph has side effects", Kind::NotEligible, "", "",
        "subgraph has side effects", -1);
    row("subgraph_reuse: not eligible -- output contains non-tensor types: ['ConstantVariable', "
        "'TupleVariable']",
        Kind::NotEligible, "", "", "output contains non-tensor types: ['ConstantVariable', 'TupleVariable']",
        -1);
    row("auto_guard_cache: not cacheable -- subgraph has side effects", Kind::NotEligible, "", "",
        "subgraph has side effects", -1);
    row("subgraph_reuse: cannot build condition -- tensor input has no example_value", Kind::NotEligible, "",
        "", "tensor input has no example_value", -1);
    row("Number of guards 3", Kind::Guards, "", "", "", 3);
    row("Number of guards 0", Kind::Guards, "", "", "", 0);
    row("invoke_subgraph: exceeded maximum reuse entries (8) for function code block", Kind::Exceeded, "", "",
        "invoke_subgraph: exceeded maximum reuse entries (8) for function code block", -1);
    row("Fake tensor cache failed: identifier = subgraph_0, reason = constant attribute",
        Kind::FakeCacheFailed, "subgraph_0", "", "constant attribute", -1);
    row("subgraph_reuse: unsupported guard type 'X' on source 'y'", Kind::Other, "", "",
        "subgraph_reuse: unsupported guard type 'X' on source 'y'", -1);
    row("reuse_hash_fn must return a constant integer, got x", Kind::Other, "", "",
        "reuse_hash_fn must return a constant integer, got x", -1);
}

void TestTextLog::messages() {
    QFETCH(QString, line);
    QFETCH(Kind, kind);
    QFETCH(QString, identifier);
    QFETCH(QString, function);
    QFETCH(QString, detail);
    QFETCH(int, count);
    const auto dump = openLog("words of the program\n" + kPrefix + line.toUtf8() + '\n');
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY(dump->has_text_log);
    QCOMPARE(QString::fromStdString(dump->files[0].kind), QStringLiteral("TORCH_LOGS"));
    QCOMPARE(dump->messages.size(), size_t{1});
    const ReuseMessage& m = dump->messages[0];
    QCOMPARE(m.kind, kind);
    QCOMPARE(QString::fromStdString(m.identifier), identifier);
    QCOMPARE(QString::fromStdString(m.function), function);
    QCOMPARE(QString::fromStdString(m.detail), detail);
    QCOMPARE(m.count.value_or(-1), count);
    QCOMPARE(m.line, uint64_t{2});
    QCOMPARE(QString::fromStdString(m.key.id), QStringLiteral("0/0"));
}

void TestTextLog::severalLines() {
    const auto dump = openLog(kPrefix + "subgraph_reuse: reuse failed -- \n" + kPrefix
        + "  guard type: CONSTANT_MATCH\n" + kPrefix + "  guard source name: L['ms']._modules['2'].eps\n"
        + kPrefix + "  expected: 1.0\n" + "tqdm 50%\r\n" + kPrefix + "  got: 2.0\n" + kPrefix
        + "  user stack:\n" + kPrefix + "    <no stack>\n" + kPrefix + "Number of guards 1\n");
    QVERIFY(dump.ok());
    QCOMPARE(dump->messages.size(), size_t{2});
    const QString detail = QString::fromStdString(dump->messages[0].detail);
    for (const char* part : {"guard type: CONSTANT_MATCH", "guard source name: L['ms']._modules['2'].eps",
             "expected: 1.0", "got: 2.0", "<no stack>"})
        QVERIFY2(detail.contains(part), qPrintable(detail));
    QVERIFY(dump->messages[1].kind == Kind::Guards);
    QVERIFY(dump->messages[1].detail.empty());
}

void TestTextLog::prefixes_data() {
    QTest::addColumn<QByteArray>("prefix");
    QTest::addColumn<int>("rank");
    QTest::addColumn<QString>("id");
    QTest::addColumn<int>("attempt");
    const QByteArray head = "V1123 16:05:59.722000 5629 torch/a.py:1189] ";
    QTest::newRow("plain") << head + "[0/0] [__hierarchical_compile] " << -1 << "0/0" << 0;
    QTest::newRow("attempt") << head + "[0/0_1] [__hierarchical_compile] " << -1 << "0/0" << 1;
    QTest::newRow("compiled autograd") << head + "[!1/0/0] [__hierarchical_compile] " << -1 << "!1/0/0" << 0;
    QTest::newRow("no trace id") << head + "[__hierarchical_compile] " << -1 << "" << 0;
    QTest::newRow("rank") << "[rank3]:" + head + "[0/0] [__hierarchical_compile] " << 3 << "0/0" << 0;
    QTest::newRow("rank and a space")
        << "[rank3]: " + head + "[0/0] [__hierarchical_compile] " << 3 << "0/0" << 0;
    QTest::newRow("torchrun before the rank")
        << "[default0]:[rank12]:" + head + "[2/1] [__hierarchical_compile] " << 12 << "2/1" << 0;
    QTest::newRow("spaces in the path")
        << QByteArray("V1123 16:05:59.722000 5629 /my [x]/a b.py:1189] [0/0] [__hierarchical_compile] ") << -1
        << "0/0" << 0;
    QTest::newRow("information level")
        << QByteArray("I1123 16:05:59.722000 5629 a.py:1189] [0/0] [__hierarchical_compile] ") << -1 << "0/0"
        << 0;
}

void TestTextLog::prefixes() {
    QFETCH(QByteArray, prefix);
    QFETCH(int, rank);
    QFETCH(QString, id);
    QFETCH(int, attempt);
    const auto dump = openLog(prefix + "Number of guards 7\n");
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(dump->messages.size(), size_t{1});
    QCOMPARE(dump->messages[0].key.rank.value_or(-1), rank);
    QCOMPARE(QString::fromStdString(dump->messages[0].key.id), id);
    QCOMPARE(dump->messages[0].key.attempt, attempt);
    QCOMPARE(dump->messages[0].count.value_or(-1), 7);
}

// Ranks write to one terminal: a line of rank 1 between two of rank 0 is no part of rank 0's message.
void TestTextLog::interleavedRanks() {
    const auto dump = openLog("[rank0]:" + kPrefix + "subgraph_reuse: reuse failed -- cannot resolve source\n"
        + "[rank1]:" + kPrefix + "Number of guards 1\n" + "[rank0]:" + kPrefix + "  guard type: X\n"
        + "[rank1]:" + kPrefix + "  no message's first line\n");
    QVERIFY(dump.ok());
    QCOMPARE(dump->messages.size(), size_t{2});
    QCOMPARE(dump->messages[0].key.rank.value_or(-1), 0);
    QCOMPARE(QString::fromStdString(dump->messages[0].detail),
        QStringLiteral("cannot resolve source\n  guard type: X"));
    QCOMPARE(dump->messages[1].key.rank.value_or(-1), 1);
    QCOMPARE(QString::fromStdString(dump->messages[1].detail), QStringLiteral("  no message's first line"));
}

void TestTextLog::otherLinesAreLeftAlone() {
    QByteArray other = kPrefix;
    other.replace("__hierarchical_compile", "__graph_code");
    const auto dump = openLog(other + "TRACED GRAPH\n" + other + " class GraphModule(torch.nn.Module):\n"
        + "Number of guards 3\n" + kPrefix + "an unknown message\n" + kPrefix + "Number of guards 4\n"
        + "W1123 16:05:59.722000 1 a.py:1] UserWarning: Number of guards 5\n");
    QVERIFY(dump.ok());
    QCOMPARE(dump->messages.size(), size_t{1});
    QCOMPARE(dump->messages[0].count.value_or(-1), 4);
}

void TestTextLog::lineEnds() {
    QByteArray bytes = kPrefix + "subgraph_reuse: cache hit for 'A()', reusing subgraph 'subgraph_0'\n"
        + kPrefix + "Number of guards 4";
    bytes.replace("\n", "\r\n");
    const auto dump = openLog(bytes);
    QVERIFY(dump.ok());
    QCOMPARE(dump->messages.size(), size_t{2});
    QCOMPARE(QString::fromStdString(dump->messages[0].identifier), QStringLiteral("subgraph_0"));
    QCOMPARE(dump->messages[1].count.value_or(-1), 4);
}

void TestTextLog::recordings_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : test::recordings())
        if (QFile::exists(QString::fromStdString(textLogOf(name))))
            QTest::newRow(qPrintable(name)) << name;
}

// Every message of every recording has its kind, and as many are read as a plain search of the text finds.
void TestTextLog::recordings() {
    QFETCH(QString, recording);
    const QByteArray text = bytesOf(QString::fromStdString(textLogOf(recording)));
    const auto dump = open_dump({textLogOf(recording)});
    if (recording == QStringLiteral("failing")) { // a traceback and nothing else
        QVERIFY(!dump.ok());
        QVERIFY(QString::fromStdString(dump.error().message).contains(QStringLiteral("no graph")));
        return;
    }
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    // Nothing compiled to its end there.
    if (recording == QStringLiteral("too_many_shapes")) {
        QCOMPARE(dump->problems.size(), size_t{1});
        QCOMPARE(dump->problems[0].severity, Severity::Note);
        QVERIFY(QString::fromStdString(dump->problems[0].message).contains(QStringLiteral("has no graph")));
    } else {
        QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    }
    const auto of = [&](Kind kind) {
        return std::count_if(dump->messages.begin(), dump->messages.end(),
            [&](const ReuseMessage& m) { return m.kind == kind; });
    };
    QCOMPARE(of(Kind::CacheHit), text.count("subgraph_reuse: cache hit for"));
    QCOMPARE(of(Kind::Installing), text.count(": Installing subgraph with identifier"));
    QCOMPARE(of(Kind::Guards), text.count("] Number of guards "));
    QCOMPARE(of(Kind::NotEligible), text.count("subgraph_reuse: not eligible --"));
    QCOMPARE(of(Kind::ComparisonFailed), text.count(": Graph comparison failed"));
    QCOMPARE(of(Kind::Other), 0);
    for (const ReuseMessage& m : dump->messages) {
        QVERIFY(!m.key.id.empty());
        QVERIFY(m.line > 0);
        if (m.kind == Kind::Installing || m.kind == Kind::CacheHit)
            QVERIFY(!m.identifier.empty());
    }
}

QTEST_GUILESS_MAIN(TestTextLog)
#include "tst_text_log.moc"
