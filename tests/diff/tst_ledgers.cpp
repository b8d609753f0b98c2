// Two dumps' ledgers, and the values that they keep, set against each other.
#include "core/diff/classes.h"
#include "core/diff/diff.h"
#include "core/diff/ledgers.h"

#include "tests/diff/bodies.h"
#include "tests/testdata.h"

#include <QTest>

#include <nlohmann/json.hpp>

#include <limits>
#include <set>

using namespace hopscope;
using namespace hopscope::test;
using Json = nlohmann::ordered_json;

class TestLedgers : public QObject {
    Q_OBJECT

private slots:
    void structuralClasses();
    void nearMisses();
    void classesOnTheCommandLine();
    void sameLedger_data();
    void sameLedger();
    void ledgersOfTwoVersions();
    void ledgersTellOtherBodies();
    void keptValuesPair();
    void keptValuesOfAnotherVersion();
    void ledgersOnTheCommandLine();
};

namespace {

const StageClasses* ofStage(const std::vector<StageClasses>& stages, Stage stage) {
    for (const StageClasses& s : stages)
        if (s.stage == stage)
            return &s;
    return nullptr;
}

} // namespace

void TestLedgers::structuralClasses() {
    const auto two = open_dump({traceOf("two_functions")});
    const auto stages = structural_classes(*two);
    for (const Stage stage : {Stage::Dynamo, Stage::Forward, Stage::Backward}) {
        const StageClasses* s = ofStage(stages, stage);
        QVERIFY(s);
        QCOMPARE(s->bodies, size_t{2});
        QCOMPARE(s->classes.size(), size_t{1});
    }
}

// What keeps the bodies of `shapes` and `kwargs_and_ints` apart, as their workloads made them.
void TestLedgers::nearMisses() {
    const auto fields = [](const QString& recording) {
        const auto dump = open_dump({traceOf(recording)});
        const auto stages = structural_classes(*dump);
        const StageClasses* s = ofStage(stages, Stage::Dynamo);
        QStringList list;
        for (const EqualBodies& c : s->classes)
            if (c.nearest)
                list << QString::number(*c.nearest) + ' '
                        + QString::fromStdString(std::string(field_name(c.difference.what.field)) + ' '
                            + c.difference.what.expected + ' ' + c.difference.what.found);
        return list;
    };
    QCOMPARE(fields("shapes"),
        (QStringList{"0 shape (4, 8) (2, 8)", "0 stride (8, 1) (1, 4)", "0 dtype float32 float64",
            "0 shape (4, 8) (8, 4)"}));
    QCOMPARE(fields("kwargs_and_ints"), (QStringList{"0 constant 0 1", "0 constant 2.0 3.0"}));
}

void TestLedgers::classesOnTheCommandLine() {
    const QString trace = QString::fromStdString(traceOf("shapes"));
    const Run r = run({"classes", trace, "--json"});
    QCOMPARE(r.status, 0);
    const Json doc = Json::parse(r.out.constData(), nullptr, false);
    const Json& dynamo = doc["stages"][0];
    QCOMPARE(dynamo["stage"].get<std::string>(), std::string("dynamo"));
    QCOMPARE(dynamo["unique"].get<int>(), 5);
    QVERIFY(dynamo["classes"][0]["nearest"].is_null());
    QCOMPARE(
        dynamo["classes"][2]["nearest"]["difference"]["field"].get<std::string>(), std::string("stride"));
    const Run text = run({"classes", trace});
    QVERIFY2(text.out.contains("dynamo: 5 bodies, 5 unique"), text.out.constData());
    QVERIFY(text.out.contains(
        "built as 0/0:dynamo:subgraph_0 but for node l_a_ (there t): stride: expected (8, 1), found (1, 4)"));
}

void TestLedgers::sameLedger_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& recording : recordings())
        QTest::newRow(qPrintable(recording)) << recording;
}

void TestLedgers::sameLedger() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    const Ledger ledger = build_ledger(*dump);
    size_t rows = 0;
    for (const LedgerPair& p : compare_ledgers(*dump, ledger, *dump, ledger)) {
        QVERIFY(p.equal());
        rows += p.same_rows;
    }
    size_t expected = 0;
    for (const CompilationLedger& c : ledger.compilations)
        if (dump->compilation(c.compilation).last_attempt)
            expected += c.invocations.size();
    QCOMPARE(rows, expected);
}

// PyTorch 2.9 had no reuse cache: the same three calls, each traced.
void TestLedgers::ledgersOfTwoVersions() {
    const auto now = open_dump({traceOf("dup_tangents")});
    const auto then = open_dump({traceOf("v2.9-dup_tangents")});
    const auto pairs = compare_ledgers(*now, build_ledger(*now), *then, build_ledger(*then));
    QCOMPARE(pairs.size(), size_t{1});
    QVERIFY(!pairs[0].equal());
    QCOMPARE(pairs[0].same_rows, size_t{1});
    QCOMPARE(pairs[0].rows.size(), size_t{2});
    for (const LedgerRow& r : pairs[0].rows) {
        QCOMPARE(r.a, r.b);
        QCOMPARE(r.changes.size(), size_t{1});
        QCOMPARE(r.changes[0].field, std::string("decision"));
        QCOMPARE(r.changes[0].a, std::string("reused"));
    }
    // With its log the one knows its function, the other not: rows go by line.
    const auto named = open_dump({traceOf("mlp4"), textLogOf("mlp4")});
    const auto old = open_dump({traceOf("v2.9-mlp4")});
    const auto rows = compare_ledgers(*named, build_ledger(*named), *old, build_ledger(*old));
    QCOMPARE(rows[0].rows.size() + rows[0].same_rows, size_t{4});
    for (const LedgerRow& r : rows[0].rows)
        QVERIFY(r.a && r.a == r.b);
}

void TestLedgers::ledgersOnTheCommandLine() {
    const QString now = QString::fromStdString(traceOf("dup_tangents"));
    const QString then = QString::fromStdString(traceOf("v2.9-dup_tangents"));
    const Run r = run({"diff", now, "--other", then, "--json"});
    QCOMPARE(r.status, 1);
    const Json doc = Json::parse(r.out.constData(), nullptr, false);
    QCOMPARE(doc["compilations"][0]["a"].get<std::string>(), std::string("0/0"));
    QCOMPARE(doc["compilations"][0]["rows"].size(), size_t{2});
    QCOMPARE(run({"diff", now, "--other", now}).status, 0);
    QVERIFY(run({"diff", now, "--other", then}).out.contains("decision reused → "));
    QCOMPARE(run({"diff", now}).status, 2);
}

// Equal rows do not say that the bodies are: those that differ are named, as a comparison of bodies takes
// them.
void TestLedgers::ledgersTellOtherBodies() {
    const auto one = open_dump({traceOf("gpt4_dynamic")});
    const auto two = open_dump({traceOf("gpt4_infer")});
    const auto pairs = compare_ledgers(*one, build_ledger(*one), *two, build_ledger(*two));
    QCOMPARE(pairs.size(), size_t{1});
    QCOMPARE(pairs[0].same_rows, size_t{3});
    QVERIFY(!pairs[0].equal());
    QVERIFY(!pairs[0].other_bodies.empty());
    QVERIFY(pairs[0].other_bodies.size() <= pairs[0].compared_bodies);
    for (const OtherBody& o : pairs[0].other_bodies)
        QVERIFY(!diff_bodies(*one->graph(o.a.graph).module, o.a.body, *two->graph(o.b.graph).module, o.b.body)
                     .front()
                     .equal());
    const Run text = run({"diff", QString::fromStdString(traceOf("gpt4_dynamic")), "--other",
        QString::fromStdString(traceOf("gpt4_infer"))});
    QCOMPARE(text.status, 1);
    QVERIFY2(text.out.contains("3 rows the same; 1 of 1 pair of bodies differ")
            && text.out.contains("--at 0/0:dynamo:subgraph_0 --with 0/0:dynamo:subgraph_0 shows how"),
        text.out.constData());
}

// Values are paired by what they are; an input without a line of the program never with another's name and
// type.
void TestLedgers::keptValuesPair() {
    const QString mlp = QString::fromStdString(traceOf("mlp4"));
    const QString gpt = QString::fromStdString(traceOf("gpt12"));
    const Run r = run({"memory", mlp, "--other", gpt, "--json"});
    QCOMPARE(r.status, 1);
    const Json doc = Json::parse(r.out.constData(), nullptr, false);
    int inputs = 0;
    int64_t last = std::numeric_limits<int64_t>::max();
    for (const Json& change : doc["other"][0]["changes"]) {
        int64_t most = 0;
        for (const char* side : {"a", "b"})
            if (!change[side].is_null())
                most = std::max(
                    most, change[side]["bytes"].get<int64_t>() * change[side]["times"].get<int64_t>());
        QVERIFY2(most <= last, change.dump().c_str());
        last = most;
        if (change["a"].is_null() || change["b"].is_null() || change["a"]["target"] != "placeholder")
            continue;
        ++inputs;
        const auto name = [](const Json& v) {
            const std::string at = v["at"].get<std::string>();
            return at.substr(at.rfind('@'));
        };
        QVERIFY2(name(change["a"]) == name(change["b"])
                || (change["a"]["shape"] == change["b"]["shape"]
                    && change["a"]["dtype"] == change["b"]["dtype"]),
            change.dump().c_str());
    }
    QVERIFY(inputs > 0);
    QCOMPARE(run({"memory", mlp, "--other", mlp}).status, 0);
    QVERIFY(run({"memory", QString::fromStdString(traceOf("shapes"))}).out.contains(" keeps 192 B in 2 "));
}

// The same model of another version, and through another backend: what is alive anyway is the same
// parameters, by whatever operator it is looked at.
void TestLedgers::keptValuesOfAnotherVersion() {
    const QString mlp = QString::fromStdString(traceOf("mlp4"));
    QCOMPARE(run({"memory", mlp, "--other", QString::fromStdString(traceOf("v2.9-mlp4"))}).status, 0);
    const Run r = run({"memory", mlp, "--other",
        QString::fromStdString(traceOf("explain/mlp4_inductor_cached")), "--json"});
    QCOMPARE(r.status, 1);
    const Json doc = Json::parse(r.out.constData(), nullptr, false);
    std::set<std::string> only_a, only_b; // names: no parameter is on both sides, and left over on each
    for (const Json& change : doc["other"][0]["changes"]) {
        const Json& any = change["a"].is_null() ? change["b"] : change["a"];
        if (!any["alive_anyway"].get<bool>())
            continue;
        const std::string name = any["input"]["name"].get<std::string>();
        if (change["b"].is_null())
            only_a.insert(name);
        else if (change["a"].is_null())
            only_b.insert(name);
        else
            QCOMPARE(change["b"]["input"]["name"].get<std::string>(), name);
    }
    for (const std::string& name : only_a)
        QVERIFY2(!only_b.count(name), name.c_str());
    QVERIFY(doc["other"][0]["same"].get<int>() > 0); // the parameters among them
}

QTEST_GUILESS_MAIN(TestLedgers)
#include "tst_ledgers.moc"
