// print_readable text: how a forward begins and ends.
#include "core/read/readable.h"
#include "tests/read/described.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestSignatures : public QObject {
    Q_OBJECT

private slots:
    void signatures_data();
    void signatures();
    void results_data();
    void results();
    void expandedSignature();
    void pytreeSignature_data();
    void pytreeSignature();
    void expandedPytreeSignature();
    void otherCodegens_data();
    void otherCodegens();
    void boxedArguments();
    void droppedPlaceholdersAreGone();
};

void TestSignatures::signatures_data() {
    QTest::addColumn<QString>("signature");
    QTest::addColumn<QString>("expected"); // "target:name[:type][=default]" each
    QTest::newRow("none") << "def forward(self):"
                          << "";
    QTest::newRow("plain") << "def forward(self, x, y):"
                           << "x y";
    QTest::newRow("quoted annotations") << "def forward(self, x: \"f32[4, 2][2, 1]cpu\", s77: \"Sym(s77)\"):"
                                        << "x:f32[4, 2][2, 1]cpu s77:Sym(s77)";
    QTest::newRow("old unquoted annotations") << "def forward(self, L_x_ : torch.Tensor, s0 : torch.SymInt):"
                                              << "L_x_:torch.Tensor s0:torch.SymInt";
    QTest::newRow("old annotation with brackets")
        << "def forward(self, x : typing.List[torch.Tensor], y: f32[2, 3]):"
        << "x:typing.List[torch.Tensor] y:f32[2, 3]";
    QTest::newRow("defaults") << "def forward(self, x, y: \"f32[4]\" = None, z = (1, 'a, b')):"
                              << "x y:f32[4]=none z=tuple(int:1 string:'a, b')";
    QTest::newRow("star arguments") << "def forward(self, *args, **kwargs):"
                                    << "*args **kwargs";
    QTest::newRow("return annotation") << "def forward(self, x) -> \"f32[4]\":"
                                       << "x";
    QTest::newRow("no self") << "def forward(x, y):"
                             << "x y";
    QTest::newRow("subclass") << "def forward(self, x: \"DTensor(f32[8, 8], S(0))\", y):"
                              << "x:DTensor(f32[8, 8], S(0)) y";
}

void TestSignatures::signatures() {
    QFETCH(QString, signature);
    QFETCH(QString, expected);
    const ReadText read = readText(
        ("class GraphModule(torch.nn.Module):\n    " + signature + "\n        return ()\n").toStdString());
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const Body& body = m.bodies[0];
    QStringList found;
    for (size_t i = 0; i < body.placeholder_count(); ++i) {
        const Node& n = body.nodes[i];
        QString words = test::text(m.text(n.target));
        if (const ValueType* type = m.type(n.type))
            words += ':' + test::text(m.text(type->text));
        if (n.args_end > n.args_begin)
            words += '=' + described(m, body, body.args_of(n));
        found << words;
    }
    QCOMPARE(found.join(' '), expected);
}

void TestSignatures::results_data() {
    QTest::addColumn<QString>("result");
    QTest::addColumn<QString>("expected");
    QTest::newRow("tuple") << "return (x, None)"
                           << "tuple(node:x none)";
    QTest::newRow("one") << "return (x,)"
                         << "tuple(node:x)";
    QTest::newRow("empty") << "return ()"
                           << "tuple()";
    QTest::newRow("bare node") << "return x"
                               << "node:x";
    QTest::newRow("list") << "return [x, y]"
                          << "list(node:x node:y)";
    QTest::newRow("dict") << "return {'k': x}"
                          << "dict(string:'k' node:x)";
    QTest::newRow("nested") << "return ((x,), {'k': [y]})"
                            << "tuple(tuple(node:x) dict(string:'k' list(node:y)))";
    QTest::newRow("nothing") << "return"
                             << "none";
    QTest::newRow("None") << "return None"
                          << "none";
    QTest::newRow("constants") << "return (x, 3, 'a')"
                               << "tuple(node:x int:3 string:'a')";
    QTest::newRow("pytree") << "return pytree.tree_unflatten([x, None], self._out_spec)"
                            << "list(node:x none)";
    QTest::newRow("bytecode") << "return self._dynamo_bytecode_unflatten((x,), _fn_args)"
                              << "tuple(node:x)";
    QTest::newRow("shuffled") << "return pytree.tree_unflatten(self._out_shuffle_graph(x, y), self._out_spec)"
                              << "call:self._out_shuffle_graph(node:x node:y)";
    QTest::newRow("expanded") << "return (\n    x,  # PlainAOTOutput(idx=0)\n    None,  # None\n)"
                              << "tuple(node:x none)";
    QTest::newRow("expanded pytree")
        << "return pytree.tree_unflatten([\n    x,  # PlainAOTOutput(idx=0)\n    y,\n], self._out_spec)"
        << "list(node:x node:y)";
}

void TestSignatures::results() {
    QFETCH(QString, result);
    QFETCH(QString, expected);
    const QString text = "class GraphModule(torch.nn.Module):\n    def forward(self, x, y):\n        "
        + QString(result).replace('\n', "\n        ") + '\n';
    const ReadText read = readText(text.toStdString());
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const Body& body = read.module->bodies[0];
    QCOMPARE(body.nodes.size(), size_t{3});
    QVERIFY(body.nodes[2].op == Opcode::Output);
    QCOMPARE(test::text(read.module->text(body.nodes[2].name)), QStringLiteral("output"));
    QCOMPARE(described(*read.module, body, body.args_of(body.nodes[2])), expected);
}

void TestSignatures::expandedSignature() {
    const ReadText read = readText(
        "class <lambda>(torch.nn.Module):\n"
        "    def forward(\n"
        "        self,\n"
        "        arg0_1: \"f32[16, 8][8, 1]cuda:0\",  # PlainAOTInput(idx=0)\n"
        "        arg1_1: \"Sym(s77)\",  # TangentAOTInput(output=PlainAOTOutput(idx=0))\n"
        "        mm: \"f32[16, 8][8, 1]cuda:0\",\n"
        "    ):\n"
        "        add: \"f32[16, 8][8, 1]cuda:0\" = torch.ops.aten.add.Tensor(arg0_1, 1);  arg0_1 = None\n"
        "        return (\n"
        "            add,  # PlainAOTOutput(idx=0)\n"
        "            None,  # None\n"
        "            mm,\n"
        "        )\n"
        "        \n");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const Body& body = m.bodies[0];
    QCOMPARE(test::text(m.text(body.class_name)), QStringLiteral("<lambda>"));
    QCOMPARE(body.placeholder_count(), size_t{3});
    QCOMPARE(test::text(m.text(body.nodes[0].descriptor)), QStringLiteral("PlainAOTInput(idx=0)"));
    QCOMPARE(test::text(m.text(body.nodes[1].descriptor)),
        QStringLiteral("TangentAOTInput(output=PlainAOTOutput(idx=0))"));
    QVERIFY(!body.nodes[2].descriptor.valid());
    QCOMPARE(body.nodes[1].line, 5U);
    QCOMPARE(body.output_descriptors.size(), size_t{3});
    QCOMPARE(test::text(m.text(body.output_descriptors[0])), QStringLiteral("PlainAOTOutput(idx=0)"));
    QCOMPARE(test::text(m.text(body.output_descriptors[1])), QStringLiteral("None"));
    QVERIFY(!body.output_descriptors[2].valid());
    QCOMPARE(
        described(m, body, body.args_of(body.nodes.back())), QStringLiteral("tuple(node:add none node:mm)"));
    QCOMPARE(body.nodes.back().line, 9U);
}

void TestSignatures::pytreeSignature_data() {
    QTest::addColumn<QString>("annotations");
    QTest::addColumn<QString>("flatten");
    const QString names = "primals_1, primals_2, tangents_1, = ";
    const QString spec = "fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)";
    QTest::newRow("2.13")
        << "primals_1: \"f32[4, 2][2, 1]cpu\"; primals_2: \"Sym(s77)\"; tangents_1: \"f32[4][1]cpu\"; "
        << names + spec;
    QTest::newRow("2.14")
        << "primals_1: \"f32[4, 2][2, 1]cpu\"; primals_2: \"Sym(s77)\"; tangents_1: \"f32[4][1]cpu\";"
        << names + spec;
    QTest::newRow("keywords")
        << "primals_1: \"f32[4, 2][2, 1]cpu\"; primals_2: \"Sym(s77)\"; tangents_1: \"f32[4][1]cpu\"; "
        << names + "fx_pytree.tree_flatten_spec(([primals], {'k':k}), self._in_spec)";
    QTest::newRow("tree_leaves")
        << "primals_1: \"f32[4, 2][2, 1]cpu\"; primals_2: \"Sym(s77)\"; tangents_1: \"f32[4][1]cpu\"; "
        << names + "pytree.tree_leaves((self, primals, tangents,))";
    QTest::newRow("no annotations") << "" << names + spec;
    QTest::newRow("nothing to flatten") << "" << names + "fx_pytree.tree_flatten_spec([], self._in_spec)";
}

void TestSignatures::pytreeSignature() {
    QFETCH(QString, annotations);
    QFETCH(QString, flatten);
    const ReadText read =
        readText(("class joint_helper(torch.nn.Module):\n    def forward(self, primals, tangents):\n        "
            + annotations + "\n\n        " + flatten
            + "\n        # File: /p/f.py:1 in f, code: a\n        add = torch.ops.aten.add.Tensor(primals_1, "
              "tangents_1);  primals_1 = tangents_1 = None\n"
              "        return pytree.tree_unflatten([add, None], self._out_spec)\n")
                     .toStdString());
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const Body& body = m.bodies[0];
    QCOMPARE(body.placeholder_count(), size_t{3});
    QCOMPARE(body.nodes.size(), size_t{5});
    const char* const names[]{"primals_1", "primals_2", "tangents_1"};
    const char* const types[]{"f32[4, 2][2, 1]cpu", "Sym(s77)", "f32[4][1]cpu"};
    for (size_t i = 0; i < 3; ++i) {
        QCOMPARE(test::text(m.text(body.nodes[i].name)), QString::fromLatin1(names[i]));
        const ValueType* type = m.type(body.nodes[i].type);
        QCOMPARE(type ? test::text(m.text(type->text)) : QString(),
            annotations.isEmpty() ? QString() : QString::fromLatin1(types[i]));
    }
    QCOMPARE(
        described(m, body, body.args_of(body.nodes[3])), QStringLiteral("node:primals_1 node:tangents_1"));
}

void TestSignatures::expandedPytreeSignature() {
    const ReadText read = readText(
        "class inner_f(torch.nn.Module):\n"
        "    def forward(\n"
        "        self,\n"
        "        primals,\n"
        "        tangents,\n"
        "    ):\n"
        "        primals_1: \"f32[4][1]cpu\"  # PlainAOTInput(idx=0)\n"
        "        tangents_1: \"f32[4][1]cpu\"  # TangentAOTInput(output=PlainAOTOutput(idx=0))\n"
        "        primals_1, tangents_1, = fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)\n"
        "        # File: /p/f.py:1 in f, code: a\n"
        "        sin: \"f32[4][1]cpu\" = torch.ops.aten.sin.default(primals_1)\n"
        "        return pytree.tree_unflatten([\n"
        "            sin,  # PlainAOTOutput(idx=0)\n"
        "            None,  # GradAOTOutput(grad_of=PlainAOTInput(idx=0))\n"
        "        ], self._out_spec)\n");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const Body& body = m.bodies[0];
    QCOMPARE(body.placeholder_count(), size_t{2});
    QCOMPARE(test::text(m.text(body.nodes[1].descriptor)),
        QStringLiteral("TangentAOTInput(output=PlainAOTOutput(idx=0))"));
    QVERIFY(m.type(body.nodes[0].type));
    QCOMPARE(test::text(m.text(body.output_descriptors.at(1))),
        QStringLiteral("GradAOTOutput(grad_of=PlainAOTInput(idx=0))"));
    QCOMPARE(described(m, body, body.args_of(body.nodes.back())), QStringLiteral("list(node:sin none)"));
}

void TestSignatures::otherCodegens_data() {
    QTest::addColumn<QString>("head");
    QTest::newRow("boxed") << "def forward(self, args_list):\n    args_iter = iter(args_list)\n    a = "
                              "next(args_iter)\n    b = next(args_iter)\n    args_list.clear()";
    QTest::newRow("Dynamo's export capture") << "def forward(self, x):\n    _fn_args = (x, )\n    a, b, = "
                                                "self._dynamo_bytecode_flatten(*_fn_args)";
    QTest::newRow("export codegen") << "def forward(self, x):\n    a, b, = self._in_shuffle_graph(x)";
    QTest::newRow("aliases") << "def forward(self, L_a_: \"f32[4]\", L_b_):\n    a = L_a_\n    b = L_b_";
    QTest::newRow("wrapped functions") << "wrap(\"my_fn\")\n@torch.no_grad()\ndef forward(self, a, b):";
}

void TestSignatures::otherCodegens() {
    QFETCH(QString, head);
    const ReadText read = readText(("class GraphModule(torch.nn.Module):\n    "
        + QString(head).replace('\n', "\n    ") + "\n        c = a + b;  a = b = None\n        return (c,)\n")
                                       .toStdString());
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const Body& body = m.bodies[0];
    QCOMPARE(body.nodes.size(), size_t{4});
    QCOMPARE(body.placeholder_count(), size_t{2});
    QCOMPARE(test::text(m.text(body.nodes[0].name)), QStringLiteral("a"));
    QCOMPARE(test::text(m.text(body.nodes[1].name)), QStringLiteral("b"));
    QCOMPARE(
        describedNode(m, body, body.nodes[2]), QStringLiteral("call_function operator.add | node:a node:b"));
}

// 2.14: the list is written on a line of its own and is no node.
void TestSignatures::boxedArguments() {
    const ReadText read = readBody("call_boxed_arg_0 = [x, y];  x = y = None\ncall = "
                                   "torch.ops.higher_order.f(z, call_boxed_arg_0);  call_boxed_arg_0 = None");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    QCOMPARE(m.bodies[0].nodes.size(), size_t{5});
    QCOMPARE(describedNode(m, m.bodies[0], m.bodies[0].nodes[3]),
        QStringLiteral("call_function torch.ops.higher_order.f | node:z list(node:x node:y)"));
    QCOMPARE(m.bodies[0].inputs_of(m.bodies[0].nodes[3]).size(), size_t{3});
}

// `return (C, B)` speaks of parameters that the flatten line replaced: no node has their names any more.
void TestSignatures::droppedPlaceholdersAreGone() {
    const ReadText read =
        readText("class GraphModule(torch.nn.Module):\n    def forward(self, A, B, C):\n        c = C\n"
                 "        x, = fx_pytree.tree_flatten_spec([A], self._in_spec)\n        return (C, B, x)\n");
    QVERIFY(read.module);
    const Body& body = read.module->bodies[0];
    // What the return speaks of is not defined any more: two inputs are made for it, and said.
    QCOMPARE(body.nodes.size(), size_t{4});
    QCOMPARE(read.problems.size(), size_t{2});
    QVERIFY(read.problems[0].severity == Severity::Note);
    QVERIFY(test::text(read.problems[0].message).startsWith("'C' is not defined in this text"));
    QCOMPARE(
        test::text(read.module->text(body.nodes[1].descriptor)), QStringLiteral("not defined in this text"));
    QCOMPARE(described(*read.module, body, body.args_of(body.nodes[3])),
        QStringLiteral("tuple(node:C node:B node:x)"));
}

QTEST_GUILESS_MAIN(TestSignatures)
#include "tst_signatures.moc"
