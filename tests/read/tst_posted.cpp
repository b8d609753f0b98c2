// Graphs as engineers post them: cut, pointed at, printed by other tools, inside of strings and tables.
#include "tests/read/pasted_text.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestPosted : public QObject {
    Q_OBJECT

private slots:
    void tablesInALog_data();
    void tablesInALog();
    void tablesOfTwoLogs();
    void statementsWithoutOperators();
    void bodiesBelowARootWithoutHead();
    void loweredGraphWithoutRoot();
    void pointedAt_data();
    void pointedAt();
    void pointedAtInALog();
    void stringsOfCode_data();
    void stringsOfCode();
    void behindALoggersWords();
    void diffBehindStamps();
    void firstVersions();
    void thunder();
    void functionsOfTheProgram();
    void aTablesCell();
    void autogradState();
    void inputsOfAFlatten();
    void codeThatWasDumped();
};

namespace {

const char* const kTable = R"(opcode         name    target                   args       kwargs
-------------  ------  -----------------------  ---------  --------
placeholder    l_x_    L_x_                     ()         {}
call_function  add     <built-in function add>  (l_x_, 1)  {}
output         output  output                   ((add,),)  {}
)";

QByteArray behind(const QByteArray& prefix, const QByteArray& text) {
    QByteArray out;
    for (const QByteArray& line : text.trimmed().split('\n'))
        out += prefix + line + '\n';
    return out;
}

} // namespace

void TestPosted::tablesInALog_data() {
    QTest::addColumn<QByteArray>("text");
    const QByteArray stamp = "[2024-01-30 16:08:31,430] [1/4] torch._dynamo.output_graph.__graph: [DEBUG] ";
    QTest::newRow("with its file's name") << behind(
        stamp, QByteArray("TRACED GRAPH\n ===== __compiled_fn_5 =====\n <eval_with_key>.5 ") + kTable);
    QTest::newRow("without a log") << QByteArray(
                                          "TRACED GRAPH\n ===== __compiled_fn_5 =====\n <eval_with_key>.5 ")
            + kTable;
    QTest::newRow("a container's name") << behind("worker-1  | ", kTable);
    QTest::newRow("behind a logger's words") << QByteArray("INFO:root:") + kTable;
    QTest::newRow("lines of other programs")
        << QByteArray(kTable).replace("call_function", " 5%|5  | 1/20 [00:01<00:20]\ncall_function");
    QTest::newRow("doubled line ends") << QByteArray(kTable).replace("\n", "\n\n");
    QTest::newRow("a string") << QByteArray("text = '") + QByteArray(kTable).replace("\n", "\\n") + "'\n";
}

// The rule of dashes says where the columns start and what a line's prefix is.
void TestPosted::tablesInALog() {
    QFETCH(QByteArray, text);
    const auto dump = openText(text);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().message.c_str());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(int(dump->graphs.size()), 1);
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("l_x_ add output"));
    QCOMPARE(nodeText(dump->graphs[0], "add"), QStringLiteral("operator.add(l_x_)"));
}

// TORCH_LOGS=graph,graph_code logs each graph twice.
void TestPosted::tablesOfTwoLogs() {
    const QByteArray stamp = "V0130 16:08:31.430000 71 torch/_dynamo/output_graph.py:9] [0/0] ";
    const auto dump = openText(behind(stamp + "[__graph_code] ",
                                   QByteArray("TRACED GRAPH\n ===== __compiled_fn_1 =====\n a.py ") + kGraph)
        + behind(stamp + "[__graph] ",
            QByteArray("TRACED GRAPH\n ===== __compiled_fn_1 =====\n <eval_with_key>.5 ") + kTable));
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(int(dump->graphs.size()), 2);
    QCOMPARE(nodesOf(dump->graphs[1]), QStringLiteral("l_x_ add output"));
}

// FX alone deletes names behind a statement: a piece of Dynamo's graph has no other sign. The statements
// above the first that does belong to it.
void TestPosted::statementsWithoutOperators() {
    const auto dump = openText("Graph 1 looks like this:\n```\n"
                               "    mul = a * b\n"
                               "    to = mul.to(torch.bfloat16);  mul = None\n"
                               "    empty = torch.empty_like(to)\n"
                               "    split = to.split([2, 4], dim = -1);  to = None\n"
                               "    getitem = split[0];  split = None\n"
                               "    return (getitem, empty)\n```\n");
    QVERIFY(dump.ok());
    QCOMPARE(int(dump->graphs.size()), 1);
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("a b mul to empty split getitem output"));
    QCOMPARE(QString::fromStdString(dump->graphs[0].label), QStringLiteral("Graph 1 looks like this"));
    QVERIFY2(
        problemText(dump->problems).contains("'a' is not defined"), qPrintable(problemText(dump->problems)));
}

// A loop's two bodies stay bodies of the graph that calls them, though its signature is not in the text.
void TestPosted::bodiesBelowARootWithoutHead() {
    const auto dump = openText(
        "        full: \"i64[][]\" = torch.ops.aten.full.default([], 0)\n"
        "        while_loop_cond_graph_0 = self.while_loop_cond_graph_0\n"
        "        while_loop_body_graph_0 = self.while_loop_body_graph_0\n"
        "        while_loop = torch.ops.higher_order.while_loop(while_loop_cond_graph_0, "
        "while_loop_body_graph_0, (full,), (x,));  while_loop_cond_graph_0 = while_loop_body_graph_0 = full "
        "= x = None\n"
        "        getitem: \"i64[][]\" = while_loop[0];  while_loop = None\n"
        "        return (getitem,)\n\n"
        "    class while_loop_cond_graph_0(torch.nn.Module):\n"
        "        def forward(self, arg0_1: \"i64[][]\", arg1_1: \"i64[][]\"):\n"
        "            lt: \"b8[][]\" = torch.ops.aten.lt.Scalar(arg0_1, 16);  arg0_1 = None\n"
        "            return lt\n\n"
        "    class while_loop_body_graph_0(torch.nn.Module):\n"
        "        def forward(self, arg0_1: \"i64[][]\", arg1_1: \"i64[][]\"):\n"
        "            add: \"i64[][]\" = torch.ops.aten.add.Tensor(arg0_1, arg1_1);  arg0_1 = arg1_1 = None\n"
        "            return (add,)\n");
    QVERIFY(dump.ok());
    QCOMPARE(int(dump->graphs.size()), 1);
    const GraphModule& module = *dump->graphs[0].module;
    QCOMPARE(int(module.bodies.size()), 3);
    QCOMPARE(QString::fromStdString(std::string(module.text(module.bodies[2].class_name))),
        QStringLiteral("while_loop_body_graph_0"));
    QCOMPARE(int(module.bodies[1].nodes.size()), 4);
}

// ExecuTorch's print of a delegated graph, from its middle on.
void TestPosted::loweredGraphWithoutRoot() {
    const auto dump = openText(
        "...\n"
        "  %lowered_module_0 : [num_users=1] = get_attr[target=lowered_module_0]\n"
        "    backend_id: XnnpackBackend\n"
        "    lowered graph():\n"
        "      %w : [num_users=1] = placeholder[target=w]\n"
        "      %aten_mm_default : [num_users=1] = call_function[target=executorch.exir.dialects.edge."
        "_ops.aten.mm.default](args = (%w, %w), kwargs = {})\n"
        "      return [aten_mm_default]\n"
        "  %call : [num_users=1] = call_function[target=torch.ops.higher_order.executorch_call_delegate]"
        "(args = (%lowered_module_0, %x), kwargs = {})\n...\n");
    QVERIFY(dump.ok());
    QCOMPARE(int(dump->graphs.size()), 1);
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x lowered_module_0 call"));
    QCOMPARE(int(dump->graphs[0].module->bodies.size()), 2);
}

void TestPosted::pointedAt_data() {
    QTest::addColumn<QByteArray>("text");
    const QByteArray graph = kGraph;
    QTest::newRow("before it") << QByteArray(graph).replace("        sin:", "  ----> sin:");
    QTest::newRow("at the margin") << QByteArray(graph).replace("        sin:", ">>>>> sin:");
    QTest::newRow("an arrow") << QByteArray(graph).replace("        sin:", "\xE2\x86\x92       sin:");
    QTest::newRow("the first") << QByteArray(graph).replace("        mul:", "=>      mul:");
    QTest::newRow("the return") << QByteArray(graph).replace("        return", "**      return");
    QTest::newRow("behind it") << QByteArray(graph).replace(
        "default(mul)", "default(mul)   <---- here it is inf");
    QTest::newRow("behind a deletion")
        << QByteArray(graph).replace("primals_2 = None", "primals_2 = None  \xE2\x86\x90 why?");
    QTest::newRow("behind the return") << QByteArray(graph).replace("mul)\n", "mul)  <== three values\n");
    QTest::newRow("nodes") << QByteArray(
        "graph():\n"
        "    %primals_1 : [num_users=2] = placeholder[target=primals_1]\n"
        "    %primals_2 : [num_users=1] = placeholder[target=primals_2]\n"
        "--> %mul : [num_users=2] = call_function[target=torch.ops.aten.mul.Tensor]"
        "(args = (%primals_1, %primals_2), kwargs = {})\n"
        "    %sin : [num_users=1] = call_function[target=torch.ops.aten.sin.default]"
        "(args = (%mul,), kwargs = {})  <----\n"
        "    return (sin, primals_1, mul) <-- here\n");
}

// What people put on a line to point at it is no part of it; executorch's inspect_node writes "--> " itself.
void TestPosted::pointedAt() {
    QFETCH(QByteArray, text);
    const auto dump = openText(text);
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(int(dump->graphs.size()), 1);
    QCOMPARE(nodesOf(dump->graphs[0]), kNodes);
    QCOMPARE(nodeText(dump->graphs[0], "sin"), QStringLiteral("torch.ops.aten.sin.default(mul)"));
}

// In a piece of a log the mark is no part of the prefix that its neighbours bear.
void TestPosted::pointedAtInALog() {
    const QByteArray stamp = "V0728 19:58:32.062000 71 torch/fx/x.py:364] [0/0] [__graph_code] ";
    const auto dump = openText(stamp + "         # File: /w/a.py:13 in f, code: z = g(\n" + stamp
        + ">>>>>   full: \"f32[4]\" = torch.ops.aten.full.default([4], 0)\n" + stamp
        + "        alias: \"f32[4]\" = torch.ops.aten.alias.default(full);  full = None\n" + stamp
        + "        sin: \"f32[4]\" = torch.ops.aten.sin.default(alias);  alias = None\n" + stamp
        + "        return (sin,)\n");
    QVERIFY(dump.ok());
    QCOMPARE(int(dump->graphs.size()), 1);
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("full alias sin output"));
    QCOMPARE(int(dump->problems.size()), 1); // its head is not in the text
}

void TestPosted::stringsOfCode_data() {
    QTest::addColumn<QByteArray>("text");
    const QByteArray code = "def forward(self, primals_1, primals_2):\n"
                            "    mul = torch.ops.aten.mul.Tensor(primals_1, primals_2);  primals_2 = None\n"
                            "    sin = torch.ops.aten.sin.default(mul)\n"
                            "    return (sin, primals_1, mul)\n";
    const QByteArray written = QByteArray(code).replace("\n", "\\n");
    QTest::newRow("a repr") << "'\\n\\n\\n" + written + "'\n";
    QTest::newRow("assigned") << "code = '" + written + "'\n";
    QTest::newRow("in a message") << "AssertionError: \"" + written + "\" != ''\n";
    QTest::newRow("bytes") << "b'" + written + "'\n";
    QTest::newRow("JSON") << "{\n  \"type\": \"x\",\n  \"payload\": \"" + written + "\"\n}\n";
    QByteArray lines;
    for (const QByteArray& line : code.trimmed().split('\n'))
        lines += "        \"" + line + "\\n\"\n";
    QTest::newRow("a string for each line") << "    expected = (\n" + lines + "    )\n";
    QTest::newRow("the last without its line end")
        << "    expected = (\n" + QByteArray(lines).replace("mul)\\n\"", "mul)\")") + "\n";
}

// graph_module.code in a string: there is no class.
void TestPosted::stringsOfCode() {
    QFETCH(QByteArray, text);
    const auto dump = openText(text);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().message.c_str());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(int(dump->graphs.size()), 1);
    QCOMPARE(nodesOf(dump->graphs[0]), kNodes);
}

void TestPosted::behindALoggersWords() {
    const auto dump = openText("2026-11-29 02:40:10,123 - train - DEBUG - def forward(self, x_1):\n"
                               "    sin = torch.ops.aten.sin.default(x_1);  x_1 = None\n"
                               "    return sin\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x_1 sin output"));
}

// difflib's ndiff, as unittest prints it, behind a CI service's time stamps.
void TestPosted::diffBehindStamps() {
    QByteArray text;
    int n = 0;
    for (const QByteArray& line :
        QByteArray("AssertionError: 'a' != 'b'\n" + behind("  ", kGraph)).trimmed().split('\n')) {
        const auto stamped = [&n](const QByteArray& words) {
            return "2026-05-07T03:26:57." + QByteArray::number(9166991 + 37 * ++n) + "Z " + words + '\n';
        };
        if (line.contains("sin:"))
            text += stamped('-' + line.mid(1)) + stamped("?         ^^^")
                + stamped('+' + QByteArray(line.mid(1)).replace("sin", "cos")) + stamped("?         ^^^");
        else if (line.contains("return"))
            text += stamped('-' + line.mid(1)) + stamped('+' + QByteArray(line.mid(1)).replace("sin", "cos"));
        else
            text += stamped(line);
    }
    const auto dump = openText(text);
    QVERIFY(dump.ok());
    QCOMPARE(int(dump->graphs.size()), 2);
    QCOMPARE(nodesOf(dump->graphs[0]), kNodes);
    QCOMPARE(nodesOf(dump->graphs[1]), QStringLiteral("primals_1 primals_2 mul cos output"));
    QCOMPARE(int(dump->problems.size()), 1); // that it is a diff
}

// Graph.__str__ of 1.7: inputs in the head, attributes as Python writes them.
void TestPosted::firstVersions() {
    const auto dump =
        openText("graph(x, y : torch.Tensor) -> torch.Tensor:\n"
                 "    %linear_weight : [uses=1] = self.linear.weight\n"
                 "    %add_1 : [uses=1] = call_function[target=operator.add](args = (%x, %linear_weight), "
                 "kwargs = {})\n"
                 "    %relu_1 : [uses=1] = call_method[target=relu](args = (%add_1,), kwargs = {})\n"
                 "    return relu_1\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x y linear_weight add_1 relu_1 output"));
    QCOMPARE(nodeText(dump->graphs[0], "add_1"), QStringLiteral("operator.add(x, linear_weight)"));
    QCOMPARE(nodeText(dump->graphs[0], "linear_weight"), QStringLiteral("linear.weight()"));
}

// A trace of Lightning Thunder that nowhere says its name.
void TestPosted::thunder() {
    const auto dump = openText("@torch.no_grad()\n@no_autocast\ndef computation(l_x_):\n"
                               "  # l_x_: \"cuda:0 f32[2]\"\n"
                               "  [y] = nvFusion0(l_x_)\n"
                               "    # y = prims.cos(l_x_)  # y: \"cuda:0 f32[2]\"\n"
                               "  matmul = torch.matmul(l_x_, y)  # matmul: \"cuda:0 f32[]\"\n"
                               "  return {'output': (matmul,)}, ((l_x_, y), ())\n"
                               "def backward_fn(saved_for_backward, cotangents):\n"
                               "  # saved_for_backward: \"Collection\"\n"
                               "  C0, C1, = saved_for_backward\n"
                               "  t0 = ltorch.mul(C0, 2.0)  # t0: \"cuda:0 f32[2]\"\n"
                               "  return (t0,)\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(int(dump->graphs.size()), 2);
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("l_x_ result_0 y matmul output"));
    QVERIFY(dump->graphs[1].stage == Stage::Backward);
    const auto piece =
        openText("  t9 = ltorch.linear(t20, w)  # t9: \"cuda:0 bf16[1, 7680]\"\n  return t9\n");
    QVERIFY(!piece.ok());
    QVERIFY2(piece.error().message.find("a piece of a Lightning Thunder trace") != std::string::npos,
        piece.error().message.c_str());
}

// A program that speaks of Thunder has functions of its own.
void TestPosted::functionsOfTheProgram() {
    const auto dump = openText(QByteArray(kGraph)
        + "import thunder\n\ndef is_supported(node):\n    supported = False\n    reason = Reason(\n"
          "        1, 2)\n    return supported, reason\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(int(dump->graphs.size()), 1);
}

// A table of Markdown or HTML: the cell's border stands behind the return.
void TestPosted::aTablesCell() {
    const auto dump = openText("| before | after |\n|---|---|\n| `x` | <pre>"
        + QByteArray(kGraph).trimmed().replace("\n", "<br>") + "</pre> |\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), kNodes);
}

// A list above a graph is no heading, and what compiled autograd hands its graphs tells them.
void TestPosted::autogradState() {
    const auto dump = openText("Hooks are called in this order:\n- the node's\n- the tensor's\n\n```python\n"
                               "def forward(self, inputs, sizes, scalars, hooks):\n"
                               "    getitem: \"f32[4]cpu\" = inputs[0];  inputs = None\n"
                               "    getitem_1 = hooks[0];  hooks = None\n"
                               "    return []\n```\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(QString::fromStdString(dump->graphs[0].label), QStringLiteral("Compiled autograd graph"));
}

// AOTInductor's runnables: a flatten names the inputs that load_args makes.
void TestPosted::inputsOfAFlatten() {
    const auto dump =
        openText("import torch\nfrom torch import tensor, device\n"
                 "class Repro(torch.nn.Module):\n"
                 "    def __init__(self) -> None:\n        super().__init__()\n\n"
                 "    def forward(self):\n"
                 "        arg2_1, arg3_1, = fx_pytree.tree_flatten_spec([], self._in_spec)\n"
                 "        mul = torch.ops.aten.mul.Tensor(arg2_1, arg3_1);  arg2_1 = arg3_1 = None\n"
                 "        return (mul,)\n\n"
                 "def load_args(reader):\n"
                 "    buf0 = reader.storage(None, 320)\n"
                 "    reader.tensor(buf0, (8, 10), is_leaf=True)  # arg2_1\n"
                 "    buf1 = reader.storage(None, 40)\n"
                 "    reader.tensor(buf1, (10,), is_leaf=True)  # arg3_1\n"
                 "load_args._version = 0\nmod = Repro()\n",
            "fx_graph_runnable.py");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("arg2_1 arg3_1 mul output"));
    const GraphModule& module = *dump->graphs[0].module;
    QVERIFY(module.bodies[0].nodes[1].type);
}

// graph_dump events carry C++ too ("type": "cpp"): no graph, and nothing wrong.
void TestPosted::codeThatWasDumped() {
    const auto dump = openText(
        "V0318 11:30:18.427000 33 torch/_inductor/codecache.py:14] {\"graph_dump\": {\"name\": "
        "\"inductor_aot_wrapper_code\", \"type\": \"cpp\", \"filename\": \"/tmp/a.cpp\"}, \"frame_id\": 0, "
        "\"frame_compile_id\": 0, \"attempt\": 0, \"has_payload\": \"0\"}\n"
        "\t#include <torch/csrc/inductor/aoti_include/cpu.h>\n\tint f();\n");
    QVERIFY(dump.ok());
    QVERIFY2(
        !problemText(dump->problems).contains("found no graph"), qPrintable(problemText(dump->problems)));
    QCOMPARE(int(dump->artifacts.size()), 1);
}

QTEST_APPLESS_MAIN(TestPosted)
#include "tst_posted.moc"
