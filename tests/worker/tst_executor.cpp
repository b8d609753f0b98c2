// The worker as a process: protocol, cancel, death, limits, folders.
#include "tests/worker/worker.h"

#include "core/wire/framing.h"

#include <nlohmann/json.hpp>

#include <QTest>
#include <QThread>

#include <atomic>
#include <csignal>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace hopscope;
using namespace hopscope::test;
using nlohmann::json;

namespace {

const std::string kQuick = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        out: "f32[2]cpu" = torch.ops.aten.neg.default(x)
        return (out,)
)";

Values input() {
    Values values;
    values.floats("x", {2}, {1, 2});
    return values;
}

bool works(worker::Worker& executor) {
    const auto found = evaluate(executor, kQuick, input(), "out");
    return found.ok() && *found == std::vector<double>{-1, -2};
}

// A worker that is talked to by hand.
class Raw {
public:
    Raw() {
        process.start(QString::fromStdString(kExecutor), {QStringLiteral("--exchange"), folder.path()});
        process.waitForStarted();
    }
    void send(const std::string& bytes) {
        process.write(bytes.data(), static_cast<qint64>(bytes.size()));
        process.waitForBytesWritten();
    }
    json answer() {
        std::string text;
        while (reader.next(text) != wire::FrameReader::Outcome::Message) {
            if (!process.bytesAvailable() && !process.waitForReadyRead(30000))
                return {};
            const QByteArray bytes = process.readAllStandardOutput();
            reader.feed({bytes.constData(), static_cast<size_t>(bytes.size())});
        }
        return json::parse(text, nullptr, false);
    }
    json ask(const std::string& message) {
        send(wire::framed(message));
        return answer();
    }

    QTemporaryDir folder;
    QProcess process;
    wire::FrameReader reader;
};

} // namespace

class TestExecutor : public QObject {
    Q_OBJECT

private slots:
    void answersBadMessages_data();
    void answersBadMessages();
    void survivesRandomBytes();
    void endsWithItsInput();
    void refusesAnotherProtocol();
    void cancels();
    void namesTheNodeThatRanWhenItDied_data();
    void namesTheNodeThatRanWhenItDied();
    void killsWhatHangs();
    void keepsToItsMemory();
    void keepsItsFolderPrivate();
    void sweepsWhatACrashLeft();
    void saysWhyItDoesNotStart();
    void stopsAtANode();
    void describesValues();
};

void TestExecutor::answersBadMessages_data() {
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<int>("code");
    const auto row = [](const char* name, const char* message, int code) {
        QTest::newRow(name) << QByteArray(message) << code;
    };
    row("no JSON", "{nothing", -32700);
    row("empty", "", -32700);
    row("a list", "[1, 2]", -32600);
    row("a number", "7", -32600);
    row("no version", R"({"id":1,"method":"initialize"})", -32600);
    row("method is a number", R"({"jsonrpc":"2.0","id":1,"method":7})", -32600);
    row("id is a list", R"({"jsonrpc":"2.0","id":[1],"method":"initialize"})", -32600);
    row("unknown method", R"({"jsonrpc":"2.0","id":1,"method":"dance"})", -32601);
    row("params are a list", R"({"jsonrpc":"2.0","id":1,"method":"load","params":[1]})", -32602);
    row("text is a number", R"({"jsonrpc":"2.0","id":1,"method":"load","params":{"text":7}})", -32602);
    row("text is no graph", R"({"jsonrpc":"2.0","id":1,"method":"load","params":{"text":"hello"}})", -32602);
    row("symbol is a text",
        R"({"jsonrpc":"2.0","id":1,"method":"load","params":{"text":"","symbols":{"s0":"x"}}})", -32602);
    row("bind before load", R"({"jsonrpc":"2.0","id":1,"method":"bind","params":{"as":"inputs"}})", -32001);
    row("run before load", R"({"jsonrpc":"2.0","id":1,"method":"run"})", -32001);
    row("compare before load", R"({"jsonrpc":"2.0","id":1,"method":"compare"})", -32001);
    row("flags are a text", R"({"jsonrpc":"2.0","id":1,"method":"joint","params":{"requires_grad":"all"}})",
        -32602);
    row("a parameter that is none", R"({"jsonrpc":"2.0","id":1,"method":"run","params":{"repeats":3}})",
        -32602);
    row("value of nothing", R"({"jsonrpc":"2.0","id":1,"method":"value","params":{"name":"x"}})", -32001);
}

void TestExecutor::answersBadMessages() {
    QFETCH(QByteArray, message);
    QFETCH(int, code);
    // One worker for all rows: none of them may harm it.
    static Raw raw;
    const json answer = raw.ask(message.toStdString());
    QVERIFY2(answer.is_object() && answer.contains("error"), answer.dump().c_str());
    QCOMPARE(answer["error"]["code"].get<int>(), code);
    QVERIFY(!answer["error"]["message"].get<std::string>().empty());
    const json after = raw.ask(R"({"jsonrpc":"2.0","id":"x","method":"initialize"})");
    QCOMPARE(after["id"], json("x"));
    QVERIFY(after["result"].contains("libtorch"));
    if (QTest::currentDataTag() == std::string_view("value of nothing")) {
        raw.process.closeWriteChannel();
        QVERIFY(raw.process.waitForFinished(10000));
    }
}

void TestExecutor::survivesRandomBytes() {
    Raw raw;
    uint64_t state = 1;
    std::string noise;
    for (int i = 0; i < 100000; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        noise += static_cast<char>(state >> 56);
    }
    raw.send(noise);
    raw.send(wire::framed(R"({"jsonrpc":"2.0","id":5,"method":"initialize"})"));
    json answer = raw.answer();
    int refused = 0;
    for (; answer.is_object() && answer.contains("error") && refused < 1000; ++refused)
        answer = raw.answer();
    QVERIFY(refused > 0);
    QCOMPARE(answer["id"], json(5));
    raw.send(wire::framed(R"({"jsonrpc":"2.0","id":6,"method":"shutdown"})"));
    QVERIFY(raw.process.waitForFinished(10000));
    QCOMPARE(raw.process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(raw.process.exitCode(), 0);
}

void TestExecutor::endsWithItsInput() {
    Raw raw;
    QVERIFY(raw.ask(R"({"jsonrpc":"2.0","id":1,"method":"initialize"})").contains("result"));
    raw.process.closeWriteChannel();
    QVERIFY(raw.process.waitForFinished(10000));
    QCOMPARE(raw.process.exitCode(), 0);
}

void TestExecutor::refusesAnotherProtocol() {
    Raw raw;
    const json answer = raw.ask(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocol":99}})");
    QCOMPARE(answer["error"]["code"].get<int>(), -32602);
    QVERIFY(answer["error"]["message"].get<std::string>().find("99") != std::string::npos);
    raw.process.closeWriteChannel();
    raw.process.waitForFinished(10000);
}

void TestExecutor::cancels() {
    auto executor = startExecutor();
    QVERIFY2(executor.ok(), executor.ok() ? "" : executor.error().text().c_str());
    QVERIFY(prepare(**executor, kEndless, input()).ok());
    std::atomic<bool> cancel{false};
    std::thread later([&] {
        QThread::msleep(200);
        cancel = true;
    });
    Job job;
    job.cancel = &cancel;
    const auto result = (*executor)->run({}, job);
    later.join();
    QVERIFY(!result.ok());
    QCOMPARE(result.error().kind, Error::Kind::Cancelled);
    QVERIFY2(result.error().message.find("nodes") != std::string::npos, result.error().message.c_str());
    QVERIFY((*executor)->alive()); // it answered itself
    QVERIFY(works(**executor));
}

void TestExecutor::namesTheNodeThatRanWhenItDied_data() {
    QTest::addColumn<int>("signal");
    QTest::addColumn<int>("after");
    for (const int signal : {SIGKILL, SIGSEGV, SIGABRT})
        for (const int after : {0, 3, 17, 50})
            QTest::addRow("signal %d after %d ms", signal, after) << signal << after;
}

void TestExecutor::namesTheNodeThatRanWhenItDied() {
    QFETCH(int, signal);
    QFETCH(int, after);
    auto executor = startExecutor();
    QVERIFY2(executor.ok(), executor.ok() ? "" : executor.error().text().c_str());
    QVERIFY(prepare(**executor, kEndless, input()).ok());
    const pid_t pid = (*executor)->pid();
    std::thread later([=] {
        QThread::msleep(static_cast<unsigned long>(100 + after));
        kill(pid, signal);
    });
    const auto result = (*executor)->run({});
    later.join();
    QVERIFY(!result.ok());
    QCOMPARE(result.error().kind, Error::Kind::External);
    QVERIFY2(result.error().message.find("signal " + std::to_string(signal)) != std::string::npos,
        result.error().message.c_str());
    const worker::NodePlace place = (*executor)->died_at();
    QVERIFY2(place.body == "f" || place.body == "g" || place.node == "loop", result.error().message.c_str());
    QVERIFY(result.error().message.find("'" + place.node + "'") != std::string::npos);
    QVERIFY(!(*executor)->alive());
    QVERIFY(!(*executor)->run({}).ok());
    auto next = startExecutor();
    QVERIFY(next.ok() && works(**next));
}

void TestExecutor::killsWhatHangs() {
    auto executor = startExecutor();
    QVERIFY(executor.ok());
    QVERIFY(prepare(**executor, kEndless, input()).ok());
    auto result = (*executor)->run({}, {}, 300);
    QVERIFY(!result.ok());
    QVERIFY2(result.error().message.find("no answer within 300 ms") != std::string::npos,
        result.error().message.c_str());
    QVERIFY(!(*executor)->alive());

    // Stopped: it does not even hear a cancel.
    executor = startExecutor();
    QVERIFY(executor.ok());
    QVERIFY(prepare(**executor, kQuick, input()).ok());
    kill((*executor)->pid(), SIGSTOP);
    const std::atomic<bool> cancel{true};
    Job job;
    job.cancel = &cancel;
    result = (*executor)->run({}, job);
    QVERIFY(!result.ok());
    QCOMPARE(result.error().kind, Error::Kind::Cancelled);
    QVERIFY(!(*executor)->alive());
}

void TestExecutor::keepsToItsMemory() {
    auto executor = startExecutor(uint64_t{128} << 20);
    QVERIFY2(executor.ok(), executor.ok() ? "" : executor.error().text().c_str());
    const std::string large = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        zeros: "f32[100000000]cpu" = torch.ops.aten.zeros.default([100000000])
        return (zeros,)
)";
    const auto found = evaluate(**executor, large, input(), "zeros");
    QVERIFY(!found.ok());
    QVERIFY2(found.error().message.find("memory") != std::string::npos, found.error().message.c_str());
    QVERIFY((*executor)->alive());
    QVERIFY(works(**executor));
}

void TestExecutor::keepsItsFolderPrivate() {
    std::string folder;
    {
        auto executor = startExecutor();
        QVERIFY(executor.ok());
        folder = (*executor)->folder();
        struct stat info { };
        QCOMPARE(stat(folder.c_str(), &info), 0);
        QCOMPARE(static_cast<int>(info.st_mode & 07777), 0700);
    }
    struct stat info { };
    QVERIFY(stat(folder.c_str(), &info) != 0);
}

void TestExecutor::sweepsWhatACrashLeft() {
    QTemporaryDir place;
    const QByteArray before = qgetenv("TMPDIR");
    qputenv("TMPDIR", place.path().toUtf8());
    // No process has the largest number; this one lives.
    const QString dead = place.filePath(QStringLiteral("hopscope-run-4194304-abcdef"));
    const QString alive = place.filePath(QStringLiteral("hopscope-run-%1-abcdef").arg(getpid()));
    QVERIFY(QDir().mkdir(dead) && QDir().mkdir(alive));
    QVERIFY(writeFile(dead + QStringLiteral("/to_worker.safetensors"), "left behind"));
    {
        auto executor = startExecutor();
        QVERIFY(executor.ok());
        QVERIFY((*executor)->folder().find(place.path().toStdString()) == 0);
    }
    if (before.isEmpty())
        qunsetenv("TMPDIR");
    else
        qputenv("TMPDIR", before);
    QVERIFY(!QFile::exists(dead));
    QVERIFY(QFile::exists(alive));
}

void TestExecutor::saysWhyItDoesNotStart() {
    worker::StartOptions options;
    options.executor = "/nowhere/hopscope-executor";
    auto started = worker::Worker::start(options);
    QVERIFY(!started.ok());
    QVERIFY(started.error().message.find("No such file") != std::string::npos);

    options.executor = kExecutor;
    options.libraries = {"/nowhere/libdemo.so"};
    started = worker::Worker::start(options);
    QVERIFY(!started.ok());
    QVERIFY2(
        started.error().message.find("libdemo.so") != std::string::npos, started.error().message.c_str());

    // Something that starts and never answers.
    options.libraries.clear();
    options.executor = "/bin/cat";
    started = worker::Worker::start(options);
    QVERIFY(!started.ok());

    qputenv("HOPSCOPE_EXECUTOR", "/nowhere/executor");
    const auto found = worker::find_executors();
    qunsetenv("HOPSCOPE_EXECUTOR");
    QVERIFY(!found.ok());
    QVERIFY(found.error().message.find("/nowhere/executor") != std::string::npos);
    QVERIFY(worker::find_executors().ok());
}

void TestExecutor::stopsAtANode() {
    auto executor = startExecutor();
    QVERIFY(executor.ok());
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        neg: "f32[2]cpu" = torch.ops.aten.neg.default(x)
        abs_1: "f32[2]cpu" = torch.ops.aten.abs.default(neg)
        exp: "f32[2]cpu" = torch.ops.aten.exp.default(abs_1)
        return (exp,)
)";
    QVERIFY(prepare(**executor, text, input()).ok());
    wire::RunRequest request;
    request.keep = true;
    request.to = "abs_1";
    const auto ran = (*executor)->run(request);
    QVERIFY(ran.ok());
    QCOMPARE(ran->run, uint64_t{3});
    QVERIFY((*executor)->value(named("abs_1")).ok());
    QVERIFY(!(*executor)->value(named("exp")).ok());
    request.to = "nobody";
    QVERIFY(!(*executor)->run(request).ok());
}

void TestExecutor::describesValues() {
    auto executor = startExecutor();
    QVERIFY(executor.ok());
    Values values;
    values.floats("x", {2, 3}, {1, -2, 0, INFINITY, NAN, 3});
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2, 3]cpu"):
        t: "f32[3, 2][1, 3]cpu" = torch.ops.aten.t.default(x)
        return (t,)
)";
    QVERIFY(prepare(**executor, text, values).ok());
    QVERIFY(runAndKeep(**executor).ok());
    wire::ValueRequest request = named("t");
    request.start = {0, 1};
    request.count = {3, 1};
    const auto value = (*executor)->value(request);
    QVERIFY2(value.ok(), value.ok() ? "" : value.error().text().c_str());
    QCOMPARE(value->dtype, std::string("float32"));
    QCOMPARE(value->shape, (std::vector<int64_t>{3, 2}));
    QCOMPARE(value->stride, (std::vector<int64_t>{1, 3}));
    QCOMPARE(value->bytes, uint64_t{24});
    const wire::Statistics& s = *value->statistics;
    QCOMPARE(s.nan, uint64_t{1});
    QCOMPARE(s.inf, uint64_t{1});
    QCOMPARE(s.zero, uint64_t{1});
    QCOMPARE(s.min, std::optional(-2.0));
    QCOMPARE(s.max, std::optional(3.0));
    QCOMPARE(s.mean, std::optional(0.5));
    QCOMPARE(value->slice->size(), size_t{3});
    QVERIFY(std::isinf(value->slice->at(0)) && std::isnan(value->slice->at(1)) && value->slice->at(2) == 3);
    request.count = {3, 9};
    QVERIFY(!(*executor)->value(request).ok());
    request.start = {0};
    request.count = {3};
    QVERIFY(!(*executor)->value(request).ok());
    QVERIFY((*executor)->alive());
}

QTEST_GUILESS_MAIN(TestExecutor)
#include "tst_executor.moc"
