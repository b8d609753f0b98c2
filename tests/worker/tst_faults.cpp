// Everything that can go wrong with a worker, from inside of it and around it.
#include "tests/worker/worker.h"

#include "core/wire/framing.h"

#include <QTest>
#include <QThread>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

using namespace hopscope;
using namespace hopscope::test;

namespace {

constexpr int kNodes = 20;

Values input() {
    Values values;
    values.floats("x", {2}, {1, 2});
    return values;
}

// Twenty nodes in a row, of which one is this call.
std::string chain(int at, const std::string& call) {
    std::string text = "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[2]cpu\"):\n";
    std::string last = "x";
    for (int i = 0; i < kNodes; ++i) {
        const std::string name = "n" + std::to_string(i);
        text +=
            "        " + name + " = " + (i == at ? call : "torch.ops.aten.neg.default(" + last + ")") + "\n";
        last = name;
    }
    return text + "        return (" + last + ",)\n";
}
std::string single(const std::string& call) {
    return "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[2]cpu\"):\n        out = "
        + call + "\n        return (out,)\n";
}
std::string demo(const std::string& name, const std::string& more = "") {
    return "torch.ops.demo." + name + ".default(x" + more + ")";
}

Result<std::unique_ptr<worker::Worker>> startWithDemo(uint64_t memory = 0) {
    worker::StartOptions options;
    options.executor = kExecutor;
    options.libraries = {DEMO_OPS};
    options.memory = memory;
    return worker::Worker::start(options);
}

bool works(worker::Worker& executor) {
    const auto found = evaluate(executor, single("torch.ops.aten.neg.default(x)"), input(), "out");
    return found.ok() && *found == std::vector<double>{-1, -2};
}

} // namespace

class TestFaults : public QObject {
    Q_OBJECT

    // All exchange folders of this test lie here, so that what is left behind is seen.
    QTemporaryDir place_;
    QByteArray before_;

    bool nothingLeft() const {
        return QDir(place_.path()).entryList({QStringLiteral("hopscope-run-*")}, QDir::Dirs).isEmpty();
    }
    // A program that is no worker.
    std::string script(const QByteArray& text) {
        const QString path = place_.filePath(QStringLiteral("worker.sh"));
        writeFile(path, "#!/bin/sh\n" + text);
        QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return path.toStdString();
    }

private slots:
    void initTestCase();
    void cleanupTestCase();
    void namesTheNodeThatKilledIt_data();
    void namesTheNodeThatKilledIt();
    void tellsOnceHowItEndedBetweenRequests();
    void endsAnOperatorThatDoesNotEnd_data();
    void endsAnOperatorThatDoesNotEnd();
    void survivesWhatOperatorsThrow_data();
    void survivesWhatOperatorsThrow();
    void refusesSystemCalls_data();
    void refusesSystemCalls();
    void letsOperatorsStartThreads();
    void loadsLibrariesBeforeTheFilter();
    void saysWhatIsUnknownWithoutTheLibrary();
    void refusesOtherWorkers_data();
    void refusesOtherWorkers();
    void startsOrSaysWhyNotInLittleMemory_data();
    void startsOrSaysWhyNotInLittleMemory();
};

void TestFaults::initTestCase() {
    before_ = qgetenv("TMPDIR");
    qputenv("TMPDIR", place_.path().toUtf8());
}

void TestFaults::cleanupTestCase() {
    QVERIFY(nothingLeft());
    before_.isEmpty() ? qunsetenv("TMPDIR") : qputenv("TMPDIR", before_);
}

void TestFaults::namesTheNodeThatKilledIt_data() {
    QTest::addColumn<int>("at");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("how");
    for (int i = 0; i < kNodes; ++i)
        QTest::addRow("killed at node %d", i)
            << i << QStringLiteral("die") << QStringLiteral("signal 9 (Killed)");
    QTest::newRow("aborted") << 7 << QStringLiteral("abort") << QStringLiteral("signal 6 (Aborted)");
    QTest::newRow("crashed") << 7 << QStringLiteral("crash") << QStringLiteral("signal 11");
    QTest::newRow("left") << 7 << QStringLiteral("leave") << QStringLiteral("exit code 3");
}

void TestFaults::namesTheNodeThatKilledIt() {
    QFETCH(int, at);
    QFETCH(QString, name);
    QFETCH(QString, how);
    {
        auto executor = startWithDemo();
        QVERIFY2(executor.ok(), executor.ok() ? "" : executor.error().text().c_str());
        QVERIFY(prepare(**executor, chain(at, demo(name.toStdString())), input()).ok());
        const auto ran = (*executor)->run({});
        QVERIFY(!ran.ok());
        QCOMPARE(ran.error().kind, Error::Kind::External);
        const std::string node = "n" + std::to_string(at);
        QCOMPARE((*executor)->died_at().node, node);
        QCOMPARE((*executor)->died_at().target, "demo." + name.toStdString() + ".default");
        const QString message = QString::fromStdString(ran.error().message);
        QVERIFY2(message.contains(how) && message.contains(QString::fromStdString("'" + node + "'")),
            qPrintable(message));
        QVERIFY(!(*executor)->alive());
        QVERIFY(!nothingLeft()); // the folder is the client's, and goes with it
        QVERIFY((*executor)->run({}).error().message.find("does not run any more") != std::string::npos);
    }
    QVERIFY(nothingLeft());
    if (at % 5 == 0) { // a new one works, as often as it takes
        auto next = startWithDemo();
        QVERIFY(next.ok() && works(**next));
    }
}

// Ended while nobody asked it anything: the next request hears how, and those after it that it is gone.
void TestFaults::tellsOnceHowItEndedBetweenRequests() {
    auto executor = startExecutor();
    QVERIFY(executor.ok());
    kill((*executor)->pid(), SIGKILL);
    QTRY_VERIFY(!(*executor)->alive());
    auto answer = (*executor)->run({});
    QVERIFY2(answer.error().message.find("signal 9 (Killed) during 'run'") != std::string::npos,
        answer.error().message.c_str());
    answer = (*executor)->run({});
    QVERIFY(answer.error().message.find("does not run any more") != std::string::npos);
}

void TestFaults::endsAnOperatorThatDoesNotEnd_data() {
    QTest::addColumn<bool>("cancelled");
    QTest::newRow("by its time-out") << false;
    QTest::newRow("by cancelling") << true;
}

void TestFaults::endsAnOperatorThatDoesNotEnd() {
    QFETCH(bool, cancelled);
    auto executor = startWithDemo();
    QVERIFY2(executor.ok(), executor.ok() ? "" : executor.error().text().c_str());
    QVERIFY(prepare(**executor, chain(11, demo("spin")), input()).ok());
    std::atomic<bool> cancel{false};
    Job job;
    job.cancel = &cancel;
    std::thread later([&] {
        QThread::msleep(300);
        cancel = cancelled;
    });
    const auto ran = (*executor)->run({}, job, cancelled ? 0 : 4000);
    later.join();
    QVERIFY(!ran.ok());
    QCOMPARE(ran.error().kind, cancelled ? Error::Kind::Cancelled : Error::Kind::External);
    if (!cancelled) {
        QVERIFY2(ran.error().message.find("no answer within 4000 ms") != std::string::npos,
            ran.error().message.c_str());
        QCOMPARE((*executor)->died_at().node, std::string("n11"));
    }
    QVERIFY(!(*executor)->alive());
    executor->reset();
    QVERIFY(nothingLeft());
}

void TestFaults::survivesWhatOperatorsThrow_data() {
    QTest::addColumn<QString>("call");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const std::string& call, const char* says) {
        QTest::newRow(name) << QString::fromStdString(call) << QString::fromUtf8(says);
    };
    row("an exception", demo("throw"), "thrown on purpose");
    row("a number", demo("throw_number"), "");
    row("100 GB", "torch.ops.aten.zeros.default([26843545600])", "memory");
    row("a size that overflows", "torch.ops.aten.zeros.default([4611686018427387904, 8])", "");
    row("shapes that do not fit", "torch.ops.aten.mm.default(x, x)", "");
}

void TestFaults::survivesWhatOperatorsThrow() {
    QFETCH(QString, call);
    QFETCH(QString, says);
    static std::unique_ptr<worker::Worker> executor; // one for all rows: none may harm it
    if (!executor) {
        auto started = startWithDemo();
        QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
        executor = std::move(*started);
    }
    QVERIFY(prepare(*executor, chain(4, call.toStdString()), input()).ok());
    const auto ran = executor->run({});
    QVERIFY2(ran.ok(), ran.ok() ? "" : ran.error().text().c_str());
    QVERIFY(ran->failure);
    QCOMPARE(ran->failure->node, std::string("n4"));
    const QString message = QString::fromStdString(ran->failure->message);
    QVERIFY2(!message.isEmpty() && message.contains(says), qPrintable(message));
    QVERIFY(executor->alive() && works(*executor));
    if (QTest::currentDataTag() == std::string_view("shapes that do not fit"))
        executor.reset();
}

void TestFaults::refusesSystemCalls_data() {
    QTest::addColumn<QString>("call");
    QTest::addColumn<int>("error");
    const auto row = [](const char* name, const std::string& call, int error) {
        QTest::newRow(name) << QString::fromStdString(call) << error;
    };
    row("reading a file", demo("open_file", ", '/etc/passwd'"), EPERM);
    row("making a file", demo("open_file", ", 'MARK'"), EPERM);
    row("removing a file", demo("unlink_file", ", 'MARK'"), EPERM);
    row("a socket", demo("socket"), EPERM);
    row("a process", demo("fork"), EPERM);
    row("a process by clone", demo("clone_process"), EPERM);
    row("a process by clone3", demo("clone3"), ENOSYS);
    row("another program", demo("exec"), EPERM);
    row("a signal to its parent", demo("signal_parent"), EPERM);
    row("a look into its parent", demo("trace_parent"), EPERM);
    row("its limits", demo("raise_limit"), EPERM);
    row("100 GB of addresses", demo("map", ", 100"), ENOMEM);
}

void TestFaults::refusesSystemCalls() {
    QFETCH(QString, call);
    QFETCH(int, error);
    static std::unique_ptr<worker::Worker> executor;
    if (!executor) {
        auto started = startWithDemo();
        QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
        executor = std::move(*started);
        QVERIFY(executor->facts().sandbox);
    }
    const QString mark = place_.filePath(QStringLiteral("mark"));
    QVERIFY(writeFile(mark, "still here"));
    const auto found =
        evaluate(*executor, single(call.replace(QStringLiteral("MARK"), mark).toStdString()), input(), "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(*found, std::vector<double>{static_cast<double>(error)});
    QVERIFY(QFile::exists(mark));
    QVERIFY(executor->alive());
    if (QTest::currentDataTag() == std::string_view("100 GB of addresses"))
        executor.reset();
}

// Autograd starts some: with glibc 2.41 and libtorch 2.6 every derivation failed with "Operation not
// permitted".
void TestFaults::letsOperatorsStartThreads() {
    auto executor = startWithDemo();
    QVERIFY2(executor.ok(), executor.ok() ? "" : executor.error().text().c_str());
    for (int round = 0; round < 3; ++round) {
        const auto found = evaluate(**executor, single(demo("thread")), input(), "out");
        QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
        QCOMPARE(*found, (std::vector<double>{2, 4}));
    }
}

void TestFaults::loadsLibrariesBeforeTheFilter() {
    auto executor = startWithDemo();
    QVERIFY2(executor.ok(), executor.ok() ? "" : executor.error().text().c_str());
    const auto found = evaluate(**executor, single(demo("opened_at_load")), input(), "out");
    QVERIFY(found.ok());
    QCOMPARE(*found, std::vector<double>{1});
}

void TestFaults::saysWhatIsUnknownWithoutTheLibrary() {
    auto executor = startExecutor();
    QVERIFY(executor.ok());
    const auto read = readText(single(demo("die")));
    const auto loaded = (*executor)->load(read.module, BodyId(size_t{0}), {});
    QVERIFY(loaded.ok());
    QCOMPARE(loaded->unsupported.size(), size_t{1});
    QCOMPARE(loaded->unsupported[0].target, std::string("demo.die.default"));
    QVERIFY((*executor)->bind(input().all, kInputs).ok());
    const auto ran = (*executor)->run({});
    QVERIFY(ran.ok() && ran->failure);
    QVERIFY(ran->failure->unsupported);
    QVERIFY((*executor)->alive());
}

void TestFaults::refusesOtherWorkers_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("says");
    const auto answer = [](const std::string& content) {
        const std::string framed = wire::framed(content);
        QByteArray text = "printf '%b' '";
        for (const char c : framed)
            text += c == '\r' ? QByteArray("\\r") : c == '\n' ? QByteArray("\\n") : QByteArray(1, c);
        return text + "'\nsleep 30\n";
    };
    QTest::newRow("prints something else")
        << QByteArray("echo hello, this is no worker at all\nsleep 30\n") << QStringLiteral("are no message");
    QTest::newRow("prints bytes without end")
        << QByteArray("exec cat /dev/zero\n") << QStringLiteral("are no message");
    QTest::newRow("says nothing") << QByteArray("sleep 30\n") << QStringLiteral("no answer within 1500 ms");
    QTest::newRow("begins a message and stops")
        << QByteArray("printf 'Content-Length: 1000\\r\\n\\r\\n{'\nsleep 30\n")
        << QStringLiteral("no answer within 1500 ms");
    QTest::newRow("begins a message and ends")
        << QByteArray("printf 'Content-Length: 1000\\r\\n\\r\\n{'\nexit 4\n")
        << QStringLiteral("exit code 4");
    QTest::newRow("a message without bound")
        << QByteArray("printf 'Content-Length: 99999999999999999999\\r\\n\\r\\n'\nsleep 30\n")
        << QStringLiteral("the header");
    QTest::newRow("ends") << QByteArray("echo 'no libtorch here' >&2\nexit 127\n")
                          << QStringLiteral("no libtorch here");
    QTest::newRow("no JSON") << answer("{{{{") << QStringLiteral("is not JSON");
    QTest::newRow("an error that is no object")
        << answer(R"({"jsonrpc":"2.0","id":1,"error":7})") << QStringLiteral("neither a result nor an error");
    QTest::newRow("another protocol")
        << answer(R"({"jsonrpc":"2.0","id":1,"result":{"protocol":99,"libtorch":"9.9"}})")
        << QStringLiteral("speaks protocol 99; this Hopscope speaks %1").arg(wire::kProtocol);
    QTest::newRow("no protocol") << answer(R"({"jsonrpc":"2.0","id":1,"result":{}})")
                                 << QStringLiteral("'protocol' is missing");
    QTest::newRow("a result that is no object")
        << answer(R"({"jsonrpc":"2.0","id":1,"result":[1]})") << QStringLiteral("expected an object");
}

void TestFaults::refusesOtherWorkers() {
    QFETCH(QByteArray, text);
    QFETCH(QString, says);
    worker::StartOptions options;
    options.executor = script(text);
    // Only where nothing comes is the time waited for: a busy machine must not make the others fail.
    options.start_milliseconds = says.startsWith(QStringLiteral("no answer")) ? 1500 : 60000;
    const auto started = worker::Worker::start(options);
    QVERIFY(!started.ok());
    QCOMPARE(started.error().kind, Error::Kind::External);
    QVERIFY2(QString::fromStdString(started.error().message).contains(says), started.error().message.c_str());
    QVERIFY2(started.error().message.find("worker.sh") != std::string::npos, started.error().message.c_str());
    QVERIFY(nothingLeft());
}

// In too little memory the loader ends, libtorch aborts, or OpenBLAS spins for ever: each is an answer in
// time.
constexpr int kEnough = 3000; // megabytes; less than the limit that the executor would give itself

void TestFaults::startsOrSaysWhyNotInLittleMemory_data() {
    QTest::addColumn<int>("kilobytes");
    for (const int megabytes : {40, 300, 500, 560, 620, kEnough})
        QTest::addRow("%d MB", megabytes) << megabytes * 1024;
}

void TestFaults::startsOrSaysWhyNotInLittleMemory() {
#ifdef __SANITIZE_ADDRESS__
    QSKIP("a sanitizer maps more than any of these limits");
#endif
    QFETCH(int, kilobytes);
    worker::StartOptions options;
    options.executor = script("ulimit -v " + QByteArray::number(kilobytes) + "\nexec "
        + QByteArray::fromStdString(kExecutor) + " \"$@\"\n");
    options.start_milliseconds = kilobytes < kEnough * 1024 ? 4000 : 60000;
    options.memory = uint64_t{64} << 30;
    auto started = worker::Worker::start(options);
    if (started.ok()) {
        QVERIFY(works(**started));
        started->reset();
    } else {
        QVERIFY2(kilobytes < kEnough * 1024, started.error().message.c_str());
        QCOMPARE(started.error().kind, Error::Kind::External);
        QVERIFY2(started.error().message.find("did not start") != std::string::npos,
            started.error().message.c_str());
    }
    QVERIFY(nothingLeft());
}

QTEST_GUILESS_MAIN(TestFaults)
#include "tst_faults.moc"
