// Kinds of text that people put into reports, as they stood there: each was once read wrong.
#include "core/read/paste.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestReports : public QObject {
    Q_OBJECT

private slots:
    void graphs_data();
    void graphs();
    void logs_data();
    void logs();
    void cutArgumentsKeepEdges();
};

namespace {

Result<Dump> openText(const QByteArray& text) {
    return open_bytes("case.txt", text.toStdString());
}

QString text(std::string_view words) {
    return QString::fromUtf8(words.data(), static_cast<qsizetype>(words.size()));
}

// "(a, b)" where the last node returns a and b.
QString resultsOf(const Graph& graph) {
    const Body& body = graph.module->bodies[0];
    QStringList inputs;
    for (const NodeId input : body.inputs_of(body.nodes.back()))
        inputs << text(graph.module->text(body.node(input).name));
    return body.nodes.back().op == Opcode::Output ? '(' + inputs.join(", ") + ')' : QString();
}

// "address [node node … output(what it returns)]" of every graph.
QString graphsOf(const Dump& dump) {
    QStringList out;
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        QStringList nodes;
        for (const Node& node : dump.graphs[i].module->bodies[0].nodes)
            nodes << text(dump.graphs[i].module->text(node.name));
        nodes.back() += resultsOf(dump.graphs[i]);
        out << QString::fromStdString(address_of(dump, GraphId(i))) + " [" + nodes.join(' ') + ']';
    }
    return out.join("; ");
}

} // namespace

void TestReports::graphs_data() {
    QTest::addColumn<QByteArray>("pasted");
    QTest::addColumn<QString>("graphs");
    QTest::addColumn<QStringList>("told"); // each in a problem; empty: none at all
    const auto row = [](const char* name, const char* pasted, const char* graphs, QStringList told = {}) {
        QTest::newRow(name) << QByteArray(pasted) << QString(graphs) << told;
    };
    // From 2.3 to 2.10 comments stand one blank deeper than statements.
    row("no head, old comments", R"(```
        a: "f32[3]" = torch.ops.aten.sin.default(x)

         # File: /w/m.py:4 in f, code: b = a.cos()
        b: "f32[3]" = torch.ops.aten.cos.default(a)

         # File: /w/m.py:5 in f, code: return b.tan()
        c: "f32[3]" = torch.ops.aten.tan.default(b);  b = None
        return (c, a)
```
)",
        "-:graph [x a b c output(c, a)]", {"begins with a statement", "'x' is not defined"});
    row("no head, from the names of its inputs on", R"(
        primals_1, primals_2, tangents_1, = fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)
         # File: /w/m.py:4 in f, code: return x * w
        mul: "f32[3]" = torch.ops.aten.mul.Tensor(primals_1, primals_2);  primals_1 = None

         # File: /w/m.py:4 in f, code: return x * w
        mul_1: "f32[3]" = torch.ops.aten.mul.Tensor(tangents_1, primals_2);  tangents_1 = primals_2 = None
        return pytree.tree_unflatten([mul, mul_1, None], self._out_spec)
)",
        "-:joint [primals_1 primals_2 tangents_1 mul mul_1 output(mul, mul_1)]",
        {"begins with the names of its inputs"});
    row("a hunk of Graph.__str__", R"(```
@@ -2,6 +2,6 @@ graph(x):
     %conv : [#users=1] = call_module[target=conv](args = (%x,), kwargs = {})
-    %add : [#users=1] = call_function[target=<built-in function add>](args = (%conv, %x), kwargs = {})
+    %add : [#users=1] = call_function[target=operator.add](args = (%conv, %x), kwargs = {})
     %bn : [#users=1] = call_module[target=bn](args = (%add,), kwargs = {})
```
)",
        "-:graph [x conv add bn]; -:graph#1 [x conv add bn]", {"'x' is not defined", "no return"});
    row("arguments left out", R"(graph():
    %x : [num_users=1] = placeholder[target=x]
    %w : [num_users=1] = get_attr[target=lin.weight]
    %lin : [num_users=1] = call_function[target=my.ops.linear](args = (%x, %w, ...
    %act : [num_users=1] = call_function[target=my.ops.relu](args = (%lin,), kwargs = {inplace: False})
    return act
)",
        "-:graph [x w lin act output(act)]", {"expected the end of the statement"});
    // The next piece of a split model takes the results of the piece before it; no backward does.
    row("pieces of a split model", R"(graph():
    %x : [num_users=1] = placeholder[target=x]
    %relu : [num_users=1] = call_function[target=torch.relu](args = (%x,), kwargs = {})
    return relu
graph():
    %relu : [num_users=1] = placeholder[target=relu]
    %norm : [num_users=1] = call_function[target=torch.linalg.norm](args = (%relu,), kwargs = {})
    return norm
)",
        "-:graph [x relu output(relu)]; -:graph#1 [relu norm output(norm)]");
    row("comments behind statements", R"x(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[3]", n: "Sym(s0)"):
        a: "f32[3]" = torch.ops.aten.mul.Tensor(x, n);  x = n = None  # n is dynamic here!
        b: "f32[3]" = torch.ops.aten.sin.default(a)  # <-- this one is wrong
        c = b[0]  # 'first'
        a = None  # freed
        return (b, c)  # both
)x",
        "-:graph [x n a b c output(b, c)]");
    // Another program's line between the items of a return.
    row("a line inside of a return", R"x(class GraphModule(torch.nn.Module):
    def forward(
        self,
        x: "f32[3]",  # PlainAOTInput(idx=0)
    ):
        sin: "f32[3]" = torch.ops.aten.sin.default(x)
        return (
            sin,  # PlainAOTOutput(idx=0)
step 12 loss 0.25
            x,  # SavedForBackwardsAOTOutput(idx=0)
        )
)x",
        "-:forward [x sin output(sin, x)]", {"1 line inside of this graph"});
    row("quoted-printable", R"x(Subject: wrong graph

class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[3]"):
        sin: "f32[3]" =3D torch.ops.aten.sin.default(x);  x =3D =
None
        cos: "f32[3]" =3D torch.ops.aten.cos.default(sin);  sin =
=3D None
        return (cos,)
)x",
        "-:graph [x sin cos output(cos)]");
    row("cat -A", R"x(class GraphModule(torch.nn.Module):$
^Idef forward(self, x: "f32[3]"):$
^I^Isin: "f32[3]" = torch.ops.aten.sin.default(x);  x = None$
^I^I$
^I^Ireturn (sin,)$
)x",
        "-:graph [x sin output(sin)]");
    row("a parameter with a type and a default is no statement", R"(class Emitter:
    def record(
        self,
        target: str,
        module: "Optional[Module]" = None,  # noqa
        kind: "Kind" = True,
    ) -> None:
        pass
)",
        "", {});
    // Before 2.9 a kernel's fragment has no return.
    row("a fragment of output code",
        R"(# Topologically Sorted Source Nodes: [s], Original ATen: [aten.sub, aten.exp]
# Graph fragment:
#   %sub : [num_users=2] = call_function[target=torch.ops.aten.sub.Tensor](args = (%mm, %amax), kwargs = {})
#   %exp : [num_users=1] = call_function[target=torch.ops.aten.exp.default](args = (%sub,), kwargs = {})
#   %cos : [num_users=1] = call_function[target=torch.ops.aten.cos.default](args = (%sub,), kwargs = {})
triton_poi_fused_exp_0 = async_compile.triton('triton_poi_fused_exp_0', r)
)",
        "-:graph [mm amax sub exp cos output(exp, cos)]", {"what nothing in it uses", "'mm' is not defined"});
    row("no self", R"(we see the output that Dynamo traced

def forward(l_x_: torch.Tensor, l_y_: torch.Tensor):
    # File: example.py:5, code: z = (x - y) ** 2
    sub = l_x_ - l_y_
    return (sub,)
)",
        "-:graph [l_x_ l_y_ sub output(sub)]");
    row("an input called as the output node is", R"(
        out: "f32[2]" = output.view((2,));  output = None
        sin: "f32[2]" = torch.ops.aten.sin.default(out)
        return (sin, x)
)",
        "-:graph [output x out sin output_1(sin, x)]", {"'output' is not defined", "'x' is not defined"});
    row("an autograd.Function", R"(class Cosine(torch.autograd.Function):
    @staticmethod
    def forward(x0):
        x1 = torch.cos(x0)
        x2 = torch.cos(x1)
        return x2, x0

    @staticmethod
    def backward(ctx, grad):
        return grad
)",
        "");
    row("a signature to fill in", R"(def forward(
    self,
    tokens: torch.Tensor,
) -> torch.Tensor:
    ...
    return logits
)",
        "");
    row("a function of operators", R"(```python
def pattern(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    y = torch.ops.aten.add.Tensor(x, w)
    z = torch.ops.aten.relu.default(y)
    return z
```
)",
        "-:graph [x w y z output(z)]", {"this is the function 'pattern' of a program"});
    row("a graph that DebugMode ran", R"(
  [node] x: placeholder
  [node] w: placeholder
  [node] add: call_function[aten::add.Tensor](x, 2)
      aten::add.Tensor(t: f32[4, 4], 2)
  [node] matmul: call_function[aten::matmul](add, w)  # {"region": outer}
      aten::mm(t: f32[4, 4], t: f32[4, 8])
  [node] view: call_method[view](matmul, -1)
  [node] output: output
)",
        "-:graph [x w add matmul view output(view)]", {"does not say what the graph returns"});
}

void TestReports::graphs() {
    QFETCH(QByteArray, pasted);
    QFETCH(QString, graphs);
    QFETCH(QStringList, told);
    const auto dump = openText(pasted);
    if (graphs.isEmpty()) {
        QVERIFY(!dump.ok() || dump->graphs.empty());
        return;
    }
    QVERIFY(dump.ok());
    QCOMPARE(graphsOf(*dump), graphs);
    const QString all = problemText(dump->problems);
    for (const QString& words : told)
        QVERIFY2(all.contains(words), qPrintable(all));
    if (told.isEmpty())
        QVERIFY2(dump->problems.empty(), qPrintable(all));
}

void TestReports::logs_data() {
    QTest::addColumn<QByteArray>("pasted");
    QTest::addColumn<QString>("compilations"); // "id function file:line|reason"
    QTest::addColumn<QString>("told");
    QTest::newRow("prefix cut before the path") << QByteArray(
        ".../torch/_dynamo/guards.py:2772] [16/8] [__recompiles_verbose] Recompiling function run in "
        "/w/b.py:172\n"
        ".../torch/_dynamo/guards.py:2772] [16/8] [__recompiles_verbose]     triggered by the following "
        "guard failure(s):\n"
        ".../torch/_dynamo/guards.py:2772] [16/8] [__recompiles_verbose]     guard 0 failures:\n"
        ".../torch/_dynamo/guards.py:2772] [16/8] [__recompiles_verbose]     - 16/7: L['i'] == 8\n")
                                                << QString("16/8 run /w/b.py:172|16/7: L['i'] == 8")
                                                << QString();
    QTest::newRow("limit")
        << QByteArray(
               "[rank3]:W1101 02:43:40.706000 140 torch/_dynamo/convert_frame.py:896] [1/64] "
               "torch._dynamo hit config.cache_size_limit (64)\n"
               "[rank3]:W1101 02:43:40.706000 140 torch/_dynamo/convert_frame.py:896] [1/64]    function: "
               "'forward' (/w/c.py:131)\n"
               "[rank3]:W1101 02:43:40.706000 140 torch/_dynamo/convert_frame.py:896] [1/64]    last "
               "reason: 1/0: tensor 'L['x']' size mismatch at index 2. expected 4, actual 5\n")
        << QString(
               "1/64 forward /w/c.py:131|torch._dynamo hit config.cache_size_limit (64)\nlast reason: 1/0: "
               "tensor 'L['x']' size mismatch at index 2. expected 4, actual 5")
        << QString();
    QTest::newRow("2023: no compile id")
        << QByteArray(
               "[2023-11-06 14:54:54,691] torch._dynamo.guards.__recompiles: [DEBUG] Recompiling function "
               "f in /w/r.py:266\n"
               "[2023-11-06 14:54:54,691] torch._dynamo.guards.__recompiles: [DEBUG]     triggered by the "
               "following guard failure(s):\n"
               "[2023-11-06 14:54:54,691] torch._dynamo.guards.__recompiles: [DEBUG]     - tensor 'L['x']' "
               "size mismatch at index 0. expected 25, actual 26\n")
        << QString() << QString("3 lines of [__recompiles] without a compile id");
}

// What a log says of compilations is read where it holds no graph.
void TestReports::logs() {
    QFETCH(QByteArray, pasted);
    QFETCH(QString, compilations);
    QFETCH(QString, told);
    const auto dump = openText(pasted);
    if (!dump.ok()) {
        QVERIFY(!told.isEmpty());
        QVERIFY2(QString::fromStdString(dump.error().message).contains(told), dump.error().message.c_str());
        return;
    }
    QStringList found;
    for (const Compilation& c : dump->compilations)
        found << QString::fromStdString(c.key.id + ' ' + c.function + ' ' + c.file + ':'
            + std::to_string(c.line) + '|' + c.recompile_reason);
    QCOMPARE(found.join("; "), compilations);
    QVERIFY2(problemText(dump->problems).contains(told), qPrintable(problemText(dump->problems)));
}

// A node whose arguments were left out uses the nodes that are still named.
void TestReports::cutArgumentsKeepEdges() {
    const auto dump = openText(R"(graph():
    %x : [num_users=1] = placeholder[target=x]
    %y : [num_users=1] = placeholder[target=y]
    %cat : [num_users=1] = call_function[target=torch.cat](args = ([%x, %y], ...
    return cat
)");
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    const Body& body = dump->graphs[0].module->bodies[0];
    QCOMPARE(body.inputs_of(body.nodes[2]).size(), size_t{2});
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(dump->problems[0].line, uint64_t{4});
}

QTEST_APPLESS_MAIN(TestReports)
#include "tst_reports.moc"
