// Explanations of recordings as they are printed, from trace and text log and from the trace alone, against
// golden files that were checked by hand: the READMEs of tests/golden/explain and tests/golden/reasons say
// against what.
#include "core/explain/explain_text.h"
#include "core/explain/lint.h"

#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestExplainGolden : public QObject {
    Q_OBJECT

private slots:
    void recordings_data();
    void recordings();
    void reasons_data();
    void reasons();
};

namespace {

// Where a recording lies; those that are only here for their explanations in a folder of their own.
QString folderOf(const QString& name) {
    for (const QString& folder : {name, "explain/" + name})
        if (QDir(dataPath(folder + "/trace")).exists())
            return folder;
    return name;
}

QByteArray explanation(const QString& folder, bool with_log) {
    std::vector<std::string> paths{traceOf(folder)};
    if (with_log)
        paths.push_back(textLogOf(folder));
    const auto dump = open_dump(paths);
    if (!dump)
        return QByteArray::fromStdString(dump.error().text());
    const Ledger ledger = build_ledger(*dump);
    std::string out;
    const std::vector<Explanation> explanations = explain(*dump, ledger);
    for (const Explanation& e : explanations)
        out += explanation_text(*dump, ledger, e);
    for (const RankAnswer& r : across_ranks(*dump, ledger, explanations))
        out += "rank " + std::to_string(*dump->compilation(r.compilation).key.rank) + "  " + r.summary + '\n';
    std::vector<Problem> found = ledger.problems;
    for (Problem& p : lint(*dump, ledger))
        found.push_back(std::move(p));
    for (const Problem& p : found)
        out += std::string(severity_name(p.severity)) + ": " + p.message + '\n';
    return QByteArray::fromStdString(out).replace(dataPath(folder + '/').toUtf8(), "");
}

} // namespace

void TestExplainGolden::recordings_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("log");
    for (const char* name : {"alias_output", "batchnorm", "checkpointed", "ddp4", "dup_tangents", "effects",
             "export_pt2_inlined", "failing", "gpt4_dynamic", "gpu_gemma3", "gpu_sac", "gpu_vit_timm",
             "graph_breaks", "kwargs_and_ints", "lstm_like", "mlp4_inductor_cached", "mutated_buffer",
             "outputs_mixed", "recompiles", "shapes", "too_many_shapes", "two_functions", "used_once"}) {
        QTest::addRow("%s, trace and log", name) << QString(name) << true;
        QTest::addRow("%s, trace alone", name) << QString(name) << false;
    }
}

void TestExplainGolden::recordings() {
    QFETCH(QString, name);
    QFETCH(bool, log);
    QVERIFY(equalsGolden(
        "explain/" + name + (log ? ".both.txt" : ".trace.txt"), explanation(folderOf(name), log)));
}

// One small program for each reason that a decision can have; all that are recorded.
void TestExplainGolden::reasons_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("log");
    const QStringList names =
        QDir(dataPath("reasons")).entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name);
    QVERIFY(names.size() > 30);
    for (const QString& name : names) {
        QTest::addRow("%s, trace and log", qPrintable(name)) << name << true;
        QTest::addRow("%s, trace alone", qPrintable(name)) << name << false;
    }
}

void TestExplainGolden::reasons() {
    QFETCH(QString, name);
    QFETCH(bool, log);
    QVERIFY(equalsGolden(
        "reasons/" + name + (log ? ".both.txt" : ".trace.txt"), explanation("reasons/" + name, log)));
}

QTEST_GUILESS_MAIN(TestExplainGolden)
#include "tst_explain_golden.moc"
