// Texts in the wild: one graph as it is printed, and as it looks after other programs, terminals and people
// had it. Whatever was done to it, the same graph comes out, or it is said what is missing.
#include "core/graph/print.h"
#include "core/read/decode.h"
#include "core/read/graph_str.h"
#include "core/read/prefix.h"
#include "core/read/rejoin.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestTexts : public QObject {
    Q_OBJECT

private slots:
    void decorated_data();
    void decorated();
    void interleaved();
    void interleavedWorkers();
    void bothSidesOfADiff_data();
    void bothSidesOfADiff();
    void otherForms_data();
    void otherForms();
    void stages_data();
    void stages();
    void sources();
    void compilations();
    void rankBesideNone();
    void messages();
    void facts_data();
    void facts();
    void unreadable_data();
    void unreadable();
    void placesAreTheFiles();
    void guardsBesideGraphs();
    void textBehindReturn_data();
    void textBehindReturn();
    void bodyThatIsNotThere();
    void byteOrderMarks();
    void graphThatIsCutBehindItsHead();
};

namespace {

const char* const kGraph = R"(class GraphModule(torch.nn.Module):
    def forward(self, primals_1: "f32[4, 12][12, 1]cpu", primals_2: "f32[12][1]cpu"):
        # File: /home/dev/net.py:12 in forward, code: x = block(x, w)
        repeated_subgraph0 = self.repeated_subgraph0
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(repeated_subgraph0, 'fw_subgraph_0', primals_1, primals_2);  repeated_subgraph0 = None
        getitem: "f32[4, 12][12, 1]cpu" = invoke_subgraph[0];  invoke_subgraph = None

        # File: /home/dev/net.py:13 in forward, code: return x & 3 < y
        mul: "f32[4, 12][12, 1]cpu" = torch.ops.aten.mul.Tensor(getitem, primals_2);  getitem = primals_2 = None
        return (mul, primals_1)

    class repeated_subgraph0(torch.nn.Module):
        def forward(self, arg0_1: "f32[4, 12][12, 1]cpu", arg1_1: "f32[12][1]cpu"):
            # File: /home/dev/net.py:7 in block, code: return torch.relu(x * w)
            mul: "f32[4, 12][12, 1]cpu" = torch.ops.aten.mul.Tensor(arg0_1, arg1_1);  arg0_1 = arg1_1 = None
            relu: "f32[4, 12][12, 1]cpu" = torch.ops.aten.relu.default(mul);  mul = None
            return (relu,)
)";

Result<Dump> openBytes(const QByteArray& bytes, const QString& name = QStringLiteral("case.txt")) {
    QTemporaryDir folder;
    const QString path = folder.filePath(name);
    if (!writeFile(path, bytes))
        return make_error(Error::Kind::CannotRead, "cannot write the test's file");
    return open_dump({path.toStdString()});
}

// Every line behind what `before` gives for its number.
QByteArray prefixed(const std::function<QByteArray(int)>& before, const QByteArray& text = kGraph) {
    QByteArray out;
    int n = 0;
    for (const QByteArray& line : text.split('\n'))
        out += before(++n) + line + '\n';
    return out;
}

QByteArray replaced(QByteArray text, const char* from, const char* to) {
    return text.replace(from, to);
}

// Lines broken at a width, as a terminal does; `at_blanks`: as a mail program does.
QByteArray wrapped(int width, bool at_blanks) {
    QByteArray out;
    for (QByteArray line : QByteArray(kGraph).split('\n')) {
        while (line.size() > width) {
            const qsizetype blank = line.lastIndexOf(' ', width);
            const qsizetype indent = line.size() - line.trimmed().size();
            if (at_blanks && blank > indent + 8) {
                out += line.left(blank) + '\n';
                line = line.mid(blank + 1);
            } else if (at_blanks) {
                break;
            } else {
                out += line.left(width) + '\n';
                line = line.mid(width);
            }
        }
        out += line + '\n';
    }
    return out;
}

QString problems(const Dump& dump, bool notes = false) {
    QStringList out;
    for (const Problem& p : dump.problems)
        if (notes || p.severity != Severity::Note)
            out << QString::number(p.line) + ": " + QString::fromStdString(p.message);
    return out.join("\n");
}

QString listed(const Dump& dump) {
    QStringList out;
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        const Graph& g = dump.graphs[i];
        out << QString::fromStdString(address_of(dump, GraphId(i))) + (g.label.empty() ? "" : " ")
                + QString::fromStdString(g.label) + ' ' + QString::number(g.module->bodies[0].nodes.size());
    }
    return out.join(", ");
}

} // namespace

void TestTexts::decorated_data() {
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

void TestTexts::decorated() {
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
void TestTexts::interleaved() {
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

void TestTexts::bothSidesOfADiff_data() {
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
void TestTexts::bothSidesOfADiff() {
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
void TestTexts::interleavedWorkers() {
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
void TestTexts::rankBesideNone() {
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

// Lines and offsets of problems and nodes are the file's, whatever was undone.
void TestTexts::placesAreTheFiles() {
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
void TestTexts::byteOrderMarks() {
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
