// Stepping: into, over, out, back; breakpoints; NaNs; dropped values; all on recorded bodies.
#include "tests/worker/worker.h"

#include "core/run/input_files.h"
#include "core/run/request.h"
#include "core/run/stepper.h"

#include <QTest>
#include <QThread>

#include <atomic>
#include <thread>

using namespace hopscope;
using namespace hopscope::test;

namespace {

run::ValueQuery sliced(size_t step, int64_t count) {
    return {step, 0, 0, run::ValueQuery::Slice{{0}, {count}}};
}

// Two calls of a body; b / x is infinite where x is 0.
const std::string kCalls = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu", y: "f32[2]cpu"):
        f = self.f
        call = torch.ops.higher_order.invoke_subgraph(f, 'f', x, y)
        a: "f32[2]cpu" = call[0]
        call_1 = torch.ops.higher_order.invoke_subgraph(f, 'f', a, y)
        b: "f32[2]cpu" = call_1[0]
        div: "f32[2]cpu" = torch.ops.aten.div.Tensor(b, x)
        neg: "f32[2]cpu" = torch.ops.aten.neg.default(div)
        return (neg,)

    class f(torch.nn.Module):
        def forward(self, p: "f32[2]cpu", q: "f32[2]cpu"):
            mul: "f32[2]cpu" = torch.ops.aten.mul.Tensor(p, q)
            add: "f32[2]cpu" = torch.ops.aten.add.Tensor(mul, 1)
            return (add,)
)";

// x grows by what was random.
const std::string kRandom = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[64]cpu"):
        rand: "f32[64]cpu" = torch.ops.aten.rand_like.default(x)
        add_: "f32[64]cpu" = torch.ops.aten.add_.Tensor(x, rand)
        rand_1: "f32[64]cpu" = torch.ops.aten.rand_like.default(x)
        mul: "f32[64]cpu" = torch.ops.aten.mul.Tensor(add_, rand_1)
        return (mul,)
)";

struct Stepped {
    std::shared_ptr<worker::Worker> executor;
    std::unique_ptr<run::Stepper> stepper;

    const GraphModule& module() const { return stepper->module(); }
    std::string at() const { return stepper->at_end() ? "end" : stepper->path(stepper->position()); }
    BodyId body(const char* path) const { return find_body(module(), path); }
    NodeId node(const char* path, const char* name) const {
        return find_node(module(), module().body(body(path)), name);
    }
    std::vector<double> elements(const char* path, const char* name) {
        const auto step = stepper->step_of(body(path), node(path, name));
        if (!step)
            return {};
        const auto value = stepper->value(sliced(*step, 2));
        return value ? *value->slice : std::vector<double>{};
    }
};

Stepped begin(const std::string& text, const Values& inputs, wire::BeginRequest options = {}) {
    Stepped s;
    auto started = startExecutor();
    if (!started)
        return s;
    s.executor = std::move(*started);
    if (!prepare(*s.executor, text, inputs))
        return s;
    s.stepper = std::make_unique<run::Stepper>(s.executor);
    if (const auto begun = s.stepper->begin(options); !begun) {
        qWarning("%s", begun.error().message.c_str());
        s.stepper.reset();
    }
    return s;
}

Values two() {
    Values values;
    values.floats("x", {2}, {2, 0}).floats("y", {2}, {3, 4});
    return values;
}

Values ones(int64_t n) {
    Values values;
    values.floats("x", {n}, std::vector<float>(size_t(n), 1.F));
    return values;
}

// A recorded graph on its recorded inputs.
Stepped recorded(const char* recording, const char* stem, wire::BeginRequest options = {}) {
    Stepped s;
    const std::string base =
        dataPath(QStringLiteral("%1/values/%2").arg(QLatin1String(recording), QLatin1String(stem)))
            .toStdString();
    const std::string text =
        QFile::exists(QString::fromStdString(base + ".txt")) ? base + ".txt" : base + ".txt.gz";
    const auto dump = open_dump({text});
    run::Request request;
    request.inputs = base + ".safetensors.gz";
    if (!dump)
        return s;
    auto prepared = run::prepare(*dump, request);
    if (!prepared)
        return s;
    auto started = startExecutor();
    if (!started || !run::load_into(**started, *prepared))
        return s;
    s.executor = std::move(*started);
    s.stepper = std::make_unique<run::Stepper>(s.executor);
    if (const auto begun = s.stepper->begin(options); !begun) {
        qWarning("%s", begun.error().message.c_str());
        s.stepper.reset();
    }
    return s;
}

} // namespace

class TestStepper : public QObject {
    Q_OBJECT

private slots:
    void goesIntoOverAndOut();
    void goesBackExactly();
    void stopsAtBreakpoints_data();
    void stopsAtBreakpoints();
    void findsWhatMadeAnInfinity();
    void passesMasksOver();
    void showsValuesOfTheFrame();
    void computesDroppedValuesAgain();
    void keepsWhatIsWrittenInto();
    void countsLiveBytes();
    void staysWhereANodeFails();
    void cancels();
    void stepsThroughRecordedRegions();
    void savesWhatIsThere();
    void runsToANumber();
    void tellsEachStepOnce();
    void looksRunsUp();
};

void TestStepper::goesIntoOverAndOut() {
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    run::Stepper& at = *s.stepper;
    QCOMPARE(s.at(), "call");
    QCOMPARE(at.into()->reason, run::Stop::Reason::Step);
    QCOMPARE(s.at(), "call/mul");
    QCOMPARE(at.stack().size(), size_t{1});
    QVERIFY(at.over());
    QCOMPARE(s.at(), "call/add");
    QVERIFY(at.out());
    QCOMPARE(s.at(), "a");
    QVERIFY(at.over());
    QCOMPARE(s.at(), "call_1");
    QVERIFY(at.over());
    QCOMPARE(s.at(), "b");
    QCOMPARE(at.run_to(BodyId(0), s.node("", "neg"))->reason, run::Stop::Reason::Target);
    QCOMPARE(s.at(), "neg");
    QCOMPARE(at.run()->reason, run::Stop::Reason::End);
    QCOMPARE(s.at(), "end");
    QVERIFY(at.at_end());
    QCOMPARE(at.into()->reason, run::Stop::Reason::End);
    at.back_over();
    QCOMPARE(s.at(), "output");
    for (const char* before : {"neg", "div", "b", "call_1", "a", "call", "call"}) {
        at.back_over();
        QCOMPARE(s.at(), before);
    }
    QCOMPARE(at.back_into().reason, run::Stop::Reason::Start);
}

void TestStepper::goesBackExactly() {
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    std::vector<uint64_t> hashes{s.stepper->hash()};
    while (!s.stepper->at_end()) {
        QVERIFY(s.stepper->into());
        hashes.push_back(s.stepper->hash());
    }
    QVERIFY(hashes.size() > 12);
    for (size_t i = hashes.size(); i-- > 0;) {
        QCOMPARE(s.stepper->hash(), hashes[i]);
        s.stepper->back_into();
    }
    // Going on over what is known already is the same way again.
    for (size_t i = 1; i < hashes.size(); ++i) {
        QVERIFY(s.stepper->into());
        QCOMPARE(s.stepper->hash(), hashes[i]);
    }
}

void TestStepper::stopsAtBreakpoints_data() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("stops");
    using Kind = run::Breakpoint::Kind;
    QTest::newRow("node") << int(Kind::Node) << "mul" << QStringList{"call/mul", "call_1/mul", "end"};
    QTest::newRow("operator") << int(Kind::Operator) << "aten.add"
                              << QStringList{"call/add", "call_1/add", "end"};
    QTest::newRow("whole operator") << int(Kind::Operator) << "aten.neg.default" << QStringList{"neg", "end"};
    QTest::newRow("part of a name") << int(Kind::Operator) << "aten.ne" << QStringList{"end"};
    QTest::newRow("shape") << int(Kind::Shape) << "[2]"
                           << QStringList{"call/add", "call/output", "a", "call_1", "call_1/add",
                                  "call_1/output", "b", "div", "neg", "output", "end"};
    QTest::newRow("other shape") << int(Kind::Shape) << "[3]" << QStringList{"end"};
    QTest::newRow("infinity") << int(Kind::NonFinite) << "" << QStringList{"neg", "end"};
}

void TestStepper::stopsAtBreakpoints() {
    QFETCH(int, kind);
    QFETCH(QString, text);
    QFETCH(QStringList, stops);
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    run::Breakpoint b;
    b.kind = run::Breakpoint::Kind(kind);
    b.text = text.toStdString();
    if (b.kind == run::Breakpoint::Kind::Node) {
        b.body = s.body("f");
        b.node = s.node("f", b.text.c_str());
    }
    s.stepper->toggle(b);
    QStringList found;
    while (!s.stepper->at_end()) {
        QVERIFY(s.stepper->run());
        found << QString::fromStdString(s.at());
    }
    QCOMPARE(found, stops);
    QCOMPARE(s.stepper->breakpoints()[0].hits, uint64_t(stops.size() - 1));
    // The same stops backwards.
    QStringList back;
    for (int i = 1; i < stops.size(); ++i) {
        QCOMPARE(s.stepper->back_run().reason, run::Stop::Reason::Breakpoint);
        back.prepend(QString::fromStdString(s.at()));
    }
    back << "end";
    QCOMPARE(back, stops);
    QVERIFY(s.stepper->back_run().reason != run::Stop::Reason::Breakpoint);
    s.stepper->breakpoints()[0].enabled = false;
    QCOMPARE(s.stepper->run()->reason, run::Stop::Reason::End);
    s.stepper->toggle(b);
    QVERIFY(s.stepper->breakpoints().empty());
}

void TestStepper::findsWhatMadeAnInfinity() {
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    const auto stop = s.stepper->next_non_finite();
    QVERIFY(stop);
    QCOMPARE(stop->reason, run::Stop::Reason::NonFinite);
    QCOMPARE(s.stepper->path(*stop->step), "div");
    QCOMPARE(s.at(), "neg"); // behind it; neg only hands it on
    QCOMPARE(s.stepper->next_non_finite()->reason, run::Stop::Reason::End);
    QCOMPARE(s.stepper->back_non_finite().reason, run::Stop::Reason::NonFinite);
    QCOMPARE(s.at(), "neg");
}

void TestStepper::passesMasksOver() {
    Stepped s = begin(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        full: "f32[2]cpu" = torch.ops.aten.full.default([2], -inf)
        exp: "f32[2]cpu" = torch.ops.aten.exp.default(full)
        log: "f32[2]cpu" = torch.ops.aten.log.default(exp)
        sub: "f32[2]cpu" = torch.ops.aten.sub.Tensor(log, full)
        return (sub,)
)",
        ones(2));
    QVERIFY(s.stepper);
    // The mask is meant; the logarithm of 0 and what comes of it is not, and is told once.
    QStringList made;
    while (s.stepper->next_non_finite()->reason == run::Stop::Reason::NonFinite)
        made << QString::fromStdString(s.at());
    QCOMPARE(made, (QStringList{"sub"}));
    QVERIFY(s.stepper->at_end());
}

void TestStepper::showsValuesOfTheFrame() {
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    QVERIFY(s.stepper->run_to(s.body("f"), s.node("f", "add"))); // in the first call
    QCOMPARE(s.elements("f", "mul"), (std::vector<double>{6, 0}));
    QVERIFY(s.elements("f", "add").empty()); // not run yet
    QVERIFY(s.stepper->run_to(s.body("f"), s.node("f", "mul"))); // in the second call
    QCOMPARE(s.at(), "call_1/mul");
    QVERIFY(s.elements("f", "mul").empty()); // that of the first call is another one's
    QVERIFY(s.stepper->out());
    QCOMPARE(s.elements("f", "mul"), (std::vector<double>{21, 4}));
    QCOMPARE(s.elements("", "a"), (std::vector<double>{7, 1}));
    const auto missing = s.stepper->value({s.stepper->position(), 0, 0, {}});
    QVERIFY(!missing);
    QCOMPARE(missing.error().kind, Error::Kind::NotFound);
}

void TestStepper::computesDroppedValuesAgain() {
    wire::BeginRequest little;
    little.keep_bytes = 300; // one value at most
    little.seed = 7;
    Stepped a = begin(kRandom, ones(64), little);
    wire::BeginRequest all;
    all.seed = 7;
    Stepped b = begin(kRandom, ones(64), all);
    QVERIFY(a.stepper && b.stepper);
    for (Stepped* s : {&a, &b})
        QVERIFY(s->stepper->run());
    const size_t steps = b.stepper->steps().size();
    QCOMPARE(a.stepper->steps().size(), steps);
    for (size_t i = 0; i + 1 < steps; ++i) {
        const auto x = a.stepper->value(sliced(i, 64)), y = b.stepper->value(sliced(i, 64));
        QVERIFY2(x && y, x ? "" : x.error().message.c_str());
        QCOMPARE(*x->slice, *y->slice);
    }
    // Looking at one in between does not change what comes behind.
    Stepped c = begin(kRandom, ones(64), little);
    QVERIFY(c.stepper->into());
    QVERIFY(c.stepper->into());
    QVERIFY(c.stepper->value({0, 0, 0, {}}));
    QVERIFY(c.stepper->run());
    QCOMPARE(c.stepper->value({steps - 2, 0, 0, {}})->statistics->mean,
        b.stepper->value({steps - 2, 0, 0, {}})->statistics->mean);
}

void TestStepper::keepsWhatIsWrittenInto() {
    Stepped s = begin(kRandom, ones(64));
    QVERIFY(s.stepper);
    QVERIFY(s.stepper->run());
    // The placeholder as it was, and as add_ left it.
    QCOMPARE(s.stepper->value({0, 0, 0, {}})->statistics->max, std::optional(1.0));
    const auto written = s.stepper->step_of(BodyId(0), s.node("", "add_"));
    QVERIFY(s.stepper->value({*written, 0, 0, {}})->statistics->max > 1.0);
}

void TestStepper::countsLiveBytes() {
    Stepped s = begin(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[64]cpu"):
        neg: "f32[64]cpu" = torch.ops.aten.neg.default(x)
        view: "f32[8, 8]cpu" = torch.ops.aten.view.default(neg, [8, 8])
        exp: "f32[8, 8]cpu" = torch.ops.aten.exp.default(view)
        cat: "f32[16, 8]cpu" = torch.ops.aten.cat.default([exp, exp])
        sum_1: "f32[]cpu" = torch.ops.aten.sum.default(cat)
        return (sum_1,)
)",
        ones(64));
    QVERIFY(s.stepper);
    QVERIFY(s.stepper->run());
    std::vector<uint64_t> live;
    for (const run::Step& step : s.stepper->steps())
        live.push_back(step.live);
    // x; x and neg; neg (its view holds no more); neg and exp; exp and cat; cat and the sum; the sum
    QCOMPARE(live, (std::vector<uint64_t>{256, 512, 256, 512, 768, 516, 4}));
    QCOMPARE(*s.stepper->peak(), size_t{4});
}

void TestStepper::staysWhereANodeFails() {
    Stepped s = begin(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        neg: "f32[2]cpu" = torch.ops.aten.neg.default(x)
        view: "f32[3]cpu" = torch.ops.aten.view.default(neg, [3])
        exp: "f32[3]cpu" = torch.ops.aten.exp.default(view)
        return (exp,)
)",
        ones(2));
    QVERIFY(s.stepper);
    const auto stop = s.stepper->run();
    QVERIFY(stop);
    QCOMPARE(stop->reason, run::Stop::Reason::Failure);
    QCOMPARE(s.at(), "view");
    QCOMPARE(s.stepper->failure()->path, "view");
    QVERIFY(s.stepper->failure()->message.find("shape '[3]'") != std::string::npos);
    QVERIFY(!s.stepper->at_end());
    s.stepper->back_into();
    QCOMPARE(s.at(), "neg");
    QVERIFY(s.stepper->into());
    QCOMPARE(s.stepper->into()->reason, run::Stop::Reason::Failure);
}

void TestStepper::cancels() {
    Stepped s = begin(kEndless, ones(2));
    QVERIFY(s.stepper);
    std::atomic<bool> cancel{false};
    Job job;
    job.cancel = &cancel;
    std::thread later([&cancel] {
        QThread::msleep(100);
        cancel = true;
    });
    const auto stop = s.stepper->run(job);
    later.join();
    QVERIFY(!stop);
    QCOMPARE(stop.error().kind, Error::Kind::Cancelled);
    // It stands somewhere in the loop, and goes on from there.
    const std::string before = s.at();
    QVERIFY(before.starts_with("loop/"));
    QVERIFY(s.stepper->into());
    QVERIFY(s.at() != before);
    QVERIFY(s.executor->alive());
}

void TestStepper::stepsThroughRecordedRegions() {
    Stepped s = recorded("mlp4", "00_forward");
    QVERIFY(s.stepper);
    const auto file =
        run::read_tensors(dataPath(QStringLiteral("mlp4/values/00_forward.safetensors.gz")).toStdString());
    QVERIFY(file);
    int compared = 0, inside = 0;
    while (!s.stepper->at_end())
        QVERIFY(s.stepper->into());
    const auto& steps = s.stepper->steps();
    for (size_t i = 0; i < steps.size(); ++i) {
        const tensors::Value* value = file->find(s.stepper->path(i));
        if (!value || value->kind != tensors::Value::Kind::Tensor || steps[i].values != 1 || steps[i].tuple)
            continue;
        const auto found = s.stepper->value({i, 0, 0, {}});
        QVERIFY(found);
        QCOMPARE(found->shape, value->shape);
        QCOMPARE(found->stride, value->stride);
        ++compared;
        inside += steps[i].depth > 0;
    }
    QVERIFY(compared > 40);
    QVERIFY(inside > 20);
}

void TestStepper::savesWhatIsThere() {
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    QVERIFY(s.stepper->run_to(BodyId(0), s.node("", "call_1")));
    const auto bytes = s.stepper->save();
    QVERIFY(bytes);
    const auto file = tensors::TensorFile::read(*bytes, nullptr);
    QVERIFY(file);
    for (const char* there : {"x", "call#0", "call/mul", "a"})
        QVERIFY2(file->find(there), there);
    for (const char* later : {"call_1#0", "call_1/mul", "div"})
        QVERIFY2(!file->find(later), later);
}

void TestStepper::runsToANumber() {
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    const size_t expected = s.stepper->expected_steps();
    run::Stepper copy = *s.stepper;
    run::Breakpoint everywhere;
    everywhere.kind = run::Breakpoint::Kind::Operator;
    everywhere.text = "aten.mul";
    s.stepper->toggle(everywhere);
    QCOMPARE(s.stepper->run_to_step(14)->reason, run::Stop::Reason::Target);
    QCOMPARE(s.stepper->position(), size_t{14});
    QVERIFY(s.stepper->steps().size() == 15); // the worker has gone no further
    QCOMPARE(s.stepper->run_to_step(5)->reason, run::Stop::Reason::Step);
    QCOMPARE(s.stepper->position(), size_t{6}); // 5 is a placeholder of the called body
    QCOMPARE(s.stepper->run_to_step(1000)->reason, run::Stop::Reason::End);
    QCOMPARE(s.stepper->steps().size(), expected);
    QCOMPARE(s.stepper->expected_steps(), expected);
    QCOMPARE(copy.steps().size(), size_t{4}); // a copy shows what was then
}

// Whoever follows is told of every step once, however far the run is, and stands where the other one does.
void TestStepper::tellsEachStepOnce() {
    Stepped s = recorded("mlp4", "00_forward");
    QVERIFY(s.stepper);
    s.stepper->tell();
    QVERIFY(s.stepper->begin({}).ok());
    run::Stepper other(s.executor);
    size_t begun = 0, ended = 0, moves = 0;
    const auto follow = [&] {
        run::StepperNews news = s.stepper->news();
        const size_t before = begun;
        for (const wire::AdvanceAnswer& answer : news.answers) {
            begun += answer.begun.size();
            ended += answer.ended.size();
        }
        other.follow(std::move(news));
        return begun - before;
    };
    follow();
    QCOMPARE(other.hash(), s.stepper->hash());
    size_t most = 0;
    for (; !s.stepper->at_end(); ++moves) {
        QVERIFY(s.stepper->into().ok());
        most = std::max(most, follow());
        QCOMPARE(other.position(), s.stepper->position());
        QCOMPARE(begun, s.stepper->steps().size());
        if (moves % 50 == 0)
            QCOMPARE(other.hash(), s.stepper->hash());
    }
    QVERIFY2(moves > 40, qPrintable(QString::number(moves)));
    // A body's placeholders and attributes are passed over in one move; nothing else adds up.
    QVERIFY2(2 * most < begun, qPrintable(QString::number(most)));
    QCOMPARE(ended, begun);
    QCOMPARE(other.hash(), s.stepper->hash());
    QCOMPARE(other.peak(), s.stepper->peak());
    QVERIFY(s.stepper->news().answers.empty());
    // Back and again: nothing but the position is new.
    s.stepper->back_over();
    QCOMPARE(follow(), size_t{0});
    QCOMPARE(other.hash(), s.stepper->hash());
    QVERIFY(s.stepper->begin({}).ok());
    begun = 0;
    follow();
    QCOMPARE(other.steps().size(), s.stepper->steps().size());
    QCOMPARE(other.hash(), s.stepper->hash());
}

// What is looked up is what a search over all steps finds.
void TestStepper::looksRunsUp() {
    Stepped s = begin(kCalls, two());
    QVERIFY(s.stepper);
    while (!s.stepper->at_end())
        QVERIFY(s.stepper->into().ok());
    const std::vector<run::Step>& steps = s.stepper->steps();
    const auto search = [&](BodyId body, NodeId node, size_t position) {
        std::optional<size_t> found;
        for (size_t i = 0; i < std::min(position, steps.size()); ++i)
            if (steps[i].body == body && steps[i].node == node)
                found = i;
        return found;
    };
    const BodyId f = s.body("f");
    size_t looked = 0;
    for (size_t position = 0; position <= steps.size(); ++position) {
        s.stepper->go_to(position);
        const size_t at = s.stepper->position();
        for (const BodyId body : {BodyId(0), f})
            for (size_t n = 0; n < s.module().body(body).nodes.size(); ++n, ++looked) {
                QCOMPARE(s.stepper->ran_before(body, NodeId(n), at), search(body, NodeId(n), at));
                const auto run = s.stepper->step_of(body, NodeId(n));
                // In the body that runs here no earlier call of it is meant.
                if (at < steps.size() && steps[at].body == body) {
                    const auto last = search(body, NodeId(n), at + 1);
                    QCOMPARE(run, last && steps[*last].parent == steps[at].parent ? last : std::nullopt);
                } else if (body == f) {
                    QCOMPARE(run, search(body, NodeId(n), at));
                }
            }
    }
    QVERIFY(looked > 100);
}

QTEST_GUILESS_MAIN(TestStepper)
#include "tst_stepper.moc"
