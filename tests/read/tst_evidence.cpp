// Several inputs as evidence of one run, and inputs of several runs.
#include "core/regions/ledger.h"
#include "tests/testdata.h"

#include <QDirIterator>
#include <QRegularExpression>
#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestEvidence : public QObject {
    Q_OBJECT

private slots:
    void traceAndItsLogAgree_data();
    void traceAndItsLogAgree();
    void printedGraphIsFoundByContent();
    void printedGraphWithoutStrides();
    void printedGraphOfAnotherModelStaysApart();
    void otherNamesAreOtherGraphs();
    void tracesOfTwoRunsStayApart();
    void logOfAnotherRunTellsNothingOfThisOne();
    void ranksAreOneRun();
    void contradictionIsNamed();
    void copyOfALogAddsNothing();
    void partOfALogAddsNothing();
    void otherMessagesAreTold();
    void orderOfInputsDoesNotMatter();
    void debugFolderBesideItsTrace();
    void debugFolderAlone();
};

namespace {

std::string printed(const QString& path) {
    return dataPath(path).toStdString();
}

// How often each decision stands in the ledger.
std::map<std::string, int> decisions(const Dump& dump, const std::string& id) {
    std::map<std::string, int> counts;
    const Ledger ledger = build_ledger(dump);
    for (const CompilationLedger& c : ledger.compilations)
        if (dump.compilation(c.compilation).key.id == id)
            for (const Invocation& i : c.invocations)
                ++counts[std::string(decision_name(i.decision))];
    return counts;
}

QStringList messages(const Dump& dump) {
    QStringList list;
    for (const Problem& p : dump.problems)
        list << QString::fromStdString(p.message);
    return list;
}

const Graph* graph_at(const Dump& dump, std::string_view address) {
    const auto place = resolve(dump, address);
    return place ? &dump.graph(place->graph) : nullptr;
}

} // namespace

void TestEvidence::traceAndItsLogAgree_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        if (QFile::exists(QString::fromStdString(textLogOf(name))))
            QTest::newRow(qPrintable(name)) << name;
}

// No compilation is told twice, no graph is lost or doubled, and nothing contradicts.
void TestEvidence::traceAndItsLogAgree() {
    QFETCH(QString, recording);
    const auto alone = open_dump({traceOf(recording)});
    const auto both = open_dump({traceOf(recording), textLogOf(recording)});
    QVERIFY(alone.ok() && both.ok());
    QCOMPARE(messages(*both), messages(*alone));
    QCOMPARE(both->compilations.size(), alone->compilations.size());
    for (size_t i = 0; i < alone->compilations.size(); ++i)
        QCOMPARE(both->compilations[i].key, alone->compilations[i].key);
    QCOMPARE(both->graphs.size(), alone->graphs.size());
    for (size_t i = 0; i < alone->graphs.size(); ++i)
        QCOMPARE(address_of(*both, GraphId(i)), address_of(*alone, GraphId(i)));
}

void TestEvidence::printedGraphIsFoundByContent() {
    const std::string forward = printed("mlp4/values/00_forward.txt");
    const std::string backward = printed("mlp4/values/01_backward.txt");
    const auto alone = open_dump({traceOf("mlp4")});
    const auto dump = open_dump({forward, traceOf("mlp4"), backward});
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->compilations.size(), alone->compilations.size());
    QCOMPARE(dump->graphs.size(), alone->graphs.size());
    for (const auto& [address, path] :
        {std::pair{"0/0:forward", forward}, std::pair{"0/0:backward", backward}}) {
        const Graph* g = graph_at(*dump, address);
        QVERIFY(g);
        QCOMPARE(dump->files[g->file.index].kind, std::string("TORCH_TRACE"));
        QCOMPARE(g->also.size(), size_t{1});
        QCOMPARE(dump->files[g->also[0].file.index].path, path);
        QVERIFY(g->also[0].line > 0);
    }
    QVERIFY(graph_at(*dump, "0/0:joint")->also.empty());
}

void TestEvidence::printedGraphWithoutStrides() {
    QTemporaryDir folder;
    QString text = QString::fromUtf8(bytesOf(dataPath("mlp4/values/00_forward.txt")));
    text.replace(QRegularExpression(R"((\[[^\]"]*\])\[[^\]"]*\]cpu")"), R"(\1")");
    QVERIFY(writeFile(folder.filePath("fx_graph_readable.py"), text.toUtf8()));
    const auto dump = open_dump({folder.filePath("fx_graph_readable.py").toStdString(), traceOf("mlp4")});
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(graph_at(*dump, "0/0:forward")->also.size(), size_t{1});
    // The fuller form is the one that is shown.
    const GraphModule& module = *graph_at(*dump, "0/0:forward")->module;
    const ValueType* type = module.type(module.bodies[0].nodes[0].type);
    QVERIFY(type && type->has_stride);
}

void TestEvidence::printedGraphOfAnotherModelStaysApart() {
    const auto dump = open_dump({traceOf("mlp4"), printed("gpt12/values/00_forward.txt")});
    QVERIFY(dump.ok());
    QCOMPARE(dump->problems.size(), size_t{1});
    QCOMPARE(dump->problems[0].severity, Severity::Note);
    QVERIFY(messages(*dump)[0].contains("no graph that another input has too"));
    QCOMPARE(dump->files[dump->problems[0].file.index].path, printed("gpt12/values/00_forward.txt"));
    QVERIFY(graph_at(*dump, "0/0:forward")->also.empty());
    QVERIFY(graph_at(*dump, "-:graph"));
}

void TestEvidence::otherNamesAreOtherGraphs() {
    QTemporaryDir folder;
    QByteArray text = bytesOf(dataPath("mlp4/values/00_forward.txt"));
    text.replace("primals_", "params_");
    QVERIFY(writeFile(folder.filePath("renamed.txt"), text));
    const auto dump = open_dump({traceOf("mlp4"), folder.filePath("renamed.txt").toStdString()});
    QVERIFY(dump.ok());
    QVERIFY(graph_at(*dump, "0/0:forward")->also.empty());
    QVERIFY(graph_at(*dump, "-:graph"));
}

void TestEvidence::tracesOfTwoRunsStayApart() {
    const auto dump = open_dump({traceOf("mlp4"), traceOf("shapes")});
    QVERIFY(dump.ok());
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY2(messages(*dump)[0].contains("another run") && messages(*dump)[0].contains("0/0~2"),
        qPrintable(messages(*dump)[0]));
    QVERIFY(graph_at(*dump, "0/0:forward") && graph_at(*dump, "0/0~2:forward"));
    QVERIFY(!graph_at(*dump, "0/0:forward#1"));
    const auto first = open_dump({traceOf("mlp4")});
    const auto second = open_dump({traceOf("shapes")});
    QCOMPARE(decisions(*dump, "0/0"), decisions(*first, "0/0"));
    QCOMPARE(decisions(*dump, "0/0~2"), decisions(*second, "0/0"));
}

void TestEvidence::logOfAnotherRunTellsNothingOfThisOne() {
    const auto dump = open_dump({traceOf("mlp4"), textLogOf("shapes")});
    QVERIFY(dump.ok());
    QVERIFY(!dump->problems.empty());
    QVERIFY(messages(*dump)[0].contains("another run"));
    for (const ReuseMessage& m : dump->messages)
        QCOMPARE(m.key.id, std::string("0/0~2"));
    const auto alone = open_dump({traceOf("mlp4")});
    QCOMPARE(decisions(*dump, "0/0"), decisions(*alone, "0/0"));
}

void TestEvidence::ranksAreOneRun() {
    const auto dump = open_dump({textLogOf("ddp4"), traceOf("ddp4")});
    QVERIFY(dump.ok());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    QCOMPARE(dump->compilations.size(), size_t{4});
}

// The same trace twice, with one graph changed in the copy: one process cannot have written both.
void TestEvidence::contradictionIsNamed() {
    QTemporaryDir folder;
    QByteArray bytes = traceBytes("mlp4");
    QVERIFY(writeFile(folder.filePath("a.log"), bytes));
    const qsizetype record = bytes.indexOf("\"aot_backward_graph\"");
    const qsizetype at = bytes.indexOf("aten.gelu_backward.default", record);
    QVERIFY(record > 0 && at > record);
    bytes.replace(at, 26, "aten.silu_backward.default");
    QVERIFY(writeFile(folder.filePath("b.log"), bytes));
    const auto dump =
        open_dump({folder.filePath("a.log").toStdString(), folder.filePath("b.log").toStdString()});
    QVERIFY(dump.ok());
    QStringList told;
    for (const QString& m : messages(*dump))
        if (m.contains("tells another"))
            told << m;
    QCOMPARE(told.size(), 1);
    QVERIFY2(told[0].contains("backward graph of 0/0 than a.log:")
            && told[0].contains(
                "target: expected aten.gelu_backward.default, found aten.silu_backward.default"),
        qPrintable(told[0]));
    QVERIFY(graph_at(*dump, "0/0:backward") && graph_at(*dump, "0/0:backward#1"));
    QCOMPARE(graph_at(*dump, "0/0:forward")->also.size(), size_t{1});
}

void TestEvidence::copyOfALogAddsNothing() {
    QTemporaryDir folder;
    QVERIFY(writeFile(folder.filePath("copy.txt"), bytesOf(QString::fromStdString(textLogOf("shapes")))));
    const auto once = open_dump({traceOf("shapes"), textLogOf("shapes")});
    const auto twice =
        open_dump({traceOf("shapes"), textLogOf("shapes"), folder.filePath("copy.txt").toStdString()});
    QVERIFY(once.ok() && twice.ok());
    QVERIFY2(twice->problems.empty(), qPrintable(problemText(twice->problems)));
    QCOMPARE(twice->messages.size(), once->messages.size());
    QCOMPARE(decisions(*twice, "0/0"), decisions(*once, "0/0"));
}

void TestEvidence::partOfALogAddsNothing() {
    QTemporaryDir folder;
    const QByteArray log = bytesOf(QString::fromStdString(textLogOf("shapes")));
    const qsizetype from = log.indexOf("\n", log.indexOf("reuse failed")) + 1;
    QVERIFY(writeFile(folder.filePath("part.txt"), log.mid(from, log.size() / 2)));
    const auto once = open_dump({traceOf("shapes"), textLogOf("shapes")});
    const auto twice =
        open_dump({folder.filePath("part.txt").toStdString(), traceOf("shapes"), textLogOf("shapes")});
    QVERIFY(once.ok() && twice.ok());
    QCOMPARE(twice->messages.size(), once->messages.size());
}

void TestEvidence::otherMessagesAreTold() {
    QTemporaryDir folder;
    QByteArray log = bytesOf(QString::fromStdString(textLogOf("shapes")));
    const qsizetype at = log.indexOf("reusing subgraph 'subgraph_");
    QVERIFY(at > 0);
    log.replace(at, 27, "reusing subgraph 'subgrapx_");
    QVERIFY(writeFile(folder.filePath("other.txt"), log));
    const auto dump =
        open_dump({traceOf("shapes"), textLogOf("shapes"), folder.filePath("other.txt").toStdString()});
    QVERIFY(dump.ok());
    QCOMPARE(dump->problems.size(), size_t{1});
    QVERIFY(messages(*dump)[0].contains("tells other reuse messages of 0/0"));
    QVERIFY(dump->problems[0].line > 0);
}

void TestEvidence::orderOfInputsDoesNotMatter() {
    const std::vector<std::string> paths{
        traceOf("mlp4"), textLogOf("mlp4"), printed("mlp4/values/00_forward.txt")};
    const auto a = open_dump(paths);
    const auto b = open_dump({paths[2], paths[1], paths[0]});
    QVERIFY(a.ok() && b.ok());
    QCOMPARE(a->graphs.size(), b->graphs.size());
    for (size_t g = 0; g < a->graphs.size(); ++g) {
        QCOMPARE(address_of(*a, GraphId(g)), address_of(*b, GraphId(g)));
        QCOMPARE(a->graphs[g].also.size(), b->graphs[g].also.size());
    }
}

namespace {

// The recording's debug folder, unpacked: its files are known by their names.
QString unpackDebugFolder(const QTemporaryDir& folder) {
    const QDir from(dataPath("mlp4_debug"));
    QDirIterator files(from.path() + "/torch_compile_debug", QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const QString path = files.next();
        QString to = folder.filePath(from.relativeFilePath(path));
        to.chop(3); // .gz
        if (!QDir().mkpath(QFileInfo(to).path()) || !writeFile(to, bytesOf(path)))
            return {};
    }
    return folder.filePath("torch_compile_debug");
}

const std::string kDebugTrace = printed("mlp4_debug/torch_trace");
const std::string kDebugLog = printed("mlp4_debug/torch_logs.txt.gz");

// Scripts before 2.14 lack the bodies of regions: that they are the readable's is said of each.
void borrowsBodies(const Dump& dump, qsizetype scripts) {
    qsizetype told = 0;
    for (const Problem& p : dump.problems) {
        QVERIFY2(p.severity == Severity::Note, qPrintable(problemText(dump.problems)));
        told += QString::fromStdString(p.message).contains("that the script lacks");
    }
    QCOMPARE(told, static_cast<qsizetype>(dump.problems.size()));
    QCOMPARE(told, scripts);
}

} // namespace

// A trace, its log and its debug folder are one compilation with each graph once.
void TestEvidence::debugFolderBesideItsTrace() {
    QTemporaryDir folder;
    const std::string debug = unpackDebugFolder(folder).toStdString();
    const auto alone = open_dump({kDebugTrace, kDebugLog});
    const auto dump = open_dump({debug, kDebugLog, kDebugTrace});
    QVERIFY(alone.ok() && dump.ok());
    borrowsBodies(*dump, 3); // one of the trace, two of the folder
    QCOMPARE(dump->compilations.size(), alone->compilations.size());
    QCOMPARE(dump->graphs.size(), alone->graphs.size());
    QCOMPARE(dump->messages.size(), alone->messages.size());
    QCOMPARE(decisions(*dump, "0/0"), decisions(*alone, "0/0"));
    std::map<std::string, int> found; // files of the folder, by name
    for (const Graph& g : dump->graphs)
        for (const DumpPlace& p : g.also) {
            const QString path = QString::fromStdString(dump->files[p.file.index].path);
            if (path.contains("torch_compile_debug"))
                ++found[QFileInfo(path).fileName().toStdString()];
        }
    QCOMPARE(found["fx_graph_readable.py"], 2);
    QCOMPARE(found["fx_graph_transformed.py"], 2);
    QCOMPARE(found["fx_graph_runnable.py"], 2);
}

void TestEvidence::debugFolderAlone() {
    QTemporaryDir folder;
    const auto dump = open_dump({unpackDebugFolder(folder).toStdString()});
    QVERIFY(dump.ok());
    borrowsBodies(*dump, 2);
    QCOMPARE(dump->compilations.size(), size_t{1});
    QVERIFY(graph_at(*dump, "-:forward") && graph_at(*dump, "-:backward"));
}

QTEST_GUILESS_MAIN(TestEvidence)
#include "tst_evidence.moc"
