// Schemas of region calls against the texts that PyTorch's own gen_schema wrote.
#include "tests/worker/worker.h"

#include "core/graph/calls.h"
#include "core/proof/schema.h"
#include "core/run/value_keys.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <set>

using namespace hopscope;
using namespace hopscope::test;
using nlohmann::json;

namespace {

// PyTorch's texts by call, from a recording's metadata.
json schemasOf(const QByteArray& file) {
    uint64_t size = 0;
    std::memcpy(&size, file.constData(), 8);
    const json header = json::parse(file.mid(8, static_cast<qsizetype>(size)).toStdString());
    return json::parse(header["__metadata__"].value("schemas", "{}"));
}

} // namespace

class TestSchema : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void recordings_data();
    void recordings();
    void mutatedBuffer_data();
    void mutatedBuffer();
    void asPyTorchWritesIt_data();
    void asPyTorchWritesIt();
    void aliases();
    void refuses();

private:
    Result<proof::CallSchema> schemaAt(const Dump& dump, const Place& place, const run::Request& given);
    std::unique_ptr<worker::Worker> executor_;
};

void TestSchema::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

// On the test's own worker.
Result<proof::CallSchema> TestSchema::schemaAt(
    const Dump& dump, const Place& place, const run::Request& given) {
    const auto called = proof::body_of_call(dump, place, given);
    if (!called)
        return called.error();
    const auto prepared = run::prepare(dump, called->place, called->request);
    if (!prepared)
        return prepared.error();
    if (const auto loaded = run::load_into(*executor_, *prepared); !loaded)
        return loaded.error();
    return proof::call_schema(*executor_, dump, place, *prepared);
}

void TestSchema::recordings_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("values");
    const QDir data(QStringLiteral(HOPSCOPE_TEST_DATA));
    int files = 0;
    for (const QString& name : data.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        const QDir folder(data.filePath(name + QStringLiteral("/values")));
        for (const QString& file : folder.entryList({QStringLiteral("*.safetensors.gz")}, QDir::Files)) {
            const QString stem = file.section(QLatin1Char('.'), 0, 0);
            const QString plain = folder.filePath(stem + QStringLiteral(".txt"));
            if (schemasOf(bytesOf(folder.filePath(file))).empty())
                continue;
            QTest::newRow(qPrintable(name + QLatin1Char('/') + stem))
                << (QFile::exists(plain) ? plain : plain + QStringLiteral(".gz")) << folder.filePath(file);
            ++files;
        }
    }
    QVERIFY(files >= 12);
}

void TestSchema::recordings() {
    QFETCH(QString, text);
    QFETCH(QString, values);
    const auto dump = open_dump({text.toStdString()});
    QVERIFY(dump.ok() && dump->graphs.size() == 1);
    const GraphModule& module = *dump->graphs[0].module;
    const json schemas = schemasOf(bytesOf(values));
    const auto bytes = std::make_shared<std::string>(bytesOf(values).toStdString());
    const auto file = tensors::TensorFile::read(*bytes, bytes);
    QVERIFY(file.ok());
    std::set<std::string> asked;
    for (const auto& [key, wanted] : schemas.items()) {
        const auto value = run::place_of_key(module, BodyId(0), key);
        QVERIFY2(value.ok(), value.ok() ? "" : value.error().message.c_str());
        const auto call = region_call(module, value->body, value->node);
        QVERIFY2(call && call->body, key.c_str());
        // Where recordings are cut down to one invocation the others have no values; equal questions are
        // asked once.
        const std::string first(module.text(module.body(call->body).node(NodeId(0)).name));
        if (!file->find(key + "/" + first)
            || !asked.insert(body_path(module, call->body) + wanted.get<std::string>()).second)
            continue;
        run::Request given;
        given.inputs = values.toStdString();
        const auto keys = run::keys_of(module, value->body, value->node);
        given.invocation = static_cast<int>(std::find(keys.begin(), keys.end(), key) - keys.begin());
        const auto schema = schemaAt(*dump, run::place_in(GraphId(0), *value), given);
        QVERIFY2(schema.ok(), schema.ok() ? "" : schema.error().message.c_str());
        QCOMPARE(schema->text, wanted.get<std::string>());
        QVERIFY(!schema->synthetic);
        QCOMPARE(schema->stopped.empty(), !text.contains(QStringLiteral("/effects/")));
    }
    QVERIFY(!asked.empty());
}

// PyTorch 2.13's text of a call of this body, of which the recordings hold none: they were made after the
// call was wrapped.
void TestSchema::mutatedBuffer_data() {
    QTest::addColumn<QString>("address");
    QTest::newRow("dynamo") << QStringLiteral("0/0:dynamo@invoke_subgraph_1");
    QTest::newRow("functionalized") << QStringLiteral("0/0:inference@auto_functionalized_v2");
}

void TestSchema::mutatedBuffer() {
    QFETCH(QString, address);
    const auto dump = open_dump({traceOf(QStringLiteral("mutated_buffer"))});
    QVERIFY(dump.ok());
    const auto place = resolve(*dump, std::string_view(address.toStdString()));
    QVERIFY(place.ok());
    run::Request given;
    given.seed = 1;
    const auto schema = schemaAt(*dump, *place, given);
    QVERIFY2(schema.ok(), schema.ok() ? "" : schema.error().message.c_str());
    QCOMPARE(schema->text,
        std::string("invoke_subgraph(Any subgraph, str identifier, Tensor arg0, Tensor arg1, Tensor arg2, "
                    "Tensor(a5!) arg3) -> ((Tensor))"));
    QVERIFY(schema->synthetic);
    QVERIFY(schema->arguments[3].changed && !schema->arguments[0].changed);
}

// Bodies, and what gen_schema of PyTorch 2.13 says of a call of each.
void TestSchema::asPyTorchWritesIt_data() {
    QTest::addColumn<QString>("operands");
    QTest::addColumn<QString>("parameters");
    QTest::addColumn<QString>("statements"); // the last line is what is returned
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const char* operands, const char* parameters,
                         const char* statements, const char* expected) {
        QTest::newRow(name) << QString::fromLatin1(operands) << QString::fromLatin1(parameters)
                            << QString::fromLatin1(statements) << QString::fromLatin1(expected);
    };
    const char *one = "a: \"f32[2, 2]cpu\"", *two = "a: \"f32[2, 2]cpu\", b: \"f32[2, 2]cpu\"";
    row("in place", "x, y", two, "c = a.add_(1)\nd = a * b\n(d,)",
        "Tensor(a2!) arg0, Tensor arg1) -> ((Tensor))");
    row("in place, aten", "x, y", two,
        "c = torch.ops.aten.add_.Tensor(a, 1)\nd = torch.ops.aten.mul.Tensor(a, b)\n(d,)",
        "Tensor(a2!) arg0, Tensor arg1) -> ((Tensor))");
    row("a view of it", "x, y", two,
        "v = b.select(0, 0)\ns = a.select(0, 0)\nc = v.copy_(s)\nd = a + 1\ne = b * 2\n(d, e)",
        "Tensor arg0, Tensor(a3!) arg1) -> (Tensor, Tensor)");
    row("a view of all", "x", one, "v = a.view(-1)\nw = v.mul_(2)\nd = a + 1\n(d,)",
        "Tensor(a2!) arg0) -> ((Tensor))");
    row("an operator in place", "x, y", two, "a += b;  iadd = a\nd = a * b\n(d,)",
        "Tensor(a2!) arg0, Tensor arg1) -> ((Tensor))");
    row("setitem", "x, y", two, "b[0] = 1.0;  setitem = b\nd = a * b\n(d,)",
        "Tensor arg0, Tensor(a3!) arg1) -> ((Tensor))");
    row("a function in place", "x", one, "c = torch.nn.functional.relu(a, inplace = True)\nd = c + 1\n(d,)",
        "Tensor(a2!) arg0) -> ((Tensor))");
    row("a local value", "x", one, "y = a + 1\nz = y.add_(2)\n(y,)", "Tensor arg0) -> ((Tensor))");
    row("an integer", "x, 3", "a: \"f32[2, 2]cpu\", n: \"Sym(s0)\"", "d = a * n\n(d,)",
        "Tensor arg0, int arg1) -> ((Tensor))");
    row("a literal returned", "x", one, "d = a * 2\n(d, 3)", "Tensor arg0) -> (Tensor, int)");
    row("only an integer", "x", one, "d = a * 2\n(4,)", "Tensor arg0) -> ((int))");
    row("None returned", "x, y", two, "d = a + b\n(None, d)",
        "Tensor arg0, Tensor arg1) -> (NoneType, Tensor)");
    row("only None", "x", one, "d = a * 2\n(None,)", "Tensor arg0) -> ((NoneType))");
    row("an operand returned", "x, y", two, "d = a + b\n(a, d)",
        "Tensor arg0, Tensor arg1) -> (Tensor, Tensor)");
}

void TestSchema::asPyTorchWritesIt() {
    QFETCH(QString, operands);
    QFETCH(QString, parameters);
    QFETCH(QString, statements);
    QFETCH(QString, expected);
    QStringList lines = statements.split(QLatin1Char('\n'));
    const QString result = lines.takeLast();
    QString text =
        QStringLiteral("class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[2, 2]cpu\", y: "
                       "\"f32[2, 2]cpu\"):\n        subgraph_0 = self.subgraph_0\n        call = "
                       "torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', %1)\n        return "
                       "(call,)\n\n    class subgraph_0(torch.nn.Module):\n        def forward(self, %2):\n")
            .arg(operands, parameters);
    for (const QString& line : lines)
        text += QStringLiteral("            ") + line + QLatin1Char('\n');
    text += QStringLiteral("            return ") + result + QLatin1Char('\n');
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("graph.txt"));
    QVERIFY(writeFile(path, text.toUtf8()));
    const auto dump = open_dump({path.toStdString()});
    QVERIFY(dump.ok() && dump->graphs.size() == 1);
    const auto place = resolve(*dump, std::string_view("-:graph@call"));
    QVERIFY(place.ok());
    run::Request given;
    given.seed = 1;
    if (text.contains(QLatin1String("s0")))
        given.bind = {"s0=3"};
    const auto schema = schemaAt(*dump, *place, given);
    QVERIFY2(schema.ok(), schema.ok() ? "" : schema.error().message.c_str());
    QVERIFY2(schema->stopped.empty(), schema->stopped.c_str());
    QCOMPARE(QString::fromStdString(schema->text),
        QStringLiteral("invoke_subgraph(Any subgraph, str identifier, ") + expected);
}

void TestSchema::aliases() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("graph.txt"));
    const char* const graph = R"py(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2, 3]cpu", n: "Sym(s0)"):
        subgraph_0 = self.subgraph_0
        call = torch.ops.higher_order.invoke_subgraph(subgraph_0, None, n, x)
        return (call,)

    class subgraph_0(torch.nn.Module):
        def forward(self, n: "Sym(s0)", a: "f32[2, 3]cpu"):
            neg = torch.ops.aten.neg.default(a)
            t = torch.ops.aten.t.default(a)
            view = torch.ops.aten.view.default(neg, [6])
            return (t, neg, view, n)
)py";
    QVERIFY(writeFile(path, graph));
    const auto dump = open_dump({path.toStdString()});
    QVERIFY(dump.ok());
    run::Request given;
    given.seed = 1;
    given.bind = {"s0=3"};
    const auto schema = schemaAt(*dump, *resolve(*dump, std::string_view("-:graph@call")), given);
    QVERIFY2(schema.ok(), schema.ok() ? "" : schema.error().message.c_str());
    // A symbol is traced as one; the identifier is None.
    QCOMPARE(schema->text,
        std::string("invoke_subgraph(Any subgraph, NoneType identifier, SymInt arg0, Tensor arg1) -> "
                    "(Tensor, Tensor, "
                    "Tensor, SymInt)"));
    QVERIFY(schema->returns[0].aliases_argument == 1U);
    QVERIFY(!schema->returns[1].aliases_argument);
    QVERIFY(!schema->returns[1].aliases_return);
    QVERIFY(schema->returns[2].aliases_return == 1U);
    QCOMPARE(schema->arguments[1].operand, std::string("x"));
}

void TestSchema::refuses() {
    const auto dump = open_dump({traceOf(QStringLiteral("mlp4"))});
    QVERIFY(dump.ok());
    run::Request given;
    given.seed = 1;
    auto schema = schemaAt(*dump, *resolve(*dump, std::string_view("0/0:forward@getitem")), given);
    QVERIFY(!schema.ok());
    QCOMPARE(schema.error().kind, Error::Kind::Usage);
    QVERIFY2(schema.error().message.find("'getitem' is no region call") == 0, schema.error().message.c_str());
    schema = schemaAt(*dump, *resolve(*dump, std::string_view("0/0:forward")), given);
    QVERIFY(!schema.ok() && schema.error().message.find("expected the address") == 0);
}

QTEST_GUILESS_MAIN(TestSchema)
#include "tst_schema.moc"
