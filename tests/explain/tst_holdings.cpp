// What dumps have and lack, on recordings.
#include "core/explain/holdings.h"

#include "tests/testdata.h"

#include <QTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;

class TestHoldings : public QObject {
    Q_OBJECT

private slots:
    void recordings_data();
    void recordings();
    void everyRowSaysWhy_data();
    void everyRowSaysWhy();
};

namespace {

std::vector<std::string> paths_of(const QString& recording, const QString& which) {
    std::vector<std::string> paths;
    if (which != "log")
        paths.push_back(traceOf(recording));
    if (which != "trace")
        paths.push_back(textLogOf(recording));
    return paths;
}

} // namespace

void TestHoldings::recordings_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<QString>("which");
    QTest::addColumn<QString>("key");
    QTest::addColumn<int>("presence");
    const auto row = [](const char* recording, const char* which, const char* key, Presence p) {
        QTest::addRow("%s, %s: %s", recording, which, key)
            << QString(recording) << QString(which) << QString(key) << static_cast<int>(p);
    };
    row("gpt12", "trace", "trace", Presence::Present);
    row("gpt12", "trace", "text_log", Presence::Missing);
    row("gpt12", "both", "text_log", Presence::Present);
    row("gpt12", "log", "trace", Presence::Missing);
    row("gpt12", "log", "version", Presence::Missing);
    row("gpt12", "log", "input_names", Presence::Missing);
    row("gpt12", "trace", "input_names", Presence::Present);
    row("gpt12", "trace", "inference", Presence::NotApplicable);
    row("gpt12", "trace", "post_grad", Presence::NotApplicable);
    row("gpt4_infer", "trace", "backward", Presence::NotApplicable);
    row("failing", "trace", "forward", Presence::NotApplicable);
    row("failing", "trace", "dynamo", Presence::NotApplicable);
    row("failing", "trace", "text_log", Presence::Missing);
    row("failing", "both", "text_log", Presence::NotApplicable); // it is there, and has nothing to say
    row("gpt12", "trace", "marked", Presence::NotApplicable);
    row("failing", "trace", "failures", Presence::Present);
    row("recompiles", "trace", "recompile_reasons", Presence::Present);
    row("graph_breaks", "trace", "graph_breaks", Presence::Present);
    row("v2.9-mlp4", "trace", "reuse_timers", Presence::NotApplicable);
    row("dup_tangents", "trace", "backward_duplicate", Presence::Present);
}

void TestHoldings::recordings() {
    QFETCH(QString, recording);
    QFETCH(QString, which);
    QFETCH(QString, key);
    QFETCH(int, presence);
    const auto dump = open_dump(paths_of(recording, which));
    QVERIFY(dump);
    const auto list = holdings(*dump, build_ledger(*dump));
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Holding& h) { return h.key == key.toStdString(); });
    QVERIFY(found != list.end());
    QVERIFY2(static_cast<int>(found->presence) == presence, found->found.c_str());
    for (const Spot& s : found->spots)
        QVERIFY(s.file && s.line > 0);
}

void TestHoldings::everyRowSaysWhy_data() {
    QTest::addColumn<QString>("recording");
    for (const char* name : {"gpt12", "failing", "graph_breaks", "gpt4_infer", "v2.9-mlp4"})
        QTest::newRow(name) << QString(name);
}

void TestHoldings::everyRowSaysWhy() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump);
    for (const Holding& h : holdings(*dump, build_ledger(*dump))) {
        QVERIFY(!h.what.empty());
        QVERIFY(!h.found.empty());
        QVERIFY(!h.answers.empty());
        QVERIFY(h.record.empty() || h.presence == Presence::Missing || h.presence == Presence::Partly);
    }
}

QTEST_GUILESS_MAIN(TestHoldings)
#include "tst_holdings.moc"
