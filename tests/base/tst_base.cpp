// Strings, text helpers and errors that all of core rests on.
#include "core/base/printable.h"
#include "core/base/result.h"
#include "core/base/strings.h"
#include "core/base/text.h"

#include <QTest>

using namespace hopscope;

class TestBase : public QObject {
    Q_OBJECT

private slots:
    void stringsAreInternedOnce();
    void stringIdsCountUpAndSurviveGrowth();
    void keptStringsOutliveTheirSource();
    void trims_data();
    void trims();
    void identifiers_data();
    void identifiers();
    void utf8RepairsBadBytes_data();
    void printable_data();
    void printable();
    void utf8RepairsBadBytes();
    void milliseconds_data();
    void milliseconds();
    void bytes_data();
    void bytes();
    void counts();
    void errorText_data();
    void errorText();
    void resultsHoldValueOrError();
};

void TestBase::stringsAreInternedOnce() {
    StringTable table;
    const std::string a = "mm";
    const std::string b = "mm";
    const StringId first = table.intern(a);
    QVERIFY(first == table.intern(b));
    QVERIFY(table.intern("mm_1") != first);
    QCOMPARE(table.size(), size_t{2});
    QVERIFY(table.text(first) == "mm");
    QVERIFY(table.find("mm") == first);
    QVERIFY(!table.find("add").valid());
    QVERIFY(table.text(StringId()).empty());
    // The empty text is a text like any other, and not the absence of one.
    const StringId empty = table.intern("");
    QVERIFY(empty.valid());
    QVERIFY(table.find("") == empty);
}

void TestBase::stringIdsCountUpAndSurviveGrowth() {
    StringTable table;
    for (int i = 0; i < 20'000; ++i)
        QCOMPARE(table.keep("name_" + std::to_string(i)).index, static_cast<uint32_t>(i));
    for (int i = 0; i < 20'000; ++i) {
        const std::string name = "name_" + std::to_string(i);
        QCOMPARE(table.find(name).index, static_cast<uint32_t>(i));
        QVERIFY(table.text(StringId(static_cast<size_t>(i))) == name);
    }
}

void TestBase::keptStringsOutliveTheirSource() {
    StringTable table;
    StringId id;
    std::string_view held;
    {
        std::string gone = "a text that is longer than any small-string buffer would be";
        id = table.keep(gone);
        held = table.hold(gone);
        gone.assign(gone.size(), '?');
    }
    QVERIFY(table.text(id) == "a text that is longer than any small-string buffer would be");
    QVERIFY(held == table.text(id));
    QCOMPARE(table.size(), size_t{1}); // hold() makes no id
}

void TestBase::trims_data() {
    QTest::addColumn<QByteArray>("input");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("empty") << QByteArray() << QByteArray();
    QTest::newRow("only blanks") << QByteArray(" \t \t") << QByteArray();
    QTest::newRow("both ends") << QByteArray(" \ta b\t ") << QByteArray("a b");
    QTest::newRow("line ends stay") << QByteArray(" a\n") << QByteArray("a\n");
}

void TestBase::trims() {
    QFETCH(QByteArray, input);
    QFETCH(QByteArray, expected);
    QCOMPARE(QByteArray::fromStdString(std::string(trimmed(input.toStdString()))), expected);
}

void TestBase::identifiers_data() {
    QTest::addColumn<QByteArray>("input");
    QTest::addColumn<bool>("expected");
    QTest::newRow("plain") << QByteArray("mm_1") << true;
    QTest::newRow("underscore") << QByteArray("_") << true;
    QTest::newRow("empty") << QByteArray() << false;
    QTest::newRow("digit first") << QByteArray("0") << false;
    QTest::newRow("dot") << QByteArray("a.b") << false;
    QTest::newRow("not ASCII") << QByteArray("é") << false;
    QTest::newRow("NUL") << QByteArray("a\0b", 3) << false;
}

void TestBase::identifiers() {
    QFETCH(QByteArray, input);
    QFETCH(bool, expected);
    QCOMPARE(is_identifier({input.constData(), static_cast<size_t>(input.size())}), expected);
}

void TestBase::printable_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("shown");
    QTest::newRow("plain") << QByteArray("a\tb\nc é") << QByteArray("a\tb\nc é");
    QTest::newRow("title of the terminal") << QByteArray("\x1b]0;x\x07") << QByteArray("\\x1b]0;x\\x07");
    QTest::newRow("clear") << QByteArray("\x1b[2J") << QByteArray("\\x1b[2J");
    QTest::newRow("overwrite") << QByteArray("good\rbad") << QByteArray("good\\x0dbad");
    QTest::newRow("C1") << QByteArray("\xc2\x9b"
                                      "2J")
                        << QByteArray("\\x9b2J");
    QTest::newRow("DEL and NUL") << QByteArray("a\x7f\0b", 4) << QByteArray("a\\x7f\\x00b");
    QTest::newRow("right to left") << QByteArray("a\xe2\x80\xae"
                                                 "b")
                                   << QByteArray("a\\u202eb");
    QTest::newRow("bad") << QByteArray("a\xff") << QByteArray("a\xef\xbf\xbd");
}

void TestBase::printable() {
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, shown);
    QCOMPARE(QByteArray::fromStdString(hopscope::printable(bytes.toStdString())), shown);
}

void TestBase::utf8RepairsBadBytes_data() {
    QTest::addColumn<QByteArray>("input");
    QTest::addColumn<QByteArray>("expected");
    const QByteArray bad = "\xEF\xBF\xBD";
    QTest::newRow("ASCII") << QByteArray("abc") << QByteArray("abc");
    QTest::newRow("two, three and four bytes") << QByteArray("é€😀") << QByteArray("é€😀");
    QTest::newRow("lone continuation") << QByteArray("a\x80z") << QByteArray("a" + bad + "z");
    QTest::newRow("cut sequence") << QByteArray("\xE2\x82") << bad + bad;
    QTest::newRow("overlong slash") << QByteArray("\xC0\xAF") << bad + bad;
    QTest::newRow("surrogate") << QByteArray("\xED\xA0\x80") << bad + bad + bad;
    QTest::newRow("beyond Unicode") << QByteArray("\xF5\x80\x80\x80") << bad + bad + bad + bad;
    QTest::newRow("NUL stays") << QByteArray("a\0b", 3) << QByteArray("a\0b", 3);
}

void TestBase::utf8RepairsBadBytes() {
    QFETCH(QByteArray, input);
    QFETCH(QByteArray, expected);
    QCOMPARE(QByteArray::fromStdString(utf8(input.toStdString())), expected);
}

void TestBase::milliseconds_data() {
    QTest::addColumn<double>("ms");
    QTest::addColumn<QString>("expected");
    QTest::newRow("nothing") << 0.0 << "0 µs";
    QTest::newRow("microseconds") << 0.087 << "87 µs";
    QTest::newRow("just under a millisecond") << 0.9994 << "999 µs";
    QTest::newRow("rounds up to the next unit") << 0.9996 << "1.00 ms";
    QTest::newRow("three digits") << 3.14159 << "3.14 ms";
    QTest::newRow("tens") << 31.4159 << "31.4 ms";
    QTest::newRow("hundreds") << 141.2 << "141 ms";
    QTest::newRow("never 1000 ms") << 999.7 << "1.00 s";
    QTest::newRow("seconds") << 1330.0 << "1.33 s";
    QTest::newRow("two minutes") << 120'000.0 << "2.00 min";
}

void TestBase::milliseconds() {
    QFETCH(double, ms);
    QFETCH(QString, expected);
    QCOMPARE(QString::fromStdString(format_milliseconds(ms)), expected);
}

void TestBase::bytes_data() {
    QTest::addColumn<qulonglong>("bytes");
    QTest::addColumn<QString>("expected");
    QTest::newRow("none") << 0ULL << "0 B";
    QTest::newRow("bytes") << 1023ULL << "1023 B";
    QTest::newRow("KiB") << 6144ULL << "6.00 KiB";
    QTest::newRow("MiB") << 1'258'291ULL << "1.20 MiB";
    QTest::newRow("never 1024 KiB") << 1'048'575ULL << "1.00 MiB";
    QTest::newRow("largest") << ~0ULL << "16384 PiB";
}

void TestBase::bytes() {
    QFETCH(qulonglong, bytes);
    QFETCH(QString, expected);
    QCOMPARE(QString::fromStdString(format_bytes(bytes)), expected);
}

void TestBase::counts() {
    QCOMPARE(QString::fromStdString(counted(0, "node")), QStringLiteral("0 nodes"));
    QCOMPARE(QString::fromStdString(counted(1, "invocation")), QStringLiteral("1 invocation"));
    QCOMPARE(QString::fromStdString(counted(12, "invocation")), QStringLiteral("12 invocations"));
}

void TestBase::errorText_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<qulonglong>("line");
    QTest::addColumn<qulonglong>("offset");
    QTest::addColumn<QString>("expected");
    QTest::newRow("all") << "t.log" << 12ULL << 345ULL << "t.log:12: found x, expected y (byte 345)";
    QTest::newRow("no offset") << "t.log" << 12ULL << 0ULL << "t.log:12: found x, expected y";
    QTest::newRow("no line") << "t.log" << 0ULL << 0ULL << "t.log: found x, expected y";
    QTest::newRow("message alone") << "" << 0ULL << 0ULL << "found x, expected y";
    QTest::newRow("a line without a file says nothing") << "" << 3ULL << 0ULL << "found x, expected y";
}

void TestBase::errorText() {
    QFETCH(QString, file);
    QFETCH(qulonglong, line);
    QFETCH(qulonglong, offset);
    QFETCH(QString, expected);
    Error e = make_error(Error::Kind::Damaged, "found x, expected y");
    e.file = file.toStdString();
    e.line = line;
    e.offset = offset;
    QCOMPARE(QString::fromStdString(e.text()), expected);
}

void TestBase::resultsHoldValueOrError() {
    const Result<int> good = 3;
    QVERIFY(good.ok());
    QCOMPARE(*good, 3);
    const Result<int> bad = make_error(Error::Kind::NotFound, "no such node");
    QVERIFY(!bad);
    QVERIFY(bad.error().kind == Error::Kind::NotFound);
    QVERIFY(Status().ok());
    const Status status = make_error(Error::Kind::Cancelled, "cancelled");
    QVERIFY(!status.ok());
    QCOMPARE(QString::fromStdString(status.error().message), QStringLiteral("cancelled"));
}

QTEST_GUILESS_MAIN(TestBase)
#include "tst_base.moc"
