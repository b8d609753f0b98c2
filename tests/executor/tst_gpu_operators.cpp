// Operators that PyTorch has for GPUs only, against what they are by definition. Those that GPU recordings
// hold are compared with the GPU's values besides (tst_values).
#include "tests/worker/worker.h"

#include <QTest>

#include <cmath>

using namespace hopscope;
using namespace hopscope::test;

namespace {

const char* const kParameters = "q: \"f32[2, 4, 6, 8]cpu\", k: \"f32[2, 2, 10, 8]cpu\", v: \"f32[2, 2, 10, "
                                "8]cpu\", g: \"f32[2, 4, 6, 8]cpu\", "
                                "b: \"f32[2, 1, 6, 10]cpu\", x: \"f32[1, 1, 4, 4]cpu\"";

std::string graph(const std::string& statements) {
    std::string text =
        std::string("class GraphModule(torch.nn.Module):\n    def forward(self, ") + kParameters + "):\n";
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

Values inputs() {
    Values values;
    values.floats("q", {2, 4, 6, 8}, wave(384, 0.7f))
        .floats("k", {2, 2, 10, 8}, wave(320, 0.3f))
        .floats("v", {2, 2, 10, 8}, wave(320, 1.1f))
        .floats("g", {2, 4, 6, 8}, wave(384, 0.9f))
        .floats("b", {2, 1, 6, 10}, wave(120, 0.5f));
    std::vector<float> counted(16);
    for (size_t i = 0; i < counted.size(); ++i)
        counted[i] = static_cast<float>(i);
    values.floats("x", {1, 1, 4, 4}, counted);
    return values;
}

// `expected` and `sums` by the definition of attention, where `hidden` is what no query sees.
std::string definition(const std::string& hidden, bool biased) {
    return R"(kk = torch.ops.aten.repeat_interleave.self_int(k, 2, 1)
vv = torch.ops.aten.repeat_interleave.self_int(v, 2, 1)
kt = torch.ops.aten.transpose.int(kk, 2, 3)
product = torch.ops.aten.matmul.default(q, kt)
scaled = torch.ops.aten.mul.Tensor(product, 0.25)
)"
        + std::string(biased ? "biased = torch.ops.aten.add.Tensor(scaled, b)\n"
                             : "biased = torch.ops.aten.mul.Tensor(scaled, 1)\n")
        + "ones = torch.ops.aten.ones.default([6, 10])\n" + hidden
        + R"(hides = torch.ops.aten.gt.Scalar(cut, 0)
scores = torch.ops.aten.masked_fill.Scalar(biased, hides, -inf)
weights = torch.ops.aten._softmax.default(scores, -1, False)
expected = torch.ops.aten.matmul.default(weights, vv)
sums = torch.ops.aten.logsumexp.default(scores, [-1])
)";
}
const std::string kNothing = "cut = torch.ops.aten.mul.Tensor(ones, 0)\n";
const std::string kFromFirst = "cut = torch.ops.aten.triu.default(ones, 1)\n";
const std::string kFromLast = "cut = torch.ops.aten.triu.default(ones, 5)\n";

std::string apart(const std::string& a, const std::string& b) {
    return "difference = torch.ops.aten.sub.Tensor(" + a + ", " + b
        + ")\nabsolute = torch.ops.aten.abs.default(difference)\nout = "
          "torch.ops.aten.max.default(absolute)\n";
}
std::string item(const std::string& name, const std::string& of, int i) {
    return name + " = " + of + "[" + std::to_string(i) + "]\n";
}
const std::string kTransposed = R"(qt = torch.ops.aten.transpose.int(q, 1, 2)
kt2 = torch.ops.aten.transpose.int(k, 1, 2)
vt = torch.ops.aten.transpose.int(v, 1, 2)
gt = torch.ops.aten.transpose.int(g, 1, 2)
)";
const std::string kFlash =
    "flash = torch.ops.aten._scaled_dot_product_flash_attention.default(q, k, v, 0.0, True, scale "
    "= 0.25)\no = flash[0]\nl = flash[1]\n";
const std::string kFlashBackward = kFlash
    + "fb = torch.ops.aten._scaled_dot_product_flash_attention_backward.default(g, q, k, v, o, l, None, "
      "None, 6, "
      "10, 0.0, True, None, None, scale = 0.25)\n";
const std::string kEfficient =
    "eff = torch.ops.aten._scaled_dot_product_efficient_attention.default(q, k, v, b, True, "
    "0.0, True, scale = 0.25)\no = eff[0]\nl = eff[1]\n";
const std::string kEfficientBackward = kEfficient
    + "eb = torch.ops.aten._scaled_dot_product_efficient_attention_backward.default(g, q, k, v, b, o, l, "
      "None, None, 0.0, [True, True, True, True], True, scale = 0.25)\n";

} // namespace

class TestGpuOperators : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void agreesWithItsDefinition_data();
    void agreesWithItsDefinition();
    void gives_data();
    void gives();
    void refusesDropout();
    void returnsNestedContainers();

private:
    std::unique_ptr<worker::Worker> executor_;
};

void TestGpuOperators::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

void TestGpuOperators::agreesWithItsDefinition_data() {
    QTest::addColumn<QString>("statements"); // whose `out` is how far two ways are apart
    const auto row = [](const char* name, const std::string& statements) {
        QTest::newRow(name) << QString::fromStdString(statements);
    };
    row("flash", definition(kFromLast, false) + kFlash + apart("o", "expected"));
    row("flash's sums", definition(kFromLast, false) + kFlash + apart("l", "sums"));
    row("efficient", definition(kFromFirst, true) + kEfficient + apart("o", "expected"));
    row("efficient's sums",
        definition(kFromFirst, true) + kEfficient + "cutl = torch.ops.aten.slice.Tensor(l, 2, 0, 6)\n"
            + apart("cutl", "sums"));
    row("cudnn",
        definition(kNothing, true)
            + "c = torch.ops.aten._scaled_dot_product_cudnn_attention.default(q, k, v, b, True, 0.0, False, "
              "False, "
              "scale = 0.25)\no = c[0]\n"
            + apart("o", "expected"));
    row("cudnn's sums",
        definition(kFromFirst, false)
            + "c = torch.ops.aten._scaled_dot_product_cudnn_attention.default(q, k, v, None, True, 0.0, "
              "True, False, "
              "scale = 0.25)\nl = c[1]\nflat = torch.ops.aten.squeeze.dim(l, 3)\n"
            + apart("flat", "sums"));
    row("overrideable",
        definition(kFromFirst, true)
            + "c = torch.ops.aten._scaled_dot_product_fused_attention_overrideable.default(q, k, v, b, 0.0, "
              "True, "
              "False, scale = 0.25)\no = c[0]\n"
            + apart("o", "expected"));
    for (int i = 0; i < 4; ++i)
        row(qPrintable(QStringLiteral("overrideable's gradient %1").arg(i)),
            kEfficientBackward
                + "ob = torch.ops.aten._scaled_dot_product_fused_attention_overrideable_backward.default(g, "
                  "q, k, v, b, "
                  "[True, True, True, True], o, l, None, None, 6, 10, 0.0, True, None, None, scale = 0.25)\n"
                + item("one", "ob", i) + item("two", "eb", i) + apart("one", "two"));
    row("flash below",
        kTransposed + kFlash
            + "f = torch.ops.aten._flash_attention_forward.default(qt, kt2, vt, None, None, 6, 10, 0.0, "
              "True, False, "
              "scale = 0.25)\nft = f[0]\nback = torch.ops.aten.transpose.int(ft, 1, 2)\n"
            + apart("back", "o"));
    row("flash over a window",
        definition("after = torch.ops.aten.triu.default(ones, 6)\nbefore = torch.ops.aten.tril.default(ones, "
                   "1)\ncut = "
                   "torch.ops.aten.add.Tensor(after, before)\n",
            false)
            + kTransposed
            + "f = torch.ops.aten._flash_attention_forward.default(qt, kt2, vt, None, None, 6, 10, 0.0, "
              "False, False, "
              "scale = 0.25, window_size_left = 2, window_size_right = 1)\nft = f[0]\nback = "
              "torch.ops.aten.transpose.int(ft, 1, 2)\n"
            + apart("back", "expected"));
    // Two sequences of 6 queries and 10 keys in a row are a batch of two.
    const std::string rows = kTransposed + R"(qr = torch.ops.aten.reshape.default(qt, [12, 4, 8])
kr = torch.ops.aten.reshape.default(kt2, [20, 2, 8])
vr = torch.ops.aten.reshape.default(vt, [20, 2, 8])
gr = torch.ops.aten.reshape.default(gt, [12, 4, 8])
of_q = torch.ops.aten.arange.start_step(0, 18, 6, dtype = torch.int32)
of_k = torch.ops.aten.arange.start_step(0, 30, 10, dtype = torch.int32)
)";
    row("flash over sequences",
        rows + kFlash
            + "f = torch.ops.aten._flash_attention_forward.default(qr, kr, vr, of_q, of_k, 6, 10, 0.0, True, "
              "False, "
              "scale = 0.25)\nfr = f[0]\nfour = torch.ops.aten.view.default(fr, [2, 6, 4, 8])\nback = "
              "torch.ops.aten.transpose.int(four, 1, 2)\n"
            + apart("back", "o"));
    for (int i = 0; i < 3; ++i) {
        const std::string shape = i == 0 ? "[2, 6, 4, 8]" : "[2, 10, 2, 8]";
        row(qPrintable(QStringLiteral("flash below, gradient %1").arg(i)),
            kTransposed + kFlashBackward
                + "ot = torch.ops.aten.transpose.int(o, 1, 2)\np = "
                  "torch.ops.aten._flash_attention_backward.default(gt, qt, kt2, vt, ot, l, None, None, 6, "
                  "10, 0.0, "
                  "True, None, None, scale = 0.25)\n"
                + item("one", "p", i) + "back = torch.ops.aten.transpose.int(one, 1, 2)\n"
                + item("two", "fb", i) + apart("back", "two"));
        row(qPrintable(QStringLiteral("flash over sequences, gradient %1").arg(i)),
            rows + kFlashBackward
                + "f = torch.ops.aten._flash_attention_forward.default(qr, kr, vr, of_q, of_k, 6, 10, 0.0, "
                  "True, "
                  "False, scale = 0.25)\nfr = f[0]\nlr = f[1]\np = "
                  "torch.ops.aten._flash_attention_backward.default(gr, "
                  "qr, kr, vr, fr, lr, of_q, of_k, 6, 10, 0.0, True, None, None, scale = 0.25)\n"
                + item("one", "p", i) + "four = torch.ops.aten.view.default(one, " + shape
                + ")\nback = torch.ops.aten.transpose.int(four, 1, 2)\n" + item("two", "fb", i)
                + apart("back", "two"));
    }
    row("efficient below",
        kTransposed + kEfficient
            + "e = torch.ops.aten._efficient_attention_forward.default(qt, kt2, vt, b, None, None, None, "
              "None, 0.0, 1, "
              "True, scale = 0.25)\net = e[0]\nback = torch.ops.aten.transpose.int(et, 1, 2)\n"
            + apart("back", "o"));
    row("efficient below, from the last query on",
        kTransposed + kFlash
            + "e = torch.ops.aten._efficient_attention_forward.default(qt, kt2, vt, None, None, None, None, "
              "None, 0.0, "
              "2, True, scale = 0.25)\net = e[0]\nback = torch.ops.aten.transpose.int(et, 1, 2)\n"
            + apart("back", "o"));
    for (int i = 0; i < 3; ++i)
        row(qPrintable(QStringLiteral("efficient below, gradient %1").arg(i)),
            kTransposed + kEfficientBackward
                + "ot = torch.ops.aten.transpose.int(o, 1, 2)\np = "
                  "torch.ops.aten._efficient_attention_backward.default(gt, qt, kt2, vt, b, ot, None, None, "
                  "6, 10, l, "
                  "0.0, None, None, 1, True, scale = 0.25)\n"
                + item("one", "p", i) + "back = torch.ops.aten.transpose.int(one, 1, 2)\n"
                + item("two", "eb", i) + apart("back", "two"));
    const std::string matrices = R"(a = torch.ops.aten.view.default(q, [2, 4, 6, 8])
a0 = torch.ops.aten.select.int(a, 0, 0)
b0 = torch.ops.aten.transpose.int(a0, 1, 2)
m = torch.ops.aten.select.int(a0, 0, 0)
n = torch.ops.aten.select.int(b0, 0, 0)
mh = torch.ops.aten._to_copy.default(m, dtype = torch.float16)
nh = torch.ops.aten._to_copy.default(n, dtype = torch.float16)
ah = torch.ops.aten._to_copy.default(a0, dtype = torch.float16)
bh = torch.ops.aten._to_copy.default(b0, dtype = torch.float16)
mf = torch.ops.aten._to_copy.default(mh, dtype = torch.float32)
nf = torch.ops.aten._to_copy.default(nh, dtype = torch.float32)
af = torch.ops.aten._to_copy.default(ah, dtype = torch.float32)
bf = torch.ops.aten._to_copy.default(bh, dtype = torch.float32)
mm = torch.ops.aten.mm.default(mf, nf)
bmm = torch.ops.aten.bmm.default(af, bf)
)";
    row("mm.dtype", matrices + "p = torch.ops.aten.mm.dtype(mh, nh, torch.float32)\n" + apart("p", "mm"));
    row("bmm.dtype", matrices + "p = torch.ops.aten.bmm.dtype(ah, bh, torch.float32)\n" + apart("p", "bmm"));
    row("addmm.dtype",
        matrices
            + "p = torch.ops.aten.addmm.dtype(mm, mh, nh, torch.float32)\ntwice = "
              "torch.ops.aten.mul.Tensor(mm, 2)\n"
            + apart("p", "twice"));
    row("baddbmm.dtype",
        matrices
            + "p = torch.ops.aten.baddbmm.dtype(bmm, ah, bh, torch.float32)\ntwice = "
              "torch.ops.aten.mul.Tensor(bmm, 2)\n"
            + apart("p", "twice"));
    row("float16 mm, which 1.13 has no kernel for",
        matrices
            + "p = torch.ops.aten.mm.default(mh, nh)\npf = torch.ops.aten._to_copy.default(p, dtype = "
              "torch.float32)\nmr = torch.ops.aten._to_copy.default(mm, dtype = torch.float16)\nme = "
              "torch.ops.aten._to_copy.default(mr, dtype = torch.float32)\n"
            + apart("pf", "me"));
    row("softmax into float32",
        matrices
            + "p = torch.ops.aten._softmax.default(mh, -1, True)\nr = torch.ops.aten._softmax.default(mf, "
              "-1, "
              "False)\n"
            + apart("p", "r"));
}

void TestGpuOperators::agreesWithItsDefinition() {
    QFETCH(QString, statements);
    const auto found = evaluate(*executor_, graph(statements.toStdString()), inputs(), "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(found->size(), size_t{1});
    QVERIFY2(found->front() < 2e-6, qPrintable(QString::number(found->front())));
}

void TestGpuOperators::gives_data() {
    QTest::addColumn<QString>("statements");
    QTest::addColumn<QList<double>>("expected");
    const auto row = [](const char* name, const char* statements, const QList<double>& expected) {
        QTest::newRow(name) << QString::fromLatin1(statements) << expected;
    };
    row("where the largest stands in its window",
        "p = torch.ops.prims._low_memory_max_pool_with_offsets.default(x, [2, 2], [2, 2], [0, 0], [1, 1], "
        "False)\nout = "
        "p[1]",
        {3, 3, 3, 3});
    row("and in the input",
        "p = torch.ops.prims._low_memory_max_pool_with_offsets.default(x, [3, 3], [2, 2], [1, 1], [1, 1], "
        "False)\no = "
        "p[1]\nout = torch.ops.prims._low_memory_max_pool_offsets_to_indices.default(o, [3, 3], [4, 4], [2, "
        "2], [1, 1], "
        "[1, 1])",
        {5, 7, 13, 15});
    row("chunks of tensors",
        "a = torch.ops.aten.arange.default(3)\nb2 = torch.ops.aten.arange.start(10, 14)\nout = "
        "torch.ops.aten._chunk_cat.default([a, b2], 0, 2)",
        {0, 1, 10, 11, 2, 0, 12, 13});
    row("linspace to a tensor",
        "a = torch.ops.aten.scalar_tensor.default(2.0)\nout = torch.ops.aten.linspace.Scalar_Tensor(1, a, 3)",
        {1, 1.5, 2});
    row("linspace from a tensor",
        "a = torch.ops.aten.scalar_tensor.default(2.0)\nout = torch.ops.aten.linspace.Tensor_Scalar(a, 3, 2)",
        {2, 3});
    row("linspace between tensors",
        "a = torch.ops.aten.scalar_tensor.default(2.0)\nout = torch.ops.aten.linspace.Tensor_Tensor(a, a, 2)",
        {2, 2});
    row("logspace to a tensor",
        "a = torch.ops.aten.scalar_tensor.default(2.0)\nout = torch.ops.aten.logspace.Scalar_Tensor(0, a, 3)",
        {1, 10, 100});
    row("logspace from a tensor",
        "a = torch.ops.aten.scalar_tensor.default(2.0)\nout = torch.ops.aten.logspace.Tensor_Scalar(a, 3, 2, "
        "2.0)",
        {4, 8});
    row("logspace between tensors",
        "a = torch.ops.aten.scalar_tensor.default(2.0)\nout = torch.ops.aten.logspace.Tensor_Tensor(a, a, 1)",
        {100});
    const char* const cell =
        "i = torch.ops.aten.zeros.default([1, 4])\nc = torch.ops.aten.full.default([1, 1], 0.5)\n"
        "l = torch.ops.aten._thnn_fused_lstm_cell.default(i, i, c)\n";
    const double next = 0.25, squashed = std::tanh(next), of_cell = 0.5 * (1 - squashed * squashed);
    row("an LSTM's cell", (std::string(cell) + "out = l[0]").c_str(), {0.5 * squashed});
    row("its gates' gradients",
        (std::string(cell)
            + "h = torch.ops.aten.ones.default([1, 1])\nn = l[1]\nw = l[2]\nd = "
              "torch.ops.aten._thnn_fused_lstm_cell_backward_impl.default(h, None, c, n, w, False)\nout = "
              "d[0]")
            .c_str(),
        {0, of_cell * 0.5 * 0.25, of_cell * 0.5, squashed * 0.25});
    row("an assertion's token",
        "yes = torch.ops.aten.scalar_tensor.default(1)\nt = torch.ops.aten.scalar_tensor.default(3.0)\nout = "
        "torch.ops.aten._functional_assert_async.msg(yes, 'no', t)",
        {3});
    row("a histogram of integers",
        "a = torch.ops.aten.arange.default(4)\nout = torch.ops.aten.histc.default(a, 2, 0, 4)", {2, 2});
    row("the real part of a complex product",
        "c = torch.ops.aten.full.default([3], (1+2j))\nd = torch.ops.aten.vdot.default(c, c)\nout = "
        "torch.ops.aten.view_as_real.default(d)",
        {15, 0});
    row("dimensions squeezed in place",
        "a = torch.ops.aten.ones.default([1, 2, 1])\nc = torch.ops.aten.squeeze_.dims(a, [0, 2])\nout = "
        "torch.ops.aten.cumsum.default(c, 0)",
        {1, 2});
    row("whether a tensor is contiguous",
        "s = torch.ops.aten.sym_is_contiguous.default(x)\nout = torch.ops.aten.full.default([1], s)", {1});
    row("metadata with a device",
        "m = torch.ops.aten._assert_tensor_metadata.default(x, None, None, torch.float32, device = "
        "device(type='cuda', "
        "index=0), layout = torch.strided)\nout = torch.ops.aten.select.int(x, 3, 1)",
        {1, 5, 9, 13});
    row("weights of 8 bits, with a scale for each row",
        "a = torch.ops.aten.arange.default(8)\nb8 = torch.ops.aten._to_copy.default(a, dtype = "
        "torch.int8)\nw = "
        "torch.ops.aten.view.default(b8, [2, 4])\nr = torch.ops.aten.view.default(x, [4, 4])\ns = "
        "torch.ops.aten.full.default([2], 0.5)\nout = torch.ops.aten._weight_int8pack_mm.default(r, w, s)",
        {7, 19, 19, 63, 31, 107, 43, 151});
    row("a half type that is only told",
        "e = torch.ops.aten.eye.default(2, dtype = torch.bfloat16)\nout = torch.ops.aten.view.default(e, "
        "[4])",
        {1, 0, 0, 1});
    row("32-bit indices",
        "a = torch.ops.aten.arange.default(4)\ni = torch.ops.aten._to_copy.default(a, dtype = "
        "torch.int32)\nt = "
        "torch.ops.aten.mul.Tensor(a, 10)\nout = torch.ops.aten.index.Tensor(t, [i])",
        {0, 10, 20, 30});
}

void TestGpuOperators::gives() {
    QFETCH(QString, statements);
    QFETCH(QList<double>, expected);
    const auto found = evaluate(*executor_, graph(statements.toStdString()), inputs(), "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(found->size(), static_cast<size_t>(expected.size()));
    for (size_t i = 0; i < found->size(); ++i)
        QVERIFY2(std::fabs((*found)[i] - expected[static_cast<qsizetype>(i)]) < 1e-5,
            qPrintable(QString::number((*found)[i])));
}

void TestGpuOperators::refusesDropout() {
    const auto found = evaluate(*executor_,
        graph("f = torch.ops.aten._scaled_dot_product_flash_attention.default(q, k, v, 0.5)\nout = f[0]\n"),
        inputs(), "out");
    QVERIFY(!found.ok());
    QVERIFY2(found.error().message.find("random") != std::string::npos, found.error().message.c_str());
}

void TestGpuOperators::returnsNestedContainers() {
    const std::string text =
        graph("n = torch.ops.aten.neg.default(x)\nout = torch.ops.aten.sum.default(n)\n");
    std::string nested = text;
    nested.replace(nested.find("return (out,)"), 13, "return (n, [out, [x]])");
    const auto found = evaluate(*executor_, nested, inputs(), "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(*found, std::vector<double>{-120});
}

QTEST_GUILESS_MAIN(TestGpuOperators)
#include "tst_gpu_operators.moc"
