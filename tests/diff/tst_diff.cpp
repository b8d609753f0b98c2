// Comparison of two bodies: what is the same, changed, only here, one for many.
#include "core/diff/classes.h"
#include "core/diff/diff.h"
#include "core/diff/ledgers.h"

#include "core/graph/print.h"
#include "tests/testdata.h"

#include <QRegularExpression>
#include <QTest>

#include <nlohmann/json.hpp>

#include <limits>
#include <set>

using namespace hopscope;
using namespace hopscope::test;
using Json = nlohmann::ordered_json;

class TestDiff : public QObject {
    Q_OBJECT

private slots:
    void everyBodyEqualsItself_data();
    void everyBodyEqualsItself();
    void backwardVariantsDifferInStride();
    void oneConstantChanged();
    void oneOperatorReplaced();
    void oneNodeInserted();
    void oneNodeRemovedInTheMiddle();
    void oneBecameMany();
    void operandsSwapped();
    void inputsByName();
    void renamedIsTheSame();
    void calledBodies();
    void dynamoAgainstForward();
    void layersMoreAndLess();
    void partitionsWithOtherSavedValues();
    void ignoredFields();
    void commandLine();
    void twoDumps();
    void methodsAndFunctions();
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

struct At {
    std::shared_ptr<const GraphModule> module;
    BodyId body;
};

At at(const Dump& dump, std::string_view address) {
    const auto place = resolve(dump, address);
    return place ? At{dump.graph(place->graph).module, place->body} : At{};
}

std::vector<BodyDiff> diff(const At& a, const At& b, const MatchOptions& options = {}) {
    return diff_bodies(*a.module, a.body, *b.module, b.body, options);
}

At module(const std::string& text) {
    return {readText(text).module, BodyId(0)};
}

std::string body(const std::string& signature, const std::string& lines) {
    return "class G(torch.nn.Module):\n    def forward(self, " + signature + "):\n" + lines;
}

std::string name(const At& side, BodyId body_id, NodeId node) {
    return std::string(side.module->text(side.module->body(body_id).node(node).name));
}

// "mul→mul_1 constant of argument 1: 2.0 → 3.0; …", "-a", "+b", "[x]→[y,z]": all that is not the same, in
// order.
QStringList told(const At& a, const At& b, const BodyDiff& d) {
    QStringList list;
    const auto names = [](const At& side, BodyId id, const std::vector<NodeId>& nodes) {
        QStringList out;
        for (const NodeId n : nodes)
            out << QString::fromStdString(name(side, id, n));
        return out.join(',');
    };
    for (const PairedNodes& p : d.pairs)
        for (const FieldDifference& f : p.fields)
            list << QString::fromStdString(
                name(a, d.body_a, p.a) + "→" + name(b, d.body_b, p.b) + " " + change_text(f));
    for (const NodeGroup& g : d.groups)
        list << "[" + names(a, d.body_a, g.a) + "]→[" + names(b, d.body_b, g.b) + "]";
    for (const NodeId n : d.only_a)
        list << "-" + QString::fromStdString(name(a, d.body_a, n));
    for (const NodeId n : d.only_b)
        list << "+" + QString::fromStdString(name(b, d.body_b, n));
    return list;
}

QStringList told(const std::string& a, const std::string& b, const MatchOptions& options = {}) {
    const At x = module(a);
    const At y = module(b);
    return told(x, y, diff(x, y, options).front());
}

QString gptForward() {
    const auto dump = open_dump({traceOf("gpt12")});
    const At a = at(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    return QString::fromStdString(print_readable(*a.module, a.body));
}

} // namespace

void TestDiff::everyBodyEqualsItself_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& recording : recordings())
        QTest::newRow(qPrintable(recording)) << recording;
}

void TestDiff::everyBodyEqualsItself() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    for (const Graph& g : dump->graphs)
        for (size_t b = 0; b < g.module->bodies.size(); ++b) {
            const At side{g.module, BodyId(b)};
            const auto d = diff(side, side);
            QCOMPARE(d.size(), size_t{1});
            QVERIFY2(d[0].equal(), qPrintable(told(side, side, d[0]).join('\n')));
            QCOMPARE(d[0].same(), g.module->bodies[b].nodes.size());
            for (const PairedNodes& p : d[0].pairs)
                QVERIFY(p.a == p.b
                    || g.module->text(g.module->bodies[b].node(p.a).target)
                        == g.module->text(g.module->bodies[b].node(p.b).target));
        }
}

void TestDiff::backwardVariantsDifferInStride() {
    const auto dump = open_dump({traceOf("dup_tangents")});
    const At a = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_0");
    const At b = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_1");
    const BodyDiff d = diff(a, b).front();
    QVERIFY(d.changed() >= 1);
    QVERIFY(d.only_a.empty() && d.only_b.empty() && d.groups.empty());
    bool tangent = false;
    for (const PairedNodes& p : d.pairs)
        for (const FieldDifference& f : p.fields) {
            QCOMPARE(f.field, Field::Stride);
            tangent = tangent || name(a, a.body, p.a) == "tangents_0";
        }
    QVERIFY(tangent);
}

void TestDiff::oneConstantChanged() {
    const QString text = gptForward();
    QString other = text;
    const qsizetype where = other.indexOf(", 1e-05)");
    QVERIFY(where > 0);
    other.replace(where, 8, ", 1e-06)");
    const At a = module(text.toStdString());
    const At b = module(other.toStdString());
    const BodyDiff d = diff(a, b).front();
    QCOMPARE(d.changed(), size_t{1});
    QCOMPARE(d.same(), a.module->bodies[0].nodes.size() - 1);
    QVERIFY(told(a, b, d)[0].contains("1e-05 → 1e-06"));
}

void TestDiff::oneOperatorReplaced() {
    const QString text = gptForward();
    QVERIFY(text.contains("torch.ops.aten.gelu.default("));
    QString other = text;
    other.replace("torch.ops.aten.gelu.default(", "torch.ops.aten.silu.default(");
    const At a = module(text.toStdString());
    const At b = module(other.toStdString());
    const BodyDiff d = diff(a, b).front();
    QCOMPARE(d.changed(), size_t{1});
    QVERIFY(d.only_a.empty() && d.only_b.empty() && d.groups.empty());
    QVERIFY2(told(a, b, d)[0].contains("target: aten.gelu.default → aten.silu.default"),
        qPrintable(told(a, b, d)[0]));
}

void TestDiff::oneNodeInserted() {
    const std::string a =
        body("x", "        s = torch.sin(x)\n        c = torch.cos(s)\n        return (c,)\n");
    const std::string b = body("x",
        "        s = torch.sin(x)\n        r = torch.relu(s)\n        c = torch.cos(r)\n        return "
        "(c,)\n");
    QCOMPARE(told(a, b), (QStringList{"c→c operand of argument 0: s → r", "+r"}));
    QCOMPARE(told(b, a), (QStringList{"c→c operand of argument 0: r → s", "-r"}));
}

// In a real body: what stands above and below the cut still finds its counterpart.
void TestDiff::oneNodeRemovedInTheMiddle() {
    const QString text = gptForward();
    const QRegularExpression gelu(R"(\n +(gelu\w*): [^\n]*torch\.ops\.aten\.gelu\.default\((\w+)\)[^\n]*)");
    const auto hit = gelu.match(text);
    QVERIFY(hit.hasMatch());
    QString other = text;
    other.remove(hit.capturedStart(), hit.capturedLength());
    other.replace(QRegularExpression("\\b" + hit.captured(1) + "\\b"), hit.captured(2));
    const At a = module(text.toStdString());
    const At b = module(other.toStdString());
    const BodyDiff d = diff(a, b).front();
    QCOMPARE(told(a, b, d).filter(QRegularExpression("^[-+[]")), QStringList{"-" + hit.captured(1)});
    for (const QString& line : told(a, b, d))
        QVERIFY2(line.startsWith('-') || line.contains("operand of"), qPrintable(line));
}

void TestDiff::oneBecameMany() {
    const std::string a = body("x, w, b",
        "        l = torch.nn.functional.linear(x, w, b)\n        r = torch.relu(l)\n"
        "        return (r,)\n");
    const std::string b = body("x, w, b",
        "        t = torch.ops.aten.t.default(w)\n"
        "        m = torch.ops.aten.addmm.default(b, x, t)\n"
        "        r = torch.relu(m)\n        return (r,)\n");
    QCOMPARE(told(a, b), (QStringList{"[l]→[t,m]"}));
    QCOMPARE(told(b, a), (QStringList{"[t,m]→[l]"}));
}

void TestDiff::operandsSwapped() {
    const std::string a = body("x, y", "        s = torch.sub(x, y)\n        return (s,)\n");
    const std::string b = body("x, y", "        s = torch.sub(y, x)\n        return (s,)\n");
    QCOMPARE(
        told(a, b), (QStringList{"s→s operand of argument 0: x → y", "s→s operand of argument 1: y → x"}));
}

void TestDiff::inputsByName() {
    const std::string a = body("mul, primals_1, tangents_0",
        "        c = torch.cos(mul)\n        d = torch.mul(tangents_0, c)\n"
        "        return (d, primals_1)\n");
    const std::string b = body("sin, mul, primals_1, tangents_0",
        "        c = torch.cos(mul)\n        d = torch.mul(tangents_0, c)\n        return (d, primals_1)\n");
    QCOMPARE(told(a, b), (QStringList{"+sin"}));
}

void TestDiff::renamedIsTheSame() {
    QString text = gptForward();
    QString other = text;
    other.replace(QRegularExpression("\\bprimals_"), "p_").replace(QRegularExpression("\\bview"), "v");
    const At a = module(text.toStdString());
    const At b = module(other.replace("aten.v", "aten.view").toStdString());
    const BodyDiff d = diff(a, b).front();
    QVERIFY2(d.equal(), qPrintable(told(a, b, d).join('\n')));
    MatchOptions names;
    names.names = true;
    QVERIFY(diff(a, b, names).front().changed() > 10);
}

void TestDiff::calledBodies() {
    const auto dump = open_dump({traceOf("mlp4")});
    const At a = at(*dump, "0/0:forward");
    QString other = QString::fromStdString(print_readable(*a.module, a.body));
    const qsizetype where = other.indexOf("aten.gelu.default");
    QVERIFY(where > 0);
    other.replace(where, 17, "aten.relu.default");
    const At b = module(other.toStdString());
    const auto d = diff(a, b);
    QCOMPARE(d.size(), size_t{2});
    QCOMPARE(told(a, b, d[1]).size(), 1);
    QVERIFY(told(a, b, d[1])[0].contains("aten.gelu.default → aten.relu.default"));
    QVERIFY(!d[0].equal());
    for (const QString& line : told(a, b, d[0]))
        QVERIFY2(line.contains(" body: "), qPrintable(line));
}

// A decomposition across stages: what is the same function has its counterpart, by line.
void TestDiff::dynamoAgainstForward() {
    const auto dump = open_dump({traceOf("mlp4")});
    const At a = at(*dump, "0/0:dynamo:subgraph_0");
    const At b = at(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    const BodyDiff d = diff(a, b).front();
    const QStringList all = told(a, b, d);
    QVERIFY2(!all.filter("gelu").isEmpty(), qPrintable(all.join('\n')));
    // Each node of Dynamo's body has a counterpart, or is part of a group.
    QVERIFY2(d.only_a.empty(), qPrintable(all.join('\n')));
    QVERIFY(!d.groups.empty());
    for (const PairedNodes& p : d.pairs) {
        const bool input_a = a.module->body(a.body).node(p.a).op == Opcode::Placeholder;
        QCOMPARE(b.module->body(b.body).node(p.b).op == Opcode::Placeholder, input_a);
    }
}

// Eleven layers against twelve: eleven pairs, one layer only here.
void TestDiff::layersMoreAndLess() {
    const auto layers = [](int n) {
        std::string lines;
        std::string last = "x";
        for (int i = 0; i < n; ++i) {
            const std::string k = std::to_string(i);
            lines += "        # File: /m.py:7 in block, code: y\n";
            lines += "        m" + k + " = torch.mm(" + last + ", w)\n        r" + k + " = torch.relu(m" + k
                + ")\n";
            lines += "        a" + k + " = torch.add(r" + k + ", " + last + ")\n";
            last = "a" + k;
        }
        return body("x, w", lines + "        return (" + last + ",)\n");
    };
    const QStringList all = told(layers(11), layers(12));
    QCOMPARE(all.filter(QRegularExpression("^\\+")).size(), 3);
    QCOMPARE(all.filter(QRegularExpression("^-")).size(), 0);
    QCOMPARE(all.filter("→").size(), 1); // where the twelfth hangs in
}

void TestDiff::partitionsWithOtherSavedValues() {
    const auto dump = open_dump({traceOf("outputs_mixed")});
    const At a = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_0");
    const At b = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_1");
    QVERIFY(a.module && b.module);
    const BodyDiff d = diff(a, b).front();
    // Every node of both is told exactly once.
    size_t in_a = d.pairs.size() + d.only_a.size();
    size_t in_b = d.pairs.size() + d.only_b.size();
    for (const NodeGroup& g : d.groups) {
        in_a += g.a.size();
        in_b += g.b.size();
    }
    QCOMPARE(in_a, a.module->body(a.body).nodes.size());
    QCOMPARE(in_b, b.module->body(b.body).nodes.size());
}

void TestDiff::ignoredFields() {
    const auto dump = open_dump({traceOf("dup_tangents")});
    const At a = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_0");
    const At b = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_1");
    MatchOptions options;
    QVERIFY(set_ignored("names,order,locations,ids,strides", options).empty());
    QVERIFY(!options.strides && !options.names && options.shapes);
    QVERIFY(diff(a, b, options).front().equal());
    QVERIFY(set_ignored("none", options).empty());
    QVERIFY(options.names && options.strides && options.locations);
    QCOMPARE(set_ignored("names,colour", options), std::string_view("colour"));
}

namespace {

struct Run {
    int status = -1;
    QByteArray out, err;
};

Run run(const QStringList& words) {
    QProcess process;
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"), words);
    Run r;
    if (process.waitForFinished(60'000) && process.exitStatus() == QProcess::NormalExit)
        r.status = process.exitCode();
    r.out = process.readAllStandardOutput();
    r.err = process.readAllStandardError();
    return r;
}

} // namespace

void TestDiff::commandLine() {
    const QString trace = QString::fromStdString(traceOf("dup_tangents"));
    const QString a = QStringLiteral("0/0:backward:partitioned_bw_subgraph_0_0");
    const QString b = QStringLiteral("0/0:backward:partitioned_bw_subgraph_0_1");
    const Run r = run({"diff", trace, "--at", a, "--with", b, "--json"});
    QCOMPARE(r.status, 1);
    const Json doc = Json::parse(r.out.constData(), nullptr, false);
    QStringList keys;
    for (const auto& item : doc.items())
        keys << QString::fromStdString(item.key());
    QCOMPARE(keys.mid(0, 6), (QStringList{"a", "b", "same", "changed", "only_a", "only_b"}));
    QCOMPARE(doc["a"].get<std::string>(), a.toStdString());
    QVERIFY(doc["changed"][0]["fields"][0]["field"] == "stride");
    QVERIFY(doc["changed"][0]["a"].is_string() && doc["changed"][0]["fields"][0]["a"].is_string());
    const Run text = run({"diff", trace, "--at", a, "--with", b});
    QCOMPARE(text.status, 1);
    QVERIFY2(text.out.startsWith("--- " + a.toUtf8() + "\n+++ " + b.toUtf8()), text.out.constData());
    QVERIFY(text.out.contains("stride: "));
    QCOMPARE(run({"diff", trace, "--at", a, "--with", a}).status, 0);
    QCOMPARE(
        run({"diff", trace, "--at", a, "--with", b, "--ignore", "names,locations,ids,order,strides"}).status,
        0);
    QCOMPARE(run({"diff", trace, "--at", a}).status, 2);
    QCOMPARE(run({"diff", trace, "--at", a, "--with", "0/0:nowhere"}).status, 2);
    QCOMPARE(run({"diff", trace, "--at", a, "--with", b, "--ignore", "colours"}).status, 2);
    QCOMPARE(run({"diff", trace, "--at", a + "@tangents_0", "--with", b}).status, 2);
    QCOMPARE(run({"diff", trace, "--other", "/no/such/file", "--at", a, "--with", b}).status, 3);
    QCOMPARE(r.out, run({"diff", trace, "--at", a, "--with", b, "--json"}).out);
}

void TestDiff::twoDumps() {
    const QString first = QString::fromStdString(traceOf("mlp4"));
    const QString second = QString::fromStdString(traceOf("v2.9-mlp4"));
    const Run r = run({"diff", first, "--at", "0/0:forward:partitioned_fw_subgraph_0_0", "--other", second,
        "--with", "0/0:forward:partitioned_fw_subgraph_0_0", "--json"});
    QVERIFY2(r.status == 0 || r.status == 1, r.err.constData());
    const Json doc = Json::parse(r.out.constData(), nullptr, false);
    QVERIFY(doc["same"].get<int>() > 10);
}

void TestDiff::methodsAndFunctions() {
    const std::string a = body("x", "        s = x.softmax(-1)\n        return (s,)\n");
    const std::string b = body("x", "        s = torch.softmax(x, -1)\n        return (s,)\n");
    QCOMPARE(told(a, b), QStringList{"s→s target: method softmax → torch.softmax"});
}

namespace {

const StageClasses* ofStage(const std::vector<StageClasses>& stages, Stage stage) {
    for (const StageClasses& s : stages)
        if (s.stage == stage)
            return &s;
    return nullptr;
}

} // namespace

void TestDiff::structuralClasses() {
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
void TestDiff::nearMisses() {
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

void TestDiff::classesOnTheCommandLine() {
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

void TestDiff::sameLedger_data() {
    everyBodyEqualsItself_data();
}

void TestDiff::sameLedger() {
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
void TestDiff::ledgersOfTwoVersions() {
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

void TestDiff::ledgersOnTheCommandLine() {
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
void TestDiff::ledgersTellOtherBodies() {
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
void TestDiff::keptValuesPair() {
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
void TestDiff::keptValuesOfAnotherVersion() {
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

QTEST_GUILESS_MAIN(TestDiff)
#include "tst_diff.moc"
