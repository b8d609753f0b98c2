// How a program is compiled and run, from inside: slots, releases, pauses, what an observer may do, depth.
#include "core/executor/tracer.h"
#include "tests/executor/inside.h"
#include "tests/testdata.h"

#include <QObject>

#include <cmath>
#include <functional>
#include <map>

using namespace hopscope;
using namespace hopscope::executor;
using namespace hopscope::test;

namespace {

// Two calls of one region: x -> sin(x) * 2, and the sum of both.
const std::string kCalls = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[3]cpu", y: "f32[3]cpu"):
        repeated_subgraph0 = self.repeated_subgraph0
        call = torch.ops.higher_order.invoke_subgraph(repeated_subgraph0, 'r0', x)
        a: "f32[3]cpu" = call[0]
        again = torch.ops.higher_order.invoke_subgraph(repeated_subgraph0, 'r0', y)
        b: "f32[3]cpu" = again[0]
        total: "f32[3]cpu" = torch.ops.aten.add.Tensor(a, b)
        return (total,)

    class repeated_subgraph0(torch.nn.Module):
        def forward(self, v: "f32[3]cpu"):
            sin: "f32[3]cpu" = torch.ops.aten.sin.default(v)
            mul: "f32[3]cpu" = torch.ops.aten.mul.Tensor(sin, 2)
            return (mul,)
)";

// Does with each node what a test says, and writes down where it was.
struct Watch : Observer {
    const GraphModule* module = nullptr;
    std::function<bool(const std::string&)> stops;
    std::function<void(const std::string&, c10::IValue*)> sees;
    std::vector<std::string> begun, valued;
    size_t released = 0;

    std::string path(const ObservedStep& at) const {
        return at.prefix + std::string(module->text(module->body(at.body).node(at.node).name));
    }
    bool before(const ObservedStep& at) override {
        begun.push_back(path(at));
        return stops && stops(begun.back());
    }
    void value(const ObservedStep& at, c10::IValue* values, size_t) override {
        valued.push_back(path(at));
        if (sees)
            sees(valued.back(), values);
    }
    void after(const ObservedStep&, const std::vector<c10::IValue>& gone) override {
        released += gone.size();
    }
    bool wants_released() const override { return true; }
};

// Operands of a step that are slots, those within lists as well.
std::vector<uint32_t> slots_of(const Program& program, const Step& step) {
    std::vector<uint32_t> out;
    std::vector<Range> left{step.operands};
    while (!left.empty()) {
        const Range range = left.back();
        left.pop_back();
        for (uint32_t i = range.begin; i < range.end; ++i) {
            const Operand& operand = program.operands[i];
            if (operand.kind == Operand::Kind::Constant)
                continue;
            if (operand.kind >= Operand::Kind::IntList)
                left.push_back({operand.index, operand.index + operand.count});
            else
                out.push_back(operand.index);
        }
    }
    return out;
}

} // namespace

class TestMachine : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void runsARegionTwice() {
        const auto program = program_of(kCalls);
        QVERIFY(program);
        const at::Tensor x = numbers({3}, at::kFloat, 1), y = numbers({3}, at::kFloat, 2);
        const Outcome out = run(*program, {x, y}, {});
        QVERIFY(!out.failure && !out.cancelled);
        QCOMPARE(out.outputs.size(), size_t(1));
        QVERIFY(same(out.outputs[0].toTensor(), at::sin(x) * 2 + at::sin(y) * 2));
        // 9 nodes of the root (placeholders, body, calls, items, sum, output), and 4 of the region, twice.
        QCOMPARE(out.run, uint64_t(17));
        QCOMPARE(out.nodes, out.run);
    }

    // Whoever pauses before each node sees them in their order, with the call that they belong to.
    void pausesBeforeAnyNode() {
        const auto program = program_of(kCalls);
        QVERIFY(program);
        const at::Tensor x = numbers({3}, at::kFloat, 1), y = numbers({3}, at::kFloat, 2);
        Watch watch;
        watch.module = program->module.get();
        watch.stops = [](const std::string&) { return true; };
        RunSettings settings;
        settings.observer = &watch;
        Machine machine(*program, {x, y}, settings);
        size_t pauses = 0;
        Machine::State state;
        while ((state = machine.go()) == Machine::State::Paused)
            QCOMPARE(++pauses, watch.begun.size());
        QCOMPARE(state, Machine::State::Finished);
        QCOMPARE(pauses, size_t(17));
        const std::vector<std::string> expected{"x", "y", "repeated_subgraph0", "call", "call/v", "call/sin",
            "call/mul", "call/output", "a", "again", "again/v", "again/sin", "again/mul", "again/output", "b",
            "total", "output"};
        QCOMPARE(watch.begun.size(), expected.size());
        for (size_t i = 0; i < expected.size(); ++i)
            QVERIFY2(watch.begun[i] == expected[i] || expected[i].find("output") != std::string::npos,
                (watch.begun[i] + " for " + expected[i]).c_str());
        QVERIFY(same(machine.outcome().outputs[0].toTensor(), at::sin(x) * 2 + at::sin(y) * 2));
    }

    // A value that an observer puts in the place of another is what comes after is computed from.
    void takesAnotherValue() {
        const auto program = program_of(kCalls);
        QVERIFY(program);
        Watch watch;
        watch.module = program->module.get();
        watch.sees = [](const std::string& path, c10::IValue* values) {
            if (path == "again/sin")
                values[0] = at::full({3}, 10.0F);
        };
        RunSettings settings;
        settings.observer = &watch;
        const at::Tensor zero = at::zeros({3});
        const Outcome out = run(*program, {zero, zero}, settings);
        QVERIFY(!out.failure);
        QVERIFY(same(out.outputs[0].toTensor(), at::full({3}, 20.0F)));
    }

    void endsWhereItWasTold() {
        const auto program = program_of(graph("x: \"f32[2]cpu\"",
            {"a: \"f32[2]cpu\" = torch.ops.aten.neg.default(x)",
                "b: \"f32[2]cpu\" = torch.ops.aten.abs.default(a)"},
            "b"));
        QVERIFY(program);
        Watch watch;
        watch.module = program->module.get();
        RunSettings settings;
        settings.observer = &watch;
        settings.until = NodeId(1u);
        const Outcome out = run(*program, {at::ones({2})}, settings);
        QVERIFY(!out.failure);
        QCOMPARE(watch.valued, (std::vector<std::string>{"x", "a"}));
        QCOMPARE(out.run, uint64_t(2));
    }

    // Cancelled in the midst, taken up again: as if nothing had been.
    void goesOnAfterACancel() {
        std::vector<std::string> statements;
        for (int i = 0; i < 400; ++i)
            statements.push_back("n" + std::to_string(i)
                + ": \"f32[768, 768]cpu\" = torch.ops.aten.tanh.default("
                + (i ? "n" + std::to_string(i - 1) : std::string("x")) + ")");
        const auto program = program_of(graph("x: \"f32[768, 768]cpu\"", statements, "n399"));
        QVERIFY(program);
        bool asked = false;
        RunSettings settings;
        settings.stop = [&] { return !std::exchange(asked, true); };
        const at::Tensor x = numbers({768, 768}, at::kFloat, 3);
        Machine machine(*program, {x}, settings);
        Machine::State state = machine.go();
        QVERIFY(asked); // 400 times 589,824 numbers take more than 20 ms
        QCOMPARE(state, Machine::State::Cancelled);
        QVERIFY(machine.outcome().cancelled);
        QVERIFY(machine.outcome().run < 400);
        machine.uncancel();
        state = machine.go();
        QCOMPARE(state, Machine::State::Finished);
        at::Tensor expected = x;
        for (int i = 0; i < 400; ++i)
            expected = at::tanh(expected);
        QVERIFY(same(machine.outcome().outputs[0].toTensor(), expected));
    }

    // What a graph writes into is a copy: the same inputs give the same results again.
    void neverWritesToItsInputs() {
        const auto program = program_of(graph("x: \"f32[4]cpu\"",
            {"v: \"f32[2]cpu\" = torch.ops.aten.slice.Tensor(x, 0, 0, 2)",
                "w: \"f32[2]cpu\" = torch.ops.aten.add_.Tensor(v, 1)",
                "s: \"f32[]cpu\" = torch.ops.aten.sum.default(x)"},
            "s"));
        QVERIFY(program);
        QVERIFY(program->mutates);
        const at::Tensor x = at::arange(4, at::kFloat);
        for (int round = 0; round < 2; ++round) {
            const Outcome out = run(*program, {x}, {});
            QVERIFY(!out.failure);
            QCOMPARE(out.outputs[0].toTensor().item<float>(), 8.0F); // 0 + 1 + 2 + 3, and 1 for each of two
            QVERIFY(same(x, at::arange(4, at::kFloat)));
        }
    }

    // A refusal names which run of which node it was.
    void saysWhereItFailed() {
        const auto program = program_of(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[3]cpu"):
        f = self.f
        call = torch.ops.higher_order.invoke_subgraph(f, 'f', x)
        a: "f32[3]cpu" = call[0]
        return (a,)

    class f(torch.nn.Module):
        def forward(self, v: "f32[3]cpu"):
            good: "f32[3]cpu" = torch.ops.aten.neg.default(v)
            bad: "f32[3]cpu" = torch.ops.aten.mm.default(good, v)
            return (bad,)
)");
        QVERIFY(program);
        const Outcome out = run(*program, {at::ones({3})}, {});
        QVERIFY(out.failure);
        QCOMPARE(out.failure->path, std::string("call/bad"));
        QVERIFY(!out.failure->unsupported);
        QVERIFY2(out.failure->message.find("matrix") != std::string::npos, out.failure->message.c_str());
        QVERIFY(out.outputs.empty());
    }

    // Bodies within bodies within bodies: frames are on the heap.
    void callsNestAsDeepAsTheyLike() {
        constexpr int kDepth = 500;
        std::string text = "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[1]cpu\"):\n";
        std::string indent = "        ";
        for (int i = 0; i < kDepth; ++i) {
            text += indent + "f = self.f\n" + indent
                + "c = torch.ops.higher_order.invoke_subgraph(f, 'f', x)\n" + indent
                + "y: \"f32[1]cpu\" = c[0]\n" + indent + "return (y,)\n\n";
            // A class within a class is indented by four.
            indent.resize(indent.size() - 4, ' ');
            text += indent + "class f(torch.nn.Module):\n";
            indent += "    ";
            text += indent + "def forward(self, x: \"f32[1]cpu\"):\n";
            indent += "    ";
        }
        text += indent + "y: \"f32[1]cpu\" = torch.ops.aten.add.Tensor(x, 1)\n" + indent + "return (y,)\n";
        const auto program = program_of(text);
        QVERIFY(program);
        QCOMPARE(program->bodies.size(), size_t(kDepth + 1));
        const Outcome out = run(*program, {at::zeros({1})}, {});
        QVERIFY2(!out.failure, out.failure ? out.failure->message.c_str() : "");
        QCOMPARE(out.outputs[0].toTensor().item<float>(), 1.0F);
    }

    void slotsAreGivenBackOnce_data() {
        QTest::addColumn<QString>("recording");
        for (const char* name :
            {"mlp4", "gpt12", "outputs_mixed", "control_flow", "effects", "dup_tangents", "lstm_like"})
            QTest::newRow(name) << QString::fromLatin1(name);
    }
    // Of each body of the recordings: a step takes only what is there, and a slot is emptied once, by whoever
    // uses it last.
    void slotsAreGivenBackOnce() {
        QFETCH(QString, recording);
        const auto dump = open_dump({traceOf(recording)});
        QVERIFY(dump.ok());
        size_t bodies = 0;
        for (const Graph& g : dump->graphs) {
            const auto compiled = compile(g.module, {});
            QVERIFY(compiled.ok());
            const Program& program = **compiled;
            for (const BodyProgram& body : program.bodies) {
                if (!body.compiled)
                    continue;
                ++bodies;
                std::map<uint32_t, size_t> last, gone;
                for (size_t i = 0; i < body.steps.size(); ++i) {
                    for (const uint32_t slot : slots_of(program, body.steps[i])) {
                        QVERIFY(slot < body.slots);
                        QVERIFY2(!gone.contains(slot), "a slot is used after it was emptied");
                        last[slot] = i;
                    }
                    const Range range = body.steps[i].releases;
                    for (uint32_t r = range.begin; r < range.end; ++r) {
                        const uint32_t slot = program.releases[r];
                        QVERIFY(slot < body.slots);
                        QVERIFY2(gone.emplace(slot, i).second, "a slot is emptied twice");
                    }
                }
                for (const auto& [slot, step] : gone)
                    if (const auto used = last.find(slot); used != last.end())
                        QVERIFY2(used->second <= step, "emptied before its last use");
            }
        }
        QVERIFY(bodies > 0);
    }

    // What a traced run drops for want of memory it makes again, random numbers included.
    void makesDroppedValuesAgain() {
        const auto program = program_of(graph("x: \"f32[64]cpu\"",
            {"a: \"f32[64]cpu\" = torch.ops.aten.rand_like.default(x)",
                "b: \"f32[64]cpu\" = torch.ops.aten.mul.Tensor(a, x)",
                "c: \"f32[64]cpu\" = torch.ops.aten.rand_like.default(b)",
                "d: \"f32[64]cpu\" = torch.ops.aten.add.Tensor(b, c)"},
            "d"));
        QVERIFY(program);
        const at::Tensor x = numbers({64}, at::kFloat, 4);
        std::vector<std::vector<at::Tensor>> all;
        for (const uint64_t keep : {uint64_t{1} << 30, uint64_t{0}}) {
            Tracer::Settings settings;
            settings.seed = 7;
            settings.keep_bytes = keep;
            Tracer tracer(program, {x}, settings);
            QVERIFY(tracer.advance({}));
            QVERIFY(tracer.complete());
            QCOMPARE(tracer.size(), size_t(6));
            std::vector<at::Tensor>& values = all.emplace_back();
            for (size_t step = 0; step < 5; ++step)
                values.push_back(tracer.values(step).at(0).toTensor());
        }
        for (size_t i = 0; i < all[0].size(); ++i)
            QVERIFY(same(all[0][i], all[1][i]));
        QVERIFY(same(all[0][4], all[0][1] * x + all[0][3]));
    }

    // Views share a storage, which counts once until the last of them is gone.
    void countsAStorageOnce() {
        StorageCount count;
        const at::Tensor whole = at::zeros({10, 10});
        count.add(whole);
        count.add(whole.narrow(0, 0, 2));
        QCOMPARE(count.bytes(), uint64_t(400));
        count.remove(whole);
        QCOMPARE(count.bytes(), uint64_t(400));
        count.remove(whole.narrow(0, 0, 2));
        QCOMPARE(count.bytes(), uint64_t(0));
    }

    void namesWhatItCannotRun() {
        const auto program = program_of(graph("x: \"f32[2]cpu\"",
            {"a: \"f32[2]cpu\" = torch.ops.aten.neg.default(x)",
                "b: \"f32[2]cpu\" = torch.ops.my_library.gone.default(a)"},
            "b"));
        QVERIFY(program);
        QCOMPARE(program->unsupported.size(), size_t(1));
        QVERIFY(program->unsupported[0].target.find("my_library.gone") != std::string::npos);
        const Outcome out = run(*program, {at::ones({2})}, {});
        QVERIFY(out.failure && out.failure->unsupported);
        QCOMPARE(out.run, uint64_t(2)); // x and a
    }
};

QTEST_GUILESS_MAIN(TestMachine)
#include "tst_machine.moc"
