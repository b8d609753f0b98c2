// Lines of pasted texts that were lost, broken, numbered, or put on one line.
#include "tests/read/pasted_text.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestPastedLines : public QObject {
    Q_OBJECT

private slots:
    void lostLines_data();
    void lostLines();
    void hunkThatOnlyAdds();
    void closingQuotes();
    void statementsOfOneLine();
    void linesOfGrep_data();
    void linesOfGrep();
    void linesOfGrepInFiles();
    void otherLinesInASignature();
    void linesOfOneLength();
    void brokenAtABlank();
    void brokenNamesBeforeAFlatten();
    void severalOperationsAtOnce_data();
    void severalOperationsAtOnce();
};

namespace {

QByteArray broken(const QByteArray& text, qsizetype width) {
    QByteArray out;
    for (const QByteArray& line : text.split('\n'))
        for (qsizetype at = 0; at == 0 || at < line.size(); at += width)
            out += line.mid(at, width) + '\n';
    return out;
}

} // namespace

void TestPastedLines::lostLines_data() {
    QTest::addColumn<QByteArray>("statement");
    QTest::addColumn<QString>("node");
    QTest::newRow("method") << QByteArray("l_y_.sin()") << "sin(l_y_)";
    QTest::newRow("method with arguments") << QByteArray("l_y_.view(-1, 2);  l_y_ = None") << "view(l_y_)";
    QTest::newRow("attribute") << QByteArray("l_y_.T;  l_y_ = None") << "builtins.getattr(l_y_)";
    QTest::newRow("operand") << QByteArray("l_x_ * l_y_") << "operator.mul(l_x_, l_y_)";
}

// A name that nothing defines is an input, marked so, whatever is done with it.
void TestPastedLines::lostLines() {
    QFETCH(QByteArray, statement);
    QFETCH(QString, node);
    const auto dump =
        openText("class GraphModule(torch.nn.Module):\n    def forward(self, L_x_: \"f32[4]\"):\n"
                 "        l_x_ = L_x_\n        found: \"f32[4]\" = "
            + statement + "\n        return (found, l_x_)\n");
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("l_x_ l_y_ found output"));
    QCOMPARE(nodeText(dump->graphs[0], "found"), node);
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(dump->problems[0].line, uint64_t{4});
    QVERIFY(
        QString::fromStdString(dump->problems[0].message).startsWith("'l_y_' is not defined in this text"));
}

void TestPastedLines::hunkThatOnlyAdds() {
    QByteArray hunk = "@@ -1,5 +1,6 @@\n";
    for (const QByteArray& line : QByteArray(kGraph).trimmed().split('\n'))
        hunk += (line.contains(" sin: ") ? "+" : " ") + line + '\n';
    const auto dump = openText(hunk.replace("(sin, primals_1", "(primals_1"));
    QVERIFY(dump.ok());
    QCOMPARE(graphsOf(*dump),
        QStringLiteral("-:forward [primals_1 primals_2 mul output]; -:forward#1 [") + kNodes + ']');
    QCOMPARE(QString::fromStdString(dump->graphs[1].label), QStringLiteral("after"));
}

void TestPastedLines::closingQuotes() {
    const auto dump =
        openText("        self.assertExpectedInline(gm.code.strip(), \"\"\"\\\n"
                 "def forward(self, x_1):\n    sin = torch.ops.aten.sin.default(x_1);  x_1 = None\n"
                 "    return sin\"\"\")\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x_1 sin output"));
}

// Behind a semicolon FX writes deletions, a person may go on.
void TestPastedLines::statementsOfOneLine() {
    const auto dump =
        openText("def forward(self, x):\n    a = torch.sin(x); b = torch.cos(a); c = a + b;  a = b = None\n"
                 "    d = torch.relu(c);  c = None; e = torch.exp(d); return (d, e)\n");
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("x a b c d e output"));
    QCOMPARE(nodeText(dump->graphs[0], "c"), QStringLiteral("operator.add(a, b)"));
}

void TestPastedLines::linesOfGrep_data() {
    QTest::addColumn<QByteArray>("name");
    QTest::newRow("numbers") << QByteArray();
    QTest::newRow("names and numbers") << QByteArray("a-1.txt");
}

// grep -n -C, -H: ':' at a match, '-' around it, '--' where lines were left out.
void TestPastedLines::linesOfGrep() {
    QFETCH(QByteArray, name);
    const QList<QByteArray> lines = QByteArray(kGraph).trimmed().split('\n');
    const auto grep = [&](int gone) {
        QByteArray out;
        for (int i = 0; i < lines.size(); ++i) {
            if (i == gone) {
                out += "--\n";
                continue;
            }
            const char mark = lines[i].contains("mul") ? ':' : '-';
            out += name + (name.isEmpty() ? QByteArray() : QByteArray(1, mark)) + QByteArray::number(i + 9)
                + mark + lines[i] + '\n';
        }
        return out;
    };
    const auto whole = openText(grep(-1));
    QVERIFY(whole.ok());
    QVERIFY2(whole->problems.empty(), qPrintable(problemText(whole->problems)));
    QCOMPARE(nodesOf(whole->graphs[0]), kNodes);
    const auto part = openText(grep(4)); // sin
    QVERIFY(part.ok());
    QVERIFY2(problemText(part->problems).contains("left out 1 line at 1 place"),
        qPrintable(problemText(part->problems)));
    QCOMPARE(nodesOf(part->graphs[0]), QStringLiteral("primals_1 primals_2 sin mul output"));
}

// Of several files, each with its name; and "--" alone, which may be grep's.
void TestPastedLines::linesOfGrepInFiles() {
    QByteArray out;
    for (const QByteArray name : {"a-1.txt", "run/b.log", "run/c.log"}) {
        out += out.isEmpty() ? "" : "--\n";
        for (const QByteArray& line : QByteArray(kGraph).trimmed().split('\n'))
            out += name + (line.contains("mul") ? ':' : '-') + line + '\n';
    }
    const auto dump = openText(out);
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t(3));
    for (const Graph& g : dump->graphs)
        QCOMPARE(nodesOf(g), kNodes);
    const QList<QByteArray> lines = QByteArray(kGraph).trimmed().split('\n');
    const auto lone = openText(lines.mid(0, 4).join('\n') + "\n--\n" + lines.mid(5).join('\n') + '\n');
    QVERIFY(lone.ok());
    const QString told = problemText(lone->problems);
    QVERIFY2(told.contains("'--' stands alone here"), qPrintable(told));
}

// Another program's output between the parameters makes none.
void TestPastedLines::otherLinesInASignature() {
    const auto dump = openText("class GraphModule(torch.nn.Module):\n    def forward(\n        self,\n"
                               "        primals_1: \"f32[4]\",  # PlainAOTInput(idx=0)\n"
                               "/w/a.py:12: UserWarning: old\n  warnings.warn(\"old\")\n"
                               "        primals_2: \"f32[4]\",\n    ):\n"
                               "        add: \"f32[4]\" = torch.ops.aten.add.Tensor(primals_1, primals_2)\n"
                               "        return (add,)\n");
    QVERIFY(dump.ok());
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("primals_1 primals_2 add output"));
    QCOMPARE(dump->problems.size(), size_t{2});
    for (const Problem& p : dump->problems)
        QCOMPARE(p.severity, Severity::Note);
}

// Statements of one length before another program's lines, or without indentation: a terminal that broke
// lines there would have broken the longer ones, too.
void TestPastedLines::linesOfOneLength() {
    QByteArray text = "class GraphModule(torch.nn.Module):\ndef forward(self, x: \"f32[4, 4][4, 1]cpu\"):\n";
    QString nodes = "x";
    for (int i = 10; i < 40; ++i) {
        const QByteArray name = "sin" + QByteArray::number(i);
        text += name + ": \"f32[4, 4][4, 1]cpu\" = torch.ops.aten.sin.default(x)\n";
        nodes += ' ' + QString::fromLatin1(name);
        if (i % 7 == 3) {
            text += "mul" + QByteArray::number(i)
                + ": \"f32[4, 4][4, 1]cpu\" = torch.ops.aten.mul.Tensor(x, x)\n";
            nodes += " mul" + QString::number(i);
        }
    }
    const auto dump = openText(text + "return (sin10,)\n");
    QVERIFY(dump.ok());
    QCOMPARE(nodesOf(dump->graphs[0]), nodes + " output");
}

// A blank in the last column is the statement's own, wherever the width falls.
void TestPastedLines::brokenAtABlank() {
    for (qsizetype width = 78; width < 104; ++width) {
        const auto dump = openText(broken(kGraph, width));
        QVERIFY(dump.ok());
        QVERIFY2(nodesOf(dump->graphs[0]) == kNodes,
            qPrintable(
                QString::number(width) + ": " + nodesOf(dump->graphs[0]) + problemText(dump->problems)));
        const GraphModule& m = *dump->graphs[0].module;
        for (size_t i = 0; i < 4; ++i) {
            const TypeId type = m.bodies[0].nodes[i].type;
            QVERIFY2(type, qPrintable(QString::number(width)));
            QCOMPARE(m.types[type.index].kind, TypeKind::Tensor);
        }
    }
}

void TestPastedLines::brokenNamesBeforeAFlatten() {
    QByteArray names;
    QStringList inputs;
    for (int i = 1; i <= 20; ++i) {
        names += "primals_" + QByteArray::number(i) + ", ";
        inputs << "primals_" + QString::number(i);
    }
    const QByteArray text =
        "class inner_f(torch.nn.Module):\n    def forward(self, primals, tangents):\n        " + names
        + "= fx_pytree.tree_flatten_spec([primals, tangents], self._in_spec)\n"
        + "        add: \"f32[4]\" = torch.ops.aten.add.Tensor(primals_1, primals_20);  primals_1 = "
          "primals_20 = None\n"
          "        return pytree.tree_unflatten([add, None], self._out_spec)\n";
    const auto dump = openText(broken(text, 80));
    QVERIFY(dump.ok());
    QCOMPARE(nodesOf(dump->graphs[0]), inputs.join(' ') + " add output");
}

void TestPastedLines::severalOperationsAtOnce_data() {
    QTest::addColumn<QByteArray>("expression");
    QTest::addColumn<bool>("told");
    QTest::newRow("a sign in front") << QByteArray("-x + y") << true;
    QTest::newRow("two differences") << QByteArray("x - y - x") << true;
    QTest::newRow("in an argument") << QByteArray("torch.sin(x + y)") << true;
    QTest::newRow("a choice") << QByteArray("x + y if x else y") << true;
    QTest::newRow("one operation") << QByteArray("x + y") << false;
    QTest::newRow("sizes") << QByteArray("torch.add(x, y, [2*s0, s0 // 2])") << false;
}

// FX gives each operation a statement. What people write is a node that keeps its edges, and that is told; it
// was an operation on a text, with the edges lost.
void TestPastedLines::severalOperationsAtOnce() {
    QFETCH(QByteArray, expression);
    QFETCH(bool, told);
    const auto dump =
        openText("class GraphModule(torch.nn.Module):\n    def forward(self, s0: \"Sym(s0)\", x: "
                 "\"f32[4]\", y: \"f32[4]\"):\n        a = "
            + expression + "\n        return (a,)\n");
    QVERIFY(dump.ok());
    const GraphModule& m = *dump->graphs[0].module;
    QCOMPARE(nodesOf(dump->graphs[0]), QStringLiteral("s0 x y a output"));
    const auto inputs = m.bodies[0].inputs_of(m.bodies[0].nodes[3]);
    QVERIFY(std::find(inputs.begin(), inputs.end(), NodeId(1)) != inputs.end());
    QVERIFY(std::find(inputs.begin(), inputs.end(), NodeId(2)) != inputs.end());
    QVERIFY2(dump->problems.empty() != told, qPrintable(problemText(dump->problems)));
}

QTEST_APPLESS_MAIN(TestPastedLines)
#include "tst_pasted_lines.moc"
