// What the command line asks of core/browse: search over any dump, and the ledger's filter.
#include "tests/browse/dumps.h"
#include "tests/commandline.h"

#include "core/browse/find.h"
#include "core/session/session.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <nlohmann/json.hpp>

#include <set>

using namespace hopscope;
using namespace hopscope::test;
using Json = nlohmann::ordered_json;

namespace {

std::vector<std::string> addresses(const Json& hits) {
    std::vector<std::string> out;
    for (const Json& hit : hits)
        out.push_back(hit.at("address").get<std::string>());
    return out;
}

} // namespace

class TestBrowseCli : public QObject {
    Q_OBJECT

    const QString dump_ = tracePath(QStringLiteral("mlp4"));

private slots:
    // The same nodes as core finds, each with an address that resolves and marks inside of its snippet.
    void search_data() {
        QTest::addColumn<QString>("words");
        QTest::newRow("name") << "addmm";
        QTest::newRow("operator") << "aten.addmm";
        QTest::newRow("shape") << "f32[8, 16]";
        QTest::newRow("shape alone, which looks like a list") << "[8, 16]";
        QTest::newRow("source") << "workloads.py";
        QTest::newRow("two words") << "addmm workloads.py";
        QTest::newRow("regular expression") << "/^addmm_\\d$/";
        QTest::newRow("nothing") << "nosuchword";
    }
    void search() {
        QFETCH(QString, words);
        const Run r = run({"search", dump_, words, "--json", "--limit", "100000"});
        QCOMPARE(r.status, 0);
        const Json document = Json::parse(r.out.toStdString());
        QCOMPARE(document.at("text").get<std::string>(), words.toStdString());
        QCOMPARE(document.at("more").get<bool>(), false);
        const auto d = openDocument(QStringLiteral("mlp4"));
        const Result<FindResult> found = find_all(d->dump(), *Find::parse(words.toStdString()), 100000);
        QVERIFY(found.ok());
        QCOMPARE(found->hits.empty(), words == "nosuchword");
        std::vector<std::string> expected;
        for (const FindHit& hit : found->hits)
            expected.push_back(d->address(hit.place));
        QCOMPARE(addresses(document.at("hits")), expected);
        for (const Json& hit : document.at("hits")) {
            QVERIFY(resolve(d->dump(), hit.at("address").get<std::string>()).ok());
            for (const Json& mark : hit.at("marks"))
                QVERIFY(mark[0].get<size_t>() < mark[1].get<size_t>()
                    && mark[1].get<size_t>() <= hit.at("snippet").get<std::string>().size());
        }
    }

    void whatIsLeftOutIsSaid() {
        const Run all = run({"search", dump_, "addmm", "--limit", "100000"});
        const Run two = run({"search", dump_, "addmm", "--limit", "2"});
        QCOMPARE(two.out.count('\n'), 2);
        QVERIFY(all.out.startsWith(two.out));
        QVERIFY(two.err.contains("more than 2 hits"));
        QVERIFY(all.err.isEmpty());
        QVERIFY(run({"search", dump_, "nosuchword"}).err.contains("no node fits"));
        QCOMPARE(run({"search", dump_, "--regex", "^addmm$"}).out, run({"search", dump_, "/^addmm$/"}).out);
        QVERIFY(run({"search", dump_, "--case", "ADDMM"}).err.contains("no node fits"));
        const QByteArray address = run({"search", dump_, "addmm", "--limit", "1"}).out.split('@').front();
        const QByteArray inside = run({"search", dump_, "addmm", "--in", QString::fromUtf8(address)}).out;
        for (const QByteArray& line : inside.trimmed().split('\n'))
            QVERIFY2(line.startsWith(address + '@'), line.constData());
        QVERIFY(inside.size() < all.out.size());
        QCOMPARE(run({"search", dump_, "addmm", "--in", "0/0:nowhere"}).status, 2);
        QVERIFY(Json::parse(run({"search", dump_, "addmm", "--limit", "2", "--json"}).out.toStdString())
                    .at("more")
                    .get<bool>());
    }

    void severalDumps() {
        const Run r =
            run({"search", tracePath("gpt12"), HOPSCOPE_TEST_DATA "/gpt12/torch_logs.txt.gz", "addmm_1"});
        QCOMPARE(r.status, 0);
        QVERIFY(r.out.contains("@addmm_1"));
    }

    void wrongUsage_data() {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("no words") << QStringList{} << QByteArray("expected DUMP…");
        QTest::newRow("one word") << QStringList{dump_} << QByteArray("expected DUMP…");
        QTest::newRow("an option") << QStringList{dump_, "--what", "x"}
                                   << QByteArray("found the option --what");
        QTest::newRow("an expression") << QStringList{dump_, "/(/"} << QByteArray("no regular expression");
    }
    void wrongUsage() {
        QFETCH(QStringList, words);
        QFETCH(QByteArray, says);
        const Run r = run(QStringList{"search"} + words);
        QCOMPARE(r.status, 2);
        QVERIFY2(r.err.contains(says), r.err);
    }

    void unreadable() { QCOMPARE(run({"search", "/no/such/file", "x"}).status, 3); }

    // A session is searched by its index as ever; what the index does not hold is looked for in the bodies.
    void sessions() {
        QTemporaryDir folder;
        const QString path = folder.filePath("a.hopscope");
        const auto d = openDocument(QStringLiteral("mlp4"));
        QVERIFY(Session::create(path.toStdString(), d->dump(), d->ledger()).ok());
        const Run r = run({"search", path, "addmm", "--json"});
        QCOMPARE(r.status, 0);
        const auto session = Session::open(path.toStdString(), OpenMode::Read);
        std::vector<std::string> expected;
        const Result<std::vector<SearchHit>> indexed = (*session)->search("addmm");
        QVERIFY(indexed.ok());
        for (const SearchHit& hit : *indexed)
            expected.push_back(hit.address);
        QVERIFY(!expected.empty());
        QCOMPARE(addresses(Json::parse(r.out.toStdString()).at("hits")), expected);
        const Run shape = run({"search", path, "f32[8, 16]"});
        QCOMPARE(shape.out, run({"search", dump_, "f32[8, 16]"}).out);
        QVERIFY(!shape.out.isEmpty());
    }

    // --- regions --where

    void where_data() {
        QTest::addColumn<QString>("filter");
        QTest::addColumn<int>("fit");
        QTest::newRow("empty") << "" << 12;
        QTest::newRow("traced") << "traced" << 1;
        QTest::newRow("not traced") << "-traced" << 11;
        QTest::newRow("by a field") << "decision:reused" << 11;
        QTest::newRow("by two fields") << "decision:reused region:subgraph_0 -index:11" << 10;
        QTest::newRow("none") << "function:nosuch" << 0;
    }
    void where() {
        QFETCH(QString, filter);
        QFETCH(int, fit);
        const QString dump = tracePath("gpt12");
        const Run r = run({"regions", dump, "--where", filter, "--json"});
        QCOMPARE(r.status, 0);
        const Json document = Json::parse(r.out.toStdString());
        const Json all = Json::parse(run({"regions", dump, "--json"}).out.toStdString());
        size_t shown = 0;
        for (size_t c = 0; c < all.at("compilations").size(); ++c) {
            const Json& here = document.at("compilations")[c];
            // Totals are of all.
            QVERIFY(here.at("totals") == all.at("compilations")[c].at("totals"));
            for (const Json& region : here.at("regions"))
                shown += region.at("invocations").size();
        }
        QCOMPARE(int(shown), fit);
        const Run text = run({"regions", dump, "--where", filter});
        QCOMPARE(text.status, 0);
        if (!filter.isEmpty())
            QVERIFY2(text.err.contains(QByteArray::number(fit) + " of 12 invocations fit"), text.err);
    }

    void wrongFilter() {
        const Run r = run({"regions", tracePath("gpt12"), "--where", "nofield:x"});
        QCOMPARE(r.status, 2);
        QVERIFY(r.err.contains("in the filter: found the field \"nofield\", expected one of index, compile"));
    }
};

QTEST_GUILESS_MAIN(TestBrowseCli)
#include "tst_browse_cli.moc"
