// Inputs of a run: made from types, or read from files.
#include "tests/testdata.h"

#include "core/graph/print.h"
#include "core/run/inputs.h"
#include "core/tensors/npy.h"

#include <QTest>

#include <cmath>
#include <cstring>

using namespace hopscope;
using namespace hopscope::test;

namespace {

const std::string kGraph = R"py(class GraphModule(torch.nn.Module):
    def forward(self, primals_1: "Sym(s77)", primals_2: "f32[5, s77][1, 5]cpu", primals_3: "i64[s77, 2][2, 1]cpu", primals_4: "i64[3][1]cpu", primals_5: "b8[3][1]cpu", primals_6: "bf16[2, 3][0, 1]cpu"):
        embedding: "f32[s77, 2, s77]cpu" = torch.ops.aten.embedding.default(primals_2, primals_3)
        view: "i64[3, 1]cpu" = torch.ops.aten.view.default(primals_4, [3, 1])
        gather: "f32[3, 1]cpu" = torch.ops.aten.gather.default(primals_2, 1, view)
        return (embedding, gather)
)py";

template <class T> std::vector<T> numbers(const tensors::Value& value) {
    std::vector<T> all(value.bytes.size() / sizeof(T));
    std::memcpy(all.data(), value.bytes.data(), value.bytes.size());
    return all;
}

Result<run::Inputs> synthetic(const GraphModule& module, uint64_t seed, Bindings symbols) {
    return run::synthetic_inputs(module, BodyId(0), seed, symbols);
}

std::string npy(const std::string& header, const std::string& data) {
    const auto length = static_cast<uint16_t>(header.size());
    return std::string("\x93NUMPY\x01\x00", 8) + std::string(reinterpret_cast<const char*>(&length), 2)
        + header + data;
}

} // namespace

class TestInputs : public QObject {
    Q_OBJECT

private slots:
    void followsTypesAndUses();
    void staysInTheRange_data();
    void staysInTheRange();
    void keepsHalvesFinite();
    void bindsSymbolsThatNobodyBound();
    void takesRecordedValues();
    void namesWhatDoesNotFit_data();
    void namesWhatDoesNotFit();
    void findsTheCallsOfABody();
    void readsNpy();
    void refusesOddNpy_data();
    void refusesOddNpy();
};

void TestInputs::followsTypesAndUses() {
    const auto read = readText(kGraph);
    QVERIFY(read.module);
    const auto made = synthetic(*read.module, 3, {{"s77", 40}});
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QVERIFY(made->synthetic);
    QCOMPARE(made->values.size(), size_t{6});
    QCOMPARE(made->values[0].python, std::string("40"));
    QCOMPARE(made->values[1].shape, (std::vector<int64_t>{5, 40}));
    QCOMPARE(made->values[1].stride, (std::vector<int64_t>{1, 5}));
    double sum = 0, squares = 0;
    for (const float x : numbers<float>(made->values[1])) {
        sum += x;
        squares += static_cast<double>(x) * x;
    }
    QVERIFY(std::abs(sum / 200) < 0.3 && squares / 200 > 0.6 && squares / 200 < 1.5);
    // 80 indices into 5 rows: none outside, and the bound is used up.
    int64_t largest = 0;
    for (const int64_t i : numbers<int64_t>(made->values[2])) {
        QVERIFY(i >= 0 && i < 5);
        largest = std::max(largest, i);
    }
    QCOMPARE(largest, int64_t{4});
    for (const int64_t i : numbers<int64_t>(made->values[3]))
        QVERIFY(i >= 0 && i < 40); // through the view to gather's dimension
    for (const uint8_t b : numbers<uint8_t>(made->values[4]))
        QVERIFY(b < 2);
    QCOMPARE(made->values[5].stride, (std::vector<int64_t>{0, 1}));
    QCOMPARE(made->values[5].bytes.size(), size_t{12});

    const auto again = synthetic(*read.module, 3, {{"s77", 40}});
    const auto other = synthetic(*read.module, 4, {{"s77", 40}});
    QCOMPARE(again->values[1].bytes, made->values[1].bytes);
    QVERIFY(other->values[1].bytes != made->values[1].bytes);
}

// One input of 64 × 256 or so, what is done with it, and between which values it must lie or how far it must
// spread.
void TestInputs::staysInTheRange_data() {
    QTest::addColumn<QString>("type");
    QTest::addColumn<QString>("use");
    QTest::addColumn<double>("mean");
    QTest::addColumn<double>("deviation");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const char* type, const char* use, double mean, double deviation,
                         const char* says) {
        QTest::newRow(name) << QString::fromLatin1(type) << QString::fromLatin1(use) << mean << deviation
                            << QString::fromUtf8(says);
    };
    row("anything", "f32[64, 256]", "aten.sin.default(w)", 0, 1, "deviation 1");
    row("a weight", "f32[256, 64]", "aten.mm.default(x, w)", 0, 1.0 / 16, "1/√256");
    row("a transposed weight", "f32[64, 256]", "aten.mm.default(x, t)", 0, 1.0 / 16, "1/√256");
    row("a linear's weight", "f32[64, 256]", "aten.linear.default(x, w)", 0, 1.0 / 16, "1/√256");
    row("a kernel", "f32[8, 16, 3, 3]",
        "aten.convolution.default(c, w, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1)", 0, 1.0 / 12,
        "1/√144");
    row("a norm's weight", "f32[256]", "aten.native_layer_norm.default(x, [256], w, None, 1e-05)", 1, 0.1,
        "1 ± 0.1");
    row("a row that is multiplied", "f32[256]", "aten.mul.Tensor(x, w)", 1, 0.1, "1 ± 0.1");
    row("a row that is added", "f32[256]", "aten.add.Tensor(x, w)", 0, 0.1, "deviation 0.1");
    row("a variance", "f32[64, 256]", "aten.rsqrt.default(w)", 1, 0.29, "positive");
    row("a divisor", "f32[64, 256]", "aten.div.Tensor(x, w)", 1, 0.29, "positive");
}

void TestInputs::staysInTheRange() {
    QFETCH(QString, type);
    QFETCH(QString, use);
    QFETCH(double, mean);
    QFETCH(double, deviation);
    QFETCH(QString, says);
    const std::string text = QStringLiteral(R"py(class GraphModule(torch.nn.Module):
    def forward(self, w: "%1cpu", a: "f32[32, 256]cpu", b: "f32[1, 16, 8, 8]cpu"):
        x: "f32[32, 256]cpu" = torch.ops.aten.sin.default(a)
        c: "f32[1, 16, 8, 8]cpu" = torch.ops.aten.sin.default(b)
        t: "f32[256, 64]cpu" = torch.ops.aten.permute.default(w, [1, 0])
        y = torch.ops.%2
        return (y,)
)py")
                                 .arg(type, use)
                                 .toStdString();
    const auto read = readText(text);
    QVERIFY(read.module);
    const auto made = synthetic(*read.module, 1, {});
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QVERIFY2(QString::fromStdString(made->rules[0].rule).contains(says), made->rules[0].rule.c_str());
    double sum = 0, squares = 0;
    const std::vector<float> all = numbers<float>(made->values[0]);
    for (const float element : all) {
        sum += element;
        squares += static_cast<double>(element) * element;
    }
    const auto n = static_cast<double>(all.size());
    const double found = std::sqrt(squares / n - sum / n * (sum / n));
    QVERIFY2(std::abs(sum / n - mean) < 4 * deviation / std::sqrt(n), qPrintable(QString::number(sum / n)));
    QVERIFY2(found > 0.8 * deviation && found < 1.2 * deviation, qPrintable(QString::number(found)));
}

// Masks are 0 or -inf in any precision, and never a whole row; in a region's body as in its caller.
void TestInputs::keepsHalvesFinite() {
    const auto read = readText(R"py(class GraphModule(torch.nn.Module):
    def forward(self, mask: "f16[4, 8]cpu", scores: "f16[2, 4, 8]cpu"):
        body = self.body
        call = torch.ops.higher_order.invoke_subgraph(body, 'body', mask, scores)
        out: "f16[2, 4, 8]cpu" = call[0]
        return (out,)

    class body(torch.nn.Module):
        def forward(self, m: "f16[4, 8]cpu", s: "f16[2, 4, 8]cpu"):
            add: "f16[2, 4, 8]cpu" = torch.ops.aten.add.Tensor(s, m)
            soft: "f16[2, 4, 8]cpu" = torch.ops.aten._softmax.default(add, -1, False)
            return (soft,)
)py");
    QVERIFY(read.module);
    const auto made = synthetic(*read.module, 1, {});
    QVERIFY(made.ok());
    QVERIFY(made->rules[0].rule.starts_with("0 or -inf"));
    int masked = 0;
    const std::vector<uint16_t> halves = numbers<uint16_t>(made->values[0]);
    for (size_t i = 0; i < halves.size(); ++i) {
        QVERIFY(halves[i] == 0 || halves[i] == 0xFC00);
        QVERIFY(i % 8 != 0 || halves[i] == 0);
        masked += halves[i] != 0;
    }
    QVERIFY(masked > 0);
    QCOMPARE(run::rules_in_words({{"a", "x"}, {"b", "y"}, {"c", "x"}}), std::string("2 × x; 1 × y"));
}

void TestInputs::bindsSymbolsThatNobodyBound() {
    const auto read = readText(kGraph);
    Bindings symbols;
    const auto made = run::synthetic_inputs(*read.module, BodyId(0), 0, symbols);
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(symbols.at("s77"), int64_t{8});
    QVERIFY(made->defaults == (std::vector<run::DefaultSymbol>{{"s77", 8, false}}));
    QCOMPARE(made->values[0].python, std::string("8"));

    // What the symbol was when PyTorch traced comes first; a value that was given comes before both.
    Bindings hinted;
    const auto known = run::synthetic_inputs(*read.module, BodyId(0), 0, hinted, {{"s77", 5}});
    QVERIFY(known.ok());
    QVERIFY(known->defaults == (std::vector<run::DefaultSymbol>{{"s77", 5, true}}));
    Bindings given{{"s77", 6}};
    const auto bound = run::synthetic_inputs(*read.module, BodyId(0), 0, given, {{"s77", 5}});
    QVERIFY(bound.ok() && bound->defaults.empty());
    QCOMPARE(bound->values[0].python, std::string("6"));
}

void TestInputs::takesRecordedValues() {
    const auto read = readText(kGraph);
    const auto made = synthetic(*read.module, 1, {{"s77", 7}});
    QVERIFY(made.ok());
    const auto bytes = std::make_shared<std::string>(tensors::write_tensor_file(made->values));
    const auto file = tensors::TensorFile::read(*bytes, bytes);
    QVERIFY(file.ok());
    Bindings symbols;
    const auto taken = run::recorded_inputs(*read.module, BodyId(0), *file, symbols);
    QVERIFY2(taken.ok(), taken.ok() ? "" : taken.error().text().c_str());
    QVERIFY(!taken->synthetic);
    QCOMPARE(symbols.at("s77"), int64_t{7}); // from the sizes
    QCOMPARE(taken->values[1].bytes, made->values[1].bytes);
}

void TestInputs::namesWhatDoesNotFit_data() {
    QTest::addColumn<int>("which");
    QTest::addColumn<QString>("what");
    QTest::addColumn<QStringList>("says");
    QTest::newRow("missing") << 3 << QStringLiteral("missing") << QStringList{QStringLiteral("primals_4")};
    QTest::newRow("dtype") << 3 << QStringLiteral("dtype")
                           << QStringList{QStringLiteral("primals_4"), QStringLiteral("float64"),
                                  QStringLiteral("int64")};
    QTest::newRow("shape") << 3 << QStringLiteral("shape")
                           << QStringList{QStringLiteral("primals_4"), QStringLiteral("(1, 3)"),
                                  QStringLiteral("(3,)")};
    QTest::newRow("tensor for a number")
        << 0 << QStringLiteral("kind") << QStringList{QStringLiteral("primals_1")};
}

void TestInputs::namesWhatDoesNotFit() {
    QFETCH(int, which);
    QFETCH(QString, what);
    QFETCH(QStringList, says);
    const auto read = readText(kGraph);
    auto made = synthetic(*read.module, 1, {{"s77", 7}});
    QVERIFY(made.ok());
    std::vector<tensors::Value> values = made->values;
    tensors::Value& value = values[static_cast<size_t>(which)];
    if (what == QStringLiteral("missing"))
        value.name = "other";
    else if (what == QStringLiteral("dtype"))
        value.dtype = "float64";
    else if (what == QStringLiteral("shape"))
        value.shape = {1, 3}, value.stride = {3, 1};
    else
        value = values[4], value.name = "primals_1";
    const auto bytes = std::make_shared<std::string>(tensors::write_tensor_file(values));
    const auto file = tensors::TensorFile::read(*bytes, bytes);
    QVERIFY(file.ok());
    Bindings symbols{{"s77", 7}};
    const auto taken = run::recorded_inputs(*read.module, BodyId(0), *file, symbols);
    QVERIFY(!taken.ok());
    for (const QString& word : says)
        QVERIFY2(taken.error().message.find(word.toStdString()) != std::string::npos,
            taken.error().message.c_str());
}

void TestInputs::findsTheCallsOfABody() {
    const auto dump = open_dump({dataPath(QStringLiteral("mlp4/values/00_forward.txt")).toStdString()});
    QVERIFY(dump.ok());
    const GraphModule& module = *dump->graphs.at(0).module;
    const auto prefixes = run::call_prefixes(module, find_body(module, "partitioned_fw_subgraph_0_0"));
    QCOMPARE(prefixes.size(), size_t{4});
    QCOMPARE(prefixes[0], std::string("invoke_subgraph_8/"));
    QCOMPARE(run::call_prefixes(module, BodyId(0)), std::vector<std::string>{""});
}

void TestInputs::readsNpy() {
    const std::vector<float> data{0, 1, 2, 3, 4, 5};
    const std::string bytes(reinterpret_cast<const char*>(data.data()), 24);
    std::string storage;
    auto value = tensors::read_npy(
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", bytes), "x", storage);
    QVERIFY2(value.ok(), value.ok() ? "" : value.error().text().c_str());
    QCOMPARE(value->dtype, std::string("float32"));
    QCOMPARE(value->shape, (std::vector<int64_t>{2, 3}));
    QCOMPARE(numbers<float>(*value), data);
    value = tensors::read_npy(
        npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", bytes), "x", storage);
    QVERIFY(value.ok());
    QCOMPARE(numbers<float>(*value), (std::vector<float>{0, 2, 4, 1, 3, 5}));
    // Written and read again it is the same, and NumPy's own header.
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 3}, {6}, {}}) {
        tensors::Value out;
        out.name = "x";
        out.dtype = "float32";
        out.shape = shape;
        out.stride = tensors::dense_stride(shape);
        out.bytes = std::string_view(bytes).substr(0, shape.empty() ? 4 : 24);
        const auto file = tensors::write_npy(out);
        QVERIFY(file);
        std::string again;
        const auto read = tensors::read_npy(*file, "x", again);
        QVERIFY2(read, read ? "" : read.error().text().c_str());
        QCOMPARE(read->shape, shape);
        QCOMPARE(read->dtype, "float32");
        QVERIFY(read->bytes == out.bytes);
        QCOMPARE((file->size() - out.bytes.size()) % 64, size_t(0));
        QVERIFY(shape.size() != 1 || file->find("'shape': (6,), }") != std::string::npos);
        out.dtype = "bfloat16";
        QVERIFY(!tensors::write_npy(out));
    }
    value = tensors::read_npy(
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': (), }\n", bytes.substr(0, 8)), "x", storage);
    QVERIFY(value.ok());
    QCOMPARE(value->shape.size(), size_t{0});
}

void TestInputs::refusesOddNpy_data() {
    QTest::addColumn<QByteArray>("bytes");
    const auto row = [](const char* name, const std::string& bytes) {
        QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size()));
    };
    row("empty", "");
    row("other", "PK\x03\x04 and so on and on");
    row("objects", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", "12345678"));
    row("big-endian", npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n", "1234"));
    row("too little data", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", "1234"));
    row("overflow",
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8), }\n", "1234"));
    row("no shape", npy("{'descr': '<f4', 'fortran_order': False}\n", "1234"));
    row("header beyond the file", std::string("\x93NUMPY\x01\x00\xff\xff{'descr'", 18));
}

void TestInputs::refusesOddNpy() {
    QFETCH(QByteArray, bytes);
    std::string storage;
    const auto value =
        tensors::read_npy({bytes.constData(), static_cast<size_t>(bytes.size())}, "x", storage);
    QVERIFY(!value.ok());
    QCOMPARE(value.error().kind, Error::Kind::Damaged);
}

QTEST_GUILESS_MAIN(TestInputs)
#include "tst_inputs.moc"
