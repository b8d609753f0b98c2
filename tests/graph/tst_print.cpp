// Printing: what is printed reads back as the same graph, and equals what PyTorch wrote.
#include "core/graph/print.h"
#include "core/graph/reading.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestPrint : public QObject {
    Q_OBJECT

private slots:
    void readsBackEqual_data();
    void readsBackEqual();
    void equalsPyTorchsText_data();
    void equalsPyTorchsText();
    void readableFilesReadBackEqual_data();
    void readableFilesReadBackEqual();
    void annotationsWithQuotesReadBackEqual();
    void leavesOutWhatIsNotAsked();
    void statements();
};

namespace {

void addRecordings() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

// A payload's text as PyTorch handed it to the log: without the tabs, ending in a newline.
QByteArray recordedText(const Graph& g) {
    QByteArray out;
    for (const QByteArray& line :
        QByteArray(g.text.data(), static_cast<qsizetype>(g.text.size())).split('\n'))
        out += (g.tabbed && line.startsWith('\t') ? line.mid(1) : line) + '\n';
    while (out.endsWith("\n\n"))
        out.chop(1);
    return out;
}

QString firstDifference(const QByteArray& found, const QByteArray& expected) {
    const QList<QByteArray> a = found.split('\n');
    const QList<QByteArray> b = expected.split('\n');
    for (qsizetype i = 0; i < std::max(a.size(), b.size()); ++i)
        if (a.value(i) != b.value(i))
            return QStringLiteral("line %1:\n  printed  %2\n  recorded %3")
                .arg(i + 1)
                .arg(QString::fromUtf8(a.value(i)), QString::fromUtf8(b.value(i)));
    return {};
}

void checkReadsBack(const GraphModule& module, const std::string& label) {
    for (size_t b = 0; b < module.bodies.size(); ++b) {
        const std::string printed = print_readable(module, BodyId(b));
        const ReadText again = readText(printed);
        QVERIFY2(again.module, printed.c_str());
        // A graph whose tracing broke off has no return, and the reader says so.
        QVERIFY2(again.problems.empty() || !output_of(module.body(BodyId(b))),
            qPrintable(QString::fromStdString(label) + '\n' + problemText(again.problems)));
        if (!same_body(module, BodyId(b), *again.module, BodyId(0))) {
            const QByteArray twice = QByteArray::fromStdString(print_readable(*again.module, BodyId(0)));
            QFAIL(qPrintable(QString::fromStdString(label + ":" + body_path(module, BodyId(b)) + " ")
                + firstDifference(twice, QByteArray::fromStdString(printed))));
        }
    }
}

} // namespace

void TestPrint::readsBackEqual_data() {
    addRecordings();
}

void TestPrint::readsBackEqual() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        checkReadsBack(*dump->graphs[g].module, address_of(*dump, GraphId(g)));
        if (QTest::currentTestFailed())
            return;
    }
}

void TestPrint::equalsPyTorchsText_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        if (!name.startsWith("v2.9")) // other versions indent and comment in other ways
            QTest::newRow(qPrintable(name)) << name;
}

// Byte for byte, for what PyTorch 2.13 logs of Dynamo and AOTAutograd. The joint graph has its parameters in
// a pytree, which is how the code is called and not part of the graph.
void TestPrint::equalsPyTorchsText() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    QVERIFY(dump->torch_version.starts_with("2.13"));
    int compared = 0;
    for (size_t i = 0; i < dump->graphs.size(); ++i) {
        const Graph& g = dump->graphs[i];
        if (!g.label.empty() || g.stage == Stage::Joint)
            continue;
        const QByteArray printed = QByteArray::fromStdString(print_readable(*g.module, BodyId(0)));
        const QByteArray recorded = recordedText(g);
        if (printed != recorded)
            QFAIL(qPrintable(QString::fromStdString(address_of(*dump, GraphId(i))) + ' '
                + firstDifference(printed, recorded)));
        ++compared;
    }
    if (dump->failures.empty())
        QVERIFY(compared > 0);
}

void TestPrint::readableFilesReadBackEqual_data() {
    QTest::addColumn<QString>("file");
    for (const QString& name : QDir(dataPath("readable")).entryList(QDir::Files, QDir::Name))
        QTest::newRow(qPrintable(name)) << name;
}

void TestPrint::readableFilesReadBackEqual() {
    QFETCH(QString, file);
    const ReadText read = readText(bytesOf(dataPath("readable/" + file)).toStdString());
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    QVERIFY(read.module->node_count() > 10);
    checkReadsBack(*read.module, file.toStdString());
}

// An annotation that is an expression, with a text in it.
void TestPrint::annotationsWithQuotesReadBackEqual() {
    const ReadText read = readText("class GraphModule(torch.nn.Module):\n"
                                   "    def forward(self, x: \"f32[2]\"):\n"
                                   "        y: Annotated[\"f32[2]\", 1] = torch.ops.aten.neg.default(x)\n"
                                   "        return (y,)\n");
    QVERIFY(read.module && read.problems.empty());
    checkReadsBack(*read.module, "expression");
}

void TestPrint::leavesOutWhatIsNotAsked() {
    const ReadText read = readText("class GraphModule(torch.nn.Module):\n"
                                   "    def forward(self, x: \"f32[4]\"):\n"
                                   "        # File: /w/t.py:3 in f, code: return g(x)\n"
                                   "        subgraph_0 = self.subgraph_0\n"
                                   "        c = torch.ops.higher_order.invoke_subgraph(subgraph_0, "
                                   "'subgraph_0', x);  subgraph_0 = x = None\n"
                                   "        y: \"f32[4]\" = c[0];  c = None\n"
                                   "        return (y,)\n"
                                   "\n"
                                   "    class subgraph_0(torch.nn.Module):\n"
                                   "        def forward(self, a: \"f32[4]\"):\n"
                                   "            return (a,)\n");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    PrintOptions options;
    options.nested = options.types = options.sources = options.deletions = false;
    QCOMPARE(QString::fromStdString(print_readable(*read.module, BodyId(0), options)),
        QStringLiteral("class GraphModule(torch.nn.Module):\n"
                       "    def forward(self, x):\n"
                       "        subgraph_0 = self.subgraph_0\n"
                       "        c = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', x)\n"
                       "        y = c[0]\n"
                       "        return (y,)\n"));
}

void TestPrint::statements() {
    const ReadText read =
        readText("class GraphModule(torch.nn.Module):\n"
                 "    def forward(self, x: \"f32[4]\"):\n"
                 "        add: \"f32[4]\" = torch.ops.aten.add.Tensor(x, 1, alpha = 2);  x = None\n"
                 "        return [add, None]\n");
    const Body& body = read.module->bodies[0];
    QCOMPARE(QString::fromStdString(print_statement(*read.module, BodyId(0), NodeId(1))),
        QStringLiteral("add: \"f32[4]\" = torch.ops.aten.add.Tensor(x, 1, alpha = 2)"));
    QCOMPARE(QString::fromStdString(print_statement(*read.module, BodyId(0), NodeId(1), false)),
        QStringLiteral("add = torch.ops.aten.add.Tensor(x, 1, alpha = 2)"));
    QCOMPARE(QString::fromStdString(print_args(*read.module, body, body.nodes[1])),
        QStringLiteral("x, 1, alpha = 2"));
    QCOMPARE(QString::fromStdString(print_statement(*read.module, BodyId(0), NodeId(2))),
        QStringLiteral("return [add, None]"));
}

QTEST_GUILESS_MAIN(TestPrint)
#include "tst_print.moc"
