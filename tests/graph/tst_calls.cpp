// Region calls in all their forms, and what identifiers say of themselves.
#include "core/graph/calls.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestCalls : public QObject {
    Q_OBJECT

private slots:
    void identifiers_data();
    void identifiers();
    void forms_data();
    void forms();
    void noCalls_data();
    void noCalls();
    void otherOperatorsCallBodies();
    void recordedEffects();
    void recordedMutation();
    void everyRecordedCallHasItsBody_data();
    void everyRecordedCallHasItsBody();
};

using MaybeHalf = std::optional<Half>;
using MaybeNumber = std::optional<int>;
Q_DECLARE_METATYPE(MaybeHalf)
Q_DECLARE_METATYPE(MaybeNumber)

void TestCalls::identifiers_data() {
    QTest::addColumn<QByteArray>("identifier");
    QTest::addColumn<MaybeHalf>("half");
    QTest::addColumn<bool>("partitioned");
    QTest::addColumn<QByteArray>("region");
    QTest::addColumn<MaybeNumber>("variant");
    const auto row = [](const char* id, MaybeHalf half, bool partitioned, const char* region,
                         MaybeNumber variant) {
        QTest::newRow(id) << QByteArray(id) << half << partitioned << QByteArray(region) << variant;
    };
    constexpr MaybeHalf whole;
    // 2.8 on
    row("subgraph_0", whole, false, "subgraph_0", {});
    row("fw_subgraph_0", Half::Forward, false, "subgraph_0", {});
    row("bw_subgraph_0_0", Half::Backward, false, "subgraph_0", 0);
    row("bw_subgraph_10_3", Half::Backward, false, "subgraph_10", 3);
    row("partitioned_fw_subgraph_0_0", Half::Forward, true, "subgraph_0", 0);
    row("partitioned_bw_subgraph_0_1", Half::Backward, true, "subgraph_0", 1);
    // activation checkpointing lowered to regions
    row("recompute_fw__subgraph_0_0", Half::Forward, true, "subgraph_0", 0);
    row("sac_slice_fw__subgraph_0_2", Half::Forward, true, "subgraph_0", 2);
    row("sac_slice_bw__subgraph_0_2", Half::Backward, true, "subgraph_0", 2);
    // functionalized
    row("auto_functionalized_subgraph_0", whole, false, "subgraph_0", {});
    row("functionalized_subgraph_0", whole, false, "subgraph_0", {});
    // up to 2.7
    row("invoke_subgraph_0", whole, false, "invoke_subgraph_0", {});
    row("___forward_invoke_subgraph_0", Half::Forward, false, "invoke_subgraph_0", {});
    row("___backward_invoke_subgraph_0", Half::Backward, false, "invoke_subgraph_0", {});
    row("___forward_invoke_subgraph_0_post_graph", Half::Forward, true, "invoke_subgraph_0", {});
    row("___backward_invoke_subgraph_0_post_graph", Half::Backward, true, "invoke_subgraph_0", {});
    // users may name regions as they like
    row("my region", whole, false, "my region", {});
    row("fw_", whole, false, "fw_", {});
    row("bw_block", whole, false, "bw_block", {});
    row("bw_block_x", whole, false, "bw_block_x", {});
    row("bw_block_99999999999", whole, false, "bw_block_99999999999", {});
    row("partitioned_fw_7", whole, false, "partitioned_fw_7", {});
    row("forward_0", whole, false, "forward_0", {});
    row("", whole, false, "", {});
}

void TestCalls::identifiers() {
    QFETCH(QByteArray, identifier);
    QFETCH(MaybeHalf, half);
    QFETCH(bool, partitioned);
    QFETCH(QByteArray, region);
    QFETCH(MaybeNumber, variant);
    const std::string text = identifier.toStdString();
    const IdentifierParts parts = identifier_parts(text);
    QCOMPARE(parts.half, half);
    QCOMPARE(parts.partitioned, partitioned);
    QCOMPARE(QByteArray::fromStdString(std::string(parts.region)), region);
    QCOMPARE(parts.variant, variant);
}

namespace {

// A root that makes one call named `c`, and a body with `placeholders` parameters under the attribute.
std::string callText(
    const std::string& call, const std::string& attribute = "subgraph_0", int placeholders = 2) {
    std::string parameters;
    for (int i = 0; i < placeholders; ++i)
        parameters += ", a" + std::to_string(i);
    return "class GraphModule(torch.nn.Module):\n"
           "    def forward(self, x, y, t):\n"
           "        sub = self."
        + attribute
        + "\n"
          "        spec = self._tree_spec_constant0\n"
          "        c = "
        + call
        + "\n"
          "        return (c,)\n"
          "\n"
          "    class "
        + attribute + "(torch.nn.Module):\n        def forward(self" + parameters + "):\n            return "
        + (placeholders ? "(a0,)" : "(1,)") + "\n";
}

QStringList operandNames(const GraphModule& module, BodyId scope, const RegionCall& call) {
    QStringList names;
    for (const NodeId n : call.operands)
        names << (n ? test::text(module.text(module.body(scope).node(n).name)) : QStringLiteral("-"));
    return names;
}

} // namespace

void TestCalls::forms_data() {
    QTest::addColumn<QString>("call");
    QTest::addColumn<int>("placeholders");
    QTest::addColumn<QString>("identifier");
    QTest::addColumn<QStringList>("operands");
    const QString hop = QStringLiteral("torch.ops.higher_order.invoke_subgraph");
    QTest::newRow("varargs") << hop + "(sub, 'subgraph_0', x, y)" << 2 << "subgraph_0"
                             << QStringList{"x", "y"};
    QTest::newRow("identifier is another name")
        << hop + "(sub, 'fw_subgraph_0', x, y)" << 2 << "fw_subgraph_0" << QStringList{"x", "y"};
    QTest::newRow("no identifier") << hop + "(sub, None, x, y)" << 2 << "subgraph_0" << QStringList{"x", "y"};
    QTest::newRow("constants keep their place")
        << hop + "(sub, 'subgraph_0', x, None, 3, y)" << 4 << "subgraph_0" << QStringList{"x", "-", "-", "y"};
    QTest::newRow("2.5: one tuple") << hop + "(sub, 'invoke_subgraph_0', (x, y))" << 2 << "invoke_subgraph_0"
                                    << QStringList{"x", "y"};
    QTest::newRow("2.5: tuple of one")
        << hop + "(sub, 'invoke_subgraph_0', (x,))" << 1 << "invoke_subgraph_0" << QStringList{"x"};
    QTest::newRow("2.5: empty tuple")
        << hop + "(sub, 'invoke_subgraph_0', ())" << 0 << "invoke_subgraph_0" << QStringList{};
    QTest::newRow("no operands") << hop + "(sub, 'subgraph_0')" << 0 << "subgraph_0" << QStringList{};
    QTest::newRow("with_effects") << "torch.ops.higher_order.with_effects(t, " + hop
            + ", sub, 'subgraph_0', x, y)"
                                  << 2 << "subgraph_0" << QStringList{"x", "y"};
    QTest::newRow("auto_functionalized_v2: last mutated")
        << "torch.ops.higher_order.auto_functionalized_v2(" + hop
            + ", subgraph = sub, identifier = 'auto_functionalized_subgraph_0', arg0 = x, _arg1_base_index = "
              "0, _all_bases = [y], _op_schema = spec)"
        << 2 << "auto_functionalized_subgraph_0" << QStringList{"x", "y"};
    QTest::newRow("auto_functionalized_v2: first mutated, keywords in any order")
        << "torch.ops.higher_order.auto_functionalized_v2(" + hop
            + ", subgraph = sub, identifier = 'auto_functionalized_subgraph_0', arg1 = y, _arg0_base_index = "
              "1, _all_bases = [t, x], _op_schema = spec)"
        << 2 << "auto_functionalized_subgraph_0" << QStringList{"x", "y"};
    QTest::newRow("auto_functionalized_v2: index out of range")
        << "torch.ops.higher_order.auto_functionalized_v2(" + hop
            + ", subgraph = sub, identifier = 'auto_functionalized_subgraph_0', arg1 = y, _arg0_base_index = "
              "5, _all_bases = [x], _op_schema = spec)"
        << 2 << "auto_functionalized_subgraph_0" << QStringList{"-", "y"};
}

void TestCalls::forms() {
    QFETCH(QString, call);
    QFETCH(int, placeholders);
    QFETCH(QString, identifier);
    QFETCH(QStringList, operands);
    const ReadText read = readText(callText(call.toStdString(), "subgraph_0", placeholders));
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const auto calls = region_calls(*read.module, BodyId(0));
    QCOMPARE(calls.size(), size_t{1});
    const RegionCall& c = calls.front();
    QCOMPARE(test::text(read.module->text(read.module->bodies[0].node(c.node).name)), QStringLiteral("c"));
    QCOMPARE(
        test::text(read.module->text(read.module->bodies[0].node(c.get_attr).name)), QStringLiteral("sub"));
    QVERIFY(c.body == BodyId(1));
    QCOMPARE(test::text(read.module->text(c.attribute)), QStringLiteral("subgraph_0"));
    QCOMPARE(test::text(c.identifier), identifier);
    QCOMPARE(operandNames(*read.module, BodyId(0), c), operands);
}

void TestCalls::noCalls_data() {
    QTest::addColumn<QString>("call");
    QTest::newRow("an aten operator") << "torch.ops.aten.add.Tensor(x, y)";
    QTest::newRow("another higher-order operator") << "torch.ops.higher_order.cond(x, sub, sub, (y,))";
    QTest::newRow("with_effects of a plain operator")
        << "torch.ops.higher_order.with_effects(t, torch.ops.mylib.op.default, x, y)";
    QTest::newRow("auto_functionalized_v2 of a plain operator")
        << "torch.ops.higher_order.auto_functionalized_v2(torch.ops.mylib.op.default, arg0 = x)";
    QTest::newRow("invoke_subgraph of nothing") << "torch.ops.higher_order.invoke_subgraph()";
    QTest::newRow("invoke_subgraph of a string") << "torch.ops.higher_order.invoke_subgraph('a', 'b', x)";
}

void TestCalls::noCalls() {
    QFETCH(QString, call);
    const ReadText read = readText(callText(call.toStdString()));
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    QCOMPARE(region_calls(*read.module, BodyId(0)).size(), size_t{0});
}

void TestCalls::otherOperatorsCallBodies() {
    const ReadText read = readText(
        "class GraphModule(torch.nn.Module):\n"
        "    def forward(self, p, x):\n"
        "        true_graph_0 = self.true_graph_0\n"
        "        false_graph_0 = self.false_graph_0\n"
        "        cond = torch.ops.higher_order.cond(p, true_graph_0, false_graph_0, (x,))\n"
        "        unknown = self.shared_0\n"
        "        scan = torch.ops.higher_order.scan(unknown, [x], [x], [])\n"
        "        return (cond, scan)\n"
        "\n"
        "    class true_graph_0(torch.nn.Module):\n        def forward(self, x):\n            return (x,)\n"
        "\n"
        "    class false_graph_0(torch.nn.Module):\n        def forward(self, x):\n            return x\n");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const auto bodies = called_bodies(m, BodyId(0), find_node(m, m.bodies[0], "cond"));
    QCOMPARE(bodies.size(), size_t{2});
    QCOMPARE(QString::fromStdString(body_path(m, bodies[0])), QStringLiteral("true_graph_0"));
    QCOMPARE(QString::fromStdString(body_path(m, bodies[1])), QStringLiteral("false_graph_0"));
    // A body that the text does not print (a module shared under another name) is no error.
    QVERIFY(called_bodies(m, BodyId(0), find_node(m, m.bodies[0], "scan")).empty());
    QVERIFY(called_bodies(m, BodyId(0), find_node(m, m.bodies[0], "x")).empty());
}

void TestCalls::recordedEffects() {
    const auto dump = open_dump({traceOf("effects")});
    QVERIFY(dump.ok());
    const auto place = resolve(*dump, "0/0:inference");
    QVERIFY2(place.ok(), place.ok() ? "" : place.error().text().c_str());
    const GraphModule& m = *dump->graph(place->graph).module;
    const auto calls = region_calls(m, BodyId(0));
    QVERIFY(!calls.empty());
    for (const RegionCall& call : calls) {
        QVERIFY(call.body.valid());
        QCOMPARE(call.operands.size(), m.body(call.body).placeholder_count());
        QCOMPARE(test::text(identifier_parts(call.identifier).region), QStringLiteral("subgraph_0"));
    }
}

void TestCalls::recordedMutation() {
    const auto dump = open_dump({traceOf("mutated_buffer")});
    QVERIFY(dump.ok());
    const auto place = resolve(*dump, "0/0:inference");
    QVERIFY2(place.ok(), place.ok() ? "" : place.error().text().c_str());
    const GraphModule& m = *dump->graph(place->graph).module;
    const auto calls = region_calls(m, BodyId(0));
    QVERIFY(!calls.empty());
    for (const RegionCall& call : calls) {
        QCOMPARE(test::text(short_target(m, m.bodies[0].node(call.node))),
            QStringLiteral("auto_functionalized_v2"));
        QCOMPARE(test::text(call.identifier), QStringLiteral("auto_functionalized_subgraph_0"));
        QVERIFY(call.body.valid());
        QCOMPARE(call.operands.size(), m.body(call.body).placeholder_count());
        for (const NodeId operand : call.operands)
            QVERIFY(operand.valid());
    }
}

void TestCalls::everyRecordedCallHasItsBody_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

void TestCalls::everyRecordedCallHasItsBody() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const GraphModule& m = *dump->graphs[g].module;
        size_t mentions = 0;
        size_t calls = 0;
        for (size_t b = 0; b < m.bodies.size(); ++b) {
            for (const Node& n : m.bodies[b].nodes)
                mentions += short_target(m, n) == "invoke_subgraph";
            for (const RegionCall& call : region_calls(m, BodyId(b))) {
                ++calls;
                QVERIFY2(call.body.valid(), address_of(*dump, GraphId(g), BodyId(b), call.node).c_str());
                QVERIFY(!call.identifier.empty());
            }
        }
        QVERIFY(calls >= mentions);
    }
}

QTEST_GUILESS_MAIN(TestCalls)
#include "tst_calls.moc"
