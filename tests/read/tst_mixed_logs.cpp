// Logs that were broken at words, and logs that several processes wrote into one file.
#include "core/read/paste.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestMixedLogs : public QObject {
    Q_OBJECT

private slots:
    void brokenBetweenWords_data();
    void brokenBetweenWords();
    void twoRunsInOneFile_data();
    void twoRunsInOneFile();
    void twoRunsNotApart();
    void workersAreNoRun();
    void ownNumbersOfThreads();
    void behindAProgramsOutput_data();
    void behindAProgramsOutput();
};

namespace {

Result<Dump> openText(const QByteArray& text) {
    return open_bytes("log.txt", text.toStdString());
}

QByteArray logOf(const QString& recording) {
    return bytesOf(QString::fromStdString(textLogOf(recording)));
}

// Every body with its nodes and their types, a line each.
QStringList bodiesOf(const Dump& dump) {
    QStringList out;
    for (const Graph& graph : dump.graphs)
        for (const Body& body : graph.module->bodies) {
            QString line = QString::fromStdString(dump.compilation(graph.compilation).key.id) + ' '
                + text(stage_name(graph.stage)) + ' ' + text(graph.module->text(body.class_name)) + ':';
            for (const Node& node : body.nodes) {
                const ValueType* type = graph.module->type(node.type);
                line += ' ' + text(graph.module->text(node.name))
                    + (type ? '/' + QString::fromStdString(short_type(*graph.module, *type)) : QString());
            }
            out << line;
        }
    return out;
}

// As `fold -s` does: behind the last blank that fits.
QByteArray folded(const QByteArray& text, qsizetype width) {
    QByteArray out;
    for (QByteArray line : text.split('\n')) {
        while (line.size() > width) {
            const qsizetype blank = line.lastIndexOf(' ', width - 1);
            const qsizetype end = blank > 0 ? blank + 1 : width;
            out += line.left(end) + '\n';
            line.remove(0, end);
        }
        out += line + '\n';
    }
    return out;
}

} // namespace

void TestMixedLogs::brokenBetweenWords_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<int>("width");
    for (const char* recording : {"mlp4", "shapes"})
        for (const int width : {80, 100, 120, 160})
            QTest::addRow("%s at %d", recording, width) << QString(recording) << width;
}

void TestMixedLogs::brokenBetweenWords() {
    QFETCH(QString, recording);
    QFETCH(int, width);
    const QByteArray log = logOf(recording);
    const auto whole = openText(log);
    const auto broken = openText(folded(log, width));
    QVERIFY(whole.ok());
    QVERIFY(broken.ok());
    QVERIFY(!bodiesOf(*whole).isEmpty());
    QCOMPARE(bodiesOf(*broken), bodiesOf(*whole));
    QCOMPARE(broken->messages.size(), whole->messages.size());
    QCOMPARE(broken->problems.size(), size_t{1});
    QVERIFY2(problemText(broken->problems).contains(QStringLiteral("broken at column %1").arg(width)),
        qPrintable(problemText(broken->problems)));
}

void TestMixedLogs::twoRunsInOneFile_data() {
    QTest::addColumn<bool>("mixed");
    QTest::newRow("one behind the other") << false;
    QTest::newRow("line by line") << true;
}

// Each run's compilation has its own graphs and messages, as if it stood in a file of its own.
void TestMixedLogs::twoRunsInOneFile() {
    QFETCH(bool, mixed);
    const QByteArray first = logOf(QStringLiteral("mlp4")), second = logOf(QStringLiteral("shapes"));
    QByteArray text = first + second;
    if (mixed) {
        text.clear();
        const QByteArrayList a = first.trimmed().split('\n'), b = second.trimmed().split('\n');
        for (qsizetype i = 0; i < std::max(a.size(), b.size()); ++i)
            text += (i < a.size() ? a[i] + '\n' : QByteArray()) + (i < b.size() ? b[i] + '\n' : QByteArray());
    }
    const auto one = openText(first), two = openText(second), both = openText(text);
    QVERIFY(one.ok() && two.ok() && both.ok());
    QStringList apart = bodiesOf(*one);
    for (QString body : bodiesOf(*two))
        apart << body.replace(0, 3, QStringLiteral("0/0~2"));
    QCOMPARE(bodiesOf(*both), apart);
    QCOMPARE(both->messages.size(), one->messages.size() + two->messages.size());
    QVERIFY2(problemText(both->problems).contains("which compiles under the same ids as another"),
        qPrintable(problemText(both->problems)));
    for (const Problem& problem : both->problems)
        if (problem.line)
            QCOMPARE(problem.line, mixed ? uint64_t{6} : uint64_t(first.count('\n') + 3));
}

// In an encoding in which their lines are not seen the two stay one, and that is told.
void TestMixedLogs::twoRunsNotApart() {
    const QString text = QString::fromUtf8(logOf(QStringLiteral("mlp4")) + logOf(QStringLiteral("shapes")));
    QByteArray wide("\xFF\xFE", 2);
    for (const QChar c : text)
        wide += char(c.unicode() & 0xFF), wide += char(c.unicode() >> 8);
    const auto dump = openText(wide);
    QVERIFY(dump.ok());
    QVERIFY2(problemText(dump->problems).contains("and no rank tells them apart"),
        qPrintable(problemText(dump->problems)));
}

// What a worker says of a compilation is the compiler's.
void TestMixedLogs::workersAreNoRun() {
    QByteArray log = logOf(QStringLiteral("mlp4"));
    const size_t bodies = size_t(bodiesOf(*openText(log)).size());
    log += "V1123 16:05:57.000000 99 torch/_inductor/async_compile.py:12] [0/0] [__output_code] a kernel\n"
           "V1123 16:05:57.000000 98 torch/_inductor/async_compile.py:12] [0/0] [__kernel_code] another\n";
    const auto dump = openText(log);
    QVERIFY(dump.ok());
    QCOMPARE(dump->compilations.size(), size_t{1});
    QCOMPARE(size_t(bodiesOf(*dump).size()), bodies);
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
}

// Until 2024 the number in the prefix was a thread's.
void TestMixedLogs::ownNumbersOfThreads() {
    QByteArray log = logOf(QStringLiteral("mlp4"));
    const qsizetype half = log.indexOf('\n', log.size() / 2) + 1;
    const auto whole = openText(log);
    const auto threads = openText(log.left(half).replace(" 5578 ", " 140338649717328 ")
        + log.mid(half).replace(" 5578 ", " 140338649799248 "));
    QVERIFY(threads.ok());
    QCOMPARE(bodiesOf(*threads), bodiesOf(*whole));
    QVERIFY2(threads->problems.empty(), qPrintable(problemText(threads->problems)));
}

// What a program printed before its first compilation, more than the beginning of a file by which its form is
// told.
void TestMixedLogs::behindAProgramsOutput_data() {
    QTest::addColumn<QByteArray>("noise");
    QByteArray steps;
    for (int i = 0; steps.size() < 300'000; ++i)
        steps += "step " + QByteArray::number(i) + " loss 0.693\n";
    QTest::newRow("losses") << steps;
    QTest::newRow("a progress bar") << QByteArray(QByteArray("\r 50%|#####     |").repeated(20'000) + "\n");
    QTest::newRow("blank lines") << QByteArray(300'000, '\n');
}

// The text log beside a trace, and the trace itself: named, in a folder and packed.
void TestMixedLogs::behindAProgramsOutput() {
    QFETCH(QByteArray, noise);
    const auto told = [](const std::vector<std::string>& paths) {
        const auto dump = open_dump(paths);
        return dump ? std::pair(dump->graphs.size(), dump->messages.size()) : std::pair(size_t(0), size_t(0));
    };
    QTemporaryDir folder;
    const QString log = folder.filePath("torch_logs.txt"), trace = folder.filePath("trace.log");
    QVERIFY(writeFile(log, logOf("mlp4")) && writeFile(trace, traceBytes("mlp4")));
    const std::vector<std::string> both{trace.toStdString(), log.toStdString()},
        all{folder.path().toStdString()};
    const auto expected = told(both);
    QVERIFY(expected.first > 3 && expected.second > 2);
    QVERIFY(writeFile(log, noise + logOf("mlp4")) && writeFile(trace, noise + traceBytes("mlp4")));
    QCOMPARE(told(both), expected);
    QCOMPARE(told(all), expected);
    QCOMPARE(QProcess::execute("gzip", {log, trace}), 0);
    QCOMPARE(told(all), expected);
}

QTEST_APPLESS_MAIN(TestMixedLogs)
#include "tst_mixed_logs.moc"
