// A worker whose answers mean nothing: the window lives, says so, and goes on.
#include "tests/worker/fake.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/shell/mainwindow.h"
#include "views/values/valueview.h"

#include <QApplication>
#include <QLabel>
#include <QTemporaryDir>
#include <QTest>

using namespace hopscope;

namespace {

const QByteArray kSmallGraph = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2][1]cpu"):
        mul: "f32[2][1]cpu" = torch.ops.aten.mul.Tensor(x, x);  x = None
        return (mul,)
)";
const std::string kBegun = R"({"begun":[[0,0,-1,0,-1]],"ended":[],"complete":false,"cancelled":false})";
// The placeholder has ended; `mul` runs next.
const std::string kReady = R"({"begun":[[0,1,-1,0,-1]],"complete":false,"cancelled":false,"ended":[{"step":0,
    "end":1,"values":1,"tuple":false,"random":false,"nan":false,"inf":false,"bytes":8,"live":8,"us":1.0,
    "shape":[2]}]})";

const std::vector<std::string>& garbage() {
    static const std::vector<std::string> all{"{}", "[1]", "null", R"({"surprise":1})", "!{{{", "!{}",
        R"(!{"jsonrpc":"2.0","id":null,"error":{"code":"x","message":7}})",
        R"({"begun":[[7,99,-1,0,-1]],"ended":[],"complete":false,"cancelled":false})",
        R"({"dtype":"float32","shape":[-1],"stride":[],"bytes":-5})"};
    return all;
}

} // namespace

class TestAnswersWindow : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void cleanupTestCase() { qunsetenv("HOPSCOPE_EXECUTOR"); }
    void sayWhatIsWrong_data();
    void sayWhatIsWrong();

private:
    QTemporaryDir folder_;
    QString graph_;
};

void TestAnswersWindow::initTestCase() {
    applyTheme(*qApp, Mode::Light);
    graph_ = folder_.filePath(QStringLiteral("graph.txt"));
    QVERIFY(test::writeFile(graph_, kSmallGraph));
}

void TestAnswersWindow::sayWhatIsWrong_data() {
    QTest::addColumn<QString>("verb");
    QTest::addColumn<int>("answer");
    for (const char* verb : {"initialize", "load", "bind", "begin", "advance", "value", "timing", "joint"})
        for (size_t i = 0; i < garbage().size(); ++i)
            QTest::addRow("%s %d", verb, static_cast<int>(i))
                << QString::fromUtf8(verb) << static_cast<int>(i);
}

void TestAnswersWindow::sayWhatIsWrong() {
    QFETCH(QString, verb);
    QFETCH(int, answer);
    // Sound answers up to the one that is not.
    std::vector<std::string> results{
        test::kInitializeAnswer, test::kLoadAnswer, test::kBindAnswer, kBegun, kReady};
    const QStringList before{QStringLiteral("initialize"), QStringLiteral("load"), QStringLiteral("bind"),
        verb == QStringLiteral("joint") ? verb : QStringLiteral("begin")};
    if (const qsizetype at = before.indexOf(verb); at >= 0)
        results.resize(size_t(at));
    results.push_back(garbage()[size_t(answer)]);
    const test::FakeWorker fake(results);
    qputenv("HOPSCOPE_EXECUTOR", QByteArray::fromStdString(fake.program()));

    MainWindow window{MainWindow::Options{true}};
    window.resize(1200, 800);
    window.show();
    window.openPaths({graph_}, QStringLiteral("-:graph"));
    const auto idle = [&window] { return window.idle(); };
    QVERIFY(QTest::qWaitFor(idle, 20000));
    const std::string says = verb == QStringLiteral("initialize")
        ? "did not start"
        : "answer to '" + verb.toStdString() + "' is not understood";
    std::string said;
    if (verb == QStringLiteral("joint")) {
        QVERIFY(window.actions()[Do::DeriveJoint]->isEnabled());
        window.actions()[Do::DeriveJoint]->trigger();
        QVERIFY(QTest::qWaitFor(idle, 20000));
        QVERIFY(window.lastError());
        said = window.lastError()->message;
    } else {
        run::Request request;
        request.address = "-:graph";
        request.seed = 1;
        window.startRun(request);
        QVERIFY(QTest::qWaitFor(idle, 20000));
        const bool starts = verb == QStringLiteral("advance") || verb == QStringLiteral("value")
            || verb == QStringLiteral("timing");
        if (starts) {
            QVERIFY2(window.run().state() == RunController::State::Ready, qPrintable(window.run().error()));
            if (verb == QStringLiteral("advance"))
                window.run().move(RunController::Move::Over);
            else if (verb == QStringLiteral("timing"))
                window.run().measure(3);
            else
                window.navigator().go_to({GraphId(0), BodyId(0), NodeId(0)});
            QVERIFY(QTest::qWaitFor(idle, 20000));
        }
        const RunController::State state = window.run().state();
        QVERIFY(state == RunController::State::Failed || state == RunController::State::Died);
        said = ss(window.run().error());
        QVERIFY2(ss(window.findChild<QLabel*>(QStringLiteral("statusText"))->text()).find(said)
                != std::string::npos,
            qPrintable(window.findChild<QLabel*>(QStringLiteral("statusText"))->text()));
    }
    QVERIFY2(said.find(says) != std::string::npos, said.c_str());
    // The window goes on: another place is shown, the run can be ended.
    window.navigator().go_to({GraphId(0), BodyId(0), NodeId(1)});
    window.run().stop();
    QVERIFY(QTest::qWaitFor(idle, 20000));
    QCOMPARE(window.run().state(), RunController::State::None);
}

QTEST_MAIN(TestAnswersWindow)
#include "tst_answers_window.moc"
