// What placeholders are called in the user's program, on recordings.
#include "core/regions/input_names.h"
#include "core/regions/memory.h"

#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestInputNames : public QObject {
    Q_OBJECT

private slots:
    void sources_data();
    void sources();
    void everyInputOfAForward();
    void bodiesOfRegions();
    void savedParametersInABackward();
    void withoutRecords();
    void whatIsAliveAnyway();
};

namespace {

Place place(const Dump& dump, const char* address) {
    const auto found = resolve(dump, address);
    return found ? *found : Place();
}

} // namespace

void TestInputNames::sources_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("name");
    QTest::newRow("parameter") << "L['self']._modules['layers']._modules['0']._parameters['weight']"
                               << "layers.0.weight";
    QTest::newRow("of a variable") << "L['m']._modules['n']._buffers['running_mean']"
                                   << "m.n.running_mean";
    QTest::newRow("local") << "L['x']"
                           << "x";
    QTest::newRow("global") << "G['table']"
                            << "table";
    QTest::newRow("item") << "L['xs'][2]"
                          << "xs[2]";
    QTest::newRow("attribute") << "L['self'].scale"
                               << "scale";
    QTest::newRow("odd") << "L['x"
                         << "L['x";
    QTest::newRow("empty") << ""
                           << "";
}

void TestInputNames::sources() {
    QFETCH(QString, source);
    QFETCH(QString, name);
    QCOMPARE(QString::fromStdString(user_name(source.toStdString())), name);
}

void TestInputNames::everyInputOfAForward() {
    const auto dump = open_dump({traceOf("gpt12")});
    QVERIFY(dump);
    InputNames names(*dump);
    const Place forward = place(*dump, "0/0:forward");
    QVERIFY(forward.graph);
    const auto& inputs = names.of(forward.graph, BodyId(0));
    QCOMPARE(inputs.size(), size_t(150));
    for (const InputName& one : inputs)
        QVERIFY(one.known());
    QCOMPARE(name_of_input(*dump, place(*dump, "0/0:forward@primals_4")), std::string("blocks.0.n1.weight"));
    QCOMPARE(names.of(place(*dump, "0/0:forward@primals_4")).kind(), InputKind::Parameter);
    QCOMPARE(name_of_input(*dump, place(*dump, "0/0:forward@primals_2")), std::string("ids"));
    QVERIFY(names.record(place(*dump, "0/0:forward@primals_4"))->requires_grad);
    QVERIFY(!names.record(place(*dump, "0/0:forward@primals_2"))->requires_grad);
}

void TestInputNames::bodiesOfRegions() {
    const auto dump = open_dump({traceOf("gpt12")});
    QVERIFY(dump);
    InputNames names(*dump);
    const Place body = place(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    const auto& inputs = names.of(body.graph, body.body);
    // The first is what the call before returns.
    QVERIFY(!inputs[0].known());
    QCOMPARE(inputs[0].text(), std::string());
    QCOMPARE(inputs[1].text(), std::string("blocks.*.n1.weight"));
    QCOMPARE(inputs[1].sources.size(), size_t(12));
    QCOMPARE(inputs[1].sources[11].name, std::string("blocks.11.n1.weight"));
}

void TestInputNames::savedParametersInABackward() {
    const auto dump = open_dump({traceOf("gpt12")});
    QVERIFY(dump);
    InputNames names(*dump);
    // A region's forward returns its weight for the backward: its name in the root is no primals_N.
    const Place body = place(*dump, "0/0:backward:partitioned_bw_subgraph_0_0");
    QVERIFY(body.graph);
    const auto& inputs = names.of(body.graph, body.body);
    const bool any = std::any_of(inputs.begin(), inputs.end(),
        [](const InputName& n) { return n.text() == "blocks.*.n1.weight" && n.sources.size() == 12; });
    QVERIFY(any);
}

void TestInputNames::withoutRecords() {
    // A text log has no records of inputs: Dynamo's names tell of parameters, and of nothing else.
    const auto dump = open_dump({textLogOf("gpt12")});
    QVERIFY(dump);
    QVERIFY(dump->inputs.empty());
    InputNames names(*dump);
    const Place dynamo = place(*dump, "0/0:dynamo");
    const auto& inputs = names.of(dynamo.graph, BodyId(0));
    QCOMPARE(inputs[0].text(), std::string("emb.weight"));
    QVERIFY(!inputs[0].sources.front().described);
    QVERIFY(!inputs[1].known());
}

void TestInputNames::whatIsAliveAnyway() {
    const auto dump = open_dump({traceOf("gpt12")});
    QVERIFY(dump);
    const Ledger ledger = build_ledger(*dump);
    InputNames names(*dump);
    size_t alive = 0;
    for (const KeptValue& v : memory_of(*dump, ledger.compilations.front()).saved) {
        QCOMPARE(v.inputs.empty(), !v.alive_anyway);
        if (!v.alive_anyway)
            continue;
        ++alive;
        QVERIFY(names.together(v.at.graph, v.inputs).known());
    }
    QVERIFY(alive > 0);
}

QTEST_GUILESS_MAIN(TestInputNames)
#include "tst_input_names.moc"
