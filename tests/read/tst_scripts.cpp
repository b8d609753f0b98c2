// Scripts that hold a graph and its inputs, and the folder that TORCH_COMPILE_DEBUG writes.
#include "core/graph/calls.h"
#include "core/read/debug_folder.h"
#include "core/read/script.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestScripts : public QObject {
    Q_OBJECT

private slots:
    void loadArgs();
    void symbolsInOrder();
    void symbolsTold();
    void argumentList();
    void nestedClasses();
    void constants();
    void tooManyInputs();
    void savedStorages();
    void dynamoRepro();
    void bodiesFromBeside();
    void classesThatMakeEachOther();
    void debugPlaces_data();
    void debugPlaces();
    void debugFolder();
    void severalModels();
    void equalModels();

private:
    QString write(const QString& name, const QByteArray& bytes);
    QTemporaryDir folder_;
};

namespace {

QByteArray repro(const QByteArray& forward, const QByteArray& inputs, const QByteArray& init = "") {
    return "import torch\nfrom torch.nn import *\nclass Repro(torch.nn.Module):\n    def __init__(self) -> "
           "None:\n"
           "        super().__init__()\n"
        + init + "\n    def forward(self, " + forward + "\n\ndef load_args(reader):\n" + inputs
        + "load_args._version = 0\nmod = Repro()\nif __name__ == '__main__':\n"
          "    from torch._dynamo.repro.after_aot import run_repro\n    with torch.no_grad():\n"
          "        run_repro(mod, load_args, accuracy=False, command='run', save_dir='/w/checkpoints', "
          "tracing_mode='real')\n";
}

QString typeOf(const GraphModule& module, const char* node) {
    const Body& body = module.bodies[0];
    const NodeId id = find_node(module, body, node);
    const ValueType* type = id ? module.type(body.node(id).type) : nullptr;
    return type ? text(module.text(type->text)) : QString();
}

} // namespace

QString TestScripts::write(const QString& name, const QByteArray& bytes) {
    const QString path = folder_.filePath(name);
    QDir().mkpath(QFileInfo(path).path());
    writeFile(path, bytes);
    return path;
}

void TestScripts::loadArgs() {
    const auto dump = open_dump({write("a.py",
        repro("arg0_1, arg1_1, arg2_1):\n        add = torch.ops.aten.add.Tensor(arg0_1, arg1_1);  arg0_1 = "
              "arg1_1 = None\n"
              "        return (add, arg2_1)",
            "    buf0 = reader.storage(None, 4096, device=device(type='cuda', index=0), "
            "dtype_hint=torch.bfloat16)\n"
            "    reader.tensor(buf0, (2, 3), (1, 2), dtype=torch.bfloat16, is_leaf=True)  # arg0_1\n"
            "    buf1 = reader.storage(None, 24)\n    reader.tensor(\n        buf1,\n        (2, 3),\n    )  "
            "# arg1_1\n"
            "    \"\"\"\n    reader.symint(3)\n    \"\"\"\n    reader.const('arg2_1')  # arg2_1, filtered "
            "out\n"))
                                     .toStdString()});
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    const GraphModule& m = *dump->graphs[0].module;
    QCOMPARE(typeOf(m, "arg0_1"), QStringLiteral("bf16[2, 3][1, 2]cuda:0"));
    QCOMPARE(typeOf(m, "arg1_1"), QStringLiteral("f32[2, 3][3, 1]cpu"));
    QCOMPARE(typeOf(m, "arg2_1"), QString());
    QCOMPARE(m.bodies[0].nodes.size(), size_t{5});
    // Lines are those of the script.
    QCOMPARE(dump->graphs[0].line, uint64_t{3});
    QCOMPARE(m.bodies[0].nodes[3].line, 8u);
}

void TestScripts::symbolsInOrder() {
    const auto dump = open_dump({write("b.py",
        repro("arg0_1, arg1_1, arg2_1):\n        return (arg2_1,)",
            "    reader.symint(3)  # arg0_1\n    reader.symint(90)  # arg1_1\n"
            "    buf0 = reader.storage(None, 4*s0*s1)\n    reader.tensor(buf0, (s0, s1), is_leaf=True)  # "
            "arg2_1\n"))
                                     .toStdString()});
    QVERIFY(dump.ok());
    const GraphModule& m = *dump->graphs[0].module;
    QCOMPARE(typeOf(m, "arg0_1"), QStringLiteral("Sym(s0)"));
    QCOMPARE(typeOf(m, "arg1_1"), QStringLiteral("Sym(s1)"));
    QCOMPARE(typeOf(m, "arg2_1"), QStringLiteral("f32[s0, s1]cpu"));
    QCOMPARE(dump->symbols.size(), size_t{2});
    QCOMPARE(QString::fromStdString(dump->symbols[1].value), QStringLiteral("90"));
    // What was concluded is said.
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY(dump->problems[0].severity == Severity::Note);
}

void TestScripts::symbolsTold() {
    const auto dump = open_dump({write("c.py",
        "s77 = 8\n"
            + repro("arg0_1, arg1_1):\n        return (arg1_1,)",
                "    reader.symint(8, expr='s77')  # arg0_1\n    buf0 = reader.storage(None, 64)\n"
                "    reader.tensor(buf0, (s77, 2*s77), (2*s77, 1), is_leaf=True)  # arg1_1\n"))
                                     .toStdString()});
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(typeOf(*dump->graphs[0].module, "arg1_1"), QStringLiteral("f32[s77, 2*s77][2*s77, 1]cpu"));
    QCOMPARE(QString::fromStdString(dump->symbols[0].value), QStringLiteral("8"));
}

// The first minifiers.
void TestScripts::argumentList() {
    const auto dump = open_dump({write("d.py",
        "import torch\nclass Repro(torch.nn.Module):\n    def forward(self, arg0_1, arg1_1):\n"
        "        mm = torch.ops.aten.mm.default(arg0_1, arg1_1);  arg0_1 = arg1_1 = None\n        return "
        "(mm,)\n\n"
        "args = [((48, 32), (1, 48), torch.float32, 'cuda'),\n        ((32, 64), (64, 1), torch.float16, "
        "'cpu', True)]\n"
        "args = [rand_strided(sh, st, dt, dev) for (sh, st, dt, dev) in args]\nmod = "
        "make_fx(Repro())(*args)\n")
                                     .toStdString()});
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(typeOf(*dump->graphs[0].module, "arg0_1"), QStringLiteral("f32[48, 32][1, 48]cuda"));
    QCOMPARE(typeOf(*dump->graphs[0].module, "arg1_1"), QStringLiteral("f16[32, 64][64, 1]cpu"));
}

// PyTorch 2.14 writes the bodies of regions as classes of their own.
void TestScripts::nestedClasses() {
    const QByteArray inner =
        "class inner_0(torch.nn.Module):\n    def forward(self, x):\n        return (x,)\n\n"
        "class subgraph_0_0(torch.nn.Module):\n    def __init__(self) -> None:\n"
        "        super().__init__()\n        self.repeated_subgraph0 = inner_0()\n"
        "    def forward(self, primals_0):\n        sin = torch.ops.aten.sin.default(primals_0)\n"
        "        return (sin,)\n\n";
    const auto dump = open_dump({write("e.py",
        inner
            + repro("primals_1):\n        a = self.partitioned_fw_subgraph_0_0\n"
                    "        b = torch.ops.higher_order.invoke_subgraph(a, 'partitioned_fw_subgraph_0_0', "
                    "primals_1);  a = None\n"
                    "        c = b[0];  b = None\n        return (c,)",
                "    buf0 = reader.storage(None, 16)\n    reader.tensor(buf0, (4,))  # primals_1\n",
                "        self.partitioned_fw_subgraph_0_0 = subgraph_0_0()\n"))
                                     .toStdString()});
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->graphs.size(), size_t{1});
    const GraphModule& m = *dump->graphs[0].module;
    QCOMPARE(m.bodies.size(), size_t{3});
    QCOMPARE(QString::fromStdString(body_path(m, BodyId(2))),
        QStringLiteral("partitioned_fw_subgraph_0_0.repeated_subgraph0"));
    const auto calls = region_calls(m, BodyId(0));
    QCOMPARE(calls.size(), size_t{1});
    QVERIFY(calls[0].body == BodyId(1));
}

void TestScripts::constants() {
    const auto dump = open_dump({write("f.py",
        repro("x):\n        _tensor_constant0 = self._tensor_constant0\n        _tensor_constant1 = "
              "self._tensor_constant1\n"
              "        add = torch.ops.aten.add.Tensor(x, _tensor_constant0)\n        return (add, "
              "_tensor_constant1)",
            "    buf0 = reader.storage(None, 16)\n    reader.tensor(buf0, (4,))  # x\n",
            "        self.register_buffer('_tensor_constant0', torch.randn([4], "
            "dtype=torch.float64).cuda())\n"
            "        self.register_buffer('_tensor_constant1', tensor([[1, 2, 3], [4, 5, 6]]))\n"))
                                     .toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(typeOf(*dump->graphs[0].module, "_tensor_constant0"), QStringLiteral("f64[4][1]cuda:0"));
    QCOMPARE(typeOf(*dump->graphs[0].module, "_tensor_constant1"), QStringLiteral("i64[2, 3][3, 1]cpu"));
}

void TestScripts::tooManyInputs() {
    const auto dump = open_dump({write(
        "g.py", repro("x):\n        return (x,)", "    reader.symint(1)  # x\n    reader.symint(2)  # y\n"))
                                     .toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY(dump->problems[0].severity == Severity::Warning);
    QVERIFY2(QString::fromStdString(dump->problems[0].message).contains("2 inputs, its forward takes 1"),
        dump->problems[0].message.c_str());
}

void TestScripts::savedStorages() {
    const QByteArray script = repro("x, y):\n        return (x, y)",
        "    buf0 = reader.storage('0a1b', 16)\n    reader.tensor(buf0, (2,), storage_offset=1)  # x\n"
        "    buf1 = reader.storage('ffff', 16)\n    reader.tensor(buf1, (4,))  # y\n");
    write("h/checkpoints/storages/0a1b", "a file of torch.save");
    const auto dump = open_dump({write("h/repro.py", script).toStdString()});
    QVERIFY(dump.ok());
    const auto& saved = dump->graphs[0].saved;
    QCOMPARE(saved.size(), size_t{1});
    QCOMPARE(QString::fromStdString(saved[0].name), QStringLiteral("x"));
    QVERIFY(QString::fromStdString(saved[0].path).endsWith("h/checkpoints/storages/0a1b"));
    QCOMPARE(saved[0].offset, int64_t{1});
    QCOMPARE(dump->problems.size(), size_t{1}); // of the other it is said that it is not here
}

// Twenty classes of which each makes the next one twice: a million bodies.
// The minifier after Dynamo (torch/_dynamo/repro/after_dynamo.py): parameters with Python's types, and other
// names for their nodes.
void TestScripts::dynamoRepro() {
    write("dynamo/storages/0a1b", QByteArray(16, '\0'));
    const QByteArray script =
        repro("L_x_ : torch.Tensor, L_w_ : torch.nn.parameter.Parameter, k : float = 1.5):\n"
              "        l_x_ = L_x_\n        l_w_ = L_w_\n"
              "        mul = l_x_ * l_w_;  l_x_ = l_w_ = None\n        return (mul,)\n",
            "    buf0 = reader.storage('0a1b', 16)\n    reader.tensor(buf0, (4,), is_leaf=True)  # L_x_\n"
            "    buf1 = reader.storage(None, 16)\n    reader.tensor(buf1, (4,), requires_grad=True)  # L_w_\n"
            "    reader.const('k')\n");
    const auto dump = open_dump({write("dynamo/repro.py", script).toStdString()});
    QVERIFY(dump.ok());
    const Graph& g = dump->graphs[0];
    QVERIFY2(typeOf(*g.module, "l_x_").startsWith("f32[4]"), qPrintable(typeOf(*g.module, "l_x_")));
    QVERIFY(typeOf(*g.module, "l_w_").startsWith("f32[4]"));
    QCOMPARE(typeOf(*g.module, "k"), QStringLiteral("float"));
    QCOMPARE(g.saved.size(), size_t{1});
    QCOMPARE(g.saved[0].name, std::string("l_x_"));
    // As it was before 2.1: a list of tuples, with what requires a gradient.
    const auto old = open_dump({write("old.py",
        "args = [((2, 4), (4, 1), torch.float32, 'cpu', True),\n ((4,), (1,), torch.int64, 'cpu', False)]\n"
        "args = [rand_strided(sh, st, dt, dev).requires_grad_(rg) for (sh, st, dt, dev, rg) in args]\n"
        "class Repro(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "    def forward(self, x : torch.Tensor, idx : torch.Tensor):\n"
        "        getitem = x[(slice(None, None, None), idx)];  x = idx = None\n        return "
        "(getitem,)\nmod = Repro()\n")
                                    .toStdString()});
    QVERIFY(old.ok());
    QVERIFY(typeOf(*old->graphs[0].module, "x").startsWith("f32[2, 4]"));
    QVERIFY(typeOf(*old->graphs[0].module, "idx").startsWith("i64[4]"));
}

// What PyTorch before 2.14 does not write stands in the graph beside, if that is the same graph.
void TestScripts::bodiesFromBeside() {
    const QByteArray calls =
        "        sub = self.sub\n"
        "        call = torch.ops.higher_order.invoke_subgraph(sub, 'sub', x);  sub = x = None\n"
        "        getitem = call[0];  call = None\n"
        "        return (getitem,)\n";
    const QByteArray script = repro("x):\n" + calls,
        "    buf0 = reader.storage(None, 16)\n    reader.tensor(buf0, (4,), is_leaf=True)\n",
        "        self.sub = GraphModule()\n");
    const QByteArray readable = "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[4]\"):\n"
        + calls
        + "    class sub(torch.nn.Module):\n        def forward(self, arg0_1: \"f32[4]\"):\n"
          "            # File: /w/a.py:3 in f, code: return x.sin()\n"
          "            sin: \"f32[4]\" = torch.ops.aten.sin.default(arg0_1);  arg0_1 = None\n            "
          "return (sin,)\n";
    const QString path = write("beside/x.py", script);
    const auto alone = open_dump({path.toStdString()});
    QVERIFY(alone.ok());
    QCOMPARE(alone->graphs[0].module->bodies.size(), size_t{1});
    QVERIFY2(problemText(alone->problems).contains("open it too"), qPrintable(problemText(alone->problems)));

    const QString other = write("beside/fx_graph_readable.py", readable);
    for (const bool given : {false, true}) {
        const auto dump =
            given ? open_dump({path.toStdString(), other.toStdString()}) : open_dump({path.toStdString()});
        QVERIFY(dump.ok());
        const GraphModule& module = *dump->graphs[0].module;
        QCOMPARE(module.bodies.size(), size_t{2});
        const Body& body = module.bodies[1];
        QCOMPARE(text(module.text(body.class_name)), QStringLiteral("sub"));
        QCOMPARE(body.parent, BodyId(0));
        QCOMPARE(text(module.text(body.nodes[1].target)), QStringLiteral("torch.ops.aten.sin.default"));
        QCOMPARE(text(module.text(module.type(body.nodes[1].type)->text)), QStringLiteral("f32[4]"));
        QCOMPARE(text(module.text(module.source(body.nodes[1].source)->file)), QStringLiteral("/w/a.py"));
        QCOMPARE(region_calls(module, BodyId(0))[0].body, BodyId(1));
        QVERIFY2(problemText(dump->problems).contains("that the script lacks (sub) is taken from"),
            qPrintable(problemText(dump->problems)));
    }
    // Another graph's bodies are not taken.
    write("beside/fx_graph_readable.py",
        QByteArray(readable).replace("call[0]", "call[1]").replace("getitem", "item"));
    const auto other_graph = open_dump({path.toStdString()});
    QVERIFY(other_graph.ok());
    QCOMPARE(other_graph->graphs[0].module->bodies.size(), size_t{1});
}

void TestScripts::classesThatMakeEachOther() {
    QByteArray classes;
    for (int i = 30; i > 0; --i)
        classes += "class c" + QByteArray::number(i)
            + "(torch.nn.Module):\n    def __init__(self):\n        self.a = c" + QByteArray::number(i + 1)
            + "()\n        self.b = c" + QByteArray::number(i + 1)
            + "()\n    def forward(self, x):\n        return (x,)\n\n";
    classes.prepend("class c31(torch.nn.Module):\n    def forward(self, x):\n        return (x,)\n\n");
    const auto script = read::read_script((
        classes + repro("x):\n        return (x,)", "    reader.symint(1)  # x\n", "        self.a = c1()\n"))
                                              .toStdString());
    QVERIFY(script);
    QVERIFY(script->text.size() < (size_t{80} << 20));
    QVERIFY(!script->notes.empty());
}

void TestScripts::debugPlaces_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<int>("role");
    QTest::addColumn<int>("model");
    QTest::addColumn<QString>("stage");
    using Role = read::DebugPlace::Role;
    const auto row = [](const char* path, Role role, int model, const char* stage) {
        QTest::newRow(path) << QString::fromLatin1(path) << static_cast<int>(role) << model
                            << QString::fromLatin1(stage);
    };
    row("t/run_1-pid_2/torchinductor/model__0_forward_1.0/fx_graph_readable.py", Role::Readable, 0,
        "forward");
    row("model__12_backward_3.1/fx_graph_transformed.py", Role::Transformed, 12, "backward");
    row("x/model__0_inference_0.0/fx_graph_runnable.py", Role::Runnable, 0, "inference");
    row("x/model__0_inference_0.0/output_code.py", Role::Other, 0, "inference");
    row("run/torchdynamo/debug.log", Role::DynamoLog, -1, "");
    row("run/torchinductor/aot_model___0_debug.log", Role::AotLog, -1, "");
}

void TestScripts::debugPlaces() {
    QFETCH(QString, path);
    QFETCH(int, role);
    QFETCH(int, model);
    QFETCH(QString, stage);
    const auto place = read::debug_place(path.toStdString());
    QVERIFY(place);
    QCOMPARE(static_cast<int>(place->role), role);
    QCOMPARE(place->model.value_or(-1), model);
    QCOMPARE(place->stage ? text(stage_name(*place->stage)) : QString(), stage);
    for (const char* other :
        {"models/forward_1.0/fx_graph_readable.py", "a__b_forward_1/x.py", "debug.log", "a__0_joined_1.0/x"})
        QVERIFY(!read::debug_place(other));
}

namespace {

QByteArray graphText(const QByteArray& name, const QByteArray& op) {
    return "class GraphModule(torch.nn.Module):\n    def forward(self, " + name
        + ": \"f32[4]\"):\n        a: \"f32[4]\" = torch.ops.aten." + op + ".default(" + name + ");  " + name
        + " = None\n        return (a,)\n";
}

} // namespace

void TestScripts::debugFolder() {
    const QString run =
        QStringLiteral("i/a/b/c/d/torch_compile_debug/run_2026_05_04_10_11_12_131415-pid_777/");
    write(run + "torchdynamo/debug.log",
        "block: Installing subgraph with identifier 'subgraph_0', bringing total count for 'block' function "
        "to 1\n"
        "Number of guards 26\nsubgraph_reuse: cache hit for 'UserFunctionVariable()', reusing subgraph "
        "'subgraph_0'\n"
        "TRACED GRAPH\n ===== __compiled_fn_1 =====\n /x/_lazy_graph_module.py "
            + graphText("l_x_", "relu"));
    write(run + "torchinductor/aot_model___0_debug.log", "");
    write(run + "torchinductor/model__0_backward_3.1/fx_graph_readable.py", graphText("tangents_1", "neg"));
    write(run + "torchinductor/model__0_forward_1.0/fx_graph_readable.py", graphText("primals_1", "sin"));
    write(run + "torchinductor/model__0_forward_1.0/fx_graph_transformed.py", graphText("primals_1", "sin"));
    write(run + "torchinductor/model__0_forward_1.0/output_code.py", "class Runner:\n    pass\n");
    const auto dump = open_dump({folder_.filePath("i").toStdString()});
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->compilations.size(), size_t{1});
    QStringList stages;
    for (const Graph& g : dump->graphs)
        stages << text(stage_name(g.stage)) + '/' + QString::fromStdString(g.label);
    QCOMPARE(stages,
        (QStringList{"dynamo/", "forward/", "post_grad/fx_graph_transformed (forward)", "backward/"}));
    QCOMPARE(dump->messages.size(), size_t{3});
    QCOMPARE(dump->artifacts.size(), size_t{1});
    QVERIFY(dump->artifacts[0].compilation == CompilationId(0));
}

void TestScripts::severalModels() {
    for (const char* model : {"0", "1"})
        for (const char* stage : {"forward_1.0", "backward_3.1"})
            write(QStringLiteral("j/torchinductor/model__%1_%2/fx_graph_readable.py").arg(model, stage),
                graphText(QByteArray("x_") + model + "_" + QByteArray(stage).left(3), "sin"));
    const auto dump = open_dump({folder_.filePath("j").toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->compilations.size(), size_t{2});
    QCOMPARE(dump->graphs.size(), size_t{4});
    QCOMPARE(QString::fromStdString(address_of(*dump, GraphId(0))), QStringLiteral("model0:forward"));
    const auto place = resolve(*dump, "model1:backward");
    QVERIFY2(place.ok(), place.ok() ? "" : place.error().text().c_str());
}

// Two models that are equal are two compilations all the same.
void TestScripts::equalModels() {
    for (const char* model : {"0", "1"})
        write(QStringLiteral("k/torchinductor/model__%1_inference_%1.0/fx_graph_readable.py").arg(model),
            graphText("x_1", "sin"));
    const auto dump = open_dump({folder_.filePath("k").toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->compilations.size(), size_t{2});
    QCOMPARE(dump->graphs.size(), size_t{2});
    for (size_t c = 0; c < 2; ++c)
        QCOMPARE(dump->compilations[c].graphs.size(), size_t{1});

    // Beside a log that has both, each is of one of its compilations.
    const QByteArray prefix = "V0731 10:08:20.100000 7 torch/_inductor/compile_fx.py:1] [%1] [__aot_graphs] ";
    QByteArray log;
    for (const char* id : {"0/0", "1/0"})
        for (const QByteArray& line :
            ("TRACED GRAPH\n ===== Inference graph 0 =====\n " + graphText("x_1", "sin")).split('\n'))
            log += QByteArray(prefix).replace("%1", id) + line + '\n';
    write("both.log", log);
    const auto both =
        open_dump({folder_.filePath("both.log").toStdString(), folder_.filePath("k").toStdString()});
    QVERIFY(both.ok());
    QCOMPARE(both->compilations.size(), size_t{2});
    QCOMPARE(both->graphs.size(), size_t{2});
    for (const Graph& g : both->graphs)
        QCOMPARE(g.also.size(), size_t{1});
}

QTEST_APPLESS_MAIN(TestScripts)
#include "tst_scripts.moc"
