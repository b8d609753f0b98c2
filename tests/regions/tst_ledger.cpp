// The ledger of recordings: what every call was, on which evidence, and what that adds up to.
#include "core/graph/calls.h"
#include "core/regions/ledger.h"
#include "core/regions/memory.h"
#include "tests/testdata.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;

class TestLedger : public QObject {
    Q_OBJECT

private slots:
    void aTraceThatEndsInALookup();
    void aTraceGivenTwiceIsReadOnce();
    void decisions_data();
    void decisions();
    void countsEqualTheTextLog_data();
    void countsEqualTheTextLog();
    void evidence();
    void definitions();
    void functionsAndReasons();
    void inlined();
    void executions();
    void attempts();
    void pairsByCallId_data();
    void pairsByCallId();
    void pairsByDataFlow();
    void backwardVariants();
    void failures_data();
    void failures();
    void savedValues();
    void printedGraphsAlone();
    void textLogAlone();
    void messagesOfNoCall();
};

namespace {

Result<Dump> openRecording(const QString& name, bool trace, bool text) {
    std::vector<std::string> paths;
    if (trace)
        paths.push_back(traceOf(name));
    if (text)
        paths.push_back(textLogOf(name));
    return open_dump(paths);
}

QString decisionWords(const CompilationLedger& ledger) {
    QStringList words;
    for (const Invocation& inv : ledger.invocations)
        words << test::text(decision_name(inv.decision)) + (inv.inlined ? "*" : "");
    return words.join(' ');
}

// Decisions by compilation: "0/0: traced reused", ranks and attempts included.
QStringList allDecisions(const Dump& dump, const Ledger& ledger) {
    QStringList list;
    for (const CompilationLedger& c : ledger.compilations) {
        const CompileKey& key = dump.compilation(c.compilation).key;
        if (!c.invocations.empty())
            list << (key.rank ? QStringLiteral("r%1/").arg(*key.rank) : QString())
                    + QString::fromStdString(key.id)
                    + (key.attempt ? QStringLiteral("_%1").arg(key.attempt) : QString()) + ": "
                    + decisionWords(c);
    }
    return list;
}

QString repeated(const QString& first, const QString& word, int count) {
    return first + (' ' + word).repeated(count);
}

const CompilationLedger& first(const Ledger& ledger) {
    return *std::find_if(ledger.compilations.begin(), ledger.compilations.end(),
        [](const CompilationLedger& c) { return !c.invocations.empty(); });
}

} // namespace

// "*" = put inline after Dynamo. The same from the trace alone and with the text log.
void TestLedger::decisions_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<QStringList>("expected");
    const auto row = [](const char* name, QStringList expected) { QTest::newRow(name) << name << expected; };
    row("mlp4", {"0/0: traced reused reused reused"});
    row("gpt12", {repeated("0/0: traced", "reused", 11)});
    row("gpt4_infer", {"0/0: traced reused reused reused"});
    row("shapes", {"0/0: traced reused retraced_new retraced_new* retraced_new* reused retraced_new*"});
    row("kwargs_and_ints", {"0/0: traced retraced_new* reused retraced_new*"});
    row("outputs_mixed", {"0/0: traced retraced_same"}); // not eligible: traced each time, one body
    row("lstm_like", {repeated("0/0: traced* retraced_new", "reused", 22)});
    row("two_functions", {"0/0: traced traced reused reused"}); // equal code in two functions is not shared
    row("used_once", {"0/0: traced*"});
    row("control_flow", {"0/0: traced reused reused"});
    row("checkpointed", {"0/0: traced reused reused"});
    row("effects", {"0/0: traced reused"});
    row("graph_breaks",
        {"0/0: traced reused", "0/0_1: traced reused", "1/0: traced reused", "1/0_1: traced reused",
            "2/0: traced reused"});
    row("recompiles", {"0/0: traced reused", "0/1: traced reused", "0/2: traced reused"});
    row("ddp4",
        {"r0/0/0: traced reused reused reused", "r1/0/0: traced reused retraced_new reused",
            "r2/0/0: traced reused reused reused", "r3/0/0: traced reused reused reused"});
    row("failing", {"0/0: failed"});
    row("too_many_shapes", {repeated("0/0: traced", "retraced_new", 7) + " failed"});
    row("batchnorm", {"0/0: traced reused reused"}); // Dynamo succeeded; the backend failed
    row("gpt4_dynamic", {"0/0: traced reused reused reused"});
    row("gpt12_nested", {repeated("0/0: traced traced reused", "reused", 11)});
    // 2.9 has no reuse cache: every call was traced and compared.
    row("v2.9-mlp4", {"0/0: traced retraced_same retraced_same retraced_same"});
    row("v2.9-dup_tangents", {"0/0: traced retraced_same retraced_same"});
}

void TestLedger::decisions() {
    QFETCH(QString, recording);
    QFETCH(QStringList, expected);
    for (const bool text : {false, true}) {
        const auto dump = openRecording(recording, true, text);
        QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
        const Ledger ledger = build_ledger(*dump);
        QVERIFY2(ledger.problems.empty(), qPrintable(problemText(ledger.problems)));
        QCOMPARE(allDecisions(*dump, ledger), expected);
    }
}

void TestLedger::countsEqualTheTextLog_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        if (!name.startsWith("v2.9"))
            QTest::newRow(qPrintable(name)) << name;
}

// The timers of the trace alone say as many reuses and traces as the lines of the text log, which is not read
// here.
void TestLedger::countsEqualTheTextLog() {
    QFETCH(QString, recording);
    const QByteArray text = bytesOf(QString::fromStdString(textLogOf(recording)));
    const auto dump = openRecording(recording, true, false);
    QVERIFY(dump.ok());
    const Ledger ledger = build_ledger(*dump);
    qsizetype traced = 0;
    qsizetype reused = 0;
    for (const CompilationLedger& c : ledger.compilations) {
        traced += c.totals.traced;
        reused += c.totals.reused;
        QCOMPARE(c.totals.invocations, static_cast<int>(c.invocations.size()));
        size_t in_regions = 0;
        for (const Region& r : c.regions)
            in_regions += r.invocations.size();
        QCOMPARE(in_regions, c.invocations.size());
    }
    QCOMPARE(reused, text.count("subgraph_reuse: cache hit for "));
    QCOMPARE(traced, text.count("] Number of guards ") + text.count("subgraph_reuse: not eligible --"));
}

void TestLedger::evidence() {
    const auto words = [](const Ledger& ledger, size_t i) {
        QStringList list;
        for (const std::string_view name : evidence_names(first(ledger).invocations[i].evidence))
            list << test::text(name);
        return list.join(' ');
    };
    const auto trace = openRecording("mlp4", true, false);
    const Ledger by_trace = build_ledger(*trace);
    QCOMPARE(words(by_trace, 0), QStringLiteral("trace_timer graph"));
    QCOMPARE(words(by_trace, 1), QStringLiteral("trace_timer"));
    QVERIFY(first(by_trace).invocations[0].trace_ms.value_or(0) > 0);
    QVERIFY(!first(by_trace).invocations[0].lookup_ms);
    QVERIFY(first(by_trace).invocations[1].lookup_ms.value_or(0) > 0);
    QVERIFY(first(by_trace).invocations[1].stamp_out_ms.value_or(0) > 0);
    QVERIFY(!first(by_trace).invocations[1].trace_ms);
    const auto both = openRecording("mlp4", true, true);
    const Ledger by_both = build_ledger(*both);
    QCOMPARE(words(by_both, 0), QStringLiteral("trace_timer text_log graph"));
    QCOMPARE(words(by_both, 1), QStringLiteral("trace_timer text_log"));
    const auto log = openRecording("mlp4", false, true);
    QCOMPARE(words(build_ledger(*log), 1), QStringLiteral("text_log"));
    const auto old = openRecording("v2.9-mlp4", true, false);
    QCOMPARE(words(build_ledger(*old), 1), QStringLiteral("graph"));
}

// Guards name the def of what was marked; the first operator of the body may stand in a function that it
// calls.
void TestLedger::definitions() {
    const auto dump = open_dump({traceOf("explain/gpu_gemma3")});
    QVERIFY(dump);
    const Ledger ledger = build_ledger(*dump);
    const Region& region = ledger.compilations.front().regions.front();
    QCOMPARE(region.function, std::string("decoder_layer"));
    QVERIFY2(region.defined_file.ends_with("/workloads_gpu.py"), region.defined_file.c_str());
    QCOMPARE(region.defined_line, 18);
    QVERIFY(region.source_file.ends_with("/modeling_gemma3.py"));
}

void TestLedger::functionsAndReasons() {
    const auto shapes = openRecording("shapes", true, true);
    const Ledger ledger = build_ledger(*shapes);
    const CompilationLedger& c = first(ledger);
    for (const Region& r : c.regions)
        QVERIFY(!r.function.empty() && !r.source_file.empty() && r.source_line > 0);
    QVERIFY(c.invocations[0].reason.empty() && c.invocations[1].reason.empty());
    for (const size_t i : {2U, 3U, 4U, 6U}) {
        const QString reason = QString::fromStdString(c.invocations[i].reason);
        QVERIFY2(reason.contains("input 0 tensor metadata mismatch"), qPrintable(reason));
        // The log never says which field it was; the graph does.
        QVERIFY2(reason.contains("shape (") || reason.contains("stride (") || reason.contains("dtype "),
            qPrintable(reason));
    }
    const auto mixed = openRecording("outputs_mixed", true, true);
    const Ledger mixed_ledger = build_ledger(*mixed);
    QVERIFY2(test::text(first(mixed_ledger).invocations[1].reason)
                 .startsWith("not eligible: output contains non-tensor types"),
        first(mixed_ledger).invocations[1].reason.c_str());
    const auto two = openRecording("two_functions", true, true);
    const Ledger two_ledger = build_ledger(*two);
    QCOMPARE(first(two_ledger).regions.size(), size_t{2});
    QVERIFY(first(two_ledger).regions[0].function != first(two_ledger).regions[1].function);
}

void TestLedger::inlined() {
    const auto dump = openRecording("used_once", true, false);
    const Ledger ledger = build_ledger(*dump);
    const Region& region = first(ledger).regions[0];
    QVERIFY(region.inlined);
    QCOMPARE(region.body_count(CallSite::Dynamo), 1);
    QCOMPARE(region.body_count(CallSite::Forward), 0);
    QCOMPARE(region.body_count(CallSite::Backward), 0);
    const auto kept = openRecording("mlp4", true, false);
    const Ledger kept_ledger = build_ledger(*kept);
    QVERIFY(!first(kept_ledger).regions[0].inlined);
    QCOMPARE(first(kept_ledger).regions[0].body_count(CallSite::Forward), 1);
    QCOMPARE(first(kept_ledger).regions[0].body_count(CallSite::Backward), 1);
}

// Each of 12 blocks calls its inner region twice; the log shows the two calls of the one block that was
// traced.
void TestLedger::executions() {
    const auto dump = openRecording("gpt12_nested", true, false);
    const Ledger ledger = build_ledger(*dump);
    const CompilationLedger& c = first(ledger);
    int inner = 0;
    int runs = 0;
    for (const Invocation& inv : c.invocations) {
        if (inv.parent) {
            ++inner;
            QCOMPARE(inv.executions, 12);
            QVERIFY(!c.invocation(inv.parent).parent);
        }
        runs += inv.executions;
    }
    QCOMPARE(inner, 2);
    QCOMPARE(runs, 36);
}

void TestLedger::attempts() {
    const auto dump = openRecording("graph_breaks", true, false);
    const Ledger ledger = build_ledger(*dump);
    QCOMPARE(ledger.compilations.size(), dump->compilations.size());
    int of_last = 0;
    for (const CompilationLedger& c : ledger.compilations)
        if (dump->compilation(c.compilation).last_attempt)
            of_last += c.totals.invocations;
    QCOMPARE(ledger.totals(*dump).invocations, of_last);
    QCOMPARE(of_last, 6);
}

void TestLedger::pairsByCallId_data() {
    QTest::addColumn<QString>("recording");
    for (const char* name : {"mlp4", "gpt12", "dup_tangents", "checkpointed", "ddp4", "gpt12_nested",
             "outputs_mixed", "recompiles"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestLedger::pairsByCallId() {
    QFETCH(QString, recording);
    const auto dump = openRecording(recording, true, false);
    const Ledger ledger = build_ledger(*dump);
    int pairs = 0;
    for (const CompilationLedger& c : ledger.compilations)
        for (const Invocation& inv : c.invocations) {
            if (inv.parent || !inv.call(CallSite::Forward).graph || !inv.call(CallSite::Backward).graph)
                continue;
            QVERIFY(inv.pairing == Pairing::CallId);
            for (const CallSite site : {CallSite::Forward, CallSite::Backward}) {
                const Place& p = inv.call(site);
                const GraphModule& m = *dump->graph(p.graph).module;
                const Source* s = m.source(m.body(p.body).node(p.node).source);
                QVERIFY(s);
                QVERIFY(s->call_id && s->call_id == inv.call_id);
            }
            ++pairs;
        }
    QVERIFY(pairs > 0);
}

// 2.9 writes no call_id: what is saved by a forward call is an operand of its backward call.
void TestLedger::pairsByDataFlow() {
    const auto dump = openRecording("v2.9-mlp4", true, false);
    const Ledger ledger = build_ledger(*dump);
    const CompilationLedger& c = first(ledger);
    QCOMPARE(c.invocations.size(), size_t{4});
    for (const Invocation& inv : c.invocations) {
        QVERIFY(inv.pairing == Pairing::DataFlow);
        const Place& f = inv.call(CallSite::Forward);
        const Place& b = inv.call(CallSite::Backward);
        const GraphModule& fm = *dump->graph(f.graph).module;
        const GraphModule& bm = *dump->graph(b.graph).module;
        const Body& forward = fm.body(f.body);
        bool crosses = false;
        for (const NodeId user : forward.users_of(forward.node(f.node)))
            for (const NodeId operand : bm.body(b.body).inputs_of(bm.body(b.body).node(b.node)))
                crosses = crosses
                    || fm.text(forward.node(user).name) == bm.text(bm.body(b.body).node(operand).name);
        QVERIFY(crosses);
    }
}

void TestLedger::backwardVariants() {
    const auto dump = openRecording("dup_tangents", true, false);
    const Ledger ledger = build_ledger(*dump);
    const Region& region = first(ledger).regions[0];
    QCOMPARE(region.body_count(CallSite::Dynamo), 1);
    QCOMPARE(region.body_count(CallSite::Backward), 2);
    QStringList variants;
    for (const RegionBody& b : region.bodies)
        if (b.site == CallSite::Backward)
            variants << QString::fromStdString(b.identifier) + ' ' + QString::number(b.variant.value_or(-1));
    variants.sort();
    QCOMPARE(variants, (QStringList{"partitioned_bw_subgraph_0_0 0", "partitioned_bw_subgraph_0_1 1"}));
}

void TestLedger::failures_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<bool>("tracedToEnd");
    QTest::newRow("failing") << "failing" << false;
    QTest::newRow("too_many_shapes") << "too_many_shapes" << true; // storing the ninth body broke the limit
}

void TestLedger::failures() {
    QFETCH(QString, recording);
    QFETCH(bool, tracedToEnd);
    const auto dump = openRecording(recording, true, true);
    const Ledger ledger = build_ledger(*dump);
    const Invocation& last = first(ledger).invocations.back();
    QVERIFY(last.decision == Decision::Failed);
    QVERIFY(!last.reason.empty());
    QCOMPARE(last.traced_to_end, tracedToEnd);
    QVERIFY(!dump->compilation(first(ledger).compilation).fail_type.empty());
}

void TestLedger::savedValues() {
    const auto dump = openRecording("gpt12", true, false);
    const Ledger ledger = build_ledger(*dump);
    const CompilationLedger& c = first(ledger);
    const Region& region = c.regions[0];
    QVERIFY(!region.saved.empty());
    // Against the graphs themselves: what the forward body returns and the backward body takes under the same
    // name.
    const Place forward = c.invocations[0].body(CallSite::Forward);
    const Place backward = c.invocations[0].body(CallSite::Backward);
    const GraphModule& fm = *dump->graph(forward.graph).module;
    const GraphModule& bm = *dump->graph(backward.graph).module;
    const Body& f = fm.body(forward.body);
    const Body& b = bm.body(backward.body);
    size_t count = 0;
    int64_t weights = 0; // the body's own inputs among them: parameters, but for the first
    for (const NodeId returned : f.inputs_of(f.nodes.back()))
        for (size_t i = 0; i < b.placeholder_count(); ++i)
            if (fm.text(f.node(returned).name) == bm.text(b.nodes[i].name)) {
                ++count;
                if (f.node(returned).op == Opcode::Placeholder)
                    weights += byte_size(fm, *fm.type(f.node(returned).type)).value();
            }
    QCOMPARE(region.saved.size(), count);
    QVERIFY(weights > 0);
    // PyTorch's own saved tensors (tests/tools/ask_saved.py) hold as much beside parameters and inputs.
    QCOMPARE(c.totals.saved_bytes, int64_t{425152});
    QVERIFY(region.saved_bytes.value_or(-1) > 0 && *region.saved_bytes < c.totals.saved_bytes / 12);
    const MemoryReport report = memory_of(*dump, c);
    QCOMPARE(report.kept_bytes, int64_t{425152});
    int64_t rows = 0;
    for (const KeptValue& v : report.saved) {
        QVERIFY(!v.why.empty() && v.bytes.has_value());
        if (!v.alive_anyway && !v.alias_of.graph)
            rows += *v.bytes * v.times;
    }
    QCOMPARE(rows, report.kept_bytes);
}

void TestLedger::printedGraphsAlone() {
    const auto dump = open_dump({dataPath("readable/mlp4_00_forward.txt").toStdString()});
    QVERIFY(dump.ok());
    const Ledger ledger = build_ledger(*dump);
    const CompilationLedger& c = first(ledger);
    QCOMPARE(c.invocations.size(), size_t{4});
    for (const Invocation& inv : c.invocations) {
        QVERIFY(inv.call(CallSite::Forward).graph.valid());
        QCOMPARE(static_cast<int>(inv.evidence), static_cast<int>(kGraph));
    }
    // Whether a later call was reused or traced again, a graph cannot tell.
    QCOMPARE(decisionWords(c), QStringLiteral("traced unknown unknown unknown"));
}

void TestLedger::textLogAlone() {
    const auto dump = openRecording("gpt12", false, true);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    const Ledger ledger = build_ledger(*dump);
    const CompilationLedger& c = first(ledger);
    QCOMPARE(decisionWords(c), repeated("traced", "reused", 11));
    QCOMPARE(c.regions.size(), size_t{1});
    QCOMPARE(QString::fromStdString(c.regions[0].identifier), QStringLiteral("subgraph_0"));
}

// The fake-tensor cache speaks of a region after all calls: no call of its own.
void TestLedger::messagesOfNoCall() {
    const auto dump = openRecording("effects", false, true);
    QVERIFY(dump.ok());
    QVERIFY(std::any_of(dump->messages.begin(), dump->messages.end(),
        [](const ReuseMessage& m) { return m.kind == ReuseMessage::Kind::FakeCacheFailed; }));
    const Ledger ledger = build_ledger(*dump);
    QCOMPARE(decisionWords(first(ledger)), QStringLiteral("traced reused"));
}

// A process that was killed, or still writes: nothing says that the call failed.
void TestLedger::aTraceThatEndsInALookup() {
    QByteArray bytes = traceBytes(QStringLiteral("mlp4"));
    const qsizetype stamp =
        bytes.lastIndexOf("invoke_subgraph_reuse_stamp_out", bytes.indexOf("dynamo_output_graph"));
    const qsizetype first = bytes.lastIndexOf("invoke_subgraph_reuse_stamp_out", stamp - 1);
    QVERIFY(first > 0); // begin and end of the last call's
    bytes.truncate(bytes.lastIndexOf("\nV", bytes.lastIndexOf("chromium_event", first)) + 1);
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("cut.log"));
    QVERIFY(writeFile(path, bytes));
    const auto dump = open_dump({path.toStdString()});
    QVERIFY(dump.ok());
    const Ledger ledger = build_ledger(*dump);
    QCOMPARE(ledger.compilations.front().invocations.back().decision, Decision::Unknown);
    QVERIFY(!ledger.compilations.front().invocations.back().reason.empty());
    QVERIFY(std::any_of(ledger.problems.begin(), ledger.problems.end(), [](const Problem& p) {
        return p.message.find("no record of what came of it") != std::string::npos && p.line > 0;
    }));
}

// A log beside its copy is one recording.
void TestLedger::aTraceGivenTwiceIsReadOnce() {
    const std::string trace = traceOf("mlp4");
    QTemporaryDir folder;
    const QString copy = folder.filePath(QStringLiteral("copy.log"));
    QVERIFY(writeFile(copy, traceBytes(QStringLiteral("mlp4"))));
    const auto once = open_dump({trace}), twice = open_dump({trace, copy.toStdString()});
    QVERIFY(once.ok() && twice.ok());
    QCOMPARE(build_ledger(*twice).totals(*twice).invocations, build_ledger(*once).totals(*once).invocations);
    QCOMPARE(twice->graphs.size(), once->graphs.size());
    QVERIFY(std::any_of(twice->problems.begin(), twice->problems.end(), [](const Problem& p) {
        return p.severity == Severity::Note && p.message.find("read once") != std::string::npos;
    }));
}

QTEST_GUILESS_MAIN(TestLedger)
#include "tst_ledger.moc"
