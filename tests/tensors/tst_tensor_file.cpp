// safetensors: what is written is read back; damaged files are refused.
#include "core/tensors/tensor_file.h"

#include <QTest>

#include <cstring>

using namespace hopscope;
using tensors::TensorFile;
using tensors::Value;

namespace {

Value floats(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& numbers) {
    Value value;
    value.name = name;
    value.dtype = "float32";
    value.stride = tensors::dense_stride(shape);
    value.shape = std::move(shape);
    value.bytes = {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)};
    return value;
}

std::string with_header(const std::string& header, const std::string& data) {
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

} // namespace

class TestTensorFile : public QObject {
    Q_OBJECT

private slots:
    void readsWhatItWrote();
    void takesAPrefixOff();
    void refusesDamage_data();
    void refusesDamage();
    void survivesEveryCut();
};

void TestTensorFile::readsWhatItWrote() {
    const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
    std::vector<Value> values{floats("call/b", {2, 3}, numbers)};
    values[0].stride = {1, 2};
    Value number;
    number.name = "s";
    number.kind = Value::Kind::Number;
    number.python_type = "int";
    number.python = "8";
    Value tuple;
    tuple.name = "t";
    tuple.kind = Value::Kind::Tuple;
    tuple.items = 3;
    values.insert(values.end(), {number, tuple, floats("a", {}, {7})});
    const std::vector<float> seven{7};
    values.back().bytes = {reinterpret_cast<const char*>(seven.data()), sizeof(float)};

    const std::string bytes = tensors::write_tensor_file(values);
    const auto file = TensorFile::read(bytes, nullptr);
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    QCOMPARE(file->values().size(), size_t{4});
    const Value* b = file->find("call/b");
    QVERIFY(b);
    QCOMPARE(b->dtype, std::string("float32"));
    QCOMPARE(b->shape, (std::vector<int64_t>{2, 3}));
    QCOMPARE(b->stride, (std::vector<int64_t>{1, 2}));
    QCOMPARE(b->bytes, values[0].bytes);
    QCOMPARE(file->find("s")->python, std::string("8"));
    QCOMPARE(file->find("t")->items, uint64_t{3});
    QCOMPARE(file->find("a")->elements(), int64_t{1});
    QVERIFY(!file->find("call"));
}

void TestTensorFile::takesAPrefixOff() {
    const std::vector<float> one{1};
    const std::string bytes = tensors::write_tensor_file(
        {floats("call/x", {1}, one), floats("call/inner/y", {1}, one), floats("x", {1}, one)});
    const auto file = TensorFile::read(bytes, nullptr);
    QVERIFY(file.ok());
    const TensorFile below = file->below("call/");
    QCOMPARE(below.values().size(), size_t{2});
    QVERIFY(below.find("x") && below.find("inner/y"));
}

void TestTensorFile::refusesDamage_data() {
    QTest::addColumn<QByteArray>("bytes");
    const auto row = [](const char* name, const std::string& bytes) {
        QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size()));
    };
    row("empty", "");
    row("short", "abc");
    row("header beyond the file", std::string(8, '\x7f'));
    row("no JSON", with_header("{nothing", ""));
    row("a list", with_header("[1, 2]", ""));
    row("unknown dtype", with_header(R"({"a":{"dtype":"Q7","shape":[1],"data_offsets":[0,4]}})", "1234"));
    row("no offsets", with_header(R"({"a":{"dtype":"F32","shape":[1]}})", "1234"));
    row("beyond the data", with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234"));
    row("backwards", with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234"));
    row("negative offset", with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", "1234"));
    row("wrong size", with_header(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}})", "1234"));
    row("negative size", with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234"));
    row("overflowing size",
        with_header(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}})", "1234"));
    row("stride of another rank",
        with_header(R"({"__metadata__":{"values":"{\"a\":{\"stride\":[\"1\",\"1\"]}}"},)"
                    R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
            "1234"));
    row("described but absent",
        with_header(R"({"__metadata__":{"values":"{\"b\":{\"stride\":[\"1\"]}}"}})", ""));
    row("overlap",
        with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
            "123456"));
    row("the same bytes",
        with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                    R"("b":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})",
            "1234"));
    row("one name twice",
        with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                    R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            "12345678"));
    row("descriptions are no object", with_header(R"({"__metadata__":{"values":"[]"}})", ""));
}

void TestTensorFile::refusesDamage() {
    QFETCH(QByteArray, bytes);
    const auto file = TensorFile::read({bytes.constData(), static_cast<size_t>(bytes.size())}, nullptr);
    QVERIFY(!file.ok());
    QCOMPARE(file.error().kind, Error::Kind::Damaged);
    QVERIFY(!file.error().message.empty());
}

void TestTensorFile::survivesEveryCut() {
    const std::vector<float> numbers{1, 2, 3, 4};
    const std::string bytes =
        tensors::write_tensor_file({floats("a", {4}, numbers), floats("b", {2, 2}, numbers)});
    for (size_t length = 0; length < bytes.size(); ++length)
        QVERIFY2(!TensorFile::read(std::string_view(bytes).substr(0, length), nullptr).ok(),
            qPrintable(QString::number(length)));
}

QTEST_GUILESS_MAIN(TestTensorFile)
#include "tst_tensor_file.moc"
