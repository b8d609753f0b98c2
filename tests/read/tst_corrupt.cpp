// Damaged, cut and hostile input: never a crash, never a hang, and no damage without a word about it.
#include "core/graph/print.h"
#include "core/graph/verify.h"
#include "core/read/decode.h"
#include "core/read/payloads.h"
#include "core/regions/ledger.h"
#include "tests/testdata.h"

#include <QTest>

#include <random>
#include <sys/stat.h>
#include <zlib.h>

using namespace hopscope;
using namespace hopscope::test;

class TestCorrupt : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void cuts_data();
    void cuts();
    void flippedBytes_data();
    void flippedBytes();
    void lostLines_data();
    void lostLines();
    void shuffledLines_data();
    void shuffledLines();
    void hostile_data();
    void hostile();
    void gzipWithinGzip();
    void blankLines_data();
    void blankLines();
    void gzipCut();
    void gzipDamaged();
    void gzipThatUnfoldsToTooMuch();
    void cutLastRecord();
    void manyWrongSums();
    void manyNestedCalls();
    void pipeWithoutWriter();

private:
    Result<Dump> open(const QByteArray& bytes, bool verify = false);

    QTemporaryDir folder_;
};

namespace {

struct Summary {
    size_t graphs = 0, nodes = 0, problems = 0;
};

// Does with a dump all that the programs do, and checks what must hold of any dump.
Summary use(const Dump& dump) {
    Summary s;
    s.graphs = dump.graphs.size();
    s.problems = dump.problems.size();
    for (const Problem& p : dump.problems) {
        if (p.message.empty())
            qFatal("a problem says nothing");
        if (p.file && (p.file.index >= dump.files.size() || p.offset > dump.files[p.file.index].bytes))
            qFatal("a problem lies outside its file: %s", p.message.c_str());
    }
    for (size_t g = 0; g < dump.graphs.size(); ++g) {
        const GraphModule& m = *dump.graphs[g].module;
        s.nodes += m.node_count();
        (void)verify(m);
        if (m.bodies.size() < 100)
            (void)print_readable(m, BodyId(0));
        const auto place = resolve(dump, address_of(dump, GraphId(g)));
        if (!place || place->graph != GraphId(g))
            qFatal("%s does not resolve", address_of(dump, GraphId(g)).c_str());
    }
    const Ledger ledger = build_ledger(dump);
    if (ledger.compilations.size() != dump.compilations.size())
        qFatal("a compilation has no ledger");
    return s;
}

void addLogs() {
    QTest::addColumn<QByteArray>("log");
    QTest::newRow("trace of mlp4") << traceBytes("mlp4");
    QTest::newRow("trace of failing") << traceBytes("failing");
    QTest::newRow("text log of shapes") << bytesOf(QString::fromStdString(textLogOf("shapes")));
    QTest::newRow("print_readable") << bytesOf(dataPath("readable/checkpointed_01_backward.txt"));
}

// Variants per log: as many in all as make the suite worth its time, fewer where a sanitizer slows it down.
constexpr int kCuts = 50, kFlips = 75, kLost = 40, kShuffles = 5;

} // namespace

void TestCorrupt::initTestCase() {
    QVERIFY(folder_.isValid());
}

Result<Dump> TestCorrupt::open(const QByteArray& bytes, bool verify) {
    const QString path = folder_.filePath("input.log");
    QFile::remove(path); // a dump may still have the one before mapped
    if (!writeFile(path, bytes))
        return make_error(Error::Kind::CannotRead, "cannot write the test's file");
    OpenOptions options;
    options.verify_md5 = verify;
    return open_dump({path.toStdString()}, options);
}

void TestCorrupt::cuts_data() {
    addLogs();
}

// What stands before the cut is read as if nothing had happened.
void TestCorrupt::cuts() {
    QFETCH(QByteArray, log);
    const auto whole = open(log);
    QVERIFY(whole.ok());
    const Summary all = use(*whole);
    QCOMPARE(all.problems, size_t{0});
    size_t graphs_before = 0;
    for (int i = 0; i < kCuts; ++i) {
        const qsizetype at = log.size() * i / kCuts + i % 7;
        const auto cut = open(log.left(at));
        if (!cut) {
            QVERIFY2(at < 4000, cut.error().text().c_str());
            QVERIFY(!cut.error().message.empty());
            continue;
        }
        const Summary s = use(*cut);
        QVERIFY(s.graphs >= graphs_before && s.graphs <= all.graphs);
        QVERIFY(s.nodes <= all.nodes);
        graphs_before = s.graphs;
        // Whole graphs before the cut equal those of the whole log.
        for (size_t g = 0; g + 1 < s.graphs; ++g)
            QVERIFY(same_body(*cut->graphs[g].module, BodyId(0), *whole->graphs[g].module, BodyId(0)));
    }
}

void TestCorrupt::flippedBytes_data() {
    addLogs();
}

void TestCorrupt::flippedBytes() {
    QFETCH(QByteArray, log);
    const bool is_trace = log.contains("\"has_payload\"");
    const auto whole = open(log);
    QVERIFY(whole.ok());
    const Summary all = use(*whole);
    std::mt19937 random(20260804);
    int told = 0;
    for (int i = 0; i < kFlips; ++i) {
        QByteArray bytes = log;
        const int count = 1 << (i % 6);
        for (int k = 0; k < count; ++k)
            bytes[static_cast<qsizetype>(random() % static_cast<uint32_t>(bytes.size()))] ^=
                static_cast<char>(1 + random() % 255);
        const auto dump = open(bytes, true);
        if (!dump) {
            QVERIFY(!dump.error().message.empty());
            continue;
        }
        const Summary s = use(*dump);
        told += s.problems > 0;
        // A flip may break a newline and with it a record; most of the log is still there.
        if (count == 1)
            QVERIFY2(s.nodes + 200 >= all.nodes / 2 || all.graphs < 3, qPrintable(QString::number(s.nodes)));
    }
    if (is_trace) // nearly every byte of a trace is under some sum or in some JSON
        QVERIFY2(told > kFlips / 3, qPrintable(QString::number(told)));
}

void TestCorrupt::lostLines_data() {
    addLogs();
}

void TestCorrupt::lostLines() {
    QFETCH(QByteArray, log);
    QList<QByteArray> lines = log.split('\n');
    std::mt19937 random(7);
    for (int i = 0; i < kLost; ++i) {
        QList<QByteArray> left = lines;
        const int count = 1 + i % 5;
        for (int k = 0; k < count; ++k)
            left.removeAt(static_cast<qsizetype>(random() % static_cast<uint32_t>(left.size())));
        const auto dump = open(left.join('\n'), true);
        if (dump)
            use(*dump);
        else
            QVERIFY(!dump.error().message.empty());
    }
}

void TestCorrupt::shuffledLines_data() {
    addLogs();
}

void TestCorrupt::shuffledLines() {
    QFETCH(QByteArray, log);
    QList<QByteArray> lines = log.split('\n');
    std::mt19937 random(11);
    for (int i = 0; i < kShuffles; ++i) {
        // std::shuffle differs between libraries: by hand, so that a failure can be repeated.
        for (qsizetype k = lines.size() - 1; k > 0; --k)
            lines.swapItemsAt(k, static_cast<qsizetype>(random() % static_cast<uint32_t>(k + 1)));
        const auto dump = open(lines.join('\n'), true);
        if (dump)
            use(*dump);
        else
            QVERIFY(!dump.error().message.empty());
    }
}

void TestCorrupt::hostile_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("told"); // whether there must be a problem or an error
    const QByteArray head = "class GraphModule(torch.nn.Module):\n    def forward(self, x):\n";
    const QByteArray tail = "\n        return (x,)\n";
    const QByteArray prefix = "V0804 12:00:00.123000 4242 a.py:2841] ";
    const QByteArray start =
        prefix + "{\"dynamo_start\": {}, \"frame_id\": 0, \"frame_compile_id\": 0, \"attempt\": 0}\n";
    const QByteArray megabytes(10 << 20, 'a');
    QTest::newRow("a million brackets")
        << head + "        a = f(" + QByteArray(1'000'000, '(') + tail << true;
    QTest::newRow("a million brackets, closed")
        << head + "        a = f(" + QByteArray(1'000'000, '(') + QByteArray(1'000'000, ')') + ")" + tail
        << true;
    QTest::newRow("a million getattrs")
        << head + "        a = " + QByteArray("getattr(").repeated(1'000'000) + "self" + tail << true;
    QTest::newRow("a million dictionaries")
        << head + "        a = f(" + QByteArray("{1: ").repeated(1'000'000) + tail << true;
    QTest::newRow("a million minus signs")
        << head + "        a = " + QByteArray(1'000'000, '-') + "x" + tail << true;
    QTest::newRow("a million angle brackets")
        << head + "        a = f(" + QByteArray(1'000'000, '<') + tail << true;
    QTest::newRow("a million escaped quotes")
        << head + "        a = f(<" + QByteArray("\\'").repeated(1'000'000) + tail << true;
    QTest::newRow("a million apostrophes in an opaque text")
        << head + "        a = f(<" + QByteArray("'\\").repeated(1'000'000) + tail << true;
    QTest::newRow("a million deletions")
        << head + "        a = f(x);  " + QByteArray("x = ").repeated(1'000'000) + "None" + tail << false;
    QTest::newRow("brackets in a result") << head + "        return " + QByteArray(1'000'000, '[') + "\n"
                                          << true;
    QTest::newRow("brackets in a type")
        << head + "        a: \"f32" + QByteArray(1'000'000, '[') + "\" = f(x)" + tail << false;
    QTest::newRow("brackets in an annotation") << head + "        # Annotation: " + QByteArray(1'000'000, '{')
            + " File: a:1 in f, code: x\n        a = f(x)"
            + tail << false;
    QTest::newRow("' in ' a million times") << head
            + "        # File: " + QByteArray(" in ").repeated(1'000'000) + ", code: x\n        a = f(x)"
            + tail << false;
    QByteArray nested;
    for (int i = 0; i < 10'000; ++i)
        nested += QByteArray(4 * std::min(i, 2000), ' ') + "class c(torch.nn.Module):\n";
    QTest::newRow("classes nested deep") << nested << true;
    QByteArray siblings = head + "        return (x,)\n";
    for (int i = 0; i < 10'000; ++i)
        siblings += "    class c" + QByteArray::number(i)
            + "(torch.nn.Module):\n        def forward(self, x):\n            return (x,)\n";
    QTest::newRow("ten thousand bodies") << siblings << false;
    QTest::newRow("a long line as a statement") << head + "        " + megabytes + tail << true;
    QTest::newRow("a long line as a name") << head + "        " + megabytes + " = f(x)" + tail << false;
    QTest::newRow("a long line as a string") << head + "        a = f('" + megabytes + "')" + tail << false;
    QTest::newRow("a long line as an open string") << head + "        a = f('" + megabytes + tail << true;
    QTest::newRow("a long line as a comment") << head + "        # File: " + megabytes + tail << false;
    QTest::newRow("a long line as JSON") << start + prefix + "{\"x\": \"" + megabytes + "\"}\n" << false;
    QTest::newRow("a long line as open JSON") << start + prefix + "{\"x\": \"" + megabytes + "\n" << true;
    QTest::newRow("a long line as a payload") << start + "\t" + megabytes << false;
    QTest::newRow("deep JSON") << start + prefix + "{\"x\": " + QByteArray(1'000'000, '[') + "\n" << true;
    QTest::newRow("a long line as a path") << start + QByteArray("] {").repeated(1'000'000) + "\n" << true;
    QTest::newRow("open brackets on every line")
        << head + QByteArray("        a = f((\n        b = g)\n").repeated(20'000) + tail << true;
    // Two of them pair up to one string with a line end in it, which is what a repr may hold.
    QTest::newRow("open quotes on every line")
        << head + QByteArray("        a = f('\n        )\n").repeated(20'000) + tail << false;
    QByteArray parameters = "class GraphModule(torch.nn.Module):\n    def forward(self";
    for (int i = 0; i < 50'000; ++i)
        parameters += ", p" + QByteArray::number(i);
    parameters += "):\n";
    for (int i = 0; i < 50'000; ++i)
        parameters += "        v" + QByteArray::number(i) + " = p" + QByteArray::number(i) + "\n";
    QTest::newRow("fifty thousand parameters and aliases") << parameters + "        return ()\n" << false;
    QTest::newRow("NULs") << QByteArray(1 << 20, '\0') << true;
    QTest::newRow("binary garbage") << [] {
        QByteArray bytes(1 << 20, Qt::Uninitialized);
        std::mt19937 random(3);
        for (char& c : bytes)
            c = static_cast<char>(random());
        return bytes;
    }() << true;
    QTest::newRow("NULs in a graph") << head + QByteArray("        a\0 = f(x\0)\n", 20) + tail << true;
    QTest::newRow("invalid UTF-8 in a graph")
        << head + "        # File: /\xff\xfe.py:1 in \xc0, code: \x80\n        a = f('\xff')" + tail << false;
    QTest::newRow("invalid UTF-8 in JSON")
        << start + prefix + "{\"artifact\": {\"name\": \"\xff\"}, \"frame_id\": 1}\n"
        << true;
    QTest::newRow("enormous numbers in a graph") << head
            + "        # File: /a.py:99999999999999999999 in f, code: x\n        # Annotation: {'call_id': "
              "99999999999999999999} File: a:1 in f, code: x\n        a: "
              "\"f32[99999999999999999999][99999999999999999999]cpu\" = f("
            + QByteArray(1000, '9') + ")" + tail << false;
    QTest::newRow("enormous numbers in JSON") << start + prefix
            + "{\"dynamo_start\": {}, \"rank\": 99999999999999999999, \"frame_id\": 1e400, "
              "\"frame_compile_id\": -9223372036854775808, \"attempt\": 4294967296}\n"
                                              << false;
    QTest::newRow("wrong types in JSON") << start + prefix
            + "{\"artifact\": 3, \"rank\": \"0\", \"frame_id\": [], \"attempt\": {}, \"has_payload\": 7}\n"
                                         << true;
    QTest::newRow("the same key a million times")
        << start + prefix + "{" + QByteArray("\"frame_id\": 0, ").repeated(100'000) + "\"x\": 0}\n"
        << false;
    const QByteArray timer = prefix
        + "{\"chromium_event\": {}, \"frame_id\": 0, \"frame_compile_id\": 0, \"attempt\": 0, "
          "\"has_payload\": \"\"}\n\t{\"name\": \"%1\", \"ph\": \"%2\", \"ts\": 1.0}\n";
    QTest::newRow("timers that never end")
        << start + QByteArray(timer).replace("%1", "invoke_subgraph_trace").replace("%2", "B").repeated(5'000)
        << false;
    QTest::newRow("timers that never began") << start
            + QByteArray(timer).replace("%1", "invoke_subgraph_trace").replace("%2", "B").repeated(5'000)
            + QByteArray(timer)
                  .replace("%1", "invoke_subgraph_proxy_tensor")
                  .replace("%2", "E")
                  .repeated(5'000) << true;
    QByteArray ids;
    for (int i = 0; i < 5'000; ++i)
        ids += prefix + "{\"dynamo_start\": {}, \"frame_id\": " + QByteArray::number(i)
            + ", \"frame_compile_id\": 0, \"attempt\": 0}\n";
    QTest::newRow("five thousand compilations") << ids << false;
}

void TestCorrupt::hostile() {
    QFETCH(QByteArray, bytes);
    QFETCH(bool, told);
    const auto dump = open(bytes, true);
    if (dump) {
        use(*dump);
        QVERIFY2(!told || !dump->problems.empty(), "nothing was said of the damage");
    } else {
        QVERIFY(told);
        QVERIFY(!dump.error().message.empty());
        QVERIFY(!dump.error().file.empty());
    }
}

// A pipe that nobody writes to must not hold the program.
void TestCorrupt::pipeWithoutWriter() {
    const std::string path = folder_.filePath("pipe").toStdString();
    QCOMPARE(::mkfifo(path.c_str(), 0600), 0);
    const auto dump = open_dump({path});
    QVERIFY(!dump.ok());
    QCOMPARE(dump.error().file, path);
    QCOMPARE(
        dump.error().message, std::string("a pipe, not a regular file; the name - reads standard input"));
}

namespace {
// The text, and blanks behind it, as gzip packs them.
QByteArray packed(const QByteArray& head, int megabytes) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
    QByteArray out(1 << 22, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const auto add = [&](const QByteArray& bytes, int flush) {
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream.avail_in = static_cast<uInt>(bytes.size());
        deflate(&stream, flush);
    };
    add(head, Z_NO_FLUSH);
    const QByteArray zeros(1 << 20, ' ');
    for (int i = 0; i < megabytes; ++i)
        add(zeros, Z_NO_FLUSH);
    add({}, Z_FINISH);
    out.truncate(static_cast<qsizetype>(stream.total_out));
    deflateEnd(&stream);
    return out;
}
} // namespace

// A store of artifacts packs what was packed.
void TestCorrupt::gzipWithinGzip() {
    const QByteArray text = traceBytes("mlp4");
    const auto once = open(packed(text, 0)), twice = open(packed(packed(text, 0), 0));
    QVERIFY2(twice.ok(), twice.ok() ? "" : twice.error().text().c_str());
    QCOMPARE(twice->graphs.size(), once->graphs.size());
    QVERIFY(twice->problems.empty());
    const QByteArray inner = packed(text, 0);
    const auto cut = open(packed(inner.left(inner.size() / 2), 0));
    QVERIFY(cut.ok() && !cut->problems.empty());
    QVERIFY2(
        cut->problems[0].message.find("ends early") != std::string::npos, cut->problems[0].message.c_str());
    // Layers without an end are no dump.
    QByteArray many = text;
    for (int i = 0; i < 6; ++i)
        many = packed(many, 0);
    const auto refused = open(many);
    QVERIFY(!refused.ok());
    QVERIFY2(refused.error().text().find("gzip") != std::string::npos, refused.error().text().c_str());
}

// A million empty lines take no place each: what is made of a text keeps a thousand in a row.
void TestCorrupt::blankLines_data() {
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("within");
    const QByteArray blank(1'000'000, '\n');
    QTest::newRow("before it, coloured") << "\x1b[31mwords\x1b[0m\n" + blank << QByteArray();
    QTest::newRow("before it, a page") << "<html><body><pre>\n" + blank << QByteArray();
    QTest::newRow("within it") << QByteArray("words\n") << blank;
    QTest::newRow("within it, coloured") << QByteArray("\x1b[31mwords\x1b[0m\n") << blank;
}

void TestCorrupt::blankLines() {
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, within);
    const QByteArray text =
        before + "def forward(self, x):\n    y = x.sin()\n" + within + "    z = y.cos()\n    return z\n";
    const auto bytes = std::make_shared<const std::string>(text.toStdString());
    const read::PlainText plain = read::decode({bytes, *bytes, {}});
    QVERIFY(!plain.places || plain.places->size() < 2000);
    const auto dump = open(text);
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QCOMPARE(dump->graphs.size(), size_t(1));
    QCOMPARE(dump->graphs[0].module->bodies[0].nodes.size(), size_t(4));
    QCOMPARE(dump->graphs[0].line, static_cast<uint64_t>(before.count('\n') + 1));
}

void TestCorrupt::gzipCut() {
    QFile file(
        QDir(dataPath("mlp4/trace")).filePath(QDir(dataPath("mlp4/trace")).entryList(QDir::Files).first()));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray packed = file.readAll();
    QVERIFY(packed.startsWith("\x1f\x8b"));
    for (const double part : {0.0001, 0.1, 0.5, 0.9, 0.9999}) {
        const auto dump =
            open(packed.left(static_cast<qsizetype>(static_cast<double>(packed.size()) * part) + 3));
        if (!dump) {
            QVERIFY(part < 0.2);
            QVERIFY2(!dump.error().message.empty(), "no reason given");
            continue;
        }
        use(*dump);
        QVERIFY2(!dump->problems.empty(), "a cut file was read as if it were whole");
    }
}

void TestCorrupt::gzipDamaged() {
    QFile file(
        QDir(dataPath("mlp4/trace")).filePath(QDir(dataPath("mlp4/trace")).entryList(QDir::Files).first()));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray packed = file.readAll();
    std::mt19937 random(5);
    for (int i = 0; i < 30; ++i) {
        QByteArray bytes = packed;
        bytes[static_cast<qsizetype>(20 + random() % static_cast<uint32_t>(bytes.size() - 30))] ^=
            static_cast<char>(1 + random() % 255);
        const auto dump = open(bytes);
        if (!dump) {
            QVERIFY(!dump.error().message.empty());
            continue;
        }
        use(*dump);
        QVERIFY2(!dump->problems.empty(), "a damaged file was read as if it were whole");
    }
}

// Zeros are no dump: their first block says so. What begins as a log is read as far as the limit goes.
void TestCorrupt::gzipThatUnfoldsToTooMuch() {
    const auto refused = open(packed("", 100));
    QVERIFY(!refused.ok());
    const auto read =
        open(packed("V0804 12:00:00.123000 4242 a.py:1] {\"dynamo_start\": {}, \"frame_id\": 0, "
                    "\"frame_compile_id\": 0, \"attempt\": 0}\n",
            100));
    QVERIFY2(read.ok(), read.ok() ? "" : read.error().text().c_str());
    QVERIFY2(QString::fromStdString(read->problems[0].message).contains("unfolds to more than 64"),
        read->problems[0].message.c_str());
    QCOMPARE(read->files[0].bytes, uint64_t{64} << 20);
    // A text that begins with nothing that is known is searched, and no further than to a limit of its own.
    const QString path = folder_.filePath("searched.gz");
    QVERIFY(writeFile(path, packed("", 8)));
    const auto some =
        read::map_file(path.toStdString(), {}, [](std::string_view) { return uint64_t{1} << 20; });
    QVERIFY(some.ok());
    QCOMPARE(some->bytes.size(), size_t{1} << 20);
    QVERIFY2(some->damage.find("its beginning is nothing that is known") != std::string::npos,
        some->damage.c_str());
    const auto asked = read::map_file(
        path.toStdString(), {uint64_t{1} << 30}, [](std::string_view) { return uint64_t{1} << 20; });
    QVERIFY(asked.ok());
    QCOMPARE(asked->bytes.size(), size_t{8} << 20);
}

// The last record's payload is held against its sum while reading; the graph is marked where it lost
// something.
void TestCorrupt::cutLastRecord() {
    const QByteArray log = traceBytes("mlp4");
    const qsizetype record = log.lastIndexOf("{\"aot_backward_graph\"");
    QVERIFY(record > 0);
    const qsizetype end = log.indexOf("\nV", record) + 1;
    const auto whole = open(log.left(end));
    QVERIFY(whole.ok() && whole->problems.empty());
    QVERIFY(!whole->graphs.back().cut);
    for (const qsizetype less : {200, 4000}) {
        const auto cut = open(log.left(end - less));
        QVERIFY(cut.ok());
        QVERIFY(!cut->problems.empty());
        QVERIFY2(QString::fromStdString(cut->problems[0].message).startsWith("the last record is not whole"),
            cut->problems[0].message.c_str());
        QVERIFY(cut->graphs.back().cut);
        QVERIFY(cut->graphs.back().stage == Stage::Backward);
        use(*cut);
    }
}

// A log that was edited throughout is said to be so once.
void TestCorrupt::manyWrongSums() {
    QByteArray log;
    for (int i = 0; i < 60; ++i)
        log += "V0804 12:00:00.123000 4242 a.py:2841] {\"dynamo_output_graph\": {}, \"frame_id\": "
            + QByteArray::number(i)
            + ", \"frame_compile_id\": 0, \"attempt\": 0, \"has_payload\": "
              "\"00000000000000000000000000000000\"}\n"
              "\tclass GraphModule(torch.nn.Module):\n\t    def forward(self, x):\n\t        return (x,)\n";
    const auto dump = open(log);
    QVERIFY(dump.ok());
    QCOMPARE(dump->payloads.size(), size_t{59});
    const auto problems = check_payloads(dump->payloads);
    QCOMPARE(problems.size(), size_t{21});
    QVERIFY2(QString::fromStdString(problems.back().message).startsWith("39 more payloads"),
        problems.back().message.c_str());
}

// Each body is called twice by a higher-order operator: walking every call of every call never ends.
void TestCorrupt::manyNestedCalls() {
    QByteArray text = "V0804 12:00:00.123000 4242 a.py:2841] {\"dynamo_output_graph\": {}, \"frame_id\": 0, "
                      "\"frame_compile_id\": 0, \"attempt\": 0, \"has_payload\": \"\"}\n";
    const int depth = 60;
    for (int i = 0; i < depth; ++i) {
        const QByteArray indent = "\t" + QByteArray(4 * i, ' ');
        text += indent + "class b" + QByteArray::number(i) + "(torch.nn.Module):\n" + indent
            + "    def forward(self, x):\n" + indent + "        u = self.b" + QByteArray::number(i + 1) + "\n"
            + indent + "        v = self.b" + QByteArray::number(i + 1) + "\n" + indent
            + "        c = torch.ops.higher_order.cond(x, u, v, (x,))\n" + indent + "        return (c,)\n";
    }
    const auto dump = open(text);
    QVERIFY(dump.ok());
    QCOMPARE(dump->graphs.size(), size_t{1});
    QCOMPARE(dump->graphs[0].module->bodies.size(), static_cast<size_t>(depth));
    QCOMPARE(build_ledger(*dump).compilations[0].invocations.size(), size_t{0});
}

QTEST_GUILESS_MAIN(TestCorrupt)
#include "tst_corrupt.moc"
