// torch.export's archives: the same graphs as from the text that PyTorch prints of them, and what came along.
#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "core/read/archive.h"
#include "core/read/exported_program.h"
#include "core/read/exported_values.h"
#include "core/read/sympy.h"
#include "tests/testdata.h"

#include <QTest>

#include <limits>
#include <zip.h>

using namespace hopscope;
using namespace hopscope::test;

class TestPt2 : public QObject {
    Q_OBJECT

private slots:
    void sameAsText_data();
    void sameAsText();
    void weightsCameAlong();
    void oldLayout();
    void symbols();
    void expressions_data();
    void expressions();
    void floats_data();
    void floats();
    void texts();
    void bareInfinities();
    void otherArchives_data();
    void otherArchives();
    void zippedLogs();
    void compiledPackage();
    void hostileNames();

private:
    QString zip(const std::vector<std::pair<QString, QByteArray>>& members);

    QTemporaryDir folder_;
};

namespace {

// What of a body both forms tell. The JSON does not hold the names of get_attr nodes, nor where they stood.
QStringList told(const GraphModule& module, const Body& body) {
    QStringList lines;
    for (const Node& n : body.nodes) {
        if (n.op == Opcode::GetAttr)
            continue;
        QString line = text(module.text(n.name)) + ' ' + text(short_target(module, n)) + ' ';
        for (const NodeId input : body.inputs_of(n)) {
            const Node& in = body.node(input);
            line += (in.op == Opcode::GetAttr ? "self." + text(module.text(in.target))
                                              : text(module.text(in.name)))
                + ' ';
        }
        if (const ValueType* type = module.type(n.type))
            line +=
                QString::fromStdString(type->kind == TypeKind::Tensor ? short_type(module, *type)
                                                                      : std::string(module.text(type->text)));
        lines << line;
    }
    return lines;
}

} // namespace

QString TestPt2::zip(const std::vector<std::pair<QString, QByteArray>>& members) {
    const QString path = folder_.filePath(QStringLiteral("made.zip"));
    QFile::remove(path);
    zip_t* archive = zip_open(qPrintable(path), ZIP_CREATE, nullptr);
    for (const auto& [name, bytes] : members)
        zip_file_add(archive, qPrintable(name),
            zip_source_buffer(archive, bytes.constData(), static_cast<zip_uint64_t>(bytes.size()), 0), 0);
    zip_close(archive);
    return path;
}

void TestPt2::sameAsText_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"regions", "inlined", "dynamic", "mutating", "branches", "arguments", "loops"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestPt2::sameAsText() {
    QFETCH(QString, name);
    const auto archive = open_dump({dataPath("pt2/" + name + ".pt2").toStdString()});
    QVERIFY2(archive.ok(), archive.ok() ? "" : archive.error().text().c_str());
    QVERIFY2(archive->problems.empty(), qPrintable(problemText(archive->problems)));
    QCOMPARE(archive->graphs.size(), size_t{1});
    QVERIFY(archive->graphs[0].stage == Stage::Export);
    const auto printed = open_dump({dataPath("pt2/" + name + ".txt").toStdString()});
    QVERIFY(printed.ok());
    const GraphModule& a = *archive->graphs[0].module;
    const GraphModule& b = *printed->graphs[0].module;
    QCOMPARE(a.bodies.size(), b.bodies.size());
    for (size_t i = 0; i < b.bodies.size(); ++i) {
        const BodyId same = find_body(a, body_path(b, BodyId(i)));
        QVERIFY2(same, body_path(b, BodyId(i)).c_str());
        QCOMPARE(told(a, a.body(same)), told(b, b.bodies[i]));
    }
    // A session keeps the text: it reads back to the same graph.
    const ReadText again = readText(print_readable(a, BodyId(0)));
    QVERIFY(again.module);
    QVERIFY(same_body(a, BodyId(0), *again.module, BodyId(0)));
}

void TestPt2::weightsCameAlong() {
    const auto dump = open_dump({dataPath("pt2/dynamic.pt2").toStdString()});
    QVERIFY(dump.ok());
    const auto& saved = dump->graphs[0].saved;
    QCOMPARE(saved.size(), size_t{8}); // two parameters, two buffers, a constant; three inputs of the trial
    QCOMPARE(QString::fromStdString(saved[0].name), QStringLiteral("p_l_weight"));
    QCOMPARE(QString::fromStdString(saved[0].dtype), QStringLiteral("float32"));
    QCOMPARE(saved[0].shape, (std::vector<int64_t>{4, 8}));
    QVERIFY(!saved[0].pickled && !saved[0].sample);
    QVERIFY(saved[5].sample && saved[5].pickled);
    QCOMPARE(saved[5].place, std::optional(0));
    QCOMPARE(QString::fromStdString(dump->torch_version).left(5), QStringLiteral("2.13."));
}

// The layout from before PyTorch 2.8: the same graph, and the same weights by name.
void TestPt2::oldLayout() {
    const auto now = open_dump({dataPath("pt2/dynamic.pt2").toStdString()});
    const auto old = open_dump({dataPath("pt2/old.pt2").toStdString()});
    QVERIFY2(old.ok(), old.ok() ? "" : old.error().text().c_str());
    QVERIFY(same_body(*now->graphs[0].module, BodyId(0), *old->graphs[0].module, BodyId(0)));
    QCOMPARE(old->graphs[0].saved.size(), size_t{8});
    QCOMPARE(QString::fromStdString(old->graphs[0].saved[0].entry), QStringLiteral("l.weight"));
    QVERIFY(old->graphs[0].saved[0].pickled);
}

void TestPt2::symbols() {
    const auto dump = open_dump({dataPath("pt2/dynamic.pt2").toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->symbols.size(), size_t{2});
    QCOMPARE(QString::fromStdString(dump->symbols[0].name), QStringLiteral("s77"));
    QCOMPARE(QString::fromStdString(dump->symbols[0].value), QStringLiteral("6"));
    QCOMPARE(QString::fromStdString(dump->symbols[0].range), QStringLiteral("[2, 64]"));
    QCOMPARE(QString::fromStdString(dump->symbols[1].range), QStringLiteral("[2, int_oo]"));
}

void TestPt2::expressions_data() {
    QTest::addColumn<QString>("srepr");
    QTest::addColumn<QString>("plain");
    const QString s = QStringLiteral("Symbol('s0', positive=True, integer=True)");
    QTest::newRow("symbol") << s << "s0";
    QTest::newRow("sum") << "Add(Mul(Integer(2), " + s + "), Integer(-1))"
                         << "2*s0 - 1";
    QTest::newRow("negative") << "Mul(Integer(-1), " + s + ")"
                              << "-s0";
    QTest::newRow("product of a sum") << "Mul(Integer(3), Add(" + s + ", Integer(1)))"
                                      << "3*(s0 + 1)";
    QTest::newRow("power") << "Pow(" + s + ", Integer(2))"
                           << "s0**2";
    QTest::newRow("floor") << "FloorDiv(Add(" + s + ", Integer(7)), Integer(8))"
                           << "((s0 + 7)//8)";
    QTest::newRow("function") << "Max(Integer(1), " + s + ")"
                              << "Max(1, s0)";
    QTest::newRow("relation") << "GreaterThan(" + s + ", Integer(0))"
                              << "s0 >= 0";
    QTest::newRow("already plain") << "2*s0 + 1"
                                   << "2*s0 + 1";
    QTest::newRow("cut") << "Add(" + s << QString();
    QTest::newRow("a symbol that is none") << "Symbol('s0\"; x')" << QString();
    QTest::newRow("deep") << QString("Add(").repeated(5000) + "Integer(1)" + QString(")").repeated(5000)
                          << QString();
}

void TestPt2::expressions() {
    QFETCH(QString, srepr);
    QFETCH(QString, plain);
    const auto found = read::plain_expression(srepr.toStdString());
    QCOMPARE(found ? QString::fromStdString(*found) : QString(), plain);
}

void TestPt2::floats_data() {
    QTest::addColumn<double>("value");
    QTest::addColumn<QString>("python");
    QTest::newRow("one") << 1.0 << "1.0";
    QTest::newRow("small") << 1e-05 << "1e-05";
    QTest::newRow("not so small") << 0.0001 << "0.0001";
    QTest::newRow("large") << 1e16 << "1e+16";
    QTest::newRow("not so large") << 123456789012345.0 << "123456789012345.0";
    QTest::newRow("a third") << 1.0 / 3 << "0.3333333333333333";
    QTest::newRow("minus zero") << -0.0 << "-0.0";
    QTest::newRow("infinite") << -std::numeric_limits<double>::infinity() << "-inf";
}

void TestPt2::floats() {
    QFETCH(double, value);
    QFETCH(QString, python);
    QCOMPARE(QString::fromStdString(read::python_float(value)), python);
}

void TestPt2::texts() {
    QCOMPARE(QString::fromStdString(read::python_text("it's")), QStringLiteral("\"it's\""));
    QCOMPARE(QString::fromStdString(read::python_text("a\n\x1b'\"")), QStringLiteral("'a\\n\\x1b\\'\"'"));
}

// Python writes them bare, which is no JSON; a text that speaks of them stays as it is.
void TestPt2::bareInfinities() {
    const char* json =
        R"({"graph_module":{"graph":{"inputs":[],"outputs":[{"as_tensor":{"name":"a"}}],"nodes":[{
        "target":"torch.ops.aten.full.default","inputs":[{"name":"size","arg":{"as_ints":[2]},"kind":1},
        {"name":"fill_value","arg":{"as_float":-Infinity},"kind":1},{"name":"note","arg":{"as_string":"NaN, Infinity"},"kind":2}],
        "outputs":[{"as_tensor":{"name":"a"}}],"metadata":{}}],
        "tensor_values":{"a":{"dtype":7,"sizes":[{"as_int":2}],"layout":7}}}},"schema_version":{"major":8,"minor":1}})";
    const auto program = read::exported_program(json);
    QVERIFY2(program.ok(), program.ok() ? "" : program.error().text().c_str());
    QVERIFY2(QString::fromStdString(program->text)
                 .contains("a: \"f32[2]\" = torch.ops.aten.full.default([2], -inf, note = 'NaN, Infinity')"),
        program->text.c_str());
}

void TestPt2::otherArchives_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("says");
    QTest::newRow("torch.save") << dataPath("pt/state_dict.pt") << "torch.save";
    QTest::newRow("TorchScript") << dataPath("pt/torchscript.pt") << "TorchScript";
}

void TestPt2::otherArchives() {
    QFETCH(QString, path);
    QFETCH(QString, says);
    const auto dump = open_dump({path.toStdString()});
    QVERIFY(!dump.ok());
    QVERIFY2(QString::fromStdString(dump.error().message).contains(says), dump.error().text().c_str());
    QCOMPARE(dump.error().remedy == Error::Remedy::GiveInputs, says == "torch.save");
}

void TestPt2::zippedLogs() {
    const auto dump =
        open_dump({zip({{"run/trace.log", traceBytes("mlp4")}, {"run/readme.md", "nothing"}}).toStdString()});
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    const auto alone = open_dump({traceOf("mlp4")});
    QCOMPARE(dump->graphs.size(), alone->graphs.size());
    QVERIFY(QString::fromStdString(dump->files[0].path).endsWith("made.zip/run/trace.log"));
    const auto pickled = open_dump({zip(
        {{"m/data.pkl",
             "\x80\x02"
             "ctorch.fx.graph_module\nreduce_graph_module\nq."},
            {"m/version", "3"}}).toStdString()});
    QVERIFY(!pickled.ok());
    QVERIFY2(
        QString::fromStdString(pickled.error().message).startsWith("is a torch.fx.GraphModule as torch.save"),
        pickled.error().text().c_str());
    const auto none = open_dump({zip({{"readme.md", "nothing"}}).toStdString()});
    QVERIFY(!none.ok());
    QVERIFY2(QString::fromStdString(none.error().message).contains("none of them is a dump"),
        none.error().text().c_str());
}

void TestPt2::compiledPackage() {
    const auto dump = open_dump({zip({{"m/archive_format", "pt2"}, {"m/data/aotinductor/model/a.so", "ELF"},
                                         {"m/data/aotinductor/model/a.wrapper.cpp", "int x;"}})
                                     .toStdString()});
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(dump->artifacts.size(), size_t{2});
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(QString::fromStdString(dump->problems[0].message).contains("AOTInductor"),
        dump->problems[0].message.c_str());
}

// Names go into generated code: what is no name becomes one.
void TestPt2::hostileNames() {
    const char* json =
        R"({"graph_module":{"graph":{"inputs":[{"as_tensor":{"name":"x\"):\n        import os"}}],
        "outputs":[{"as_tensor":{"name":"y; z = None"}}],"nodes":[{"target":"os.system('x')\nq","inputs":[
        {"name":"a b","arg":{"as_tensor":{"name":"x\"):\n        import os"}},"kind":2}],
        "outputs":[{"as_tensor":{"name":"y; z = None"}}],"metadata":{"stack_trace":"File \"a\", line 1, in f\n  \u001b[2J\r"}}],
        "tensor_values":{}}},"schema_version":{"major":8,"minor":1}})";
    const auto program = read::exported_program(json);
    QVERIFY(program.ok());
    const ReadText read = readText(program->text);
    QVERIFY(read.module);
    QVERIFY2(read.problems.empty(), qPrintable(problemText(read.problems)));
    QCOMPARE(read.module->bodies[0].nodes.size(), size_t{3});
    QVERIFY(!QString::fromStdString(program->text).contains(QChar(0x1b)));
}

QTEST_APPLESS_MAIN(TestPt2)
#include "tst_pt2.moc"
