// What looks wrong at a region's border: each fault in a small dump that has it and nothing else, and nothing
// on recordings that are healthy.
#include "core/explain/lint.h"

#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestLint : public QObject {
    Q_OBJECT

private slots:
    void healthy_data();
    void healthy();
    void sick_data();
    void sick();
    void borders_data();
    void borders();
    void operandsOfOtherStrides();
    void lostOptions();
    void tangents();
};

namespace {

QStringList messages(const Dump& dump) {
    QStringList out;
    for (const Problem& p : lint(dump, build_ledger(dump)))
        out << QString::fromStdString(p.message);
    return out;
}

// A log of one compilation: graphs under the headings of TORCH_LOGS=graph_code,aot_graphs.
struct Section {
    const char* title; // "TRACED GRAPH", " ===== Forward graph 0 =====", …
    const char* text;
};
QByteArray log(const std::vector<Section>& sections) {
    QByteArray out;
    for (const Section& s : sections) {
        const bool dynamo = std::string_view(s.title) == "TRACED GRAPH";
        const QByteArray prefix = dynamo
            ? "V1123 16:07:47.929000 6132 site-packages/torch/_dynamo/output_graph.py:1] [0/0] "
              "[__graph_code] "
            : "I1123 16:07:47.929000 6132 site-packages/torch/_functorch/_aot_autograd/graph_compile.py:1] "
              "[0/0] [__aot_graphs] ";
        out += prefix + "TRACED GRAPH\n";
        if (!dynamo)
            out += prefix + s.title + '\n';
        for (const QByteArray& line : QByteArray(s.text).split('\n'))
            out += prefix + line + '\n';
    }
    return out;
}

QStringList messagesOf(const std::vector<Section>& sections) {
    QTemporaryDir folder;
    const QString path = folder.filePath("torch_logs.txt");
    if (!writeFile(path, log(sections)))
        return {"cannot write"};
    const auto dump = open_dump({path.toStdString()});
    if (!dump)
        return {QString::fromStdString(dump.error().text())};
    if (dump->graphs.size() != sections.size())
        return {QString("%1 graphs").arg(dump->graphs.size())};
    return messages(*dump);
}

} // namespace

void TestLint::healthy_data() {
    QTest::addColumn<QString>("name");
    for (const QString& name : recordings())
        if (name != "batchnorm" && name != "gpt4_dynamic")
            QTest::newRow(qPrintable(name)) << name;
    for (const char* name :
        {"alias_output", "export_pt2_inlined", "gpu_gemma3", "gpu_sac", "mlp4_inductor_cached"})
        QTest::newRow(name) << "explain/" + QString(name);
}

void TestLint::healthy() {
    QFETCH(QString, name);
    const auto dump = open_dump({traceOf(name)});
    QVERIFY(dump);
    QCOMPARE(messages(*dump), QStringList());
}

void TestLint::sick_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("count");
    QTest::addColumn<QString>("says");
    QTest::newRow("batchnorm") << "batchnorm" << 2 << "writes into its operand";
    QTest::newRow("gpt4_dynamic") << "gpt4_dynamic" << 3 << "does not fit its body";
    QTest::newRow("gpu_vit_timm") << "explain/gpu_vit_timm" << 1 << "computes in float16";
}

void TestLint::sick() {
    QFETCH(QString, name);
    QFETCH(int, count);
    QFETCH(QString, says);
    const auto dump = open_dump({traceOf(name)});
    QVERIFY(dump);
    const QStringList found = messages(*dump);
    QVERIFY2(found.size() == count, qPrintable(found.join('\n')));
    for (const QString& message : found)
        QVERIFY2(message.contains(says), qPrintable(message));
}

void TestLint::borders_data() {
    QTest::addColumn<QString>("body");
    QTest::addColumn<QString>("returned");
    QTest::addColumn<QString>("says"); // empty: nothing
    QTest::newRow("sound") << "y: \"f32[4, 8][8, 1]cpu\" = torch.sin(x)"
                           << "y"
                           << "";
    QTest::newRow("operand itself") << "y: \"f32[4, 8][8, 1]cpu\" = torch.sin(x)"
                                    << "x"
                                    << "returns its operand 0/0:dynamo:subgraph_0@x itself";
    QTest::newRow("a view of it")
        << "y: \"f32[8, 4][1, 8]cpu\" = x.t()"
        << "y"
        << "returns 0/0:dynamo:subgraph_0@y, a view of its operand 0/0:dynamo:subgraph_0@x";
    QTest::newRow("a view of a view") << "v: \"f32[32][1]cpu\" = x.view(-1)\n"
                                         "            y: \"f32[4, 8][8, 1]cpu\" = v.view(4, 8)"
                                      << "y"
                                      << "a view of its operand 0/0:dynamo:subgraph_0@x";
    QTest::newRow("a copy of a view") << "v: \"f32[8, 4][1, 8]cpu\" = x.t()\n"
                                         "            y: \"f32[8, 4][4, 1]cpu\" = v.clone()"
                                      << "y"
                                      << "";
    QTest::newRow("one result twice") << "y: \"f32[4, 8][8, 1]cpu\" = torch.sin(x)"
                                      << "y, y"
                                      << "returns 0/0:dynamo:subgraph_0@y twice";
    QTest::newRow("two in one storage") << "y: \"f32[4, 8][8, 1]cpu\" = torch.sin(x)\n"
                                           "            z: \"f32[8, 4][1, 8]cpu\" = y.t()"
                                        << "y, z"
                                        << "lie in one storage";
}

void TestLint::borders() {
    QFETCH(QString, body);
    QFETCH(QString, returned);
    QFETCH(QString, says);
    const QByteArray text = QString(R"(class GraphModule(torch.nn.Module):
    def forward(self, L_x_: "f32[4, 8][8, 1]cpu"):
        l_x_ = L_x_
        subgraph_0 = self.subgraph_0
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', l_x_)
        a = invoke_subgraph[0]
        return (a,)

    class subgraph_0(torch.nn.Module):
        def forward(self, x: "f32[4, 8][8, 1]cpu"):
            %1
            return (%2,))")
                                .arg(body, returned)
                                .toUtf8();
    const QStringList found = messagesOf({{"TRACED GRAPH", text.constData()}});
    if (says.isEmpty())
        QCOMPARE(found, QStringList());
    else
        QVERIFY2(found.size() == 1 && found.first().contains(says), qPrintable(found.join('\n')));
}

// A body that was installed for other strides than it is called with; of a dimension of one element they say
// nothing.
void TestLint::operandsOfOtherStrides() {
    const QByteArray text = R"(class GraphModule(torch.nn.Module):
    def forward(self, L_x_: "f32[4, 8][8, 1]cpu", L_y_: "f32[1, 8][32, 1]cpu"):
        l_x_ = L_x_
        l_y_ = L_y_
        subgraph_0 = self.subgraph_0
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', l_x_, l_y_)
        a: "f32[4, 8][8, 1]cpu" = invoke_subgraph[0]
        return (a,)

    class subgraph_0(torch.nn.Module):
        def forward(self, x: "f32[4, 8][8, 1]cpu", y: "f32[1, 8][8, 1]cpu"):
            z: "f32[4, 8][8, 1]cpu" = x + y
            return (z,))";
    QCOMPARE(messagesOf({{"TRACED GRAPH", text.constData()}}), QStringList());
    const QByteArray other =
        QByteArray(text).replace("x: \"f32[4, 8][8, 1]cpu\"", "x: \"f32[4, 8][1, 4]cpu\"");
    const QStringList found = messagesOf({{"TRACED GRAPH", other.constData()}});
    QVERIFY2(found.size() == 1 && found.first().contains("with stride (8, 1) as operand 0")
            && found.first().contains("with stride (1, 4)"),
        qPrintable(found.join('\n')));
}

// A region's own compilers stand in the annotation of its call in Dynamo's graph.
void TestLint::lostOptions() {
    const char* dynamo = R"(class GraphModule(torch.nn.Module):
    def forward(self, L_x_: "f32[4, 8][8, 1]cpu"):
        l_x_ = L_x_
        # Annotation: {'nested_region_config': NestedCompileRegionOptions(fw_compiler=None)} File: /w/a.py:3 in f, code: f(x)
        subgraph_0 = self.subgraph_0
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', l_x_)
        a: "f32[4, 8][8, 1]cpu" = invoke_subgraph[0]
        return (a,)

    class subgraph_0(torch.nn.Module):
        def forward(self, x: "f32[4, 8][8, 1]cpu"):
            y: "f32[4, 8][8, 1]cpu" = torch.sin(x)
            return (y,))";
    const QByteArray behind = R"(class <lambda>(torch.nn.Module):
    def forward(self, arg0_1: "f32[4, 8][8, 1]cpu"):
        %1File: /w/a.py:3 in f, code: f(x)
        repeated_subgraph0 = self.repeated_subgraph0
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(repeated_subgraph0, 'subgraph_0', arg0_1)
        getitem: "f32[4, 8][8, 1]cpu" = invoke_subgraph[0]
        return (getitem,)

    class repeated_subgraph0(torch.nn.Module):
        def forward(self, arg0_1: "f32[4, 8][8, 1]cpu"):
            sin: "f32[4, 8][8, 1]cpu" = torch.ops.aten.sin.default(arg0_1)
            return (sin,))";
    const auto with = [&](const char* comment) { return QByteArray(behind).replace("%1", comment); };
    const QByteArray lost = with("# ");
    const QByteArray kept =
        with("# Annotation: {'nested_region_config': NestedCompileRegionOptions(fw_compiler=None)} ");
    const QStringList found =
        messagesOf({{"TRACED GRAPH", dynamo}, {" ===== Forward graph 0 =====", lost.constData()}});
    QVERIFY2(found.size() == 1 && found.first().contains("has lost them"), qPrintable(found.join('\n')));
    QCOMPARE(messagesOf({{"TRACED GRAPH", dynamo}, {" ===== Forward graph 0 =====", kept.constData()}}),
        QStringList());
}

// The whole backward takes a tangent in another dtype than the forward returns; another stride is
// AOTAutograd's own doing.
void TestLint::tangents() {
    const char* forward = R"(class GraphModule(torch.nn.Module):
    def forward(
        self,
        primals_1: "f32[4, 8][8, 1]cpu",  # PlainAOTInput(idx=0)
    ):
        sin: "f32[4, 8][8, 1]cpu" = torch.ops.aten.sin.default(primals_1)
        return (
            sin,  # PlainAOTOutput(idx=0)
            primals_1,  # SavedForBackwardsAOTOutput(idx=0)
        ))";
    const QByteArray backward = R"(class GraphModule(torch.nn.Module):
    def forward(
        self,
        primals_1: "f32[4, 8][8, 1]cpu",  # PlainAOTInput(idx=0)
        tangents_1: "%1cpu",  # TangentAOTInput(output=PlainAOTOutput(idx=0))
    ):
        cos: "f32[4, 8][8, 1]cpu" = torch.ops.aten.cos.default(primals_1)
        mul: "f32[4, 8][8, 1]cpu" = torch.ops.aten.mul.Tensor(tangents_1, cos)
        return (
            mul,  # GradAOTOutput(grad_of=PlainAOTInput(idx=0))
        ))";
    const auto with = [&](const char* type) {
        return messagesOf({{" ===== Forward graph 0 =====", forward},
            {" ===== Backward graph 0 =====", QByteArray(backward).replace("%1", type).constData()}});
    };
    QCOMPARE(with("f32[4, 8][8, 1]"), QStringList());
    QCOMPARE(with("f32[4, 8][1, 4]"), QStringList());
    const QStringList found = with("bf16[4, 8][8, 1]");
    QVERIFY2(found.size() == 1 && found.first().contains("takes its tangent with bfloat16"),
        qPrintable(found.join('\n')));
}

QTEST_GUILESS_MAIN(TestLint)
#include "tst_lint.moc"
