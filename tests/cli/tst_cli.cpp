// The command line as its contract describes it: what goes where, keys and their order, exit statuses.
#include "tests/commandline.h"
#include "tests/testdata.h"

#include <QRegularExpression>
#include <QTest>

#include <nlohmann/json.hpp>

using namespace hopscope::test;
using Json = nlohmann::ordered_json;

class TestCli : public QObject {
    Q_OBJECT

private slots:
    void graphsJson_data();
    void graphsJson();
    void sourcesOfAGraph();
    void graphJson();
    void regionsJson_data();
    void regionsJson();
    void goldenRegions_data();
    void goldenRegions();
    void everyAddressOpens();
    void wrongUsage_data();
    void wrongUsage();
    void hostileWords();
    void theOnlyBody();
    void badAddressListsWhatExists();
    void unreadable_data();
    void unreadable();
    void damagedIsNotUnreadable();
    void help_data();
    void help();
    void version();
    void textForms();
    void sameBytesTwice();
    void hintsNameOptions();
};

namespace {

QString trace(const QString& recording) {
    return QString::fromStdString(traceOf(recording));
}
QString textLog(const QString& recording) {
    return QString::fromStdString(textLogOf(recording));
}

// All of standard output as one document; discarded where it is none.
Json document(const Run& r) {
    return Json::parse(r.out.constData(), r.out.constData() + r.out.size(), nullptr, false);
}

QStringList keys(const Json& object) {
    QStringList list;
    for (const auto& item : object.items())
        list << QString::fromStdString(item.key());
    return list;
}

// The contract's keys come first and in its order; others may follow.
bool startsWith(const Json& object, const QStringList& wanted) {
    return object.is_object() && keys(object).mid(0, wanted.size()) == wanted;
}

} // namespace

void TestCli::graphsJson_data() {
    QTest::addColumn<QString>("recording");
    for (const char* name : {"mlp4", "ddp4", "failing", "graph_breaks", "gpt4_dynamic"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestCli::graphsJson() {
    QFETCH(QString, recording);
    const Run r = run({"graphs", trace(recording), "--json"});
    QCOMPARE(r.status, 0);
    QVERIFY2(r.err.isEmpty(), r.err.constData());
    const Json doc = document(r);
    QVERIFY(startsWith(doc, {"compilations", "problems"}));
    QVERIFY(doc["problems"].is_array() && doc["problems"].empty());
    QVERIFY(!doc["compilations"].empty());
    for (const Json& c : doc["compilations"]) {
        QVERIFY(startsWith(c, {"rank", "id", "attempt", "stages"}));
        QVERIFY(recording == "ddp4" ? c["rank"].is_number_integer() : c["rank"].is_null());
        QVERIFY(c["id"].is_string() && c["attempt"].is_number_integer() && c["stages"].is_array());
        for (const Json& s : c["stages"]) {
            QVERIFY(startsWith(s, {"address", "stage", "label", "file", "line", "bodies"}));
            QVERIFY(s["line"].get<int>() > 0);
            QVERIFY(!s["bodies"].empty());
            QCOMPARE(s["bodies"][0]["path"].get<std::string>(), std::string());
            for (const Json& b : s["bodies"]) {
                QVERIFY(startsWith(b, {"path", "nodes", "region"}));
                QVERIFY(b["nodes"].get<int>() > 0);
                QVERIFY(b["region"].is_null() || b["region"].is_string());
            }
        }
    }
}

void TestCli::sourcesOfAGraph() {
    const QString text = dataPath("mlp4/values/00_forward.txt");
    const Run r = run({"graphs", text, trace("mlp4"), "--json"});
    QCOMPARE(r.status, 0);
    QVERIFY2(r.err.isEmpty(), r.err.constData());
    size_t told_twice = 0;
    const Json doc = document(r);
    for (const Json& c : doc["compilations"])
        for (const Json& s : c["stages"]) {
            QVERIFY(!s["sources"].empty());
            QVERIFY(startsWith(s["sources"][0], {"file", "line", "offset", "kind"}));
            QCOMPARE(s["sources"][0]["file"], s["file"]);
            QCOMPARE(s["sources"][0]["line"], s["line"]);
            if (s["sources"].size() == 1)
                continue;
            ++told_twice;
            QCOMPARE(s["address"].get<std::string>(), std::string("0/0:forward"));
            QCOMPARE(s["sources"][1]["file"].get<std::string>(), text.toStdString());
            QCOMPARE(s["sources"][1]["kind"].get<std::string>(), std::string("print_readable"));
        }
    QCOMPARE(told_twice, size_t{1});
    const Run human = run({"graphs", text, trace("mlp4")});
    QVERIFY2(human.out.contains("00_forward.txt:1\n"), human.out.constData());
    const Run apart = run({"graphs", trace("mlp4"), trace("shapes")});
    QCOMPARE(apart.status, 0);
    QVERIFY(apart.out.contains("0/0~2:forward"));
    QVERIFY2(apart.err.contains("another run"), apart.err.constData());
}

void TestCli::graphJson() {
    const Run r = run({"graph", trace("mlp4"), "--at", "0/0:forward", "--json"});
    QCOMPARE(r.status, 0);
    QVERIFY2(r.err.isEmpty(), r.err.constData());
    const Json doc = document(r);
    QVERIFY(startsWith(doc, {"address", "nodes"}));
    QCOMPARE(doc["address"].get<std::string>(), std::string("0/0:forward"));
    int calls = 0;
    const std::vector<std::string> ops{
        "placeholder", "get_attr", "call_function", "call_method", "call_module", "output"};
    for (const Json& n : doc["nodes"]) {
        QVERIFY(startsWith(n,
            {"name", "op", "target", "inputs", "users", "args", "val", "call_id", "identifier", "body",
                "source"}));
        QVERIFY(std::find(ops.begin(), ops.end(), n["op"].get<std::string>()) != ops.end());
        QVERIFY(n["inputs"].is_array() && n["users"].is_array() && n["args"].is_string());
        if (!n["val"].is_null() && n["val"].contains("dtype")) {
            QVERIFY(startsWith(n["val"], {"dtype", "shape", "stride", "device"}));
            for (const Json& d : n["val"]["shape"])
                QVERIFY(d.is_string()); // symbols may stand there
        }
        if (!n["source"].is_null())
            QVERIFY(startsWith(n["source"], {"file", "line", "function", "code"}));
        if (n["target"] == "invoke_subgraph") {
            ++calls;
            QCOMPARE(n["identifier"].get<std::string>(), std::string("partitioned_fw_subgraph_0_0"));
            QCOMPARE(n["body"].get<std::string>(), std::string("partitioned_fw_subgraph_0_0"));
            QVERIFY(n["call_id"].is_number_integer());
        } else {
            QVERIFY(n["identifier"].is_null() && n["body"].is_null());
        }
    }
    QCOMPARE(calls, 4);
    QCOMPARE(doc["nodes"].back()["name"].get<std::string>(), std::string("output"));
    QCOMPARE(doc["nodes"].back()["op"].get<std::string>(), std::string("output"));
}

void TestCli::regionsJson_data() {
    QTest::addColumn<QStringList>("paths");
    QTest::newRow("trace") << QStringList{trace("mlp4")};
    QTest::newRow("text log") << QStringList{textLog("mlp4")};
    QTest::newRow("both") << QStringList{trace("mlp4"), textLog("mlp4")};
    QTest::newRow("ranks") << QStringList{trace("ddp4")};
    QTest::newRow("failed") << QStringList{trace("failing"), textLog("failing")};
}

void TestCli::regionsJson() {
    QFETCH(QStringList, paths);
    const Run r = run(QStringList{"regions"} + paths + QStringList{"--json"});
    QCOMPARE(r.status, 0);
    const Json doc = document(r);
    QVERIFY(startsWith(doc, {"compilations", "problems"}));
    QVERIFY(!doc["compilations"].empty());
    const std::vector<std::string> decisions{
        "traced", "reused", "reused_by_key", "retraced_same", "retraced_new", "failed", "unknown"};
    for (const Json& c : doc["compilations"]) {
        QVERIFY(startsWith(c, {"rank", "id", "regions", "totals"}));
        QVERIFY(startsWith(c["totals"], {"invocations", "traced", "reused", "saved_ms"}));
        int count = 0;
        for (const Json& region : c["regions"]) {
            QVERIFY(startsWith(region, {"identifier", "function", "bodies", "invocations"}));
            QCOMPARE(
                keys(region["bodies"]), (QStringList{"dynamo", "joint", "forward", "backward", "inference"}));
            for (const Json& inv : region["invocations"]) {
                QVERIFY(startsWith(inv,
                    {"index", "call_id", "decision", "inlined", "executions", "reason", "evidence",
                        "trace_ms", "lookup_ms", "stamp_out_ms", "saved_ms", "nodes"}));
                QVERIFY(std::find(decisions.begin(), decisions.end(), inv["decision"].get<std::string>())
                    != decisions.end());
                QVERIFY(inv["inlined"].is_boolean() && inv["executions"].is_number_integer());
                QVERIFY(inv["reason"].is_null() || inv["reason"].is_string());
                for (const Json& e : inv["evidence"])
                    QVERIFY(e == "trace_timer" || e == "text_log" || e == "graph");
                for (const char* time : {"trace_ms", "lookup_ms", "stamp_out_ms", "saved_ms"})
                    QVERIFY(inv[time].is_null() || inv[time].is_number());
                QVERIFY(inv["nodes"].is_object());
                ++count;
            }
        }
        QCOMPARE(c["totals"]["invocations"].get<int>(), count);
    }
}

void TestCli::goldenRegions_data() {
    QTest::addColumn<QString>("recording");
    for (const char* name : {"mlp4", "shapes", "outputs_mixed", "dup_tangents"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestCli::goldenRegions() {
    QFETCH(QString, recording);
    const Run r = run({"regions", trace(recording), textLog(recording), "--json"});
    QCOMPARE(r.status, 0);
    // Evidence names its file, wherever that lies.
    QByteArray out = r.out;
    out.replace(dataPath(QString()).toUtf8(), "");
    QVERIFY(equalsGolden("regions-" + recording + ".json", out));
}

void TestCli::everyAddressOpens() {
    const Json doc = document(run({"graphs", trace("control_flow"), "--json"}));
    int opened = 0;
    for (const Json& c : doc["compilations"])
        for (const Json& s : c["stages"])
            for (const Json& b : s["bodies"]) {
                QString at = QString::fromStdString(s["address"].get<std::string>());
                if (const auto path = b["path"].get<std::string>(); !path.empty())
                    at += ':' + QString::fromStdString(path);
                const Run r = run({"graph", trace("control_flow"), "--at", at, "--json"});
                QVERIFY2(r.status == 0, qPrintable(at + ": " + r.err));
                QCOMPARE(document(r)["nodes"].size(), b["nodes"].get<size_t>());
                ++opened;
            }
    QVERIFY(opened > 5);
}

void TestCli::wrongUsage_data() {
    QTest::addColumn<QStringList>("words");
    QTest::newRow("no dump") << QStringList{"graphs"};
    QTest::newRow("unknown option") << QStringList{"graphs", "x.log", "--jsn"};
    QTest::newRow("no address") << QStringList{"graph", "x.log"};
    QTest::newRow("json and text") << QStringList{
        "graph", trace("mlp4"), "--at", "0/0:forward", "--json", "--text"};
    QTest::newRow("address without stage") << QStringList{"graph", trace("mlp4"), "--at", "0/0"};
    QTest::newRow("unknown stage") << QStringList{"graph", trace("mlp4"), "--at", "0/0:nope"};
    QTest::newRow("no such node") << QStringList{"graph", trace("mlp4"), "--at", "0/0:forward@nope"};
    QTest::newRow("screenshot that is no PNG") << QStringList{trace("mlp4"), "--screenshot", "q.jpg"};
    QTest::newRow("negative invocation") << QStringList{"explain", trace("mlp4"), "--invocation", "-1"};
    QTest::newRow("negative limit") << QStringList{"search", trace("mlp4"), "relu", "--limit", "-1"};
    QTest::newRow("negative size") << QStringList{"graphs", trace("mlp4"), "--max-unfold", "-1"};
    QTest::newRow("size beyond 64 bits")
        << QStringList{"graphs", trace("mlp4"), "--max-unfold", "99999999999999999999"};
    QTest::newRow("negative outputs")
        << QStringList{"joint", trace("mlp4"), "--at", "0/0:forward", "--outputs", "-1"};
    QTest::newRow("export without a file") << QStringList{"export", trace("mlp4"), "--at", "0/0:forward"};
}

void TestCli::wrongUsage() {
    QFETCH(QStringList, words);
    const Run r = run(words);
    QCOMPARE(r.status, 2);
    QVERIFY2(r.out.isEmpty(), r.out.constData());
    QVERIFY(!r.err.isEmpty());
}

// What the option parser quotes, too, cannot speak to a terminal.
void TestCli::hostileWords() {
    for (const QString& word : {QStringLiteral("--\x1b]0;x\a"), QStringLiteral("--seed=\x1b[2J")}) {
        const Run r = run({"run", "x.log", word});
        QCOMPARE(r.status, 2);
        QVERIFY2(!r.err.contains('\x1b') && r.err.contains("\\x1b"), r.err.constData());
    }
}

// A dump with one body needs no address, and that it was taken is said.
void TestCli::theOnlyBody() {
    QTemporaryDir folder;
    const QString path = folder.filePath("a\nb.txt");
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("def forward(self, x):\n    a = torch.sin(x)\n    return (a,)\n");
    file.close();
    const Run r = run({"graph", path});
    QCOMPARE(r.status, 0);
    QVERIFY2(r.err.contains("note: taking -:graph, the only body"), r.err.constData());
    QVERIFY(r.out.contains("torch.sin(x)"));
    QCOMPARE(run({"export", path, "-o", "-", "--format", "dot"}).status, 0);
    QCOMPARE(run({"repeats", path}).status, 0);
    const Run list = run({"graphs", path});
    QVERIFY2(list.out.contains("a\\nb"), list.out.constData());
}

void TestCli::badAddressListsWhatExists() {
    const Run none = run({"graph", trace("mlp4")});
    QCOMPARE(none.status, 2);
    QVERIFY2(none.err.contains("expected --at and one of\n  0/0:dynamo\n  0/0:dynamo:subgraph_0\n"),
        none.err.constData());
    QCOMPARE(run({"repeats", trace("mlp4")}).err, none.err);
    QCOMPARE(run({"export", trace("mlp4"), "-o", "-"}).err.replace("what to export", "which body"), none.err);
    const Run body = run({"graph", trace("mlp4"), "--at", "0/0:forward:nope"});
    QCOMPARE(body.status, 2);
    QVERIFY2(body.err.contains("no body 'nope' in 0/0:forward; expected one of partitioned_fw_subgraph_0_0"),
        body.err.constData());
    const Run compilation = run({"graph", trace("mlp4"), "--at", "9/9:forward"});
    QCOMPARE(compilation.status, 2);
    QVERIFY2(compilation.err.contains("expected one of 0/0"), compilation.err.constData());
    const Run rank = run({"graph", trace("ddp4"), "--at", "0/0:forward"});
    QCOMPARE(rank.status, 2);
    QVERIFY2(rank.err.contains("write r0/0/0:forward"), rank.err.constData());
}

void TestCli::unreadable_data() {
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("expected");
    QTest::newRow("missing") << "missing.log"
                             << "No such file";
    QTest::newRow("empty file") << "empty.log"
                                << ": is empty; expected";
    QTest::newRow("no dump") << "notes.txt"
                             << "found no TORCH_TRACE record";
    QTest::newRow("a picture") << "picture.png"
                               << "found a picture (PNG); expected";
    QTest::newRow("empty folder") << "folder"
                                  << "found no dump in it";
}

void TestCli::unreadable() {
    QFETCH(QString, what);
    QFETCH(QString, expected);
    QTemporaryDir folder;
    QVERIFY(writeFile(folder.filePath("empty.log"), ""));
    QVERIFY(writeFile(folder.filePath("notes.txt"), "buy milk\n"));
    QVERIFY(writeFile(folder.filePath("picture.png"), "\x89PNG\r\n\x1a\n"));
    QVERIFY(QDir(folder.path()).mkdir("folder"));
    QVERIFY(run({"graphs", ""}).err.contains("found an empty name, expected a file or folder"));
    for (const char* command : {"graphs", "regions"}) {
        const Run r = run({command, folder.filePath(what), "--json"});
        QCOMPARE(r.status, 3);
        QVERIFY2(r.out.isEmpty(), r.out.constData());
        QVERIFY2(r.err.contains(expected.toUtf8()) && r.err.contains(what.toUtf8()), r.err.constData());
    }
}

void TestCli::damagedIsNotUnreadable() {
    QTemporaryDir folder;
    QByteArray bytes = traceBytes("mlp4");
    bytes.replace(bytes.indexOf("{\"aot_backward_graph\""), 5, "{oops");
    QVERIFY(writeFile(folder.filePath("damaged.log"), bytes.left(bytes.size() * 9 / 10)));
    const Run r = run({"graphs", folder.filePath("damaged.log"), "--json"});
    QCOMPARE(r.status, 0);
    const Json doc = document(r);
    QVERIFY(!doc["problems"].empty());
    for (const Json& p : doc["problems"]) {
        QCOMPARE(keys(p), (QStringList{"severity", "message", "file", "line", "offset"}));
        QVERIFY(p["line"].get<int>() > 0);
    }
    // The same on standard error, where a person looks: file, line, byte.
    QVERIFY2(r.err.contains("damaged.log:"), r.err.constData());
    QVERIFY2(r.err.contains(" (byte "), r.err.constData());
    QVERIFY2(r.err.contains(QByteArray::number(static_cast<int>(doc["problems"].size())) + " problem"),
        r.err.constData());
}

void TestCli::help_data() {
    QTest::addColumn<QString>("command");
    for (const char* command : {"graphs", "graph", "regions", "export"})
        QTest::newRow(command) << QString::fromLatin1(command);
}

void TestCli::help() {
    QFETCH(QString, command);
    const Run r = run({command, "--help"});
    QCOMPARE(r.status, 0);
    QVERIFY(r.err.isEmpty());
    QVERIFY2(r.out.contains("DUMP"), r.out.constData());
    const Run all = run({"--help"});
    QCOMPARE(all.status, 0);
    QVERIFY2(all.out.contains("  " + command.toUtf8()), all.out.constData());
}

void TestCli::version() {
    const Run r = run({"--version"});
    QCOMPARE(r.status, 0);
    QVERIFY2(
        QRegularExpression("^hopscope \\d+\\.\\d+\\.\\d+\\n$").match(r.out).hasMatch(), r.out.constData());
}

void TestCli::textForms() {
    const Run body = run({"graph", trace("mlp4"), "--at", "0/0:forward:partitioned_fw_subgraph_0_0"});
    QCOMPARE(body.status, 0);
    QVERIFY2(body.out.startsWith("class partitioned_fw_subgraph_0_0(torch.nn.Module):\n"),
        body.out.left(200).constData());
    QCOMPARE(run({"graph", trace("mlp4"), "--at", "0/0:forward:partitioned_fw_subgraph_0_0", "--text"}).out,
        body.out);
    // What is printed is a dump again; the names of inputs are a paragraph of comments, which a text without
    // their records cannot have.
    const QRegularExpression notes(
        "(?:^ *# primals_\\d+: blocks.*\\n)+\\n", QRegularExpression::MultilineOption);
    const QString plain = QString::fromUtf8(body.out).remove(notes);
    QVERIFY(QString::fromUtf8(body.out).contains("# primals_1: blocks.*.norm.weight, a parameter\n"));
    QTemporaryDir folder;
    QVERIFY(writeFile(folder.filePath("body.txt"), body.out));
    const Run again = run({"graph", folder.filePath("body.txt"), "--at", "-:graph"});
    QCOMPARE(again.status, 0);
    QCOMPARE(QString::fromUtf8(again.out), plain);
    const Run regions = run({"regions", trace("mlp4"), textLog("mlp4")});
    QCOMPARE(regions.status, 0);
    QVERIFY2(regions.out.contains("4 invocations, 1 traced, 3 reused"), regions.out.constData());
}

void TestCli::sameBytesTwice() {
    for (const char* command : {"graphs", "regions"})
        QCOMPARE(run({command, trace("gpt12"), textLog("gpt12"), "--json"}).out,
            run({command, trace("gpt12"), textLog("gpt12"), "--json"}).out);
}

void TestCli::hintsNameOptions() {
    const Run r = run({"run", trace("gpt12"), "--seed", "1"});
    QCOMPARE(r.status, 2);
    QVERIFY2(r.err.contains("name one with --at"), r.err.constData());
    const Run neither = run({"run", trace("gpt12"), "--at", "0/0:forward"});
    QCOMPARE(neither.status, 2);
    QVERIFY2(neither.err.contains("--seed N or --inputs FILE"), neither.err.constData());
}

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
