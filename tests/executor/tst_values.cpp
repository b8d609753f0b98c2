// hopscope run over recordings: every node's value is what PyTorch computed, and what differs is found.
#include "tests/testdata.h"

#include <nlohmann/json.hpp>

#include <QTest>

using nlohmann::json;
using namespace hopscope::test;

namespace {

struct Ran {
    int status = -1;
    json report;
    QString errors;
};

Ran hopscopeRun(QStringList words) {
    QProcess process;
    words.prepend(QStringLiteral("run"));
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"), words);
    Ran ran;
    if (!process.waitForFinished(120000))
        return ran;
    ran.status = process.exitCode();
    ran.errors = QString::fromUtf8(process.readAllStandardError());
    ran.report = json::parse(process.readAllStandardOutput().toStdString(), nullptr, false);
    return ran;
}

QString graphOf(const QString& recording, const QString& stem) {
    const QString path = dataPath(recording + QStringLiteral("/values/") + stem + QStringLiteral(".txt"));
    return QFile::exists(path) ? path : path + QStringLiteral(".gz");
}
QString valuesOf(const QString& recording, const QString& stem) {
    return dataPath(recording + QStringLiteral("/values/") + stem + QStringLiteral(".safetensors.gz"));
}

// Recordings of which the values of one invocation were kept.
QString invokedBody(const QString& recording, const QString& stem) {
    const bool forward = stem.endsWith(QStringLiteral("forward"));
    if (recording == QStringLiteral("hf_llama") || recording.startsWith(QStringLiteral("gpt4_")))
        return forward ? QStringLiteral("partitioned_fw_subgraph_0_0")
                       : QStringLiteral("partitioned_bw_subgraph_0_0");
    return {};
}

} // namespace

class TestValues : public QObject {
    Q_OBJECT

private slots:
    void reruns_data();
    void reruns();
    void namesTheUnknownOperator();
    void findsASeededFault_data();
    void findsASeededFault();
    void savesWhatItComparesTo();
    void synthesizes();
    void refusesWrongUsage_data();
    void refusesWrongUsage();
};

void TestValues::reruns_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<QString>("stem");
    QTest::addColumn<bool>("strict");
    const QDir data(QStringLiteral(HOPSCOPE_TEST_DATA));
    int graphs = 0;
    for (const QString& name : data.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        if (name == QStringLiteral("effects"))
            continue;
        const QDir values(data.filePath(name + QStringLiteral("/values")));
        for (const QString& file :
            values.entryList({QStringLiteral("*.safetensors.gz")}, QDir::Files, QDir::Name)) {
            const QString stem = file.section(QLatin1Char('.'), 0, 0);
            // By fixed tolerances what a GPU computed differs: rounding adds up differently there.
            if (!name.startsWith(QStringLiteral("gpu_")))
                QTest::newRow(qPrintable(name + QLatin1Char('/') + stem + QStringLiteral(" strict")))
                    << name << stem << true;
            QTest::newRow(qPrintable(name + QLatin1Char('/') + stem)) << name << stem << false;
            ++graphs;
        }
    }
    QVERIFY(graphs >= 30);
}

void TestValues::reruns() {
    QFETCH(QString, recording);
    QFETCH(QString, stem);
    QFETCH(bool, strict);
    const QString values = valuesOf(recording, stem);
    QStringList words{graphOf(recording, stem), QStringLiteral("--inputs"), values,
        QStringLiteral("--compare"), values, QStringLiteral("--json")};
    if (strict)
        words << QStringLiteral("--strict");
    if (const QString body = invokedBody(recording, stem); !body.isEmpty())
        words << QStringLiteral("--at") << QStringLiteral("-:graph:") + body;
    const Ran ran = hopscopeRun(words);
    if (recording == QStringLiteral("float8") && ran.report.is_object()) {
        const auto version =
            QString::fromStdString(ran.report["executor"]["libtorch"].get<std::string>()).split(u'.');
        if (version.value(0) == u"2" && version.value(1).toInt() < 13)
            QSKIP("this libtorch has the types: NaN for what is too large, where 2.13 takes the largest "
                  "number");
    }
    QVERIFY2(ran.status == 0,
        qPrintable(ran.errors + QString::fromStdString(ran.report["first_mismatch"].dump())));
    QCOMPARE(ran.report["unsupported"].size(), size_t{0});
    QCOMPARE(ran.report["run"], ran.report["nodes"]);
    QCOMPARE(ran.report["mismatched"].get<int>(), 0);
    QCOMPARE(ran.report["strict"].get<bool>(), strict);
    QCOMPARE(ran.report["verdicts"]["suspicious"].get<int>(), 0);
    QVERIFY(ran.report["compared"].get<int>() > 0);
    QCOMPARE(ran.report["moved"].get<bool>(), recording.startsWith(QStringLiteral("gpu_")));
    if (recording == QStringLiteral("gpu_op_half")) // products of float16, at the least, with Debian's 1.13
        QVERIFY(ran.report["widened"].get<int>() > 0
            || QLatin1String(ran.report["executor"]["libtorch"].get<std::string>().c_str())
                >= QLatin1String("2"));
    QCOMPARE(ran.report["inputs"].get<std::string>(), std::string("recorded"));
    if (recording == QStringLiteral("gpt4_dropout") && stem.endsWith(QStringLiteral("forward")))
        QCOMPARE(ran.report["random"], json::array({"native_dropout"}));
}

void TestValues::namesTheUnknownOperator() {
    const QString stem = QStringLiteral("00_inference"), name = QStringLiteral("effects");
    const Ran ran = hopscopeRun(
        {graphOf(name, stem), QStringLiteral("--inputs"), valuesOf(name, stem), QStringLiteral("--json")});
    QCOMPARE(ran.status, 4);
    QVERIFY2(ran.errors.contains(QStringLiteral("demo.log.default")), qPrintable(ran.errors));
    QVERIFY(ran.errors.contains(QStringLiteral("with_effects")));
    QCOMPARE(ran.report["unsupported"].size(), size_t{1});
    QVERIFY(ran.report["run"].get<int>() < ran.report["nodes"].get<int>());
}

void TestValues::findsASeededFault_data() {
    QTest::addColumn<QByteArray>("from");
    QTest::addColumn<QByteArray>("to");
    QTest::addColumn<QString>("first");
    QTest::newRow("operator") << QByteArray("aten.gelu.default(addmm)")
                              << QByteArray("aten.relu.default(addmm)") << QStringLiteral("gelu");
    QTest::newRow("sign") << QByteArray("aten.add.Tensor(primals_0, addmm_1)")
                          << QByteArray("aten.sub.Tensor(primals_0, addmm_1)") << QStringLiteral("add");
    QTest::newRow("constant") << QByteArray("primals_2, 1e-05)") << QByteArray("primals_2, 1e-02)")
                              << QStringLiteral("native_layer_norm#0");
    QTest::newRow("operand order") << QByteArray("addmm.default(primals_6, gelu, t_1)")
                                   << QByteArray("addmm.default(primals_6, addmm, t_1)")
                                   << QStringLiteral("addmm_1");
}

void TestValues::findsASeededFault() {
    QFETCH(QByteArray, from);
    QFETCH(QByteArray, to);
    QFETCH(QString, first);
    QByteArray text = bytesOf(graphOf(QStringLiteral("mlp4"), QStringLiteral("00_forward")));
    if (!text.contains(from)) {
        // The names in the recording decide; the fault must be there to be found.
        QFAIL(qPrintable(QStringLiteral("the recording has no '%1'").arg(QString::fromUtf8(from))));
    }
    text.replace(from, to);
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("edited.txt"));
    QVERIFY(writeFile(path, text));
    const QString values = valuesOf(QStringLiteral("mlp4"), QStringLiteral("00_forward"));
    const Ran ran = hopscopeRun({path, QStringLiteral("--inputs"), values, QStringLiteral("--compare"),
        values, QStringLiteral("--json"), QStringLiteral("--alone")});
    QVERIFY2(ran.status == 1, qPrintable(ran.errors));
    QVERIFY(ran.report["mismatched"].get<int>() > 0);
    const QString name = QString::fromStdString(ran.report["first_mismatch"]["name"].get<std::string>());
    QVERIFY2(name.section(QLatin1Char('/'), -1) == first, qPrintable(name));
}

void TestValues::savesWhatItComparesTo() {
    const QString stem = QStringLiteral("00_forward"), name = QStringLiteral("mlp4");
    QTemporaryDir folder;
    const QString saved = folder.filePath(QStringLiteral("saved.safetensors"));
    Ran ran = hopscopeRun({graphOf(name, stem), QStringLiteral("--inputs"), valuesOf(name, stem),
        QStringLiteral("--save"), saved, QStringLiteral("--json")});
    QVERIFY2(ran.status == 0, qPrintable(ran.errors));
    // Its own values are inputs and reference of the next run, which is the same bit for bit.
    ran = hopscopeRun({graphOf(name, stem), QStringLiteral("--inputs"), saved, QStringLiteral("--compare"),
        saved, QStringLiteral("--json")});
    QVERIFY2(ran.status == 0, qPrintable(ran.errors));
    QCOMPARE(ran.report["max_abs_error"].get<double>(), 0.0);
    QVERIFY(ran.report["compared"].get<int>() > 80);
}

void TestValues::synthesizes() {
    const QString graph = graphOf(QStringLiteral("hf_llama"), QStringLiteral("00_forward"));
    QTemporaryDir folder;
    const QString one = folder.filePath(QStringLiteral("one")), two = folder.filePath(QStringLiteral("two"));
    for (const QString& file : {one, two}) {
        const Ran ran = hopscopeRun({graph, QStringLiteral("--seed"), QStringLiteral("7"),
            QStringLiteral("--save"), file, QStringLiteral("--json")});
        QVERIFY2(ran.status == 0, qPrintable(ran.errors));
        QCOMPARE(ran.report["inputs"].get<std::string>(), std::string("synthetic"));
        QCOMPARE(ran.report["run"], ran.report["nodes"]);
    }
    QVERIFY(bytesOf(one).size() > 100000);
    QCOMPARE(bytesOf(one), bytesOf(two));
}

void TestValues::refusesWrongUsage_data() {
    QTest::addColumn<QStringList>("words");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("says");
    const QString mlp = graphOf(QStringLiteral("mlp4"), QStringLiteral("00_forward"));
    const QString other = valuesOf(QStringLiteral("shapes"), QStringLiteral("00_forward"));
    QTest::newRow("no inputs") << QStringList{mlp} << 2 << QStringLiteral("--seed");
    QTest::newRow("both") << QStringList{mlp, QStringLiteral("--seed"), QStringLiteral("1"),
        QStringLiteral("--inputs"), other}
                          << 2 << QStringLiteral("--seed");
    QTest::newRow("bind") << QStringList{mlp, QStringLiteral("--seed"), QStringLiteral("1"),
        QStringLiteral("--bind"), QStringLiteral("s7")}
                          << 2 << QStringLiteral("SYMBOL=NUMBER");
    QTest::newRow("other's values") << QStringList{mlp, QStringLiteral("--inputs"), other} << 2
                                    << QStringLiteral("primals_");
    QTest::newRow("no tensors") << QStringList{mlp, QStringLiteral("--inputs"), mlp} << 3
                                << QStringLiteral("safetensors");
    QTest::newRow("no file") << QStringList{mlp, QStringLiteral("--inputs"), QStringLiteral("/nowhere")} << 3
                             << QStringLiteral("/nowhere");
    QTest::newRow("invocation") << QStringList{mlp, QStringLiteral("--at"),
        QStringLiteral("-:graph:partitioned_fw_subgraph_0_0"), QStringLiteral("--seed"), QStringLiteral("1"),
        QStringLiteral("--invocation"), QStringLiteral("4")}
                                << 2 << QStringLiteral("called 4 times");
}

void TestValues::refusesWrongUsage() {
    QFETCH(QStringList, words);
    QFETCH(int, status);
    QFETCH(QString, says);
    const Ran ran = hopscopeRun(words);
    QVERIFY2(ran.errors.contains(says), qPrintable(ran.errors));
    QCOMPARE(ran.status, status);
}

QTEST_GUILESS_MAIN(TestValues)
#include "tst_values.moc"
