// Files that are there whole or not at all, hashes, the time of day, and what programs end with.
#include "core/base/clock.h"
#include "core/base/exit_status.h"
#include "core/base/hash.h"
#include "core/base/save.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace hopscope;

class TestSave : public QObject {
    Q_OBJECT

private slots:
    void writesAndReplaces();
    void keepsTheMode();
    void leavesPipesAndLinks();
    void failsWithoutATrace_data();
    void failsWithoutATrace();
    void hashes();
    void theTimeOfDay();
    void exitStatuses_data();
    void exitStatuses();
    void everyStatusIsInHelp();
};

namespace {

QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("cannot be read");
}

} // namespace

void TestSave::writesAndReplaces() {
    const QTemporaryDir folder;
    const QString path = folder.filePath("a.txt");
    QVERIFY(save_file(path.toStdString(), "first, and longer"));
    QCOMPARE(bytesOf(path), QByteArray("first, and longer"));
    QVERIFY(save_file(path.toStdString(), std::string_view("se\0cond", 7)));
    QCOMPARE(bytesOf(path), QByteArray("se\0cond", 7));
    QVERIFY(save_file(path.toStdString(), ""));
    QCOMPARE(bytesOf(path), QByteArray());
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden), QStringList{"a.txt"});
}

void TestSave::keepsTheMode() {
    const QTemporaryDir folder;
    const std::string path = folder.filePath("a.txt").toStdString();
    QVERIFY(save_file(path, "1"));
    QCOMPARE(::chmod(path.c_str(), 0640), 0);
    QVERIFY(save_file(path, "2"));
    struct stat info = {};
    QCOMPARE(::stat(path.c_str(), &info), 0);
    QCOMPARE(info.st_mode & 0777, mode_t{0640});
}

// A pipe is written into and stays a pipe; a link stays, and what it leads to is replaced.
void TestSave::leavesPipesAndLinks() {
    const QTemporaryDir folder;
    const std::string pipe = folder.filePath("pipe").toStdString();
    QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
    QVERIFY(reader >= 0);
    QVERIFY(save_file(pipe, "through the pipe"));
    char bytes[64] = {};
    QCOMPARE(::read(reader, bytes, sizeof bytes), ssize_t{16});
    QCOMPARE(QByteArray(bytes), QByteArray("through the pipe"));
    ::close(reader);
    struct stat info = {};
    QVERIFY(::lstat(pipe.c_str(), &info) == 0 && S_ISFIFO(info.st_mode));

    const QString target = folder.filePath("target.txt"), link = folder.filePath("link.txt");
    QVERIFY(save_file(target.toStdString(), "old"));
    QVERIFY(QFile::link(target, link));
    QVERIFY(save_file(link.toStdString(), "new"));
    QCOMPARE(bytesOf(target), QByteArray("new"));
    QVERIFY(QFileInfo(link).isSymLink());
}

void TestSave::failsWithoutATrace_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("no such folder") << "no/such/a.txt";
    QTest::newRow("a folder") << "there";
    QTest::newRow("no name") << "there/";
    QTest::newRow("name too long") << QString(300, 'a');
}

// As root every folder can be written to: what fails is the path.
void TestSave::failsWithoutATrace() {
    QFETCH(QString, name);
    const QTemporaryDir folder;
    QVERIFY(QDir(folder.path()).mkdir("there"));
    const std::string path = folder.path().toStdString() + '/' + name.toStdString();
    const Status status = save_file(path, "bytes");
    QVERIFY(!status);
    QVERIFY(status.error().kind == Error::Kind::CannotWrite);
    QCOMPARE(status.error().file, path);
    QVERIFY(status.error().message.starts_with("cannot write: "));
    QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot),
        QStringList{"there"});
}

void TestSave::hashes() {
    // XXH3's own figures of the empty text.
    QCOMPARE(hash64(""), uint64_t{0x2d06800538d394c2});
    QCOMPARE(hash128_hex(""), std::string("99aa06d3014798d86001c324468d497f"));
    Hasher pieces;
    pieces.add("ab");
    pieces.add("");
    pieces.add("c");
    QCOMPARE(pieces.hex(), hash128_hex("abc"));
    QCOMPARE(pieces.low(), std::stoull(pieces.hex().substr(16), nullptr, 16));
    QVERIFY(hash64("abc") != hash64("abd"));
}

void TestSave::theTimeOfDay() {
    const QDateTime before = QDateTime::currentDateTimeUtc().addSecs(-1);
    const QDateTime now = QDateTime::fromString(QString::fromStdString(utc_now()), Qt::ISODate);
    QVERIFY(now.isValid() && now.timeSpec() == Qt::UTC);
    QVERIFY(before <= now && now <= QDateTime::currentDateTimeUtc().addSecs(1));
    const Stopwatch watch;
    const double first = watch.milliseconds();
    QVERIFY(first >= 0 && watch.milliseconds() >= first);
}

void TestSave::exitStatuses_data() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("status");
    const auto row = [](const char* name, Error::Kind kind, int status) {
        QTest::newRow(name) << static_cast<int>(kind) << status;
    };
    row("cannot read", Error::Kind::CannotRead, 3);
    row("damaged", Error::Kind::Damaged, 3);
    row("not found", Error::Kind::NotFound, 2);
    row("usage", Error::Kind::Usage, 2);
    row("external", Error::Kind::External, 4);
    row("cannot write", Error::Kind::CannotWrite, 5);
    row("cancelled", Error::Kind::Cancelled, 130);
}

void TestSave::exitStatuses() {
    QFETCH(int, kind);
    QFETCH(int, status);
    QCOMPARE(static_cast<int>(exit_status(make_error(static_cast<Error::Kind>(kind), ""))), status);
}

void TestSave::everyStatusIsInHelp() {
    const QString text = QString::fromStdString(exit_statuses_text());
    for (const int status : {0, 1, 2, 3, 4, 5, 130})
        QVERIFY2(("; " + text).contains(QStringLiteral("; %1 ").arg(status)), qPrintable(text));
}

QTEST_GUILESS_MAIN(TestSave)
#include "tst_save.moc"
