// What core/executor computes with libtorch's kernels, from inside: attention, wider types, 8-bit floats, the
// choice of overloads.
#include "core/executor/arguments.h"
#include "core/executor/attention.h"
#include "core/executor/foreign.h"
#include "core/executor/overloads.h"
#include "core/executor/python.h"
#include "core/executor/tensors.h"
#include "core/executor/widening.h"
#include "tests/executor/inside.h"

#include <QObject>

#include <cmath>
#include <cstring>

using namespace hopscope;
using namespace hopscope::executor;
using namespace hopscope::test;

namespace {

// Attention by its definition, all scores at once, in double precision.
struct Defined {
    at::Tensor output, sums;
};
Defined by_definition(const Attention& call) {
    const int64_t group = call.query.size(1) / call.key.size(1);
    const at::Tensor q = call.query.to(at::kDouble), k = call.key.to(at::kDouble).repeat_interleave(group, 1),
                     v = call.value.to(at::kDouble).repeat_interleave(group, 1);
    at::Tensor scores = at::matmul(q, k.transpose(-2, -1)) * call.scale;
    if (call.bias.defined())
        scores = call.bias.scalar_type() == at::kBool ? scores.masked_fill(call.bias.logical_not(), -INFINITY)
                                                      : scores + call.bias.to(at::kDouble);
    const at::Tensor place = at::arange(q.size(2)).unsqueeze(1) + call.shift,
                     key = at::arange(k.size(2)).unsqueeze(0);
    if (call.right)
        scores = scores.masked_fill(key > place + *call.right, -INFINITY);
    if (call.left)
        scores = scores.masked_fill(key < place - *call.left, -INFINITY);
    const at::Tensor unseen = scores.eq(-INFINITY).all(-1);
    const at::Tensor weights = at::softmax(scores, -1).masked_fill(unseen.unsqueeze(-1), 0);
    return {at::matmul(weights, v), at::logsumexp(scores, -1).masked_fill(unseen, call.unseen)};
}

c10::OperatorHandle operator_named(const char* name, const char* overload) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

} // namespace

class TestKernels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void attends_data() {
        QTest::addColumn<QList<int>>("sizes"); // batch, heads, key heads, queries, keys, width, value width
        QTest::addColumn<QString>("mask"); // "", "bias", "seen"
        QTest::addColumn<QList<int>>("window"); // left, right, shift; -1: none
        QTest::newRow("plain") << QList<int>{2, 3, 3, 5, 7, 4, 4} << QString() << QList<int>{-1, -1, 0};
        QTest::newRow("grouped heads")
            << QList<int>{2, 6, 2, 5, 7, 4, 8} << QString() << QList<int>{-1, -1, 0};
        QTest::newRow("causal") << QList<int>{1, 2, 1, 9, 9, 4, 4} << QString() << QList<int>{-1, 0, 0};
        QTest::newRow("causal, keys before")
            << QList<int>{1, 2, 2, 4, 9, 4, 4} << QString() << QList<int>{-1, 0, 5};
        QTest::newRow("some see nothing")
            << QList<int>{1, 2, 2, 9, 4, 4, 4} << QString() << QList<int>{-1, 0, -5};
        QTest::newRow("window") << QList<int>{2, 4, 2, 33, 33, 8, 8} << QString() << QList<int>{3, 0, 0};
        QTest::newRow("bias") << QList<int>{2, 2, 2, 6, 6, 4, 4} << QStringLiteral("bias")
                              << QList<int>{-1, 0, 0};
        QTest::newRow("mask") << QList<int>{2, 2, 1, 6, 10, 4, 4} << QStringLiteral("seen")
                              << QList<int>{-1, -1, 0};
        QTest::newRow("several blocks")
            << QList<int>{1, 2, 1, 700, 1100, 16, 16} << QString() << QList<int>{200, 0, 400};
    }
    // The same outputs and log-sum-exps as by definition, and autograd's gradients of that.
    void attends() {
        QFETCH(QList<int>, sizes);
        QFETCH(QString, mask);
        QFETCH(QList<int>, window);
        for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kBFloat16}) {
            Attention call;
            call.query = numbers({sizes[0], sizes[1], sizes[3], sizes[5]}, type, 1);
            call.key = numbers({sizes[0], sizes[2], sizes[4], sizes[5]}, type, 2);
            call.value = numbers({sizes[0], sizes[2], sizes[4], sizes[6]}, type, 3);
            call.scale = 1 / std::sqrt(static_cast<double>(sizes[5]));
            call.unseen = 5;
            call.shift = window[2];
            if (window[0] >= 0)
                call.left = window[0];
            if (window[1] >= 0)
                call.right = window[1];
            if (mask == QLatin1String("bias"))
                call.bias = numbers({1, sizes[1], sizes[3], sizes[4]}, type, 4);
            if (mask == QLatin1String("seen"))
                call.bias = numbers({sizes[0], 1, sizes[3], sizes[4]}, at::kDouble, 4).gt(-1);
            // What rounding of the result makes of it, and in float32 of some hundreds of terms.
            const double close = type == at::kDouble ? 1e-12 : type == at::kFloat ? 2e-5 : 2e-5;
            const Attended found = attend(call);
            const Defined expected = by_definition(call);
            QVERIFY(apart(found.output, expected.output) < close);
            QVERIFY(apart(found.sums, expected.sums) < close);
            QCOMPARE(found.output.scalar_type(), accumulated(type));

            at::Tensor into = at::empty(attended_sizes(call.query, call.value), at::dtype(type));
            attend(call, into);
            QVERIFY(same(into, found.output.to(type)));

            Attention leaves = call;
            for (at::Tensor* tensor : {&leaves.query, &leaves.key, &leaves.value})
                *tensor = tensor->to(at::kDouble).clone().requires_grad_();
            const bool with_bias = mask == QLatin1String("bias");
            if (with_bias)
                leaves.bias = leaves.bias.to(at::kDouble).clone().requires_grad_();
            std::vector<at::Tensor> wanted{leaves.query, leaves.key, leaves.value};
            if (with_bias)
                wanted.push_back(leaves.bias);
            const at::Tensor gradient = numbers(found.output.sizes(), type, 5);
            const auto truth =
                torch::autograd::grad({by_definition(leaves).output}, wanted, {gradient.to(at::kDouble)});
            const AttentionGradients mine =
                attend_backward(call, gradient, found.output, found.sums, with_bias);
            // Gradients of keys and values add up over queries and the heads of a group.
            const double near = type == at::kDouble ? 1e-11 : 5e-4;
            QVERIFY(apart(mine.query, truth[0]) < near);
            QVERIFY(apart(mine.key, truth[1]) < near);
            QVERIFY(apart(mine.value, truth[2]) < near);
            QCOMPARE(mine.bias.defined(), with_bias);
            if (with_bias)
                QVERIFY(apart(mine.bias, truth[3]) < near);
        }
    }

    // Half precisions: as the float32 kernel computes, rounded once.
    void roundsOnce() {
        for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
            const at::Tensor a = numbers({17, 33}, type, 1), b = numbers({33, 9}, type, 2);
            const c10::OperatorHandle mm = operator_named("aten::mm", "");
            torch::jit::Stack stack{a, b};
            const at::ScalarType declared[] = {type};
            call_wider(mm, stack, Width::Floats, declared);
            QCOMPARE(stack.size(), size_t(1));
            QVERIFY(same(stack[0].toTensor(), at::mm(a.to(at::kFloat), b.to(at::kFloat)).to(type)));
            // Where the graph declares float32, nothing is rounded.
            torch::jit::Stack again{a, b};
            const at::ScalarType wide[] = {at::kFloat};
            call_wider(mm, again, Width::Floats, wide);
            QVERIFY(same(again[0].toTensor(), at::mm(a.to(at::kFloat), b.to(at::kFloat))));
        }
    }

    // What an operator writes into keeps its type, and is written into.
    void writesThroughWiderTypes() {
        const at::Tensor x = numbers({8}, at::kHalf, 1), before = x.clone(), by = numbers({8}, at::kHalf, 2);
        torch::jit::Stack stack{x, by, 1};
        call_wider(operator_named("aten::add_", "Tensor"), stack, Width::Floats, {});
        QVERIFY(same(x, (before.to(at::kFloat) + by.to(at::kFloat)).to(at::kHalf)));
    }

    void findsAWidth() {
        const c10::OperatorHandle mm = operator_named("aten::mm", "");
        const at::ScalarType half[] = {at::kHalf};
        torch::jit::Stack stack{numbers({2, 2}, at::kHalf, 1), numbers({2, 2}, at::kHalf, 2)};
        QCOMPARE(find_width(mm, stack, half), Width::Floats);
        QCOMPARE(stack.size(), size_t(1));
        QCOMPARE(stack[0].toTensor().scalar_type(), at::kHalf);
        // Nothing in it could be wider.
        torch::jit::Stack floats{numbers({2, 2}, at::kFloat, 1), numbers({3, 2}, at::kFloat, 2)};
        QCOMPARE(find_width(mm, floats, {}), Width::Unchanged);
        QVERIFY(floats.empty());
    }

    void float8_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("number"); // of the recording's nodes
        int number = 0;
        for (const char* name : {"float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"})
            QTest::newRow(name) << QString::fromLatin1(name) << number++;
    }
    // Codes and values of 81,920 floats as PyTorch 2.13 has them (tests/tools/record_conversions.py), one by
    // one and all at once.
    void float8() {
        QFETCH(QString, name);
        QFETCH(int, number);
        const ForeignType* type = foreign_type(name.toStdString());
        if (!type)
            QSKIP("this libtorch has the type");
        const QByteArray bytes =
            bytesOf(dataPath(QStringLiteral("float8/values/00_inference.safetensors.gz")));
        const auto held = std::make_shared<std::string>(bytes.toStdString());
        const auto file = tensors::TensorFile::read(*held, held);
        QVERIFY(file.ok());
        const tensors::Value* codes = file->find("narrow_" + std::to_string(number));
        const tensors::Value *given = file->find("x"), *values = file->find("wide_" + std::to_string(number));
        QVERIFY(given && codes && values);
        const at::Tensor x = from_wire(*given)->toTensor(), wide = from_wire(*values)->toTensor();
        const at::Tensor rounded = rounded_to(*type, x);
        const auto alike = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
        for (int64_t i = 0; i < x.numel(); ++i) {
            const float from = x.data_ptr<float>()[i];
            const double expected = wide.data_ptr<float>()[i], all = rounded.data_ptr<float>()[i];
            const double read = foreign_value(*type, static_cast<uint8_t>(codes->bytes[size_t(i)]));
            const double written = foreign_value(*type, foreign_bits(*type, from));
            QVERIFY2(alike(read, expected) && alike(written, expected) && alike(all, expected),
                qPrintable(QStringLiteral("%1 is %2, %3, %4 for %5")
                               .arg(double(from))
                               .arg(read)
                               .arg(written)
                               .arg(all)
                               .arg(expected)));
        }
        // There and back, in bytes.
        const std::string out = foreign_bytes(*type, rounded);
        QCOMPARE(out.size(), codes->bytes.size());
        const at::Tensor back = from_foreign_bytes(*type, out, rounded.sizes());
        QVERIFY(same(back, rounded));
        QVERIFY(same(from_foreign_bytes(*type, codes->bytes, rounded.sizes()), wide));
    }

    // As Python's bindings choose: what is called says the result's type.
    void choosesOverloads() {
        const at::Tensor x = at::ones({2, 3}, at::kLong);
        const auto named = [](const c10::IValue& value, std::string_view keyword = {}) {
            return PythonValue{value, PassedAs::Value, keyword};
        };
        const auto tensor = [&](const char* name, const std::vector<PythonValue>& of) {
            return call_overload(name, of).toTensor();
        };
        QVERIFY(same(tensor("aten::add", {named(x), named(2)}), x + 2));
        QCOMPARE(tensor("aten::add", {named(x), named(0.5)}).scalar_type(), at::kFloat);
        QVERIFY(same(tensor("aten::sum", {named(x), named(1)}), x.sum(1)));
        QVERIFY(same(tensor("aten::sum", {named(x)}), x.sum()));
        const c10::IValue rows = c10::List<int64_t>{0};
        QVERIFY(same(
            tensor("aten::sum", {named(x), named(true, "keepdim"), named(rows, "dim")}), x.sum({0}, true)));
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, call_overload("aten::add", {named(x), named("text")}));
        QVERIFY(overloads_of("aten::there_is_none").empty());
    }

    // Floor division and remainder round down, as Python's do.
    void numbersArePythons() {
        const auto number = [](const char* target, const std::vector<c10::IValue>& of) {
            return call_python(python_function(target).value(), of);
        };
        QCOMPARE(number("operator.floordiv", {-7, 2}).toInt(), int64_t(-4));
        QCOMPARE(number("operator.mod", {-7, 3}).toInt(), int64_t(2));
        QCOMPARE(number("operator.mod", {7, -3}).toInt(), int64_t(-2));
        QCOMPARE(number("operator.truediv", {7, 2}).toDouble(), 3.5);
        QCOMPARE(number("operator.pow", {2, 10}).toInt(), int64_t(1024));
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, number("operator.floordiv", {1, 0}));
        QVERIFY(!python_function("operator.there_is_none"));
    }
};

QTEST_GUILESS_MAIN(TestKernels)
#include "tst_kernels.moc"
