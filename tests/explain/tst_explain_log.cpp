// What the text log says of a call, beside the graphs: whose words they are, and where both cannot be right.
#include "core/explain/explain.h"

#include "tests/testdata.h"

#include <QTemporaryDir>
#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestExplainLog : public QObject {
    Q_OBJECT

private slots:
    void refusalsOfNestedCalls_data();
    void refusalsOfNestedCalls();
    void refusalsThatMayBeOfEither();
    void logOfAnotherRun();
    void missWhereNothingDiffers();
    void hitWhereOperandsDiffer();
    void whatIsCertainComesFirst();
    void notEligibleIsOfNoBody();

private:
    std::string written(const QString& name, const QByteArray& bytes) {
        const QString path = folder_.filePath(name);
        return writeFile(path, bytes) ? path.toStdString() : std::string();
    }
    QTemporaryDir folder_;
};

namespace {

const QByteArray kRefused = "subgraph_reuse: reuse failed -- input 0 tensor metadata mismatch\n";

QByteArray logOf(const QString& recording) {
    return bytesOf(dataPath(recording + "/torch_logs.txt.gz"));
}

// A line of the log like the one that has `words`, with what PyTorch says replaced.
QByteArray lineLike(const QByteArray& log, const QByteArray& words, const QByteArray& said) {
    const qsizetype at = log.indexOf(words);
    const qsizetype begin = log.lastIndexOf('\n', at) + 1;
    const qsizetype end = log.indexOf("[__hierarchical_compile] ", begin) + 25;
    return log.mid(begin, end - begin) + said;
}

int refusals(const Invocation& inv) {
    return static_cast<int>(std::count_if(inv.messages.begin(), inv.messages.end(),
        [](const ReuseMessage& m) { return m.kind == ReuseMessage::Kind::ReuseFailed; }));
}

// Of the one compilation, by the identifier of each call's region: "subgraph_3 2".
QStringList refusalsByCall(const Dump& dump) {
    QStringList out;
    const Ledger ledger = build_ledger(dump);
    for (const CompilationLedger& c : ledger.compilations)
        for (const Invocation& inv : c.invocations)
            if (refusals(inv) > 0)
                out << QString::fromStdString(inv.region ? c.regions[inv.region.index].identifier : "?") + ' '
                        + QString::number(refusals(inv));
    return out;
}

const CallAnswer& answer(const std::vector<Explanation>& list, int index) {
    static const CallAnswer kNone;
    for (const RegionAnswer& r : list.front().regions)
        for (const CallAnswer& c : r.calls)
            if (c.index == index)
                return c;
    return kNone;
}

} // namespace

void TestExplainLog::refusalsOfNestedCalls_data() {
    QTest::addColumn<bool>("trace");
    QTest::newRow("with timers") << true;
    QTest::newRow("log alone") << false;
}

// The outer region has one body, and its second call is refused by that one; inside of it the inner region is
// refused by two bodies, then by three. The log has all six in a row but for one line.
void TestExplainLog::refusalsOfNestedCalls() {
    QFETCH(bool, trace);
    std::vector<std::string> paths{textLogOf("reasons/nested_miss")};
    if (trace)
        paths.push_back(traceOf("reasons/nested_miss"));
    const auto dump = open_dump(paths);
    QVERIFY(dump.ok());
    QStringList found = refusalsByCall(*dump);
    found.sort();
    // The call that is reused at the end was refused by the two entries in front of its own.
    QCOMPARE(
        found, (QStringList{"subgraph_1 1", "subgraph_3 2", "subgraph_3 2", "subgraph_4 3", "subgraph_5 1"}));
}

// Entries may refuse without a word (another constant, in 2.13): with one refusal less, those of the outer
// and the inner call cannot be told apart, and that is said.
void TestExplainLog::refusalsThatMayBeOfEither() {
    QByteArray log = logOf("reasons/nested_miss");
    const qsizetype inner = log.indexOf("'subgraph_3', bringing");
    const qsizetype last = log.lastIndexOf(kRefused, inner);
    log.remove(log.lastIndexOf('\n', last) + 1, log.indexOf('\n', last) - log.lastIndexOf('\n', last));
    const auto dump = open_dump({traceOf("reasons/nested_miss"), written("less.txt", log)});
    QVERIFY(dump.ok());
    const Ledger ledger = build_ledger(*dump);
    std::vector<std::string> notes;
    for (const Problem& p : ledger.problems)
        if (p.message.find("may be of a call or of one inside of it") != std::string::npos)
            notes.push_back(p.message);
    QCOMPARE(notes.size(), size_t(1));
    QVERIFY2(notes[0].find("1 refusal ") != std::string::npos, notes[0].c_str());
    const QStringList found = refusalsByCall(*dump);
    QVERIFY(found.contains("subgraph_3 1"));
    QVERIFY(!found.contains("subgraph_5 1"));
}

// A lookup is refused before the trace, not behind its comparison: what follows is left out, and that is
// said.
void TestExplainLog::logOfAnotherRun() {
    QByteArray log = logOf("reasons/constants");
    const qsizetype second = log.indexOf("Installing subgraph with identifier 'subgraph_1'");
    log.insert(log.lastIndexOf('\n', second) + 1, lineLike(log, "Installing", kRefused));
    const auto dump = open_dump({traceOf("reasons/constants"), written("another.txt", log)});
    QVERIFY(dump.ok());
    QStringList told;
    for (const Problem& p : build_ledger(*dump).problems)
        told << QString::fromStdString(p.message);
    QVERIFY2(told.join('\n').contains("the text log tells of other calls than the timers do"),
        qPrintable(told.join('\n')));
}

// The log refuses a tensor's metadata, and by graphs and records all of it is the same: one of them is of
// another run.
void TestExplainLog::missWhereNothingDiffers() {
    QByteArray log = logOf("reasons/constants");
    const qsizetype second = log.indexOf("Graph comparison failed");
    log.insert(log.lastIndexOf('\n', second) + 1, lineLike(log, "Installing", kRefused));
    const auto told = open_dump({traceOf("reasons/constants"), written("constants.txt", log)});
    QVERIFY(told.ok());
    const std::vector<Explanation> list = explain(*told, build_ledger(*told));
    QVERIFY2(answer(list, 1).contradiction.find("the log finds the metadata of input 0") == 0,
        answer(list, 1).contradiction.c_str());
    const auto silent = open_dump({traceOf("reasons/constants"), textLogOf("reasons/constants")});
    QVERIFY(answer(explain(*silent, build_ledger(*silent)), 1).contradiction.empty());
}

// The log tells a hit, and its own graph passes what the body does not take.
void TestExplainLog::hitWhereOperandsDiffer() {
    QByteArray log = logOf("reasons/dtypes");
    const auto healthy = open_dump({written("healthy.txt", log)});
    QVERIFY(answer(explain(*healthy, build_ledger(*healthy)), 3).contradiction.empty());
    const QByteArray passed = "\"f32[4, 8][8, 1]cpu\" = l_a_ + 1";
    QVERIFY(log.contains(passed));
    log.replace(passed, "\"f32[5, 8][8, 1]cpu\" = l_a_ + 1");
    const auto dump = open_dump({written("other.txt", log)});
    QVERIFY(dump.ok());
    const std::vector<Explanation> list = explain(*dump, build_ledger(*dump));
    QVERIFY2(answer(list, 3).contradiction.find("conditions of `subgraph_0` held") != std::string::npos,
        answer(list, 3).contradiction.c_str());
    QVERIFY(
        answer(list, 3).summary.find("shape (5, 8) where `subgraph_0` expects (4, 8)") != std::string::npos);
}

// Call 2 passes what call 0 passed: the body that nothing certain keeps it from is nearer than one that takes
// an operand more.
void TestExplainLog::whatIsCertainComesFirst() {
    const auto dump = open_dump({traceOf("reasons/symbols")});
    QVERIFY(dump.ok());
    const CallAnswer call = answer(explain(*dump, build_ledger(*dump)), 2);
    QCOMPARE(call.differences.front().against, std::string("subgraph_0"));
    QCOMPARE(call.differences.front().field, std::string("symbol"));
    QCOMPARE(call.differences.back().against, std::string("subgraph_1"));
    QCOMPARE(call.differences.back().field, std::string("count"));
}

// An argument that takes no part in reuse is no difference from a body.
void TestExplainLog::notEligibleIsOfNoBody() {
    const auto dump = open_dump({traceOf("reasons/unknown_argument"), textLogOf("reasons/unknown_argument")});
    QVERIFY(dump.ok());
    const CallAnswer call = answer(explain(*dump, build_ledger(*dump)), 2);
    QCOMPARE(call.differences.front().against, std::string());
    QCOMPARE(call.differences.front().found, std::string("unsupported input VT types"));
    QVERIFY2(
        call.summary.find("not eligible for reuse: unsupported input VT types") == 0, call.summary.c_str());
}

QTEST_GUILESS_MAIN(TestExplainLog)
#include "tst_explain_log.moc"
