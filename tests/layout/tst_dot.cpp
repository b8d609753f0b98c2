// Graphviz as a child process: what comes back, and everything that can go wrong with a child.
#include "core/layout/dot.h"
#include "tests/layout/graphs.h"

#include <QtTest>

#include <atomic>
#include <sys/wait.h>
#include <thread>

using namespace hopscope;
using namespace hopscope::layout;
using namespace hopscope::layout::test;

Q_DECLARE_METATYPE(Input)

namespace {

bool no_children_left() {
    return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

// A PATH with nothing but a program `dot` that is this shell script.
class FakeDot {
public:
    explicit FakeDot(const QByteArray& script)
        : path_(qgetenv("PATH")) {
        if (!script.isEmpty()) {
            QFile file(folder_.filePath("dot"));
            if (file.open(QIODevice::WriteOnly))
                file.write("#!/bin/sh\n" + script + "\n");
            file.close();
            file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        }
        qputenv("PATH", folder_.path().toLocal8Bit());
    }
    ~FakeDot() { qputenv("PATH", path_); }

private:
    QTemporaryDir folder_;
    QByteArray path_;
};

} // namespace

class TestDot : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        if (QStandardPaths::findExecutable("dot").isEmpty())
            QSKIP("needs Graphviz: apt-get install graphviz");
    }

    void cleanup() { QVERIFY(no_children_left()); }

    void pictures_data() {
        QTest::addColumn<Input>("input");
        QTest::newRow("empty") << Input{};
        QTest::newRow("one box") << boxes(1);
        QTest::newRow("two boxes") << chain(2);
        QTest::newRow("diamond") << graph(4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}});
        QTest::newRow("same value twice") << graph(2, {{0, 1}, {0, 1}});
        QTest::newRow("against graph order") << graph(4, {{3, 2}, {2, 1}, {1, 0}});
        QTest::newRow("isolated beside connected") << graph(200, {{0, 1}, {1, 2}});
        QTest::newRow("odd sizes") << Input{
            .boxes = {{41, 33}, {7, 21}, {11, 5}}, .values = {{0, {{1, 1}, {2, 1}}}}};
        QTest::newRow("6 blocks") << blocks(6);
        for (uint64_t seed = 1; seed <= 8; ++seed)
            QTest::addRow("random %d", static_cast<int>(seed))
                << random_dag(2 + 6 * seed, seed, seed % 2 == 0);
    }

    void pictures() {
        QFETCH(Input, input);
        Options options;
        options.dot_milliseconds = 60000;
        const Result<Output> out = run_dot(input, options);
        QVERIFY2(out.ok(), out.ok() ? "" : out.error().message.c_str());
        QCOMPARE(QString::fromStdString(flaw(input, *out)), QString());
        QCOMPARE(out->engine, std::string("dot"));
        QCOMPARE(out->cut_links, 0);
        const Result<Output> again = run_dot(input, options);
        QVERIFY(again.ok());
        QVERIFY(text(*out) == text(*again));
    }

    void straightLinesStayStraight() {
        const Result<Output> out = run_dot(chain(3));
        QVERIFY(out.ok());
        for (const Edge& edge : out->edges) {
            QCOMPARE(edge.points.size(), size_t{2});
            QCOMPARE(edge.points[0].x, edge.points[1].x);
        }
        QCOMPARE(out->rows, (std::vector<int>{0, 1, 2}));
    }

    void localeDoesNotMatter() {
        qputenv("LC_ALL", "de_DE.UTF-8");
        const Result<Output> out = run_dot(blocks(2));
        qunsetenv("LC_ALL");
        QVERIFY(out.ok());
        QVERIFY(text(*out) == text(*run_dot(blocks(2))));
    }

    void cycleIsAnError() {
        const Result<Output> out = run_dot(graph(2, {{0, 1}, {1, 0}}));
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::Damaged);
        QCOMPARE(run(graph(2, {{0, 1}, {1, 0}})).error().kind, Error::Kind::Damaged);
    }

    void autoTakesDotForSmallGraphs() {
        Options options;
        options.dot_boxes = 250;
        options.dot_milliseconds = 60000;
        Result<Output> out = run(blocks(4));
        QVERIFY(out.ok());
        QCOMPARE(out->engine, std::string("layered")); // unless asked for
        out = run(blocks(4), options);
        QVERIFY(out.ok());
        QCOMPARE(out->engine, std::string("dot"));
        QVERIFY(out->note.empty());
    }

    void autoTakesLayeredForLargeOrLongGraphs() {
        FakeDot dot("echo must not be called >&2; exit 1");
        Options options;
        options.dot_boxes = 30;
        Result<Output> out = run(chain(31), options);
        QVERIFY(out.ok());
        QCOMPARE(out->engine, std::string("layered"));
        QVERIFY(out->note.empty());
        // Few boxes, but each of them used by the last one of a long chain.
        std::vector<std::pair<uint32_t, uint32_t>> edges;
        for (uint32_t i = 1; i < 240; ++i) {
            edges.emplace_back(i - 1, i);
            if (i > 1)
                edges.emplace_back(239 - i, 239);
        }
        options.dot_boxes = 250;
        out = run(graph(240, edges), options);
        QVERIFY(out.ok());
        QCOMPARE(out->engine, std::string("layered"));
        QVERIFY(out->note.empty());
    }

    void missingDotFallsBack() {
        FakeDot none("");
        Options options;
        options.engine = Engine::Dot;
        Result<Output> out = run(blocks(2), options);
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::External);
        QCOMPARE(QString::fromStdString(out.error().message),
            QString("'dot -Tjson0' cannot be run: No such file or directory; is Graphviz installed?"));
        options.engine = Engine::Auto;
        options.dot_boxes = 250;
        out = run(blocks(2), options);
        QVERIFY(out.ok());
        QCOMPARE(out->engine, std::string("layered"));
        QVERIFY(out->note.find("is Graphviz installed?") != std::string::npos);
        QCOMPARE(QString::fromStdString(flaw(blocks(2), *out)), QString());
    }

    void failures_data() {
        QTest::addColumn<QByteArray>("script");
        QTest::addColumn<QString>("message");
        QTest::newRow("exit code") << QByteArray("echo 'no plugin' >&2; echo more >&2; exit 3")
                                   << "'dot -Tjson0' failed with exit code 3: no plugin";
        QTest::newRow("crash") << QByteArray("kill -SEGV $$") << "'dot -Tjson0' was ended by signal 11";
        QTest::newRow("not JSON") << QByteArray("echo hello")
                                  << "'dot -Tjson0' printed what was not understood: ";
        QTest::newRow("nothing") << QByteArray("exit 0") << "'dot -Tjson0' printed what was not understood: ";
        QTest::newRow("no boxes")
            << QByteArray("echo '{\"objects\":[]}'")
            << "'dot -Tjson0' printed what was not understood: no place for every box and edge";
        QTest::newRow("bad place")
            << QByteArray("echo '{\"objects\":[{\"name\":\"n0\",\"pos\":\"1e30,nan\"}]}'")
            << "'dot -Tjson0' printed what was not understood: an object without name and place";
        QTest::newRow("bad number")
            << QByteArray("echo '{\"objects\":[{\"name\":\"n99999999\",\"pos\":\"1,1\"}]}'")
            << "'dot -Tjson0' printed what was not understood: an object without name and place";
    }

    void failures() {
        QFETCH(QByteArray, script);
        QFETCH(QString, message);
        FakeDot dot(script);
        const Result<Output> out = run_dot(blocks(2));
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::External);
        QVERIFY2(
            QString::fromStdString(out.error().message).startsWith(message), out.error().message.c_str());
        Options options;
        options.dot_boxes = 250;
        const Result<Output> other = run(blocks(2), options);
        QVERIFY(other.ok());
        QCOMPARE(other->engine, std::string("layered"));
        QCOMPARE(other->note, out.error().message);
    }

    void slowDotIsKilled() {
        FakeDot dot("/bin/sleep 100 & /bin/sleep 100");
        Options options;
        options.dot_milliseconds = 100;
        QElapsedTimer timer;
        timer.start();
        const Result<Output> out = run_dot(blocks(2), options);
        QVERIFY(!out.ok());
        QCOMPARE(
            QString::fromStdString(out.error().message), QString("'dot -Tjson0' was stopped after 100 ms"));
        QVERIFY(timer.elapsed() < 50000); // not the hundred seconds
        options.dot_boxes = 250;
        options.dot_milliseconds = 500;
        const Result<Output> other = run(blocks(2), options);
        QVERIFY(other.ok());
        QCOMPARE(other->note, std::string("'dot -Tjson0' was stopped after 500 ms"));
    }

    void cancelKillsDot() {
        QTemporaryDir folder;
        const QString begun = folder.filePath("begun");
        FakeDot dot(": >'" + begun.toLocal8Bit() + "'\nexec /bin/sleep 100");
        std::atomic<bool> cancel{false};
        Job job;
        job.cancel = &cancel;
        std::thread other([&] {
            while (!QFile::exists(begun))
                std::this_thread::yield();
            cancel = true;
        });
        Options options;
        options.dot_boxes = 250;
        options.dot_milliseconds = 60000;
        const Result<Output> out = run(blocks(2), options, job);
        other.join();
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::Cancelled);
    }

    void spanIsCounted() {
        QCOMPARE(detail::total_span(chain(5)), int64_t{4});
        QCOMPARE(detail::total_span(graph(4, {{0, 1}, {1, 2}, {2, 3}, {0, 3}})), int64_t{6});
    }
};

QTEST_GUILESS_MAIN(TestDot)
#include "tst_dot.moc"
