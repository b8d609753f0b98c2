// The canonical form: what makes bodies equal, what makes them differ, and that a difference is named.
#include "core/match/classes.h"

#include "core/graph/print.h"
#include "tests/match/bodies.h"
#include "tests/testdata.h"

#include <QRegularExpression>
#include <QTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;

class TestMatch : public QObject {
    Q_OBJECT

private slots:
    void everyBodyEqualsItself_data();
    void everyBodyEqualsItself();
    void renamedAndPermuted_data();
    void renamedAndPermuted();
    void equalUnderOtherIdentifiers();
    void sharedBodyPrintedUnderSeveralParents();
    void sameRegionInSeveralCompilations();
    void variantsDifferByStrideOnly();
    void nestedBodiesCount();
    void twinsAreToldApartByTheirUse();
    void unusedNodes();
    void layerIndices();
    void keywordsHaveNoOrder();
    void whatIsNotToldIsNoDifference();
    void namesOrderPlacesAndIdsWhereAsked();
    void sameLiterals();
    void longChain();
};

namespace {

bool isIdentity(const BodyMapping& m) {
    for (size_t i = 0; i < m.to_b.size(); ++i)
        if (m.to_b[i] != NodeId(i))
            return false;
    return true;
}

} // namespace

void TestMatch::everyBodyEqualsItself_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

// Each body of each recording, against its own text read again; and what is one class has one mapping.
void TestMatch::everyBodyEqualsItself() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    DumpCanons canons(*dump, {});
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const GraphModule& module = *dump->graphs[g].module;
        const ReadText again = readText(print_readable(module, BodyId(0)));
        QVERIFY(again.module);
        const Canon second(*again.module);
        const Canon& first = canons.of(GraphId(g));
        for (size_t b = 0; b < module.bodies.size(); ++b) {
            // The reader may list bodies in another order: they are found by path.
            const BodyId other = find_body(*again.module, body_path(module, BodyId(b)));
            QVERIFY(other);
            QCOMPARE(second.hash(other), first.hash(BodyId(b)));
            const MatchResult r = match_bodies(first, BodyId(b), second, other);
            QVERIFY2(
                r.equal(), r.equal() ? "" : difference_text(module, *again.module, *r.difference).c_str());
            QVERIFY(isIdentity(r.bodies.front()));
        }
    }
}

void TestMatch::renamedAndPermuted_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<QString>("address");
    QTest::newRow("gpt12 fw") << "gpt12"
                              << "0/0:forward:partitioned_fw_subgraph_0_0";
    QTest::newRow("gpt12 bw") << "gpt12"
                              << "0/0:backward:partitioned_bw_subgraph_0_0";
    QTest::newRow("gpt12 joint") << "gpt12"
                                 << "0/0:joint:repeated_subgraph1";
    QTest::newRow("ddp4 bw") << "ddp4"
                             << "r1/0/0:backward:partitioned_bw_subgraph_0_0";
    QTest::newRow("dup_tangents bw") << "dup_tangents"
                                     << "0/0:backward:partitioned_bw_subgraph_0_1";
    QTest::newRow("outputs_mixed") << "outputs_mixed"
                                   << "0/0:joint:repeated_subgraph1";
    QTest::newRow("lstm_like") << "lstm_like"
                               << "0/0:joint:repeated_subgraph1";
}

void TestMatch::renamedAndPermuted() {
    QFETCH(QString, recording);
    QFETCH(QString, address);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    const At a = at(*dump, address.toStdString());
    QVERIFY(a.module);
    const Body& original = a.module->body(a.body);
    bool any_moved = false;
    for (unsigned seed = 1; seed <= 3; ++seed) {
        const ReadText other = readText(shuffled(*a.module, a.body, seed));
        QVERIFY(other.module);
        QVERIFY2(other.problems.empty(), qPrintable(problemText(other.problems)));
        const At b{other.module, BodyId(0)};
        const MatchResult r = matched(a, b);
        bool moved = false;
        QVERIFY2(r.equal(), told(a, b).c_str());
        QCOMPARE(Canon(*b.module).hash(b.body), Canon(*a.module).hash(a.body));
        // Each node went to the one that carries its number.
        for (size_t i = 0; i + 1 < original.nodes.size(); ++i) {
            const NodeId to = r.bodies.front().to_b[i];
            QVERIFY(to);
            const std::string_view name = b.module->text(b.module->body(b.body).node(to).name);
            // Twins may be swapped: what they compute and how they are used is the same.
            if (name != "renamed_" + std::to_string(i)) {
                const auto places = Canon(*a.module).places(a.body);
                QVERIFY(std::count(places.begin(), places.end(), places[i]) > 1);
            }
            moved = moved || to != NodeId(i);
        }
        MatchOptions order;
        order.order = true;
        if (moved)
            QVERIFY(!matched(a, b, order).equal());
        any_moved = any_moved || moved;
    }
    QVERIFY(any_moved);
}

void TestMatch::equalUnderOtherIdentifiers() {
    const auto dump = open_dump({traceOf("two_functions")});
    QVERIFY(dump.ok());
    QCOMPARE(
        told(at(*dump, "0/0:dynamo:subgraph_0"), at(*dump, "0/0:dynamo:subgraph_1")), std::string("equal"));
    DumpCanons canons(*dump, {});
    const auto classes = equal_bodies(canons, WhichBodies::Called);
    const Place first = *resolve(*dump, "0/0:dynamo:subgraph_0");
    const Place second = *resolve(*dump, "0/0:dynamo:subgraph_1");
    const auto holds = [](const std::vector<Place>& c, const Place& p) {
        return std::find(c.begin(), c.end(), p) != c.end();
    };
    QVERIFY(std::any_of(
        classes.begin(), classes.end(), [&](const auto& c) { return holds(c, first) && holds(c, second); }));
}

void TestMatch::sharedBodyPrintedUnderSeveralParents() {
    const auto dump = open_dump({traceOf("checkpointed")});
    QVERIFY(dump.ok());
    const At first = at(*dump, "0/0:dynamo:wrap_body_0");
    const At second = at(*dump, "0/0:dynamo:wrap_body_1");
    QVERIFY(first.module && second.module);
    const MatchResult r = matched(first, second);
    QVERIFY(r.equal());
    QCOMPARE(r.bodies.size(), size_t{2}); // and the region that both call
}

void TestMatch::sameRegionInSeveralCompilations() {
    const auto dump = open_dump({traceOf("graph_breaks")});
    QVERIFY(dump.ok());
    DumpCanons canons(*dump, {});
    size_t dynamo_bodies = 0;
    size_t largest = 0;
    for (const auto& members : equal_bodies(canons, WhichBodies::Called)) {
        const auto n = static_cast<size_t>(std::count_if(members.begin(), members.end(),
            [&](const Place& p) { return dump->graph(p.graph).stage == Stage::Dynamo; }));
        dynamo_bodies += n;
        largest = std::max(largest, n);
    }
    QVERIFY(largest >= 2);
    QVERIFY(dynamo_bodies >= largest);
}

void TestMatch::variantsDifferByStrideOnly() {
    const auto dump = open_dump({traceOf("dup_tangents")});
    QVERIFY(dump.ok());
    const At first = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_0");
    const At second = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_1");
    const MatchResult r = matched(first, second);
    QVERIFY(!r.equal());
    QCOMPARE(r.difference->what.field, Field::Stride);
    QVERIFY(r.difference->a && r.difference->b);
    const Node& node = first.module->body(first.body).node(r.difference->a);
    QCOMPARE(text(first.module->text(node.name)), QStringLiteral("tangents_0"));
    MatchOptions options;
    options.strides = false;
    QCOMPARE(told(first, second, options), std::string("equal"));
    QCOMPARE(told(at(*dump, "0/0:forward:partitioned_fw_subgraph_0_0"),
                 at(*dump, "0/0:forward:partitioned_fw_subgraph_0_1")),
        std::string("equal"));
}

void TestMatch::nestedBodiesCount() {
    const auto dump = open_dump({traceOf("gpt12_nested")});
    QVERIFY(dump.ok());
    const At outer = at(*dump, "0/0:dynamo:subgraph_1");
    QVERIFY(outer.module);
    const MatchResult r = matched(outer, outer);
    QVERIFY(r.equal());
    QCOMPARE(r.bodies.size(), size_t{2});
    QVERIFY(r.bodies[1].a != r.bodies[0].a);
}

void TestMatch::twinsAreToldApartByTheirUse() {
    const std::string two = body("x",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        c = torch.cos(a)\n"
        "        d = torch.exp(b)\n        return (c, d)\n");
    const std::string crossed = body("x",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        d = torch.exp(a)\n"
        "        c = torch.cos(b)\n        return (c, d)\n");
    const std::string one = body("x",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        c = torch.cos(a)\n"
        "        d = torch.exp(a)\n        return (c, d)\n");
    const MatchResult r = matched(two, crossed);
    QVERIFY(r.equal());
    QCOMPARE(r.bodies[0].to_b[1], NodeId(2)); // a is the second sin there
    QVERIFY(!matched(two, one).equal());
}

void TestMatch::unusedNodes() {
    const std::string a = body("x, y",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        p = torch.exp(a)\n"
        "        q = torch.exp(b)\n        r = torch.cos(b)\n        return (x,)\n");
    const std::string b = body("x, y",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        r = torch.cos(a)\n"
        "        q = torch.exp(a)\n        p = torch.exp(b)\n        return (x,)\n");
    const std::string c = body("x, y",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        r = torch.cos(a)\n"
        "        q = torch.exp(a)\n        p = torch.exp(a)\n        return (x,)\n");
    QCOMPARE(told(a, b), std::string("equal"));
    QVERIFY(!matched(a, c).equal());
}

void TestMatch::layerIndices() {
    const auto layer = [](const char* first, const char* second) {
        return body("x",
            std::string("        w = self.") + first + "\n        v = self." + second
                + "\n        a = torch.mm(x, w)\n        b = torch.mm(a, v)\n        return (b,)\n");
    };
    MatchOptions options;
    options.layer_indices = false;
    const std::string zero = layer("layers_0_weight", "layers_0_bias");
    QVERIFY(!matched(zero, layer("layers_1_weight", "layers_1_bias")).equal());
    QVERIFY(matched(zero, layer("layers_1_weight", "layers_1_bias"), options).equal());
    QVERIFY(!matched(zero, layer("layers_1_weight", "layers_1_gain"), options).equal());
    // One to one: the same parameter twice is not two parameters.
    QVERIFY(!matched(layer("w_0", "w_1"), layer("w_2", "w_2"), options).equal());
    QCOMPARE(
        matched(layer("w_0", "w_1"), layer("w_2", "w_2"), options).difference->what.field, Field::Attribute);
}

void TestMatch::keywordsHaveNoOrder() {
    const std::string a = body("x", "        a = torch.f(x, p = 1, q = 2)\n        return (a,)\n");
    const std::string b = body("x", "        a = torch.f(x, q = 2, p = 1)\n        return (a,)\n");
    const std::string c = body("x", "        a = torch.f(x, q = 2, p = 3)\n        return (a,)\n");
    const std::string d = body("x", "        a = torch.f(x, q = 2)\n        return (a,)\n");
    QVERIFY(matched(a, b).equal());
    QCOMPARE(told(a, c), std::string("node a: constant of keyword p: expected 1, found 3"));
    QCOMPARE(told(a, d), std::string("node a: count of keyword p: expected 1, found none"));
}

// Recorded text without strides and devices against the trace's own, as a debug folder has it.
void TestMatch::whatIsNotToldIsNoDifference() {
    const auto dump = open_dump({traceOf("gpt12")});
    QVERIFY(dump.ok());
    const At a = at(*dump, "0/0:forward");
    QString stripped = QString::fromStdString(print_readable(*a.module, a.body));
    stripped.replace(QRegularExpression(R"((\[[^\]]*\])\[[^\]]*\]cpu")"), R"(\1")");
    const At b{readText(stripped.toStdString()).module, BodyId(0)};
    QVERIFY(!matched(a, b).equal());
    MatchOptions open;
    open.open = true;
    QCOMPARE(told(a, b, open), std::string("equal"));
    // What both tell must still agree.
    QString other = changed(stripped, "f32[", "f64[");
    const At c{readText(other.toStdString()).module, BodyId(0)};
    const MatchResult r = matched(a, c, open);
    QVERIFY(!r.equal());
    QCOMPARE(r.difference->what.field, Field::Dtype);
    // A region whose body was not printed (fx_graph_runnable until 2.13).
    PrintOptions no_bodies;
    no_bodies.nested = no_bodies.types = no_bodies.sources = false;
    const At d{readText(print_readable(*a.module, a.body, no_bodies)).module, BodyId(0)};
    QVERIFY(!matched(a, d).equal());
    QCOMPARE(told(a, d, open), std::string("equal"));
}

void TestMatch::namesOrderPlacesAndIdsWhereAsked() {
    const std::string a =
        body("x", "        # File: /a/b.py:3 in f, code: y\n        s = torch.sin(x)\n        return (s,)\n");
    const std::string b =
        body("x", "        # File: /a/b.py:4 in f, code: y\n        t = torch.sin(x)\n        return (t,)\n");
    QVERIFY(matched(a, b).equal());
    MatchOptions options;
    options.names = true;
    QCOMPARE(told(a, b, options), std::string("node s (there t): name: expected s, found t"));
    options = {};
    options.locations = true;
    QCOMPARE(told(a, b, options),
        std::string("node s (there t): location: expected /a/b.py:3 in f, found /a/b.py:4 in f"));
}

void TestMatch::sameLiterals() {
    const auto one = [](const std::string& arg) {
        return body("x", "        a = torch.f(x, " + arg + ")\n        return (a,)\n");
    };
    QVERIFY(matched(one("1e-05"), one("0.00001")).equal());
    QVERIFY(matched(one("'a'"), one("\"a\"")).equal());
    QVERIFY(!matched(one("1"), one("1.0")).equal());
    QVERIFY(!matched(one("0.0"), one("-0.0")).equal());
    QVERIFY(!matched(one("[1, 2]"), one("[1, [2]]")).equal());
    QVERIFY(!matched(one("None"), one("0")).equal());
    MatchOptions devices;
    devices.devices = false;
    QVERIFY(matched(one("device = device(type='cpu')"), one("device = device(type='cuda', index=0)"), devices)
                .equal());
    QVERIFY(
        !matched(one("device = device(type='cpu')"), one("device = device(type='cuda', index=0)")).equal());
}

// Deep as nothing recorded is; nothing may recurse.
void TestMatch::longChain() {
    std::string lines;
    for (int i = 0; i < 60'000; ++i)
        lines += "        n" + std::to_string(i) + " = torch.sin(" + (i ? "n" + std::to_string(i - 1) : "x")
            + ")\n";
    const std::string a = body("x", lines + "        return (n59999,)\n");
    const std::string b = body("x", lines + "        return (n59998,)\n");
    QVERIFY(matched(a, a).equal());
    QVERIFY(!matched(a, b).equal());
}

QTEST_GUILESS_MAIN(TestMatch)
#include "tst_match.moc"
