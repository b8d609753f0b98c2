// Full-text search over names, operators and source lines.
#include "core/session/session.h"
#include "tests/session/samples.h"

#include <QtTest>

using namespace hopscope;
using namespace hopscope::test;

class TestSessionSearch : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    Dump dump_;
    std::unique_ptr<Session> session_;

private slots:
    void initTestCase() {
        dump_ = hand_made();
        auto made = Session::create(folder_.filePath("s.hopscope").toStdString(), dump_, build_ledger(dump_));
        QVERIFY(made.ok());
        session_ = std::move(made).value();
    }

    void finds_data() {
        QTest::addColumn<QString>("words");
        QTest::addColumn<int>("hits"); // the same text stands in four graphs
        QTest::newRow("name") << "mm" << 4;
        QTest::newRow("name with a number") << "primals_1" << 4;
        QTest::newRow("start of a name") << "prim" << 8;
        QTest::newRow("operator") << "aten.sin.default" << 4;
        QTest::newRow("part of an operator") << "higher_order" << 0;
        QTest::newRow("source line") << "torch.sin(x @ w)" << 8;
        QTest::newRow("accent") << QString::fromUtf8("läyer") << 12;
        QTest::newRow("place") << "model.py:12" << 8;
        QTest::newRow("two words in any order") << "default mm" << 4;
        QTest::newRow("words that do not meet") << "mm getitem" << 0;
        QTest::newRow("case") << "MM" << 4;
        QTest::newRow("nothing") << "   " << 0;
        QTest::newRow("only marks") << "@ ( * \"" << 0;
    }

    void finds() {
        QFETCH(QString, words);
        QFETCH(int, hits);
        const auto found = session_->search(words.toStdString());
        QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
        QStringList addresses;
        for (const SearchHit& hit : *found) {
            addresses << QString::fromStdString(hit.address);
            const auto place = resolve(dump_, hit.address);
            QVERIFY(place.ok());
            QVERIFY(*place == (Place{hit.graph, hit.body, hit.node}));
            QVERIFY(!hit.marks.empty());
            for (const auto& [first, last] : hit.marks)
                QVERIFY(first < last && last <= hit.snippet.size());
        }
        QVERIFY2(addresses.size() == hits, qPrintable(addresses.join(' ')));
    }

    // Whatever is typed is words, never the index's own language.
    void takes_anything_data() {
        QTest::addColumn<QByteArray>("words");
        for (const char* words : {"\"", "\"\"\"", "a\"b", "mm*", "mm AND", "NOT mm", "NEAR(mm sin)",
                 "name:mm", "{mm", "^mm", "mm -sin", "'; DROP TABLE node", "a\\b", "\xFF\xFE", "mm + sin"})
            QTest::newRow(words) << QByteArray(words);
        QTest::newRow("NUL") << QByteArray("m\0m", 3);
        QTest::newRow("long") << QByteArray(100'000, 'm');
        QTest::newRow("many") << QByteArray("mm ").repeated(5'000);
    }

    void takes_anything() {
        QFETCH(QByteArray, words);
        const auto found = session_->search(words.toStdString());
        QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    }

    void keeps_to_the_limit_and_order() {
        const auto all = *session_->search("x");
        const auto some = *session_->search("x", 3);
        QVERIFY(all.size() > 3);
        QCOMPARE(some.size(), size_t(3));
        for (size_t i = 0; i < some.size(); ++i)
            QCOMPARE(some[i].address, all[i].address);
        for (size_t i = 1; i < all.size(); ++i)
            QVERIFY(all[i - 1].rank <= all[i].rank);
        QVERIFY(session_->search("x", 0)->empty());
    }
};

QTEST_GUILESS_MAIN(TestSessionSearch)
#include "tst_session_search.moc"
