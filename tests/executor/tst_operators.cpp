// What the worker evaluates itself: compositions, Python's operators, the higher-order operators.
#include "tests/worker/worker.h"

#include <QTest>

#include <cmath>

using namespace hopscope;
using namespace hopscope::test;

namespace {

constexpr float kInf = INFINITY;

std::string graph(const std::string& parameters, const std::string& statements, const std::string& result) {
    std::string text = "class GraphModule(torch.nn.Module):\n    def forward(self, " + parameters + "):\n";
    size_t at = 0;
    while (at < statements.size()) {
        const size_t end = std::min(statements.find('\n', at), statements.size());
        text += "        " + statements.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return text + "        return (" + result + ",)\n";
}

} // namespace

class TestOperators : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void evaluates_data();
    void evaluates();
    void runsHigherOrderOperators_data();
    void runsHigherOrderOperators();
    void leavesInputsAlone();
    void refuses_data();
    void refuses();
    void refusesCallsThatPyTorchRefuses();
    void composesWhatIsMissing();

private:
    std::unique_ptr<worker::Worker> executor_;
};

void TestOperators::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

// The table's operators against numbers worked out by hand or by definition.
void TestOperators::evaluates_data() {
    QTest::addColumn<QString>("statement");
    QTest::addColumn<QList<double>>("expected");
    const auto row = [](const char* name, const char* statement, const QList<double>& expected) {
        QTest::newRow(name) << QString::fromLatin1(statement) << expected;
    };
    const double e = std::exp(1.0);
    // x = [[1, 2], [-inf, -inf]], m = [[1, 2, 3], [4, 5, 6]], i = [2, 0], n = 7
    row("_safe_softmax", "out = torch.ops.aten._safe_softmax.default(x, -1)",
        {1 / (1 + e), e / (1 + e), 0, 0});
    row("any.dims", "z = torch.ops.aten.eq.Scalar(m, 5)\nout = torch.ops.aten.any.dims(z, [0])", {0, 1, 0});
    row("any.dims keepdim",
        "z = torch.ops.aten.eq.Scalar(m, 5)\nout = torch.ops.aten.any.dims(z, [0, 1], True)", {1});
    row("squeeze.dims",
        "u = torch.ops.aten.unsqueeze.default(i, 0)\nout = torch.ops.aten.squeeze.dims(u, [0, 1])", {2, 0});
    row("convert_element_type",
        "h = torch.ops.aten.mul.Tensor(m, 0.5)\nout = torch.ops.prims.convert_element_type.default(h, "
        "torch.int64)",
        {0, 1, 1, 2, 2, 3});
    row("iota",
        "out = torch.ops.prims.iota.default(4, start = 3, step = 2, dtype = torch.int64, device = "
        "device(type='cpu'), requires_grad = False)",
        {3, 5, 7, 9});
    row("broadcast_in_dim", "out = torch.ops.prims.broadcast_in_dim.default(i, [2, 3], [0])",
        {2, 2, 2, 0, 0, 0});
    row("prims.sum", "out = torch.ops.prims.sum.default(m, [0])", {5, 7, 9});
    row("prims.sum all", "out = torch.ops.prims.sum.default(m, None, output_dtype = torch.float64)", {21});
    // m in two chunks along its last dimension, padded: [[[1, 2], [3, 0]], [[4, 5], [6, 0]]]
    row("_chunk_cat", "out = torch.ops.aten._chunk_cat.default([m], 1, 2)", {1, 2, 3, 0, 4, 5, 6, 0});
    row("_chunk_cat from the end", "out = torch.ops.aten._chunk_cat.default([m], -1, 2)",
        {1, 2, 3, 0, 4, 5, 6, 0});
    row("_assert_async",
        "a = torch.ops.aten.scalar_tensor.default(1)\n"
        "s = torch.ops.aten._assert_async.msg(a, 'never')\nout = torch.ops.aten.neg.default(i)",
        {-2, 0});
    row("batch norm without training",
        "c = torch.ops.aten.sum.dim_IntList(m, [0])\no = torch.ops.aten.ones_like.default(c)\n"
        "b = torch.ops.aten._native_batch_norm_legit_no_training.default(m, None, None, o, o, 0.1, 0.0)\nout "
        "= b[0]",
        {0, 1, 2, 3, 4, 5});
    row("batch norm without statistics",
        "b = torch.ops.aten._native_batch_norm_legit.no_stats(m, None, None, True, 0.1, 0.0)\nout = b[0]",
        {-1, -1, -1, 1, 1, 1});
    row("batch norm writes its statistics",
        "c = torch.ops.aten.sum.dim_IntList(m, [0])\no = torch.ops.aten.ones_like.default(c)\n"
        "v = torch.ops.aten.ones_like.default(c)\n"
        "b = torch.ops.aten._native_batch_norm_legit.default(m, None, None, o, v, True, 0.5, 0.0)\n"
        "out = torch.ops.aten.clone.default(o)",
        {1.75, 2.25, 2.75});
    // Literals by the schema's type.
    row("wrapped number keeps float32",
        "a = torch.ops.aten.add.Tensor(i, 1.5)\nout = torch.ops.aten.mul.Tensor(a, 2)", {7, 3});
    row("scalar decides the dtype",
        "f = torch.ops.aten.full.default([2], 1)\nd = torch.ops.aten.div.Tensor(f, 2)\nout = "
        "torch.ops.aten.add.Tensor(d, f)",
        {1.5, 1.5});
    row("minus infinity",
        "z = torch.ops.aten.eq.Scalar(m, 5)\nf = torch.ops.aten.masked_fill.Scalar(m, z, -inf)\nout = "
        "torch.ops.aten.amax.default(f, [0])",
        {4, 2, 6});
    row("index with None", "out = torch.ops.aten.index.Tensor(m, [None, i])", {3, 1, 6, 4});
    row("list of tensors", "out = torch.ops.aten.cat.default([i, i])", {2, 0, 2, 0});
    row("item of a list", "s = torch.ops.aten.split.Tensor(m, 1)\nout = s[1]", {4, 5, 6});
    row("one number for int[]", "out = torch.ops.aten.sum.dim_IntList(m, 0)", {5, 7, 9});
    // Python's own.
    row("floordiv", "a = n // -2\nout = torch.ops.aten.full.default([1], a)", {-4});
    row("mod", "a = -7 % n\nb = n % 4\nc = a + b\nout = torch.ops.aten.full.default([c], 1)", {1, 1, 1});
    row("truediv", "a = n / 2\nout = torch.ops.aten.mul.Tensor(i, a)", {7, 0});
    row("pow", "a = n ** 2\nout = torch.ops.aten.full.default([1], a)", {49});
    row("compare", "a = n > 3\nout = torch.ops.aten.full.default([1], a)", {1});
    row("sym_max", "a = torch.sym_max(n, 9)\nout = torch.ops.aten.full.default([1], a)", {9});
    row("sym_size",
        "a = torch.ops.aten.sym_size.int(m, 1)\nb = a * 2\nout = torch.ops.aten.full.default([1], b)", {6});
    row("symbolic shape", "a = n - 1\nout = torch.ops.aten.view.default(m, [a])", {1, 2, 3, 4, 5, 6});
}

void TestOperators::evaluates() {
    QFETCH(QString, statement);
    QFETCH(QList<double>, expected);
    Values inputs;
    inputs.floats("x", {2, 2}, {1, 2, -kInf, -kInf})
        .floats("m", {2, 3}, {1, 2, 3, 4, 5, 6})
        .integers("i", {2}, {2, 0})
        .number("n", 7);
    const std::string text =
        graph("x: \"f32[2, 2]cpu\", m: \"f32[2, 3]cpu\", i: \"i64[2]cpu\", n: \"Sym(s7)\"",
            statement.toStdString(), "out");
    const auto found = evaluate(*executor_, text, inputs, "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(found->size(), static_cast<size_t>(expected.size()));
    for (size_t i = 0; i < found->size(); ++i)
        QVERIFY2(std::abs((*found)[i] - expected[static_cast<qsizetype>(i)]) < 1e-6,
            qPrintable(QStringLiteral("element %1: %2").arg(i).arg((*found)[i])));
}

void TestOperators::runsHigherOrderOperators_data() {
    QTest::addColumn<QString>("statements");
    QTest::addColumn<QString>("bodies");
    QTest::addColumn<QList<double>>("expected");
    const auto row = [](const char* name, const char* statements, const char* bodies,
                         const QList<double>& expected) {
        QTest::newRow(name) << QString::fromLatin1(statements) << QString::fromLatin1(bodies) << expected;
    };
    const char* two = R"(
    class f(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            sin: "f32[2]cpu" = torch.ops.aten.mul.Tensor(a, 10)
            return (sin,)

    class g(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            neg: "f32[2]cpu" = torch.ops.aten.neg.default(a)
            return (neg,)
)";
    row("cond, true",
        "gt = torch.ops.aten.scalar_tensor.default(True)\nf = self.f\ng = self.g\n"
        "cond = torch.ops.higher_order.cond(gt, f, g, (x,))\nout = cond[0]",
        two, {10, 20});
    row("cond, false",
        "gt = torch.ops.aten.scalar_tensor.default(False)\nf = self.f\ng = self.g\n"
        "cond = torch.ops.higher_order.cond(gt, f, g, (x,))\nout = cond[0]",
        two, {-1, -2});
    row("while_loop",
        "f = self.f\ng = self.g\nloop = torch.ops.higher_order.while_loop(f, g, (x,), ())\nout = loop[0]", R"(
    class f(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            sum_1: "f32[]cpu" = torch.ops.aten.sum.default(a)
            lt: "b8[]cpu" = torch.ops.aten.lt.Scalar(sum_1, 100)
            return lt

    class g(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            mul: "f32[2]cpu" = torch.ops.aten.mul.Tensor(a, 2)
            return (mul,)
)",
        {64, 128});
    row("map", "f = self.f\nmap_1 = torch.ops.higher_order.map_impl(f, [x], [y])\nout = map_1[0]", R"(
    class f(torch.nn.Module):
        def forward(self, a: "f32[]cpu", b: "f32[2]cpu"):
            add: "f32[2]cpu" = torch.ops.aten.add.Tensor(b, a)
            return (add,)
)",
        {4, 5, 5, 6});
    row("scan", "f = self.f\nscan = torch.ops.higher_order.scan(f, [y], [x], [])\nout = scan[1]", R"(
    class f(torch.nn.Module):
        def forward(self, state: "f32[2]cpu", a: "f32[]cpu"):
            add: "f32[2]cpu" = torch.ops.aten.add.Tensor(state, a)
            clone: "f32[2]cpu" = torch.ops.aten.clone.default(add)
            return (add, clone)
)",
        {4, 5, 6, 7});
    row("with_effects",
        "e = torch.ops.higher_order.with_effects(y, torch.ops.aten.neg.default, x)\nout = e[1]", "",
        {-1, -2});
    row("auto_functionalized_v2 of an operator",
        "a = torch.ops.higher_order.auto_functionalized_v2(torch.ops.aten.add_.Tensor, other = y, alpha = 1, "
        "_self_base_index = 0, _all_bases = [x])\n"
        "b = a[1]\nout = torch.ops.aten.sub.Tensor(b, x)",
        "", {3, 4});
    row("auto_functionalized_v2 of a view",
        "a = torch.ops.higher_order.auto_functionalized_v2(torch.ops.aten.add_.Tensor, other = 5, alpha = 1, "
        "_self_base_index = 0, "
        "_self_size = [1], _self_stride = [1], _self_storage_offset = 1, _all_bases = [x])\nout = a[1]",
        "", {1, 7});
    row("auto_functionalized_v2 of a slice",
        "a = torch.ops.higher_order.auto_functionalized_v2(torch.ops.aten.add_.Tensor, other = 5, alpha = 1, "
        "_self_base_index = 0, _self_slice_dim = 0, _self_slice_start = 0, _self_slice_end = 1, _all_bases = "
        "[x])\nout = a[1]",
        "", {6, 2});
    row("auto_functionalized_v2 of an alias",
        "a = torch.ops.higher_order.auto_functionalized_v2(torch.ops.aten.add_.Tensor, other = 5, alpha = 1, "
        "_self_base_index = 0, _self_alias = True, _all_bases = [x])\nout = a[1]",
        "", {6, 7});
    row("auto_functionalized_v2 of a list",
        "a = torch.ops.higher_order.auto_functionalized_v2(torch.ops.aten._foreach_add_.Scalar, scalar = 5, "
        "_self_length = 2, _self_0_base_index = 1, _self_1_base_index = 0, _self_1_slice_dim = 0, "
        "_self_1_slice_start = 1, _self_1_slice_end = 2, _all_bases = [x, y])\n"
        "b = a[1]\nc = a[2]\nout = torch.ops.aten.cat.default([b, c])",
        "", {1, 7, 8, 9});
    row("auto_functionalized",
        "a = torch.ops.higher_order.auto_functionalized(torch.ops.aten.add_.Tensor, self = x, other = y, "
        "alpha = "
        "1)\nb = a[1]\nout = torch.ops.aten.sub.Tensor(b, x)",
        "", {3, 4});
    row("tokens",
        "t = torch.ops.prims._make_token.default()\n"
        "e = torch.ops.higher_order.with_effects(t, torch.ops.aten.add.Tensor, x, y, alpha = 2)\nt_1 = e[0]\n"
        "s = torch.ops.prims._sink_tokens.default([t_1])\nout = e[1]",
        "", {7, 10});
    row("with_effects of an operator without results",
        "t = torch.ops.prims._make_token.default()\na = torch.ops.aten.scalar_tensor.default(1)\n"
        "e = torch.ops.higher_order.with_effects(t, torch.ops.aten._assert_async.msg, a, 'never')\nt_1 = "
        "e[0]\n"
        "out = torch.ops.aten.neg.default(x)",
        "", {-1, -2});
    row("tag_activation_checkpoint",
        "f = self.f\nc = torch.ops.higher_order.tag_activation_checkpoint(f, x, use_reentrant = False, "
        "preserve_rng_state = True)\nout = c[0]",
        two, {10, 20});
    row("wrap_with_set_grad_enabled",
        "g = self.g\nc = torch.ops.higher_order.wrap_with_set_grad_enabled(False, g, x)\nout = c[0]", two,
        {-1, -2});
    row("wrap_with_autocast, off",
        "g = self.g\nc = torch.ops.higher_order.wrap_with_autocast('cpu', None, False, None, g, x)\nout = "
        "c[0]",
        two, {-1, -2});
    row("scan of 2.6",
        "f = self.f\nscan = torch.ops.higher_order.scan(f, [y], [x], 0, False, [])\nout = scan[1]",
        R"(
    class f(torch.nn.Module):
        def forward(self, state: "f32[2]cpu", a: "f32[]cpu"):
            add: "f32[2]cpu" = torch.ops.aten.add.Tensor(state, a)
            clone: "f32[2]cpu" = torch.ops.aten.clone.default(add)
            return (add, clone)
)",
        {4, 5, 6, 7});
    row("Dynamo's cond",
        "gt = torch.sum(x)\np = gt > 0\nf = self.f\ng = self.g\n"
        "cond = torch.ops.higher_order.cond(p, f, g, (x,))\nout = cond[0]",
        R"(
    class f(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            sin = a * 10
            return (sin,)

    class g(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            neg = a.neg()
            return (neg,)
)",
        {10, 20});
    row("Dynamo's while_loop",
        "f = self.f\ng = self.g\nn = x.size(0)\n"
        "loop = torch.ops.higher_order.while_loop(f, g, (n, x), (y,))\nout = loop[1]",
        R"(
    class f(torch.nn.Module):
        def forward(self, k, a: "f32[2]cpu", b: "f32[2]cpu"):
            lt = k < 4
            return lt

    class g(torch.nn.Module):
        def forward(self, k, a: "f32[2]cpu", b: "f32[2]cpu"):
            add = k + 1
            mul = a + b
            return (add, mul)
)",
        {7, 10});
    row("a region in a region",
        "f = self.f\nc = torch.ops.higher_order.invoke_subgraph(f, 'f', x, y)\nout = c[0]", R"(
    class f(torch.nn.Module):
        def forward(self, a: "f32[2]cpu", b: "f32[2]cpu"):
            h = self.h
            c = torch.ops.higher_order.invoke_subgraph(h, 'h', b, a)
            d: "f32[2]cpu" = c[0]
            e: "f32[2]cpu" = torch.ops.aten.add.Tensor(d, 1)
            return (e,)

        class h(torch.nn.Module):
            def forward(self, a: "f32[2]cpu", b: "f32[2]cpu"):
                sub: "f32[2]cpu" = torch.ops.aten.sub.Tensor(a, b)
                return (sub,)
)",
        {3, 3});
}

void TestOperators::runsHigherOrderOperators() {
    QFETCH(QString, statements);
    QFETCH(QString, bodies);
    QFETCH(QList<double>, expected);
    Values inputs;
    inputs.floats("x", {2}, {1, 2}).floats("y", {2}, {3, 4});
    const std::string text =
        graph("x: \"f32[2]cpu\", y: \"f32[2]cpu\"", statements.toStdString(), "out") + bodies.toStdString();
    const auto found = evaluate(*executor_, text, inputs, "out");
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(QList<double>(found->begin(), found->end()), expected);
}

void TestOperators::leavesInputsAlone() {
    Values inputs;
    inputs.floats("x", {2}, {1, 2});
    const std::string text = graph("x: \"f32[2]cpu\"",
        "add_ = torch.ops.aten.add_.Tensor(x, 1)\nout = torch.ops.aten.clone.default(x)", "out");
    // Written to in the graph, and fresh for every run.
    for (int i = 0; i < 2; ++i) {
        const auto found = evaluate(*executor_, text, inputs, "out");
        QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
        QCOMPARE(*found, (std::vector<double>{2, 3}));
        const auto again = runAndKeep(*executor_, 3);
        QVERIFY(again.ok());
        const auto value = executor_->value(named("out"));
        QVERIFY(value.ok());
        QCOMPARE(value->statistics->max, std::optional(3.0));
    }
}

void TestOperators::refuses_data() {
    QTest::addColumn<QString>("statement");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const char* statement, const char* says) {
        QTest::newRow(name) << QString::fromLatin1(statement) << QString::fromLatin1(says);
    };
    row("unknown operator", "out = torch.ops.demo.missing.default(x)", "operator not known");
    row("unknown function", "out = torch.nn.functional.fractional_max_pool2d(x, 2)",
        "has no operator in this libtorch; the same in operators of ATen would run");
    row("unknown method", "out = x.register_hook(x)", "the method has no operator");
    row("module", "out = self.layers.0(x)", "a call of a module");
    row("no overload", "out = x.view('abc')", "no overload of aten::view takes (Tensor, str); it has");
    row("unknown value of a parameter", "out = torch.nn.functional.mse_loss(x, x, reduction = 'batchmean')",
        "the reduction 'batchmean'");
    row("parameter without an operator", "out = torch.nn.functional.embedding(x, x, max_norm = 1.0)",
        "max_norm other than None");
    row("missing parameter", "out = torch.nn.functional.layer_norm(x)", "'normalized_shape' is missing");
    row("too many parameters", "out = torch.nn.functional.relu(x, False, 3)", "take 2");
    row("autocast", "out = torch.amp.autocast_mode._enter_autocast('cpu', torch.bfloat16, True, None)",
        "autocast changes");
    row("attribute", "out = x.grad_fn", "the attribute 'grad_fn'");
    row("index", "out = x[(0, 0)]", "too many indices");
    row("device's own error", "out = x.matmul(x, x)", "no overload of aten::matmul");
    row("wrong kind", "out = torch.ops.aten.view.default(x, 'abc')", "'size'");
    row("missing argument", "out = torch.ops.aten.view.default(x)", "'size' is missing");
    row("too many arguments", "out = torch.ops.aten.neg.default(x, 1)", "takes 1");
    row("unknown keyword", "out = torch.ops.aten.neg.default(x, speed = 1)", "takes 1");
    row("operator's own error", "out = torch.ops.aten.view.default(x, [7])", "invalid for input of size 2");
    row("wrap_with_autocast",
        "f = self.f\nout = torch.ops.higher_order.wrap_with_autocast('cpu', torch.bfloat16, True, None, f, "
        "x)",
        "autocast changes the dtypes");
    row("associative_scan", "f = self.f\nout = torch.ops.higher_order.associative_scan(f, [x], ())",
        "the order in which it combines");
    row("scan backwards", "f = self.f\nout = torch.ops.higher_order.scan(f, [x], [x], 0, True, [])",
        "or backwards");
    row("assertion",
        "a = torch.ops.aten.scalar_tensor.default(0)\nout = torch.ops.aten._assert_async.msg(a, 'it must not "
        "be 0')",
        "it must not be 0");
    row("division by zero", "s = torch.ops.aten.sym_size.int(x, 0)\nout = s // 0", "division by zero");
    row("out of memory", "out = torch.ops.aten.zeros.default([30000000000])", "allocate memory");
    row("a file", "out = torch.ops.aten.from_file.default('/etc/passwd', False, 10)",
        "Operation not permitted");
    row("not there", "out = torch.ops.aten.sym_size.int(x, 9)", "out of range");
}

// What invoke_subgraph would refuse stops the run at the call, not before.
void TestOperators::refusesCallsThatPyTorchRefuses() {
    Values inputs;
    inputs.floats("x", {2}, {1, 2});
    const std::string text = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        neg: "f32[2]cpu" = torch.ops.aten.neg.default(x)
        subgraph_0 = self.subgraph_0
        call = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', neg)
        return (call,)

    class subgraph_0(torch.nn.Module):
        def forward(self, a: "f32[3]cpu"):
            return (a,)
)";
    QVERIFY(prepare(*executor_, text, inputs).ok());
    const auto ran = runAndKeep(*executor_);
    QVERIFY(ran.ok() && ran->failure);
    QCOMPARE(ran->failure->node, std::string("call"));
    QVERIFY(ran->failure->unsupported);
    QCOMPARE(ran->failure->message,
        std::string("'call' passes 'neg' f32[2] as operand 0; its body's placeholder 'a' is f32[3]"));
    QVERIFY(executor_->value(named("neg")).ok());
}

void TestOperators::refuses() {
    QFETCH(QString, statement);
    QFETCH(QString, says);
    Values inputs;
    inputs.floats("x", {2}, {1, 2});
    const auto found =
        evaluate(*executor_, graph("x: \"f32[2]cpu\"", statement.toStdString(), "out"), inputs, "out");
    QVERIFY(!found.ok());
    QVERIFY2(QString::fromStdString(found.error().message).contains(says), found.error().message.c_str());
    // And goes on.
    const auto after = evaluate(
        *executor_, graph("x: \"f32[2]cpu\"", "out = torch.ops.aten.neg.default(x)", "out"), inputs, "out");
    QVERIFY(after.ok());
}

// The attention operators are compared with recordings in tst_values (hf_llama); here only that a table
// stands for what this libtorch lacks.
void TestOperators::composesWhatIsMissing() {
    const auto& facts = executor_->facts();
    QVERIFY(!facts.libtorch.empty());
    QCOMPARE(facts.threads, 1);
    QVERIFY(facts.sandbox);
    const std::vector<std::string>& composed = facts.composed;
    QVERIFY(std::find(composed.begin(), composed.end(), "prims.iota") != composed.end());
}

QTEST_GUILESS_MAIN(TestOperators)
#include "tst_operators.moc"
