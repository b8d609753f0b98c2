// Symbolic sizes as PyTorch prints them, put into numbers.
#include "core/graph/symbols.h"

#include <QTest>

using namespace hopscope;

class TestSymbols : public QObject {
    Q_OBJECT

private slots:
    void evaluates_data();
    void evaluates();
    void refuses_data();
    void refuses();
    void namesWhatIsMissing();
};

void TestSymbols::evaluates_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<qlonglong>("value");
    const auto row = [](const char* text, qlonglong value) {
        QTest::newRow(text) << QByteArray(text) << value;
    };
    row("12", 12);
    row("s77", 8);
    row("-s77", -8);
    row("2*s77", 16);
    row("s77 + s0 - 1", 12);
    row("((s77 + 7)//s0)", 3);
    row("-s77//s0", -2);
    row("(-7) % 5", 3);
    row("s0**2", 25);
    row("2*s77*s0 + s77**2//s0", 92);
    row("Max(1, s77, s0)", 8);
    row("Min(s77, s0)", 5);
    row("Mod(s77, 3)", 2);
    row("FloorDiv(s77, 3)", 2);
    row("CeilDiv(s77, 3)", 3);
    row("CeilDiv(Max(s77, 9), 3)", 3);
}

void TestSymbols::evaluates() {
    QFETCH(QByteArray, text);
    QFETCH(qlonglong, value);
    const auto found = evaluate_symbolic(text.toStdString(), {{"s77", 8}, {"s0", 5}});
    QVERIFY(found.has_value());
    QCOMPARE(static_cast<qlonglong>(*found), value);
}

void TestSymbols::refuses_data() {
    QTest::addColumn<QByteArray>("text");
    for (const char* text :
        {"", "s1", "1 +", "(1", "1)", "1 2", "1//0", "s0 % 0", "2**-1", "2**70", "Sin(1)", "Max(",
            "9223372036854775807 + 1", "9223372036854775807 * 2", "99999999999999999999", "1/2", "*"})
        QTest::newRow(text) << QByteArray(text);
    QTest::newRow("deep") << QByteArray(100000, '(') + "1" + QByteArray(100000, ')');
}

void TestSymbols::refuses() {
    QFETCH(QByteArray, text);
    QVERIFY(!evaluate_symbolic(text.toStdString(), {{"s0", 5}}).has_value());
}

void TestSymbols::namesWhatIsMissing() {
    std::string missing;
    QVERIFY(!evaluate_symbolic("s0*(s1 + s2)", {{"s0", 5}}, &missing).has_value());
    QCOMPARE(missing, std::string("s1"));
}

QTEST_GUILESS_MAIN(TestSymbols)
#include "tst_symbols.moc"
