// Explanations of recordings, from trace and log and from the trace alone, against what their workloads do.
#include "core/explain/explain.h"

#include "tests/commandline.h"
#include "tests/testdata.h"

#include <QTest>

#include <nlohmann/json.hpp>

using namespace hopscope;
using namespace hopscope::test;
using Json = nlohmann::ordered_json;

class TestExplain : public QObject {
    Q_OBJECT

private slots:
    void headlineCountsAsTheLedger();
    void recompileOfAnExport();
    void regionsOnTheCommandLine();
    void everyCallIsAnswered_data();
    void everyCallIsAnswered();
    void shapes_data();
    void shapes();
    void constants();
    void requiresGradOfComputedOperands();
    void outputsThatAreNotEligible();
    void tangentVariants();
    void equalCodeOfTwoFunctions();
    void whatNoGraphShowsIsLeftOpen();
    void withoutAReuseCache();
    void commandLine();
};

namespace {

QString line(const Mismatch& m) {
    QStringList evidence;
    for (const Ground g : m.evidence)
        evidence << QString::fromUtf8(ground_name(g).data(), static_cast<qsizetype>(ground_name(g).size()));
    return QString::fromStdString(
               m.against + "|" + m.where + "|" + m.field + "|" + m.expected + "|" + m.found + "|")
        + evidence.join(',');
}

QStringList lines(const std::vector<Mismatch>& list) {
    QStringList out;
    for (const Mismatch& m : list)
        out << line(m);
    return out;
}

std::vector<Explanation> explained(const QString& recording, bool with_log) {
    std::vector<std::string> paths{traceOf(recording)};
    if (with_log)
        paths.push_back(textLogOf(recording));
    const auto dump = open_dump(paths);
    return dump.ok() ? explain(*dump, build_ledger(*dump)) : std::vector<Explanation>{};
}

const CallAnswer* call(const std::vector<Explanation>& list, int index) {
    for (const Explanation& e : list)
        for (const RegionAnswer& r : e.regions)
            for (const CallAnswer& c : r.calls)
                if (c.index == index)
                    return &c;
    return nullptr;
}

// What stands against the nearest body.
QStringList nearest(const CallAnswer* c) {
    QStringList out;
    for (const Mismatch& m : c->differences)
        if (m.against == c->differences.front().against)
            out << line(m);
    return out;
}

} // namespace

void TestExplain::everyCallIsAnswered_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<bool>("with_log");
    for (const QString& name : recordings()) {
        QTest::newRow(qPrintable(name)) << name << false;
        if (QFile::exists(QString::fromStdString(textLogOf(name))))
            QTest::newRow(qPrintable(name + " and log")) << name << true;
    }
}

void TestExplain::everyCallIsAnswered() {
    QFETCH(QString, recording);
    QFETCH(bool, with_log);
    std::vector<std::string> paths{traceOf(recording)};
    if (with_log)
        paths.push_back(textLogOf(recording));
    const auto dump = open_dump(paths);
    QVERIFY(dump.ok());
    const Ledger ledger = build_ledger(*dump);
    for (const Explanation& e : explain(*dump, ledger)) {
        const CompilationLedger& c = ledger.of(e.compilation);
        QVERIFY(!e.headline.empty());
        QCOMPARE(e.regions.size(), c.regions.size());
        size_t calls = 0;
        for (const RegionAnswer& r : e.regions)
            for (const CallAnswer& answer : r.calls) {
                ++calls;
                QVERIFY(!answer.summary.empty());
                const Invocation& inv = c.invocations[static_cast<size_t>(answer.index)];
                if (inv.decision == Decision::Reused)
                    QVERIFY(answer.differences.empty());
                for (const Mismatch& m : answer.differences)
                    QVERIFY(!m.field.empty() && !m.evidence.empty());
            }
        QCOMPARE(calls, c.invocations.size());
    }
}

void TestExplain::shapes_data() {
    QTest::addColumn<bool>("with_log");
    QTest::newRow("trace") << false;
    QTest::newRow("trace and log") << true;
}

// The workload calls its region with 2 rows, transposed, in double precision, and with other sizes.
void TestExplain::shapes() {
    QFETCH(bool, with_log);
    const auto list = explained("shapes", with_log);
    const QString by = with_log ? "text_log,graph" : "graph";
    QCOMPARE(nearest(call(list, 2)), QStringList{"subgraph_0|operand 0|shape|(4, 8)|(2, 8)|" + by});
    QCOMPARE(nearest(call(list, 3)), QStringList{"subgraph_0|operand 0|stride|(8, 1)|(1, 4)|" + by});
    QCOMPARE(nearest(call(list, 4)), QStringList{"subgraph_0|operand 0|dtype|float32|float64|" + by});
    QCOMPARE(nearest(call(list, 6)),
        (QStringList{"subgraph_0|operand 0|shape|(4, 8)|(8, 4)|" + by,
            "subgraph_0|operand 0|stride|(8, 1)|(1, 8)|" + by}));
    QVERIFY(call(list, 0)->differences.empty());
    QVERIFY(call(list, 1)->differences.empty());
    QVERIFY2(
        call(list, 3)->summary.find("stride (1, 4) where `subgraph_0` expects (8, 1)") != std::string::npos,
        call(list, 3)->summary.c_str());
    QVERIFY(call(list, 3)->summary.find(".contiguous()") != std::string::npos);
    QVERIFY(call(list, 4)->summary.find(".contiguous()") == std::string::npos);
    QCOMPARE(list[0].headline,
        std::string(
            "7 calls → 5 bodies, 3 of them put inline → 2 forward, 2 backward; 5 traced (4 missed: shape, "
            "stride, dtype), 2 reused"));
}

// The headline's counts are the ledger's totals, and its bodies those that each region's answer counts.
void TestExplain::headlineCountsAsTheLedger() {
    for (const char* recording : {"shapes", "dup_tangents", "gpt12", "too_many_shapes", "graph_breaks"}) {
        const auto dump = open_dump({traceOf(recording)});
        const Ledger ledger = build_ledger(*dump);
        for (const Explanation& e : explain(*dump, ledger)) {
            const CompilationLedger& c = ledger.of(e.compilation);
            const QString headline = QString::fromStdString(e.headline);
            QVERIFY2(
                headline.contains(QStringLiteral("; %1 traced").arg(c.totals.traced)), qPrintable(headline));
            QCOMPARE(
                headline.contains(QStringLiteral(", %1 reused").arg(c.totals.reused)), c.totals.reused > 0);
            int forward = 0, backward = 0;
            for (const Region& r : c.regions) {
                forward += r.body_count(CallSite::Forward);
                backward += r.body_count(CallSite::Backward);
            }
            if (backward > 0)
                QVERIFY2(
                    headline.contains(QStringLiteral("→ %1 forward, %2 backward").arg(forward).arg(backward)),
                    qPrintable(headline));
        }
    }
}

// torch.export compiles each call by itself: why again, the trace tells. A list of reasons begins with the
// newest.
void TestExplain::recompileOfAnExport() {
    const auto list = explained("export_pt2", false);
    QCOMPARE(list.size(), size_t{4});
    QVERIFY2(list[0].headline.find("compiled again") == std::string::npos, list[0].headline.c_str());
    QVERIFY2(list[1].headline.ends_with("; compiled again: 0/0: tensor 'args[1]' requires_grad mismatch. "
                                        "expected requires_grad=0"),
        list[1].headline.c_str());
    QVERIFY2(list[2].headline.find("; compiled again: 0/1: BACKEND_MATCH failure: ") != std::string::npos,
        list[2].headline.c_str());
    for (const Explanation& e : list)
        QCOMPARE(
            e.regions[0].calls[0].summary, std::string("the first call of its function in this compilation"));
}

void TestExplain::constants() {
    const auto list = explained("kwargs_and_ints", false);
    QCOMPARE(lines(call(list, 1)->differences),
        QStringList{"subgraph_0|node softmax, argument 1|constant|0|1|graph"});
    QCOMPARE(lines(call(list, 3)->differences),
        (QStringList{"subgraph_0|node mul, argument 1|constant|2.0|3.0|graph",
            "subgraph_1|node softmax, argument 1|constant|1|0|graph"}));
}

// The first state needs no gradient: it is made of zeros, and the weights need one, as the records of inputs
// say. From the log alone the field follows only because nothing else differs.
void TestExplain::requiresGradOfComputedOperands() {
    const auto list = explained("lstm_like", true);
    const QStringList told = lines(call(list, 1)->differences);
    QVERIFY2(told.contains("subgraph_0|operand 1|requires_grad|False|True|text_log,graph"),
        qPrintable(told.join('\n')));
    const auto dump = open_dump({textLogOf("lstm_like")});
    QVERIFY(dump);
    const auto alone = explain(*dump, build_ledger(*dump));
    const QStringList by_log = lines(call(alone, 1)->differences);
    QVERIFY2(
        by_log.contains("|operands|requires_grad|||text_log,elimination"), qPrintable(by_log.join('\n')));
}

void TestExplain::outputsThatAreNotEligible() {
    const auto list = explained("outputs_mixed", true);
    for (const int i : {0, 1}) {
        QCOMPARE(call(list, i)->differences.size(), size_t{1});
        QCOMPARE(call(list, i)->differences[0].field, std::string("output"));
        QVERIFY2(call(list, i)->summary.find("not eligible for reuse: output contains non-tensor")
                != std::string::npos,
            call(list, i)->summary.c_str());
    }
}

// The compile failed before a graph was logged: the log says which input, not which field, and nothing is
// guessed.
void TestExplain::whatNoGraphShowsIsLeftOpen() {
    const auto list = explained("too_many_shapes", true);
    const CallAnswer* c = call(list, 1);
    QStringList fields;
    for (const Mismatch& m : c->differences) {
        // What the compilation takes differs in these two alone: they come first, and none is left out.
        const bool likely = m.field == "shape" || m.field == "stride";
        QVERIFY(m.evidence
            == (likely ? std::vector{Ground::TextLog, Ground::Artifact} : std::vector{Ground::TextLog}));
        fields << QString::fromStdString(m.field);
    }
    QCOMPARE(fields, (QStringList{"shape", "stride", "dtype", "device", "requires_grad"}));
    QVERIFY2(c->summary.find("no graph shows it") != std::string::npos, c->summary.c_str());
}

void TestExplain::withoutAReuseCache() {
    const auto list = explained("v2.9-mlp4", false);
    for (const int i : {1, 2, 3})
        QVERIFY2(call(list, i)->summary.find("has no reuse cache") != std::string::npos
                && call(list, i)->differences.empty(),
            call(list, i)->summary.c_str());
}

void TestExplain::tangentVariants() {
    const auto dump = open_dump({traceOf("dup_tangents")});
    const auto list = explain(*dump, build_ledger(*dump));
    QCOMPARE(list[0].regions[0].variants.size(), size_t{1});
    const VariantAnswer& v = list[0].regions[0].variants[0];
    QCOMPARE(v.body, std::string("partitioned_bw_subgraph_0_1"));
    QCOMPARE(lines(v.differences),
        QStringList{"partitioned_bw_subgraph_0_0|tangent 0|stride|(16, 1)|(0, 0)|graph,artifact"});
    // A sum's gradient is expanded.
    QCOMPARE(
        address_of(*dump, v.cause.graph, v.cause.body, v.cause.node), std::string("0/0:backward@expand"));
}

void TestExplain::equalCodeOfTwoFunctions() {
    const auto list = explained("two_functions", true);
    for (const RegionAnswer& r : list[0].regions) {
        QVERIFY(r.outcome == Outcome::Kept);
        QVERIFY(r.variants.empty());
        for (const CallAnswer& c : r.calls)
            QVERIFY(c.differences.empty());
    }
}

namespace {

QStringList keys(const Json& object) {
    QStringList list;
    for (const auto& item : object.items())
        list << QString::fromStdString(item.key());
    return list;
}

} // namespace

void TestExplain::commandLine() {
    const QString trace = QString::fromStdString(traceOf("dup_tangents"));
    const Run r = run({"explain", trace, "--json"});
    QCOMPARE(r.status, 0);
    const Json doc = Json::parse(r.out.constData(), nullptr, false);
    QCOMPARE(keys(doc), (QStringList{"compilations", "problems", "ranks"}));
    const Json& c = doc["compilations"][0];
    QCOMPARE(keys(c).mid(0, 3), (QStringList{"rank", "id", "regions"}));
    const Json& region = c["regions"][0];
    QCOMPARE(keys(region).mid(0, 5),
        (QStringList{"identifier", "function", "outcome", "invocations", "backward_variants"}));
    QCOMPARE(keys(region["invocations"][0]).mid(0, 4),
        (QStringList{"index", "decision", "summary", "differences"}));
    const Json& caches = region["invocations"][1]["caches"];
    QCOMPARE(caches.size(), kCallCacheCount);
    QCOMPARE(caches[0]["cache"].get<std::string>(), std::string("subgraph_reuse"));
    QCOMPARE(caches[0]["state"].get<std::string>(), std::string("hit"));
    QVERIFY(caches[0]["at"][0]["line"].get<int>() > 0);
    const Json& variant = region["backward_variants"][0];
    QCOMPARE(keys(variant), (QStringList{"body", "differences", "caused_by", "invocations"}));
    QCOMPARE(keys(variant["differences"][0]),
        (QStringList{"against", "where", "field", "expected", "found", "evidence", "name"}));
    QCOMPARE(variant["caused_by"]["node"].get<std::string>(), std::string("expand"));
    QVERIFY(variant["caused_by"]["source"]["line"].get<int>() > 0);
    const Run one = run({"explain", trace, "--region", "subgraph_0", "--invocation", "2", "--json"});
    const Json some = Json::parse(one.out.constData(), nullptr, false);
    QCOMPARE(some["compilations"][0]["regions"][0]["invocations"].size(), size_t{1});
    QCOMPARE(run({"explain", trace, "--region", "nowhere"}).status, 2);
    const Run text = run({"explain", trace});
    QVERIFY2(text.out.contains("3 calls → 1 body → 2 forward, 2 backward; 1 traced, 2 reused"),
        text.out.constData());
    QVERIFY(text.out.contains("made by 0/0:backward@expand"));
}

void TestExplain::regionsOnTheCommandLine() {
    // Which backward each call takes, where a region has several; else no column says nothing.
    const Run variants = run({"regions", QString::fromStdString(traceOf("dup_tangents"))});
    QVERIFY2(variants.out.contains(" variant ") && variants.out.contains(" v1 "), variants.out.constData());
    QVERIFY(!run({"regions", QString::fromStdString(traceOf("gpt12"))}).out.contains(" variant "));
    // Faults at a region's border are counted where the ledger is read.
    const Run faults = run({"regions", QString::fromStdString(traceOf("batchnorm"))});
    QVERIFY2(faults.err.contains("2 problems at the borders of regions: hopscope explain tells them"),
        faults.err.constData());
    QVERIFY(!faults.out.contains("borders"));
    // A label is words, not an identifier.
    const Run broken = run({"explain", QString::fromStdString(traceOf("graph_breaks"))});
    QVERIFY2(broken.out.contains(": behind a graph break: ") && !broken.out.contains("graph_break:"),
        broken.out.constData());
}

QTEST_GUILESS_MAIN(TestExplain)
#include "tst_explain.moc"
