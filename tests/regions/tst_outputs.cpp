// A region's outputs as get_output_metadata tells them.
#include "core/graph/calls.h"
#include "core/regions/outputs.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

namespace {

// "tensor+0" needs a gradient and has tangent 0, "tensor-" needs none, "tensor?" not known, in brackets:
// saved only.
QString words(const std::vector<RegionOutput>& outputs) {
    QStringList list;
    for (const RegionOutput& o : outputs) {
        QString word = test::text(output_kind_name(o.kind));
        word += !o.needs_gradient ? QStringLiteral("?")
            : *o.needs_gradient   ? QStringLiteral("+")
                                  : QStringLiteral("-");
        if (o.tangent)
            word += QString::number(*o.tangent);
        list << (o.saved ? QLatin1Char('[') + word + QLatin1Char(']') : word);
    }
    return list.join(QLatin1Char(' '));
}

// Of all region calls of the graph at an address.
QStringList outputsAt(const Dump& dump, const Ledger& ledger, const char* address) {
    const auto place = resolve(dump, std::string_view(address));
    QStringList all;
    if (!place)
        return {QString::fromStdString(place.error().message)};
    for (const RegionCall& call : region_calls(*dump.graph(place->graph).module, place->body))
        all << words(region_outputs(dump, ledger, {place->graph, place->body, call.node}));
    return all;
}

} // namespace

class TestOutputs : public QObject {
    Q_OBJECT

private slots:
    void recordings_data();
    void recordings();
    void withoutTheJointGraph();
    void saysWhatIsNotKnown();
};

void TestOutputs::recordings_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<QString>("address");
    QTest::addColumn<QStringList>("expected");
    const QString mixed = QStringLiteral("tensor+0 tensor+1 tensor-"); // x * n, x.sum(), x.argmax()
    const QString gradients = QStringLiteral("tensor? tensor? tensor? tensor-");
    for (const char* stage : {"0/0:dynamo", "0/0:forward"})
        QTest::addRow("outputs_mixed %s", stage) << "outputs_mixed" << stage << QStringList{mixed, mixed};
    QTest::newRow("outputs_mixed joint") << "outputs_mixed"
                                         << "0/0:joint" << QStringList{mixed, mixed, gradients, gradients};
    QTest::newRow("dup_tangents dynamo") << "dup_tangents"
                                         << "0/0:dynamo" << QStringList{"tensor+0", "tensor+0", "tensor+0"};
    const QString saving = QStringLiteral("tensor+0 [tensor-] [tensor-] [tensor-]");
    QTest::newRow("dup_tangents forward") << "dup_tangents"
                                          << "0/0:forward" << QStringList{saving, saving, saving};
    QStringList block(12, QStringLiteral("tensor+0"));
    QTest::newRow("gpt12 dynamo") << "gpt12"
                                  << "0/0:dynamo" << block;
    for (QString& one : block)
        one += QStringLiteral(" [tensor-]").repeated(23);
    QTest::newRow("gpt12 forward") << "gpt12"
                                   << "0/0:forward" << block;
    // The first cell is inlined after Dynamo: no later stage calls it.
    QTest::newRow("lstm_like") << "lstm_like"
                               << "0/0:dynamo"
                               << QStringList{"tensor? tensor?"}
            + QStringList(23, QStringLiteral("tensor+0 tensor+1"));
    QTest::newRow("without gradients") << "gpt4_infer"
                                       << "0/0:inference" << QStringList(4, QStringLiteral("tensor-"));
}

void TestOutputs::recordings() {
    QFETCH(QString, recording);
    QFETCH(QString, address);
    QFETCH(QStringList, expected);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    QCOMPARE(outputsAt(*dump, build_ledger(*dump), address.toUtf8().constData()), expected);
}

// Forward and backward alone tell the same, by the backward's tangents.
void TestOutputs::withoutTheJointGraph() {
    const std::string folder = dataPath(QStringLiteral("outputs_mixed/values/")).toStdString();
    std::vector<std::string> paths;
    for (const std::string stem : {"00_forward.txt", "01_backward.txt"})
        paths.push_back(folder + stem + (QFile::exists(QString::fromStdString(folder + stem)) ? "" : ".gz"));
    const auto dump = open_dump(paths);
    QVERIFY(dump.ok());
    const QStringList found = outputsAt(*dump, build_ledger(*dump), "-:graph");
    QCOMPARE(found.size(), 2);
    for (const QString& one : found)
        QVERIFY2(one == QStringLiteral("tensor+0 tensor+1 tensor-")
                || one == QStringLiteral("tensor? tensor? tensor-"),
            qPrintable(one));
}

void TestOutputs::saysWhatIsNotKnown() {
    const ReadText read = readText(R"py(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]"):
        subgraph_0 = self.subgraph_0
        c = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', x)
        return (c,)

    class subgraph_0(torch.nn.Module):
        def forward(self, a: "f32[2]"):
            neg: "f32[2]" = torch.ops.aten.neg.default(a)
            size: "Sym(s0)" = torch.ops.aten.sym_size.int(a, 0)
            eq: "b8[2]" = torch.ops.aten.eq.Scalar(a, 0)
            return (neg, size, 3, None, eq)
)py");
    QVERIFY(read.module);
    Dump dump;
    dump.compilations.emplace_back();
    dump.compilations[0].key.id = "-";
    dump.compilations[0].graphs.push_back(GraphId(0));
    Graph graph;
    graph.compilation = CompilationId(0);
    graph.module = read.module;
    dump.graphs.push_back(graph);
    QCOMPARE(outputsAt(dump, build_ledger(dump), "-:graph"),
        QStringList{"tensor? integer- integer- none- tensor-"});
}

QTEST_GUILESS_MAIN(TestOutputs)
#include "tst_outputs.moc"
