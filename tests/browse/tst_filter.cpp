#include "core/browse/filter.h"
#include "core/browse/fuzzy.h"

#include <QTest>

using namespace hopscope;

namespace {
const std::vector<std::string_view> kFields{"decision", "region", "function", "source"};

FilterRow row(const char* decision, const char* region, const char* function, const char* source) {
    return {{"decision", decision}, {"region", region}, {"function", function}, {"source", source}};
}
} // namespace

class TestFilter : public QObject {
    Q_OBJECT

private slots:
    void matches_data() {
        QTest::addColumn<QString>("expression");
        QTest::addColumn<QString>("expected"); // which of the four rows are shown
        QTest::newRow("empty") << ""
                               << "1111";
        QTest::newRow("word") << "traced"
                              << "1010";
        QTest::newRow("two words: either") << "traced failed"
                                           << "1011";
        QTest::newRow("must") << "block +traced"
                              << "1000";
        QTest::newRow("must not") << "-traced"
                                  << "0101";
        QTest::newRow("field") << "decision:reused"
                               << "0100";
        QTest::newRow("field twice: either") << "decision:reused decision:failed"
                                             << "0101";
        QTest::newRow("two fields: both") << "region:subgraph_0 decision:traced"
                                          << "1000";
        QTest::newRow("field excluded") << "-region:subgraph_0"
                                        << "0011";
        QTest::newRow("field and word") << "function:block :59"
                                        << "";
        QTest::newRow("quoted") << "\"traced again\""
                                << "0010";
        QTest::newRow("quoted value") << "decision:\"traced again\""
                                      << "0010";
        QTest::newRow("case") << "TRACED +Block"
                              << "1000";
        QTest::newRow("group") << "+(reused failed) -loss"
                               << "0100";
        QTest::newRow("group excluded") << "-(reused failed)"
                                        << "1010";
        QTest::newRow("nothing") << "nonsense"
                                 << "0000";
    }
    void matches() {
        QFETCH(QString, expression);
        QFETCH(QString, expected);
        const std::vector<FilterRow> rows{row("traced", "subgraph_0", "block", "m.py:59"),
            row("reused", "subgraph_0", "block", "m.py:59"),
            row("traced again, new", "subgraph_1", "head", "m.py:70"),
            row("failed", "subgraph_2", "loss", "m.py:80")};
        const Result<Filter> filter = Filter::parse(expression.toStdString(), kFields);
        if (expected.isEmpty()) {
            QVERIFY(!filter);
            return;
        }
        QVERIFY2(filter.ok(), filter.ok() ? "" : filter.error().message.c_str());
        QString shown;
        for (const FilterRow& r : rows)
            shown += QLatin1Char(filter->matches(r) ? '1' : '0');
        QCOMPARE(shown, expected);
    }

    void errors_data() {
        QTest::addColumn<QString>("expression");
        QTest::addColumn<QString>("says");
        QTest::newRow("unknown field")
            << "colour:red"
            << "found the field \"colour\", expected one of decision, region, function, source";
        QTest::newRow("no value") << "region:"
                                  << "found nothing after \"region:\", expected a value";
        QTest::newRow("open quote") << "\"abc"
                                    << "found a \" that is not closed, expected another \"";
        QTest::newRow("open bracket") << "(abc"
                                      << "found a ( that is not closed, expected )";
        QTest::newRow("close bracket") << "abc)"
                                       << "found a ) without (";
        QTest::newRow("empty brackets") << "+()"
                                        << "found (), expected a word between the brackets";
        QTest::newRow("lonely plus") << "abc + def"
                                     << "found + alone, expected a word behind it";
        QTest::newRow("deep") << QString(5000, QLatin1Char('(')) << "found brackets nested deeper than 16";
    }
    void errors() {
        QFETCH(QString, expression);
        QFETCH(QString, says);
        const Result<Filter> filter = Filter::parse(expression.toStdString(), kFields);
        QVERIFY(!filter);
        QCOMPARE(int(filter.error().kind), int(Error::Kind::Usage));
        QCOMPARE(QString::fromStdString(filter.error().message), says);
    }

    void fuzzy() {
        QVERIFY(!fuzzy_score("xyz", "addmm"));
        QVERIFY(!fuzzy_score("addmmmm", "addmm"));
        QVERIFY(fuzzy_score("addmm", "addmm") > fuzzy_score("addmm", "addmm_1"));
        QVERIFY(fuzzy_score("addmm", "addmm_1") > fuzzy_score("addmm", "t_addmm"));
        QVERIFY(fuzzy_score("lnb", "layer_norm_backward") > fuzzy_score("lnb", "xalxnxb"));
        QVERIFY(fuzzy_score("ADD", "addmm") > 0);
    }
};

QTEST_MAIN(TestFilter)
#include "tst_filter.moc"
