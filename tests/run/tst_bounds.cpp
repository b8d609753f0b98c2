// Which integers synthetic inputs may hold, and which numbers stand in for symbols that nobody bound.
#include "tests/testdata.h"

#include "core/run/default_symbols.h"
#include "core/run/index_bounds.h"
#include "core/run/inputs.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

namespace {

// A graph of two inputs, x (integers) and w (64 rows of 5), and these lines.
std::string graph(const std::string& lines, const std::string& inner = "") {
    return R"py(class GraphModule(torch.nn.Module):
    def forward(self, x: "i64[4][1]cpu", w: "f32[64, 5][5, 1]cpu"):
)py" + lines
        + inner;
}
std::string line(const std::string& statement) {
    return "        " + statement + "\n";
}

} // namespace

class TestBounds : public QObject {
    Q_OBJECT

private slots:
    void follows_data();
    void follows();
    void followsIntoAndOutOfRegions();
    void choosesNumbersThatFit_data();
    void choosesNumbersThatFit();
    void readsHintsOfARecording();
};

void TestBounds::follows_data() {
    QTest::addColumn<QString>("lines");
    QTest::addColumn<int>("low");
    QTest::addColumn<int>("high"); // -1: nothing limits it
    const auto row = [](const char* name, const std::vector<std::string>& statements, int low, int high) {
        std::string text;
        for (const std::string& statement : statements)
            text += line(statement);
        QTest::newRow(name) << QString::fromStdString(text) << low << high;
    };
    const std::string embed = R"(e: "f32[4, 5]cpu" = torch.ops.aten.embedding.default(w, )";
    const std::string end = "return (e,)";
    row("unused", {"return (w,)"}, 0, -1);
    row("embedding", {embed + "x)", end}, 0, 64);
    row("a sum with a constant", {R"(y: "i64[4]cpu" = torch.ops.aten.add.Tensor(x, 2))", embed + "y)", end},
        0, 62);
    row("a difference", {R"(y: "i64[4]cpu" = torch.ops.aten.sub.Tensor(x, 3))", embed + "y)", end}, 3, 67);
    row("a product", {R"(y: "i64[4]cpu" = torch.ops.aten.mul.Tensor(x, 10))", embed + "y)", end}, 0, 7);
    row("a product and a sum",
        {R"(y: "i64[4]cpu" = torch.ops.aten.mul.Tensor(x, 10))",
            R"(z: "i64[4]cpu" = torch.ops.aten.add.Tensor(y, 5))", embed + "z)", end},
        0, 6);
    row("with positions",
        {R"(p: "i64[4]cpu" = torch.ops.aten.arange.default(4))",
            R"(y: "i64[4]cpu" = torch.ops.aten.add.Tensor(x, p))", embed + "y)", end},
        0, 61);
    row("with itself", {R"(y: "i64[4]cpu" = torch.ops.aten.add.Tensor(x, x))", embed + "y)", end}, 0, 32);
    row("a remainder may be any number's",
        {R"(y: "i64[4]cpu" = torch.ops.aten.remainder.Scalar(x, 64))", embed + "y)", end}, 0, -1);
    row("a comparison may be any number's",
        {R"(y: "b8[4]cpu" = torch.ops.aten.lt.Scalar(x, 64))",
            R"(z: "i64[4]cpu" = torch.ops.aten._to_copy.default(y))", embed + "z)", end},
        0, -1);
    row("where",
        {R"(m: "b8[4]cpu" = torch.ops.aten.ge.Scalar(x, 1))",
            R"(y: "i64[4]cpu" = torch.ops.aten.where.self(m, x, x))", embed + "y)", end},
        0, 64);
    row("slice_scatter",
        {R"(o: "i64[8]cpu" = torch.ops.aten.zeros.default([8]))",
            R"(y: "i64[8]cpu" = torch.ops.aten.slice_scatter.default(o, x, 0, 2, 6))",
            R"(e: "f32[8, 5]cpu" = torch.ops.aten.embedding.default(w, y))", end},
        0, 64);
    row("scatter by value", {R"(e: "f32[64, 5]cpu" = torch.ops.aten.scatter.value(w, 1, x, 0.0))", end}, 0,
        5);
    row("scatter, as a source", {R"(e: "i64[64]cpu" = torch.ops.aten.scatter.src(w, 0, w, x))", end}, 0, -1);
    row("gather", {R"(e: "f32[4]cpu" = torch.ops.aten.gather.default(w, -1, x))", end}, 0, 5);
    row("index in the second dimension",
        {R"(e: "f32[64, 4]cpu" = torch.ops.aten.index.Tensor(w, [None, x]))", end}, 0, 5);
    row("index_put", {R"(e: "f32[64, 5]cpu" = torch.ops.aten.index_put.default(w, [x], w))", end}, 0, 64);
    row("one_hot", {R"(e: "i64[4, 7]cpu" = torch.ops.aten.one_hot.default(x, 7))", end}, 0, 7);
    row("one_hot without a number", {R"(e: "i64[4, 9]cpu" = torch.ops.aten.one_hot.default(x))", end}, 0, -1);
    row("embedding backward",
        {R"(e: "f32[9, 5]cpu" = torch.ops.aten.embedding_dense_backward.default(w, x, 9, -1, False))", end},
        0, 9);
    row("nll_loss", {R"(e = torch.ops.aten.nll_loss_forward.default(w, x, None, 1, -100))", end}, 0, 5);
    row("the least of two", {R"(a: "f32[4]cpu" = torch.ops.aten.gather.default(w, 1, x))", embed + "x)", end},
        0, 5);
    row("a position read from it",
        {R"(s: "i64[]cpu" = torch.ops.aten.select.int(x, 0, 0))",
            R"py(u: "Sym(u0)" = torch.ops.aten._local_scalar_dense.default(s))py",
            R"(e: "f32[64]cpu" = torch.ops.aten.select.int(w, 1, u))", end},
        0, 5);
    row("nothing fits", {R"(y: "i64[4]cpu" = torch.ops.aten.add.Tensor(x, 99))", embed + "y)", end}, 0, 1);
}

void TestBounds::follows() {
    QFETCH(QString, lines);
    QFETCH(int, low);
    QFETCH(int, high);
    const auto read = readText(graph(lines.toStdString()));
    QVERIFY2(read.module, qPrintable(problemText(read.problems)));
    const run::IntegerRange range = run::IndexBounds(*read.module, {}).of(BodyId(0), NodeId(size_t{0}));
    QCOMPARE(range.low, int64_t{low});
    QCOMPARE(range.high.value_or(-1), int64_t{high});
}

void TestBounds::followsIntoAndOutOfRegions() {
    const auto read =
        readText(graph(line("f = self.f") + line("call = torch.ops.higher_order.invoke_subgraph(f, 'f', x)")
                + line(R"(a: "i64[4]cpu" = call[0])") + line(R"(b: "i64[4]cpu" = call[1])")
                + line(R"(e: "f32[4, 5]cpu" = torch.ops.aten.embedding.default(w, b))")
                + line(R"(g: "f32[4]cpu" = torch.ops.aten.gather.default(w, 1, a))") + line("return (e, g)"),
            R"py(
    class f(torch.nn.Module):
        def forward(self, y: "i64[4]cpu"):
            neg: "i64[4]cpu" = torch.ops.aten.neg.default(y)
            add: "i64[4]cpu" = torch.ops.aten.add.Tensor(y, 4)
            return (neg, add)
)py"));
    QVERIFY2(read.module, qPrintable(problemText(read.problems)));
    // Through the second item only: the first is another value.
    const run::IntegerRange range = run::IndexBounds(*read.module, {}).of(BodyId(0), NodeId(size_t{0}));
    QCOMPARE(range.high.value_or(-1), int64_t{60});
}

void TestBounds::choosesNumbersThatFit_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const std::string& placeholders, const std::string& lines,
                         const char* expected) {
        QTest::newRow(name) << QString::fromStdString(
            "class GraphModule(torch.nn.Module):\n    def forward(self, " + placeholders + "):\n" + lines)
                            << QString::fromUtf8(expected);
    };
    row("one", R"(x: "f32[s77][1]cpu")", line("return (x,)"), "s77=8");
    row("distinct", R"py(x: "f32[s77, s3][s3, 1]cpu", s77: "Sym(s77)", s9: "Sym(s9)")py", line("return (x,)"),
        "s77=8 s3=16 s9=24");
    row("only in an expression", R"(x: "f32[2*s77 + 1][1]cpu")", line("return (x,)"), "s77=8");
    row("sizes stay sizes", R"(x: "f32[20 - s77][1]cpu", y: "f32[s77 - 12][1]cpu")", line("return (x,)"),
        "s77=16");
    row("asserted", R"py(x: "f32[s77][1]cpu", s77: "Sym(s77)")py",
        line(R"py(ge: "Sym(s77 >= 20)" = s77 >= 20)py")
            + line(R"py(a = torch.ops.aten._assert_scalar.default(ge, 'Runtime assertion failed'))py")
            + line("return (x,)"),
        "s77=24");
    row("asserted to be equal", R"py(x: "f32[s77][1]cpu", s77: "Sym(s77)")py",
        line(R"py(eq: "Sym(Eq(s77, 13))" = s77 == 13)py")
            + line(R"py(a = torch.ops.aten._assert_scalar.default(eq, 'Runtime assertion failed'))py")
            + line("return (x,)"),
        "s77=13");
    row("positions in a table of 6", R"py(x: "i64[s77][1]cpu", s77: "Sym(s77)", w: "f32[6, 5][5, 1]cpu")py",
        line(R"py(p: "i64[s77]cpu" = torch.ops.aten.arange.default(s77))py")
            + line(R"py(e: "f32[s77, 5]cpu" = torch.ops.aten.embedding.default(w, p))py")
            + line("return (e,)"),
        "s77=2");
    row("nothing fits", R"(x: "f32[0 - s77][1]cpu")", line("return (x,)"), "s77=8");
    row("none", R"(x: "f32[1e5, 3]cpu")", line("return (x,)"), "");
}

void TestBounds::choosesNumbersThatFit() {
    QFETCH(QString, text);
    QFETCH(QString, expected);
    const auto read = readText(text.toStdString());
    QVERIFY2(read.module, qPrintable(problemText(read.problems)));
    Bindings symbols;
    QStringList found;
    for (const run::DefaultSymbol& symbol : run::bind_default_symbols(*read.module, BodyId(0), {}, symbols)) {
        QVERIFY(!symbol.hinted);
        QCOMPARE(symbols.at(symbol.name), symbol.value);
        found << QStringLiteral("%1=%2").arg(QString::fromStdString(symbol.name)).arg(symbol.value);
    }
    QCOMPARE(found.join(QLatin1Char(' ')), expected);
}

void TestBounds::readsHintsOfARecording() {
    const auto dump = open_dump({traceOf(QStringLiteral("gpt4_dynamic"))});
    QVERIFY(dump.ok());
    QCOMPARE(dump->symbols.size(), size_t{17});
    QCOMPARE(dump->symbols[0].name, std::string("s23"));
    QCOMPARE(dump->symbols[0].value, std::string("2"));
    QCOMPARE(dump->symbols[0].range, std::string("[2, int_oo]"));
    QCOMPARE(dump->symbols[0].source, std::string("L['ids'].size()[0]"));
    QVERIFY(!dump->graphs.empty());
    const Bindings hints = run::symbol_hints(*dump, GraphId(size_t{0}));
    QCOMPARE(hints.at("s23"), int64_t{2});
    QCOMPARE(hints.at("s27"), int64_t{8});
    QVERIFY(!hints.contains("zf90")); // 2.0 is no size
    // What stands in the graph's inputs is bound to what it was.
    Bindings symbols;
    const auto chosen = run::bind_default_symbols(*dump->graphs[0].module, BodyId(0), hints, symbols);
    QVERIFY(!chosen.empty());
    for (const run::DefaultSymbol& symbol : chosen)
        if (symbol.name[0] == 's')
            QVERIFY2(symbol.hinted, symbol.name.c_str());
}

QTEST_GUILESS_MAIN(TestBounds)
#include "tst_bounds.moc"
