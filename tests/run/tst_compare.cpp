// Comparing: with recorded values, double precision and other runs; what differs is found where it first
// does.
#include "tests/worker/worker.h"

#include "core/run/compare.h"
#include "core/run/timing.h"

#include <QTest>

#include <cmath>
#include <fstream>

using namespace hopscope;
using namespace hopscope::test;
using run::CompareRequest;

namespace {

struct Ready {
    Dump dump;
    run::Prepared prepared;
    std::shared_ptr<worker::Worker> executor;
    std::string problem;
};

std::string graphOf(const char* recording, const char* stem) {
    const QString path =
        dataPath(QStringLiteral("%1/values/%2.txt").arg(QLatin1String(recording), QLatin1String(stem)));
    return (QFile::exists(path) ? path : path + QStringLiteral(".gz")).toStdString();
}
std::string valuesOf(const char* recording, const char* stem) {
    return dataPath(
        QStringLiteral("%1/values/%2.safetensors.gz").arg(QLatin1String(recording), QLatin1String(stem)))
        .toStdString();
}

Ready make(const std::string& graph, run::Request request) {
    Ready ready;
    auto dump = open_dump({graph});
    if (!dump) {
        ready.problem = dump.error().text();
        return ready;
    }
    ready.dump = std::move(*dump);
    auto prepared = run::prepare(ready.dump, request);
    if (!prepared) {
        ready.problem = prepared.error().text();
        return ready;
    }
    ready.prepared = std::move(*prepared);
    auto started = startExecutor();
    if (!started)
        ready.problem = started.error().text();
    else if (const auto loaded = run::load_into(**started, ready.prepared); !loaded)
        ready.problem = loaded.error().text();
    else
        ready.executor = std::move(*started);
    return ready;
}

Ready recorded(const char* recording, const char* stem) {
    run::Request request;
    request.inputs = request.reference = valuesOf(recording, stem);
    return make(graphOf(recording, stem), request);
}

} // namespace

class TestCompare : public QObject {
    Q_OBJECT

private slots:
    void agreesWithRecordedValues();
    void agreesWithDoublePrecision_data();
    void agreesWithDoublePrecision();
    void holdsToTheTolerancesGiven();
    void findsASeededDivergence();
    void comparesTwoRuns();
    void measuresErrors();
    void judgesByTheNoiseFloor_data();
    void judgesByTheNoiseFloor();
    void tellsAnotherChoice();
    void judgesWholeBodies();
    void comparesComplexNumbers();
    void leavesOutWhatMeansNothing();
    void readsTolerances();
    void timesNodes();
};

void TestCompare::agreesWithRecordedValues() {
    Ready r = recorded("mlp4", "00_forward");
    QVERIFY2(r.executor, r.problem.c_str());
    const auto c = run::compare(*r.executor, r.prepared, {});
    QVERIFY(c);
    QVERIFY(c->holds());
    QVERIFY(!c->first);
    QVERIFY(c->values.size() > 40);
    for (const auto& v : c->values)
        QVERIFY(v.body && v.node && v.equal);
    // The tolerances that are said are those that are in force.
    for (const bool alone : {false, true}) {
        CompareRequest how;
        how.alone = alone;
        const auto again = run::compare(*r.executor, r.prepared, how);
        for (const auto& v : again->values)
            if (v.dtype == "float32")
                QCOMPARE(v.tolerance, run::default_tolerances(alone).at("float32"));
    }
}

void TestCompare::agreesWithDoublePrecision_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<QString>("stem");
    QTest::newRow("mlp4 forward") << "mlp4"
                                  << "00_forward";
    QTest::newRow("mlp4 backward") << "mlp4"
                                   << "01_backward";
    QTest::newRow("no_region forward") << "no_region"
                                       << "00_forward";
    QTest::newRow("recompiles backward") << "recompiles"
                                         << "03_backward";
}

void TestCompare::agreesWithDoublePrecision() {
    QFETCH(QString, recording);
    QFETCH(QString, stem);
    Ready r = recorded(qPrintable(recording), qPrintable(stem));
    QVERIFY2(r.executor, r.problem.c_str());
    CompareRequest how;
    how.against = CompareRequest::Against::Float64;
    const auto c = run::compare(*r.executor, r.prepared, how);
    QVERIFY2(c, c ? "" : c.error().message.c_str());
    QVERIFY2(c->holds(), !c->first ? "" : c->values[*c->first].path.c_str());
    // Single precision does round: an equal result would be the same run twice.
    QVERIFY(c->max_abs > 0);
    QVERIFY(c->compared > 5);
}

void TestCompare::holdsToTheTolerancesGiven() {
    Ready r = recorded("mlp4", "00_forward");
    QVERIFY2(r.executor, r.problem.c_str());
    CompareRequest how;
    how.against = CompareRequest::Against::Float64;
    how.tolerances = {{"float32", 0.0}};
    const auto strict = run::compare(*r.executor, r.prepared, how);
    QVERIFY(strict);
    QVERIFY(!strict->holds());
    how.tolerances = {{"float32", 1.0}};
    QVERIFY(run::compare(*r.executor, r.prepared, how)->holds());
    const auto order = run::by_error(*strict);
    QCOMPARE(order.size(), strict->values.size());
    QVERIFY(!strict->values[order.front()].equal);
    bool failed = true;
    for (const size_t i : order) { // what is not equal stands first
        QVERIFY(failed || strict->values[i].equal);
        failed = !strict->values[i].equal;
    }
}

void TestCompare::findsASeededDivergence() {
    // A copy of a recorded graph with one operator changed; the wrong node is the first that differs.
    const auto bytes = bytesOf(QString::fromStdString(graphOf("mlp4", "00_forward")));
    QByteArray text = bytes;
    const int at = text.indexOf("torch.ops.aten.gelu.default(");
    QVERIFY(at > 0);
    const int line = text.lastIndexOf('\n', at) + 1;
    const QByteArray name = text.mid(line, text.indexOf(':', line) - line).trimmed();
    text.replace(at, int(strlen("torch.ops.aten.gelu.default(")), "torch.ops.aten.silu.default(");
    QTemporaryDir folder;
    const QString copy = folder.filePath(QStringLiteral("copy.txt"));
    QVERIFY(writeFile(copy, text));
    run::Request request;
    request.inputs = request.reference = valuesOf("mlp4", "00_forward");
    Ready r = make(copy.toStdString(), request);
    QVERIFY2(r.executor, r.problem.c_str());
    const auto c = run::compare(*r.executor, r.prepared, {});
    QVERIFY(c);
    QVERIFY(!c->holds());
    const run::ComparedValue& first = c->values[*c->first];
    QVERIFY2(QByteArray::fromStdString(first.path).endsWith(name), first.path.c_str());
    QVERIFY(first.max_abs > 1e-3);
    QVERIFY(!first.worst.empty());
    QVERIFY(std::fabs(first.found - first.expected) > 1e-3);
    // Node by node only the changed one and its equals in other calls differ.
    CompareRequest alone;
    alone.alone = true;
    const auto each = run::compare(*r.executor, r.prepared, alone);
    QVERIFY(each);
    for (const auto& v : each->values)
        QVERIFY2(v.equal || QByteArray::fromStdString(v.path).endsWith(name), v.path.c_str());
}

void TestCompare::comparesTwoRuns() {
    run::Request request;
    request.seed = 1;
    Ready r = make(graphOf("mlp4", "00_forward"), request);
    QVERIFY2(r.executor, r.problem.c_str());
    CompareRequest how;
    how.against = CompareRequest::Against::Run;
    how.other = &r.prepared;
    auto c = run::compare(*r.executor, r.prepared, how);
    QVERIFY2(c, c ? "" : c.error().message.c_str());
    QVERIFY(c->holds());
    QCOMPARE(c->max_abs, 0.0);
    request.seed = 2;
    const auto other = run::prepare(r.dump, request);
    QVERIFY(other);
    how.other = &*other;
    c = run::compare(*r.executor, r.prepared, how);
    QVERIFY(c);
    QVERIFY(!c->holds());
    QVERIFY(c->max_abs > 0.1);
    // Afterwards the first body is what is loaded, with its own inputs.
    how.other = &r.prepared;
    QVERIFY(run::compare(*r.executor, r.prepared, how)->holds());
    how.other = nullptr;
    const auto none = run::compare(*r.executor, r.prepared, how);
    QCOMPARE(none.error().kind, Error::Kind::Usage);
    how.against = CompareRequest::Against::Recorded;
    QCOMPARE(run::compare(*r.executor, r.prepared, how).error().kind, Error::Kind::Usage);
}

void TestCompare::measuresErrors() {
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4]cpu"):
        mul: "f32[4]cpu" = torch.ops.aten.mul.Tensor(x, 1)
        return (mul,)
)";
    QTemporaryDir folder;
    const QString graph = folder.filePath(QStringLiteral("graph.txt"));
    QVERIFY(writeFile(graph, QByteArray::fromStdString(text)));
    const float next = std::nextafterf(1.F, 2.F);
    const auto write = [&](const char* name, const std::vector<float>& mul) {
        Values values;
        values.floats("x", {4}, {1, 8, 0, NAN}).floats("mul", {4}, mul);
        const std::string bytes = tensors::write_tensor_file(values.all);
        const QString path = folder.filePath(QLatin1String(name));
        writeFile(path, QByteArray::fromStdString(bytes));
        return path.toStdString();
    };
    struct Case {
        const char* name;
        std::vector<float> expected;
        bool equal;
        double abs, rel, ulp;
        std::vector<int64_t> worst;
    };
    const double step = double(next) - 1;
    for (const Case& c : {
             Case{"same", {1, 8, 0, NAN}, true, 0, 0, 0, {}},
             Case{"one step", {next, 8, 0, NAN}, true, step, step / 8, 1, {0}},
             Case{"a half", {1, 8.5F, 0, NAN}, false, 0.5, 0.5 / 8.5, 0.5 / (8 * step), {1}},
             Case{"no NaN", {1, 8, 0, 5}, false, INFINITY, INFINITY, INFINITY, {3}},
             Case{"infinite", {1, INFINITY, 0, NAN}, false, INFINITY, INFINITY, INFINITY, {1}},
         }) {
        run::Request request;
        request.inputs = request.reference = write(c.name, c.expected);
        Ready r = make(graph.toStdString(), request);
        QVERIFY2(r.executor, r.problem.c_str());
        const auto found = run::compare(*r.executor, r.prepared, {});
        QVERIFY(found);
        QCOMPARE(found->values.size(), size_t{1});
        const run::ComparedValue& v = found->values[0];
        QVERIFY2(v.equal == c.equal, c.name);
        QCOMPARE(v.max_abs, c.abs);
        QCOMPARE(v.max_rel, c.rel);
        QCOMPARE(v.max_ulp, c.ulp);
        QCOMPARE(v.worst, c.worst);
    }
}

namespace {

// A body of one operator, its inputs and what was recorded of it.
Ready single(const QTemporaryDir& folder, const std::string& inputs, const std::string& node,
    const std::string& returned, const Values& values) {
    const QString graph = folder.filePath(QStringLiteral("graph.txt")),
                  file = folder.filePath(QStringLiteral("values.safetensors"));
    writeFile(graph,
        QByteArray::fromStdString("class GraphModule(torch.nn.Module):\n    def forward(self, " + inputs
            + "):\n        " + node + "\n        return (" + returned + ",)\n"));
    writeFile(file, QByteArray::fromStdString(tensors::write_tensor_file(values.all)));
    run::Request request;
    request.inputs = request.reference = file.toStdString();
    return make(graph.toStdString(), request);
}

} // namespace

void TestCompare::judgesByTheNoiseFloor_data() {
    QTest::addColumn<QString>("node");
    QTest::addColumn<float>("off"); // what the recording has besides the right sum, first element
    QTest::addColumn<int>("verdict");
    const QString sum = QStringLiteral("r: \"f32[2]cpu\" = torch.ops.aten.sum.dim_IntList(x, [1])");
    const QString add = QStringLiteral("r: \"f32[2]cpu\" = torch.ops.aten.sub.Tensor(y, z)");
    using wire::Verdict;
    QTest::newRow("the same") << sum << 0.0F << int(Verdict::Same);
    // 1e6 and its negative cancel: what is left is noise of 1e6, not of the result.
    QTest::newRow("cancelled") << sum << 0.06F << int(Verdict::WithinRounding);
    QTest::newRow("beyond the noise") << sum << 20.0F << int(Verdict::Suspicious);
    QTest::newRow("one unit") << add << 1.2e-7F << int(Verdict::WithinRounding);
    QTest::newRow("many units") << add << 1e-4F << int(Verdict::Suspicious);
}

void TestCompare::judgesByTheNoiseFloor() {
    QFETCH(QString, node);
    QFETCH(float, off);
    QFETCH(int, verdict);
    QTemporaryDir folder;
    Values values;
    values.floats("x", {2, 3}, {1e6F, 1, -1e6F, 1, 2, 3}).floats("y", {2}, {3, 4}).floats("z", {2}, {2, 2});
    if (node.contains(QStringLiteral("sum")))
        values.floats("r", {2}, {1 + off, 6});
    else
        values.floats("r", {2}, {1 + off, 2});
    Ready r = single(
        folder, "x: \"f32[2, 3]cpu\", y: \"f32[2]cpu\", z: \"f32[2]cpu\"", node.toStdString(), "r", values);
    QVERIFY2(r.executor, r.problem.c_str());
    const auto c = run::compare(*r.executor, r.prepared, {});
    QVERIFY(c && c->alone && !c->strict && c->values.size() == 1);
    const run::ComparedValue& v = c->values[0];
    QVERIFY2(int(v.verdict) == verdict, run::verdict_text(v, false).c_str());
    QCOMPARE(c->holds(), v.verdict != wire::Verdict::Suspicious);
    QCOMPARE(c->first.has_value(), !c->holds());
    if (v.verdict == wire::Verdict::Same)
        return;
    // The figures are of one element and agree with each other.
    QCOMPARE(v.worst, std::vector<int64_t>{0});
    QCOMPARE(v.max_abs, std::fabs(v.found - v.expected));
    QCOMPARE(v.own_error, std::fabs(v.found - v.exact));
    QCOMPARE(v.expected_error, std::fabs(v.expected - v.exact));
    QCOMPARE(v.exact, 1.0);
    QCOMPARE(v.times, std::max(v.own_error, v.expected_error) / v.floor);
}

void TestCompare::tellsAnotherChoice() {
    for (const bool equal : {true, false}) {
        QTemporaryDir folder;
        Values values;
        values.floats("x", {4}, {1, 5, 2, 5}).integers("r", {1}, {equal ? 3 : 2});
        Ready r = single(folder, "x: \"f32[4]cpu\"",
            "r: \"i64[1]cpu\" = torch.ops.aten.argmax.default(x, 0, True)", "r", values);
        QVERIFY2(r.executor, r.problem.c_str());
        const auto c = run::compare(*r.executor, r.prepared, {});
        QVERIFY(c && c->values.size() == 1);
        const run::ComparedValue& v = c->values[0];
        QCOMPARE(v.found, 1.0);
        QCOMPARE(v.verdict, equal ? wire::Verdict::WithinRounding : wire::Verdict::Suspicious);
        QCOMPARE(v.why.find("another choice") != std::string::npos, equal);
    }
}

// A body on its own values carries its errors along; a comparison that they turn over is told as that.
void TestCompare::judgesWholeBodies() {
    QTemporaryDir folder;
    const QString graph = folder.filePath(QStringLiteral("graph.txt"));
    QVERIFY(writeFile(graph, R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[64, 64]cpu", w: "f32[64, 64]cpu"):
        mm: "f32[64, 64]cpu" = torch.ops.aten.mm.default(x, w)
        sub: "f32[64, 64]cpu" = torch.ops.aten.sub.Tensor(mm, mm)
        mm_1: "f32[64, 64]cpu" = torch.ops.aten.mm.default(x, w)
        mul: "f32[64, 64]cpu" = torch.ops.aten.mul.Tensor(mm_1, 3.0)
        div: "f32[64, 64]cpu" = torch.ops.aten.div.Tensor(mul, 3.0)
        gt: "b8[64, 64]cpu" = torch.ops.aten.gt.Tensor(div, mm)
        where: "f32[64, 64]cpu" = torch.ops.aten.where.self(gt, mm, x)
        sin: "f32[64, 64]cpu" = torch.ops.aten.sin.default(where)
        return (sin, sub)
)"));
    run::Request request;
    request.seed = 1;
    Ready r = make(graph.toStdString(), request);
    QVERIFY2(r.executor, r.problem.c_str());
    CompareRequest how;
    how.against = CompareRequest::Against::Float64;
    const auto c = run::compare(*r.executor, r.prepared, how);
    QVERIFY(c && !c->alone);
    QVERIFY2(c->holds(), run::verdicts_text(*c).c_str());
    const auto row = [&](const char* name) {
        return *std::find_if(
            c->values.begin(), c->values.end(), [&](const auto& v) { return v.path == name; });
    };
    QCOMPARE(row("mm").verdict, wire::Verdict::WithinRounding);
    QCOMPARE(row("gt").verdict, wire::Verdict::WithinRounding);
    QVERIFY2(row("gt").why.find("another choice") != std::string::npos, row("gt").why.c_str());
    QVERIFY(row("sin").max_abs > 1e-3); // behind it, and right all the same
    how.strict = true;
    const auto strict = run::compare(*r.executor, r.prepared, how);
    QVERIFY(strict && !strict->holds());
}

// complex128, whose kernels want their numbers where a file need not have them.
void TestCompare::comparesComplexNumbers() {
    QTemporaryDir folder;
    const double number[] = {1.5, -2};
    Values values;
    values.booleans("pad", {8}, {1, 1, 1, 1, 1, 1, 1, 1}).floats("x", {}, {1.5F});
    tensors::Value r;
    r.name = "r";
    r.dtype = "complex128";
    r.bytes = std::string_view(reinterpret_cast<const char*>(number), sizeof number);
    values.all.push_back(r);
    Ready ready = single(folder, "pad: \"b8[8]cpu\", x: \"f32[]cpu\"",
        "w: \"c128[]cpu\" = torch.ops.aten._to_copy.default(x, dtype = torch.complex128)\n"
        "        r: \"c128[]cpu\" = torch.ops.aten.add.Tensor(w, -2j)",
        "r", values);
    QVERIFY2(ready.executor, ready.problem.c_str());
    const auto c = run::compare(*ready.executor, ready.prepared, {});
    QVERIFY2(c, c ? "" : c.error().message.c_str());
    QCOMPARE(c->values.size(), size_t{1});
    QCOMPARE(c->values[0].verdict, wire::Verdict::Same);
}

void TestCompare::leavesOutWhatMeansNothing() {
    QTemporaryDir folder;
    Values values;
    values.floats("x", {2, 2}, {2, 1, 1, 2}).floats("r#0", {2}, {1, 3}).floats("r#1", {2, 2}, {0, 0, 0, 0});
    values.floats("e", {2}, {7, 7});
    Ready ready = single(folder, "x: \"f32[2, 2]cpu\"",
        "r = torch.ops.aten._linalg_eigh.default(x, 'L', True)\n"
        "        e: \"f32[2]cpu\" = torch.ops.aten.empty.memory_format([2], dtype = torch.float32)",
        "e", values);
    QVERIFY2(ready.executor, ready.problem.c_str());
    const auto c = run::compare(*ready.executor, ready.prepared, {});
    QVERIFY2(c, c ? "" : c.error().message.c_str());
    QVERIFY(c->holds());
    QCOMPARE(c->count(wire::Verdict::NotCompared), size_t{2});
    for (const run::ComparedValue& v : c->values)
        QCOMPARE(v.why.empty(), v.verdict != wire::Verdict::NotCompared);
}

void TestCompare::readsTolerances() {
    const auto read = run::tolerances_of({"float32=1e-5", "bf16=0.1"});
    QVERIFY(read);
    QCOMPARE(*read, (std::map<std::string, double>{{"bfloat16", 0.1}, {"float32", 1e-5}}));
    for (const char* wrong : {"float32", "float32=", "float32=-1", "f33=1", "float32=1x", "=1"}) {
        const auto refused = run::tolerances_of({wrong});
        QVERIFY2(!refused, wrong);
        QCOMPARE(refused.error().kind, Error::Kind::Usage);
    }
}

void TestCompare::timesNodes() {
    Ready r = recorded("mlp4", "00_forward");
    QVERIFY2(r.executor, r.problem.c_str());
    const auto timing = run::time_nodes(*r.executor, 5, 0);
    QVERIFY(timing);
    QCOMPARE(timing->repeat, 5);
    QVERIFY(timing->wall_ms > 0);
    QVERIFY(!timing->failure);
    bool inside = false, call = false;
    for (const auto& n : timing->nodes) {
        QVERIFY(n.total_us >= 0 && n.calls > 0);
        inside = inside || (!n.path.empty() && n.calls == 4); // the body runs for each of four calls
        call = call || n.calls_body;
    }
    QVERIFY(inside && call);
    for (size_t i = 1; i < timing->operators.size(); ++i)
        QVERIFY(timing->operators[i - 1].total_us >= timing->operators[i].total_us);
    for (const size_t i : timing->by_time())
        QVERIFY(!timing->nodes[i].calls_body);
}

QTEST_GUILESS_MAIN(TestCompare)
#include "tst_compare.moc"
