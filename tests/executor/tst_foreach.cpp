// Operators over lists of tensors, of which Debian's libtorch lacks a third.
#include "tests/worker/worker.h"

#include <QTest>

#include <cmath>

using namespace hopscope;
using namespace hopscope::test;

namespace {

// `found` is a list of two, of two elements and of one.
std::string graph(const std::string& call) {
    return R"(class GraphModule(torch.nn.Module):
    def forward(self, a: "f32[2]cpu", b: "f32[1]cpu", c: "f32[2]cpu", d: "f32[1]cpu", s: "f32[2]cpu", t: "f32[]cpu", m: "f32[1, 2]cpu", n: "f32[2, 1]cpu"):
        found = )"
        + call + R"(
        first: "f32[2]cpu" = found[0]
        second: "f32[1]cpu" = found[1]
        flat = torch.ops.aten.view.default(first, [-1])
        flat_1 = torch.ops.aten.view.default(second, [-1])
        out = torch.ops.aten.cat.default([flat, flat_1])
        return (out,)
)";
}

} // namespace

class TestForeach : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void gives_data();
    void gives();
    void refusesListsOfTwoLengths();

private:
    static Values inputs();
    std::unique_ptr<worker::Worker> executor_;
};

void TestForeach::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

Values TestForeach::inputs() {
    Values values;
    values.floats("a", {2}, {1, 4}).floats("b", {1}, {-9}).floats("c", {2}, {2, 0.5f}).floats("d", {1}, {3});
    values.floats("s", {2}, {2, 10}).floats("t", {}, {4});
    values.floats("m", {1, 2}, {3, 4}).floats("n", {2, 1}, {2, 5});
    return values;
}

void TestForeach::gives_data() {
    QTest::addColumn<QString>("call");
    QTest::addColumn<QList<double>>("expected");
    const auto row = [](const char* call, const QList<double>& expected) {
        QTest::newRow(call) << QString::fromLatin1(call) << expected;
    };
    row("torch.ops.aten._foreach_rsqrt.default([a, d])", {1, 0.5, 1 / std::sqrt(3)});
    row("torch.ops.aten._foreach_sign.default([a, b])", {1, 1, -1});
    row("torch.ops.aten._foreach_max.default([a, b])", {4, -9});
    row("torch.ops.aten._foreach_clamp_min.Scalar([a, b], 2)", {2, 4, 2});
    row("torch.ops.aten._foreach_clamp_min.List([a, b], [c, d])", {2, 4, 3});
    row("torch.ops.aten._foreach_clamp_min.ScalarList([a, b], [3.0, -10.0])", {3, 4, -9});
    row("torch.ops.aten._foreach_clamp_max.Scalar([a, b], 2)", {1, 2, -9});
    row("torch.ops.aten._foreach_clamp_max.List([a, b], [c, d])", {1, 0.5, -9});
    row("torch.ops.aten._foreach_clamp_max.ScalarList([a, b], [3.0, -10.0])", {1, 3, -10});
    row("torch.ops.aten._foreach_maximum.Scalar([a, b], 2)", {2, 4, 2});
    row("torch.ops.aten._foreach_maximum.ScalarList([a, b], [3.0, 0.0])", {3, 4, 0});
    row("torch.ops.aten._foreach_minimum.Scalar([a, b], 2)", {1, 2, -9});
    row("torch.ops.aten._foreach_minimum.ScalarList([a, b], [3.0, 0.0])", {1, 3, -9});
    row("torch.ops.aten._foreach_pow.List([a, b], [c, d])", {1, 2, -729});
    row("torch.ops.aten._foreach_pow.Scalar([a, b], 2)", {1, 16, 81});
    row("torch.ops.aten._foreach_pow.ScalarList([a, b], [2.0, 3.0])", {1, 16, -729});
    row("torch.ops.aten._foreach_pow.ScalarAndTensor(2, [a, d])", {2, 16, 8});
    row("torch.ops.aten._foreach_mul.Tensor([a, b], t)", {4, 16, -36});
    row("torch.ops.aten._foreach_div.Tensor([a, b], t)", {0.25, 1, -2.25});
    row("torch.ops.aten._foreach_add.Tensor([a, b], t, alpha = 0.5)", {3, 6, -7});
    row("torch.ops.aten._foreach_mm.default([m, n], [n, m])", {26, 6, 8, 15, 20});
    row("torch.ops.aten._foreach_clone.default([a, b])", {1, 4, -9});
    row("torch.ops.aten._foreach_copy.default([a, b], [c, d])", {2, 0.5, 3});
    row("torch.ops.aten._foreach_lerp.Scalar([a, b], [c, d], 0.5)", {1.5, 2.25, -3});
    row("torch.ops.aten._foreach_lerp.List([a, b], [c, d], [a, d])", {2, -10, 27});
    row("torch.ops.aten._foreach_lerp.ScalarList([a, b], [c, d], [0.5, 1.0])", {1.5, 2.25, 3});
    row("torch.ops.aten._foreach_addcmul.Tensor([a, b], [c, d], [c, d], s)", {9, 4.5, 81});
    row("torch.ops.aten._foreach_addcdiv.Tensor([a, b], [c, d], [c, d], s)", {3, 6, 1});
    row("torch.ops.aten._foreach_powsum.Scalar([a, b], 2)", {17, 81});
}

void TestForeach::gives() {
    QFETCH(QString, call);
    QFETCH(QList<double>, expected);
    const auto found = evaluate(*executor_, graph(call.toStdString()), inputs(), "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(found->size(), static_cast<size_t>(expected.size()));
    for (size_t i = 0; i < found->size(); ++i)
        QVERIFY2(std::fabs((*found)[i] - expected[static_cast<qsizetype>(i)]) < 1e-4,
            qPrintable(QString::number((*found)[i])));
}

void TestForeach::refusesListsOfTwoLengths() {
    const auto found =
        evaluate(*executor_, graph("torch.ops.aten._foreach_lerp.Scalar([a, b], [c], 0.5)"), inputs(), "out");
    QVERIFY(!found.ok());
    // "2 and 1 items" where it is composed, "got 2 and 1" of a libtorch that has it.
    QVERIFY2(found.error().message.find("2 and 1") != std::string::npos, found.error().message.c_str());
}

QTEST_GUILESS_MAIN(TestForeach)
#include "tst_foreach.moc"
