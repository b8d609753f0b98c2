// Inputs that are there one by one: weights of a .pt2, storages beside a script, and those that a person
// names.
#include "core/run/request.h"
#include "core/run/single_inputs.h"
#include "core/tensors/view.h"
#include "tests/testdata.h"

#include <QTemporaryDir>
#include <QTest>

#include <cstring>

using namespace hopscope;
using namespace hopscope::test;

class TestSingleInputs : public QObject {
    Q_OBJECT

private slots:
    void weightsOfAnArchive();
    void damagedWeight();
    void bothLayoutsAreTheSame();
    void storagesBesideAScript();
    void byShape();
    void refused_data();
    void refused();
    void views();
};

namespace {

Result<run::Prepared> prepared(
    const Dump& dump, std::optional<uint64_t> seed, std::vector<std::string> words = {}) {
    run::Request request;
    request.seed = seed;
    request.single_inputs = std::move(words);
    return run::prepare(dump, request);
}

const tensors::Value& valueOf(const run::Prepared& p, std::string_view name) {
    for (const tensors::Value& value : p.inputs.values)
        if (value.name == name)
            return value;
    qFatal("no such input");
}

template <class T> std::vector<T> numbers(const tensors::Value& value) {
    std::vector<T> out(value.bytes.size() / sizeof(T));
    std::memcpy(out.data(), value.bytes.data(), value.bytes.size());
    return out;
}

} // namespace

void TestSingleInputs::weightsOfAnArchive() {
    const auto dump = open_dump({dataPath("pt2/mutating.pt2").toStdString()});
    QVERIFY(dump.ok());
    const auto made = prepared(*dump, 1);
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(numbers<float>(valueOf(*made, "p_w")), (std::vector<float>{1, 2, 3}));
    QCOMPARE(numbers<float>(valueOf(*made, "p_t")), (std::vector<float>{1, 2, 3})); // tied: one storage
    QCOMPARE(numbers<float>(valueOf(*made, "b_n")), (std::vector<float>{0, 0, 0}));
    QVERIFY(made->inputs.synthetic);
    QCOMPARE(QString::fromStdString(made->inputs_told),
        QStringLiteral("3 inputs of mutating.pt2, 1 synthetic, seed 1"));
    // Without a seed also the input that it was exported with.
    const auto all = prepared(*dump, {});
    QVERIFY2(all.ok(), all.ok() ? "" : all.error().text().c_str());
    QVERIFY(!all->inputs.synthetic);
    QVERIFY(numbers<float>(valueOf(*all, "x")) != numbers<float>(valueOf(*made, "x")));
}

// One byte of a weight is another: its sum does not hold, and it is no number to run on.
void TestSingleInputs::damagedWeight() {
    QByteArray archive = bytesOf(dataPath("pt2/mutating.pt2"));
    const qsizetype name = archive.indexOf("mutating/data/weights/weight_0");
    QVERIFY(name >= 30);
    const auto length = [&](qsizetype at) {
        return qsizetype(uchar(archive[at])) + 256 * qsizetype(uchar(archive[at + 1]));
    };
    const qsizetype data =
        name + length(name - 4) + length(name - 2); // a local header is 30 bytes and the name
    archive[data] = char(archive[data] ^ 0x40);
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("damaged.pt2"));
    QVERIFY(writeFile(path, archive));
    const auto dump = open_dump({path.toStdString()});
    QVERIFY(dump.ok());
    const auto made = prepared(*dump, 1);
    const QString told =
        made.ok() ? QString::fromStdString(made->inputs_told) : QString::fromStdString(made.error().text());
    QVERIFY2(!made.ok() || !told.startsWith(QStringLiteral("3 inputs")), qPrintable(told));
}

void TestSingleInputs::bothLayoutsAreTheSame() {
    const auto now = open_dump({dataPath("pt2/dynamic.pt2").toStdString()});
    const auto old = open_dump({dataPath("pt2/old.pt2").toStdString()});
    const auto a = prepared(*now, {}), b = prepared(*old, {});
    QVERIFY2(a.ok(), a.ok() ? "" : a.error().text().c_str());
    QVERIFY2(b.ok(), b.ok() ? "" : b.error().text().c_str());
    QCOMPARE(a->inputs.values.size(), size_t{8});
    for (size_t i = 0; i < a->inputs.values.size(); ++i) {
        const tensors::Value &x = a->inputs.values[i], &y = b->inputs.values[i];
        QCOMPARE(x.name, y.name);
        QCOMPARE(x.shape, y.shape);
        QCOMPARE(x.python, y.python);
        QVERIFY2(x.bytes == y.bytes, x.name.c_str());
    }
    QCOMPARE(QString::fromStdString(valueOf(*a, "k").python), QStringLiteral("3"));
    QCOMPARE(a->symbols.at("s77"), int64_t{6});
    QCOMPARE(numbers<float>(valueOf(*a, "b_m")), (std::vector<float>{0.5, 0.5, 0.5, 0.5}));
}

// Two tensors of one storage, one of them transposed.
void TestSingleInputs::storagesBesideAScript() {
    const auto dump = open_dump({dataPath("script/repro.py").toStdString()});
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    const auto made = prepared(*dump, {});
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(numbers<float>(valueOf(*made, "x_1")), (std::vector<float>{0, 1, 2, 3, 4, 5}));
    QCOMPARE(numbers<float>(valueOf(*made, "y_1")), (std::vector<float>{4, 7, 5, 8, 6, 9}));
    QCOMPARE(numbers<int64_t>(valueOf(*made, "i_1")), (std::vector<int64_t>{1, 0, 1}));
}

void TestSingleInputs::byShape() {
    const auto dump = open_dump({dataPath("pt2/dynamic.pt2").toStdString()});
    const auto made = prepared(*dump, 1, {"x=f32[5,8]", "y=float32[2]", "k=4"});
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
    QCOMPARE(valueOf(*made, "x").shape, (std::vector<int64_t>{5, 8}));
    QCOMPARE(made->symbols.at("s77"), int64_t{5});
    QCOMPARE(made->symbols.at("s17"), int64_t{2});
    QCOMPARE(QString::fromStdString(valueOf(*made, "k").python), QStringLiteral("4"));
    QVERIFY(made->defaulted.empty());
}

void TestSingleInputs::refused_data() {
    QTest::addColumn<QString>("word");
    QTest::addColumn<QString>("says");
    QTest::newRow("shape") << "x=f32[5,7]"
                           << "has shape (5, 7); expected (5, 8)";
    QTest::newRow("dtype") << "x=f64[5,8]"
                           << "has dtype float64; expected float32";
    QTest::newRow("name") << "q=f32[5]"
                          << "no input 'q'";
    QTest::newRow("type") << "x=f99[5]"
                          << "unknown type 'f99'";
    QTest::newRow("symbol") << "x=f32[s9,8]"
                            << "as long as 's9' has no value";
    QTest::newRow("strides") << "x=f32[5,8][1]"
                             << "1 stride for 2 dimensions";
    QTest::newRow("nothing") << "x"
                             << "expected NAME=";
    QTest::newRow("word") << "k=four"
                          << "expected a type";
    QTest::newRow("open") << "x=f32[5"
                          << "brackets";
}

void TestSingleInputs::refused() {
    QFETCH(QString, word);
    QFETCH(QString, says);
    const auto dump = open_dump({dataPath("pt2/dynamic.pt2").toStdString()});
    const auto made = prepared(*dump, 1, {word.toStdString()});
    QVERIFY(!made.ok());
    QVERIFY2(QString::fromStdString(made.error().message).contains(says), made.error().text().c_str());
    // How a value is given is the caller's to say.
    QCOMPARE(made.error().remedy == Error::Remedy::BindSymbol, word.contains("s9"));
    QCOMPARE(made.error().subject, word.contains("s9") ? std::string("s9") : std::string());
}

void TestSingleInputs::views() {
    const std::string storage("\0\1\2\3\4\5\6\7", 8);
    tensors::Value v;
    v.dtype = "uint8";
    v.shape = {2, 3};
    v.stride = {1, 2};
    QCOMPARE(QByteArray::fromStdString(*tensors::elements_of(storage, v, 1)), QByteArray("\1\3\5\2\4\6", 6));
    QVERIFY(!tensors::elements_of(storage, v, 3));
    v.stride = {INT64_MAX, 2};
    QVERIFY(!tensors::elements_of(storage, v, 0));
    v.stride = {1, -1};
    QVERIFY(!tensors::elements_of(storage, v, 0));
    v.shape = {int64_t{1} << 40, int64_t{1} << 40};
    v.stride = {0, 0};
    QVERIFY(!tensors::elements_of(storage, v, 0));
}

QTEST_APPLESS_MAIN(TestSingleInputs)
#include "tst_single_inputs.moc"
