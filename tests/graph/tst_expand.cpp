// Calls of regions replaced by what their bodies do.
#include "core/graph/expand.h"
#include "core/graph/print.h"
#include "core/graph/reading.h"
#include "core/graph/verify.h"
#include "tests/testdata.h"

#include <QTest>

#include <map>

using namespace hopscope;
using namespace hopscope::test;

namespace {

Dump dump_of(const QByteArray& text) {
    QTemporaryDir folder;
    QFile file(folder.filePath("graph.txt"));
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
        qFatal("cannot write");
    file.close();
    auto dump = open_dump({file.fileName().toStdString()});
    if (!dump)
        qFatal("%s", dump.error().text().c_str());
    return std::move(*dump);
}

const GraphModule& first(const Dump& dump) {
    return *dump.graphs.front().module;
}

std::string statements(const GraphModule& module, BodyId body) {
    std::string text;
    for (size_t i = 0; i < module.body(body).nodes.size(); ++i)
        text += print_statement(module, body, NodeId(i), false) + "\n";
    return text;
}

// A region that calls another one twice, with a number for a placeholder; and a call whose result is taken
// whole.
const char* const kNested = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4]", y: "f32[4]"):
        outer_0 = self.outer_0
        call = torch.ops.higher_order.invoke_subgraph(outer_0, 'outer_0', x, y);  outer_0 = None
        getitem: "f32[4]" = call[0]
        getitem_1: "f32[4]" = call[1];  call = None
        inner_0 = self.inner_0
        whole = torch.ops.higher_order.invoke_subgraph(inner_0, 'inner_0', x, 2);  inner_0 = None
        add: "f32[4]" = torch.ops.aten.add.Tensor(getitem, getitem_1);  getitem = getitem_1 = None
        return (add, whole)

    class outer_0(torch.nn.Module):
        def forward(self, a: "f32[4]", b: "f32[4]"):
            inner_0 = self.inner_0
            call = torch.ops.higher_order.invoke_subgraph(inner_0, 'inner_1', a, 3);  inner_0 = None
            getitem: "f32[4]" = call[0];  call = None
            inner_1 = self.inner_0
            call_1 = torch.ops.higher_order.invoke_subgraph(inner_1, 'inner_1', b, 5);  inner_1 = None
            getitem_1: "f32[4]" = call_1[0];  call_1 = None
            cat: "f32[8]" = torch.ops.aten.cat.default([getitem, getitem_1]);  getitem_1 = None
            sum_1: "f32[]" = torch.ops.aten.sum.default(cat);  cat = None
            return (getitem, sum_1)

        class inner_0(torch.nn.Module):
            def forward(self, t: "f32[4]", n):
                pow_1: "f32[4]" = torch.ops.aten.pow.Tensor_Scalar(t, n);  t = n = None
                return (pow_1,)

    class inner_0(torch.nn.Module):
        def forward(self, t: "f32[4]", n):
            mul: "f32[4]" = torch.ops.aten.mul.Tensor(t, n);  t = n = None
            return (mul,)
)";

} // namespace

class TestExpand : public QObject {
    Q_OBJECT

private slots:
    void nestedCallsAndConstants() {
        const Dump dump = dump_of(kNested);
        const ExpandedBody made = expand_calls(first(dump), BodyId(0));
        QCOMPARE(statements(made.module, BodyId(0)),
            std::string("x = x\n"
                        "y = y\n"
                        "call/call/pow_1 = torch.ops.aten.pow.Tensor_Scalar(x, 3)\n"
                        "call/call_1/pow_1 = torch.ops.aten.pow.Tensor_Scalar(y, 5)\n"
                        "call/cat = torch.ops.aten.cat.default([call/call/pow_1, call/call_1/pow_1])\n"
                        "call/sum_1 = torch.ops.aten.sum.default(call/cat)\n"
                        "inner_0 = self.inner_0\n"
                        "whole = torch.ops.higher_order.invoke_subgraph(inner_0, 'inner_0', x, 2)\n"
                        "add = torch.ops.aten.add.Tensor(call/call/pow_1, call/sum_1)\n"
                        "return (add, whole)\n"));
        QCOMPARE(made.calls.size(), size_t(3));
        QCOMPARE(made.calls[0].path, std::string("call"));
        QCOMPARE(made.calls[0].nodes.size(), size_t(4));
        QCOMPARE(made.calls[1].path, std::string("call/call"));
        QCOMPARE(made.calls[1].nodes, std::vector<NodeId>{NodeId(2)});
        QCOMPARE(made.kept.size(), size_t(1));
        QCOMPARE(made.kept[0].path, std::string("whole"));
        QCOMPARE(made.kept[0].reason, std::string("its results are taken as a whole"));
        // What the outer one's nodes have become.
        const Body& body = first(dump).body(BodyId(0));
        QCOMPARE(made.origin_to_new[find_node(first(dump), body, "getitem").index], NodeId(2));
        QVERIFY(!made.origin_to_new[find_node(first(dump), body, "call").index]);
        // The body that stays is that of the outer scope, not the one of the same name inside.
        const auto left = region_calls(made.module, BodyId(0));
        QCOMPARE(left.size(), size_t(1));
        QVERIFY(left[0].body);
        QVERIFY(find_node(made.module, made.module.body(left[0].body), "mul"));
    }

    void levelsAndChoice() {
        const Dump dump = dump_of(kNested);
        const ExpandedBody one = expand_calls(first(dump), BodyId(0), {.wanted = {}, .levels = 1});
        // The inner body of the expanded one is still called, under a name of its own.
        const auto calls = region_calls(one.module, BodyId(0));
        QCOMPARE(calls.size(), size_t(3));
        for (const RegionCall& call : calls)
            QVERIFY(call.body);
        QVERIFY(find_node(one.module, one.module.body(calls[0].body), "pow_1"));
        QVERIFY(find_node(one.module, one.module.body(calls[2].body), "mul"));
        QVERIFY(verify(one.module).empty());
        const ExpandedBody none = expand_calls(first(dump), BodyId(0),
            {.wanted = [](const GraphModule&, BodyId, const RegionCall&, const std::string&) {
                return false;
            }});
        QVERIFY(none.calls.empty() && none.kept.empty());
        QCOMPARE(statements(none.module, BodyId(0)), statements(first(dump), BodyId(0)));
    }

    // Twice as many nodes on every level: it ends, and says what stays.
    void growthHasALimit() {
        std::string text = "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[4]\"):\n";
        std::string indent = "        ";
        constexpr int kLevels = 24;
        for (int level = 0; level < kLevels; ++level) {
            for (const char* half : {"a", "b"})
                text += indent + half + "_get = self.deep\n" + indent + half
                    + " = torch.ops.higher_order.invoke_subgraph(" + half + "_get, 'deep', x)\n" + indent
                    + half + "_0 = " + half + "[0]\n";
            text += indent + "return (a_0, b_0)\n\n";
            indent.resize(indent.size() - 4);
            text += indent + "class deep(torch.nn.Module):\n" + indent
                + "    def forward(self, x: \"f32[4]\"):\n";
            indent += "        ";
        }
        text += indent + "sin = torch.ops.aten.sin.default(x)\n" + indent + "return (sin,)\n";
        const Dump dump = dump_of(QByteArray::fromStdString(text));
        const ExpandedBody made =
            expand_calls(first(dump), BodyId(0), {.wanted = {}, .levels = 100, .most_nodes = 5000});
        QVERIFY(made.module.body(BodyId(0)).nodes.size() <= 5000);
        QVERIFY(!made.kept.empty());
        QVERIFY(made.kept[0].reason.find("over 5000 nodes") != std::string::npos);
        QVERIFY(verify(made.module).empty());
    }

    void recorded_data() {
        QTest::addColumn<QString>("recording");
        for (const QString& name : recordings())
            QTest::newRow(qPrintable(name)) << name;
    }
    // As sound as before, and what is not a call, an item of one or a body's name is all there.
    void recorded() {
        QFETCH(QString, recording);
        const auto dump = open_dump({traceOf(recording)});
        QVERIFY(dump.ok());
        for (const Graph& graph : dump->graphs) {
            const GraphModule& module = *graph.module;
            const ExpandedBody made = expand_calls(module, BodyId(0));
            std::map<std::string_view, size_t> before, after;
            size_t calls = 0;
            const auto count = [](const GraphModule& of, BodyId body,
                                   std::map<std::string_view, size_t>& counts) {
                for (const Node& node : of.body(body).nodes)
                    if (node.op == Opcode::CallFunction && of.text(node.target) != "operator.getitem")
                        ++counts[of.text(node.target)];
            };
            count(made.module, BodyId(0), after);
            // What runs when the root runs: every call's body once more.
            std::vector<BodyId> open{BodyId(0)};
            while (!open.empty()) {
                const BodyId body = open.back();
                open.pop_back();
                count(module, body, before);
                for (const RegionCall& call : region_calls(module, body))
                    if (call.body
                        && short_target(module, module.body(body).node(call.node)) == "invoke_subgraph") {
                        open.push_back(call.body);
                        ++calls;
                    }
            }
            if (!made.kept.empty())
                continue;
            if (calls > 0)
                before.erase("torch.ops.higher_order.invoke_subgraph");
            QCOMPARE(made.calls.size(), calls);
            QCOMPARE(after, before);
            if (verify(module).empty())
                for (const Violation& violation : verify(made.module))
                    QFAIL(violation.message.c_str());
        }
    }
};

QTEST_GUILESS_MAIN(TestExpand)
#include "tst_expand.moc"
