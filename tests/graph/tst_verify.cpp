// Soundness: recordings are sound, and each way of not being so is named.
#include "core/graph/verify.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestVerify : public QObject {
    Q_OBJECT

private slots:
    void recordingsAreSound_data();
    void recordingsAreSound();
    void brokenTexts_data();
    void brokenTexts();
    void placeholderAfterOtherNodes();
    void useBeforeDefinition();
};

void TestVerify::recordingsAreSound_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

void TestVerify::recordingsAreSound() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    QVERIFY(!dump->graphs.empty() || !dump->failures.empty());
    for (const Graph& g : dump->graphs)
        for (const Violation& v : verify(*g.module)) {
            // What make_fx had traced when it failed has no return, and is listed as such.
            if (g.label == "make_fx_fail_partial" && v.message == "the body ends without a return")
                continue;
            QFAIL(qPrintable(QString::fromStdString(g.label + ": " + v.message)));
        }
}

void TestVerify::brokenTexts_data() {
    QTest::addColumn<QString>("body");
    QTest::addColumn<QString>("expected");
    const QString head = QStringLiteral("class GraphModule(torch.nn.Module):\n");
    QTest::newRow("sound") << head + "    def forward(self, x):\n        y = x + 1\n        return (y,)\n"
                           << "";
    QTest::newRow("two nodes of one name")
        << head + "    def forward(self, x):\n        y = x + 1\n        y = x + 2\n        return (y,)\n"
        << "two nodes are called 'y'";
    QTest::newRow("no return") << head + "    def forward(self, x):\n        y = x + 1\n"
                               << "the body ends without a return";
    const QString call = head
        + "    def forward(self, x):\n        subgraph_0 = self.subgraph_0\n"
          "        c = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', %1)\n        return "
          "(c,)\n\n"
          "    class subgraph_0(torch.nn.Module):\n        def forward(self, a, b):\n            return (a, "
          "b)\n";
    QTest::newRow("operands fit") << call.arg("x, x") << "";
    QTest::newRow("a constant operand counts") << call.arg("x, None") << "";
    QTest::newRow("too few operands") << call.arg("x") << "'c' passes 1 operands, its body expects 2";
    QTest::newRow("too many operands") << call.arg("x, x, x") << "'c' passes 3 operands, its body expects 2";
}

void TestVerify::brokenTexts() {
    QFETCH(QString, body);
    QFETCH(QString, expected);
    const ReadText read = readText(body.toStdString());
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const auto violations = verify(*read.module);
    if (expected.isEmpty()) {
        QVERIFY2(violations.empty(), violations.empty() ? "" : violations[0].message.c_str());
        return;
    }
    QCOMPARE(violations.size(), size_t{1});
    QCOMPARE(QString::fromStdString(violations[0].message), expected);
}

// No text reads as these: a copy of a sound module is broken by hand.
void TestVerify::placeholderAfterOtherNodes() {
    const ReadText read = readText("class GraphModule(torch.nn.Module):\n    def forward(self, x, z):\n      "
                                   "  y = x + 1\n        return (y,)\n");
    GraphModule broken = *read.module;
    std::swap(broken.bodies[0].nodes[1], broken.bodies[0].nodes[2]);
    const auto violations = verify(broken);
    QCOMPARE(violations.size(), size_t{1});
    QCOMPARE(QString::fromStdString(violations[0].message),
        QStringLiteral("placeholder 'z' stands after other nodes"));
    QVERIFY(violations[0].node == NodeId(2));
}

void TestVerify::useBeforeDefinition() {
    const ReadText read = readText("class GraphModule(torch.nn.Module):\n    def forward(self, x):\n        "
                                   "y = x + 1\n        z = y + 1\n        return (z,)\n");
    GraphModule broken = *read.module;
    for (Arg& arg : broken.bodies[0].args)
        if (arg.node() == NodeId(1))
            arg.ref = 2; // z = z + 1
    derive_uses(broken.bodies[0]);
    const auto violations = verify(broken);
    QCOMPARE(violations.size(), size_t{1});
    QCOMPARE(
        QString::fromStdString(violations[0].message), QStringLiteral("'z' uses 'z' before it is defined"));
}

QTEST_GUILESS_MAIN(TestVerify)
#include "tst_verify.moc"
