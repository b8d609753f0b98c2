// TORCH_TRACE logs: the record grammar, ranks, attempts, payloads, and what is said of records that do not
// follow it.
#include "tests/read/trace_text.h"
#include "tests/testdata.h"

#include <QTest>

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
    void idsBeginAnew();
    void unknownEvents();
    void graphEvents_data();
    void graphEvents();
    void artifactsThatOnlyHoldGraphs();
    void metrics();
    void timersNest();
    void timersThatNeverEnd();
    void attempts();
    void failures();
    void duplicates();
};

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

QTEST_GUILESS_MAIN(TestTraceLog)
#include "tst_trace_log.moc"
