// hopscope step, compare, timing and run --store: what they print, and their exit status.
#include "tests/testdata.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <map>

using namespace hopscope::test;
using nlohmann::json;

namespace {

struct Ran {
    int status = -1;
    json report;
    QString text, errors; // text: where it is no report
};

Ran hopscopeCli(const QStringList& words) {
    QProcess process;
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"), words);
    Ran ran;
    if (!process.waitForFinished(240000))
        return ran;
    ran.status = process.exitCode();
    ran.errors = QString::fromUtf8(process.readAllStandardError());
    const QByteArray out = process.readAllStandardOutput();
    ran.report = json::parse(out.toStdString(), nullptr, false);
    if (ran.report.is_discarded())
        ran.text = QString::fromUtf8(out);
    return ran;
}

QString forward() {
    return dataPath(QStringLiteral("mlp4/values/00_forward.txt"));
}
QStringList onRecorded(const char* command) {
    return {QLatin1String(command), forward(), QStringLiteral("--inputs"),
        dataPath(QStringLiteral("mlp4/values/00_forward.safetensors.gz")), QStringLiteral("--json")};
}

} // namespace

class TestRunCli : public QObject {
    Q_OBJECT

private slots:
    void steps();
    void compares();
    void countsValuesAndNodes();
    void nothingComparedDoesNotHold();
    void times();
    void keepsRunsInSessions();
    void comparesASavedRegionRun();
    void comparesTwoCalls();
    void namesTheLargestDifferences();
    void saysNaN();
    void refuses_data();
    void refuses();
};

void TestRunCli::steps() {
    const Ran ran = hopscopeCli(onRecorded("step")
        << QStringLiteral("--do")
        << QStringLiteral("where; break op aten.gelu; run; stack; value "
                          "native_layer_norm; back; back-run; run; run; live"));
    QVERIFY2(ran.status == 0, qPrintable(ran.errors));
    QCOMPARE(ran.report["inputs"], "recorded");
    const json& told = ran.report["commands"];
    QCOMPARE(told.size(), size_t{10});
    const json stop = told[2]["result"];
    QCOMPARE(stop["reason"], "breakpoint");
    const std::string path = stop["path"].get<std::string>();
    QVERIFY2(QString::fromStdString(path).endsWith(QStringLiteral("/gelu")), path.c_str());
    QCOMPARE(told[3]["result"]["stack"].size(), size_t{1});
    QVERIFY(told[4]["result"]["mean"].is_number());
    QCOMPARE(told[5]["result"]["reason"], "step");
    QCOMPARE(told[6]["result"]["reason"], "start"); // no breakpoint before the first
    QCOMPARE(told[7]["result"]["path"], path);
    QVERIFY(told[8]["result"]["path"] != path); // the same node of the next call
    QVERIFY(told[9]["result"]["peak_bytes"].get<int>() >= told[9]["result"]["live_bytes"].get<int>());
}

void TestRunCli::compares() {
    Ran ran = hopscopeCli(onRecorded("compare"));
    QVERIFY2(ran.status == 0, qPrintable(ran.errors));
    QCOMPARE(ran.report["against"], "float64");
    QCOMPARE(ran.report["mismatched"], 0);
    QVERIFY(ran.report["values"].size() > 40);
    QVERIFY(ran.report["max_ulp_error"].get<double>() > 0);
    ran = hopscopeCli(onRecorded("compare") << QStringLiteral("--tolerance") << QStringLiteral("f32=0"));
    QCOMPARE(ran.status, 1);
    QVERIFY(ran.report["first_mismatch"]["path"].is_string());
    ran = hopscopeCli(onRecorded("compare") << QStringLiteral("--with-seed") << QStringLiteral("5"));
    QCOMPARE(ran.status, 1);
    ran = hopscopeCli(onRecorded("compare")
        << QStringLiteral("--against") << dataPath(QStringLiteral("mlp4/values/00_forward.safetensors.gz")));
    QCOMPARE(ran.status, 0);
    QCOMPARE(ran.report["against"], "recorded values");
}

// A node may give several values: what is counted is said.
void TestRunCli::countsValuesAndNodes() {
    QStringList words = onRecorded("compare");
    const json report = hopscopeCli(words).report;
    size_t compared = 0;
    for (const json& value : report["values"])
        compared += value["verdict"] != "not compared";
    QVERIFY(compared > report["compared"].get<size_t>());
    words.removeLast();
    const Ran ran = hopscopeCli(words);
    QVERIFY2(ran.text.contains(QStringLiteral(" %1 values of %2 nodes compared, as a whole: ")
                                   .arg(compared)
                                   .arg(report["compared"].get<int>())),
        qPrintable(ran.text));
}

// Values of another body: nothing differs, as nothing is compared. A script must not take that for agreement.
void TestRunCli::nothingComparedDoesNotHold() {
    const QTemporaryDir folder;
    const auto graph = [&](const char* node) {
        QFile file(folder.filePath(QLatin1String(node) + QLatin1String(".txt")));
        const bool open = file.open(QIODevice::WriteOnly);
        file.write(QByteArray(
            "def forward(self, x: \"f32[2]\"):\n    N = torch.ops.aten.sin.default(x)\n    return (N,)\n")
                       .replace("N", node));
        return open ? file.fileName() : QString();
    };
    const QString values = folder.filePath(QStringLiteral("values.safetensors"));
    QCOMPARE(hopscopeCli({"run", graph("one"), "--seed", "1", "--save", values}).status, 0);
    const Ran ran = hopscopeCli({"run", graph("other"), "--seed", "1", "--compare", values});
    QVERIFY2(ran.text.contains(QStringLiteral("no value compared")), qPrintable(ran.text));
    QCOMPARE(ran.status, 1);
    QCOMPARE(hopscopeCli({"run", graph("one"), "--seed", "1", "--compare", values}).status, 0);
}

void TestRunCli::times() {
    const Ran ran = hopscopeCli(onRecorded("timing") << QStringLiteral("--repeat") << QStringLiteral("3"));
    QVERIFY2(ran.status == 0, qPrintable(ran.errors));
    QCOMPARE(ran.report["repeat"], 3);
    bool gelu = false;
    for (const json& o : ran.report["operators"])
        gelu = gelu || (o["target"] == "aten.gelu.default" && o["calls"] == 4);
    QVERIFY(gelu);
}

void TestRunCli::keepsRunsInSessions() {
    QTemporaryDir folder;
    const QString session = folder.filePath(QStringLiteral("mlp4.hopscope"));
    QCOMPARE(hopscopeCli({QStringLiteral("import"), forward(), QStringLiteral("-o"), session}).status, 0);
    QStringList words = onRecorded("run");
    words[1] = session;
    words << QStringLiteral("--compare") << dataPath(QStringLiteral("mlp4/values/00_forward.safetensors.gz"))
          << QStringLiteral("--store") << QStringLiteral("--store-tensors");
    const Ran ran = hopscopeCli(words);
    QVERIFY2(ran.status == 0, qPrintable(ran.errors));
    QVERIFY(ran.errors.contains(QStringLiteral("saved run 1")));
    const Ran listed = hopscopeCli({QStringLiteral("runs"), session, QStringLiteral("--json")});
    QCOMPARE(listed.status, 0);
    const json& run = listed.report["runs"][0];
    QCOMPARE(run["verdict"], "equal");
    QCOMPARE(run["inputs_file"], "00_forward.safetensors.gz");
    QCOMPARE(run["reference"], "00_forward.safetensors.gz");
    QCOMPARE(run["nodes"], ran.report["nodes"]);
    const Ran values = hopscopeCli({QStringLiteral("runs"), session, QStringLiteral("--run"),
        QStringLiteral("1"), QStringLiteral("--json")});
    QCOMPARE(values.status, 0);
    int compared = 0, kept = 0;
    for (const json& v : values.report["values"]) {
        compared += v["ok"].is_boolean();
        kept += v["tensor_bytes"].is_number();
    }
    QVERIFY(compared > 40);
    QVERIFY(kept >= compared);
    QCOMPARE(hopscopeCli({QStringLiteral("check"), session}).status, 0);
    // What is kept can be compared with.
    const QString file = folder.filePath(QStringLiteral("kept.safetensors"));
    QCOMPARE(hopscopeCli({"runs", session, "--run", "1", "--save", file}).status, 0);
    const Ran again = hopscopeCli({"run", session, "--inputs", file, "--compare", file, "--json"});
    QVERIFY2(again.status == 0, qPrintable(again.errors));
    QCOMPARE(again.report["compared"], ran.report["compared"]);
    QCOMPARE(again.report["verdicts"]["same"], again.report["values"].size());
    QCOMPARE(hopscopeCli({"run", session, "--seed", "1", "--store"}).status, 0);
    const Ran without = hopscopeCli({"runs", session, "--run", "2", "--save", file});
    QCOMPARE(without.status, 2);
    QVERIFY2(
        without.errors.contains(QStringLiteral("was kept without the elements")), qPrintable(without.errors));
}

// A run of a region's body, by whoever made it.
void TestRunCli::comparesASavedRegionRun() {
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("region.safetensors")),
                  body = QStringLiteral("-:forward:partitioned_fw_subgraph_0_0");
    QCOMPARE(hopscopeCli({"run", forward(), "--at", body, "--seed", "1", "--save", file}).status, 0);
    for (const QStringList& words :
        {QStringList{"run", forward(), "--at", body, "--seed", "1", "--compare", file, "--json"},
            QStringList{"compare", forward(), "--at", body, "--inputs", file, "--against", file, "--json"}}) {
        const Ran ran = hopscopeCli(words);
        QVERIFY2(ran.status == 0, qPrintable(ran.errors));
        QVERIFY(ran.report["compared"].get<int>() > 10);
        QCOMPARE(ran.report["verdicts"]["same"], ran.report["values"].size());
        QVERIFY(ran.report["basis"].is_null());
    }
}

// One call of a region against another; against itself nothing could differ, and that is refused.
void TestRunCli::comparesTwoCalls() {
    const QStringList calls{"compare", forward(), "--at", "-:forward:partitioned_fw_subgraph_0_0", "--inputs",
        dataPath(QStringLiteral("mlp4/values/00_forward.safetensors.gz"))};
    const Ran differ = hopscopeCli(calls + QStringList{"--with-invocation", "1", "--json"});
    QCOMPARE(differ.status, 1);
    QVERIFY(differ.report["mismatched"].get<int>() > 0);
    for (const QStringList& same : {QStringList{"--invocation", "1", "--with-invocation", "1"},
             QStringList{"--invocation", "1", "--with", "-:forward:partitioned_fw_subgraph_0_0"}}) {
        const Ran refused = hopscopeCli(calls + same);
        QCOMPARE(refused.status, 2);
        QVERIFY2(refused.errors.contains(QStringLiteral("--with-invocation")), qPrintable(refused.errors));
    }
    const Ran made = hopscopeCli({"compare", forward(), "--at", "-:forward:partitioned_fw_subgraph_0_0",
        "--invocation", "1", "--seed", "1"});
    QVERIFY2(
        made.text.contains(QStringLiteral("made inputs are the same for every call")), qPrintable(made.text));
}

void TestRunCli::namesTheLargestDifferences() {
    QStringList words = onRecorded("compare");
    const json report = hopscopeCli(words).report;
    words.removeLast();
    const QString text = hopscopeCli(words).text;
    for (const auto& [figure, before] :
        std::map<const char*, const char*>{{"max_abs_error", "largest difference "},
            {"max_rel_error", "relative to its value "}, {"max_ulp_error", "in units in the last place "}}) {
        for (const json& value : report["values"])
            if (value["verdict"] != "not compared" && value[figure] == report[figure]) {
                const QString line = text.mid(text.indexOf(QLatin1String(before))).section(')', 0, 0);
                QVERIFY2(line.contains('(' + QString::fromStdString(value["path"].get<std::string>())),
                    qPrintable(text));
                break;
            }
    }
}

// NaN has no distance from 1.
void TestRunCli::saysNaN() {
    const QTemporaryDir folder;
    const auto graph = [&](const char* name, const char* value) {
        const QString path = folder.filePath(QLatin1String(name));
        return writeFile(path,
                   QByteArray("def forward(self):\n    y = torch.ops.aten.full.default([2], ") + value
                       + ")\n    return (y,)\n")
            ? path
            : QString();
    };
    const QString saved = folder.filePath(QStringLiteral("nan.safetensors"));
    QCOMPARE(hopscopeCli({"run", graph("nan.txt", "nan"), "--seed", "1", "--save", saved}).status, 0);
    const Ran ran = hopscopeCli({"run", graph("one.txt", "1.0"), "--seed", "1", "--compare", saved});
    QCOMPARE(ran.status, 1);
    QVERIFY2(
        ran.text.contains(QStringLiteral("largest difference NaN on one side (y)")), qPrintable(ran.text));
    QVERIFY2(
        ran.text.contains(QStringLiteral("expected nan")) && !ran.text.contains(QStringLiteral("apart by")),
        qPrintable(ran.text));
}

void TestRunCli::refuses_data() {
    QTest::addColumn<QStringList>("words");
    QTest::addColumn<QString>("reason");
    QTest::newRow("no inputs") << QStringList{"step", forward()} << "--seed N or --inputs FILE";
    QTest::newRow("no seed") << QStringList{"run", forward(), "--seed", "-1"}
                             << "--seed: '-1': expected a whole number from 0 on";
    for (const char* name : {"x.pt", "x.npy"})
        QTest::newRow(name) << QStringList{"run", forward(), "--seed", "1", "--save", name}
                            << "expected a name that ends in .safetensors";
    QTest::newRow("a symbol of 2^63") << QStringList{"run", forward(), "--seed", "1", "--bind",
        "s0=9223372036854775808"} << "expected a number of 64 bits with a sign";
    QTest::newRow("a symbol twice") << QStringList{"run", forward(), "--seed", "1", "--bind", "s0=3",
        "--bind", "s0=4"} << "'s0=4' as a symbol's value, which was given before";
    QTest::newRow("no command") << (onRecorded("step") << "--do"
                                                       << "fly")
                                << "is no command";
    QTest::newRow("no such item") << (onRecorded("step") << "--do"
                                                         << "value primals_1 x")
                                  << "expected which item";
    QTest::newRow("no node") << (onRecorded("step") << "--do"
                                                    << "to nowhere")
                             << "no node 'nowhere'";
    QTest::newRow("in another body") << (onRecorded("step") << "--do"
                                                            << "to addmm_1")
                                     << "there is partitioned_fw_subgraph_0_0@addmm_1";
    QTest::newRow("no tolerance") << (onRecorded("compare") << "--tolerance"
                                                            << "x=1")
                                  << "expected DTYPE=NUMBER";
    QTest::newRow("no commands") << (onRecorded("step") << "--do"
                                                        << ";; ;")
                                 << "--do: found no command";
    QTest::newRow("no symbol") << QStringList{"run", forward(), "--seed", "1", "--bind", "nosuch=3"}
                               << "no graph of the dump has a symbol 'nosuch'; this one has none";
    QTest::newRow("no such results") << QStringList{"joint", forward(), "--seed", "1", "--outputs", "999"}
                                     << "the first 999 results of '-:forward' are asked for; it has 41: "
                                        "expected 1 to 41";
    QTest::newRow("no session") << (onRecorded("run") << "--store") << "needs a session";
    QTest::newRow("no body") << QStringList{"timing", forward(), "--seed", "1", "--at", "-:graph:x"} << "'x'";
}

void TestRunCli::refuses() {
    QFETCH(QStringList, words);
    QFETCH(QString, reason);
    const Ran ran = hopscopeCli(words);
    QCOMPARE(ran.status, 2);
    QVERIFY2(ran.errors.contains(reason), qPrintable(ran.errors));
}

QTEST_GUILESS_MAIN(TestRunCli)
#include "tst_run_cli.moc"
