// torch.save files: what PyTorch wrote reads as PyTorch reads it, and hostile ones do nothing.
#include "tests/tensors/pickles.h"
#include "tests/testdata.h"

#include "core/tensors/pickle.h"
#include "core/tensors/pt.h"

#include <nlohmann/json.hpp>

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;
using nlohmann::json;

namespace {

Result<tensors::PtFile> opened(const QByteArray& bytes) {
    const auto owner = std::make_shared<QByteArray>(bytes);
    return tensors::PtFile::read({owner->constData(), static_cast<size_t>(owner->size())}, owner);
}
Result<tensors::PtFile> openedFile(const QString& name) {
    return opened(bytesOf(dataPath(QStringLiteral("pt/") + name + QStringLiteral(".pt"))));
}

std::string hex(const std::string& bytes) {
    return QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())).toHex().toStdString();
}

// An archive around a pickle, with one storage "0" of four floats.
QByteArray archive(const std::string& pickle, const QByteArray& storage = QByteArray(16, '\0')) {
    return zipped({{"archive/data.pkl", QByteArray(pickle.data(), static_cast<qsizetype>(pickle.size()))},
        {"archive/byteorder", "little"}, {"archive/data/0", storage}, {"archive/version", "3\n"}});
}

// Why the tensor `x` of a dict cannot be had.
std::string refusal(const QByteArray& file) {
    const auto read = opened(file);
    if (!read)
        return read.error().message;
    const auto entry = read->find("x");
    if (!entry)
        return entry.error().message;
    const auto bytes = read->bytes_of(**entry);
    return bytes ? "" : bytes.error().message;
}

} // namespace

class TestPt : public QObject {
    Q_OBJECT

private slots:
    void readsWhatPyTorchReads_data();
    void readsWhatPyTorchReads();
    void namesWhatIsNoTensor();
    void refusesOtherFormats_data();
    void refusesOtherFormats();
    void neverExecutes_data();
    void neverExecutes();
    void refusesEveryOtherOpcode();
    void refusesImpossibleTensors_data();
    void refusesImpossibleTensors();
    void refusesOddPickles_data();
    void refusesOddPickles();
    void boundsItsWork_data();
    void boundsItsWork();
    void survivesDamage();
};

void TestPt::readsWhatPyTorchReads_data() {
    QTest::addColumn<QString>("name");
    const QDir folder(dataPath(QStringLiteral("pt")));
    for (const QString& file : folder.entryList({QStringLiteral("*.json")}, QDir::Files, QDir::Name))
        QTest::newRow(qPrintable(file)) << file.chopped(5);
}

void TestPt::readsWhatPyTorchReads() {
    QFETCH(QString, name);
    const auto file = openedFile(name);
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    const json truth =
        json::parse(bytesOf(dataPath(QStringLiteral("pt/") + name + QStringLiteral(".json"))).toStdString());
    QCOMPARE(file->entries().size(), truth.size());
    for (size_t i = 0; i < truth.size(); ++i) {
        const tensors::PtFile::Entry& entry = file->entries()[i];
        const json& expected = truth[i];
        QCOMPARE(entry.name, expected["name"].get<std::string>());
        if (expected.contains("opaque")) {
            QVERIFY2(!entry.opaque.empty(), entry.name.c_str());
            continue;
        }
        QVERIFY2(entry.opaque.empty(), (entry.name + ": " + entry.opaque).c_str());
        if (expected.contains("python")) {
            QCOMPARE(entry.value.python_type, expected["python"].get<std::string>());
            if (entry.value.python_type == "float")
                QCOMPARE(std::stod(entry.value.python), std::stod(expected["value"].get<std::string>()));
            else
                QCOMPARE(entry.value.python, expected["value"].get<std::string>());
            continue;
        }
        QCOMPARE(entry.value.dtype, expected["dtype"].get<std::string>());
        QCOMPARE(entry.value.shape, expected["shape"].get<std::vector<int64_t>>());
        QCOMPARE(entry.value.stride, expected["stride"].get<std::vector<int64_t>>());
        const auto bytes = file->bytes_of(entry);
        QVERIFY2(bytes.ok(), bytes.ok() ? "" : bytes.error().text().c_str());
        QCOMPARE(hex(*bytes), expected["bytes"].get<std::string>());
    }
}

void TestPt::namesWhatIsNoTensor() {
    const auto file = openedFile(QStringLiteral("odd"));
    QVERIFY(file.ok());
    const std::pair<const char*, const char*> rows[] = {{"sparse", "a sparse tensor"},
        {"conjugated", "conjugated or negated"}, {"big", "an integer of 11 bytes"}, {"text", "a text"},
        {"dtype", "torch.float32"}, {"device", "torch.device"}, {"object", "Opaque"},
        {"meta", "device meta"}};
    for (const auto& [name, what] : rows) {
        const auto entry = file->find(name);
        QVERIFY(entry.ok());
        QVERIFY2((*entry)->opaque.find(what) != std::string::npos, (*entry)->opaque.c_str());
        const auto bytes = file->bytes_of(**entry);
        QVERIFY(!bytes.ok());
        QVERIFY(bytes.error().message.find(name) != std::string::npos);
    }
    QVERIFY(file->find("plain").ok());
    QVERIFY(file->find("7").ok());
    QCOMPARE(file->find("nobody").error().kind, Error::Kind::NotFound);
}

void TestPt::refusesOtherFormats_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const QByteArray& bytes, const char* says) {
        QTest::newRow(name) << bytes << QString::fromUtf8(says);
    };
    const auto recorded = [](const char* name) {
        return bytesOf(dataPath(QStringLiteral("pt/%1.pt").arg(QLatin1String(name))));
    };
    row("before 1.6", recorded("legacy"), "before PyTorch 1.6");
    row("pickle protocol 4", recorded("protocol4"), "pickle protocol 4");
    row("TorchScript", recorded("torchscript"), "TorchScript");
    row("empty", "", "expected a zip archive");
    row("text", "hello", "expected a zip archive");
    row("a bare pickle", "\x80\x02}q\x01.", "expected a zip archive");
    row("another zip", zipped({{"a.txt", "hello"}}), "without a data.pkl");
    row("big-endian", zipped({{"archive/data.pkl", "\x80\x02}."}, {"archive/byteorder", "big"}}), "'big'");
    row("half of a file", recorded("views").left(900), "zip archive cannot be read");
}

void TestPt::refusesOtherFormats() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, says);
    const auto file = opened(bytes);
    QVERIFY(!file.ok());
    QVERIFY2(QString::fromStdString(file.error().message).contains(says), file.error().message.c_str());
}

// Pickles that would run a program in Python.
void TestPt::neverExecutes_data() {
    QTest::addColumn<QByteArray>("pickle");
    QTest::addColumn<QString>("what");
    Pickler bomb;
    bomb.dict().text("x").global("posix", "system").text("touch MARK").tuple(1).reduce().set_item();
    QTest::newRow("os.system") << bomb.bytes() << QStringLiteral("posix.system");
    Pickler evaluated;
    evaluated.dict()
        .text("x")
        .global("builtins", "eval")
        .text("open('MARK', 'w')")
        .tuple(1)
        .reduce()
        .set_item();
    QTest::newRow("eval") << evaluated.bytes() << QStringLiteral("builtins.eval");
    // Behind a function that is known, as its type or as its storage.
    Pickler behind;
    behind.dict().text("x").global("torch._tensor", "_rebuild_from_type_v2").mark().global("posix", "system");
    behind.global("torch", "Tensor").text("touch MARK").tuple(1).none().marked_tuple().reduce().set_item();
    QTest::newRow("behind _rebuild_from_type_v2") << behind.bytes() << QStringLiteral("posix.system");
    Pickler object;
    object.dict().text("x").global("subprocess", "Popen").text("touch MARK").tuple(1).op('\x81').set_item();
    QTest::newRow("NEWOBJ") << object.bytes() << QStringLiteral("subprocess.Popen");
    Pickler chain; // getattr(os, "system") is no name that could be called
    chain.dict()
        .text("x")
        .global("builtins", "getattr")
        .global("os", "path")
        .text("system")
        .tuple(2)
        .reduce();
    chain.text("touch MARK").tuple(1).reduce().set_item();
    QTest::newRow("the result of a call") << chain.bytes() << QStringLiteral("no function");
}

void TestPt::neverExecutes() {
    QFETCH(QByteArray, pickle);
    QFETCH(QString, what);
    QTemporaryDir folder;
    const QString before = QDir::currentPath();
    QDir::setCurrent(folder.path());
    const auto file = opened(archive(pickle.toStdString()));
    const bool read = file.ok();
    const std::string opaque = read && file->entries().size() == 1 ? file->entries()[0].opaque : "";
    const std::string refused = refusal(archive(pickle.toStdString()));
    QDir::setCurrent(before);
    QVERIFY2(read, read ? "" : file.error().message.c_str());
    QVERIFY2(QString::fromStdString(opaque).contains(what), opaque.c_str());
    QVERIFY2(QString::fromStdString(refused).contains(what), refused.c_str());
    QVERIFY(QDir(folder.path()).isEmpty());
}

void TestPt::refusesEveryOtherOpcode() {
    const std::string allowed("(.JKMNQRX)]}aebcthjqrsuG\x80\x81\x85\x86\x87\x88\x89\x8a");
    int refused = 0;
    for (int code = 0; code < 256; ++code) {
        if (allowed.find(static_cast<char>(code)) != std::string::npos)
            continue;
        std::string pickle("\x80\x02N");
        pickle += static_cast<char>(code);
        pickle.append(40, '0');
        const auto read = tensors::read_pickle(pickle);
        QVERIFY2(!read.ok(), QByteArray::number(code).constData());
        QVERIFY2(read.error().message.find("byte 3: the opcode") != std::string::npos,
            read.error().message.c_str());
        QCOMPARE(read.error().offset, uint64_t{3});
        ++refused;
    }
    QCOMPARE(refused, 256 - static_cast<int>(allowed.size()));
    QVERIFY(tensors::read_pickle(std::string("\x80\x02i"))
                .error()
                .message.find("the opcode INST (0x69) is none that torch.save writes")
        != std::string::npos);
}

void TestPt::refusesImpossibleTensors_data() {
    QTest::addColumn<QByteArray>("pickle");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, int64_t numel, int64_t offset, const std::vector<int64_t>& shape,
                         const std::vector<int64_t>& stride, const char* says, const char* key = "0") {
        Pickler p;
        p.dict().text("x").tensor("FloatStorage", key, numel, offset, shape, stride).set_item();
        QTest::newRow(name) << p.bytes() << QString::fromUtf8(says);
    };
    constexpr int64_t kHuge = int64_t{1} << 62;
    row("sound", 4, 0, {2, 2}, {2, 1}, "");
    row("repeated", 4, 3, {1000}, {0}, "");
    row("beyond by shape", 4, 0, {2, 3}, {3, 1}, "reaches up to element 5 of a storage that has 4");
    row("beyond by offset", 4, 1, {2, 2}, {2, 1}, "reaches up to element 4");
    row("beyond by stride", 4, 0, {2}, {4}, "reaches up to element 4");
    row("shape overflows", 4, 0, {kHuge, 4}, {0, 0}, "negative or too large");
    row("stride overflows", 4, 0, {3}, {kHuge}, "negative or too large");
    row("offset overflows", 4, INT64_MAX, {2}, {1}, "negative or too large");
    row("storage overflows", kHuge, 0, {2}, {1}, "negative or too large");
    row("negative shape", 4, 0, {-1}, {1}, "negative or too large");
    row("negative stride", 4, 3, {2}, {-1}, "negative or too large");
    row("negative offset", 4, -1, {2}, {1}, "negative or too large");
    row("repeated for ever", 4, 0, {int64_t{1} << 40}, {0}, "more than 16 GiB");
    row("storage shorter than said", 5, 0, {5}, {1}, "has 16 bytes; expected 20");
    row("no such storage", 4, 0, {4}, {1}, "no member data/7", "7");
    row("another member", 4, 0, {4}, {1}, "no member data/../version", "../version");
}

void TestPt::refusesImpossibleTensors() {
    QFETCH(QByteArray, pickle);
    QFETCH(QString, says);
    const QString found = QString::fromStdString(refusal(archive(pickle.toStdString())));
    QVERIFY2(says.isEmpty() ? found.isEmpty() : found.contains(says), qPrintable(found));
}

void TestPt::refusesOddPickles_data() {
    QTest::addColumn<QByteArray>("pickle");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const std::string& pickle, const char* says) {
        QTest::newRow(name) << QByteArray(pickle.data(), static_cast<qsizetype>(pickle.size()))
                            << QString::fromUtf8(says);
    };
    row("empty", "", "ends before its STOP");
    row("without STOP", "\x80\x02}", "ends before its STOP");
    row("nothing left", "\x80\x02.", "0 objects are left");
    row("two left", "\x80\x02NN.", "2 objects are left");
    row("popped below a mark", "\x80\x02N(a.", "the stack holds 0 objects");
    row("no mark", "\x80\x02Nt.", "there is no mark");
    row("memo of nothing", std::string("\x80\x02h\x07.", 5), "nothing was put under 7");
    row("put of nothing", std::string("\x80\x02q\x01.", 5), "the stack is empty");
    row("text beyond the end",
        std::string("\x80\x02X\xff\xff\xff\xff"
                    "ab",
            9),
        "4294967295 bytes where 2 are left");
    row("global without an end",
        "\x80\x02"
        "cos\nsystem",
        "a name without an end");
    row("a key without a value", "\x80\x02}(Nu.", "a key without a value");
    row("items for a number", "\x80\x02NNa.", "no list");
    row("arguments that are no tuple",
        "\x80\x02"
        "ca\nb\nNR.",
        "no tuple");
    row("a reference of another form", "\x80\x02NQ.", "a reference that is no");
}

void TestPt::refusesOddPickles() {
    QFETCH(QByteArray, pickle);
    QFETCH(QString, says);
    const auto read = tensors::read_pickle({pickle.constData(), static_cast<size_t>(pickle.size())});
    QVERIFY(!read.ok());
    QCOMPARE(read.error().kind, Error::Kind::Damaged);
    QVERIFY2(QString::fromStdString(read.error().message).contains(says), read.error().message.c_str());
}

// Few bytes that stand for very much.
void TestPt::boundsItsWork_data() {
    QTest::addColumn<QByteArray>("pickle");
    QTest::addColumn<QString>("says");
    Pickler self; // a list in itself
    self.list().op('q').op('\x01').op('h').op('\x01').append();
    QTest::newRow("a list in itself") << self.bytes() << QStringLiteral("hold themselves");
    Pickler dict; // a dict in itself, under a name
    dict.dict().op('q').op('\x01').text("me").op('h').op('\x01').set_item();
    QTest::newRow("a dict in itself") << dict.bytes() << QStringLiteral("hold themselves");
    for (const bool leaf : {true, false}) { // each level holds the one before ten times: ten to the forty
        Pickler laughs;
        laughs.mark().list();
        if (leaf)
            laughs.none().append();
        for (int level = 0; level < 40; ++level) {
            laughs.op('q').op('\x01').list().op('(');
            for (int i = 0; i < 10; ++i)
                laughs.op('h').op('\x01');
            laughs.op('e');
        }
        laughs.marked_tuple();
        QTest::newRow(leaf ? "ten to the forty" : "ten to the forty empty lists")
            << laughs.bytes() << QStringLiteral("more values than");
    }
    Pickler names; // one long key, used again and again
    names.dict().op('q').op('\x01').text(QByteArray(100000, 'k').toStdString()).op('q').op('\x02');
    names.none().set_item().list().op('(');
    for (int i = 0; i < 100000; ++i)
        names.op('h').op('\x01');
    names.op('e').tuple(2);
    QTest::newRow("long names") << names.bytes() << QStringLiteral("more values than");
}

void TestPt::boundsItsWork() {
    QFETCH(QByteArray, pickle);
    QFETCH(QString, says);
    const auto file = opened(archive(pickle.toStdString()));
    QVERIFY(!file.ok());
    QVERIFY2(QString::fromStdString(file.error().message).contains(says), file.error().message.c_str());
}

// Every byte changed, and every length: an answer each time, and no tensor with bytes that it has not.
void TestPt::survivesDamage() {
    const QByteArray good = bytesOf(dataPath(QStringLiteral("pt/ordered.pt")));
    QVERIFY(good.size() > 1000);
    int refused = 0;
    const auto look = [&](const QByteArray& bytes) {
        const auto file = opened(bytes);
        refused += !file.ok();
        if (!file)
            return;
        for (const tensors::PtFile::Entry& entry : file->entries())
            if (const auto data = file->bytes_of(entry); data && entry.value.dtype == "float32")
                QCOMPARE(static_cast<int64_t>(data->size()), entry.value.elements() * 4);
    };
    for (qsizetype i = 0; i < good.size(); ++i) {
        QByteArray bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x41);
        look(bad);
        if (i % 7 == 0)
            look(good.left(i));
    }
    QVERIFY(refused > 500);
}

QTEST_GUILESS_MAIN(TestPt)
#include "tst_pt.moc"
