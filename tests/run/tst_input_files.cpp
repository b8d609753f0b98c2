// Inputs of a run from files of every kind, held against a body's placeholders.
#include "tests/tensors/pickles.h"
#include "tests/testdata.h"

#include "core/run/input_files.h"

#include <QTest>

#include <cstring>

using namespace hopscope;
using namespace hopscope::test;

namespace {

std::string pt(const char* name) {
    return dataPath(QStringLiteral("pt/%1.pt").arg(QLatin1String(name))).toStdString();
}

std::string graph(const std::string& placeholders) {
    // What it returns is all one here; a name that nothing defines would be one more input.
    return "class GraphModule(torch.nn.Module):\n    def forward(" + placeholders
        + "):\n        return (None,)\n";
}
const std::string kList =
    R"py(self, s77: "Sym(s77)", x: "f32[2, s77][s77, 1]cpu", unused, i: "i64[3][1]cpu", scale: "Sym(zf1)", flag)py";

Result<run::Inputs> inputs(const std::string& file, const std::string& placeholders, Bindings& symbols,
    const std::string& prefix = "") {
    const auto read = readText(graph(placeholders));
    if (!read.module)
        return make_error(Error::Kind::Damaged, problemText(read.problems).toStdString());
    return run::file_inputs(file, *read.module, BodyId(size_t{0}), prefix, symbols);
}
Result<run::Inputs> inputs(const std::string& file, const std::string& placeholders) {
    Bindings symbols;
    return inputs(file, placeholders, symbols);
}

std::vector<float> floats(const tensors::Value& value) {
    std::vector<float> all(value.bytes.size() / sizeof(float));
    std::memcpy(all.data(), value.bytes.data(), value.bytes.size());
    return all;
}

QByteArray npy(const QByteArray& descr, const QByteArray& shape, const QByteArray& data) {
    const QByteArray header =
        "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
    return QByteArray("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + data;
}

} // namespace

class TestInputFiles : public QObject {
    Q_OBJECT

private slots:
    void takesAListByPlace();
    void takesADictByName();
    void takesAStateDictByParameter();
    void takesOneTensor();
    void knowsTorchSaveByItsContent();
    void takesTheInvocationsKeys();
    void keepsToTheRecordedStrides();
    void takesNpyFromAFolder();
    void solvesForSymbols();
    void saysWhatDoesNotFit_data();
    void saysWhatDoesNotFit();
    void passesOverWhatNobodyNeeds();
    void looksBeforeItUnfolds();
};

void TestInputFiles::takesAListByPlace() {
    Bindings symbols;
    const auto made = inputs(pt("list"), kList, symbols);
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QVERIFY(!made->synthetic);
    QCOMPARE(made->values.size(), size_t{6});
    QCOMPARE(symbols.at("s77"), int64_t{8});
    QCOMPARE(made->values[0].python, std::string("8"));
    QCOMPARE(made->values[1].name, std::string("x"));
    QCOMPARE(floats(made->values[1]), std::vector<float>(16, 1.0f));
    QCOMPARE(made->values[2].python_type, std::string("NoneType"));
    QCOMPARE(made->values[3].dtype, std::string("int64"));
    QCOMPARE(made->values[4].python, std::string("2.5"));
    QCOMPARE(made->values[5].python, std::string("True"));
    // Tuples in tuples and dicts in them, flattened as PyTorch does.
    const auto flat =
        inputs(pt("tuple"), R"py(self, x: "f32[2][1]cpu", y: "f32[3][1]cpu", z: "i64[1][1]cpu")py");
    QVERIFY2(flat.ok(), flat.ok() ? "" : flat.error().text().c_str());
    QCOMPARE(floats(flat->values[1]), std::vector<float>(3, 0.0f));
}

void TestInputFiles::takesADictByName() {
    const auto made = inputs(pt("ordered"), R"py(self, y: "i64[3][1]cpu", x: "f32[2, 3][3, 1]cpu")py");
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(made->values[0].name, std::string("y"));
    QCOMPARE(made->values[0].bytes.size(), size_t{24});
    QCOMPARE(floats(made->values[1]), std::vector<float>(6, 1.0f));
}

void TestInputFiles::takesAStateDictByParameter() {
    const auto made = inputs(pt("state_dict"), R"py(
            self,
            primals_1: "f32[4, 3][3, 1]cpu",  # ParamAOTInput(target='model.layers.0.weight')
            x: "f32[2][1]cpu",  # ParamAOTInput(target='model.scale')
            primals_3: "i64[][]cpu",  # BufferAOTInput(target='model.layers.1.num_batches_tracked')
    )py");
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(made->values[0].name, std::string("primals_1"));
    QCOMPARE(floats(made->values[1]), (std::vector<float>{2, -1}));
    QCOMPARE(made->values[2].bytes.size(), size_t{8});
}

void TestInputFiles::takesOneTensor() {
    for (const char* name : {"tensor", "parameter"}) {
        const bool tensor = name == std::string_view("tensor");
        const auto made = inputs(pt(name),
            tensor ? R"py(self, x: "f32[2, 3][3, 1]cpu")py" : R"py(self, x: "f32[2, 2][2, 1]cpu")py");
        QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
        QCOMPARE(made->values[0].name, std::string("x"));
    }
}

void TestInputFiles::knowsTorchSaveByItsContent() {
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("saved"));
    QVERIFY(QFile::copy(QString::fromStdString(pt("tensor")), file));
    QVERIFY(inputs(file.toStdString(), R"py(self, x: "f32[2, 3][3, 1]cpu")py").ok());
    const QString old = folder.filePath(QStringLiteral("old"));
    QVERIFY(QFile::copy(QString::fromStdString(pt("legacy")), old));
    const auto refused = inputs(old.toStdString(), R"py(self, x: "f32[2][1]cpu")py");
    QVERIFY(refused.error().message.find("before PyTorch 1.6") != std::string::npos);
}

void TestInputFiles::takesTheInvocationsKeys() {
    QTemporaryDir folder;
    const std::string file = folder.filePath(QStringLiteral("values.pt")).toStdString();
    Pickler p;
    p.dict().text("x").tensor("FloatStorage", "0", 4, 0, {1}, {1}).set_item();
    p.text("call/x").tensor("FloatStorage", "0", 4, 2, {1}, {1}).set_item();
    const float data[] = {1, 2, 3, 4};
    QVERIFY(writeFile(QString::fromStdString(file),
        zipped({{"archive/data.pkl", p.bytes()},
            {"archive/data/0", QByteArray(reinterpret_cast<const char*>(data), sizeof data)}})));
    for (const auto& [prefix, expected] :
        {std::pair<std::string, float>{"", 1}, {"call/", 3}, {"call_1/", 1}}) {
        Bindings symbols;
        const auto made = inputs(file, R"py(self, x: "f32[1][1]cpu")py", symbols, prefix);
        QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
        QCOMPARE(floats(made->values[0]), std::vector<float>{expected});
    }
}

void TestInputFiles::keepsToTheRecordedStrides() {
    // Saved transposed: kept where the graph was recorded so, laid out anew where it was not.
    for (const auto& [type, stride] : {std::pair<std::string, std::vector<int64_t>>{"[1, 6]", {1, 6}},
             {"[4, 1]", {4, 1}}, {"[8, 2]", {8, 2}}}) {
        const auto made = inputs(pt("views"), "self, transposed: \"f32[6, 4]" + type + "cpu\"");
        QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
        QCOMPARE(made->values[0].stride, stride);
        QCOMPARE(floats(made->values[0])[1], 6.0f); // row-major: the next is of the next column
    }
    // A stride of 0 would lose elements: what the file has stays.
    const auto wide = inputs(pt("views"), "self, transposed: \"f32[6, 4][0, 1]cpu\"");
    QVERIFY2(wide.ok(), wide.ok() ? "" : wide.error().text().c_str());
    QCOMPARE(wide->values[0].stride, (std::vector<int64_t>{1, 6}));
}

void TestInputFiles::takesNpyFromAFolder() {
    QTemporaryDir folder;
    const float data[] = {1, 2, 3, 4, 5, 6};
    const QByteArray bytes(reinterpret_cast<const char*>(data), sizeof data);
    QVERIFY(writeFile(folder.filePath(QStringLiteral("x.npy")), npy("<f4", "(2, 3)", bytes)));
    QVERIFY(writeFile(folder.filePath(QStringLiteral("y.npy")), npy("<f4", "(6,)", bytes)));
    const std::string both = R"py(self, x: "f32[2, 3][3, 1]cpu", y: "f32[s0][1]cpu")py";
    Bindings symbols;
    const auto made = inputs(folder.path().toStdString(), both, symbols);
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(symbols.at("s0"), int64_t{6});
    QCOMPARE(floats(made->values[1])[5], 6.0f);
    const std::string file = folder.filePath(QStringLiteral("x.npy")).toStdString();
    QVERIFY(inputs(file, R"py(self, x: "f32[2, 3][3, 1]cpu")py").ok());
    QVERIFY(inputs(file, both).error().message.find("the body has 2 inputs") != std::string::npos);
    QFile::remove(folder.filePath(QStringLiteral("y.npy")));
    const auto missing = inputs(folder.path().toStdString(), both);
    QVERIFY(missing.error().text().find("y.npy") != std::string::npos);
}

void TestInputFiles::solvesForSymbols() {
    Bindings symbols;
    const auto made = inputs(pt("ordered"), R"py(self, x: "f32[2, s5 - 1][s5 - 1, 1]cpu")py", symbols);
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(symbols.at("s5"), int64_t{4});
}

void TestInputFiles::saysWhatDoesNotFit_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("placeholders");
    QTest::addColumn<QStringList>("says");
    const auto row = [](const char* name, const char* file, const std::string& placeholders,
                         const QStringList& says) {
        QTest::newRow(name) << QString::fromUtf8(file) << QString::fromStdString("self, " + placeholders)
                            << says;
    };
    row("count of a list", "list", R"(x: "f32[2]cpu")", {"its list has 6 values", "expected 1"});
    row("count of a tensor", "tensor", R"(x: "f32[2, 3]cpu", y: "f32[2, 3]cpu")",
        {"it is one value", "expected 2"});
    row("missing", "ordered", R"(x: "f32[2, 3]cpu", z: "f32[1]cpu")", {"'z'", "has 2 values: x, y"});
    row("dtype", "ordered", R"(x: "f64[2, 3]cpu")", {"'x' has dtype float32", "expected float64"});
    row("shape", "ordered", R"(x: "f32[3, 2]cpu")", {"'x' has shape (2, 3)", "expected (3, 2)"});
    row("rank", "ordered", R"(x: "f32[6]cpu")", {"(2, 3)", "(6,)"});
    row("number for a tensor", "state_dict", R"(epoch: "f32[]cpu")",
        {"'epoch' is the int 3", "expected the tensor f32[]"});
    row("None for a tensor", "state_dict", R"(best: "f32[]cpu")", {"'best' is None", "expected the tensor"});
    row("tensor for a number", "ordered", R"py(x: "Sym(s3)")py",
        {"'x' is the tensor float32 (2, 3)", "expected the int s3"});
    row("symbols that differ", "ordered", R"(x: "f32[s0, s0]cpu")",
        {"'x' has shape (2, 3)", "expected (2, 2)"});
    row("sparse", "odd", R"(sparse: "f32[2, 2]cpu")", {"'sparse' is a sparse tensor"});
    row("an object", "odd", R"(object: "f32[2, 2]cpu")", {"'object' is an object of", "Opaque"});
    row("text", "odd", "text", {"'text' is a text"});
    row("before 1.6", "legacy", R"(x: "f32[2]cpu")", {"before PyTorch 1.6"});
    row("no such file", "nobody", R"(x: "f32[2]cpu")", {"nobody.pt"});
}

void TestInputFiles::saysWhatDoesNotFit() {
    QFETCH(QString, file);
    QFETCH(QString, placeholders);
    QFETCH(QStringList, says);
    const std::string path = pt(file.toUtf8().constData());
    const auto made = inputs(path, placeholders.toStdString());
    QVERIFY(!made.ok());
    QCOMPARE(made.error().file, path);
    for (const QString& word : says)
        QVERIFY2(
            QString::fromStdString(made.error().message + path).contains(word), made.error().message.c_str());
}

void TestInputFiles::passesOverWhatNobodyNeeds() {
    const auto made = inputs(pt("odd"), R"(self, plain: "f32[2][1]cpu")");
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(floats(made->values[0]), (std::vector<float>{1, 1}));
}

// A view of stride 0 says gigabytes in few bytes: its shape is held against the placeholder first.
void TestInputFiles::looksBeforeItUnfolds() {
    QTemporaryDir folder;
    const std::string file = folder.filePath(QStringLiteral("bomb.pt")).toStdString();
    Pickler p;
    p.dict().text("x").tensor("FloatStorage", "0", 4, 0, {int64_t{1} << 31}, {0}).set_item();
    QVERIFY(writeFile(QString::fromStdString(file),
        zipped({{"archive/data.pkl", p.bytes()}, {"archive/data/0", QByteArray(16, '\0')}})));
    const auto made = inputs(file, R"(self, x: "f32[2][1]cpu")");
    QVERIFY(!made.ok());
    QVERIFY2(made.error().message.find("has shape (2147483648,); expected (2,)") != std::string::npos,
        made.error().message.c_str());
}

QTEST_GUILESS_MAIN(TestInputFiles)
#include "tst_input_files.moc"
