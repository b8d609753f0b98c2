// Child processes: everything that a filter can do wrong.
#include "core/base/filter.h"

#include <QTest>

using namespace hopscope;

class TestChild : public QObject {
    Q_OBJECT

private slots:
    // A child that does not read its input must neither block us nor kill us with SIGPIPE.
    void childThatDoesNotRead() {
        const std::string large(8 << 20, 'x');
        const Result<std::string> deaf =
            run_filter({"/bin/sh", "-c", "exec 0<&-; echo done"}, large, {.milliseconds = 60000}, {});
        QVERIFY2(deaf.ok(), deaf.ok() ? "" : deaf.error().message.c_str());
        QCOMPARE(*deaf, std::string("done\n"));
        const Result<std::string> gone = run_filter({"/bin/true"}, large, {.milliseconds = 60000}, {});
        QVERIFY(gone.ok());
        QCOMPARE(*gone, std::string());
    }

    // More than a pipe holds, in both directions at once and on both outputs.
    void muchTextBothWays() {
        std::string large;
        for (int i = 0; i < 500000; ++i)
            large += std::to_string(i) + "\n";
        const Result<std::string> same =
            run_filter({"/bin/sh", "-c", "exec tee /dev/stderr"}, large, {.milliseconds = 60000}, {});
        QVERIFY2(same.ok(), same.ok() ? "" : same.error().message.c_str());
        QVERIFY(*same == large);
    }

    void endlessOutputIsStopped() {
        const Result<std::string> out = run_filter(
            {"/bin/sh", "-c", "exec yes"}, "", {.milliseconds = 60000, .output_bytes = 1 << 20}, {});
        QVERIFY(!out.ok());
        QCOMPARE(QString::fromStdString(out.error().message),
            QString("'/bin/sh -c exec yes' printed more than 1048576 bytes"));
    }

    // A grandchild that keeps the pipes open does not make us wait for it.
    void childLeavesGrandchild() {
        const Result<std::string> out =
            run_filter({"/bin/sh", "-c", "/bin/sleep 5 & echo here"}, "", {.milliseconds = 60000}, {});
        QVERIFY2(out.ok(), out.ok() ? "" : out.error().message.c_str());
        QCOMPARE(*out, std::string("here\n"));
    }

    void saysHowItFailed_data() {
        QTest::addColumn<QString>("script");
        QTest::addColumn<QString>("message");
        const auto row = [](const char* name, const char* script, const char* message) {
            QTest::newRow(name) << QString::fromUtf8(script) << QString::fromUtf8(message);
        };
        row("exit code", "echo first >&2; echo second >&2; exit 3", "failed with exit code 3: first");
        row("signal", "kill -SEGV $$", "was ended by signal 11 (Segmentation fault)");
    }

    void saysHowItFailed() {
        QFETCH(QString, script);
        QFETCH(QString, message);
        const Result<std::string> out =
            run_filter({"/bin/sh", "-c", script.toStdString()}, "", {.milliseconds = 60000}, {});
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::External);
        QVERIFY2(QString::fromStdString(out.error().message).endsWith(message), out.error().message.c_str());
    }

    void missingProgram() {
        const Result<std::string> out = run_filter({"hopscope-no-such-program"}, "", {}, {});
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::NotFound);
        QVERIFY(out.error().message.find("hopscope-no-such-program") != std::string::npos);
    }

    void seesItsEnvironment() {
        const Result<std::string> out =
            run_filter({"/bin/sh", "-c", "echo $LC_ALL $HOPSCOPE_WORD"}, "", {}, {}, {"HOPSCOPE_WORD=given"});
        QVERIFY(out.ok());
        QCOMPARE(*out, std::string("C given\n"));
    }
};

QTEST_GUILESS_MAIN(TestChild)
#include "tst_child.moc"
