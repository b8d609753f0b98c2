// Content-Length framing: whole messages, cut ones, garbage.
#include "core/wire/framing.h"

#include <QTest>

using namespace hopscope::wire;
using Outcome = FrameReader::Outcome;

class TestFraming : public QObject {
    Q_OBJECT

private slots:
    void takesMessagesApart();
    void waitsForTheRest();
    void passesOverGarbage_data();
    void passesOverGarbage();
};

void TestFraming::takesMessagesApart() {
    FrameReader reader;
    reader.feed(framed("one") + framed("") + framed("{\"Content-Length:\": 3}"));
    std::string text;
    QCOMPARE(reader.next(text), Outcome::Message);
    QCOMPARE(text, std::string("one"));
    QCOMPARE(reader.next(text), Outcome::Message);
    QCOMPARE(text, std::string());
    QCOMPARE(reader.next(text), Outcome::Message);
    QCOMPARE(text, std::string("{\"Content-Length:\": 3}"));
    QCOMPARE(reader.next(text), Outcome::More);
}

void TestFraming::waitsForTheRest() {
    const std::string all = framed("message");
    FrameReader reader;
    std::string text;
    for (size_t i = 0; i + 1 < all.size(); ++i) {
        reader.feed(all.substr(i, 1));
        QVERIFY2(reader.next(text) == Outcome::More, qPrintable(QString::number(i)));
    }
    reader.feed(all.substr(all.size() - 1));
    QCOMPARE(reader.next(text), Outcome::Message);
    QCOMPARE(text, std::string("message"));
}

void TestFraming::passesOverGarbage_data() {
    QTest::addColumn<QByteArray>("garbage");
    QTest::newRow("words") << QByteArray("hello, world");
    QTest::newRow("zeros") << QByteArray(3000, '\0');
    QTest::newRow("no number") << QByteArray("Content-Length: many\r\n\r\n");
    QTest::newRow("negative") << QByteArray("Content-Length: -5\r\n\r\n");
    QTest::newRow("too long") << QByteArray("Content-Length: 99999999999\r\n\r\n");
    QTest::newRow("overflow") << QByteArray("Content-Length: 99999999999999999999999999\r\n\r\n");
    QTest::newRow("trailing") << QByteArray("Content-Length: 3x\r\n\r\nabc");
    QTest::newRow("endless header") << QByteArray("Content-Length: 3\r\n") + QByteArray(9000, 'x');
    QTest::newRow("half a field") << QByteArray("Content-Len");
}

void TestFraming::passesOverGarbage() {
    QFETCH(QByteArray, garbage);
    FrameReader reader;
    reader.feed(std::string_view(garbage.constData(), static_cast<size_t>(garbage.size())));
    reader.feed(framed("still here"));
    std::string text;
    int refused = 0;
    Outcome outcome = reader.next(text);
    for (; outcome == Outcome::Garbage; outcome = reader.next(text)) {
        QVERIFY(!text.empty());
        QVERIFY(++refused < 10);
    }
    QVERIFY(refused > 0);
    QCOMPARE(outcome, Outcome::Message);
    QCOMPARE(text, std::string("still here"));
}

QTEST_GUILESS_MAIN(TestFraming)
#include "tst_framing.moc"
