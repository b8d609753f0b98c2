// Keys of value files: every recorded one has its node, and every node its keys.
#include "tests/testdata.h"

#include "core/run/value_keys.h"
#include "core/tensors/tensor_file.h"

#include <QTest>

#include <set>

using namespace hopscope;
using namespace hopscope::test;

class TestValueKeys : public QObject {
    Q_OBJECT

private slots:
    void recordedKeys_data();
    void recordedKeys();
    void loopsAndItems();
    void refuses_data();
    void refuses();
};

void TestValueKeys::recordedKeys_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("values");
    const QDir data(QStringLiteral(HOPSCOPE_TEST_DATA));
    for (const QString& name : data.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        const QDir folder(data.filePath(name + QStringLiteral("/values")));
        for (const QString& file : folder.entryList({QStringLiteral("*.safetensors.gz")}, QDir::Files)) {
            const QString stem = file.section(QLatin1Char('.'), 0, 0);
            const QString plain = folder.filePath(stem + QStringLiteral(".txt"));
            QTest::newRow(qPrintable(name + QLatin1Char('/') + stem))
                << (QFile::exists(plain) ? plain : plain + QStringLiteral(".gz")) << folder.filePath(file);
        }
    }
}

void TestValueKeys::recordedKeys() {
    QFETCH(QString, text);
    QFETCH(QString, values);
    const ReadText read = readText(bytesOf(text).toStdString());
    QVERIFY(read.module);
    const auto bytes = std::make_shared<std::string>(bytesOf(values).toStdString());
    const auto file = tensors::TensorFile::read(*bytes, bytes);
    QVERIFY(file.ok());
    std::set<std::string> keys;
    for (const tensors::Value& value : file->values()) {
        const auto place = run::place_of_key(*read.module, BodyId(0), value.name);
        QVERIFY2(place.ok(), place.ok() ? "" : place.error().message.c_str());
        QCOMPARE(run::key_of(*read.module, BodyId(0), *place), value.name);
        QCOMPARE(place->items.empty(), value.name.find('#') == std::string::npos);
        QCOMPARE(
            place->calls.size(), static_cast<size_t>(std::count(value.name.begin(), value.name.end(), '/')));
        if (!place->items.empty())
            continue;
        // The node's keys hold this one.
        const auto all = run::keys_of(*read.module, place->body, place->node);
        QVERIFY2(std::find(all.begin(), all.end(), value.name) != all.end(), value.name.c_str());
        keys.insert(value.name);
    }
    QVERIFY(!keys.empty());
}

void TestValueKeys::loopsAndItems() {
    const ReadText read = readText(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]"):
        f = self.f
        loop = torch.ops.higher_order.map_impl(f, [x], ())
        item = loop[0]
        return (item,)

    class f(torch.nn.Module):
        def forward(self, a: "f32[]"):
            g = self.g
            inner = torch.ops.higher_order.invoke_subgraph(g, 'g', a)
            return (inner,)

        class g(torch.nn.Module):
            def forward(self, b: "f32[]"):
                neg = torch.ops.aten.neg.default(b)
                return (neg,)
)");
    QVERIFY(read.module);
    const auto place = run::place_of_key(*read.module, BodyId(0), "loop/2/inner/neg#1#0");
    QVERIFY2(place.ok(), place.ok() ? "" : place.error().message.c_str());
    QCOMPARE(place->calls.size(), size_t{2});
    QCOMPARE(place->calls[0].round, std::optional<int64_t>(2));
    QVERIFY(!place->calls[1].round);
    QVERIFY(place->items == (std::vector<int>{1, 0}));
    QCOMPARE(run::key_of(*read.module, BodyId(0), *place), std::string("loop/2/inner/neg#1#0"));
    const Place in = run::place_in(GraphId(4), *place);
    QVERIFY(in.graph == GraphId(4) && in.body == find_body(*read.module, "f.g") && in.node == place->node);
}

void TestValueKeys::refuses_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("says");
    QTest::newRow("node") << QStringLiteral("nobody") << QStringLiteral("no node 'nobody' in the graph");
    QTest::newRow("call") << QStringLiteral("nobody/sin") << QStringLiteral("no node 'nobody' in the graph");
    QTest::newRow("no call") << QStringLiteral("x/sin") << QStringLiteral("no node 'x'");
    QTest::newRow("inner") << QStringLiteral("c/cos") << QStringLiteral("no node 'cos' in the body 'yes'");
    QTest::newRow("item") << QStringLiteral("c#one") << QStringLiteral("no number: 'one'");
    QTest::newRow("both branches") << QStringLiteral("c/sin") << QStringLiteral("a node of 2 bodies");
}

void TestValueKeys::refuses() {
    QFETCH(QString, key);
    QFETCH(QString, says);
    const ReadText read = readText(R"(class GraphModule(torch.nn.Module):
    def forward(self, p: "b8[]", x: "f32[2]"):
        no = self.no
        yes = self.yes
        c = torch.ops.higher_order.cond(p, yes, no, (x,))
        return (c,)

    class no(torch.nn.Module):
        def forward(self, a):
            sin = torch.ops.aten.sin.default(a)
            return (sin,)

    class yes(torch.nn.Module):
        def forward(self, a):
            sin = torch.ops.aten.sin.default(a)
            return (sin,)
)");
    QVERIFY(read.module);
    const auto place = run::place_of_key(*read.module, BodyId(0), key.toStdString());
    QVERIFY(!place.ok());
    QVERIFY2(QString::fromStdString(place.error().message).contains(says), place.error().message.c_str());
}

QTEST_GUILESS_MAIN(TestValueKeys)
#include "tst_value_keys.moc"
