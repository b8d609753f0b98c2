// What a report, a page, a log or a script holds besides a clean graph, and what is told of it: a kind that
// was once read wrong, or silently, each.
#include "tests/read/pasted_text.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestPasted : public QObject {
    Q_OBJECT

private slots:
    void functionsNamedAsNodes();
    void keywordsOfATable();
    void otherCode_data();
    void otherCode();
    void debugModeWithFunctions();
    void pages_data();
    void pages();
    void labelsAreNoPrefixes_data();
    void labelsAreNoPrefixes();
    void otherPrograms_data();
    void otherPrograms();
    void ranksWithOneNumber();
    void splitsOfDdp();
    void twiceInOneText();
    void aSecondReturn();
    void tuplesOnTheLeft();
    void operatorsInPlace();
    void secondNames();
    void namesOfOtherScripts();
    void otherHeads_data();
    void otherHeads();
    void quotesOfTypes();
};

namespace {

QByteArray prefixed(const QByteArray& prefix, const QByteArray& text = kGraph) {
    QByteArray out;
    for (const QByteArray& line : text.trimmed().split('\n'))
        out += prefix + line + '\n';
    return out;
}

QByteArray escaped(const QByteArray& text) {
    return QString::fromUtf8(text).toHtmlEscaped().toUtf8();
}

} // namespace

// print_tabular and Graph.__str__ give functions by names that nodes have too.
void TestPasted::functionsNamedAsNodes() {
    const auto dump = openText(R"(opcode         name    target                      args       kwargs
-------------  ------  --------------------------  ---------  ------------------
placeholder    x       x                           ()         {}
call_function  relu    <function relu at 0x7f00>   (x,)       {'inplace': False}
call_function  relu_1  <function relu at 0x7f00>   (relu,)    {'inplace': False}
output         output  output                      (relu_1,)  {}
)");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x relu relu_1 output"));
    QCOMPARE(nodeText(dump->graphs[0], "relu_1"), QStringLiteral("relu(relu)"));
    const auto str = openText(R"(graph():
    %x : [num_users=1] = placeholder[target=x]
    %fn : [num_users=1] = call_function[target=my_pkg.fn](args = (%x, 2), kwargs = {})
    %fn_1 : [num_users=1] = call_function[target=my_pkg.fn](args = (%fn, 2), kwargs = {})
    return fn_1
)");
    QVERIFY(str.ok());
    QVERIFY2(str->problems.empty(), qPrintable(problemText(str->problems)));
    QCOMPARE(nodeText(str->graphs[0], "fn_1"), QStringLiteral("my_pkg.fn(fn)"));
}

void TestPasted::keywordsOfATable() {
    const auto dump = openText(R"(opcode         name    target                      args      kwargs
-------------  ------  --------------------------  --------  ----------------------------------------
placeholder    x       x                           ()        {}
placeholder    _args   *args                       ()        {}
call_function  pad     <built-in function pad>     (x,)      {'mode': 'constant', 'value': nan}
call_function  cat     <built-in function cat>     ([pad],)  {'out': {'a': x, 'b': (pad,)}, 'dim': 1}
output         output  output                      (cat,)    {}
)");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x _args pad cat output"));
    QCOMPARE(nodeText(dump->graphs[0], "cat"), QStringLiteral("operator.cat(pad, x, pad)"));
}

void TestPasted::otherCode_data() {
    QTest::addColumn<QByteArray>("log");
    const QByteArray where = "V1128 07:57:04.628000 15218 torch/_x.py:2722] [0/0] ";
    QTest::newRow("source that Dynamo traces") << where
            + "[__trace_source] TRACE starts_line /w/linear.py:130 in forward (Linear.forward)\n" + where
            + "[__trace_source]         def forward(self, input: Tensor) -> Tensor:\n" + where
            + "[__trace_source] TRACE starts_line /w/linear.py:134 in forward (Linear.forward)\n" + where
            + "[__trace_source]             return F.linear(input, self.weight, self.bias)\n";
    QTest::newRow("Inductor's wrapper") << prefixed(where + "[__output_code] ",
        "import torch\naten = torch.ops.aten\ninductor_ops = torch.ops.inductor\n"
        "alloc_from_pool = torch.ops.inductor._alloc_from_pool\nasync_compile = AsyncCompile()\n"
        "class Runner:\n    def call(self, args):\n        arg0_1, = args\n"
        "        buf0 = torch.ops.aten.sort.default(arg0_1)\n        buf1 = buf0[0]\n        return (buf1, "
        ")\n");
}

// Code that a log quotes is no graph, cut off or not.
void TestPasted::otherCode() {
    QFETCH(QByteArray, log);
    const QByteArray graph = prefixed(
        "V1128 07:57:05.628000 15218 torch/_dynamo/output_graph.py:1] [0/0] [__graph_code] ", kGraph);
    const auto dump = openText(log + graph);
    QVERIFY(dump.ok());
    QCOMPARE(graphsOf(*dump), "0/0:dynamo [" + kNodes + ']');
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
}

void TestPasted::debugModeWithFunctions() {
    const auto dump = openText(R"(  torch.randn(2, 4)  ->  t$0: f32[2, 4]
      aten::randn([2, 4], device=cpu, pin_memory=False)  ->  t$0: f32[2, 4]
  <method 'dim' of 'torch._C.TensorBase' objects>(t$0: f32[2, 4])  ->  2
    [nn.Mod] Sequential
    <method-wrapper '__get__' of getset_descriptor object at 0x7f00>(t$0: f32[2, 4])  ->  False
    torch.nn.functional.relu(t$0: f32[2, 4], inplace=False)  ->  t$1: f32[2, 4]
        aten::relu(t$0: f32[2, 4])  ->  t$1: f32[2, 4]
  <method 'sum' of 'torch._C.TensorBase' objects>(t$1: f32[2, 4])  ->  t$2: f32[]
      aten::sum(t$1: f32[2, 4])  ->  t$2: f32[]
)");
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("t_0 t_1 t_2 output"));
    QCOMPARE(nodeText(dump->graphs[0], "t_2"), QStringLiteral("torch.ops.aten.sum(t_1)"));
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(QString::fromStdString(dump->problems[0].message)
                 .endsWith("2 reads of sizes and attributes left out"),
        dump->problems[0].message.c_str());
}

void TestPasted::pages_data() {
    QTest::addColumn<QByteArray>("page");
    QByteArray spans;
    QByteArray rows;
    QByteArray divs;
    for (const QByteArray& line : QByteArray(kGraph).split('\n')) {
        spans += "<span class=\"n\">" + escaped(line) + "</span>\n";
        rows += "<tr><td class='num' data-line='1'></td><td>" + escaped(line) + "</td></tr>\n";
        divs += "<div><span style=\"color: #00f\">" + line + "</span></div>"; // quotes as they are
    }
    QTest::newRow("saved page")
        << QByteArray("<!DOCTYPE html>\n<html><head><title>Issue</title>\n<style>.a{}\n</style>"
                      "<script>var x = \"class A(torch.nn.Module):\";</script></head>\n<body>"
                      "<!-- no <pre> --><h1 id=a>Bug</h1><div><pre>")
            + spans + "</pre></div></body></html>\n";
    QTest::newRow("upper case") << "<HTML><BODY><PRE>" + escaped(kGraph) + "</PRE></BODY></HTML>";
    QTest::newRow("table of lines") << "<html><body><table>" + rows + "</table></body></html>";
    QTest::newRow("an editor's clipboard")
        << "<meta charset='utf-8'><div style=\"font-family: x\">" + divs + "</div>";
    QTest::newRow("Windows' clipboard")
        << "Version:0.9\r\nStartHTML:00000105\r\nEndHTML:00001000\r\n<html>\r\n"
           "<body>\r\n<!--StartFragment--><pre><code>"
            + escaped(kGraph) + "</code></pre><!--EndFragment-->\r\n</body>\r\n</html>";
    QTest::newRow("breaks") << "<html><code>" + escaped(kGraph).replace(" ", "&nbsp;").replace("\n", "<br/>")
            + "</code>";
    QTest::newRow("numbers") << "<html><pre>"
            + QByteArray(kGraph).replace("\"", "&#34;").replace("[", "&lbrack;").replace("]", "&#x5d;")
            + "</pre>";
    QTest::newRow("elements of its own")
        << "<html><file-view data-a=\"a > b\"><pre>" + escaped(kGraph) + "</pre></file-view></html>";
}

// The text of a page is read, none of its markup; places are the page's.
void TestPasted::pages() {
    QFETCH(QByteArray, page);
    const auto dump = openText(page);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(graphsOf(*dump), "-:forward [" + kNodes + ']');
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QVERIFY(!QString::fromStdString(dump->graphs[0].label).contains('<'));
    const std::string line = page.left(static_cast<qsizetype>(dump->graphs[0].offset)).toStdString();
    QCOMPARE(static_cast<ptrdiff_t>(dump->graphs[0].line), std::count(line.begin(), line.end(), '\n') + 1);
    // A text that speaks of markup is no page.
    const auto plain = openText(QByteArray("the <pre> of a page\n") + kGraph);
    QVERIFY(plain.ok());
    QCOMPARE(graphsOf(*plain), "-:forward [" + kNodes + ']');
}

void TestPasted::labelsAreNoPrefixes_data() {
    QTest::addColumn<QByteArray>("prefix");
    QTest::newRow("journal") << QByteArray("Mar 01 10:00:00 host python[123]: ");
    QTest::newRow("mpirun") << QByteArray("[1,0]<stderr>:");
    QTest::newRow("worker") << QByteArray("(Worker pid=4711): ");
}

void TestPasted::labelsAreNoPrefixes() {
    QFETCH(QByteArray, prefix);
    const auto dump = openText(prefixed(prefix));
    QVERIFY(dump.ok());
    QCOMPARE(graphsOf(*dump), "-:forward [" + kNodes + ']');
    QCOMPARE(QString::fromStdString(dump->graphs[0].label), QString());
}

void TestPasted::otherPrograms_data() {
    QTest::addColumn<QByteArray>("text");
    QByteArray elapsed;
    int n = 0;
    for (const QByteArray& line : QByteArray(kGraph).trimmed().split('\n'))
        elapsed += QStringLiteral("[%1] ").arg(0.37 * n++, 8, 'f', 3).toUtf8() + line + '\n';
    QTest::newRow("seconds since a start") << elapsed;
    QTest::newRow("quotes doubled") << "1,\"" + QByteArray(kGraph).replace("\"", "\"\"") + "\"\n";
}

void TestPasted::otherPrograms() {
    QFETCH(QByteArray, text);
    const auto dump = openText(text);
    QVERIFY(dump.ok());
    QCOMPARE(graphsOf(*dump), "-:forward [" + kNodes + ']');
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
}

// Two machines' processes may bear one number.
void TestPasted::ranksWithOneNumber() {
    QByteArray log;
    for (const QByteArray& line : QByteArray(kGraph).trimmed().split('\n'))
        for (const char* rank : {"0", "8"})
            log += QByteArray("[rank") + rank
                + "]:I0521 09:32:52.155000 77 torch/_x.py:15] [0/0] [__aot_graphs] " + line + '\n';
    const auto dump = openText(log);
    QVERIFY(dump.ok());
    QCOMPARE(graphsOf(*dump), "r0/0/0:forward [" + kNodes + "]; r8/0/0:forward [" + kNodes + ']');
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
}

void TestPasted::splitsOfDdp() {
    const QByteArray graph =
        "graph():\n    %x : [num_users=1] = placeholder[target=x]\n    %sin : [num_users=1] = "
        "call_function[target=torch.sin](args = (%x,), kwargs = {})\n    return sin\n\n";
    const auto dump = openText(
        prefixed("V0521 09:32:52.155000 77 torch/_dynamo/backends/distributed.py:5] [0/0] [__ddp_graphs] ",
            "---orig graph---\n" + graph + "---submod_0 graph---\n" + graph));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{2});
    QCOMPARE(QString::fromStdString(dump->graphs[0].label), QStringLiteral("orig graph"));
    QCOMPARE(QString::fromStdString(dump->graphs[1].label), QStringLiteral("submod_0 graph"));
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
}

void TestPasted::twiceInOneText() {
    const QByteArray graph = kGraph;
    const auto whole = openText(graph + graph);
    QVERIFY(whole.ok());
    QCOMPARE(graphsOf(*whole), "-:forward [" + kNodes + ']');
    QCOMPARE(whole->problems.size(), size_t{1});
    QCOMPARE(whole->problems[0].line, uint64_t{7});
    QVERIFY(QString::fromStdString(whole->problems[0].message).contains("byte for byte"));
    const auto part = openText(graph + "\n" + graph);
    QVERIFY(part.ok());
    QCOMPARE(part->graphs.size(), size_t{2});
    QCOMPARE(part->problems.size(), size_t{1});
    QVERIFY2(QString::fromStdString(part->problems[0].message)
                 .startsWith("a graph stands in this text twice, word for word"),
        part->problems[0].message.c_str());
    const auto other = openText(graph + '\n' + QByteArray(graph).replace("sin", "cos"));
    QVERIFY(other.ok());
    QVERIFY2(other->problems.empty(), qPrintable(problemText(other->problems)));
}

void TestPasted::aSecondReturn() {
    const auto dump =
        openText("def forward(self, x):\n    a = torch.sin(x)\n    b = torch.cos(x)\n    return a\n"
                 "    return (b,)\n");
    QVERIFY(dump.ok());
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x a b output"));
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(dump->problems[0].line, uint64_t{5});
}

// What tracing makes of them: a node for the call, and one for each item.
void TestPasted::tuplesOnTheLeft() {
    const auto dump = openText("def forward(self, x):\n    a, b = torch.split(x, 2)\n"
                               "    (c, _) = torch.ops.aten.split.Tensor(a, 1)\n    d, e = c\n"
                               "    f, *g = strange x\n    return (b, d, e, f, g)\n");
    QVERIFY(dump.ok());
    const Graph& g = dump->graphs[0];
    QCOMPARE(nodesOf(g), QStringLiteral("x split a b split_1 c d e f output"));
    QCOMPARE(nodeText(g, "b"), QStringLiteral("operator.getitem(split)"));
    QCOMPARE(nodeText(g, "split_1"), QStringLiteral("torch.ops.aten.split.Tensor(a)"));
    QCOMPARE(nodeText(g, "e"), QStringLiteral("operator.getitem(c)"));
    QCOMPARE(nodeText(g, "f"), QStringLiteral("?(x)"));
    QCOMPARE(nodeText(g, "output"), QStringLiteral("output(b, d, e, f, f)"));
    QCOMPARE(dump->problems.size(), size_t{2}); // the strange one, and that names were made
}

void TestPasted::operatorsInPlace() {
    const auto dump = openText("def forward(self, x, w):\n    a = torch.sin(x)\n    a += w\n    a *= 2\n"
                               "    a[0] = w\n    a.add_(1)\n    return (a,)\n");
    QVERIFY(dump.ok());
    const Graph& g = dump->graphs[0];
    QCOMPARE(nodesOf(g), QStringLiteral("x w a iadd imul setitem add_ output"));
    QCOMPARE(nodeText(g, "imul"), QStringLiteral("operator.imul(iadd)"));
    QCOMPARE(nodeText(g, "setitem"), QStringLiteral("operator.setitem(imul, w)"));
    QCOMPARE(nodeText(g, "add_"), QStringLiteral("add_(imul)"));
    QCOMPARE(nodeText(g, "output"), QStringLiteral("output(imul)"));
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(dump->problems[0].severity, Severity::Note);
    QCOMPARE(dump->problems[0].line, uint64_t{3});
}

void TestPasted::secondNames() {
    const auto dump =
        openText("def forward(self, L_x_, w):\n    l_x_ = L_x_; y = l_x_ + w; z = y; q = z * 2\n"
                 "    v = q\n    return (v, z)\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("l_x_ w y q output"));
    QCOMPARE(nodeText(dump->graphs[0], "output"), QStringLiteral("output(q, y)"));
}

void TestPasted::namesOfOtherScripts() {
    const auto dump = openText("def forward(self, größe: \"f32[4]\", β: \"f32[4]\"):\n"
                               "    мул: \"f32[4]\" = größe * β;  β = None\n"
                               "    w = self.größe\n    和 = torch.add(мул, w)\n    return (和,)\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("größe β мул w 和 output"));
    QCOMPARE(nodeText(dump->graphs[0], "w"), QStringLiteral("größe()"));
}

void TestPasted::otherHeads_data() {
    QTest::addColumn<QByteArray>("head");
    QTest::newRow("async") << QByteArray("async def forward(");
    QTest::newRow("call") << QByteArray("def __call__(");
}

void TestPasted::otherHeads() {
    QFETCH(QByteArray, head);
    const auto dump = openText(QByteArray(kGraph).replace("def forward(", head));
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), kNodes);
}

void TestPasted::quotesOfTypes() {
    const auto dump = openText(QByteArray(kGraph).replace('"', '\''));
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    const GraphModule& m = *dump->graphs[0].module;
    for (size_t i = 0; i < 4; ++i) {
        const TypeId type = m.bodies[0].nodes[i].type;
        QVERIFY(type);
        QCOMPARE(m.types[type.index].kind, TypeKind::Tensor);
    }
}

QTEST_APPLESS_MAIN(TestPasted)
#include "tst_pasted.moc"
