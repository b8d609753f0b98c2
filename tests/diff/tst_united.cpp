// Two bodies as one: every node and every use of both is there once, with whose it is.
#include "core/diff/united.h"

#include "core/graph/verify.h"
#include "tests/diff/bodies.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

namespace {

struct Made {
    At a, b;
    BodyDiff diff;
    United united;
};

Made made(const At& a, const At& b, const MatchOptions& options = {}) {
    Made out{a, b, diff_bodies(*a.module, a.body, *b.module, b.body, options).front(), {}};
    out.united = unite(*a.module, *b.module, out.diff);
    return out;
}

// "x  +relu(x)  mul(x, -relu)": by node its sign, its name and what it takes; of uses only one body has, too.
QString drawn(const United& united) {
    const Body& body = united.module.body(united.body);
    const auto sign = [](UnitedSide side) {
        return side == UnitedSide::Changed ? "~"
            : side == UnitedSide::OnlyA    ? "-"
            : side == UnitedSide::OnlyB    ? "+"
                                           : "";
    };
    QStringList list;
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        QStringList inputs;
        for (const NodeId input : body.inputs_of(body.nodes[i]))
            inputs << QString::fromLatin1(sign(united.side_of_use(input, NodeId(i))))
                    + text(united.module.text(body.node(input).name));
        list << QString::fromLatin1(sign(united.nodes[i].side)) + text(united.module.text(body.nodes[i].name))
                + (inputs.isEmpty() ? QString() : '(' + inputs.join(QStringLiteral(", ")) + ')');
    }
    return list.join(QStringLiteral("  "));
}

// What must hold of any two bodies.
void check(const Made& m) {
    const Body& body = m.united.module.body(m.united.body);
    const Body& a = m.a.module->body(m.a.body);
    const Body& b = m.b.module->body(m.b.body);
    QCOMPARE(m.united.nodes.size(), body.nodes.size());
    size_t of_a = 0, of_b = 0, changed = 0;
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const UnitedNode& node = m.united.nodes[i];
        of_a += node.a.valid();
        of_b += node.b.valid();
        changed += node.side == UnitedSide::Changed;
        for (const NodeId input : body.inputs_of(body.nodes[i]))
            QVERIFY(input.index < i);
    }
    QCOMPARE(of_a, a.nodes.size());
    QCOMPARE(of_b, b.nodes.size());
    if (m.united.apart == 0)
        QCOMPARE(changed, m.diff.changed());
    // Each use of either body is one here, of the right side.
    const auto uses = [&](const Body& of, const std::vector<NodeId>& here, UnitedSide alone) {
        for (size_t i = 0; i < of.nodes.size(); ++i)
            for (const NodeId input : of.inputs_of(of.nodes[i])) {
                const NodeId value = here[input.index], user = here[i];
                const auto found = body.inputs_of(body.node(user));
                QVERIFY(std::find(found.begin(), found.end(), value) != found.end());
                const UnitedSide side = m.united.side_of_use(value, user);
                QVERIFY(side == UnitedSide::Both || side == alone);
            }
    };
    uses(a, m.united.node_of_a, UnitedSide::OnlyA);
    uses(b, m.united.node_of_b, UnitedSide::OnlyB);
}

} // namespace

class TestUnited : public QObject {
    Q_OBJECT

private slots:
    void aBodyWithItself_data();
    void aBodyWithItself();
    void whatOneHasStandsBesideIt();
    void anotherOperandIsAnotherUse();
    void aCircleIsTakenApart();
    void halvesOfOneRegion();
    void aroundWhatDiffers();
};

void TestUnited::aBodyWithItself_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& recording : recordings())
        QTest::newRow(qPrintable(recording)) << recording;
}

void TestUnited::aBodyWithItself() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    for (const Graph& graph : dump->graphs)
        for (size_t i = 0; i < graph.module->bodies.size(); ++i) {
            const At side{graph.module, BodyId(i)};
            const Made m = made(side, side);
            check(m);
            QCOMPARE(m.united.module.body(BodyId(i)).nodes.size(), graph.module->bodies[i].nodes.size());
            QVERIFY(m.united.uses_of_a.empty() && m.united.uses_of_b.empty());
            QCOMPARE(m.united.apart, size_t{0});
            const std::vector<bool> around = around_differences(m.united, 3);
            QCOMPARE(std::count(around.begin(), around.end(), true), 0);
        }
}

void TestUnited::whatOneHasStandsBesideIt() {
    const Made m = made(module(body("x: \"f32[4]\"",
                            "        sin: \"f32[4]\" = torch.ops.aten.sin.default(x)\n"
                            "        mul: \"f32[4]\" = torch.ops.aten.mul.Tensor(sin, 2.0)\n"
                            "        return (mul,)\n")),
        module(body("x: \"f32[4]\"",
            "        sin: \"f32[4]\" = torch.ops.aten.sin.default(x)\n"
            "        relu: \"f32[4]\" = torch.ops.aten.relu.default(sin)\n"
            "        mul: \"f32[4]\" = torch.ops.aten.mul.Tensor(relu, 3.0)\n"
            "        return (mul,)\n")));
    check(m);
    QCOMPARE(drawn(m.united), QStringLiteral("x  sin(x)  +relu(+sin)  ~mul(+relu, -sin)  output(mul)"));
    // What a passed is kept with the node, and does not pass for an argument of b's call.
    const std::string printed = print_readable(m.united.module, m.united.body);
    QVERIFY2(printed.find("mul.Tensor(relu, 3.0, only_in_the_first = (sin,))") != std::string::npos,
        printed.c_str());
}

void TestUnited::anotherOperandIsAnotherUse() {
    const Made m = made(module(body("x: \"f32[4]\", y: \"f32[4]\"",
                            "        sub: \"f32[4]\" = torch.ops.aten.sub.Tensor(x, y)\n"
                            "        cos: \"f32[4]\" = torch.ops.aten.cos.default(sub)\n"
                            "        return (cos, y)\n")),
        module(body("x: \"f32[4]\", y: \"f32[4]\"",
            "        sub: \"f32[4]\" = torch.ops.aten.sub.Tensor(x, x)\n"
            "        cos: \"f32[4]\" = torch.ops.aten.cos.default(sub)\n"
            "        return (cos, y)\n")));
    check(m);
    QCOMPARE(m.united.uses_of_a.size(), size_t{1});
    QVERIFY(m.united.uses_of_b.empty());
}

// sin before cos in one, cos before sin in the other, paired by name: as one they would feed each other.
void TestUnited::aCircleIsTakenApart() {
    const At a = module(body("x: \"f32[4]\"",
        "        sin: \"f32[4]\" = torch.ops.aten.sin.default(x)\n"
        "        cos: \"f32[4]\" = torch.ops.aten.cos.default(sin)\n"
        "        return (cos,)\n"));
    const At b = module(body("x: \"f32[4]\"",
        "        cos: \"f32[4]\" = torch.ops.aten.cos.default(x)\n"
        "        sin: \"f32[4]\" = torch.ops.aten.sin.default(cos)\n"
        "        return (sin,)\n"));
    BodyDiff paired;
    paired.body_a = paired.body_b = BodyId(0);
    paired.pairs = {{NodeId(0), NodeId(0), PairedBy::Value, {}}, {NodeId(1), NodeId(2), PairedBy::Name, {}},
        {NodeId(2), NodeId(1), PairedBy::Surroundings, {}}, {NodeId(3), NodeId(3), PairedBy::Use, {}}};
    const Made m{a, b, paired, unite(*a.module, *b.module, paired)};
    check(m);
    QCOMPARE(m.united.apart, size_t{1});
    // The weaker pair gives way.
    QCOMPARE(drawn(m.united), QStringLiteral("x  +cos(+x)  sin(+cos, -x)  -cos(-sin)  output(+sin, -cos)"));
}

void TestUnited::halvesOfOneRegion() {
    const auto dump = open_dump({traceOf("dup_tangents")});
    const Made m = made(at(*dump, "0/0:backward:partitioned_bw_subgraph_0_0"),
        at(*dump, "0/0:backward:partitioned_bw_subgraph_0_1"));
    check(m);
    QVERIFY(m.diff.changed() > 0);
    // Bodies of other stages have little in common; all of both is there all the same.
    check(made(at(*dump, "0/0:forward"), at(*dump, "0/0:backward")));
    check(made(at(*dump, "0/0:joint"), at(*dump, "0/0:forward")));
    check(made(at(*dump, "0/0:dynamo"), at(*dump, "0/0:joint")));
}

void TestUnited::aroundWhatDiffers() {
    std::string lines_a, lines_b, last = "x";
    for (int i = 0; i < 40; ++i) {
        const std::string name = "n" + std::to_string(i);
        const std::string head =
            "        " + name + ": \"f32[4]\" = torch.ops.aten.mul.Tensor(" + last + ", ";
        lines_a += head + (i == 20 ? "2.0" : "1.5") + ")\n";
        lines_b += head + (i == 20 ? "3.0" : "1.5") + ")\n";
        last = name;
    }
    const std::string end = "        return (" + last + ",)\n";
    const Made m =
        made(module(body("x: \"f32[4]\"", lines_a + end)), module(body("x: \"f32[4]\"", lines_b + end)));
    check(m);
    for (const int steps : {0, 1, 3}) {
        const std::vector<bool> kept = around_differences(m.united, steps);
        QCOMPARE(std::count(kept.begin(), kept.end(), true), 1 + 2 * steps);
        QVERIFY(kept[21]);
    }
}

QTEST_APPLESS_MAIN(TestUnited)
#include "tst_united.moc"
