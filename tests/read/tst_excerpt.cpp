// The lines of a dump's file around one of them.
#include "core/read/excerpt.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestExcerpt : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        QByteArray text;
        for (int n = 1; n <= 50; ++n)
            text += "line " + QByteArray::number(n) + (n == 7 ? "\r\n" : "\n");
        text += QByteArray(5000, 'x') + "\n";
        write(text);
        dump_.files.push_back({path_, "text", static_cast<uint64_t>(text.size())});
    }

    void around() {
        const auto found = read_excerpt(dump_, FileId(0), 10, 3);
        QVERIFY(found.ok());
        QCOMPARE(found->first, uint64_t{7});
        QCOMPARE(found->lines.size(), size_t{7});
        QCOMPARE(found->lines.front(), std::string("line 7")); // without its carriage return
        QCOMPARE(found->lines.back(), std::string("line 13"));
        QCOMPARE(found->total, uint64_t{51});
        QVERIFY(!found->whole() && found->changed.empty());
    }

    void bordersAndLongLines() {
        const auto all = read_excerpt(dump_, FileId(0), 0);
        QVERIFY(all.ok() && all->whole());
        QCOMPARE(all->line, uint64_t{1});
        QVERIFY(all->lines.back().ends_with(" … 1000 more bytes"));
    }

    void whatIsNotThere() {
        QCOMPARE(read_excerpt(dump_, FileId(), 1).error().kind, Error::Kind::NotFound);
        const auto behind = read_excerpt(dump_, FileId(0), 52);
        QVERIFY(!behind.ok());
        QVERIFY(behind.error().message.find("found 51 lines") != std::string::npos);
    }

    // Lines are looked up in the file as it is now: where it is another one, that is said.
    void aChangedFile() {
        write("line 1\nline 2\n");
        const auto found = read_excerpt(dump_, FileId(0), 2);
        QVERIFY(found.ok());
        QVERIFY(found->changed.find("has 14") != std::string::npos);
        QVERIFY(QFile::remove(QString::fromStdString(path_)));
        QCOMPARE(read_excerpt(dump_, FileId(0), 2).error().kind, Error::Kind::CannotRead);
    }

private:
    void write(const QByteArray& text) {
        QFile file(QString::fromStdString(path_));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(text), text.size());
    }

    QTemporaryDir folder_;
    std::string path_ = folder_.filePath("log.txt").toStdString();
    Dump dump_;
};

QTEST_GUILESS_MAIN(TestExcerpt)
#include "tst_excerpt.moc"
