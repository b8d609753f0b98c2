// One graph as it is printed, and as it looks after other programs, terminals and people had it: the same
// comes out.
#include "core/graph/print.h"
#include "core/read/prefix.h"
#include "tests/read/printed_text.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestDecorated : public QObject {
    Q_OBJECT

private slots:
    void decorated_data();
    void decorated();
    void interleaved();
    void interleavedWorkers();
    void bothSidesOfADiff_data();
    void bothSidesOfADiff();
    void rankBesideNone();
    void placesAreTheFiles();
    void byteOrderMarks();
};

namespace {

QByteArray replaced(QByteArray text, const char* from, const char* to) {
    return text.replace(from, to);
}

} // namespace

void TestDecorated::decorated_data() {
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char* name, const QByteArray& text) { QTest::newRow(name) << text; };
    const auto number = [](int n) { return QByteArray::number(n); };
    row("clean", kGraph);
    row("CR LF", replaced(kGraph, "\n", "\r\n"));
    row("tabs", replaced(kGraph, "    ", "\t"));
    row("no-break blanks", replaced(kGraph, "    ", "\xC2\xA0\xC2\xA0\xC2\xA0\xC2\xA0"));
    row("typographic quotes", replaced(replaced(kGraph, "\"", "\xE2\x80\x9D"), "'", "\xE2\x80\x99"));
    row("entities",
        replaced(
            replaced(replaced(replaced(kGraph, "&", "&amp;"), "\"", "&quot;"), "'", "&#x27;"), "<", "&lt;"));
    row("pre",
        "<html><body><pre class=\"log\">"
            + replaced(replaced(replaced(kGraph, "&", "&amp;"), "\"", "&quot;"), "<", "&lt;")
            + "</pre></body></html>\n");
    row("byte order mark", QByteArray("\xEF\xBB\xBF") + kGraph);
    row("colours", replaced(replaced(kGraph, "f32", "\x1b[31mf32\x1b[0m"), "= None", "\x1b[2m= None\x1b[0m"));
    row("quoted", prefixed([](int) { return "> "; }));
    row("quoted twice", prefixed([](int) { return "> > "; }));
    row("a bar", prefixed([](int) { return "| "; }));
    row("glog", prefixed([](int) {
        return "I0611 03:04:05.678000 3131 torch/_functorch/x.py:1650] [1/0] [__aot_graphs] ";
    }));
    row("glog behind a rank", prefixed([](int) {
        return "[rank3]:I0611 03:04:05.678000 3131 torch/_functorch/x.py:1650] [1/0] [__aot_graphs] ";
    }));
    row("2024 logger", prefixed([](int) {
        return "[rank0]:[2024-03-05 12:00:00,123] [3/0] torch._dynamo.output_graph.__graph_code: [DEBUG] ";
    }));
    row("CI", prefixed([&](int n) {
        return "2026-06-11T03:04:0" + number(n / 10) + "." + number(6700331 + n * 7) + "Z ";
    }));
    row("CI before glog", prefixed([&](int n) {
        return "2026-06-11T03:04:05." + number(6700331 + n * 7)
            + "Z I0611 03:04:05.678000 3131 torch/a.py:16] [1/0] [__aot_graphs] ";
    }));
    row("line numbers", prefixed([&](int n) { return number(n).rightJustified(6) + '\t'; }));
    row("line numbers and a colon", prefixed([&](int n) { return number(n + 96) + ": "; }));
    row("grep", prefixed([&](int n) { return "out/log.txt:" + number(n + 96) + ":"; }));
    row("pytest", prefixed([](int) { return "E       "; }));
    row("worker", prefixed([](int) { return "(TrainWorker pid=8123, ip=10.0.0.7) "; }));
    row("container", prefixed([](int) { return "worker-0  | "; }));
    row("kernel clock", prefixed([&](int n) { return "[   12." + number(345678 + n * 13) + "] "; }));
    row("a clock in brackets", prefixed([&](int n) { return "[03:04:" + number(10 + n) + "] "; }));
    row("a mark close to the class, behind a logger's prefix", prefixed([](int) {
        return "I0611 03:04:05.678000 3131 torch/_functorch/x.py:1650] [1/0] [__aot_graphs] +";
    }));
    row("a commented log", prefixed([](int) {
        return "# I0611 03:04:05.678000 3131 torch/_functorch/x.py:1650] [1/0] [__aot_graphs] ";
    }));
    row("comment", prefixed([](int) { return "# "; }));
    row("C++ comment", prefixed([](int) { return "// "; }));
    row("new file in a diff", prefixed([](int) { return "+"; }));
    row("a frame around a prefix", [] {
        QByteArray out;
        for (const QByteArray& line :
            prefixed([](int n) { return "log.txt:" + QByteArray::number(n) + ":"; }).split('\n'))
            out += "| " + line.leftJustified(190) + " |\n";
        return out;
    }());
    row("broken at 100, then quoted", [] {
        QByteArray out;
        for (const QByteArray& line : wrapped(100, false).split('\n'))
            out += "> " + line + '\n';
        return out;
    }());
    row("a container's log broken at 100", [] {
        QByteArray out;
        for (QByteArray line : prefixed([](int) { return "trainer-1  | "; }).split('\n')) {
            for (; line.size() > 100; line = line.mid(100))
                out += line.left(100) + '\n';
            out += line + '\n';
        }
        return out;
    }());
    row("a frame", [] {
        QByteArray out;
        for (const QByteArray& line : QByteArray(kGraph).split('\n'))
            out += "| " + line.leftJustified(170) + " |\n";
        return out;
    }());
    row("padded", [] {
        QByteArray out;
        for (const QByteArray& line : QByteArray(kGraph).split('\n'))
            out += line.leftJustified(170) + "\n";
        return out;
    }());
    row("broken at 80", wrapped(80, false));
    row("broken at 100", wrapped(100, false));
    row("broken at 132", wrapped(132, false));
    row("broken at blanks", wrapped(78, true));
    row("a signature broken at blanks",
        replaced(wrapped(60, true), "12]cpu\", primals_2:", "12]cpu\",\nprimals_2:"));
    row("a log broken at 120", [&] {
        QByteArray out;
        for (QByteArray line : prefixed([](int) {
                 return "I0611 03:04:05.678000 3131 torch/_functorch/x.py:1650] [1/0] [__aot_graphs] ";
             }).split('\n')) {
            for (; line.size() > 120; line = line.mid(120))
                out += line.left(120) + '\n';
            out += line + '\n';
        }
        return out;
    }());
    row("blank lines doubled", replaced(kGraph, "\n", "\n\n"));
    row("indentation lost", [] {
        QByteArray out;
        for (const QByteArray& line : QByteArray(kGraph).split('\n'))
            out += line.trimmed() + "\n";
        return out;
    }());
    row("one blank left of each indent", [] {
        QByteArray out;
        for (const QByteArray& line : QByteArray(kGraph).split('\n'))
            out += (line.startsWith(' ') ? " " : "") + line.trimmed() + "\n";
        return out;
    }());
    row("a progress bar between",
        replaced(kGraph, "        mul: \"f32[4, 12][12, 1]cpu\" = torch.ops.aten.mul.Tensor(getitem",
            "  5%|#         | 1/20 [00:09<02:58,  9.4s/it]\n        mul: \"f32[4, 12][12, 1]cpu\" = "
            "torch.ops.aten.mul.Tensor(getitem"));
    row("a progress bar between a class and its forward",
        replaced(kGraph, "        def forward(self, arg0_1",
            "\r 42%|####      | 5/12 [00:09<02:58,  9.4s/it]\n        def forward(self, arg0_1"));
    row("a warning between",
        replaced(kGraph, "        mul: \"f32[4, 12][12, 1]cpu\" = torch.ops.aten.mul.Tensor(getitem",
            "/opt/lib/warn.py:3: UserWarning: something\n  warnings.warn(x)\n        mul: \"f32[4, 12][12, "
            "1]cpu\" = torch.ops.aten.mul.Tensor(getitem"));
    row("in a docstring", QByteArray("\"\"\"What it printed:\n\n") + kGraph + "\"\"\"\nimport torch\n");
    row("in a fence", QByteArray("I see\n\n```\n") + kGraph + "```\n\nand then nothing.\n");
    row("in a list", prefixed([](int) { return "    "; }));
    row("JSON lines", [] {
        QByteArray out;
        int n = 0;
        for (QByteArray line : QByteArray(kGraph).split('\n'))
            out += "{\"log\":\"" + line.replace("\"", "\\\"")
                + "\\n\",\"stream\":\"stderr\",\"time\":\"2026-06-11T03:04:05.67" + QByteArray::number(++n)
                + "Z\"}\n";
        return out;
    }());
    row("a notebook", [] {
        QByteArray lines;
        for (QByteArray line : QByteArray(kGraph).split('\n'))
            lines += (lines.isEmpty() ? "\"" : ",\n\"") + line.replace("\"", "\\\"") + "\\n\"";
        return "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"gm.print_readable()\"], \"outputs\": "
               "[{\"name\": "
               "\"stdout\", \"output_type\": \"stream\", \"text\": ["
            + lines + "]}]}],\n \"metadata\": {}, \"nbformat\": 4, \"nbformat_minor\": 5}\n";
    }());
    row("a string literal",
        "AssertionError: '" + replaced(replaced(kGraph, "'", "\\'"), "\n", "\\n") + "' != 'x'\n");
    QByteArray utf16("\xFF\xFE");
    QByteArray bare;
    for (const char c : QByteArray(kGraph)) {
        utf16 += c;
        utf16 += '\0';
        bare += '\0';
        bare += c;
    }
    row("UTF-16", utf16);
    row("UTF-16 without a mark", bare);
}

void TestDecorated::decorated() {
    QFETCH(QByteArray, text);
    const auto clean = openBytes(kGraph);
    const auto dump = openBytes(text);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().message.c_str());
    QVERIFY2(problems(*dump).isEmpty(), qPrintable(problems(*dump)));
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->sources.size(), size_t{0});
    const GraphModule& found = *dump->graphs[0].module;
    const GraphModule& wanted = *clean->graphs[0].module;
    PrintOptions options;
    options.sources = false; // a comment that was broken in the middle is not put together again
    const auto text_of = [&](const GraphModule& m) {
        return QString::fromStdString(print_readable(m, BodyId(0), options));
    };
    QCOMPARE(text_of(found), text_of(wanted));
    // What was read reads back: a session keeps the text.
    std::vector<Problem> again;
    const std::string kept(dump->graphs[0].text);
    const auto module = read_print_readable(kept, std::make_shared<std::string>(kept), false, again);
    QVERIFY(module);
    QCOMPARE(text_of(*module), text_of(wanted));
}

// Two processes write in turns, in pieces of some lines.
void TestDecorated::interleaved() {
    const QByteArray a =
        prefixed([](int) { return "[rank0]:I0611 03:04:05.678000 31 torch/a.py:16] [0/0] [__aot_graphs] "; });
    const QByteArray b =
        prefixed([](int) { return "[rank1]:I0611 03:04:05.679000 32 torch/a.py:16] [0/0] [__aot_graphs] "; },
            replaced(kGraph, "aten.relu.default", "aten.tanh.default"));
    const QList<QByteArray> first = a.split('\n');
    const QList<QByteArray> second = b.split('\n');
    QByteArray text;
    for (qsizetype i = 0; i < first.size(); i += 3)
        for (const QList<QByteArray>* lines : {&first, &second})
            for (qsizetype k = i; k < std::min(i + 3, lines->size()); ++k)
                text += lines->at(k) + '\n';
    const auto dump = openBytes(text);
    QVERIFY(dump.ok());
    QVERIFY2(problems(*dump, true).isEmpty(), qPrintable(problems(*dump, true)));
    QCOMPARE(listed(*dump), QStringLiteral("r0/0/0:forward 7, r1/0/0:forward 7"));
    const GraphModule& m = *dump->graphs[1].module;
    QVERIFY(print_readable(m, BodyId(0)).find("aten.tanh.default") != std::string::npos);
}

void TestDecorated::bothSidesOfADiff_data() {
    QTest::addColumn<QByteArray>("text");
    const auto marked = [](const QByteArray& margin, const QByteArray& blank) {
        const QByteArray old = "aten.relu.default", made = "aten.tanh.default";
        QByteArray out;
        for (const QByteArray& line : QByteArray(kGraph).split('\n')) {
            if (line.contains(old)) {
                out += margin + '-' + blank + line + '\n';
                if (!blank.isEmpty())
                    out += margin + "?   ^^^^\n";
                out += margin + '+' + blank + replaced(line, old.constData(), made.constData()) + '\n';
            } else {
                out += margin + ' ' + blank + line + '\n';
            }
        }
        return out;
    };
    QTest::newRow("unified") << QByteArray("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,17 +1,17 @@\n")
            + marked("", "");
    QTest::newRow("pasted alone") << marked("", "");
    QTest::newRow("pytest") << QByteArray("E   AssertionError: 'class[46 chars]' != 'class[46 chars]'\n")
            + marked("E   ", " ");
    QTest::newRow("quoted") << marked("> ", "");
    QTest::newRow("ndiff") << marked("", " ");
}

// A diff is two graphs, told apart; each statement knows its line in the file.
void TestDecorated::bothSidesOfADiff() {
    QFETCH(QByteArray, text);
    const auto dump = openBytes(text);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().message.c_str());
    QVERIFY2(problems(*dump).isEmpty(), qPrintable(problems(*dump)));
    QCOMPARE(dump->graphs.size(), size_t{2});
    const auto clean = openBytes(kGraph);
    PrintOptions options;
    options.sources = false;
    const std::string wanted = print_readable(*clean->graphs[0].module, BodyId(0), options);
    const auto text_of = [&](size_t g) {
        return print_readable(*dump->graphs[g].module, BodyId(0), options);
    };
    QCOMPARE(text_of(0), wanted);
    QCOMPARE(text_of(1), replaced(QByteArray::fromStdString(wanted), "aten.relu", "aten.tanh").toStdString());
    QVERIFY(dump->graphs[0].label.find("before") != std::string::npos);
    QVERIFY(dump->graphs[1].label.find("after") != std::string::npos);
    const Node& last = dump->graphs[1].module->bodies[1].nodes.back();
    QCOMPARE(last.line, uint32_t(text.left(text.indexOf("return (relu,)")).count('\n') + 1));
}

// Nothing but the name of its worker tells the processes apart.
void TestDecorated::interleavedWorkers() {
    const QByteArray title = "TRACED GRAPH\n ===== Forward graph 0 =====\n <eval_with_key>.8 ";
    const QList<QByteArray> a = prefixed([](int) { return "worker-0  | "; }, title + kGraph).split('\n');
    const QList<QByteArray> b =
        prefixed([](int) { return "worker-1  | "; }, title + replaced(kGraph, "aten.relu", "aten.tanh"))
            .split('\n');
    QByteArray text;
    for (qsizetype i = 0; i < a.size(); ++i)
        text += a[i] + '\n' + b[i] + '\n';
    const auto dump = openBytes(text);
    QVERIFY(dump.ok());
    QVERIFY2(problems(*dump, true).isEmpty(), qPrintable(problems(*dump, true)));
    QCOMPARE(listed(*dump), QStringLiteral("-:forward 7, -:forward#1 line 6 7"));
}

// A graph without a rank beside one that has one: what is listed can be asked for. Found by fuzzing.
void TestDecorated::rankBesideNone() {
    const QByteArray plain = "class GraphModule(torch.nn.Module):\n    def forward(self, x):\n"
                             "        neg = torch.ops.aten.neg.default(x)\n        return (neg,)\n\n";
    const auto dump = openBytes(plain + prefixed([](int) { return "[rank0]: "; }));
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{2});
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const auto place = resolve(*dump, address_of(*dump, GraphId(g)));
        QVERIFY2(place.ok(), place.ok() ? "" : place.error().message.c_str());
        QCOMPARE(place->graph.index, uint32_t(g));
    }
}

// Lines and offsets of problems and nodes are the file's, whatever was undone.
void TestDecorated::placesAreTheFiles() {
    QByteArray text = "before\n"
        + prefixed([](int) { return "\x1b[2m> \x1b[0m"; },
            replaced(kGraph, "torch.ops.aten.relu.default(mul)", "oops oops"));
    const auto dump = openBytes(text);
    QVERIFY(dump.ok());
    QCOMPARE(dump->problems.size(), size_t{1});
    const qsizetype at = text.indexOf("\x1b[2m> \x1b[0m            relu");
    QCOMPARE(dump->problems[0].offset, static_cast<uint64_t>(at));
    QCOMPARE(dump->problems[0].line, static_cast<uint64_t>(text.left(at).count('\n') + 1));
    QCOMPARE(dump->graphs[0].line, uint64_t{2});
}

// Between texts that were joined a mark is none of them; inside a string it is what the program wrote.
void TestDecorated::byteOrderMarks() {
    const QByteArray mark = "\xEF\xBB\xBF";
    const QByteArray call = "torch.ops.mylib.say.default(arg0_1, 'don\\'t " + mark + "', \"" + mark + "#\")";
    const QByteArray told = replaced(kGraph, "torch.ops.aten.relu.default(mul)", call.constData());
    const auto dump = openBytes(mark + "it's \n" + mark + told);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(problems(*dump, true), QString());
    QCOMPARE(dump->graphs.size(), size_t{1});
    const std::string_view text = dump->graphs[0].text;
    QVERIFY(text.find(call.toStdString()) != std::string_view::npos);
    QVERIFY(!text.starts_with(mark.toStdString()));
}

QTEST_GUILESS_MAIN(TestDecorated)
#include "tst_decorated.moc"
