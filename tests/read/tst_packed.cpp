// Tar archives, and logs that bzip2, xz or zstd packed: the dump is what it is unpacked, and what is missing
// is said.
#include "core/graph/print.h"
#include "core/read/tar.h"
#include "core/read/unfold.h"
#include "tests/testdata.h"

#include <QTest>

#include <archive.h>
#include <archive_entry.h>

#include <atomic>
#include <functional>
#include <memory>
#include <random>

using namespace hopscope;
using namespace hopscope::test;

namespace {

using Members = std::vector<std::pair<QByteArray, QByteArray>>; // name, bytes

struct Free {
    void operator()(archive* a) const { archive_write_free(a); }
};

// `filter`: "bzip2", "xz", "zstd", "gzip", "none", or "zip" for an archive of that form. `raw`: the one
// member alone. A member called "a -> b" is a symbolic link, "a => b" a hard one.
QByteArray packed(const Members& members, const char* filter, bool raw = false) {
    const std::unique_ptr<archive, Free> a(archive_write_new());
    const bool zip = qstrcmp(filter, "zip") == 0;
    if (!zip && qstrcmp(filter, "none") != 0
        && archive_write_add_filter_by_name(a.get(), filter) != ARCHIVE_OK)
        return {};
    raw       ? archive_write_set_format_raw(a.get())
        : zip ? archive_write_set_format_zip(a.get())
              : archive_write_set_format_ustar(a.get());
    size_t all = 1 << 16;
    for (const auto& [name, bytes] : members)
        all += static_cast<size_t>(bytes.size()) + 2048;
    QByteArray out(static_cast<qsizetype>(all), '\0');
    size_t used = 0;
    archive_write_open_memory(a.get(), out.data(), all, &used);
    for (const auto& [name, bytes] : members) {
        archive_entry* entry = archive_entry_new();
        const qsizetype link = std::max(name.indexOf(" -> "), name.indexOf(" => "));
        archive_entry_set_pathname(entry, (link < 0 ? name : name.left(link)).constData());
        archive_entry_set_filetype(entry, name.endsWith('/') ? AE_IFDIR : AE_IFREG);
        if (link >= 0 && name[link + 1] == '-') {
            archive_entry_set_filetype(entry, AE_IFLNK);
            archive_entry_set_symlink(entry, name.constData() + link + 4);
        } else if (link >= 0) {
            archive_entry_set_hardlink(entry, name.constData() + link + 4);
        }
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, bytes.size());
        archive_write_header(a.get(), entry);
        archive_write_data(a.get(), bytes.constData(), static_cast<size_t>(bytes.size()));
        archive_entry_free(entry);
    }
    archive_write_close(a.get());
    out.truncate(static_cast<qsizetype>(used));
    return out;
}

QString listed(const Dump& dump) {
    QStringList out;
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        const Graph& g = dump.graphs[i];
        out << QString::fromStdString(address_of(dump, GraphId(i))) + ' '
                + QString::number(g.module ? g.module->bodies[0].nodes.size() : 0);
    }
    return out.join('\n');
}

QStringList problems(const Dump& dump) {
    QStringList out;
    for (const Problem& p : dump.problems)
        out << QString::fromStdString(
            (p.file ? dump.files[p.file.index].path + ": " : std::string()) + p.message);
    return out;
}

} // namespace

class TestPacked : public QObject {
    Q_OBJECT

private slots:
    void alone_data();
    void alone();
    void tarOfARun_data();
    void tarOfARun();
    void whatIsNoDump();
    void archiveInAnArchive();
    void onlyAnArchiveInAnArchive();
    void damagedInTheMiddle();
    void skippableFrames();
    void cancelledAtOnce();
    void cut();
    void bounded();
    void boundedTogether();
    void textsThatLookPacked();
    void cutOrDamaged_data();
    void cutOrDamaged();
    void damagedAtItsBegin();
    void cutBetweenMembers();
    void cutZip();
    void packedInAnArchive_data();
    void packedInAnArchive();
    void links();

private:
    Result<Dump> open(const QByteArray& bytes, const OpenOptions& options = {}) {
        const QString path = folder_.filePath(QStringLiteral("file"));
        if (!writeFile(path, bytes))
            return make_error(Error::Kind::CannotRead, "cannot write the test's file");
        return open_dump({path.toStdString()}, options);
    }
    QTemporaryDir folder_;
};

void TestPacked::alone_data() {
    QTest::addColumn<QString>("filter");
    for (const char* filter : {"bzip2", "xz", "zstd"})
        QTest::newRow(filter) << filter;
}

void TestPacked::alone() {
    QFETCH(QString, filter);
    const auto plain = open(traceBytes("mlp4"));
    const auto dump = open(packed({{"x", traceBytes("mlp4")}}, filter.toLatin1(), true));
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(listed(*dump), listed(*plain));
    QCOMPARE(dump->files.size(), size_t(1));
    QVERIFY(dump->files[0].path.ends_with("/file"));
    QVERIFY(dump->problems.empty());
    // A printed graph is no log, and found all the same: a person named the file.
    const auto text =
        open(packed({{"x", "what I see:\n\ndef forward(self, x):\n    y = x.sin()\n    return y\n"}},
            filter.toLatin1(), true));
    QVERIFY(text.ok() && text->graphs.size() == 1);
}

void TestPacked::tarOfARun_data() {
    QTest::addColumn<QString>("filter");
    for (const char* filter : {"none", "gzip", "bzip2", "xz", "zstd"})
        QTest::newRow(filter) << filter;
}

// Trace and log of a run in one file, the log packed once more: as if both were named.
void TestPacked::tarOfARun() {
    QFETCH(QString, filter);
    const auto both = open_dump({traceOf("mlp4"), textLogOf("mlp4")});
    QVERIFY(both.ok());
    QFile log(QString::fromStdString(textLogOf("mlp4")));
    QVERIFY(log.open(QIODevice::ReadOnly));
    const QByteArray bytes =
        packed({{"run/", ""}, {"run/notes.txt", "buy milk\n"}, {"run/trace.log", traceBytes("mlp4")},
                   {"run/log.txt.gz", packed({{"x", log.readAll()}}, "gzip", true)}},
            filter.toLatin1());
    const auto dump = open(bytes);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(listed(*dump), listed(*both));
    QCOMPARE(dump->messages.size(), both->messages.size());
    QCOMPARE(dump->files.size(), size_t(2));
    QVERIFY(dump->files[0].path.ends_with("/file/run/trace.log"));
}

void TestPacked::whatIsNoDump() {
    const auto dump = open(packed({{"a.txt", "buy milk\n"}, {"b.txt", "and bread\n"}}, "xz"));
    QVERIFY(!dump.ok());
    QCOMPARE(dump.error().message, std::string("is a tar archive of 2 files, and none of them is a dump"));
    const auto text = open(packed({{"x", "buy milk\n"}}, "zstd", true));
    QVERIFY(!text.ok());
    QVERIFY2(text.error().message.starts_with("found no TORCH_TRACE record"), text.error().message.c_str());
}

void TestPacked::archiveInAnArchive() {
    const QByteArray inner = packed({{"trace.log", traceBytes("mlp4")}}, "xz");
    const auto dump = open(packed({{"inner.tar.xz", inner}, {"trace.log", traceBytes("shapes")}}, "gzip"));
    QVERIFY(dump.ok());
    QVERIFY2(problems(*dump).join('\n').contains(
                 "/file/inner.tar.xz: is an archive in an archive, which is not opened"),
        qPrintable(problems(*dump).join('\n')));
}

void TestPacked::onlyAnArchiveInAnArchive() {
    const auto dump =
        open(packed({{"inner.tar.xz", packed({{"trace.log", traceBytes("mlp4")}}, "xz")}}, "gzip"));
    QVERIFY(!dump.ok());
    QVERIFY2(
        dump.error().message.find("is a tar archive of 1 file, none of them a dump; 1 archive among them")
            != std::string::npos,
        dump.error().message.c_str());
}

// The header of the second member of three.
void TestPacked::damagedInTheMiddle() {
    QByteArray bytes = packed(
        {{"a.log", traceBytes("mlp4")}, {"b.log", traceBytes("shapes")}, {"c.log", traceBytes("used_once")}},
        "none");
    bytes[bytes.indexOf("b.log")] = 'x';
    const auto dump = open(bytes);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(dump->files.size(), size_t(3)); // with the archive, of which it is told
    QVERIFY2(
        problems(*dump).join('\n').contains("a member may be lost"), qPrintable(problems(*dump).join('\n')));
}

// As pzstd begins.
void TestPacked::skippableFrames() {
    const QByteArray frame("\x50\x2a\x4d\x18\x04\0\0\0abcd", 12);
    const auto dump = open(frame + packed({{"x", traceBytes("mlp4")}}, "zstd", true));
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY(!dump->graphs.empty());
}

// Before the first file is read there is none that names the dump.
void TestPacked::cancelledAtOnce() {
    const QString path = folder_.filePath(QStringLiteral("cancelled"));
    QVERIFY(writeFile(path, packed({{"x", traceBytes("mlp4")}}, "xz", true)));
    std::atomic<bool> cancel = true;
    Job job;
    job.cancel = &cancel;
    const auto dump = open_dump({path.toStdString()}, {}, job);
    QVERIFY(dump.ok() && dump->cancelled && dump->files.empty());
}

void TestPacked::cut() {
    const QByteArray bytes =
        packed({{"trace.log", traceBytes("mlp4")}, {"other.log", traceBytes("shapes")}}, "none");
    const auto dump = open(bytes.left(bytes.size() / 2));
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY(!dump->graphs.empty());
    QVERIFY2(problems(*dump).join('\n').contains("/file: is read in part: "),
        qPrintable(problems(*dump).join('\n')));
    for (const char* filter : {"bzip2", "xz", "zstd"}) {
        const QByteArray whole = packed({{"trace.log", traceBytes("mlp4")}}, filter);
        for (const qsizetype left : {qsizetype(12), qsizetype(200), whole.size() / 2, whole.size() - 9}) {
            const auto part = open(whole.left(left));
            QVERIFY(part ? !part->problems.empty() : !part.error().message.empty());
        }
    }
}

// Blanks that unfold to more than any log does, in a member that nobody wants, end the reading too.
void TestPacked::bounded() {
    OpenOptions options;
    options.max_unfold = 1 << 20;
    const QByteArray bytes = packed({{"first.log", traceBytes("mlp4")}, {"blanks", QByteArray(4 << 20, ' ')},
                                        {"last.log", traceBytes("shapes")}},
        "xz");
    const auto dump = open(bytes, options);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(dump->files.size(), size_t(2));
    QVERIFY2(problems(*dump).join('\n').contains("unfolds to more than 1.00 MiB"),
        qPrintable(problems(*dump).join('\n')));
}

// All files of an archive share one limit: a thousand small bombs are one.
void TestPacked::boundedTogether() {
    OpenOptions options;
    const QByteArray log = traceBytes("gpt12");
    options.max_unfold = static_cast<uint64_t>(log.size()) * 3 / 2;
    const QByteArray member = packed({{"x", log}}, "xz", true);
    const Members logs{{"a.log.xz", member}, {"b.log.xz", member}, {"c.log.xz", member}};
    const Members plain{{"a.log", log}, {"b.log", log}, {"c.log", log}};
    for (const QByteArray& bytes : {packed(logs, "none"), packed(logs, "zip"), packed(plain, "zip")}) {
        const auto dump = open(bytes, options);
        QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
        uint64_t read = 0;
        for (const DumpFile& file : dump->files)
            read += file.bytes;
        QVERIFY(read >= static_cast<uint64_t>(log.size()) && read <= options.max_unfold);
        const QString told = problems(*dump).join('\n');
        QVERIFY2(told.contains("left of its archive's limit")
                && told.contains("from this file on the archive is not"),
            qPrintable(told));
    }
}

void TestPacked::textsThatLookPacked() {
    QVERIFY(
        !read::looks_like_tar(std::string(257, 'x') + "ustar is a word of this log" + std::string(600, 'x')));
    QVERIFY(!read::looks_like_tar(QByteArray(600, 'x').toStdString()));
    QVERIFY(!read::is_layer("BZh is a bank of Zurich"));
    QVERIFY(!read::is_layer("BZh91 and more text, with\ttabs,\r\nlines and \x1b[31mcolours\x1b[0m"));
    QVERIFY(read::is_layer(packed({{"x", "text"}}, "bzip2", true).toStdString()));
}

void TestPacked::cutOrDamaged_data() {
    QTest::addColumn<QString>("filter");
    for (const char* filter : {"gzip", "bzip2", "xz", "zstd"})
        QTest::newRow(filter) << filter;
}

// What stands before the place is read, and the place is told, whatever packed it.
void TestPacked::cutOrDamaged() {
    QFETCH(QString, filter);
    // bzip2 unpacks blocks of 900 kB whole: more than two of them.
    QByteArray log = traceBytes("gpt12");
    const qsizetype whole = log.size();
    std::mt19937 random(1);
    while (log.size() < 2'000'000)
        log += "other words " + QByteArray::number(random()) + '\n';
    const QByteArray bytes = packed({{"x", log}}, filter.toLatin1(), true);
    const auto cut = open(bytes.left(bytes.size() * 9 / 10));
    QVERIFY2(cut.ok(), cut.ok() ? "" : cut.error().text().c_str());
    QVERIFY(!cut->graphs.empty());
    QVERIFY2(problems(*cut).join('\n').contains("/file: the " + filter + " data ends early behind byte "),
        qPrintable(problems(*cut).join('\n')));
    QByteArray damaged = bytes;
    for (qsizetype i = bytes.size() * 9 / 10; i < bytes.size(); ++i)
        damaged[i] = static_cast<char>(random());
    const auto junk = open(damaged);
    QVERIFY2(junk.ok(), junk.ok() ? "" : junk.error().text().c_str());
    QVERIFY(!junk->graphs.empty());
    QVERIFY(junk->files[0].bytes > (filter == "bzip2" ? 900'000U : 1'600'000U));
    const QString told = problems(*junk).join('\n');
    QVERIFY2(told.contains("the " + filter + " data is damaged behind byte ")
            || told.contains("the " + filter + " data ends early behind byte "),
        qPrintable(told));
    const auto behind = open(bytes + "and more");
    QVERIFY(behind.ok());
    QVERIFY2(problems(*behind).join('\n').contains(
                 "data ends at byte " + QString::number(bytes.size()) + ", and the 8 bytes behind it"),
        qPrintable(problems(*behind).join('\n')));
    // Two files one behind the other are one, as the programs that pack say.
    const QByteArray two = packed({{"x", log.left(whole)}}, filter.toLatin1(), true)
        + packed({{"x", log.mid(whole)}}, filter.toLatin1(), true);
    QCOMPARE(listed(*open(two)), listed(*open(log)));
}

void TestPacked::damagedAtItsBegin() {
    QByteArray bytes = packed({{"x", traceBytes("mlp4")}}, "bzip2", true);
    bytes[5] = '\x01'; // the mark of a block
    const auto dump = open(bytes);
    QVERIFY(!dump.ok());
    QVERIFY2(dump.error().message.starts_with(
                 "is a bzip2 file of which nothing can be unpacked: its data is damaged behind byte "),
        dump.error().message.c_str());
    const auto cut = open(packed({{"x", traceBytes("mlp4")}}, "xz", true).left(30));
    QVERIFY(!cut.ok());
    QCOMPARE(cut.error().message,
        std::string("is an xz file of which nothing can be unpacked: its data ends early behind byte 30"));
    QCOMPARE(cut.error().offset, uint64_t(30));
}

// Nothing of its bytes says so but the end that is missing.
void TestPacked::cutBetweenMembers() {
    const QByteArray both = packed({{"a.log", traceBytes("mlp4")}, {"b.log", traceBytes("shapes")}}, "none");
    const auto dump = open(both.left(both.indexOf("b.log")));
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(dump->files.size(), size_t(2)); // the archive itself, of which it is told
    const QString told = problems(*dump).join('\n');
    QVERIFY2(told.contains("/file: is read in part: the blocks of zeros that end a tar archive are missing"),
        qPrintable(told));
    QVERIFY(!problems(*open(both)).join('\n').contains("archive"));
    // `tar A`, or cat: one archive behind the other's end.
    const auto joined = open(
        packed({{"a.log", traceBytes("mlp4")}}, "none") + packed({{"b.log", traceBytes("shapes")}}, "none"));
    QVERIFY(joined.ok() && !problems(*joined).join('\n').contains("archive"));
    QCOMPARE(joined->files.size(), size_t(2));
}

void TestPacked::cutZip() {
    const Members members{{"a.log", traceBytes("mlp4")}, {"b.log", traceBytes("shapes")}, {"c", "milk"}};
    QByteArray zip = packed(members, "zip");
    zip.truncate(zip.indexOf("PK\x01\x02"));
    const auto dump = open(zip);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(listed(*dump), listed(*open(packed(members, "none"))));
    const QString told = problems(*dump).join('\n');
    QVERIFY2(told.contains("/file: is a zip archive that was cut: its directory"), qPrintable(told));
    // In the midst of the second.
    zip.truncate(zip.lastIndexOf("PK\x03\x04") - 2000);
    const auto part = open(zip);
    QVERIFY2(part.ok(), part.ok() ? "" : part.error().text().c_str());
    QVERIFY(!part->graphs.empty());
}

// A log that was packed alone, in an archive: unpacked as a file of its own is.
void TestPacked::packedInAnArchive_data() {
    alone_data();
}

void TestPacked::packedInAnArchive() {
    QFETCH(QString, filter);
    const QByteArray log = packed({{"x", traceBytes("mlp4")}}, filter.toLatin1(), true);
    const QString expected = listed(*open(traceBytes("mlp4")));
    for (const char* form : {"none", "gzip", "zip"}) {
        const auto dump = open(packed({{"run/trace.log." + filter.toLatin1(), log}}, form));
        QVERIFY2(dump.ok(), dump.ok() ? form : dump.error().text().c_str());
        QCOMPARE(listed(*dump), expected);
    }
    // A cut one says where it lies.
    const auto cut = open(packed({{"a.log", traceBytes("shapes")}, {"run/trace.log", log.left(20)}}, "none"));
    QVERIFY2(cut.ok(), cut.ok() ? "" : cut.error().text().c_str());
    QVERIFY2(problems(*cut).join('\n').contains("/file/run/trace.log: is a"),
        qPrintable(problems(*cut).join('\n')));
}

void TestPacked::links() {
    const auto dump = open(packed(
        {{"trace.log", traceBytes("mlp4")}, {"latest.log -> trace.log", ""}, {"same.log => trace.log", ""}},
        "none"));
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY2(problems(*dump).join('\n').contains(
                 "/file: 2 links in it are not followed: latest.log -> trace.log, same.log -> trace.log"),
        qPrintable(problems(*dump).join('\n')));
}

QTEST_GUILESS_MAIN(TestPacked)
#include "tst_packed.moc"
