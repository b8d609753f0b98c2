// Addresses: parsing, printing, resolving, and what is said where one names nothing.
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestAddress : public QObject {
    Q_OBJECT

private slots:
    void parses_data();
    void parses();
    void refuses_data();
    void refuses();
    void everyBodyAndNodeHasOne_data();
    void everyBodyAndNodeHasOne();
    void ranks();
    void attempts();
    void ordinals();
    void saysWhatThereIs_data();
    void saysWhatThereIs();
};

void TestAddress::parses_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("rank"); // -1: not said; so for the other numbers
    QTest::addColumn<QString>("compile");
    QTest::addColumn<int>("attempt");
    QTest::addColumn<QString>("stage");
    QTest::addColumn<int>("ordinal");
    QTest::addColumn<QString>("body");
    QTest::addColumn<QString>("node");
    QTest::newRow("root") << "0/0:forward" << -1 << "0/0" << -1 << "forward" << -1 << ""
                          << "";
    QTest::newRow("body") << "0/0:forward:subgraph_0" << -1 << "0/0" << -1 << "forward" << -1 << "subgraph_0"
                          << "";
    QTest::newRow("nested body") << "0/0:joint:a_0.b_1" << -1 << "0/0" << -1 << "joint" << -1 << "a_0.b_1"
                                 << "";
    QTest::newRow("node of the root") << "0/0:forward@mm" << -1 << "0/0" << -1 << "forward" << -1 << ""
                                      << "mm";
    QTest::newRow("rank") << "r1/0/0:joint" << 1 << "0/0" << -1 << "joint" << -1 << ""
                          << "";
    QTest::newRow("ordinal") << "0/0:graph#2:x" << -1 << "0/0" << -1 << "graph" << 2 << "x"
                             << "";
    QTest::newRow("attempt") << "0/0_1:dynamo" << -1 << "0/0" << 1 << "dynamo" << -1 << ""
                             << "";
    QTest::newRow("compiled autograd") << "!1/0/0:backward" << -1 << "!1/0/0" << -1 << "backward" << -1 << ""
                                       << "";
    QTest::newRow("no compile id") << "-:graph" << -1 << "-" << -1 << "graph" << -1 << ""
                                   << "";
    QTest::newRow("all") << "r12/3/4_5:post_grad#6:p.q@n" << 12 << "3/4" << 5 << "post_grad" << 6 << "p.q"
                         << "n";
}

void TestAddress::parses() {
    QFETCH(QString, text);
    QFETCH(int, rank);
    QFETCH(QString, compile);
    QFETCH(int, attempt);
    QFETCH(QString, stage);
    QFETCH(int, ordinal);
    QFETCH(QString, body);
    QFETCH(QString, node);
    const auto address = parse_address(text.toStdString());
    QVERIFY2(address.ok(), address.ok() ? "" : address.error().text().c_str());
    QCOMPARE(address->rank.value_or(-1), rank);
    QCOMPARE(QString::fromStdString(address->compile), compile);
    QCOMPARE(address->attempt.value_or(-1), attempt);
    QCOMPARE(test::text(stage_name(address->stage)), stage);
    QCOMPARE(address->ordinal.value_or(-1), ordinal);
    QCOMPARE(QString::fromStdString(address->body), body);
    QCOMPARE(QString::fromStdString(address->node), node);
    QCOMPARE(QString::fromStdString(to_string(*address)), text);
}

void TestAddress::refuses_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("why");
    QTest::newRow("empty") << ""
                           << "no COMPILE:STAGE";
    QTest::newRow("no stage") << "0/0"
                              << "no COMPILE:STAGE";
    QTest::newRow("no compile id") << ":forward"
                                   << "no COMPILE:STAGE";
    QTest::newRow("unknown stage") << "0/0:froward"
                                   << "unknown stage 'froward'";
    QTest::newRow("no node") << "0/0:forward@"
                             << "no node after '@'";
    QTest::newRow("ordinal is no number") << "0/0:forward#x"
                                          << "no number after '#'";
    QTest::newRow("ordinal is negative") << "0/0:forward#-1"
                                         << "no number after '#'";
    QTest::newRow("ordinal is too large") << "0/0:forward#99999999999"
                                          << "no number after '#'";
    QTest::newRow("rank is no number") << "r1x/0/0:forward"
                                       << "no rank number";
    QTest::newRow("attempt is no number") << "0/0_x:forward"
                                          << "no attempt number after '_'";
}

void TestAddress::refuses() {
    QFETCH(QString, text);
    QFETCH(QString, why);
    const auto address = parse_address(text.toStdString());
    QVERIFY(!address.ok());
    QVERIFY(address.error().kind == Error::Kind::Usage);
    const QString message = QString::fromStdString(address.error().message);
    QVERIFY2(message.contains(why), qPrintable(message));
    QVERIFY2(
        message.contains(QStringLiteral("[rRANK/]COMPILE:STAGE[#K][:BODY][@NODE]")), qPrintable(message));
}

void TestAddress::everyBodyAndNodeHasOne_data() {
    QTest::addColumn<QString>("recording");
    for (const char* name :
        {"mlp4", "ddp4", "graph_breaks", "gpt12_nested", "control_flow", "recompiles", "gpt4_dynamic"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestAddress::everyBodyAndNodeHasOne() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    size_t resolved = 0;
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const GraphModule& module = *dump->graphs[g].module;
        for (size_t b = 0; b < module.bodies.size(); ++b) {
            const Place body{GraphId(g), BodyId(b), {}};
            const auto found = resolve(*dump, address_of(*dump, body.graph, body.body));
            QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
            QVERIFY(*found == body);
            for (size_t n = 0; n < module.bodies[b].nodes.size(); ++n) {
                const Place node{GraphId(g), BodyId(b), NodeId(n)};
                const std::string text = address_of(*dump, node.graph, node.body, node.node);
                const auto again = resolve(*dump, text);
                QVERIFY2(again.ok(), again.ok() ? "" : again.error().text().c_str());
                QVERIFY2(*again == node, text.c_str());
                ++resolved;
            }
        }
    }
    QVERIFY(resolved > 50);
}

void TestAddress::ranks() {
    const auto dump = open_dump({traceOf("ddp4")});
    QVERIFY(dump.ok());
    const auto one = resolve(*dump, "r1/0/0:forward");
    QVERIFY(one.ok());
    QCOMPARE(dump->compilation(dump->graph(one->graph).compilation).key.rank.value_or(-1), 1);
    QCOMPARE(QString::fromStdString(address_of(*dump, one->graph)), QStringLiteral("r1/0/0:forward"));
    // Four ranks have a 0/0: a guess would show the wrong one.
    const auto none = resolve(*dump, "0/0:forward");
    QVERIFY(!none.ok());
    QVERIFY(none.error().kind == Error::Kind::NotFound);
    QVERIFY2(test::text(none.error().message).contains("write r0/0/0:forward"), none.error().message.c_str());
    QVERIFY(!resolve(*dump, "r9/0/0:forward").ok());
}

void TestAddress::attempts() {
    const auto dump = open_dump({traceOf("graph_breaks")});
    QVERIFY(dump.ok());
    int broken_off = 0;
    for (const Compilation& c : dump->compilations)
        broken_off += !c.last_attempt;
    QVERIFY(broken_off > 0);
    // Without a number the last attempt is meant, which is the one with graphs.
    const auto last = resolve(*dump, "0/0:dynamo");
    QVERIFY2(last.ok(), last.ok() ? "" : last.error().text().c_str());
    const Compilation& c = dump->compilation(dump->graph(last->graph).compilation);
    QVERIFY(c.last_attempt);
    const auto named = resolve(*dump, "0/0_" + std::to_string(c.key.attempt) + ":dynamo");
    QVERIFY(named.ok());
    QVERIFY(*named == *last);
    const auto first = resolve(*dump, "0/0_0:dynamo");
    QVERIFY(!first.ok());
    QVERIFY2(test::text(first.error().message).contains("this compilation has none"),
        first.error().message.c_str());
}

void TestAddress::ordinals() {
    const auto dump = open_dump({traceOf("mlp4")});
    QVERIFY(dump.ok());
    const auto first = resolve(*dump, "0/0:pre_grad");
    if (first.ok()) {
        const auto same = resolve(*dump, "0/0:pre_grad#0");
        QVERIFY(same.ok());
        QVERIFY(*same == *first);
    }
    // Every graph of a stage beyond the first is told apart by its number.
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const QString address = QString::fromStdString(address_of(*dump, GraphId(g)));
        QCOMPARE(address.contains('#'), dump->graphs[g].ordinal > 0);
    }
    QVERIFY(!resolve(*dump, "0/0:forward#7").ok());
}

void TestAddress::saysWhatThereIs_data() {
    QTest::addColumn<QString>("address");
    QTest::addColumn<QString>("expected");
    QTest::newRow("compilation") << "7/7:forward"
                                 << "no compilation '7/7:forward' in this dump; expected one of 0/0";
    QTest::newRow("stage") << "0/0:export"
                           << "no graph '0/0:export' in this dump; expected one of 0/0:dynamo";
    QTest::newRow("body") << "0/0:forward:nope"
                          << "no body 'nope' in 0/0:forward; expected one of partitioned_fw_subgraph_0_0";
    QTest::newRow("node") << "0/0:forward@nope"
                          << "no node 'nope' in 0/0:forward";
}

void TestAddress::saysWhatThereIs() {
    QFETCH(QString, address);
    QFETCH(QString, expected);
    const auto dump = open_dump({traceOf("mlp4")});
    QVERIFY(dump.ok());
    const auto place = resolve(*dump, address.toStdString());
    QVERIFY(!place.ok());
    QVERIFY(place.error().kind == Error::Kind::NotFound);
    QVERIFY2(test::text(place.error().message).startsWith(expected), place.error().message.c_str());
}

QTEST_GUILESS_MAIN(TestAddress)
#include "tst_address.moc"
