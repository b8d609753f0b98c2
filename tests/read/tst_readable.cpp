// print_readable text, form by form: statements, their arguments and types.
#include "core/graph/print.h"
#include "core/read/readable.h"
#include "tests/read/described.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestReadable : public QObject {
    Q_OBJECT

private slots:
    void statements_data();
    void statements();
    void arguments_data();
    void arguments();
    void badStatements_data();
    void badStatements();
    void types_data();
    void types();
    void annotationForms();
    void unreadStatementsKeepTheirEdges();
};

void TestReadable::statements_data() {
    QTest::addColumn<QString>("statement");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const char* statement, const char* expected) {
        QTest::newRow(name) << QString::fromUtf8(statement) << QString::fromUtf8(expected);
    };
    row("free function", "v = torch.ops.aten.add.Tensor(x, 1, alpha = 2)",
        "call_function torch.ops.aten.add.Tensor | node:x int:1 kw:alpha(int:2)");
    row("no arguments", "v = torch.ops.prims._make_token.default()",
        "call_function torch.ops.prims._make_token.default | ");
    row("underscored module", "v = _operator_not_(x)", "call_function _operator_not_ | node:x");
    row("builtin by its bare name", "v = max(x, y)", "call_function max | node:x node:y");
    row("getattr with a default", "v = getattr(x, 'T')", "call_function getattr | node:x string:'T'");
    row("torch function", "v = torch.nn.functional.silu(x, inplace = False)",
        "call_function torch.nn.functional.silu | node:x kw:inplace(bool:False)");
    row("no value used", "v = torch._C._set_grad_enabled(False);  v = None",
        "call_function torch._C._set_grad_enabled | bool:False");
    row("deletions", "v = torch.relu(x);  x = y = None", "call_function torch.relu | node:x");
    row("add", "v = x + y", "call_function operator.add | node:x node:y");
    row("sub", "v = x - 1", "call_function operator.sub | node:x int:1");
    row("reflected", "v = 1 - x", "call_function operator.sub | int:1 node:x");
    row("mul by a float", "v = x * 2.0", "call_function operator.mul | node:x float:2.0");
    row("minus one", "v = x + -1", "call_function operator.add | node:x int:-1");
    row("truediv", "v = x / y", "call_function operator.truediv | node:x node:y");
    row("floordiv", "v = x // 2", "call_function operator.floordiv | node:x int:2");
    row("pow", "v = x ** 2", "call_function operator.pow | node:x int:2");
    row("matmul", "v = x @ y", "call_function operator.matmul | node:x node:y");
    row("mod", "v = x % 2", "call_function operator.mod | node:x int:2");
    row("and", "v = x & y", "call_function operator.and_ | node:x node:y");
    row("or", "v = x | y", "call_function operator.or_ | node:x node:y");
    row("xor", "v = x ^ y", "call_function operator.xor | node:x node:y");
    row("shift", "v = x << 2", "call_function operator.lshift | node:x int:2");
    row("eq", "v = x == y", "call_function operator.eq | node:x node:y");
    row("ne", "v = x != y", "call_function operator.ne | node:x node:y");
    row("lt", "v = x < 3", "call_function operator.lt | node:x int:3");
    row("ge", "v = x >= 3", "call_function operator.ge | node:x int:3");
    row("neg", "v = -x", "call_function operator.neg | node:x");
    row("pos", "v = +x", "call_function operator.pos | node:x");
    row("invert", "v = ~x", "call_function operator.invert | node:x");
    row("getitem", "v = x[0]", "call_function operator.getitem | node:x int:0");
    row("getitem by a tuple", "v = x[(slice(None, 2, None), None)]",
        "call_function operator.getitem | node:x tuple(slice(none int:2 none) none)");
    row("getitem by a string", "v = x['k]']", "call_function operator.getitem | node:x string:'k]'");
    row("getitem by a node", "v = x[y]", "call_function operator.getitem | node:x node:y");
    row("in place", "x += 1;  v = x;  x = None", "call_function operator.iadd | node:x int:1");
    row("in place, matmul", "x @= y;  v = x", "call_function operator.imatmul | node:x node:y");
    row("in place, floordiv", "x //= 2;  v = x", "call_function operator.ifloordiv | node:x int:2");
    row("setitem", "x[(slice(None, None, None), 2)] = y;  v = x;  y = v = None",
        "call_function operator.setitem | node:x tuple(slice(none none none) int:2) node:y");
    row("setitem by a string", "x['a;  b'] = y;  v = x",
        "call_function operator.setitem | node:x string:'a;  b' node:y");
    row("attribute of a value", "v = x.T", "call_function builtins.getattr | node:x string:\"T\"");
    row("method", "v = x.view(-1, 2)", "call_method view | node:x int:-1 int:2");
    row("method without arguments", "v = x.item()", "call_method item | node:x");
    row("method with a keyword", "v = x.sum(dim = (0, 1), keepdim = True)",
        "call_method sum | node:x kw:dim(tuple(int:0 int:1)) kw:keepdim(bool:True)");
    row("get_attr", "v = self.w", "get_attr w | ");
    row("get_attr of a path", "v = self.layers.lin.weight", "get_attr layers.lin.weight | ");
    row("get_attr of a number", "v = getattr(self, \"0\")", "get_attr 0 | ");
    row("get_attr through numbers", "v = getattr(getattr(self.a, \"0\").b, \"1\").c",
        "get_attr a.0.b.1.c | ");
    row("call_module", "v = self.layers.lin(x)", "call_module layers.lin | node:x");
    row("call_module through a number", "v = getattr(self.layers, \"0\")(x, y)",
        "call_module layers.0 | node:x node:y");
    row("call_module through numbers", "v = getattr(getattr(self.a, \"0\").b, \"1\")(x)",
        "call_module a.0.b.1 | node:x");
    row("quotes, brackets and ';  ' in a string", R"(v = f(x, 'a;  b = None', "it's", '([{', 'q\'"'))",
        R"(call_function f | node:x string:'a;  b = None' string:"it's" string:'([{' string:'q\'"')");
    row("kwargs that are dicts", "v = f(x, kwargs = {'a': y, 'b': 1})",
        "call_function f | node:x kw:kwargs(dict(string:'a' node:y string:'b' int:1))");
}

void TestReadable::statements() {
    QFETCH(QString, statement);
    QFETCH(QString, expected);
    const ReadText read = readBody(statement);
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    QCOMPARE(m.bodies[0].nodes.size(), size_t{5}); // x, y, z, the statement's, output
    const Node& n = m.bodies[0].nodes[3];
    QCOMPARE(test::text(m.text(n.name)), QStringLiteral("v"));
    QCOMPARE(describedNode(m, m.bodies[0], n), expected);
    QCOMPARE(n.line, 3U);
    // What was read prints as it was written.
    const QString printed = QString::fromStdString(print_statement(m, BodyId(0), NodeId(3)));
    QVERIFY2(statement == printed || statement.startsWith(printed + ";  "), qPrintable(printed));
}

void TestReadable::arguments_data() {
    QTest::addColumn<QString>("argument");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* argument, const char* expected) {
        QTest::newRow(argument) << QString::fromUtf8(argument) << QString::fromUtf8(expected);
    };
    row("x", "node:x");
    row("None", "none");
    row("True", "bool:True");
    row("False", "bool:False");
    row("0", "int:0");
    row("-1", "int:-1");
    row("9223372036854775807", "int:9223372036854775807");
    row("1e-05", "float:1e-05");
    row("1e+20", "float:1e+20");
    row("-0.5", "float:-0.5");
    row("inf", "float:inf");
    row("-inf", "float:-inf");
    row("nan", "float:nan");
    row("1j", "complex:1j");
    row("complex(0.0, 1.0)", "complex:complex(0.0, 1.0)");
    row("complex(nan, -inf)", "complex:complex(nan, -inf)");
    row("'nf4'", "string:'nf4'");
    row("'a\\nb\\x00'", "string:'a\\nb\\x00'");
    row("'it\\'s'", "string:'it\\'s'");
    row("\"it's\"", "string:\"it's\"");
    row("''", "string:''");
    row("b'raw'", "string:b'raw'");
    row("'é€'", "string:'é€'");
    row("()", "tuple()");
    row("(x,)", "tuple(node:x)");
    row("(x, 1)", "tuple(node:x int:1)");
    row("[]", "list()");
    row("[2, 4]", "list(int:2 int:4)");
    row("[None, [1, 2], (x, [y])]", "list(none list(int:1 int:2) tuple(node:x list(node:y)))");
    row("{}", "dict()");
    row("{'k': x, 0: [y]}", "dict(string:'k' node:x int:0 list(node:y))");
    row("slice(None, 2, None)", "slice(none int:2 none)");
    row("slice(x, y, -1)", "slice(node:x node:y int:-1)");
    row("Ellipsis", "ellipsis");
    row("(Ellipsis, None)", "tuple(ellipsis none)");
    row("range(0, 4)", "range(int:0 int:4)");
    row("torch.float32", "dtype:torch.float32");
    row("torch.float8_e4m3fn", "dtype:torch.float8_e4m3fn");
    row("torch.strided", "layout:torch.strided");
    row("torch.jagged", "layout:torch.jagged");
    row("torch.preserve_format", "format:torch.preserve_format");
    row("torch.channels_last", "format:torch.channels_last");
    row("torch.per_tensor_affine", "operator:torch.per_tensor_affine");
    row("device(type='cuda', index=0)", "device:device(type='cuda', index=0)");
    row("device(type='cpu')", "device:device(type='cpu')");
    row("torch.ops.aten.sin.default", "operator:torch.ops.aten.sin.default");
    row("torch.ops.higher_order.invoke_subgraph", "operator:torch.ops.higher_order.invoke_subgraph");
    row("self._in_spec", "attribute:self._in_spec");
    row("s77", "symbol:s77");
    row("2*s77", "symbol:2*s77");
    row("2*s77 + 1", "symbol:2*s77 + 1");
    row("(s77//2)", "symbol:(s77//2)");
    row("((-u0)//3) + 5", "symbol:((-u0)//3) + 5");
    row("s77**2", "symbol:s77**2");
    row("[s77, (s77//2), 2*s77]", "list(symbol:s77 symbol:(s77//2) symbol:2*s77)");
    row("s77 >= 3", "symbol:s77 >= 3");
    row("my_pkg_Color.RED", "opaque:my_pkg_Color.RED");
    row("Point(x, 2)", "call:Point(node:x int:2)");
    row("Point(field0 = x, field1 = 2)", "call:Point(kw:field0(node:x) kw:field1(int:2))");
    row("torch.Tensor(size=[2], dtype=float32)",
        "call:torch.Tensor(kw:size(list(int:2)) kw:dtype(symbol:float32))");
    row("<torch.utils.X object at 0x7f00>", "opaque:<torch.utils.X object at 0x7f00>");
    row("<built-in method f of type object>", "opaque:<built-in method f of type object>");
    row("<a, b>", "opaque:<a, b>");
    row("functools.partial(<built-in function add>, 1)",
        "call:functools.partial(opaque:<built-in function add> int:1)");
}

void TestReadable::arguments() {
    QFETCH(QString, argument);
    QFETCH(QString, expected);
    // Alone, as a keyword's value, and among others, where a delimiter ends it.
    for (const QString& form :
        {QStringLiteral("f(%1)"), QStringLiteral("f(k = %1)"), QStringLiteral("f((y, %1, z), %1)")}) {
        const ReadText read = readBody("v = " + QString(form).replace("%1", argument) + ";  y = None");
        QVERIFY(read.module);
        QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
        const GraphModule& m = *read.module;
        const Node& n = m.bodies[0].nodes[3];
        QString all = described(m, m.bodies[0], m.bodies[0].args_of(n));
        if (form == "f(%1)")
            QCOMPARE(all, expected);
        else if (form == "f(k = %1)")
            QCOMPARE(all, "kw:k(" + expected + ')');
        else
            QCOMPARE(all, "tuple(node:y " + expected + " node:z) " + expected);
    }
    // As what is returned.
    const ReadText read =
        readText(("class GraphModule(torch.nn.Module):\n    def forward(self, x, y):\n        return ("
            + argument + ", x)\n")
                     .toStdString());
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const Body& body = read.module->bodies[0];
    QCOMPARE(
        described(*read.module, body, body.args_of(body.nodes.back())), "tuple(" + expected + " node:x)");
}

void TestReadable::badStatements_data() {
    QTest::addColumn<QString>("statement");
    QTest::addColumn<bool>("keepsNode"); // its name and place are known
    QTest::newRow("words") << "this is no statement" << false;
    QTest::newRow("unclosed bracket") << "v = f(x" << true;
    QTest::newRow("unclosed quote") << "v = f('x)" << true;
    QTest::newRow("closes too often") << "v = f(x))" << true;
    QTest::newRow("nothing assigned") << "v = " << false;
    QTest::newRow("two values") << "v = x y" << true;
    QTest::newRow("no comma") << "v = f(x y) z" << true;
}

void TestReadable::badStatements() {
    QFETCH(QString, statement);
    QFETCH(bool, keepsNode);
    const ReadText read = readBody("a = x + 1\n" + statement + "\nb = y + 1");
    QVERIFY(read.module);
    QCOMPARE(read.problems.size(), size_t{1});
    QCOMPARE(read.problems[0].line, uint64_t{4});
    QVERIFY(read.problems[0].offset > 0);
    QVERIFY2(test::text(read.problems[0].message).contains(statement.trimmed().left(20)),
        read.problems[0].message.c_str());
    // What stands around it is whole.
    const GraphModule& m = *read.module;
    QVERIFY(find_node(m, m.bodies[0], "a").valid());
    QVERIFY(find_node(m, m.bodies[0], "b").valid());
    QCOMPARE(find_node(m, m.bodies[0], "v").valid(), keepsNode);
    QVERIFY(m.bodies[0].nodes.back().op == Opcode::Output);
}

void TestReadable::types_data() {
    QTest::addColumn<QString>("annotation");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("dtype");
    QTest::addColumn<QStringList>("shape");
    QTest::addColumn<QStringList>("stride"); // "-" where none is given
    QTest::addColumn<QString>("device");
    QTest::addColumn<QString>("symbol");
    QTest::addColumn<qlonglong>("bytes");
    const auto tensor = [](const char* text, const char* dtype, QStringList shape, QStringList stride,
                            const char* device, qlonglong bytes) {
        QTest::newRow(text) << text << static_cast<int>(TypeKind::Tensor) << dtype << shape << stride
                            << device << "" << bytes;
    };
    const QStringList none{"-"};
    tensor("f32[16, 8][8, 1]cuda:0", "f32", {"16", "8"}, {"8", "1"}, "cuda:0", 512);
    tensor("f32[16, 8]", "f32", {"16", "8"}, none, "", 512);
    tensor("f32[16, 8][8, 1]", "f32", {"16", "8"}, {"8", "1"}, "", 512);
    tensor("f32[]", "f32", {}, none, "", 4);
    tensor("f32[][]cpu", "f32", {}, {}, "cpu", 4);
    tensor("f32[0][1]cpu", "f32", {"0"}, {"1"}, "cpu", 0);
    tensor("bf16[2, 3][3, 1]cuda", "bf16", {"2", "3"}, {"3", "1"}, "cuda", 12);
    tensor("b8[4][1]cpu", "b8", {"4"}, {"1"}, "cpu", 4);
    tensor("i64[4][1]xpu:1", "i64", {"4"}, {"1"}, "xpu:1", 32);
    tensor("f8e4m3fn[4][1]cpu", "f8e4m3fn", {"4"}, {"1"}, "cpu", 4);
    tensor("c64[2][1]meta", "c64", {"2"}, {"1"}, "meta", 16);
    tensor("f32[s77, 8][8, 1]cpu", "f32", {"s77", "8"}, {"8", "1"}, "cpu", -1);
    tensor("f32[2*s77 + 1, Max(1, u0)][Max(1, u0), 1]cpu", "f32", {"2*s77 + 1", "Max(1, u0)"},
        {"Max(1, u0)", "1"}, "cpu", -1);
    tensor("f32[(s77//2)][1]cpu", "f32", {"(s77//2)"}, {"1"}, "cpu", -1);
    tensor("qint8[4]", "qint8", {"4"}, none, "", -1);
    const auto other = [](const char* text, TypeKind kind, const char* symbol) {
        QTest::newRow(text) << text << static_cast<int>(kind) << "" << QStringList{} << QStringList{"-"} << ""
                            << symbol << -1LL;
    };
    other("Sym(s77)", TypeKind::Sym, "s77");
    other("Sym(((-u0)//3) + 5)", TypeKind::Sym, "((-u0)//3) + 5");
    other("Sym(True)", TypeKind::Sym, "True");
    other("DTensor(f32[8, 8], S(0))", TypeKind::Subclass, "");
    other("TwoTensor(f32[4])", TypeKind::Subclass, "");
    other("torch.Tensor", TypeKind::Other, "");
    other("f32[4", TypeKind::Other, "");
    other("", TypeKind::Other, "");
}

void TestReadable::types() {
    QFETCH(QString, annotation);
    QFETCH(int, kind);
    QFETCH(QString, dtype);
    QFETCH(QStringList, shape);
    QFETCH(QStringList, stride);
    QFETCH(QString, device);
    QFETCH(QString, symbol);
    QFETCH(qlonglong, bytes);
    const ReadText read = readBody("v: \"" + annotation + "\" = f(x)");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const ValueType* type = m.type(m.bodies[0].nodes[3].type);
    QVERIFY(type);
    QCOMPARE(static_cast<int>(type->kind), kind);
    QCOMPARE(test::text(m.text(type->text)), annotation);
    QCOMPARE(test::text(m.text(type->dtype)), dtype);
    QStringList found;
    for (const StringId d : m.shape(*type))
        found << test::text(m.text(d));
    QCOMPARE(found, shape);
    found.clear();
    for (const StringId d : m.stride(*type))
        found << test::text(m.text(d));
    QCOMPARE(type->has_stride ? found : QStringList{"-"}, stride);
    QCOMPARE(test::text(m.text(type->device)), device);
    QCOMPARE(test::text(m.text(type->symbol)), symbol);
    QCOMPARE(static_cast<qlonglong>(byte_size(m, *type).value_or(-1)), bytes);
}

void TestReadable::annotationForms() {
    // Quoted, unquoted (up to 2.2), and on the second part of an in-place statement.
    const ReadText read = readBody("a: \"f32[4]\" = x + 1\nb: f32[4] = x + 2\nx += 1;  c: \"f32[4]\" = "
                                   "x\nx[0] = y;  d: \"f32[4]\" = x\ne = x + 3");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    for (const char* name : {"a", "b", "c", "d"}) {
        const ValueType* type = m.type(m.bodies[0].node(find_node(m, m.bodies[0], name)).type);
        QVERIFY2(type, name);
        QCOMPARE(test::text(m.text(type->text)), QStringLiteral("f32[4]"));
    }
    QVERIFY(!m.bodies[0].node(find_node(m, m.bodies[0], "e")).type.valid());
    // One type per distinct annotation.
    QCOMPARE(m.types.size(), size_t{1});
}

// A statement that cannot be read keeps its edges.
void TestReadable::unreadStatementsKeepTheirEdges() {
    const ReadText read = readBody("a = x + 1\nb: \"f32[4]\" = f(a y) + g('x', z);  a = None");
    const GraphModule& m = *read.module;
    const NodeId b = find_node(m, m.bodies[0], "b");
    QVERIFY(b.valid());
    QVERIFY(m.bodies[0].node(b).type.valid());
    QStringList inputs;
    for (const NodeId input : m.bodies[0].inputs_of(m.bodies[0].node(b)))
        inputs << test::text(m.text(m.bodies[0].node(input).name));
    QCOMPARE(inputs, (QStringList{"a", "y", "z"}));
}

QTEST_GUILESS_MAIN(TestReadable)
#include "tst_readable.moc"
