// Texts in the wild: one graph as it is printed, and as it looks after other programs, terminals and people
// had it. Whatever was done to it, the same graph comes out, or it is said what is missing.
#include "core/graph/print.h"
#include "core/read/prefix.h"
#include "tests/read/printed_text.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestTexts : public QObject {
    Q_OBJECT

private slots:
    void otherForms_data();
    void otherForms();
    void stages_data();
    void stages();
    void sources();
    void compilations();
    void messages();
    void facts_data();
    void facts();
    void unreadable_data();
    void unreadable();
    void guardsBesideGraphs();
    void textBehindReturn_data();
    void textBehindReturn();
    void bodyThatIsNotThere();
    void graphThatIsCutBehindItsHead();
};

void TestTexts::otherForms_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("expected"); // print_readable of what is read, without sources and deletions
    const QString add =
        "class GraphModule(torch.nn.Module):\n    def forward(self, x, y):\n"
        "        add = torch.ops.aten.add.Tensor(x, y, alpha = 2)\n        view = add.view(-1, 2)\n"
        "        return (view,)\n";
    QTest::newRow("Graph.__str__") << QByteArray(
        "graph():\n    %x : [num_users=1] = placeholder[target=x]\n    %y : [num_users=1] = "
        "placeholder[target=y]\n"
        "    %add : [num_users=1] = call_function[target=torch.ops.aten.add.Tensor](args = (%x, %y), kwargs "
        "= {alpha: 2})\n"
        "    %view : [num_users=1] = call_method[target=view](args = (%add, -1, 2), kwargs = {})\n    return "
        "(view,)\n") << add;
    QTest::newRow("before 2.0, without its head") << QByteArray(
        "    %x : [#users=1] = placeholder[target=x]\n    %y : [#users=1] = placeholder[target=y]\n"
        "    %add : [#users=1] = call_function[target=torch.ops.aten.add.Tensor](args = (%x, %y), kwargs = "
        "{alpha: 2})\n"
        "    %view : [#users=1] = call_method[target=view](args = (%add, -1, 2), kwargs = {})\n    return "
        "(view,)\n") << add;
    QTest::newRow("behind a log's prefix") << prefixed([](int) { return "[rank1]: "; },
        "graph():\n    %x : [num_users=1] = placeholder[target=x]\n    %y : [num_users=1] = "
        "placeholder[target=y]\n"
        "    %add : [num_users=1] = call_function[target=torch.ops.aten.add.Tensor](args = (%x, %y), kwargs "
        "= {alpha: 2})\n"
        "    %view : [num_users=1] = call_method[target=view](args = (%add, -1, 2), kwargs = {})\n    return "
        "(view,)") << add;
    QTest::newRow("words, devices, keys")
        << QByteArray(
               "graph():\n    %x : torch.Tensor [num_users=1] = placeholder[target=L_x_](default=None)\n    "
               "%w : [num_users=1] = get_attr[target=layers.0.w]\n"
               "    %c : Tensor \"f32[4][1]cpu\"[num_users=1] = "
               "call_function[target=torch.ops.higher_order.f](args = (%x, sub_0, [%w, None], (slice(None, "
               "2, None),), {a: %w}), kwargs = {device: cuda:0, dtype: torch.float32})\n"
               "    return c\n")
        << "class GraphModule(torch.nn.Module):\n    def forward(self, L_x_ = None):\n        x = L_x_\n     "
           "   w = getattr(self.layers, \"0\").w\n"
           "        c: \"f32[4][1]cpu\" = torch.ops.higher_order.f(x, 'sub_0', [w, None], (slice(None, 2, "
           "None),), {'a': w}, device = device(type='cuda', index=0), dtype = torch.float32)\n"
           "        return c\n";
    QTest::newRow("table") << QByteArray(
        "opcode         name    target                   args        kwargs\n"
        "-------------  ------  -----------------------  ----------  ------------\n"
        "placeholder    x       x                        ()          {}\n"
        "placeholder    y       y                        ()          {}\n"
        "call_function  add     aten.add.Tensor          (x, y)      {'alpha': 2}\n"
        "call_method    view    view                     (add, -1, 2)  {}\n"
        "output         output  output                   ((view,),)  {}\n")
                           << add;
}

void TestTexts::otherForms() {
    QFETCH(QByteArray, text);
    QFETCH(QString, expected);
    const auto dump = openBytes(text);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().message.c_str());
    QVERIFY2(problems(*dump).isEmpty(), qPrintable(problems(*dump)));
    QCOMPARE(dump->graphs.size(), size_t{1});
    PrintOptions options;
    options.sources = options.deletions = false;
    QCOMPARE(QString::fromStdString(print_readable(*dump->graphs[0].module, BodyId(0), options)), expected);
}

void TestTexts::stages_data() {
    QTest::addColumn<QString>("head");
    QTest::addColumn<QString>("parameters");
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("address");
    QTest::addColumn<QString>("evidence");
    const QString cls = "class GraphModule(torch.nn.Module):";
    QTest::newRow("title") << "TRACED GRAPH\n ===== Backward graph 3 =====\n <eval_with_key>.8 " + cls << "x"
                           << "a.txt"
                           << "-:backward"
                           << "title";
    QTest::newRow("from the cache") << "Joint graph (from cache)\n\n" + cls << "x"
                                    << "a.txt"
                                    << "-:joint"
                                    << "title";
    QTest::newRow("Dynamo") << "TRACED GRAPH\n ===== __compiled_fn_1_9b538145_9a94 =====\n /t/l.py " + cls
                            << "x"
                            << "a.txt"
                            << "-:dynamo"
                            << "title";
    QTest::newRow("post grad") << "TRACED GRAPH\n ===== AFTER POST GRAD =====\n /t/l.py " + cls << "x"
                               << "a.txt"
                               << "-:post_grad"
                               << "title";
    QTest::newRow("inference") << QString(
        "TRACED GRAPH\n ===== Forward graph 3 =====\n <e>.8 class <lambda>(torch.nn.Module):")
                               << "x"
                               << "a.txt"
                               << "-:inference"
                               << "title";
    QTest::newRow("export") << "ExportedProgram:\n" + cls << "x"
                            << "a.txt"
                            << "-:export"
                            << "title";
    QTest::newRow("class name") << QString("class joint_helper(torch.nn.Module):") << "x"
                                << "a.txt"
                                << "-:joint"
                                << "class name";
    QTest::newRow("compiled autograd") << QString("class CompiledAutograd0(torch.nn.Module):") << "x"
                                       << "a.txt"
                                       << "-:graph"
                                       << "class name";
    QTest::newRow("file name") << cls << "x"
                               << "Forward_graph.0.py"
                               << "-:forward"
                               << "file name";
    QTest::newRow("file name, backward") << cls << "x"
                                         << "model__0_backward_3.txt"
                                         << "-:backward"
                                         << "file name";
    QTest::newRow("primals") << cls << "primals_1"
                             << "a.txt"
                             << "-:forward"
                             << "placeholders";
    QTest::newRow("tangents") << cls << "mm, tangents_1"
                              << "a.txt"
                              << "-:backward"
                              << "placeholders";
    QTest::newRow("Dynamo's names") << cls << "L_x_"
                                    << "a.txt"
                                    << "-:dynamo"
                                    << "placeholders";
    QTest::newRow("nothing") << cls << "x"
                             << "a.txt"
                             << "-:graph"
                             << "";
}

void TestTexts::stages() {
    QFETCH(QString, head);
    QFETCH(QString, parameters);
    QFETCH(QString, file);
    QFETCH(QString, address);
    QFETCH(QString, evidence);
    const QString name = parameters.section(", ", -1);
    const QString text = head + "\n    def forward(self, " + parameters + "):\n        z = torch.sin(" + name
        + ")\n        return (z,)\n";
    const auto dump = openBytes(text.toUtf8(), file);
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(QString::fromStdString(address_of(*dump, GraphId(0))), address);
    QCOMPARE(QString::fromStdString(dump->graphs[0].stage_evidence), evidence);
    // Where a dump is a single graph of no compile id, `-:graph` means it, whatever its stage.
    QVERIFY(resolve(*dump, "-:graph").ok());
}

// What the user wrote is no graph.
void TestTexts::sources() {
    const QByteArray by_hand =
        "import torch\n\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n\n"
        "    def forward(self, x, noise=None):\n        if noise is not None:\n            x = x + noise\n"
        "        return torch.relu(self.lin(x))\n\n";
    const auto dump = openBytes(by_hand + kGraph);
    QVERIFY(dump.ok());
    QVERIFY2(problems(*dump, true).isEmpty(), qPrintable(problems(*dump, true)));
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->sources.size(), size_t{1});
    QCOMPARE(QString::fromStdString(dump->sources[0].label), QStringLiteral("class Net"));
    QCOMPARE(dump->sources[0].line, uint64_t{3});
    const auto alone = openBytes(by_hand);
    QVERIFY(alone.ok());
    QCOMPARE(alone->graphs.size(), size_t{0});
    QVERIFY2(problems(*alone).contains("no graph"), qPrintable(problems(*alone)));
}

void TestTexts::compilations() {
    const auto titled = [](const char* title) {
        return QByteArray("TRACED GRAPH\n ===== ") + title + " =====\n <eval_with_key>.8 " + kGraph + "\n\n";
    };
    const auto one = openBytes(titled("Forward graph 4") + titled("Backward graph 4"));
    QVERIFY(one.ok());
    QCOMPARE(listed(*one), QStringLiteral("-:forward 7, -:backward 7"));
    const auto two =
        openBytes(titled("Forward graph 4") + titled("Backward graph 4") + titled("Forward graph 5"));
    QVERIFY(two.ok());
    QCOMPARE(listed(*two), QStringLiteral("aot4:forward 7, aot4:backward 7, aot5:forward 7"));
}

// What a log says of a compilation beside its graphs.
void TestTexts::messages() {
    const auto log = [](const char* artifact, const char* id, const QByteArray& text) {
        return prefixed(
            [&](int) {
                return QByteArray("V0611 03:04:05.678000 3131 torch/_dynamo/a.py:16] [") + id + "] [__"
                    + artifact + "] ";
            },
            text);
    };
    const auto dump =
        openBytes(log("graph_breaks", "0/0",
                      "Graph break in user code at /p/net.py:12\nGraph Break Reason: Call to `f()`\n"
                      "  Explanation: asked for")
            + log("recompiles", "2/1",
                "Recompiling function forward in /p/net.py:219\n    triggered by the following guard "
                "failure(s):\n"
                "    - 2/0: tensor 'x' dtype mismatch. expected Float, actual Half")
            + log("guards", "3/0", "GUARDS:\n\nTREE_GUARD_MANAGER:"));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{0});
    QVERIFY2(problems(*dump, true).contains("has no graph"), qPrintable(problems(*dump, true)));
    QStringList ids;
    for (const Compilation& c : dump->compilations)
        ids << QString::fromStdString(c.key.id);
    QCOMPARE(ids, (QStringList{"0/0", "2/1", "3/0"}));
    QCOMPARE(dump->artifacts.size(), size_t{1});
    QCOMPARE(QString::fromStdString(dump->artifacts[0].name),
        QStringLiteral("Graph break in user code at /p/net.py:12: Call to `f()`"));
    const Compilation& again = dump->compilations[1];
    QCOMPARE(QString::fromStdString(again.function), QStringLiteral("forward"));
    QCOMPARE(again.line, 219);
    QCOMPARE(QString::fromStdString(again.recompile_reason),
        QStringLiteral("2/0: tensor 'x' dtype mismatch. expected Float, actual Half"));
}

void TestTexts::facts_data() {
    QTest::addColumn<QString>("prefix");
    QTest::addColumn<QString>("expected");
    QTest::newRow("2.6 on") << "V1123 16:05:59.722000 5629 torch/a.py:1189] [0/0] [__graph_code]"
                            << "-1 0/0 0 graph_code";
    QTest::newRow("attempt") << "V1123 16:05:59.722000 5629 torch/a.py:1189] [3/1_2] [__graph_code]"
                             << "-1 3/1 2 graph_code";
    QTest::newRow("compiled autograd")
        << "[rank7]:V1123 16:05:59.722000 5629 torch/a.py:1189] [!0/3/0_1] [__compiled_autograd]"
        << "7 !0/3/0 1 compiled_autograd";
    QTest::newRow("no frame yet") << "V1123 16:05:59.722000 5629 torch/a.py:1189] [!1] [__compiled_autograd]"
                                  << "-1 !1 0 compiled_autograd";
    QTest::newRow("2023")
        << "[2023-04-10 12:28:11,630] [0/1] torch._functorch.aot_autograd.__aot_graphs: [INFO]"
        << "-1 0/1 0 aot_graphs";
    QTest::newRow("nothing") << "2026-06-11T03:04:05.6700331Z [info]"
                             << "-1  0 ";
}

void TestTexts::facts() {
    QFETCH(QString, prefix);
    QFETCH(QString, expected);
    const read::LogFacts f = read::facts_of(prefix.toStdString());
    QCOMPARE(QStringLiteral("%1 %2 %3 %4")
                 .arg(f.rank.value_or(-1))
                 .arg(QString::fromStdString(f.id))
                 .arg(f.attempt)
                 .arg(QString::fromStdString(f.artifact)),
        expected);
}

void TestTexts::unreadable_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("says");
    QTest::newRow("prose") << QByteArray("The graph looks fine to me.\n") << "print_readable text";
    QTest::newRow("empty") << QByteArray() << "empty";
    QTest::newRow("output code") << QByteArray(
        "async_compile = AsyncCompile()\ndef call(args):\n    extern_kernels.mm(a, b)\n")
                                 << "Inductor's output code";
    QTest::newRow("guards alone") << QByteArray(
        "V1123 16:05:55.444000 5578 torch/_dynamo/guards.py:2835] [0/0] [__guards] GUARDS:\n"
        "V1123 16:05:55.444000 5578 torch/_dynamo/guards.py:2835] [0/0] [__guards] | +- "
        "GLOBAL_STATE: ___check_global_state()\n")
                                  << "2 lines of [__guards]";
}

void TestTexts::unreadable() {
    QFETCH(QByteArray, text);
    QFETCH(QString, says);
    const auto dump = openBytes(text);
    QVERIFY(!dump.ok());
    QVERIFY2(QString::fromStdString(dump.error().message).contains(says), dump.error().message.c_str());
}

void TestTexts::guardsBesideGraphs() {
    const QByteArray prefix = "V1123 16:05:55.444000 5578 torch/_dynamo/guards.py:2835] [0/0] [__guards] ";
    const auto dump = openBytes(
        prefixed([](int) { return "V1123 16:05:55.444000 5578 torch/x.py:1] [0/0] [__graph_code] "; })
        + prefix + "GUARDS:\n" + prefix + "def guard(L):\n" + prefix + "    return True\n");
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY(dump->problems[0].severity == Severity::Note);
    QVERIFY(dump->problems[0].message.starts_with("3 lines of [__guards]"));
}

void TestTexts::textBehindReturn_data() {
    QTest::addColumn<QByteArray>("behind");
    QTest::addColumn<bool>("told");
    QTest::newRow("shell") << QByteArray("Segmentation fault (core dumped)") << true;
    QTest::newRow("html") << QByteArray("</pre>") << false;
    QTest::newRow("docstring") << QByteArray("\"\"\",") << false;
    QTest::newRow("json") << QByteArray("\"}") << false;
}

// A text that lost its last newline goes on with what its wrapper writes.
void TestTexts::textBehindReturn() {
    QFETCH(QByteArray, behind);
    QFETCH(bool, told);
    const auto dump = openBytes(QByteArray(kGraph).trimmed() + behind + '\n');
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    const auto plain = openBytes(kGraph);
    QVERIFY(plain.ok());
    QVERIFY(print_readable(*dump->graphs[0].module, BodyId(1))
        == print_readable(*plain->graphs[0].module, BodyId(1)));
    QCOMPARE(dump->problems.size(), told ? size_t{1} : size_t{0});
    if (told)
        QVERIFY(QString::fromStdString(dump->problems[0].message).contains(behind));
}

void TestTexts::bodyThatIsNotThere() {
    const QByteArray whole = kGraph;
    const auto dump = openBytes(whole.left(whole.indexOf("    class repeated_subgraph0")));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(
        dump->problems[0].message, std::string("the text lacks a body that it calls: repeated_subgraph0"));
}

void TestTexts::graphThatIsCutBehindItsHead() {
    const QByteArray head = "class GraphModule(torch.nn.Module):\n";
    const auto dump = openBytes(kGraph + ("\nand then " + head) + "\n" + head);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(dump->graphs.size(), size_t{1});
    const auto line = QByteArray(kGraph).count('\n') + 4; // the words of a sentence are none
    QCOMPARE(problems(*dump, true),
        QString::number(line) + ": a graph begins here and its forward is not in the text: it was cut");
}

QTEST_GUILESS_MAIN(TestTexts)
#include "tst_texts.moc"
