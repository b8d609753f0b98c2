// Tar archives, and logs that bzip2, xz or zstd packed: the dump is what it is unpacked, and what is missing
// is said.
#include "core/graph/print.h"
#include "core/read/packed.h"
#include "tests/testdata.h"

#include <QTest>

#include <archive.h>
#include <archive_entry.h>

#include <atomic>
#include <functional>
#include <memory>

using namespace hopscope;
using namespace hopscope::test;

namespace {

using Members = std::vector<std::pair<QByteArray, QByteArray>>; // name, bytes

struct Free {
    void operator()(archive* a) const { archive_write_free(a); }
};

// `filter`: "bzip2", "xz", "zstd", "gzip" or "none". `raw`: the one member alone.
QByteArray packed(const Members& members, const char* filter, bool raw = false) {
    const std::unique_ptr<archive, Free> a(archive_write_new());
    if (qstrcmp(filter, "none") != 0 && archive_write_add_filter_by_name(a.get(), filter) != ARCHIVE_OK)
        return {};
    raw ? archive_write_set_format_raw(a.get()) : archive_write_set_format_ustar(a.get());
    size_t all = 1 << 16;
    for (const auto& [name, bytes] : members)
        all += static_cast<size_t>(bytes.size()) + 2048;
    QByteArray out(static_cast<qsizetype>(all), '\0');
    size_t used = 0;
    archive_write_open_memory(a.get(), out.data(), all, &used);
    for (const auto& [name, bytes] : members) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.constData());
        archive_entry_set_filetype(entry, name.endsWith('/') ? AE_IFDIR : AE_IFREG);
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
        out << QString::fromStdString(p.message);
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
    void textsThatLookPacked();

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
                 "/file/inner.tar.xz is an archive in an archive, which is not opened"),
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
    QCOMPARE(dump->files.size(), size_t(2));
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
    QVERIFY2(problems(*dump).join('\n').contains("/file is read in part: "),
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
    QCOMPARE(dump->files.size(), size_t(1));
    QVERIFY2(problems(*dump).join('\n').contains("unfolds to more than 1.00 MiB"),
        qPrintable(problems(*dump).join('\n')));
}

void TestPacked::textsThatLookPacked() {
    QVERIFY(
        !read::looks_packed(std::string(257, 'x') + "ustar is a word of this log" + std::string(600, 'x')));
    QVERIFY(!read::looks_packed("BZh is a bank of Zurich"));
    QVERIFY(!read::looks_packed("BZh91 and more text"));
    QVERIFY(!read::looks_packed(QByteArray(600, 'x').toStdString()));
    QVERIFY(read::looks_packed(packed({{"x", "text"}}, "bzip2", true).toStdString()));
}

QTEST_GUILESS_MAIN(TestPacked)
#include "tst_packed.moc"
