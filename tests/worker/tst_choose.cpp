// Several executors: which one runs a body, and what is said of the others.
#include "tests/worker/worker.h"

#include "core/worker/choose.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;
using nlohmann::json;

class TestChoose : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;

    // A program that answers --describe, and notes that it was asked.
    std::string made(const QString& name, const QByteArray& script) {
        const QString path = folder_.filePath(name);
        writeFile(path, "#!/bin/sh\necho asked >> '" + path.toUtf8() + ".log'\n" + script);
        QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return path.toStdString();
    }
    std::string executor(const QString& name, const std::string& libtorch,
        const std::vector<std::string>& operators, int protocol = wire::kProtocol) {
        const json said{{"libtorch", libtorch}, {"protocol", protocol}, {"composed", json::array()},
            {"operators", operators}};
        return made(name, "echo '" + QByteArray::fromStdString(said.dump()) + "'\n");
    }
    int asked(const std::string& program) const {
        return static_cast<int>(
            bytesOf(QString::fromStdString(program) + QStringLiteral(".log")).count('\n'));
    }

private slots:
    void takesTheNewestThatHasAll();
    void passesOverWhatCannotBeUsed_data();
    void passesOverWhatCannotBeUsed();
    void asksOnceForAsLongAsTheFileStays();
    void findsTheOperatorsThatABodyNeeds();
    void readsTheVariable();
    void describesTheRealOne();
    void listsThemOnTheCommandLine();
};

void TestChoose::takesTheNewestThatHasAll() {
    const std::string old = executor(QStringLiteral("old"), "1.13.1", {"aten.mm.default", "aten.add.Tensor"});
    const std::string middle =
        executor(QStringLiteral("middle"), "2.9.0+cpu", {"aten.mm.default", "aten.add.Tensor"});
    const std::string newest = executor(QStringLiteral("newest"), "2.13.0", {"aten.mm.default"});
    const std::vector<std::string> all{old, middle, newest};
    worker::Choice choice = worker::compare_executors(all, {"aten.mm.default"});
    QCOMPARE(choice.chosen, std::optional<size_t>{2}); // 2.13 is newer than 2.9
    QVERIFY(choice.note.empty());
    choice = worker::compare_executors(all, {"aten.add.Tensor", "aten.mm.default"});
    QCOMPARE(choice.chosen, std::optional<size_t>{1});
    QCOMPARE(choice.candidates[2].missing, (std::vector<std::string>{"aten.add.Tensor"}));
    choice = worker::compare_executors(all, {"aten.add.Tensor", "demo.log.default"});
    QCOMPARE(choice.chosen, std::optional<size_t>{2}); // none has all: the newest, and what it lacks
    QVERIFY2(choice.note.find("libtorch 2.13.0 lacks 2 operators: aten.add.Tensor, demo.log.default")
            != std::string::npos,
        choice.note.c_str());
    QCOMPARE(worker::compare_executors(all, {}).chosen, size_t{2});
    QVERIFY(!worker::compare_executors({}, {}).found());
}

void TestChoose::passesOverWhatCannotBeUsed_data() {
    QTest::addColumn<QByteArray>("script");
    QTest::addColumn<QString>("says");
    QTest::newRow("another protocol")
        << QByteArray(R"(echo '{"libtorch":"9.0","protocol":99,"operators":[]}')")
        << QStringLiteral("speaks protocol 99; this Hopscope speaks %1").arg(wire::kProtocol);
    QTest::newRow("an old one") << QByteArray("echo usage: hopscope-executor --exchange FOLDER >&2; exit 2")
                                << QStringLiteral("usage: hopscope-executor");
    QTest::newRow("no JSON") << QByteArray("echo hello") << QStringLiteral("is not understood");
    QTest::newRow("another JSON") << QByteArray("echo '{\"libtorch\": 7}'")
                                  << QStringLiteral("is not understood");
    QTest::newRow("its libraries are gone")
        << QByteArray("echo 'error while loading shared libraries: libtorch.so' >&2; exit 127")
        << QStringLiteral("libtorch.so");
    QTest::newRow("killed") << QByteArray("kill -9 $$") << QStringLiteral("signal 9");
}

void TestChoose::passesOverWhatCannotBeUsed() {
    QFETCH(QByteArray, script);
    QFETCH(QString, says);
    const std::string odd = made(QStringLiteral("odd"), script + '\n');
    const std::string sound = executor(QStringLiteral("sound"), "1.13.1", {"aten.mm.default"});
    const worker::Choice choice = worker::compare_executors({odd, sound}, {"aten.mm.default"});
    QCOMPARE(choice.chosen, std::optional<size_t>{1});
    QVERIFY2(QString::fromStdString(choice.candidates[0].problem).contains(says),
        choice.candidates[0].problem.c_str());
    // Where it is one of two and neither can be used, the error says why for each.
    qputenv("HOPSCOPE_EXECUTOR", QByteArray::fromStdString(odd + ":" + odd));
    const auto read = readText("def forward(self, x: \"f32[2]cpu\"):\n    return (x,)\n");
    const auto chosen = worker::choose_executor(*read.module, BodyId(size_t{0}));
    qunsetenv("HOPSCOPE_EXECUTOR");
    QVERIFY(!chosen.ok());
    QCOMPARE(chosen.error().kind, Error::Kind::External);
    QVERIFY2(QString::fromStdString(chosen.error().message).contains(says), chosen.error().message.c_str());
}

void TestChoose::asksOnceForAsLongAsTheFileStays() {
    const std::string program = executor(QStringLiteral("kept"), "2.0.0", {"aten.mm.default"});
    for (int i = 0; i < 3; ++i)
        QCOMPARE(worker::compare_executors({program}, {"aten.mm.default"}).candidates[0].libtorch,
            std::string("2.0.0"));
    QCOMPARE(asked(program), 1);
    executor(QStringLiteral("kept"), "2.10.0", {"aten.mm.default"}); // another size
    QCOMPARE(worker::compare_executors({program}, {}).candidates[0].libtorch, std::string("2.10.0"));
    QCOMPARE(asked(program), 2);
    worker::compare_executors({program}, {}, {"/other/library.so"});
    QCOMPARE(asked(program), 3);
}

void TestChoose::findsTheOperatorsThatABodyNeeds() {
    const auto dump = open_dump({traceOf(QStringLiteral("gpt12"))});
    QVERIFY(dump.ok());
    const auto place = resolve(*dump, "0/0:forward");
    QVERIFY(place.ok());
    const GraphModule& module = *dump->graph(place->graph).module;
    const auto all = worker::needed_operators(module, BodyId(size_t{0}));
    QVERIFY(std::is_sorted(all.begin(), all.end()));
    const auto has = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    QVERIFY(has(all, "aten.embedding.default")); // of the root
    QVERIFY(has(all, "aten.gelu.default")); // of the region
    for (const std::string& name : all)
        QVERIFY2(name.find("higher_order") == std::string::npos && name.find("getitem") == std::string::npos,
            name.c_str());
    const auto inner = worker::needed_operators(module, find_body(module, "partitioned_fw_subgraph_0_0"));
    QVERIFY(has(inner, "aten.gelu.default") && !has(inner, "aten.embedding.default"));
    // An operator that is an argument.
    const auto effects =
        open_dump({dataPath(QStringLiteral("effects/values/00_inference.txt.gz")).toStdString()});
    QVERIFY(effects.ok());
    QVERIFY(has(worker::needed_operators(*effects->graphs[0].module, BodyId(size_t{0})), "demo.log.default"));
}

void TestChoose::readsTheVariable() {
    const std::string a = executor(QStringLiteral("a"), "1.0", {}),
                      b = executor(QStringLiteral("b"), "2.0", {});
    qputenv("HOPSCOPE_EXECUTOR", QByteArray::fromStdString(a + ":" + b));
    auto found = worker::find_executors();
    QVERIFY(found.ok());
    QCOMPARE(*found, (std::vector<std::string>{a, b}));
    qputenv("HOPSCOPE_EXECUTOR", QByteArray::fromStdString(a + ":/nowhere/executor"));
    found = worker::find_executors();
    QVERIFY(!found.ok());
    QVERIFY(found.error().message.find("'/nowhere/executor'") != std::string::npos);
    // Alone it is taken without being asked.
    qputenv("HOPSCOPE_EXECUTOR", QByteArray::fromStdString(a));
    const auto read = readText("def forward(self, x: \"f32[2]cpu\"):\n    return (x,)\n");
    const auto choice = worker::choose_executor(*read.module, BodyId(size_t{0}));
    qunsetenv("HOPSCOPE_EXECUTOR");
    QVERIFY(choice.ok() && choice->found());
    QCOMPARE(choice->candidates[0].executor, a);
    QCOMPARE(asked(a), 0);
}

void TestChoose::describesTheRealOne() {
    const worker::Choice choice = worker::compare_executors(
        {kExecutor}, {"aten.mm.default", "aten._safe_softmax.default", "demo.spin.default"});
    QVERIFY2(choice.found(), choice.candidates[0].problem.c_str());
    QCOMPARE(choice.candidates[0].protocol, wire::kProtocol);
    QVERIFY(choice.candidates[0].operators > 3000);
    // What is composed is not missing.
    QCOMPARE(choice.candidates[0].missing, (std::vector<std::string>{"demo.spin.default"}));
    QVERIFY(worker::compare_executors({kExecutor}, {"demo.spin.default"}, {DEMO_OPS})
                .candidates[0]
                .missing.empty());
}

void TestChoose::listsThemOnTheCommandLine() {
    const std::string odd = executor(QStringLiteral("odd"), "9.0", {}, 99);
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("HOPSCOPE_EXECUTOR"), QString::fromStdString(odd + ":" + kExecutor));
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"),
        {QStringLiteral("executors"), dataPath(QStringLiteral("effects/values/00_inference.txt.gz")),
            QStringLiteral("--json")});
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 0);
    const json report = json::parse(process.readAllStandardOutput().toStdString(), nullptr, false);
    QVERIFY(report.is_object());
    QCOMPARE(report["executors"].size(), size_t{2});
    QVERIFY(report["executors"][0]["problem"].get<std::string>().find("protocol 99") != std::string::npos);
    QCOMPARE(report["executors"][1]["missing"], json({"demo.log.default"}));
    QCOMPARE(report["chosen"], json(kExecutor));
    QVERIFY(report["note"].get<std::string>().find("demo.log.default") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestChoose)
#include "tst_choose.moc"
