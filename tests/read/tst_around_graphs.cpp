// print_readable text: comments, nested classes, what stands around a graph, and what is lost.
#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "core/read/readable.h"
#include "tests/read/described.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestAroundGraphs : public QObject {
    Q_OBJECT

private slots:
    void comments_data();
    void comments();
    void commentHoldsUntilTheNext();
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
    void losses_data();
    void losses();
    void problemsAreBounded();
};

void TestAroundGraphs::comments_data() {
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

void TestAroundGraphs::comments() {
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

void TestAroundGraphs::commentHoldsUntilTheNext() {
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

// FX_GRAPH_SHOW_META=1
void TestAroundGraphs::metaBlocks() {
    const ReadText read =
        readBody("\"\"\"\nval: x = y + 1\nreturn (\n\"\"\"\na = x + 1\n\"\"\"one line\"\"\"\nb = a + 1");
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    QCOMPARE(read.module->bodies[0].nodes.size(), size_t{6});
}

void TestAroundGraphs::rawNewlinesInReprs() {
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
void TestAroundGraphs::coloursAreStripped() {
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

void TestAroundGraphs::nestedClassesAndScopes() {
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

void TestAroundGraphs::aroundTheGraph_data() {
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

void TestAroundGraphs::aroundTheGraph() {
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

void TestAroundGraphs::severalModules() {
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

void TestAroundGraphs::exportedProgram() {
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

void TestAroundGraphs::blankLinesAndLineEnds_data() {
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

void TestAroundGraphs::blankLinesAndLineEnds() {
    QFETCH(QString, text);
    const ReadText read = readText(text.toStdString());
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    QCOMPARE(read.module->bodies.size(), size_t{2});
    QCOMPARE(read.module->node_count(), size_t{6});
}

void TestAroundGraphs::problemsNameTheirPlace() {
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

// What a text lost is said, with the line where it is missed.
void TestAroundGraphs::losses_data() {
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

void TestAroundGraphs::losses() {
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

// A thousand broken lines are not a thousand messages.
void TestAroundGraphs::problemsAreBounded() {
    QString lines;
    for (int i = 0; i < 1000; ++i)
        lines += QStringLiteral("no statement %1\n").arg(i);
    const ReadText read = readBody(lines);
    QVERIFY(read.problems.size() < 100);
    QVERIFY2(test::text(read.problems.back().message).contains("950 more problems"),
        read.problems.back().message.c_str());
}

QTEST_GUILESS_MAIN(TestAroundGraphs)
#include "tst_around_graphs.moc"
