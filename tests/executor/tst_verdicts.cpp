// Verdicts on values by hand: what is right in fewer digits, what writes into its operands, what 1.13 rounds
// otherwise than PyTorch.
#include "tests/worker/worker.h"

#include <QTest>

#include <bit>
#include <cmath>

using namespace hopscope;
using namespace hopscope::test;

namespace {

std::string graph(const std::string& parameters, const std::string& statements) {
    std::string text = "class GraphModule(torch.nn.Module):\n    def forward(self, " + parameters + "):\n";
    size_t at = 0;
    while (at < statements.size()) {
        const size_t end = std::min(statements.find('\n', at), statements.size());
        text += "        " + statements.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return text + "        return (out,)\n";
}

std::vector<float> wave(size_t count, float step) {
    std::vector<float> all(count);
    for (size_t i = 0; i < count; ++i)
        all[i] = std::sin(static_cast<float>(i) * step);
    return all;
}

// 10 bits after the point, rounded to nearest.
float tf32(float x) {
    const auto bits = std::bit_cast<uint32_t>(x);
    return std::bit_cast<float>((bits + (bits >> 13 & 1) + 0xfff) & ~0x1fffu);
}

constexpr size_t kRows = 4, kInner = 64, kColumns = 3;
std::vector<float> product(const std::vector<float>& a, const std::vector<float>& b, bool rounded) {
    std::vector<float> all;
    for (size_t i = 0; i < kRows; ++i)
        for (size_t j = 0; j < kColumns; ++j) {
            double sum = 0;
            for (size_t k = 0; k < kInner; ++k) {
                const float x = a[i * kInner + k], y = b[k * kColumns + j];
                sum +=
                    static_cast<double>(rounded ? tf32(x) : x) * static_cast<double>(rounded ? tf32(y) : y);
            }
            all.push_back(static_cast<float>(sum));
        }
    return all;
}

} // namespace

class TestVerdicts : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void knowsProductsInTf32();
    void callsOtherErrorsOfProductsSuspicious();
    void repeatsWhatWritesOnMemoryOfItsOwn();
    void roundsWhereTheRunConverts();
    void givesACallTheVerdictOfItsBody();
    void computesAsPyTorchDoes_data();
    void computesAsPyTorchDoes();
    void masksFlexAttentionOf213();
    void derivesGroupedProducts();
    void keepsStatisticsAsTheGpuDid_data();
    void keepsStatisticsAsTheGpuDid();

private:
    std::optional<wire::ComparedValue> compared(const std::string& text, const Values& inputs,
        const Values& reference, const std::string& name, bool alone);
    std::unique_ptr<worker::Worker> executor_;
};

void TestVerdicts::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

std::optional<wire::ComparedValue> TestVerdicts::compared(const std::string& text, const Values& inputs,
    const Values& reference, const std::string& name, bool alone) {
    if (!prepare(*executor_, text, inputs) || !executor_->bind(reference.all, kReference))
        return std::nullopt;
    wire::CompareRequest request;
    request.alone = alone;
    const auto answer = executor_->compare(request);
    if (!answer)
        return std::nullopt;
    for (const wire::ComparedValue& row : answer->values)
        if (row.path == name)
            return row;
    return std::nullopt;
}

const char* const kOperands = "a: \"f32[4, 64]cuda:0\", b: \"f32[64, 3]cuda:0\"";
const char* const kProduct = "out: \"f32[4, 3]cuda:0\" = torch.ops.aten.mm.default(a, b)";

void TestVerdicts::knowsProductsInTf32() {
    const std::vector<float> a = wave(kRows * kInner, 0.37f), b = wave(kInner * kColumns, 0.71f);
    Values inputs, reference;
    inputs.floats("a", {4, 64}, a).floats("b", {64, 3}, b);
    reference.floats("out", {4, 3}, product(a, b, true));
    const auto row = compared(graph(kOperands, kProduct), inputs, reference, "out", true);
    QVERIFY(row);
    QCOMPARE(row->verdict, wire::Verdict::WithinRounding);
    QVERIFY2(row->why.find("TF32") != std::string::npos, row->why.c_str());
    QVERIFY(row->times > 8); // of float32's own floor
}

void TestVerdicts::callsOtherErrorsOfProductsSuspicious() {
    const std::vector<float> a = wave(kRows * kInner, 0.37f), b = wave(kInner * kColumns, 0.71f);
    Values inputs, reference;
    inputs.floats("a", {4, 64}, a).floats("b", {64, 3}, b);
    std::vector<float> wrong = product(a, b, false);
    wrong[5] += 0.05f;
    reference.floats("out", {4, 3}, wrong);
    const auto row = compared(graph(kOperands, kProduct), inputs, reference, "out", true);
    QVERIFY(row);
    QCOMPARE(row->verdict, wire::Verdict::Suspicious);
}

// The body in double precision, which runs behind, divided the very tensor that the run had divided.
void TestVerdicts::repeatsWhatWritesOnMemoryOfItsOwn() {
    const std::string text = graph("x: \"f32[4][1]cpu\"",
        "w: \"f64[4][1]cpu\" = torch.ops.aten._to_copy.default(x, dtype = torch.float64)\n"
        "e: \"f64[4][1]cpu\" = torch.ops.aten.empty_like.default(w)\n"
        "r: \"f64[4][1]cpu\" = torch.ops.aten.bernoulli_.float(e)\n"
        "d: \"f64[4][1]cpu\" = torch.ops.aten.div_.Scalar(r, 0.5)\n"
        "m: \"f64[4][1]cpu\" = torch.ops.aten.mul.Tensor(w, d)\n"
        "s: \"f64[4][1]cpu\" = torch.ops.aten.sin.default(m)\n"
        "out: \"f32[4][1]cpu\" = torch.ops.aten._to_copy.default(s, dtype = torch.float32)");
    Values inputs;
    inputs.floats("x", {4}, {0.5f, 0.25f, 1.5f, 3});
    QVERIFY(prepare(*executor_, text, inputs).ok());
    wire::CompareRequest request;
    request.float64 = true;
    const auto answer = executor_->compare(request);
    QVERIFY2(answer.ok(), answer.ok() ? "" : answer.error().text().c_str());
    for (const wire::ComparedValue& row : answer->values)
        QVERIFY2(row.equal,
            (row.path + ": " + std::to_string(row.found) + ", exact " + std::to_string(row.exact)).c_str());
}

// A conversion to half precision and back is a rounding, though in double precision it gives its operand.
void TestVerdicts::roundsWhereTheRunConverts() {
    const std::string text = graph("x: \"f32[4][1]cuda:0\"",
        "h: \"f16[4][1]cuda:0\" = torch.ops.prims.convert_element_type.default(x, torch.float16)\n"
        "out: \"f32[4][1]cuda:0\" = torch.ops.prims.convert_element_type.default(h, torch.float32)");
    Values inputs, unrounded, wrong;
    inputs.floats("x", {4}, {0.1f, 0.2f, 0.3f, 0.7f});
    unrounded.floats("out", {4}, {0.1f, 0.2f, 0.3f, 0.7f});
    wrong.floats("out", {4}, {0.1f, 0.2f, 0.3f, 0.71f});
    auto row = compared(text, inputs, unrounded, "out", false);
    QVERIFY(row);
    QCOMPARE(row->verdict, wire::Verdict::WithinRounding);
    row = compared(text, inputs, wrong, "out", false);
    QVERIFY(row);
    QCOMPARE(row->verdict, wire::Verdict::Suspicious);
    // Below float16's normal numbers a rounding is as large as at the smallest of them.
    Values small, small_unrounded;
    small.floats("x", {4}, {1.03e-6f, 2.1e-7f, 5.3e-6f, 0.0f});
    small_unrounded.floats("out", {4}, {1.03e-6f, 2.1e-7f, 5.3e-6f, 0.0f});
    row = compared(text, small, small_unrounded, "out", false);
    QVERIFY(row);
    QCOMPARE(row->verdict, wire::Verdict::WithinRounding);
}

// A number too large for float16 is one in double precision: what follows is right on its own operands, and
// so is what the call of a body gives of it.
void TestVerdicts::givesACallTheVerdictOfItsBody() {
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f16[2][1]cuda:0"):
        body = self.body
        call = torch.ops.higher_order.invoke_subgraph(body, 'body', x)
        out: "f16[2][1]cuda:0" = call[0]
        return (out,)

    class body(torch.nn.Module):
        def forward(self, x: "f16[2][1]cuda:0"):
            square: "f16[2][1]cuda:0" = torch.ops.aten.mul.Tensor(x, x)
            twice: "f16[2][1]cuda:0" = torch.ops.aten.mul.Tensor(square, 2)
            nothing: "f16[2][1]cuda:0" = torch.ops.aten.sub.Tensor(twice, square)
            return (nothing,)
)";
    Values inputs;
    tensors::Value& x = inputs.floats("x", {2}, {300.0f, 2.0f}).all.back();
    std::string halves;
    for (const uint16_t bits : {uint16_t{0x5cb0}, uint16_t{0x4000}}) // 300, 2
        halves.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    x.dtype = "float16";
    x.bytes = halves;
    QVERIFY(prepare(*executor_, text, inputs));
    wire::CompareRequest request;
    request.float64 = true;
    const auto answer = executor_->compare(request);
    QVERIFY(answer.ok());
    int found = 0;
    for (const wire::ComparedValue& row : answer->values)
        if (row.path == "call/nothing" || row.path == "call#0" || row.path == "out") {
            QCOMPARE(row.verdict, wire::Verdict::WithinRounding);
            QVERIFY2(row.why.find("too large for the type") != std::string::npos, row.why.c_str());
            ++found;
        }
    QCOMPARE(found, 3);
}

void TestVerdicts::computesAsPyTorchDoes_data() {
    QTest::addColumn<QString>("statements");
    QTest::addColumn<QList<double>>("expected"); // PyTorch 2.13's, of x = (0.5, 1.5, 2.5, 14)
    const auto row = [](const char* name, const char* statements, QList<double> expected) {
        QTest::newRow(name) << statements << expected;
    };
    // Not the digits that 1 + exp(-14) has left.
    row("soft margin loss of what is nearly right",
        "y = torch.ops.aten.slice.Tensor(x, 0, 3, 4)\n"
        "one = torch.ops.aten.ones_like.default(y)\n"
        "loss = torch.ops.aten.soft_margin_loss.default(y, one, 2)\n"
        "out = torch.ops.aten.mul.Tensor(loss, 1000000)",
        {0.8315283});
    row("layer norm over one value is its bias",
        "y = torch.ops.aten.view.default(x, [4, 1])\n"
        "w = torch.ops.aten.full.default([1], -8.4784)\n"
        "b = torch.ops.aten.full.default([1], -1.7658)\n"
        "n = torch.ops.aten.native_layer_norm.default(y, [1], w, b, 1e-05)\n"
        "f = n[0]\n"
        "out = torch.ops.aten.view.default(f, [4])",
        {-1.7658, -1.7658, -1.7658, -1.7658});
    row("layer norm of bfloat16 over one value is its bias",
        "y0 = torch.ops.aten.view.default(x, [4, 1])\n"
        "y = torch.ops.aten._to_copy.default(y0, dtype = torch.bfloat16)\n"
        "w = torch.ops.aten.full.default([1], -8.5, dtype = torch.bfloat16)\n"
        "b = torch.ops.aten.full.default([1], -1.765625, dtype = torch.bfloat16)\n"
        "n = torch.ops.aten.native_layer_norm.default(y, [1], w, b, 1e-05)\n"
        "f0 = n[0]\n"
        "f = torch.ops.aten._to_copy.default(f0, dtype = torch.float32)\n"
        "out = torch.ops.aten.view.default(f, [4])",
        {-1.765625, -1.765625, -1.765625, -1.765625});
    row("running statistics of a batch norm in half precision",
        "y0 = torch.ops.aten.view.default(x, [2, 2])\n"
        "y = torch.ops.aten._to_copy.default(y0, dtype = torch.float16)\n"
        "m = torch.ops.aten.zeros.default([2], dtype = torch.float16)\n"
        "v = torch.ops.aten.ones.default([2], dtype = torch.float16)\n"
        "n = torch.ops.aten.native_batch_norm.default(y, None, None, m, v, True, 0.5, 1e-05)\n"
        "f = n[0]\n"
        "out = torch.ops.aten._to_copy.default(m, dtype = torch.float32)",
        {0.75, 3.875});
    row("least and greatest of a tensor without dimensions",
        "y = torch.ops.aten.select.int(x, 0, 2)\n"
        "p = torch.ops.aten.aminmax.default(y, dim = 0, keepdim = True)\n"
        "out = p[0]",
        {2.5});
    row("places of distinct elements that nobody asked for",
        "y = torch.ops.aten.select.int(x, 0, 2)\n"
        "p = torch.ops.aten._unique2.default(y, True, False, False)\n"
        "q = p[1]\n"
        "out = torch.ops.aten.sum.default(q)",
        {0});
}

void TestVerdicts::computesAsPyTorchDoes() {
    QFETCH(QString, statements);
    QFETCH(QList<double>, expected);
    Values inputs;
    inputs.floats("x", {4}, {0.5f, 1.5f, 2.5f, 14});
    const auto found =
        evaluate(*executor_, graph("x: \"f32[4][1]cpu\"", statements.toStdString()), inputs, "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(found->size(), static_cast<size_t>(expected.size()));
    for (size_t i = 0; i < found->size(); ++i)
        QVERIFY2(std::fabs((*found)[i] - expected[static_cast<qsizetype>(i)]) < 1e-6,
            qPrintable(QString::number((*found)[i], 'g', 10)));
}

// Since 2.12 a block mask has four items more, behind its tensors: they were taken for its sizes, and every
// key was seen. And what a graph looks up has its derivative by an operator of its own.
void TestVerdicts::masksFlexAttentionOf213() {
    const std::string mask =
        "(3, 3, n, o, None, None, n, o, None, None, None, None, None, None, 128, 128, mask0)";
    const std::string text = "class GraphModule(torch.nn.Module):\n"
                             "    def forward(self, q: \"f32[1, 1, 3, 2][6, 6, 2, 1]cpu\", k: \"f32[1, 1, 3, "
                             "2][6, 6, 2, 1]cpu\", v: "
                             "\"f32[1, 1, 3, 2][6, 6, 2, 1]cpu\", n: \"i64[1, 1, 1][1, 1, 1]cpu\", o: "
                             "\"i64[1, 1, 1, 1][1, 1, 1, 1]cpu\"):\n"
                             "        score0 = self.score0\n"
                             "        mask0 = self.mask0\n"
                             "        flex = torch.ops.higher_order.flex_attention(q, k, v, score0, "
        + mask
        + ", 1.0, {}, (), ())\n"
          "        out: \"f32[1, 1, 3, 2][6, 6, 2, 1]cpu\" = flex[0]\n"
          "        i: \"i64[3, 1][1, 1]cpu\" = torch.ops.aten.full.default([3, 1], 1, dtype = torch.int64)\n"
          "        ones: \"f32[3, 2][2, 1]cpu\" = torch.ops.aten.full.default([3, 2], 1.0)\n"
          "        scattered: \"f32[2][1]cpu\" = torch.ops.flex_lib.zeros_and_scatter.default([2], [i], "
          "ones)\n"
          "        return (out, scattered)\n"
          "\n"
          "    class score0(torch.nn.Module):\n"
          "        def forward(self, s: \"f32[][]cpu\", b: \"i32[][]cpu\", h: \"i32[][]cpu\", m: "
          "\"i32[][]cpu\", n: "
          "\"i32[][]cpu\"):\n"
          "            return s\n"
          "\n"
          "    class mask0(torch.nn.Module):\n"
          "        def forward(self, b: \"i32[][]cpu\", h: \"i32[][]cpu\", m: \"i32[][]cpu\", n: "
          "\"i32[][]cpu\"):\n"
          "            ge: \"b8[][]cpu\" = torch.ops.aten.ge.Tensor(m, n)\n"
          "            return ge\n";
    Values inputs;
    inputs.floats("q", {1, 1, 3, 2}, {0, 0, 0, 0, 0, 0})
        .floats("k", {1, 1, 3, 2}, {1, 2, 3, 4, 5, 6})
        .floats("v", {1, 1, 3, 2}, {1, 2, 3, 4, 5, 9})
        .integers("n", {1, 1, 1}, {1})
        .integers("o", {1, 1, 1, 1}, {0});
    const auto found = evaluate(*executor_, text, inputs, "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    const std::vector<double> means{1, 2, 2, 3, 3, 5}; // of what each query sees
    QCOMPARE(found->size(), means.size());
    for (size_t i = 0; i < means.size(); ++i)
        QVERIFY2(std::fabs((*found)[i] - means[i]) < 1e-6, qPrintable(QString::number((*found)[i])));
    const auto scattered = evaluate(*executor_, text, inputs, "scattered");
    QVERIFY2(scattered.ok(), scattered.ok() ? "" : scattered.error().text().c_str());
    QCOMPARE(*scattered, (std::vector<double>{0, 6}));
}

// Each gradient is a grouped product again.
void TestVerdicts::derivesGroupedProducts() {
    const std::string text =
        graph("a: \"f32[4, 64][64, 1]cpu\", b: \"f32[2, 64, 4][256, 4, 1]cpu\", o: \"i64[2][1]cpu\"",
            "out: \"f32[4, 4][4, 1]cpu\" = torch.ops.aten._grouped_mm.default(a, b, o)");
    Values inputs;
    inputs.floats("a", {4, 64}, wave(256, 0.3f))
        .floats("b", {2, 64, 4}, wave(512, 0.7f))
        .integers("o", {2}, {1, 4});
    const Status ready = prepare(*executor_, text, inputs);
    QVERIFY2(ready.ok(), ready.ok() ? "" : ready.error().text().c_str());
    const auto joint = executor_->joint({});
    QVERIFY2(joint.ok(), joint.ok() ? "" : joint.error().text().c_str());
    QVERIFY2(!joint->failure, joint->failure ? joint->failure->message.c_str() : "");
    const auto products = std::count_if(joint->nodes.begin(), joint->nodes.end(),
        [](const wire::JointNode& n) { return n.text.find("_grouped_mm") != std::string::npos; });
    QCOMPARE(products, 3);
}

// A GPU's norms keep float32 statistics of half precisions, a CPU's keep them in that.
void TestVerdicts::keepsStatisticsAsTheGpuDid_data() {
    QTest::addColumn<QString>("device");
    QTest::addColumn<QString>("statistics");
    QTest::newRow("gpu") << "cuda:0"
                         << "f32[2, 1]";
    QTest::newRow("cpu") << "cpu"
                         << "bf16[2, 1]";
}

void TestVerdicts::keepsStatisticsAsTheGpuDid() {
    QFETCH(QString, device);
    QFETCH(QString, statistics);
    std::string text = graph("x: \"f32[2, 8][8, 1]DEVICE\"",
        "h: \"bf16[2, 8][8, 1]DEVICE\" = torch.ops.aten._to_copy.default(x, dtype = torch.bfloat16)\n"
        "n = torch.ops.aten.native_layer_norm.default(h, [8], None, None, 1e-05)\n"
        "out: \"bf16[2, 8][8, 1]DEVICE\" = n[0]");
    for (size_t at; (at = text.find("DEVICE")) != std::string::npos;)
        text.replace(at, 6, device.toStdString());
    Values inputs;
    inputs.floats("x", {2, 8}, wave(16, 0.3f));
    QVERIFY(prepare(*executor_, text, inputs).ok());
    const auto joint = executor_->joint({});
    QVERIFY2(joint.ok(), joint.ok() ? "" : joint.error().text().c_str());
    QVERIFY2(!joint->failure, joint->failure ? joint->failure->message.c_str() : "");
    const std::string wanted = statistics.toStdString();
    std::string all;
    for (const wire::JointNode& n : joint->nodes)
        all += n.text + "\n";
    QVERIFY2(all.find(wanted) != std::string::npos, all.c_str());
    QVERIFY2(all.find("native_layer_norm.default(h,") != std::string::npos, all.c_str());
}

QTEST_GUILESS_MAIN(TestVerdicts)
#include "tst_verdicts.moc"
