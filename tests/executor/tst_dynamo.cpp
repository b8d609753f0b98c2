// Graphs of the Dynamo stage: single calls against PyTorch's own results, and recorded graphs on the inputs
// and against the results of the compiled graph beside them.
#include "tests/executor/dynamo_calls.h"
#include "tests/worker/worker.h"

#include "core/graph/dump.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <cmath>

using namespace hopscope;
using namespace hopscope::test;
using nlohmann::json;

namespace {

// The main graph of a stage, in the order of the compilations.
std::vector<GraphId> graphsOf(const Dump& dump, std::initializer_list<Stage> stages) {
    std::vector<GraphId> found;
    for (const Compilation& compilation : dump.compilations)
        for (const GraphId id : compilation.graphs)
            if (dump.graph(id).label.empty() && dump.graph(id).ordinal == 0
                && std::find(stages.begin(), stages.end(), dump.graph(id).stage) != stages.end()) {
                found.push_back(id);
                break;
            }
    return found;
}

std::vector<std::string> names(const GraphModule& module, const std::vector<NodeId>& nodes) {
    std::vector<std::string> all;
    for (const NodeId node : nodes)
        all.emplace_back(module.text(module.body(BodyId(0)).node(node).name));
    return all;
}
std::vector<std::string> placeholders(const GraphModule& module) {
    std::vector<NodeId> nodes;
    for (size_t i = 0; i < module.body(BodyId(0)).placeholder_count(); ++i)
        nodes.emplace_back(i);
    return names(module, nodes);
}
// What is returned, without the mutated inputs that stand before the results.
std::vector<std::string> results(const GraphModule& module) {
    const Body& body = module.body(BodyId(0));
    size_t skipped = 0;
    for (const StringId text : body.output_descriptors)
        skipped += module.text(text).find("InputMutationAOTOutput(") != std::string_view::npos;
    std::vector<NodeId> nodes;
    for (const Arg& arg : body.args_of(body.nodes.back()))
        if (arg.kind == ArgKind::Node)
            nodes.push_back(arg.node());
    std::vector<std::string> all = names(module, nodes);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(skipped, all.size())));
    return all;
}

float number(const tensors::Value& value, int64_t at) {
    if (value.dtype == "float32") {
        float f = 0;
        std::memcpy(&f, value.bytes.data() + at * 4, 4);
        return f;
    }
    int64_t i = 0;
    std::memcpy(&i, value.bytes.data() + at * 8, 8);
    return static_cast<float>(i);
}

} // namespace

class TestDynamo : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void callsAsPyTorchDoes_data();
    void callsAsPyTorchDoes();
    void rerunsRecordedGraphs_data();
    void rerunsRecordedGraphs();
    void leavesInputsAlone();
    void leavesStatisticsAlone();
    void knowsNumbersFromTensors();

private:
    std::unique_ptr<worker::Worker> executor_;
};

void TestDynamo::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

void TestDynamo::callsAsPyTorchDoes_data() {
    QTest::addColumn<int>("index");
    QVERIFY(calls().size() > 150);
    for (size_t i = 0; i < calls().size(); ++i)
        QTest::newRow(calls()[i]["statement"].get<std::string>().c_str()) << static_cast<int>(i);
}

void TestDynamo::callsAsPyTorchDoes() {
    QFETCH(int, index);
    const json& call = calls()[static_cast<size_t>(index)];
    const std::string text = textOf(call);
    const auto found = evaluate(*executor_, text, callInputs(), "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().message.c_str());
    const auto value = executor_->value(named("out"));
    QVERIFY(value.ok());
    QVERIFY2(value->dtype == call["dtype"].get<std::string>(), value->dtype.c_str());
    QVERIFY(value->shape == call["shape"].get<std::vector<int64_t>>());
    QCOMPARE(found->size(), call["values"].size());
    for (size_t i = 0; i < found->size(); ++i) {
        const json& wanted = call["values"][i];
        if (wanted.is_string()) {
            QCOMPARE((*found)[i], 1e300); // what evaluate() says of NaN and infinities
            continue;
        }
        const double expected = wanted.get<double>();
        QVERIFY2(std::abs((*found)[i] - expected) <= 2e-6 * (1 + std::abs(expected)),
            qPrintable(QStringLiteral("item %1: %2, expected %3").arg(i).arg((*found)[i]).arg(expected)));
    }
}

void TestDynamo::rerunsRecordedGraphs_data() {
    QTest::addColumn<QString>("recording");
    int graphs = 0;
    for (const QString& name : recordings()) {
        const QDir values(dataPath(name + QStringLiteral("/values")));
        if (values
                .entryList({QStringLiteral("*_forward.safetensors.gz"),
                    QStringLiteral("*_inference.safetensors.gz")})
                .isEmpty()
            || name == QStringLiteral("effects")) // its operator lives elsewhere
            continue;
        QTest::newRow(qPrintable(name)) << name;
        ++graphs;
    }
    QVERIFY(graphs >= 8);
}

void TestDynamo::rerunsRecordedGraphs() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    const auto dynamo = graphsOf(*dump, {Stage::Dynamo});
    const auto compiled = graphsOf(*dump, {Stage::Forward, Stage::Inference});
    const QDir folder(dataPath(recording + QStringLiteral("/values")));
    const QStringList files = folder.entryList(
        {QStringLiteral("*_forward.safetensors.gz"), QStringLiteral("*_inference.safetensors.gz")},
        QDir::Files, QDir::Name);
    QCOMPARE(dynamo.size(), compiled.size());
    QVERIFY(dynamo.size() >= static_cast<size_t>(files.size()));
    int compared = 0;
    for (qsizetype k = 0; k < files.size(); ++k) {
        const auto mine = dump->graph(dynamo[static_cast<size_t>(k)]).module;
        const auto theirs = dump->graph(compiled[static_cast<size_t>(k)]).module;
        const auto bytes = std::make_shared<std::string>(bytesOf(folder.filePath(files[k])).toStdString());
        const auto recorded = tensors::TensorFile::read(*bytes, bytes);
        QVERIFY(recorded.ok());
        const auto from = placeholders(*theirs), to = placeholders(*mine);
        QCOMPARE(from.size(), to.size());
        std::vector<tensors::Value> inputs;
        for (size_t i = 0; i < from.size(); ++i) {
            const tensors::Value* value = recorded->find(from[i]);
            QVERIFY2(value, from[i].c_str());
            inputs.push_back(*value);
            inputs.back().name = to[i];
        }
        const auto loaded = executor_->load(mine, BodyId(0), {});
        QVERIFY2(loaded.ok(), loaded.ok() ? "" : loaded.error().message.c_str());
        QVERIFY2(loaded->unsupported.empty(),
            loaded->unsupported.empty() ? "" : loaded->unsupported.front().reason.c_str());
        QVERIFY(executor_->bind(inputs, kInputs).ok());
        const auto ran = runAndKeep(*executor_);
        QVERIFY2(ran.ok(), ran.ok() ? "" : ran.error().message.c_str());
        QVERIFY2(!ran->failure, ran->failure ? ran->failure->message.c_str() : "");
        const auto kept_bytes = executor_->save();
        QVERIFY(kept_bytes.ok());
        const auto kept_owner = std::make_shared<std::string>(*kept_bytes);
        const auto kept = tensors::TensorFile::read(*kept_owner, kept_owner);
        QVERIFY(kept.ok());
        const auto found = results(*mine), wanted = results(*theirs);
        for (size_t i = 0; i < found.size(); ++i) {
            const tensors::Value *a = kept->find(found[i]), *b = recorded->find(wanted[i]);
            QVERIFY2(a && b, wanted[i].c_str());
            QCOMPARE(a->dtype, b->dtype);
            QVERIFY(a->shape == b->shape);
            for (int64_t at = 0; at < b->elements(); ++at, ++compared) {
                const double x = number(*a, at), y = number(*b, at);
                QVERIFY2(std::abs(x - y) <= 2e-5 * (1 + std::abs(y)),
                    qPrintable(QStringLiteral("%1: %2, recorded %3")
                                   .arg(QString::fromStdString(found[i]))
                                   .arg(x)
                                   .arg(y)));
            }
        }
    }
    QVERIFY(compared > 0);
}

void TestDynamo::leavesInputsAlone() {
    Values inputs;
    inputs.floats("x", {2}, {1, 2});
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        add_ = x.add_(1)
        x[0] = 7.0;  setitem = x
        out = add_ * 1
        return (out,)
)";
    for (int run = 0; run < 2; ++run) {
        const auto found = evaluate(*executor_, text, inputs, "out");
        QVERIFY2(found.ok(), found.ok() ? "" : found.error().message.c_str());
        QCOMPARE(*found, (std::vector<double>{7, 3}));
        QVERIFY(runAndKeep(*executor_).ok());
    }
}

// Its schema says nothing of the statistics that it writes.
void TestDynamo::leavesStatisticsAlone() {
    Values inputs;
    inputs.floats("x", {2, 1}, {1, 3}).floats("m", {1}, {0}).floats("v", {1}, {1});
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2, 1]cpu", m: "f32[1]cpu", v: "f32[1]cpu"):
        b = torch.nn.functional.batch_norm(x, m, v, None, None, True, 0.5)
        out = m + v
        return (out,)
)";
    for (int run = 0; run < 2; ++run) {
        const auto found = evaluate(*executor_, text, inputs, "out");
        QVERIFY2(found.ok(), found.ok() ? "" : found.error().message.c_str());
        QCOMPARE(*found, (std::vector<double>{2.5})); // 1 + 1.5
        QVERIFY(runAndKeep(*executor_).ok());
        QCOMPARE(executor_->value(named("out"))->statistics->max, std::optional(2.5));
    }
}

void TestDynamo::knowsNumbersFromTensors() {
    Values inputs;
    inputs.floats("x", {2, 3}, {1, 2, 3, 4, 5, 6});
    // The sizes are numbers all along, and become an operator's list.
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2, 3]cpu"):
        size = x.size()
        rows = size[0]
        columns = size[-1]
        all_1 = rows * columns
        half = all_1 // 2
        flat = x.view(half, -1)
        out = torch.ops.aten.view.default(flat, [rows, columns])
        return (out,)
)";
    const auto found = evaluate(*executor_, text, inputs, "flat");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().message.c_str());
    QCOMPARE(executor_->value(named("flat"))->shape, (std::vector<int64_t>{3, 2}));
    QCOMPARE(executor_->value(named("out"))->shape, (std::vector<int64_t>{2, 3}));
    QCOMPARE(executor_->value(named("half"))->number, std::optional(3.0));
}

QTEST_GUILESS_MAIN(TestDynamo)
#include "tst_dynamo.moc"
