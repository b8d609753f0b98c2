// Notes, bookmarks and views.
#include "core/session/session.h"
#include "tests/session/samples.h"

#include <QtTest>

#include <thread>

using namespace hopscope;
using namespace hopscope::test;

class TestSessionNotes : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    Dump dump_;
    int files_ = 0;

    std::string fresh() {
        const std::string path = folder_.filePath(QString("%1.hopscope").arg(++files_)).toStdString();
        return Session::create(path, dump_, build_ledger(dump_)).ok() ? path : std::string();
    }

private slots:
    void initTestCase() { dump_ = hand_made(); }

    void any_text_comes_back_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("plain") << QByteArray("look here");
        QTest::newRow("quotes") << QByteArray("it's \"odd\"; DROP TABLE note; --");
        QTest::newRow("lines") << QByteArray("one\ntwo\r\n\tthree\n");
        QTest::newRow("emoji") << QByteArray("\xF0\x9F\x94\xA5 h\xC3\xB6t \xE2\x80\xAE rtl");
        QTest::newRow("NUL") << QByteArray("a\0b\0", 4);
        QTest::newRow("no UTF-8") << QByteArray("\xFF\xFE\x80");
        QTest::newRow("long") << QByteArray(1 << 20, 'x');
        QTest::newRow("empty") << QByteArray();
    }

    void any_text_comes_back() {
        QFETCH(QByteArray, text);
        const std::string wanted = text.toStdString();
        const std::string path = fresh();
        int64_t id = 0;
        {
            auto session = Session::open(path);
            auto added = (*session)->add_note(dump_, "0/0:forward:fw_subgraph_0@mm", wanted);
            QVERIFY(added.ok());
            id = *added;
        }
        auto session = Session::open(path, OpenMode::Read);
        const auto notes = (*session)->notes();
        QCOMPARE(notes->size(), size_t(1));
        QCOMPARE(notes->front().id, id);
        QVERIFY(notes->front().text == wanted);
        QCOMPARE(notes->front().address, std::string("0/0:forward:fw_subgraph_0@mm"));
        QVERIFY(QDateTime::fromString(QString::fromStdString(notes->front().created), Qt::ISODate).isValid());
        QVERIFY(notes->front().created.ends_with('Z'));
        QVERIFY((*session)->check()->empty());
    }

    void edit_remove_restore() {
        auto session = Session::open(fresh());
        const int64_t first = *(*session)->add_note(dump_, "0/0:forward", "first");
        const int64_t second = *(*session)->add_note(dump_, "0/0:forward", "second");
        QVERIFY((*session)->edit_note(first, "better").ok());
        const std::vector<Note> before = *(*session)->notes();
        QCOMPARE(before[0].text, std::string("better"));
        QVERIFY(!before[0].changed.empty());
        QVERIFY(before[1].changed.empty());
        QVERIFY((*session)->remove_note(second).ok());
        QCOMPARE((*session)->remove_note(second).error().kind, Error::Kind::NotFound);
        QCOMPARE((*session)->edit_note(second, "x").error().kind, Error::Kind::NotFound);
        QVERIFY((*session)->restore_note(before[1]).ok());
        QVERIFY(*(*session)->notes() == before);
        // An id that was given out once means that note for ever.
        QVERIFY((*session)->remove_note(second).ok());
        QVERIFY(*(*session)->add_note(dump_, "0/0:forward", "third") > second);
    }

    void addresses_must_resolve_data() {
        QTest::addColumn<QString>("address");
        for (const char* address : {"", "0/0", "9/9:forward", "0/0:backward", "0/0:forward:nowhere",
                 "0/0:forward@nobody", "0/0:forward@mm", "garbage"})
            QTest::newRow(address) << QString(address);
    }

    void addresses_must_resolve() {
        QFETCH(QString, address);
        auto session = Session::open(fresh());
        QVERIFY(!(*session)->add_note(dump_, address.toStdString(), "text").ok());
        QVERIFY(!(*session)->set_bookmark(dump_, 1, address.toStdString(), "").ok());
        QVERIFY((*session)->notes()->empty());
        QVERIFY((*session)->bookmarks()->empty());
    }

    void bookmarks_and_views() {
        const std::string path = fresh();
        {
            auto session = Session::open(path);
            QVERIFY((*session)->set_bookmark(dump_, 9, "0/0:forward", "end").ok());
            QVERIFY((*session)->set_bookmark(dump_, 0, "r3/!1/2/0:forward#1@getitem", "").ok());
            QVERIFY((*session)->set_bookmark(dump_, 9, "0/0:forward@getitem", "other").ok());
            QVERIFY((*session)->set_bookmark(dump_, 4, "0/0:forward", "gone").ok());
            QVERIFY((*session)->remove_bookmark(4).ok());
            QVERIFY((*session)->remove_bookmark(5).ok());
            QCOMPARE((*session)->set_bookmark(dump_, 10, "0/0:forward", "").error().kind, Error::Kind::Usage);
            QCOMPARE((*session)->set_bookmark(dump_, -1, "0/0:forward", "").error().kind, Error::Kind::Usage);
            QVERIFY((*session)->set_view("window", "{}").ok());
            QVERIFY((*session)->set_view("window", "{\"zoom\":2}").ok());
        }
        auto session = Session::open(path, OpenMode::Read);
        const auto bookmarks = (*session)->bookmarks();
        QCOMPARE(bookmarks->size(), size_t(2));
        QCOMPARE(bookmarks->at(0).address, std::string("r3/!1/2/0:forward#1@getitem"));
        QCOMPARE(bookmarks->at(1).slot, 9);
        QCOMPARE(bookmarks->at(1).label, std::string("other"));
        QCOMPARE((*session)->view("window"), std::string("{\"zoom\":2}"));
        QCOMPARE((*session)->view("canvas"), std::string());
    }

    void two_at_once() {
        const std::string path = fresh();
        const auto write = [&] {
            auto session = Session::open(path);
            for (int i = 0; i < 50; ++i)
                if (!session.ok() || !(*session)->add_note(dump_, "0/0:forward", "note").ok())
                    return;
        };
        std::thread other(write);
        write();
        other.join();
        auto session = Session::open(path, OpenMode::Read);
        QCOMPARE((*session)->notes()->size(), size_t(100));
        QVERIFY((*session)->check()->empty());
        QVERIFY(!QFile::exists(QString::fromStdString(path + "-wal")));
    }

    void a_reader_sees_what_a_writer_has_committed() {
        const std::string path = fresh();
        auto writer = Session::open(path);
        QVERIFY((*writer)->add_note(dump_, "0/0:forward", "one").ok());
        auto reader = Session::open(path, OpenMode::Read);
        QCOMPARE((*reader)->notes()->size(), size_t(1));
        QVERIFY((*writer)->add_note(dump_, "0/0:forward", "two").ok());
        QCOMPARE((*reader)->notes()->size(), size_t(2));
    }
};

QTEST_GUILESS_MAIN(TestSessionNotes)
#include "tst_session_notes.moc"
