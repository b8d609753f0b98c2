// What a terminal shows while a command works, and how Ctrl+C ends it.
#include "tests/worker/worker.h"

#include <QTest>

#include <csignal>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace hopscope::test;

namespace {

struct Ended {
    pid_t process = -1;
    int status = -1;
    std::string terminal; // what it got
    double milliseconds = 0; // from Ctrl+C to the end
};

// Runs hopscope on a terminal of its own, and presses Ctrl+C once `seen` stands there.
Ended onTerminal(const QStringList& words, const std::string& seen) {
    std::vector<std::string> all{HOPSCOPE_BIN "/hopscope"};
    for (const QString& word : words)
        all.push_back(word.toStdString());
    std::vector<char*> argv;
    for (std::string& word : all)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    Ended ended;
    int terminal = -1;
    const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (pid == 0) {
        execv(argv[0], argv.data());
        _exit(127);
    }
    ended.process = pid;
    QElapsedTimer since;
    char buffer[4096];
    // Reading ends when the last that holds the terminal is gone.
    for (ssize_t n = 0; (n = read(terminal, buffer, sizeof buffer)) > 0;) {
        ended.terminal.append(buffer, static_cast<size_t>(n));
        if (!since.isValid() && ended.terminal.find(seen) != std::string::npos) {
            since.start();
            (void)!write(terminal, "\x03", 1);
        }
    }
    int status = 0;
    waitpid(pid, &status, 0);
    ended.milliseconds = since.isValid() ? static_cast<double>(since.nsecsElapsed()) / 1e6 : -1;
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    close(terminal);
    return ended;
}

// What is left of the executor that process started: itself, its folder.
QStringList left(pid_t process) {
    const QByteArray folder = "hopscope-run-" + QByteArray::number(process) + '-';
    QStringList found;
    for (const QString& entry : QDir(QStringLiteral("/proc")).entryList(QDir::Dirs)) {
        QFile file(QStringLiteral("/proc/%1/cmdline").arg(entry));
        if (file.open(QIODevice::ReadOnly) && file.readAll().contains(folder))
            found << entry;
    }
    return found + QDir::temp().entryList({QString::fromLatin1(folder) + QLatin1Char('*')});
}

} // namespace

class TestTerminal : public QObject {
    Q_OBJECT

private slots:
    void endsAtCtrlC_data();
    void endsAtCtrlC();
    void showsNothingElsewhere();
    void saysWhatGoesOnInALog();
};

void TestTerminal::endsAtCtrlC_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("words");
    QTest::addColumn<QString>("seen");
    QTest::addColumn<QString>("says");
    // Between nodes the executor hears it; within one it has to be killed; making gigabytes of inputs hears
    // nothing.
    const QString endless = QString::fromStdString(kEndless);
    const QString product = QStringLiteral(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[9000, 9000][0, 0]cpu"):
        mm: "f32[9000, 9000]cpu" = torch.ops.aten.mm.default(x, x)
        mm_1: "f32[9000, 9000]cpu" = torch.ops.aten.mm.default(mm, x)
        mm_2: "f32[9000, 9000]cpu" = torch.ops.aten.mm.default(mm_1, x)
        return (mm_2,)
)");
    const QString large =
        QString(product).replace(QLatin1String("9000, 9000]"), QLatin1String("30000, 30000]"));
    const QString inside =
        QString(product)
            .replace(QLatin1String("x: \"f32[9000, 9000][0, 0]cpu\""), QLatin1String("y: \"f32[]cpu\""))
            .replace(QLatin1String("        mm: \"f32[9000"),
                QLatin1String("        x: \"f32[9000, 9000]cpu\" = torch.ops.aten.expand.default(y, [9000, "
                              "9000])\n        mm: \"f32[9000"));
    QTest::newRow("between nodes") << endless << QStringList{QStringLiteral("run")}
                                   << QStringLiteral("running") << QStringLiteral("hopscope: cancelled");
    QTest::newRow("within a node") << inside
                                   << QStringList{QStringLiteral("run"), QStringLiteral("--save"),
                                          QStringLiteral("/nowhere/a.safetensors")}
                                   << QStringLiteral(": mm")
                                   << QStringLiteral("nothing was written to /nowhere/a.safetensors");
    QTest::newRow("making inputs") << large << QStringList{QStringLiteral("run")}
                                   << QStringLiteral("making inputs")
                                   << QStringLiteral("hopscope: cancelled");
    // A graph that goes on for long once the executor stands, which it may before the key is heard.
    QTest::newRow("starting") << inside << QStringList{QStringLiteral("joint")} << QStringLiteral("starting")
                              << QStringLiteral("hopscope: cancelled");
}

void TestTerminal::endsAtCtrlC() {
    QFETCH(QString, text);
    QFETCH(QStringList, words);
    QFETCH(QString, seen);
    QFETCH(QString, says);
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("graph.txt"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text.toUtf8()) > 0);
    file.close();
    words.insert(1, path);
    const Ended ended =
        onTerminal(words + QStringList{QStringLiteral("--seed"), QStringLiteral("1")}, seen.toStdString());
    QVERIFY2(ended.status == 130, ended.terminal.c_str());
    QVERIFY2(ended.terminal.find(says.toStdString()) != std::string::npos, ended.terminal.c_str());
    qInfo("%.0f ms after Ctrl+C", ended.milliseconds);
    // Neither the executor nor its folder is left.
    QTRY_COMPARE(left(ended.process), QStringList());
}

// Progress is for people: a file or a pipe gets what it always got.
void TestTerminal::showsNothingElsewhere() {
    QProcess process;
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"),
        {QStringLiteral("run"), dataPath(QStringLiteral("mlp4/values/00_forward.txt")),
            QStringLiteral("--seed"), QStringLiteral("1")});
    QVERIFY(process.waitForFinished(240000));
    QCOMPARE(process.exitCode(), 0);
    QCOMPARE(process.readAllStandardError(), QByteArray());
}

// Where work goes on for long, a log gets a line now and then: here of an executor that never answers. What
// is sent as Ctrl+C ends it.
void TestTerminal::saysWhatGoesOnInALog() {
    QTemporaryDir folder;
    const QString silent = folder.filePath(QStringLiteral("silent"));
    QFile file(silent);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("#!/bin/sh\nexec sleep 600\n") > 0);
    file.close();
    QVERIFY(file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("HOPSCOPE_EXECUTOR"), silent);
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"),
        {QStringLiteral("run"), dataPath(QStringLiteral("mlp4/values/00_forward.txt")),
            QStringLiteral("--seed"), QStringLiteral("1")});
    process.setReadChannel(QProcess::StandardError);
    QVERIFY(process.waitForStarted());
    QByteArray said;
    while (!said.contains('\n') && process.waitForReadyRead(120000))
        said += process.readAllStandardError();
    QVERIFY2(QRegularExpression(QStringLiteral("^hopscope: starting the executor, \\d+ s\n$"))
                 .match(QString::fromUtf8(said))
                 .hasMatch(),
        said.constData());
    const auto pid = static_cast<pid_t>(process.processId());
    ::kill(pid, SIGINT);
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 130);
    QTRY_COMPARE(left(pid), QStringList());
}

QTEST_GUILESS_MAIN(TestTerminal)
#include "tst_terminal.moc"
