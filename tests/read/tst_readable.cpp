// print_readable text, form by form: statements, arguments, types, signatures, returns, comments and what
// stands around.
#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "core/read/readable.h"
#include "tests/testdata.h"

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
    void signatures_data();
    void signatures();
    void results_data();
    void results();
    void comments_data();
    void comments();
    void commentHoldsUntilTheNext();
    void expandedSignature();
    void pytreeSignature_data();
    void pytreeSignature();
    void expandedPytreeSignature();
    void otherCodegens_data();
    void otherCodegens();
    void boxedArguments();
    void metaBlocks();
    void rawNewlinesInReprs();
    void coloursAreStripped();
    void nestedClassesAndScopes();
    void aroundTheGraph_data();
    void aroundTheGraph();
    void severalModules();
    void exportedProgram();
    void blankLinesAndLineEnds_data();
    void blankLinesAndLineEnds();
    void problemsNameTheirPlace();
    void droppedPlaceholdersAreGone();
    void losses_data();
    void losses();
    void unreadStatementsKeepTheirEdges();
    void problemsAreBounded();
};

namespace {

const char* kindName(ArgKind kind) {
    static const char* const kNames[]{"node", "none", "bool", "int", "float", "complex", "string", "symbol",
        "dtype", "device", "layout", "format", "operator", "attribute", "opaque", "tuple", "list", "dict",
        "slice", "ellipsis", "range", "call", "kw"};
    return kNames[static_cast<size_t>(kind)];
}

// "node:x tuple(int:1 none) kw:alpha(int:2)"
QString described(const GraphModule& m, const Body& body, std::span<const Arg> args) {
    QString out;
    std::vector<size_t> ends;
    for (size_t i = 0; i < args.size(); ++i) {
        const Arg& a = args[i];
        if (!out.isEmpty() && !out.endsWith('('))
            out += ' ';
        out += QString::fromLatin1(kindName(a.kind));
        if (a.kind == ArgKind::Node)
            out += ':' + test::text(m.text(body.node(a.node()).name));
        else if (a.text() && a.kind != ArgKind::Slice && a.kind != ArgKind::Range)
            out += ':' + test::text(m.text(a.text()));
        const bool container = a.kind >= ArgKind::Tuple && a.kind != ArgKind::Ellipsis;
        if (container) {
            out += '(';
            ends.push_back(i + a.size);
        }
        while (!ends.empty() && ends.back() == i + 1) {
            out += ')';
            ends.pop_back();
        }
    }
    return out;
}

QString describedNode(const GraphModule& m, const Body& body, const Node& n) {
    return test::text(opcode_name(n.op)) + ' ' + test::text(m.text(n.target)) + " | "
        + described(m, body, body.args_of(n));
}

ReadText readBody(const QString& lines) {
    QString text = QStringLiteral("class GraphModule(torch.nn.Module):\n    def forward(self, x, y, z):\n");
    for (const QString& line : lines.split('\n'))
        text += "        " + line + '\n';
    return readText((text + "        return (x,)\n").toStdString());
}

} // namespace

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
    QTest::newRow("in place without a name") << "x += 1" << false;
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

void TestReadable::signatures_data() {
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

void TestReadable::signatures() {
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

void TestReadable::results_data() {
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

void TestReadable::results() {
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

void TestReadable::comments_data() {
    QTest::addColumn<QString>("comment");
    QTest::addColumn<QString>("place"); // file|line|function|code
    QTest::addColumn<QString>("annotation");
    QTest::addColumn<QString>("recompute");
    QTest::addColumn<int>("callId");
    QTest::addColumn<bool>("backward");
    const auto row = [](const char* name, const char* comment, const char* place, const char* annotation = "",
                         const char* recompute = "", int id = -1, bool backward = false) {
        QTest::newRow(name) << QString::fromUtf8(comment) << QString::fromUtf8(place)
                            << QString::fromUtf8(annotation) << QString::fromUtf8(recompute) << id
                            << backward;
    };
    row("up to 2.2", "# File: /p/f.py:12, code: y = x + 1", "/p/f.py|12||y = x + 1");
    row("2.3 to 2.10", " # File: /p/f.py:12 in fn, code: y = x + 1", "/p/f.py|12|fn|y = x + 1");
    row("no code", "# File: /p/f.py:12 in fn, code:", "/p/f.py|12|fn|");
    row("code that looks like graph text",
        "# File: /p/f.py:12 in fn, code: x = f(\"a\");  y = None  # File: z",
        "/p/f.py|12|fn|x = f(\"a\");  y = None  # File: z");
    row("path with spaces", "# File: /my in dir/a b.py:3 in fn, code: x", "/my in dir/a b.py|3|fn|x");
    row("frozen module", "# File: <frozen importlib._bootstrap>:241 in f, code: x",
        "<frozen importlib._bootstrap>|241|f|x");
    row("eval_with_key", "# File: <eval_with_key>.3:5 in forward, code: mm = f(x);  x = None",
        "<eval_with_key>.3|5|forward|mm = f(x);  x = None");
    row("lambda", "# File: /p/f.py:12 in <lambda>, code: y", "/p/f.py|12|<lambda>|y");
    row("not ASCII", "# File: /p/é.py:12 in fn, code: π = 3", "/p/é.py|12|fn|π = 3");
    row("2.10: two marks", "# Annotation: {'k': 'v'} # File: /p/f.py:12 in fn, code: y", "/p/f.py|12|fn|y",
        "{'k': 'v'}");
    row("call_id", "# Annotation: {'call_id': 7} File: /p/f.py:12 in fn, code: y", "/p/f.py|12|fn|y",
        "{'call_id': 7}", "", 7);
    row("call_id among others",
        "# Annotation: {'call_id': 0, 'nested_region_config': 'NestedCompileRegionOptions(fw_compi...'} "
        "File: /p/f.py:12 in fn, code: y",
        "/p/f.py|12|fn|y", "{'call_id': 0, 'nested_region_config': 'NestedCompileRegionOptions(fw_compi...'}",
        "", 0);
    row("recompute", "# recompute: MUST_SAVE File: /p/f.py:12 in fn, code: y", "/p/f.py|12|fn|y", "",
        "recompute: MUST_SAVE");
    row("ac_graph_id",
        "# Annotation: {'call_id': 3} ac_graph_id: 3 - PREFER_RECOMPUTE File: /p/f.py:12 in fn, code: y",
        "/p/f.py|12|fn|y", "{'call_id': 3}", "ac_graph_id: 3 - PREFER_RECOMPUTE", 3);
    row("backward", "# Backward of forward node: File: /p/f.py:12 in fn, code: y", "/p/f.py|12|fn|y", "", "",
        -1, true);
    row("all",
        "# Annotation: {'call_id': 3} ac_graph_id: 1 - MUST_SAVE Backward of forward node: File: /p/f.py:12 "
        "in fn, code: y",
        "/p/f.py|12|fn|y", "{'call_id': 3}", "ac_graph_id: 1 - MUST_SAVE", 3, true);
    row("other keys first",
        "# autograd_backward: True # Annotation: {'call_id': 4} File: /p/f.py:12 in fn, code: y",
        "/p/f.py|12|fn|y", "{'call_id': 4}", "", 4);
    row("annotation alone", "# Annotation: {'stream': 1}", "-", "{'stream': 1}");
    row("annotation without a place", "# Annotation: {'call_id': 5} No stacktrace found for following nodes",
        "-", "{'call_id': 5}", "", 5);
    row("recompute without a place",
        "# ac_graph_id: 2 - PREFER_RECOMPUTE No stacktrace found for following nodes", "-", "",
        "ac_graph_id: 2 - PREFER_RECOMPUTE");
}

void TestReadable::comments() {
    QFETCH(QString, comment);
    QFETCH(QString, place);
    QFETCH(QString, annotation);
    QFETCH(QString, recompute);
    QFETCH(int, callId);
    QFETCH(bool, backward);
    const ReadText read = readBody(comment + "\nv = x + 1");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    QCOMPARE(m.bodies[0].nodes.size(), size_t{5});
    const Source* source = m.source(m.bodies[0].nodes[3].source);
    QVERIFY(source);
    const QString found = source->has_place()
        ? QStringLiteral("%1|%2|%3|%4")
              .arg(test::text(m.text(source->file)))
              .arg(source->line)
              .arg(test::text(m.text(source->function)), test::text(m.text(source->code)))
        : QStringLiteral("-");
    QCOMPARE(found, place);
    QCOMPARE(test::text(m.text(source->annotation)), annotation);
    QCOMPARE(test::text(m.text(source->recompute)), recompute);
    QCOMPARE(source->call_id.value_or(-1), callId);
    QCOMPARE(source->backward_of, backward);
}

void TestReadable::commentHoldsUntilTheNext() {
    const ReadText read = readBody("# File: /p/f.py:1 in f, code: a\na = x + 1\nb = x + 2\n\n# a remark of "
                                   "nobody\nc = x + 3\n# No stacktrace found for following nodes\nd = x + 4\n"
                                   "# File: /p/f.py:2 in f, code: e\ne = x + 5");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const auto line = [&](const char* name) {
        const Source* s = m.source(m.bodies[0].node(find_node(m, m.bodies[0], name)).source);
        return s ? static_cast<int>(s->line) : -1;
    };
    QCOMPARE(line("x"), -1);
    QCOMPARE(line("a"), 1);
    QCOMPARE(line("b"), 1);
    QCOMPARE(line("c"), 1);
    QCOMPARE(line("d"), -1);
    QCOMPARE(line("e"), 2);
    QCOMPARE(line("output"), -1);
}

void TestReadable::expandedSignature() {
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

void TestReadable::pytreeSignature_data() {
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

void TestReadable::pytreeSignature() {
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

void TestReadable::expandedPytreeSignature() {
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

void TestReadable::otherCodegens_data() {
    QTest::addColumn<QString>("head");
    QTest::newRow("boxed") << "def forward(self, args_list):\n    args_iter = iter(args_list)\n    a = "
                              "next(args_iter)\n    b = next(args_iter)\n    args_list.clear()";
    QTest::newRow("Dynamo's export capture") << "def forward(self, x):\n    _fn_args = (x, )\n    a, b, = "
                                                "self._dynamo_bytecode_flatten(*_fn_args)";
    QTest::newRow("export codegen") << "def forward(self, x):\n    a, b, = self._in_shuffle_graph(x)";
    QTest::newRow("aliases") << "def forward(self, L_a_: \"f32[4]\", L_b_):\n    a = L_a_\n    b = L_b_";
    QTest::newRow("wrapped functions") << "wrap(\"my_fn\")\n@torch.no_grad()\ndef forward(self, a, b):";
}

void TestReadable::otherCodegens() {
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
void TestReadable::boxedArguments() {
    const ReadText read = readBody("call_boxed_arg_0 = [x, y];  x = y = None\ncall = "
                                   "torch.ops.higher_order.f(z, call_boxed_arg_0);  call_boxed_arg_0 = None");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    QCOMPARE(m.bodies[0].nodes.size(), size_t{5});
    QCOMPARE(describedNode(m, m.bodies[0], m.bodies[0].nodes[3]),
        QStringLiteral("call_function torch.ops.higher_order.f | node:z list(node:x node:y)"));
    QCOMPARE(m.bodies[0].inputs_of(m.bodies[0].nodes[3]).size(), size_t{3});
}

// FX_GRAPH_SHOW_META=1
void TestReadable::metaBlocks() {
    const ReadText read =
        readBody("\"\"\"\nval: x = y + 1\nreturn (\n\"\"\"\na = x + 1\n\"\"\"one line\"\"\"\nb = a + 1");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    QCOMPARE(read.module->bodies[0].nodes.size(), size_t{6});
}

void TestReadable::rawNewlinesInReprs() {
    const ReadText read = readBody(
        "a = f(x, tensor([[1, 2],\n        [3, 4]]), y);  x = None\nb = g(a, <object\n  of two lines>)");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    QCOMPARE(m.bodies[0].nodes.size(), size_t{6});
    const Node& a = m.bodies[0].nodes[3];
    QCOMPARE(described(m, m.bodies[0], m.bodies[0].args_of(a)),
        QStringLiteral("node:x call:tensor(list(list(int:1 int:2) list(int:3 int:4))) node:y"));
    QCOMPARE(a.line, 3U);
    QVERIFY(find_node(m, m.bodies[0], "b").valid());
}

// The coloured variant (print_readable(colored=True), stderr on a terminal).
void TestReadable::coloursAreStripped() {
    const std::string plain = "class GraphModule(torch.nn.Module):\n"
                              "    def forward(self, x: \"f32[4][1]cpu\"):\n"
                              "         # File: /p/f.py:1 in f, code: x + 1\n"
                              "        add: \"f32[4][1]cpu\" = x + 1;  x = None\n"
                              "        broken (\n"
                              "        return (add,)\n";
    std::string coloured = plain;
    const auto paint = [&](const std::string& what, const std::string& code) {
        for (size_t at = coloured.find(what); at != std::string::npos;
             at = coloured.find(what, at + what.size() + code.size() + 7))
            coloured.replace(at, what.size(), "\x1b[" + code + "m" + what + "\x1b[0m");
    };
    paint("f32", "31");
    paint("[1]", "2");
    paint(";  x = None", "2;37");
    paint("# File: /p/f.py:1 in f, code: x + 1", "2");
    const ReadText a = readText(plain);
    const ReadText b = readText(coloured);
    QVERIFY(a.module && b.module);
    QVERIFY2(
        same_body(*a.module, BodyId(0), *b.module, BodyId(0)), print_readable(*b.module, BodyId(0)).c_str());
    QCOMPARE(a.problems.size(), size_t{1});
    QCOMPARE(b.problems.size(), size_t{1});
    QCOMPARE(QString::fromStdString(b.problems[0].message), QString::fromStdString(a.problems[0].message));
    QCOMPARE(b.problems[0].line, a.problems[0].line);
    // Offsets are those of the file, colours included.
    QCOMPARE(b.problems[0].offset, static_cast<uint64_t>(coloured.find("        broken (")));
}

void TestReadable::nestedClassesAndScopes() {
    const ReadText read =
        readText("class GraphModule(torch.nn.Module):\n"
                 "    def forward(self, x):\n"
                 "        subgraph_1 = self.subgraph_1\n"
                 "        c = torch.ops.higher_order.invoke_subgraph(subgraph_1, 'subgraph_1', x)\n"
                 "        return (c,)\n"
                 "\n"
                 "    class subgraph_0(torch.nn.Module):\n"
                 "        def forward(self, x):\n"
                 "            return (x,)\n"
                 "\n"
                 "    class subgraph_1(torch.nn.Module):\n"
                 "        def forward(self, x):\n"
                 "            subgraph_1 = self.subgraph_0\n"
                 "            c = torch.ops.higher_order.invoke_subgraph(subgraph_1, 'subgraph_0', x)\n"
                 "            return (c,)\n"
                 "\n"
                 "        class subgraph_0(torch.nn.Module):\n"
                 "            def forward(self, y):\n"
                 "                return (y, y)\n");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    QCOMPARE(m.bodies.size(), size_t{4});
    QStringList paths;
    for (size_t b = 0; b < m.bodies.size(); ++b)
        paths << QString::fromStdString(body_path(m, BodyId(b)));
    QCOMPARE(paths, (QStringList{"", "subgraph_0", "subgraph_1", "subgraph_1.subgraph_0"}));
    // The same name means another body inside: only the directly enclosing class counts.
    const auto inner = region_calls(m, BodyId(2));
    QCOMPARE(inner.size(), size_t{1});
    QVERIFY(inner[0].body == BodyId(3));
    QVERIFY(find_body(m, "subgraph_1.subgraph_0") == BodyId(3));
    QVERIFY(!find_body(m, "subgraph_0.subgraph_0").valid());
}

void TestReadable::aroundTheGraph_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("label");
    const QString graph = "    def forward(self, x):\n        y = x + 1\n        return (y,)\n";
    QTest::newRow("class alone") << "class GraphModule(torch.nn.Module):\n" + graph << "";
    QTest::newRow("file name before the class")
        << " <eval_with_key>.8 class GraphModule(torch.nn.Module):\n" + graph << "<eval_with_key>.8";
    QTest::newRow("file name with its origin")
        << " <eval_with_key>.8 from /p/f.py:12 in fn class GraphModule(torch.nn.Module):\n" + graph
        << "<eval_with_key>.8 from /p/f.py:12 in fn";
    QTest::newRow("log header") << "TRACED GRAPH\n ===== Forward graph 0 =====\n /t/_lazy_graph_module.py "
                                   "class GraphModule(torch.nn.Module):\n"
            + graph << "/t/_lazy_graph_module.py";
    QTest::newRow("label") << "fw_graph:class GraphModule(torch.nn.Module):\n" + graph << "fw_graph:";
    QTest::newRow("error text before it")
        << "While executing %y\nGraphModule: class GraphModule(torch.nn.Module):\n" + graph
            + "\nOriginal traceback:\n"
        << "GraphModule:";
    QTest::newRow("bare def") << "def forward(self, x):\n    y = x + 1\n    return (y,)\n"
                              << "";
    QTest::newRow("bare def after blank lines, indented")
        << "\n\n\n    def forward(self, x):\n        y = x + 1\n        return (y,)\n"
        << "";
    QTest::newRow("graph id behind it")
        << "class GraphModule(torch.nn.Module):\n" + graph + "\n # graph id: 140338649717328"
        << "";
    QTest::newRow("text behind it") << "class GraphModule(torch.nn.Module):\n" + graph
            + "some = other(text)\n"
                                    << "";
}

void TestReadable::aroundTheGraph() {
    QFETCH(QString, text);
    QFETCH(QString, label);
    const auto storage = std::make_shared<std::string>(text.toStdString());
    std::vector<Problem> problems;
    const auto found = read::read_modules(*storage, storage, {}, problems);
    QVERIFY2(problems.empty(), qPrintable(problemText(problems)));
    QCOMPARE(found.size(), size_t{1});
    QCOMPARE(test::text(found[0].label), label);
    const GraphModule& m = *found[0].module;
    QCOMPARE(m.bodies.size(), size_t{1});
    QVERIFY(find_node(m, m.bodies[0], "y").valid());
    QVERIFY(m.bodies[0].nodes.size() <= 3);
}

void TestReadable::severalModules() {
    const std::string graph = "    def forward(self, x):\n        return (x,)\n";
    const auto storage = std::make_shared<std::string>("!!!!!! pack_hook:class A(torch.nn.Module):\n" + graph
        + "\n\nunpack:class B(torch.nn.Module):\n" + graph
        + "words\n  class C(torch.nn.Module):\n      def forward(self, x):\n          return (x,)\n");
    std::vector<Problem> problems;
    const auto found = read::read_modules(*storage, storage, {}, problems);
    QVERIFY2(problems.empty(), qPrintable(problemText(problems)));
    QCOMPARE(found.size(), size_t{3});
    const char* const names[]{"A", "B", "C"};
    const uint32_t lines[]{1, 6, 10};
    for (size_t i = 0; i < 3; ++i) {
        QCOMPARE(test::text(found[i].module->text(found[i].module->bodies[0].class_name)),
            QString::fromLatin1(names[i]));
        QCOMPARE(found[i].line, lines[i]);
        QCOMPARE(found[i].module->bodies.size(), size_t{1});
    }
}

void TestReadable::exportedProgram() {
    const QByteArray text = bytesOf(dataPath("readable/export_pt2.txt"));
    QVERIFY(text.startsWith("ExportedProgram:"));
    const ReadText read = readText(text.toStdString());
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    const GraphModule& m = *read.module;
    const auto calls = region_calls(m, BodyId(0));
    QCOMPARE(calls.size(), size_t{4});
    for (const RegionCall& call : calls)
        QCOMPARE(test::text(call.identifier), QStringLiteral("subgraph_0"));
    // The signature behind the graph is not taken for statements.
    QCOMPARE(m.bodies.size(), size_t{2});
    QVERIFY(m.bodies[0].nodes.back().op == Opcode::Output);
}

void TestReadable::blankLinesAndLineEnds_data() {
    QTest::addColumn<QString>("text");
    const QString text =
        "class GraphModule(torch.nn.Module):\n    def forward(self, x):\n        y = x + 1\n\n        z = y "
        "+ 1\n        return (z,)\n\n"
        "    class sub(torch.nn.Module):\n        def forward(self, a):\n            return (a,)\n";
    QTest::newRow("plain") << text;
    QTest::newRow("CRLF") << QString(text).replace('\n', "\r\n");
    QTest::newRow("blank lines indented") << QString(text).replace("\n\n", "\n        \n");
    QTest::newRow("no blank lines") << QString(text).replace("\n\n", "\n");
    QTest::newRow("no newline at the end") << text.chopped(1);
    QTest::newRow("trailing blanks") << QString(text).replace('\n', "   \n");
}

void TestReadable::blankLinesAndLineEnds() {
    QFETCH(QString, text);
    const ReadText read = readText(text.toStdString());
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    QCOMPARE(read.module->bodies.size(), size_t{2});
    QCOMPARE(read.module->node_count(), size_t{6});
}

void TestReadable::problemsNameTheirPlace() {
    const auto storage =
        std::make_shared<std::string>("\tclass GraphModule(torch.nn.Module):\n\t    def forward(self, "
                                      "x):\n\t        oops\n\t        return (x,)\n");
    std::vector<Problem> problems;
    read::ReadableOptions options;
    options.tabbed = true;
    options.first_line = 100;
    options.first_offset = 5000;
    const auto found = read::read_modules(*storage, storage, options, problems);
    QCOMPARE(found.size(), size_t{1});
    QCOMPARE(problems.size(), size_t{1});
    QCOMPARE(problems[0].line, uint64_t{102});
    QCOMPARE(problems[0].offset, 5000 + static_cast<uint64_t>(storage->find("\t        oops")));
    QCOMPARE(found[0].module->bodies[0].nodes[0].line, 101U);
}

// `return (C, B)` speaks of parameters that the flatten line replaced: no node has their names any more.
void TestReadable::droppedPlaceholdersAreGone() {
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

// What a text lost is said, with the line where it is missed.
void TestReadable::losses_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("message");
    QTest::addColumn<int>("line");
    QTest::addColumn<int>("nodes");
    const QString head =
        "class GraphModule(torch.nn.Module):\n    def forward(self, x):\n        y = x + 1\n";
    QTest::newRow("no return") << head << "has no return" << 3 << 2;
    QTest::newRow("no return, another body behind it") << head
            + "\n    class sub(torch.nn.Module):\n        def forward(self, a):\n            return (a,)\n"
                                                       << "the body of GraphModule has no return" << 3 << 2;
    QTest::newRow("cut in a statement") << head + "        z = torch.add(y, "
                                        << "the text ends inside this statement" << 4 << 2;
    QTest::newRow("cut in a return") << head + "        return (\n            y,\n"
                                     << "the text ends inside the return" << 5 << 3;
    QTest::newRow("behind the return") << head + "        return (y,)\n        z = y + 1\n"
                                       << "behind the return" << 5 << 3;
    QTest::newRow("a second forward")
        << head + "        return (y,)\n    def forward(self, q):\n        return (q,)\n"
        << "a second forward" << 5 << 3;
}

void TestReadable::losses() {
    QFETCH(QString, text);
    QFETCH(QString, message);
    QFETCH(int, line);
    QFETCH(int, nodes);
    const ReadText read = readText(text.toStdString());
    QVERIFY(read.module);
    QCOMPARE(read.problems.size(), size_t{1});
    QVERIFY2(test::text(read.problems[0].message).contains(message), read.problems[0].message.c_str());
    QCOMPARE(read.problems[0].line, static_cast<uint64_t>(line));
    QCOMPARE(read.module->bodies[0].nodes.size(), static_cast<size_t>(nodes));
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

// A thousand broken lines are not a thousand messages.
void TestReadable::problemsAreBounded() {
    QString lines;
    for (int i = 0; i < 1000; ++i)
        lines += QStringLiteral("no statement %1\n").arg(i);
    const ReadText read = readBody(lines);
    QVERIFY(read.problems.size() < 100);
    QVERIFY2(test::text(read.problems.back().message).contains("950 more problems"),
        read.problems.back().message.c_str());
}

QTEST_GUILESS_MAIN(TestReadable)
#include "tst_readable.moc"
