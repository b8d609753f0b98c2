// What the command line writes: files that are there whole or not at all, never over what is read, the same
// bytes every time; and streams that are closed.
#include "tests/commandline.h"
#include "tests/testdata.h"

#include <QTest>

#include <csignal>

using namespace hopscope::test;

class TestWritten : public QObject {
    Q_OBJECT

private slots:
    void outputsSpareInputs();
    void samePicturesInEveryProcess_data();
    void samePicturesInEveryProcess();
    void closedOutput();
    void screenshots();
    void closedStreams();
    void dotThatFails();
    void runInAPicture();
    void outputThatCannotBeWritten_data();
    void outputThatCannotBeWritten();
    void filesOfLimitedSize();
};

namespace {

QString trace(const QString& recording) {
    return QString::fromStdString(traceOf(recording));
}

} // namespace

// What is read stays, also under another name.
void TestWritten::outputsSpareInputs() {
    QTemporaryDir folder;
    const QString log = folder.filePath("d.log");
    const QByteArray bytes = traceBytes("mlp4");
    QVERIFY(writeFile(log, bytes));
    QVERIFY(QFile::link(log, folder.filePath("link.json")));
    const QStringList at{log, "--at", "0/0:forward"};
    for (const QStringList& words : {QStringList{"export"} + at + QStringList{"--format", "json", "-o", log},
             QStringList{"export"} + at + QStringList{"--format", "png", "-o", folder.filePath("link.json")},
             QStringList{"joint"} + at + QStringList{"--seed", "1", "-o", log},
             QStringList{"run"} + at + QStringList{"--seed", "1", "--save", log}}) {
        const Run r = run(words);
        QCOMPARE(r.status, 2);
        QVERIFY2(r.err.contains("is a file that is read"), r.err.constData());
    }
    // Of a folder that is read, too, and whoever writes a picture of the window.
    const QString picture = folder.filePath("d.png");
    QVERIFY(QFile::copy(log, picture));
    for (const QStringList& words :
        {QStringList{"export", folder.path(), "--at", "0/0:forward", "--format", "txt", "-o", log},
            QStringList{"import", folder.path(), "-o", log, "--force"}}) {
        const Run r = run(words);
        QCOMPARE(r.status, 2);
        QVERIFY2(r.err.contains("which is read"), r.err.constData());
    }
    if (QFile::exists(QStringLiteral(HOPSCOPE_BIN "/hopscope-desktop"))) {
        for (const QString& input : {picture, folder.path()})
            QCOMPARE(run({input, "--screenshot", picture}).status, 2);
        QCOMPARE(bytesOf(picture), bytes);
    }
    QCOMPARE(
        run({"export", folder.path(), "--at", "0/0:forward", "-o", folder.filePath("new.txt")}).status, 0);
    QFile kept(log);
    QVERIFY(kept.open(QIODevice::ReadOnly));
    QCOMPARE(kept.readAll(), bytes);
}

void TestWritten::samePicturesInEveryProcess_data() {
    QTest::addColumn<QString>("format");
    for (const char* format : {"svg", "dot", "json", "txt", "png", "pdf"})
        QTest::newRow(format) << QString::fromLatin1(format);
}

// PDF's fonts once came in the order of a hash whose seed differed from process to process.
void TestWritten::samePicturesInEveryProcess() {
    QFETCH(QString, format);
    const QTemporaryDir folder;
    QByteArray first;
    for (int i = 0; i < 4; ++i) {
        const QString path = folder.filePath(QString::number(i) + QLatin1Char('.') + format);
        const Run r =
            run({"export", trace("mlp4"), "--at", "0/0:forward:partitioned_fw_subgraph_0_0", "-o", path});
        QVERIFY2(r.status == 0, r.err.constData());
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        QVERIFY(!bytes.isEmpty());
        if (i == 0)
            first = bytes;
        QVERIFY2(bytes == first, qPrintable(QStringLiteral("process %1 wrote another file").arg(i)));
    }
}

// `hopscope … | head -1`: the reader is gone after the first line.
void TestWritten::closedOutput() {
    QProcess shell;
    shell.start("sh",
        {"-c", "\"$0\" graph \"$1\" --at 0/0:joint --json | head -1",
            QStringLiteral(HOPSCOPE_BIN "/hopscope"), trace("gpt12")});
    QVERIFY(shell.waitForFinished(30'000));
    QCOMPARE(shell.exitCode(), 0);
    QCOMPARE(shell.readAllStandardOutput(), QByteArray("{\n"));
    QVERIFY2(!shell.readAllStandardError().contains("Segmentation"), "crashed");
}

// What a picture of the window has to say of its size, of words that a terminal would obey, and of its end.
void TestWritten::screenshots() {
    QTemporaryDir folder;
    const QString picture = folder.filePath("a.png");
    const Run small = run({trace("mlp4"), "--screenshot", picture, "--size", "100x100"});
    QCOMPARE(small.status, 0);
    QVERIFY2(small.err.contains("note: the window is drawn as "), small.err.constData());
    const Run wrong = run({trace("mlp4"), "--screenshot", picture, "--size", "\x1b[31mred"});
    QCOMPARE(wrong.status, 2);
    QVERIFY2(wrong.err.contains("\\x1b[31mred") && !wrong.err.contains('\x1b'), wrong.err.constData());

    QProcess waits; // for standard input, which does not end
    waits.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"), {"-", "--screenshot", folder.filePath("b.png")});
    QVERIFY(waits.waitForStarted());
    const auto caught = [&] { // SIGINT, by the window's program that took this one's place
        QFile status(QStringLiteral("/proc/%1/status").arg(waits.processId()));
        if (!status.open(QIODevice::ReadOnly))
            return false;
        const QByteArray text = status.readAll();
        const qsizetype at = text.indexOf("SigCgt:");
        return at >= 0 && (text.mid(at + 7).trimmed().left(16).toULongLong(nullptr, 16) >> (SIGINT - 1) & 1);
    };
    QTRY_VERIFY_WITH_TIMEOUT(caught(), 30'000);
    QCOMPARE(::kill(static_cast<pid_t>(waits.processId()), SIGINT), 0);
    QVERIFY(waits.waitForFinished(30'000));
    QCOMPARE(waits.exitStatus(), QProcess::NormalExit);
    QCOMPARE(waits.exitCode(), 130);
    QVERIFY(waits.readAllStandardError().contains("cancelled; nothing was written to "));
    QVERIFY(!QFile::exists(folder.filePath("b.png")));
}

// A stream that is closed leaves its number to the next file: nothing meant for one goes into the other.
void TestWritten::closedStreams() {
    QTemporaryDir folder;
    const auto shell = [&](const QString& words) {
        QProcess process;
        process.start("/bin/sh", {"-c", QStringLiteral(HOPSCOPE_BIN "/hopscope ") + words});
        Run r;
        if (process.waitForFinished(60'000))
            r.status = process.exitCode();
        r.out = process.readAllStandardOutput();
        r.err = process.readAllStandardError();
        return r;
    };
    const Run none = shell("graphs - <&-");
    QCOMPARE(none.status, 3);
    QVERIFY2(none.err.contains("standard input: Bad file descriptor"), none.err.constData());
    const QString session = folder.filePath("a.hopscope");
    QCOMPARE(shell("import " + trace("mlp4") + " -o " + session + " 2>&-").status, 0);
    const Run sound = run({"check", session});
    QVERIFY2(sound.status == 0, (sound.out + sound.err).constData());
    const QString graph = folder.filePath("cut.txt"), picture = folder.filePath("a.svg");
    QVERIFY(
        writeFile(graph, "def forward(self, x):\n    y = x.sin()\n")); // of which it is told that it is cut
    QCOMPARE(shell("export " + graph + " --at -:graph -o " + picture + " 2>&-").status, 0);
    QFile file(picture);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray svg = file.readAll();
    QVERIFY(svg.startsWith("<") && svg.trimmed().endsWith("</svg>") && !svg.contains("warning: "));
}

// What draws bodies that dot does not.
void TestWritten::dotThatFails() {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("PATH", "/nonexistent");
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"),
        {"export", trace("mlp4"), "--at", "0/0:forward", "--engine", "dot", "-o", "-", "--format", "svg"});
    QVERIFY(process.waitForFinished(30'000));
    QCOMPARE(process.exitCode(), 4);
    const QByteArray told = process.readAllStandardError();
    QVERIFY2(told.contains("--engine layered"), told.constData());
}

// What a picture's run cannot read ends with that, not with the executor's status.
void TestWritten::runInAPicture() {
    QTemporaryDir folder;
    const QString picture = folder.filePath("a.png");
    const Run r =
        run({trace("mlp4"), "--at", "0/0:forward", "--run", "/no/such/file", "--screenshot", picture});
    QCOMPARE(r.status, 3);
    QVERIFY2(r.err.contains("/no/such/file"), r.err.constData());
    QVERIFY(!QFile::exists(picture));
}

void TestWritten::outputThatCannotBeWritten_data() {
    QTest::addColumn<QStringList>("words");
    const QString at = "0/0:forward:partitioned_fw_subgraph_0_0";
    for (const char* format : {"svg", "json", "png", "pdf"})
        QTest::newRow(format) << QStringList{"export", trace("mlp4"), "--at", at, "-o",
            QStringLiteral("/no/such/folder/body.") + QLatin1String(format)};
    QTest::newRow("a folder") << QStringList{
        "export", trace("mlp4"), "--at", at, "--format", "svg", "-o", "/tmp"};
    QTest::newRow("session") << QStringList{"import", trace("mlp4"), "-o", "/no/such/folder/a.hopscope"};
    QTest::newRow("screenshot") << QStringList{trace("mlp4"), "--screenshot", "/no/such/folder/a.png"};
    // The words after ">" go to a shell: standard output is a full disk.
    QTest::newRow("graphs") << QStringList{">", "graphs", trace("mlp4")};
    QTest::newRow("regions") << QStringList{">", "regions", trace("mlp4"), "--json"};
    QTest::newRow("export to standard output")
        << QStringList{">", "export", trace("mlp4"), "--at", at, "-o", "-"};
}

void TestWritten::outputThatCannotBeWritten() {
    QFETCH(QStringList, words);
    QByteArray err;
    int status = -1;
    if (words.first() == ">") {
        QProcess shell;
        words.replace(0, QStringLiteral(HOPSCOPE_BIN "/hopscope"));
        shell.start("sh", QStringList{"-c", "\"$0\" \"$@\" > /dev/full"} + words);
        QVERIFY(shell.waitForFinished(30'000));
        status = shell.exitCode();
        err = shell.readAllStandardError();
    } else {
        const Run r = run(words);
        status = r.status;
        err = r.err;
    }
    QVERIFY2(status == 5, qPrintable(QStringLiteral("%1: ").arg(status) + err));
    QVERIFY2(
        err.contains("hopscope: ") && (err.contains("cannot write") || err.contains("cannot be written")),
        err.constData());
}

// Core says what is missing, this program by which option it takes it.
// ulimit -f: an error of the write, not the end of the program; what was there stays.
void TestWritten::filesOfLimitedSize() {
    QTemporaryDir folder;
    const QString path = folder.filePath("whole.svg");
    QVERIFY(writeFile(path, "older"));
    QProcess process;
    process.start("sh",
        {"-c", "ulimit -f 8; exec \"$@\"", "sh", QStringLiteral(HOPSCOPE_BIN "/hopscope"), "export",
            trace("mlp4"), "--at", "0/0:forward", "-o", path});
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 5);
    QCOMPARE(bytesOf(path), QByteArray("older"));
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
}

QTEST_GUILESS_MAIN(TestWritten)
#include "tst_written.moc"
