// Recorded values of other inputs than a run's: compared on those that were recorded, never called wrong for
// it.
#include "tests/worker/worker.h"

#include "core/run/compare.h"
#include "core/run/execute.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

namespace {

const std::string kGraph = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu", y: "f32[2]cpu"):
        add: "f32[2]cpu" = torch.ops.aten.add.Tensor(x, y)
        f = self.f
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(f, 'f', add, y);  f = None
        getitem: "f32[2]cpu" = invoke_subgraph[0]
        getitem_1: "f32[2]cpu" = invoke_subgraph[1]
        neg: "f32[2]cpu" = torch.ops.aten.neg.default(getitem)
        sub: "f32[2]cpu" = torch.ops.aten.sub.Tensor(neg, x)
        return (sub, getitem_1)

    class f(torch.nn.Module):
        def forward(self, a: "f32[2]cpu", b: "f32[2]cpu"):
            mul: "f32[2]cpu" = torch.ops.aten.mul.Tensor(a, 2.0)
            return (mul, b)
)";

// What kGraph computes of x = (1, 2) and y = (3, 4).
const std::map<std::string, std::vector<float>> kRecorded{{"x", {1, 2}}, {"y", {3, 4}}, {"add", {4, 6}},
    {"invoke_subgraph/a", {4, 6}}, {"invoke_subgraph/b", {3, 4}}, {"invoke_subgraph/mul", {8, 12}},
    {"invoke_subgraph#0", {8, 12}}, {"invoke_subgraph#1", {3, 4}}, {"getitem", {8, 12}},
    {"getitem_1", {3, 4}}, {"neg", {-8, -12}}, {"sub", {-9, -14}}};

class Recordings {
public:
    Recordings() { writeFile(graph(), QByteArray::fromStdString(kGraph)); }
    QString graph() const { return folder_.filePath(QStringLiteral("graph.txt")); }
    // What was recorded, but for these keys.
    std::string without(const std::vector<std::string>& keys,
        std::map<std::string, std::vector<float>> all = kRecorded) const {
        for (const std::string& key : keys)
            all.erase(key);
        return write(all);
    }
    std::string write(const std::map<std::string, std::vector<float>>& all) const {
        Values values;
        for (const auto& [key, numbers] : all)
            values.floats(key, {int64_t(numbers.size())}, numbers);
        const QString path = folder_.filePath(QStringLiteral("%1.safetensors").arg(made_++));
        writeFile(path, QByteArray::fromStdString(tensors::write_tensor_file(values.all)));
        return path.toStdString();
    }

private:
    QTemporaryDir folder_;
    mutable int made_ = 0;
};

struct Compared {
    std::optional<run::RunResult> result;
    std::string error;
    const run::RunComparison& comparison() const { return *result->comparison; }
    std::string paths(wire::Verdict verdict) const {
        std::string all;
        for (const run::ComparedValue& v : comparison().values)
            if (v.verdict == verdict)
                all += (all.empty() ? "" : " ") + v.path;
        return all;
    }
};

// `kept`: the run's values, as run --save writes them.
Compared compared(
    const QString& graph, run::Request request, run::CompareRequest how = {}, std::string* kept = nullptr) {
    const auto dump = open_dump({graph.toStdString()});
    if (!dump)
        return {{}, dump.error().text()};
    const auto prepared = run::prepare(*dump, request);
    if (!prepared)
        return {{}, prepared.error().message};
    auto worker = startExecutor();
    if (!worker)
        return {{}, worker.error().text()};
    if (const auto loaded = run::load_into(**worker, *prepared); !loaded)
        return {{}, loaded.error().text()};
    run::ExecuteOptions options;
    options.compare = how;
    options.keep = kept != nullptr;
    auto result = run::execute(**worker, *prepared, options);
    if (kept && result)
        *kept = *(*worker)->save();
    return result ? Compared{*result, {}} : Compared{{}, result.error().text()};
}

run::Request seeded(const std::string& reference, const std::string& address = {}) {
    run::Request request;
    request.address = address;
    request.seed = 1;
    request.reference = reference;
    return request;
}

} // namespace

class TestRecorded : public QObject {
    Q_OBJECT

private slots:
    void comparesOnWhatWasRecorded_data();
    void comparesOnWhatWasRecorded();
    void stillFindsWhatIsWrong();
    void takesOtherSizes();
    void judgesBodiesBehindRandomNodes();
    void knowsWhatFloat8RoundsTo();
    void leavesOutWhatHangsOnUnknownInputs();
    void trustsInputsThatAreGiven();
    void saysThatMostIsNotRecorded();
    void saysWhatDoesNotFit();
    void findsTheValuesOfABody();
};

void TestRecorded::comparesOnWhatWasRecorded_data() {
    QTest::addColumn<bool>("whole");
    QTest::addColumn<bool>("strict");
    QTest::newRow("node by node") << false << false;
    QTest::newRow("as a whole") << true << false;
    QTest::newRow("strictly") << true << true;
}

void TestRecorded::comparesOnWhatWasRecorded() {
    QFETCH(bool, whole);
    QFETCH(bool, strict);
    const Recordings files;
    run::CompareRequest how;
    if (whole)
        how.alone = false;
    how.strict = strict;
    const Compared c = compared(files.graph(), seeded(files.without({})), how);
    QVERIFY2(c.result, c.error.c_str());
    QVERIFY(c.comparison().holds());
    QVERIFY(c.comparison().compared >= 5);
    QCOMPARE(c.comparison().basis,
        std::string(
            "the recorded values were computed from other inputs (2 of 2 differ: x and y): compared on "
            "the recorded ones; what this run makes of its own is not judged"));
    QCOMPARE(c.result->ran.run, c.comparison().run); // the run itself was on its own inputs
    // The same inputs by a file: nothing is to be said.
    run::Request same;
    same.inputs = same.reference = files.without({});
    const Compared plain = compared(files.graph(), same, how);
    QVERIFY2(plain.result, plain.error.c_str());
    QVERIFY(plain.comparison().holds());
    QCOMPARE(plain.comparison().basis, std::string());
    // Other recorded ones: likewise told.
    same.inputs = files.write({{"x", {1, 2}}, {"y", {3, 5}}});
    const Compared other = compared(files.graph(), same, how);
    QVERIFY2(other.result, other.error.c_str());
    QVERIFY(other.comparison().holds());
    QVERIFY(other.comparison().basis.find("(1 of 2 differs: y)") != std::string::npos);
}

void TestRecorded::stillFindsWhatIsWrong() {
    const Recordings files;
    auto wrong = kRecorded;
    wrong["neg"] = {-8, 12};
    const Compared c = compared(files.graph(), seeded(files.write(wrong)));
    QVERIFY2(c.result, c.error.c_str());
    QCOMPARE(c.comparison().values[*c.comparison().first].path, std::string("neg"));
}

void TestRecorded::takesOtherSizes() {
    const Recordings files;
    QTemporaryDir folder;
    const QString graph = folder.filePath(QStringLiteral("graph.txt"));
    QVERIFY(writeFile(graph, R"py(class GraphModule(torch.nn.Module):
    def forward(self, s0: "Sym(s0)", x: "f32[s0]cpu"):
        full: "f32[s0]cpu" = torch.ops.aten.full.default([s0], 2.0)
        mul: "f32[s0]cpu" = torch.ops.aten.mul.Tensor(x, full)
        return (mul,)
)py"));
    Values values;
    values.number("s0", 3).floats("x", {3}, {1, 2, 3}).floats("full", {3}, {2, 2, 2});
    values.floats("mul", {3}, {2, 4, 6});
    const QString file = folder.filePath(QStringLiteral("v.safetensors"));
    writeFile(file, QByteArray::fromStdString(tensors::write_tensor_file(values.all)));
    run::Request request = seeded(file.toStdString());
    request.bind = {"s0=5"};
    std::string kept;
    const Compared c = compared(graph, request, {}, &kept);
    QVERIFY2(c.result, c.error.c_str());
    QVERIFY(c.comparison().holds());
    QCOMPARE(c.comparison().compared, uint64_t{2});
    // The run was on its own inputs, and what it kept is there.
    const auto saved = tensors::TensorFile::read(kept, nullptr);
    QVERIFY(saved && saved->find("mul"));
    QCOMPARE(saved->find("mul")->shape, std::vector<int64_t>{5});
}

// As a whole, too, a random node is what was recorded: also in the runs in double precision behind it.
void TestRecorded::judgesBodiesBehindRandomNodes() {
    QTemporaryDir folder;
    const QString graph = folder.filePath(QStringLiteral("graph.txt"));
    QVERIFY(writeFile(graph, R"py(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[8]cpu"):
        native_dropout = torch.ops.aten.native_dropout.default(x, 0.5, True)
        getitem: "f32[8]cpu" = native_dropout[0]
        mul: "f32[8]cpu" = torch.ops.aten.mul.Tensor(getitem, 3.0)
        return (mul,)
)py"));
    Values values;
    values.floats("x", {8}, {1, 2, 3, 4, 5, 6, 7, 8})
        .floats("native_dropout#0", {8}, {2, 0, 0, 0, 0, 0, 0, 16})
        .booleans("native_dropout#1", {8}, {1, 0, 0, 0, 0, 0, 0, 1})
        .floats("getitem", {8}, {2, 0, 0, 0, 0, 0, 0, 16})
        .floats("mul", {8}, {6, 0, 0, 0, 0, 0, 0, 48});
    const QString file = folder.filePath(QStringLiteral("v.safetensors"));
    writeFile(file, QByteArray::fromStdString(tensors::write_tensor_file(values.all)));
    run::Request request;
    request.inputs = request.reference = file.toStdString();
    for (const bool alone : {true, false}) {
        run::CompareRequest how;
        how.alone = alone;
        const Compared c = compared(graph, request, how);
        QVERIFY2(c.result, c.error.c_str());
        QVERIFY2(c.comparison().holds(), run::verdicts_text(c.comparison()).c_str());
        QCOMPARE(c.paths(wire::Verdict::Same), std::string("mul"));
        QCOMPARE(c.comparison().random, std::vector<std::string>{"native_dropout"});
    }
}

// As a whole: behind a conversion to float8 the floor is what that rounds to, also where this libtorch holds
// it in a wider type.
void TestRecorded::knowsWhatFloat8RoundsTo() {
    run::Request request;
    request.inputs = request.reference =
        dataPath(QStringLiteral("gpu_op_scaled_mm/values/00_inference.safetensors.gz")).toStdString();
    run::CompareRequest how;
    how.alone = false;
    const Compared c =
        compared(dataPath(QStringLiteral("gpu_op_scaled_mm/values/00_inference.txt.gz")), request, how);
    QVERIFY2(c.result, c.error.c_str());
    QVERIFY2(c.comparison().holds(), run::verdicts_text(c.comparison()).c_str());
    for (const run::ComparedValue& v : c.comparison().values)
        QVERIFY2(v.times < 3, v.path.c_str());
}

void TestRecorded::leavesOutWhatHangsOnUnknownInputs() {
    const Recordings files;
    // Nothing tells of either input: only what was computed from recorded values is compared. That a call
    // passes an input on is no value of its own.
    Compared c = compared(files.graph(), seeded(files.without({"x", "y"})));
    QVERIFY2(c.result, c.error.c_str());
    QVERIFY(c.comparison().holds());
    QCOMPARE(c.paths(wire::Verdict::Same), std::string("neg"));
    QVERIFY(c.comparison().basis.find("of x and y none is recorded") != std::string::npos);
    // As a whole everything hangs on them.
    run::CompareRequest whole;
    whole.alone = false;
    c = compared(files.graph(), seeded(files.without({"x", "y"})), whole);
    QVERIFY2(c.result, c.error.c_str());
    QVERIFY(!c.comparison().holds() && c.comparison().compared == 0 && c.comparison().mismatched == 0);
    // One of them.
    c = compared(files.graph(), seeded(files.without({"x"})));
    QVERIFY2(c.result, c.error.c_str());
    QVERIFY(c.comparison().holds());
    const std::string left = c.paths(wire::Verdict::NotCompared);
    QVERIFY2(left.find("add") == 0 && left.ends_with("sub"), left.c_str());
    QCOMPARE(c.comparison().values.back().why, std::string("hangs on 'x', of which no value is recorded"));
}

// Who names a file of inputs says that they are those, as far as nothing contradicts it.
void TestRecorded::trustsInputsThatAreGiven() {
    const Recordings files;
    run::Request request;
    request.inputs = files.without({});
    request.reference = files.without({"x", "y"});
    const Compared c = compared(files.graph(), request);
    QVERIFY2(c.result, c.error.c_str());
    QVERIFY(c.comparison().holds());
    QCOMPARE(c.comparison().basis, std::string());
    QVERIFY(c.comparison().compared >= 5);
}

// Values of another graph share a name or two with this one: a verdict on those says little.
void TestRecorded::saysThatMostIsNotRecorded() {
    const Recordings files;
    const Compared all = compared(files.graph(), seeded(files.without({})));
    QVERIFY2(all.result, all.error.c_str());
    QCOMPARE(run::unrecorded_text(all.comparison()), std::string());
    std::vector<std::string> keys;
    for (const auto& [key, numbers] : kRecorded)
        if (key != "x" && key != "y" && key != "add")
            keys.push_back(key);
    const Compared few = compared(files.graph(), seeded(files.without(keys)));
    QVERIFY2(few.result, few.error.c_str());
    QCOMPARE(run::unrecorded_text(few.comparison()),
        std::string("of 5 of the 6 nodes nothing is recorded: are these values of this graph?"));
}

void TestRecorded::saysWhatDoesNotFit() {
    const Recordings files;
    auto longer = kRecorded;
    longer["x"] = {1, 2, 3};
    const Compared c = compared(files.graph(), seeded(files.write(longer)));
    QVERIFY(!c.result);
    QVERIFY2(c.error.find("other inputs, which do not fit: the placeholder 'x' has shape (3,)")
            != std::string::npos,
        c.error.c_str());
}

void TestRecorded::findsTheValuesOfABody() {
    const Recordings files;
    // Of a recording of the whole graph what is below the call; of the body's own run all of it.
    for (const std::string& reference :
        {files.without({}), files.write({{"a", {4, 6}}, {"b", {3, 4}}, {"mul", {8, 12}}})}) {
        const Compared c = compared(files.graph(), seeded(reference, "-:graph:f"));
        QVERIFY2(c.result, c.error.c_str());
        QVERIFY(c.comparison().holds());
        QCOMPARE(c.paths(wire::Verdict::Same), std::string("mul"));
    }
    const Compared c = compared(files.graph(),
        seeded(
            files.without({"invoke_subgraph/a", "invoke_subgraph/b", "invoke_subgraph/mul"}), "-:graph:f"));
    QCOMPARE(c.error,
        std::string(
            "the file has values of the whole graph, but none of inside of the call 'invoke_subgraph'"));
}

QTEST_GUILESS_MAIN(TestRecorded)
#include "tst_recorded.moc"
