// A worker that answers what the protocol does not know: an error for whoever asked, and the end of the
// worker.
#include "tests/worker/fake.h"
#include "tests/worker/worker.h"

#include <QTest>

#include <functional>

using namespace hopscope;
using namespace hopscope::test;

namespace {

const std::string kGraph = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        mul: "f32[2]cpu" = torch.ops.aten.mul.Tensor(x, x)
        return (mul,)
)";

using Ask = std::function<Status(worker::Worker&)>;
template <class T> Status status_of(const Result<T>& result) {
    return result ? Status() : Status(result.error());
}

Status load(worker::Worker& worker) {
    return status_of(worker.load(readText(kGraph).module, BodyId(0), {}));
}

struct Verb {
    const char* name;
    Ask ask;
    std::vector<std::string> wrong; // answers that are well-formed and mean nothing
};

const std::string kMoreNodes = R"("nodes":3,"run":3,"widened":0)";

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> all{
        {"load", load,
            {R"({"bodies":[],"inputs":[],"unsupported":[],"mutates":false,"moved":false})",
                R"({"bodies":["b"],"inputs":[],"unsupported":[],"mutates":false,"moved":false})"}},
        {"bind", [](worker::Worker& w) { return w.bind({}, kInputs); }, {}},
        {"run", [](worker::Worker& w) { return status_of(w.run({})); }, {}},
        {"timing", [](worker::Worker& w) { return status_of(w.timing({})); },
            {"{" + kMoreNodes
                + R"(,"rows":[{"body":0,"node":9,"calls":1,"median_us":1,"total_us":1}],"repeat":1,"wall_ms":1})"}},
        {"compare", [](worker::Worker& w) { return status_of(w.compare({})); },
            {"{" + kMoreNodes + R"(,"rows":[{"name":"m","body":7,"node":0,"dtype":"float32","equal":true,
                "max_abs_error":0,"max_rel_error":0,"max_ulp_error":0,"tolerance":0,"worst":[],"found":0,
                "expected":0,"reason":""}],"first_mismatch":null,"compared":1,"mismatched":0,"max_abs_error":0,
                "max_rel_error":0,"max_ulp_error":0,"random":[],"wall_ms":1})"}},
        {"keep_as_reference", [](worker::Worker& w) { return w.keep_as_reference(); }, {}},
        {"begin", [](worker::Worker& w) { return status_of(w.begin({})); },
            {R"({"begun":[[0,3,-1,0,-1]],"ended":[],"complete":false,"cancelled":false})",
                R"({"begun":[[1,0,-1,0,-1]],"ended":[],"complete":false,"cancelled":false})",
                R"({"begun":[[0,0,0,0,-1]],"ended":[],"complete":false,"cancelled":false})",
                R"({"begun":[[0,0,-1,0]],"ended":[],"complete":false,"cancelled":false})",
                R"({"begun":[],"ended":[{"step":0,"end":1,"values":1,"tuple":false,"random":false,"nan":false,
                    "inf":false,"bytes":8,"live":8,"us":1,"shape":[2]}],"complete":false,"cancelled":false})",
                R"({"begun":[[0,0,-1,0,-1]],"ended":[],"complete":true,"cancelled":false,"failure":{"body":"",
                    "node":"x","target":"x","path":"x","message":"m","unsupported":true,"step":4}})"}},
        {"advance", [](worker::Worker& w) { return status_of(w.advance({})); },
            {R"({"begun":[],"ended":[{"step":5,"end":6,"values":1,"tuple":false,"random":false,"nan":false,
                "inf":false,"bytes":8,"live":8,"us":1,"shape":[2]}],"complete":false,"cancelled":false})"}},
        {"value",
            [](worker::Worker& w) {
                wire::ValueRequest request = named("mul");
                request.start = {0};
                request.count = {2};
                return status_of(w.value(request));
            },
            {R"({"dtype":"float32","shape":[2],"stride":[1],"bytes":8,"slice":[1.0]})",
                R"({"dtype":"float32","shape":[2],"stride":[1],"bytes":8})",
                R"({"dtype":"float32","shape":[-2],"stride":[1],"bytes":8,"slice":[1.0,2.0]})",
                R"({"dtype":"float32","shape":[2],"stride":[],"bytes":8,"slice":[1.0,2.0]})",
                R"({"dtype":"float32","shape":[2],"stride":[1],"bytes":8,"slice":[1.0,2.0],
                    "histogram":{"low":0,"high":1,"counts":[2]}})"}},
        {"figures", [](worker::Worker& w) { return status_of(w.figures()); },
            {R"({"rows":[{"name":"x","dtype":"float32","shape":[2],"stride":[],"bytes":8}]})"}},
        {"save", [](worker::Worker& w) { return status_of(w.save()); }, {}},
        {"joint", [](worker::Worker& w) { return status_of(w.joint({})); }, {}},
        {"schema", [](worker::Worker& w) { return status_of(w.schema({})); },
            {"{" + kMoreNodes
                + R"(,"arguments":[],"returns":[{"type":"Tensor","aliases_argument":0,"aliases_return":null}]})"}},
    };
    return all;
}

} // namespace

class TestAnswers : public QObject {
    Q_OBJECT

private slots:
    void endsTheWorker_data();
    void endsTheWorker();
    void passesOverLateAnswers();
};

void TestAnswers::endsTheWorker_data() {
    QTest::addColumn<int>("verb");
    QTest::addColumn<QString>("answer");
    // Of every verb the same: nothing of an answer, another kind of value, no JSON, nobody's answer.
    const std::pair<const char*, const char*> general[] = {{"empty", "{}"}, {"a list", "[1]"},
        {"null", "null"}, {"a text", "\"mm\""}, {"another key", R"({"surprise":1})"},
        {"cut", "!{\"jsonrpc\":\"2.0\",\"id\":3,\"res"},
        {"without a number", R"(!{"jsonrpc":"2.0","result":{}})"},
        {"to a later request", R"(!{"jsonrpc":"2.0","id":77,"result":{}})"},
        {"a number that is a text", R"(!{"jsonrpc":"2.0","id":"3","result":{}})"},
        {"an error that is a number", R"(!{"jsonrpc":"2.0","id":null,"error":7})"},
        {"an error without a message", R"(!{"jsonrpc":"2.0","id":null,"error":{"code":-32603}})"}};
    for (size_t v = 0; v < verbs().size(); ++v) {
        for (const auto& [name, text] : general)
            QTest::addRow("%s: %s", verbs()[v].name, name) << static_cast<int>(v) << QString::fromUtf8(text);
        for (size_t i = 0; i < verbs()[v].wrong.size(); ++i)
            QTest::addRow("%s: wrong %d", verbs()[v].name, static_cast<int>(i))
                << static_cast<int>(v) << QString::fromStdString(verbs()[v].wrong[i]);
    }
}

void TestAnswers::endsTheWorker() {
    QFETCH(int, verb);
    QFETCH(QString, answer);
    const Verb& asked = verbs()[static_cast<size_t>(verb)];
    const bool loads = asked.name == std::string_view("load");
    std::vector<std::string> results{kInitializeAnswer};
    if (!loads)
        results.push_back(kLoadAnswer);
    results.push_back(answer.toStdString());
    const FakeWorker fake(results);
    worker::StartOptions options;
    options.executor = fake.program();
    auto started = worker::Worker::start(options);
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().message.c_str());
    worker::Worker& worker = **started;
    if (!loads)
        QVERIFY(load(worker).ok());
    const Status status = asked.ask(worker);
    QVERIFY(!status.ok());
    QCOMPARE(status.error().kind, Error::Kind::External);
    const std::string& says = status.error().message;
    QVERIFY2(says.find("answer to '" + std::string(asked.name) + "' is not understood") != std::string::npos,
        says.c_str());
    QVERIFY(!worker.alive());
    const Status again = asked.ask(worker);
    QVERIFY(!again.ok() && again.error().message.find("does not run any more") != std::string::npos);
}

// An answer to something that was given up is no fault.
void TestAnswers::passesOverLateAnswers() {
    const std::string late = wire::framed(R"({"jsonrpc":"2.0","id":1,"result":{}})");
    const FakeWorker fake({kInitializeAnswer, kLoadAnswer, "+" + late, kBindAnswer});
    worker::StartOptions options;
    options.executor = fake.program();
    auto started = worker::Worker::start(options);
    QVERIFY(started.ok());
    QVERIFY(load(**started).ok());
    QVERIFY((*started)->bind({}, kInputs).ok());
    QVERIFY((*started)->alive());
}

QTEST_GUILESS_MAIN(TestAnswers)
#include "tst_answers.moc"
