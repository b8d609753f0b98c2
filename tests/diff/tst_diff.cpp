// Comparison of two bodies: what is the same, changed, only here, one for many.
#include "core/diff/diff.h"

#include "core/graph/print.h"
#include "tests/diff/bodies.h"
#include "tests/testdata.h"

#include <QRegularExpression>
#include <QTest>

#include <nlohmann/json.hpp>

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
};

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

QTEST_GUILESS_MAIN(TestDiff)
#include "tst_diff.moc"
