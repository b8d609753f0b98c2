// Verdicts, figures and tensor files, from inside: what a healthy kernel may do is no fault, and a fault is
// found at its element.
#include "core/executor/compare.h"
#include "core/executor/judge.h"
#include "core/executor/statistics.h"
#include "core/executor/tensors.h"
#include "core/wire/tolerance.h"
#include "tests/executor/inside.h"

#include <QObject>

#include <cmath>
#include <limits>
#include <numeric>

using namespace hopscope;
using namespace hopscope::executor;
using namespace hopscope::test;
using wire::Verdict;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A product with what is needed to judge it.
struct Product {
    at::Tensor a, b, found;
    Exact exact;
};
Product product(at::ScalarType type, int64_t length) {
    Product p;
    p.a = numbers({16, length}, type, 1);
    p.b = numbers({length, 8}, type, 2);
    p.found = at::mm(p.a.to(at::kFloat), p.b.to(at::kFloat)).to(type);
    const auto exactly = [&](const c10::IValue& x, const c10::IValue& y) {
        return at::mm(x.toTensor(), y.toTensor());
    };
    p.exact.value = exactly(widened(p.a), widened(p.b));
    for (uint64_t salt : {1, 2, 3})
        p.exact.moved.push_back(exactly(moved(p.a, 1, salt), moved(p.b, 1, salt + 10)));
    return p;
}

wire::ComparedValue judged(const Product& p, const at::Tensor& found, const at::Tensor& expected) {
    wire::ComparedValue row;
    judge(row, found, expected, p.exact, precision_of(found.scalar_type()));
    return row;
}

} // namespace

class TestJudge : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void precisions() {
        QCOMPARE(precision_of(at::kFloat).unit(), 0x1p-24);
        QCOMPARE(precision_of(at::kBFloat16).unit(), 0x1p-8);
        QCOMPARE(precision_of(at::kComplexDouble).digits, 53);
        QCOMPARE(precision_of(at::kHalf).largest, 65504.0);
        // As libtorch itself rounds: the next number is two units away.
        const at::Tensor one = at::ones({}, at::kBFloat16);
        QVERIFY(!same(
            one, (one.to(at::kFloat) + 4 * float(precision_of(at::kBFloat16).unit() / 2)).to(at::kBFloat16)));
        QVERIFY(same(
            one, (one.to(at::kFloat) + float(precision_of(at::kBFloat16).unit() / 2)).to(at::kBFloat16)));
    }

    void rounding_data() {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("length");
        for (const auto& [name, type] :
            {std::pair{"bfloat16", at::kBFloat16}, {"float16", at::kHalf}, {"float32", at::kFloat}})
            for (const int length : {4, 64, 1024})
                QTest::newRow(
                    qPrintable(QStringLiteral("%1, %2 terms").arg(QString::fromLatin1(name)).arg(length)))
                    << int(type) << length;
    }
    // Two sound kernels that add up in other orders, and one that rounds on the way, are within rounding; an
    // element that is off by a hundredth of the largest is suspicious, and is named.
    void rounding() {
        QFETCH(int, type);
        QFETCH(int, length);
        const auto dtype = static_cast<at::ScalarType>(type);
        const Product p = product(dtype, length);
        const at::Tensor backwards =
            at::mm(p.a.to(at::kFloat).flip({1}), p.b.to(at::kFloat).flip({0})).to(dtype);
        const wire::ComparedValue sound = judged(p, p.found, backwards);
        QVERIFY(sound.verdict == Verdict::Same || sound.verdict == Verdict::WithinRounding);
        QVERIFY(sound.times <= 4); // half of what is suspicious
        QCOMPARE(judged(p, p.found, p.found).verdict, Verdict::Same);

        at::Tensor wrong = p.found.clone();
        const double largest = p.found.to(at::kDouble).abs().max().item<double>();
        wrong[7][3] = wrong[7][3].item<double>() + largest * (dtype == at::kFloat ? 0.01 : 0.5);
        const wire::ComparedValue bad = judged(p, wrong, p.found);
        QCOMPARE(bad.verdict, Verdict::Suspicious);
        QCOMPARE(bad.worst, (std::vector<int64_t>{7, 3}));
        QCOMPARE(bad.found, wrong[7][3].item<double>());
        QCOMPARE(bad.expected, p.found[7][3].item<double>());
        QCOMPARE(bad.max_abs, std::abs(bad.found - bad.expected));
        QVERIFY(bad.times > wire::kFloors);
        // It is the same fault where the recorded side has it.
        QCOMPARE(judged(p, p.found, wrong).verdict, Verdict::Suspicious);
    }

    // A constant shift of all elements is as much a fault as one large one.
    void aShiftIsFound() {
        const Product p = product(at::kFloat, 64);
        QCOMPARE(judged(p, p.found + 0.001, p.found).verdict, Verdict::Suspicious);
        QCOMPARE(judged(p, p.found * 1.001, p.found).verdict, Verdict::Suspicious);
    }

    void whatIsNoNumber() {
        Product p = product(at::kFloat, 4);
        at::Tensor found = p.found.clone(), other = p.found.clone();
        found[0][0] = kNan;
        QCOMPARE(judged(p, found, p.found).verdict, Verdict::Suspicious);
        QCOMPARE(judged(p, p.found, found).verdict, Verdict::Suspicious);
        p.exact.value[0][0] = kNan;
        other[0][0] = kNan;
        QCOMPARE(judged(p, found, other).verdict, Verdict::Same);
        // Too large for the dtype: the largest number and infinity are each other's rounding.
        Exact exact;
        exact.value = at::full({1}, 65519.0, at::kDouble);
        wire::ComparedValue row;
        judge(row, at::full({1}, INFINITY, at::kHalf), at::full({1}, 65504.0, at::kHalf), exact,
            precision_of(at::kHalf));
        QCOMPARE(row.verdict, Verdict::WithinRounding);
        judge(row, at::full({1}, -INFINITY, at::kHalf), at::full({1}, 65504.0, at::kHalf), exact,
            precision_of(at::kHalf));
        QCOMPARE(row.verdict, Verdict::Suspicious);
    }

    // Each element by half a unit at most, of both signs, and the same ones every time.
    void moves() {
        const at::Tensor x = numbers({1000}, at::kBFloat16, 1), wide = widened(x).toTensor();
        QCOMPARE(wide.scalar_type(), at::kDouble);
        const at::Tensor shifted = moved(x, 1, 9).toTensor();
        QVERIFY(same(shifted, moved(x, 1, 9).toTensor()));
        QVERIFY(!same(shifted, moved(x, 1, 10).toTensor()));
        const at::Tensor by = (shifted - wide) / wide;
        QVERIFY(by.abs().max().item<double>() <= 0x1p-8 * 1.0001);
        const int64_t up = by.gt(0).sum().item<int64_t>();
        QVERIFY(up > 400 && up < 600);
        const at::Tensor whole = at::arange(5);
        QVERIFY(same(moved(whole, 1, 1).toTensor(), whole));
        // Strides stay.
        const at::Tensor turned = numbers({4, 6}, at::kFloat, 2).t();
        QVERIFY(moved(turned, 1, 1).toTensor().strides() == turned.strides());
    }

    void choicesOfEqualWorth() {
        const auto schema = c10::Dispatcher::singleton().findSchemaOrThrow("aten::argmax", "").schema();
        const at::Tensor x = at::tensor({1.0F, 3.0F, 3.0F, 2.0F});
        const std::vector<c10::IValue> operands{x, c10::IValue(), false};
        QVERIFY(equal_choice(schema, operands, 0, at::tensor(int64_t{2}), at::tensor(int64_t{1})));
        QVERIFY(!equal_choice(schema, operands, 0, at::tensor(int64_t{3}), at::tensor(int64_t{1})));
    }

    void longSumsMayErrMore() {
        const auto schema = c10::Dispatcher::singleton().findSchemaOrThrow("aten::mm", "").schema();
        const at::Tensor a = numbers({2, 100}, at::kFloat, 1), b = numbers({100, 2}, at::kFloat, 2);
        QCOMPARE(growth_of(schema, {a, b}, at::mm(a, b)), 3.0);
        const auto relu = c10::Dispatcher::singleton().findSchemaOrThrow("aten::relu", "").schema();
        QCOMPARE(growth_of(relu, {a}, at::relu(a)), 1.0);
    }

    void byTolerance() {
        const at::Tensor x = numbers({8}, at::kFloat, 1);
        CompareOptions strict;
        strict.strict = true;
        QVERIFY(compare("x", x, x, strict).equal);
        QVERIFY(!compare("x", x, x + 0.1, strict).equal);
        QCOMPARE(compare("x", x, x.view({2, 4}), strict).verdict, Verdict::WrongShape);
        QCOMPARE(compare("x", x, x.to(at::kDouble), strict).verdict, Verdict::WrongDtype);
        CompareOptions any = strict;
        any.any_dtype = true;
        QVERIFY(compare("x", x, x.to(at::kDouble), any).equal);
        CompareOptions wide = strict;
        wide.tolerances[at::kFloat] = 1;
        QVERIFY(compare("x", x, x + 0.5, wide).equal);
        // Strides count where one asks for strictness.
        const wire::ComparedValue turned = compare(
            "x", numbers({3, 2}, at::kFloat, 1), numbers({3, 2}, at::kFloat, 1).t().contiguous().t(), strict);
        QVERIFY(!turned.equal && !turned.strides.empty());
        wire::ComparedValue whole;
        compare_wholes(whole, at::tensor({1, 2, 3}), at::tensor({1, 2, 5}));
        QVERIFY(!whole.equal);
        QCOMPARE(whole.max_abs, 2.0);
    }

    void figures() {
        const at::Tensor x = at::tensor({1.0F, -INFINITY, NAN, 0.0F, 3.0F, INFINITY});
        const wire::ValueFigures f = figures_of(x);
        QCOMPARE(f.dtype, std::string("float32"));
        QCOMPARE(f.bytes, uint64_t(24));
        QVERIFY(f.statistics);
        QCOMPARE(f.statistics->nan, uint64_t(1));
        QCOMPARE(f.statistics->inf, uint64_t(2));
        QCOMPARE(f.statistics->zero, uint64_t(1));
        QCOMPARE(f.statistics->min.value(), 0.0);
        QCOMPARE(f.statistics->max.value(), 3.0);
        QVERIFY(std::abs(f.statistics->mean.value() - 4.0 / 3) < 1e-15);
        QVERIFY(std::abs(f.statistics->std.value() - std::sqrt(14.0) / 3) < 1e-15);
        QVERIFY(!figures_of(at::empty({0})).statistics);
        QVERIFY(!figures_of(at::full({1}, NAN)).statistics->mean);
        QCOMPARE(figures_of(c10::IValue(int64_t(5))).python, std::string("int"));

        const auto histogram = histogram_of(at::arange(100, at::kFloat), 7);
        QVERIFY(histogram);
        QCOMPARE(histogram->counts.size(), size_t(7));
        QCOMPARE(
            std::accumulate(histogram->counts.begin(), histogram->counts.end(), uint64_t(0)), uint64_t(100));
        QCOMPARE(histogram->low, 0.0);
        QCOMPARE(histogram->high, 99.0);
        const auto finite = histogram_of(x, 3);
        QCOMPARE(std::accumulate(finite->counts.begin(), finite->counts.end(), uint64_t(0)), uint64_t(3));
        QVERIFY(!histogram_of(at::full({3}, NAN), 3));
        QVERIFY_THROWS_EXCEPTION(c10::Error, histogram_of(x, 0));

        const at::Tensor grid = at::arange(12, at::kFloat).view({3, 4});
        QCOMPARE(executor::slice(grid, {1, 2}, {2, 2}), (std::vector<double>{6, 7, 10, 11}));
        QVERIFY_THROWS_EXCEPTION(c10::Error, executor::slice(grid, {1, 2}, {3, 2}));
        QVERIFY_THROWS_EXCEPTION(c10::Error, executor::slice(grid, {-1, 0}, {1, 1}));
        QVERIFY_THROWS_EXCEPTION(
            c10::Error, executor::slice(grid, {std::numeric_limits<int64_t>::max(), 0}, {1, 1}));
        QVERIFY_THROWS_EXCEPTION(c10::Error, executor::slice(grid, {0}, {1}));
    }

    // To a file and back: dtype, strides and elements, broadcast ones as well.
    void filesKeepWhatTheyGet() {
        std::vector<std::pair<std::string, c10::IValue>> all;
        for (const at::ScalarType type :
            {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar,
                at::kByte, at::kBool, at::kComplexFloat, at::kComplexDouble})
            all.emplace_back("t" + std::to_string(int(type)),
                (at::arange(6, at::kFloat) - (type == at::kByte ? 0 : 2)).to(type).view({2, 3}).t());
        all.emplace_back("spread", numbers({4, 1}, at::kFloat, 1).expand({4, 5}));
        all.emplace_back("gaps", with_strides(numbers({3, 2}, at::kFloat, 2), {10, 3}));
        all.emplace_back("nothing", at::empty({0, 3}));
        all.emplace_back("scalar", at::full({}, 7.0F));
        all.emplace_back("number", c10::IValue(int64_t(-9)));
        all.emplace_back("real", c10::IValue(0.1));
        all.emplace_back("flag", c10::IValue(true));
        all.emplace_back("none", c10::IValue());
        WireWriter writer;
        for (const auto& [name, value] : all)
            writer.add(name, false, {value});
        writer.add("pair", true, {at::ones({2}), c10::IValue(int64_t(3))});
        const auto bytes = std::make_shared<std::string>(tensors::write_tensor_file(writer.values()));
        const auto file = tensors::TensorFile::read(*bytes, bytes);
        QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
        for (const auto& [name, value] : all) {
            const tensors::Value* found = file->find(name);
            QVERIFY2(found, name.c_str());
            const auto back = from_wire(*found);
            QVERIFY2(back.ok(), name.c_str());
            if (!value.isTensor()) {
                QVERIFY2(back->tagKind() == value.tagKind(), name.c_str());
                QVERIFY2(value.isNone() || *back == value, name.c_str());
                continue;
            }
            QVERIFY2(same_elements(back->toTensor(), value.toTensor()), name.c_str());
            QVERIFY2(back->toTensor().strides() == value.toTensor().strides() || value.toTensor().numel() < 2,
                name.c_str());
        }
        QCOMPARE(file->find("pair")->items, uint64_t(2));
        QVERIFY(file->find("pair#1"));
        QVERIFY_THROWS_EXCEPTION(
            c10::Error, with_strides(at::ones({2}), {std::numeric_limits<int64_t>::max()}));
    }
};

QTEST_GUILESS_MAIN(TestJudge)
#include "tst_judge.moc"
