// Whether a body will run, told before it is run: held against what happens when it is.
#include "tests/worker/worker.h"

#include "core/graph/dump.h"
#include "core/run/forecast.h"
#include "core/run/request.h"
#include "core/session/session.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

namespace {

Result<Dump> opened(const std::string& text) {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("graph.txt"));
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return make_error(Error::Kind::CannotWrite, "no temporary file");
    file.write(QByteArray::fromStdString(text));
    file.close();
    return open_any({path.toStdString()}, {});
}

Result<run::Forecast> told(const Dump& dump) {
    auto all = run::forecast(kExecutor, {}, dump, {{GraphId(0), BodyId(0), {}}});
    if (!all)
        return all.error();
    return std::move(all->front());
}

std::string graph(const std::string& call) {
    return "class GraphModule(torch.nn.Module):\n"
           "    def forward(self, x: \"f16[4, 4]cpu\", i: \"i64[4]cpu\"):\n"
           "        sin: \"f16[4, 4]cpu\" = torch.ops.aten.sin.default(x)\n"
           "        y: \"f16[4, 4]cpu\" = "
        + call + "\n        return (y,)\n";
}

} // namespace

class TestForecast : public QObject {
    Q_OBJECT

private slots:
    void namesObstacles_data();
    void namesObstacles();
    void holdsInRuns_data();
    void holdsInRuns();
    void followsCalls();
    void triesLargeOperandsQuickly();
};

void TestForecast::namesObstacles_data() {
    QTest::addColumn<QString>("call");
    QTest::addColumn<int>("obstacle");
    QTest::addColumn<QString>("helps");
    const auto row = [](const char* name, const char* call, wire::Obstacle obstacle, const char* helps) {
        QTest::newRow(name) << QString::fromLatin1(call) << int(obstacle) << QString::fromLatin1(helps);
    };
    row("no such operator", "torch.ops.aten.of_a_later_version.default(sin)", wire::Obstacle::NoOperator,
        "executor-pip.sh");
    row("CUDA's alone", "torch.ops.aten._cudnn_init_dropout_state.default(0.5, True, 1, dtype=torch.float16)",
        wire::Obstacle::NoKernel, "executor-pip.sh");
    row("a person's own", "torch.ops.mylib.fast.default(sin)", wire::Obstacle::Custom, "shared library");
    row("a Triton kernel",
        "torch.ops.higher_order.triton_kernel_wrapper_functional(kernel_idx=0, constant_args_idx=0, "
        "grid=[(1, 1, 1)], "
        "tma_descriptor_metadata={}, kwargs={'a': sin}, tensors_to_clone=['a'])",
        wire::Obstacle::UserKernel, "GPU");
    // No libtorch shifts floating numbers.
    row("a dtype", "torch.ops.aten.bitwise_and.Tensor(sin, sin)", wire::Obstacle::NoDtype, "executor-pip.sh");
}

void TestForecast::namesObstacles() {
    QFETCH(QString, call);
    QFETCH(int, obstacle);
    QFETCH(QString, helps);
    const auto dump = opened(graph(call.toStdString()));
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    const auto forecast = told(*dump);
    QVERIFY2(forecast.ok(), forecast.ok() ? "" : forecast.error().text().c_str());
    const run::BodyForecast body = run::of_body(*forecast, BodyId(0));
    QVERIFY(body.stops && !body.runs());
    QCOMPARE(int(body.stops->obstacle), obstacle);
    QVERIFY(!body.stops->reason.empty());
    const std::string text = run::text(*forecast, body);
    QVERIFY2(text.starts_with("stops at 'y' ("), text.c_str());
    // Where libtorch is the newest already, nothing is promised.
    const bool old = forecast->libtorch.starts_with("1.");
    if (old || !helps.contains(QLatin1String("pip")))
        QVERIFY2(text.find(helps.toStdString()) != std::string::npos, text.c_str());
}

void TestForecast::holdsInRuns_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"mlp4/values/00_forward.txt", "gpt4_bf16/values/00_forward.txt",
             "gpt4_dropout/values/00_forward.txt", "mlp4/values/01_backward.txt"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

// Runs to its end as told, and computes in wider types what was told to be.
void TestForecast::holdsInRuns() {
    QFETCH(QString, name);
    QString path = dataPath(name);
    if (!QFile::exists(path))
        path += QStringLiteral(".gz");
    const auto dump = open_any({path.toStdString()}, {});
    QVERIFY2(dump.ok() && !dump->graphs.empty(), qPrintable(path));
    const auto forecast = told(*dump);
    QVERIFY2(forecast.ok(), forecast.ok() ? "" : forecast.error().text().c_str());
    const run::BodyForecast body = run::of_body(*forecast, BodyId(0));
    run::Request request;
    request.seed = 1;
    const auto prepared = run::prepare(*dump, {GraphId(0), BodyId(0), {}}, request);
    QVERIFY2(prepared.ok(), prepared.ok() ? "" : prepared.error().text().c_str());
    auto worker = startExecutor();
    QVERIFY(worker.ok());
    const auto loaded = run::load_into(**worker, *prepared);
    QVERIFY(loaded.ok());
    const auto ran = (*worker)->run({});
    QVERIFY(ran.ok());
    QCOMPARE(body.runs(), !ran->failure.has_value());
    QCOMPARE(body.widened > 0, ran->widened > 0);
}

void TestForecast::followsCalls() {
    const auto dump = opened(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4]cpu", p: "b8[]cpu"):
        yes = self.yes
        no = self.no
        cond = torch.ops.higher_order.cond(p, yes, no, (x,))
        c: "f32[4]cpu" = cond[0]
        inner = self.inner
        call = torch.ops.higher_order.invoke_subgraph(inner, 'inner', c)
        y: "f32[4]cpu" = call[0]
        z: "f32[4]cpu" = torch.ops.mylib.last.default(y)
        return (z,)

    class yes(torch.nn.Module):
        def forward(self, a: "f32[4]cpu"):
            s: "f32[4]cpu" = torch.ops.mylib.maybe.default(a)
            return (s,)

    class no(torch.nn.Module):
        def forward(self, a: "f32[4]cpu"):
            s: "f32[4]cpu" = torch.ops.aten.sin.default(a)
            return (s,)

    class inner(torch.nn.Module):
        def forward(self, a: "f32[4]cpu"):
            s: "f32[4]cpu" = torch.ops.mylib.first.default(a)
            return (s,)
)");
    QVERIFY(dump.ok());
    const auto forecast = told(*dump);
    QVERIFY2(forecast.ok(), forecast.ok() ? "" : forecast.error().text().c_str());
    // The branch may be passed over; the call is sure to be made, before what stands behind it.
    const run::BodyForecast root = run::of_body(*forecast, BodyId(0));
    QVERIFY(root.stops && !root.perhaps);
    QVERIFY2(run::text(*forecast, root).find("mylib.first") != std::string::npos,
        run::text(*forecast, root).c_str());
    QCOMPARE(root.cannot, size_t{3});
    const GraphModule& module = *forecast->module;
    QVERIFY(!run::of_body(*forecast, find_body(module, "inner")).runs());
    QVERIFY(run::of_body(*forecast, find_body(module, "no")).runs());
}

// Gigabytes are not needed to know that there is a kernel.
void TestForecast::triesLargeOperandsQuickly() {
    const auto dump = opened(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f16[8192, 65536]cpu", w: "f16[65536, 16384]cpu"):
        mm: "f16[8192, 16384]cpu" = torch.ops.aten.mm.default(x, w)
        view: "f16[32, 256, 16384]cpu" = torch.ops.aten.view.default(mm, [32, 256, 16384])
        sum_1: "f16[32, 16384]cpu" = torch.ops.aten.sum.dim_IntList(view, [1])
        return (sum_1,)
)");
    QVERIFY(dump.ok());
    const auto forecast = told(*dump);
    QVERIFY2(forecast.ok(), forecast.ok() ? "" : forecast.error().text().c_str());
    const run::BodyForecast body = run::of_body(*forecast, BodyId(0));
    QVERIFY2(body.runs(), run::text(*forecast, body).c_str());
}

QTEST_GUILESS_MAIN(TestForecast)
#include "tst_forecast.moc"
