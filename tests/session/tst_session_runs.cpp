// Runs that a session keeps.
#include "core/session/session.h"
#include "tests/session/samples.h"

#include <QtTest>

#include <SQLiteCpp/SQLiteCpp.h>

#include <cmath>
#include <limits>

using namespace hopscope;
using namespace hopscope::test;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Every field has a value of its own.
StoredRun whole_run() {
    StoredRun run;
    run.address = "0/0:forward:fw_subgraph_0";
    run.created = "2026-01-31T12:00:00Z";
    run.invocation = 2;
    run.seed = UINT64_MAX - 5;
    run.inputs_file = "00_forward.safetensors";
    run.inputs_hash = "0123456789abcdef0123456789abcdef";
    run.symbols = {{"s77", 8}, {"u0", -3}};
    run.reference = "float64";
    run.libtorch = "2.13.0";
    run.threads = 1;
    run.tolerance = "float32=2e-05";
    run.nodes = 90;
    run.run = 89;
    run.compared = 80;
    run.mismatched = 2;
    run.first_mismatch = "call/mm";
    run.max_abs_error = 0.5;
    run.max_rel_error = kInfinity;
    run.max_ulp_error = 3;
    run.wall_ms = 1.25;
    run.failed_node = "call/sin";
    run.failure = "it's \"odd\"\n\xFF";
    run.verdict = "differs";
    return run;
}

std::vector<StoredRunValue> some_values() {
    StoredRunValue tensor;
    tensor.path = "call/mm";
    tensor.dtype = "float32";
    tensor.shape = {2, 3};
    tensor.stride = {1, 2};
    tensor.min = -1;
    tensor.max = kInfinity;
    tensor.mean = 0.25;
    tensor.std = 0;
    tensor.nan = 1;
    tensor.inf = 2;
    tensor.zero = 3;
    tensor.abs_error = 0.5;
    tensor.rel_error = 0.125;
    tensor.ulp_error = 7;
    tensor.ok = false;
    StoredRunValue item;
    item.path = "split";
    item.item = 1;
    item.dtype = "int64";
    item.reason = "shape (2, 3), recorded (3, 2)";
    item.ok = true;
    StoredRunValue number;
    number.path = "sym_size";
    number.python = "8";
    return {tensor, item, number};
}

} // namespace

class TestSessionRuns : public QObject {
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

    void everything_comes_back() {
        const std::string path = fresh();
        StoredRun run = whole_run();
        const std::vector<StoredRunValue> values = some_values();
        {
            auto session = Session::open(path);
            const auto id = (*session)->add_run(dump_, run, values);
            QVERIFY2(id.ok(), id.ok() ? "" : id.error().text().c_str());
            QCOMPARE(*id, int64_t(1));
            run.id = *id;
        }
        auto session = Session::open(path, OpenMode::Read);
        const auto runs = (*session)->runs();
        QVERIFY(runs.ok());
        QCOMPARE(runs->size(), size_t(1));
        QVERIFY(runs->front() == run);
        const auto back = (*session)->run_values(1);
        QVERIFY(back.ok());
        QVERIFY(*back == values);
        QVERIFY((*session)->check()->empty());
        QCOMPARE((*session)->run_values(2).error().kind, Error::Kind::NotFound);
    }

    void absent_stays_absent() {
        const std::string path = fresh();
        StoredRun run;
        run.address = "0/0:forward";
        auto session = Session::open(path);
        QVERIFY((*session)->add_run(dump_, run, {}).ok());
        const StoredRun back = (*session)->runs()->front();
        QVERIFY(!back.seed && !back.compared && !back.max_abs_error && !back.wall_ms && !back.invocation);
        QVERIFY(back.symbols.empty());
        QVERIFY(back.created.ends_with('Z'));
    }

    void not_a_number_is_absent() {
        const std::string path = fresh();
        StoredRun run = whole_run();
        run.max_abs_error = NAN;
        StoredRunValue value;
        value.path = "mm";
        value.mean = NAN;
        auto session = Session::open(path);
        QVERIFY((*session)->add_run(dump_, run, std::vector{value}).ok());
        QVERIFY(!(*session)->runs()->front().max_abs_error);
        QVERIFY(!(*session)->run_values(1)->front().mean);
    }

    void tensors_are_kept_where_given() {
        const std::string path = fresh();
        std::vector<StoredRunValue> values = some_values();
        values[0].tensor = std::string(24, 'a');
        values[1].tensor = std::string(100000, 'b');
        {
            auto session = Session::open(path);
            QVERIFY((*session)->add_run(dump_, whole_run(), values).ok());
        }
        auto session = Session::open(path, OpenMode::Read);
        const auto back = (*session)->run_values(1);
        QCOMPARE(back->at(0).tensor_bytes.value_or(0), uint64_t(24));
        QVERIFY(back->at(0).tensor.empty());
        QVERIFY(!back->at(2).tensor_bytes);
        QCOMPARE(*(*session)->run_tensor(1, "call/mm"), values[0].tensor);
        QCOMPARE(*(*session)->run_tensor(1, "split", 1), values[1].tensor);
        for (const auto& [id, name, item] :
            {std::tuple(1, "sym_size", 0), std::tuple(1, "split", 0), std::tuple(2, "call/mm", 0)})
            QCOMPARE((*session)->run_tensor(id, name, item).error().kind, Error::Kind::NotFound);
        QVERIFY((*session)->check()->empty());
        QVERIFY(QFileInfo(QString::fromStdString(path)).size() < 300000);
    }

    void removing_takes_the_values_along() {
        const std::string path = fresh();
        auto session = Session::open(path);
        QVERIFY((*session)->add_run(dump_, whole_run(), some_values()).ok());
        QVERIFY((*session)->add_run(dump_, whole_run(), some_values()).ok());
        QVERIFY((*session)->remove_run(2).ok());
        QCOMPARE((*session)->remove_run(2).error().kind, Error::Kind::NotFound);
        QCOMPARE(*(*session)->add_run(dump_, whole_run(), {}), int64_t(3)); // never used twice
        QCOMPARE((*session)->runs()->size(), size_t(2));
        session->reset();
        QCOMPARE(SQLite::Database(path).execAndGet("SELECT count(*) FROM run_value").getInt(), 3);
    }

    void refuses_what_makes_no_sense() {
        const std::string path = fresh();
        auto session = Session::open(path);
        StoredRun run = whole_run();
        run.address = "0/0:forward:nobody";
        QVERIFY(!(*session)->add_run(dump_, run, {}).ok());
        run = whole_run();
        run.symbols = {{"s 77", 8}};
        QCOMPARE((*session)->add_run(dump_, run, {}).error().kind, Error::Kind::Usage);
        session->reset();
        session = Session::open(path, OpenMode::Read);
        QVERIFY((*session)->add_run(dump_, whole_run(), {}).error().message.find("cannot be changed")
            != std::string::npos);
        QVERIFY(!(*session)->remove_run(1).ok());
        QVERIFY((*session)->runs()->empty());
    }

    void the_command_line_lists_them() {
        const std::string path = fresh();
        QVERIFY((*Session::open(path))->add_run(dump_, whole_run(), some_values()).ok());
        const auto hopscope = [&](const QStringList& words, int status) {
            QProcess process;
            process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"),
                QStringList{QStringLiteral("runs"), QString::fromStdString(path)} + words);
            return process.waitForFinished(30'000) && process.exitCode() == status
                ? process.readAllStandardOutput()
                : QByteArray("failed");
        };
        const auto json = [&](const QStringList& words) {
            return QJsonDocument::fromJson(hopscope(words, 0)).object();
        };
        const QJsonObject run = json({"--json"})["runs"].toArray().at(0).toObject();
        QCOMPARE(run["id"].toInt(), 1);
        QCOMPARE(run["symbols"].toObject()["s77"].toInt(), 8);
        QCOMPARE(run["max_rel_error"].toString(), QString("inf"));
        QCOMPARE(run["verdict"].toString(), QString("differs"));
        const QJsonObject shown = json({"--run", "1", "--json"});
        QCOMPARE(shown["run"].toObject(), run);
        QCOMPARE(shown["values"].toArray().size(), 3);
        QCOMPARE(shown["values"].toArray().at(0).toObject()["shape"].toArray(), (QJsonArray{2, 3}));
        QVERIFY(shown["values"].toArray().at(2).toObject()["ok"].isNull());
        const QByteArray text = hopscope({}, 0);
        QVERIFY2(text.contains("against float64: 80 compared, 2 differ, first call/mm"), text.constData());
        QCOMPARE(hopscope({"--run", "2"}, 2), QByteArray());
        QCOMPARE(hopscope({"--remove", "1"}, 0), QByteArray());
        QCOMPARE(json({"--json"})["runs"].toArray().size(), 0);
    }

    void check_finds_damage_data() {
        QTest::addColumn<QString>("change");
        QTest::addColumn<QString>("says");
        QTest::newRow("symbols") << "UPDATE run SET symbols = 's77'"
                                 << "symbols are no NAME=NUMBER";
        QTest::newRow("threads") << "UPDATE run SET threads = 'many'"
                                 << "threads is no integer";
        QTest::newRow("address") << "UPDATE run SET address = '9/9:forward'"
                                 << "run 1 is at 9/9:forward";
        QTest::newRow("shape") << "UPDATE run_value SET shape = '2,,3'"
                               << "shape or stride are no numbers";
        QTest::newRow("tensor") << "UPDATE run_value SET tensor = zeroblob(30) WHERE tensor IS NOT NULL"
                                << "run 1, call/mm";
        QTest::newRow("hash") << "UPDATE run_value SET tensor_hash = 'x' WHERE tensor IS NOT NULL"
                              << "has hash";
        QTest::newRow("size") << "UPDATE run_value SET tensor_bytes = 1 << 40 WHERE tensor IS NOT NULL"
                              << "bytes expected";
        QTest::newRow("run of a value") << "PRAGMA foreign_keys = OFF; DELETE FROM run"
                                        << "refers to a row of run";
    }

    void check_finds_damage() {
        QFETCH(QString, change);
        QFETCH(QString, says);
        const std::string path = fresh();
        std::vector<StoredRunValue> values = some_values();
        values[0].tensor = std::string(24, 'a');
        QVERIFY((*Session::open(path))->add_run(dump_, whole_run(), values).ok());
        SQLite::Database(path, SQLite::OPEN_READWRITE).exec(change.toStdString());
        auto session = Session::open(path, OpenMode::Read);
        QVERIFY(session.ok());
        QVERIFY((*session)->runs().ok()); // whatever is in it, an answer
        const auto problems = (*session)->check();
        QVERIFY(problems.ok());
        QString all;
        for (const Problem& p : *problems)
            all += QString::fromStdString(p.message) + '\n';
        QVERIFY2(all.contains(says), qPrintable(all));
    }
};

QTEST_GUILESS_MAIN(TestSessionRuns)
#include "tst_session_runs.moc"
