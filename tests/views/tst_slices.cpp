// Values in words, slices and plots, without a run.
#include "views/base/plot.h"
#include "views/base/theme.h"
#include "views/base/valuetext.h"
#include "views/values/slice.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QTest>

#include <cmath>
#include <limits>

using namespace hopscope;

namespace {

wire::ValueFigures tensor(std::vector<int64_t> shape, std::vector<int64_t> stride) {
    wire::ValueFigures value;
    value.dtype = "float32";
    value.shape = std::move(shape);
    value.stride = std::move(stride);
    value.bytes = 4;
    value.statistics = wire::Statistics{0, 0, 0, -2.5, 3.5, 0.0216, 1.0};
    return value;
}

wire::ValueFigures python(const char* type, std::optional<double> number) {
    wire::ValueFigures value;
    value.python = type;
    value.number = number;
    return value;
}

SlicePage page(std::vector<int64_t> shape, std::vector<double> cells, double limit) {
    SlicePage p;
    p.window.setShape(shape);
    p.cells = std::move(cells);
    p.limit = limit;
    return p;
}

} // namespace

class TestSlices : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { applyTheme(*qApp, Mode::Light); }

    void numbers_data() {
        QTest::addColumn<double>("value");
        QTest::addColumn<QString>("text");
        QTest::newRow("zero") << 0.0 << QStringLiteral("0");
        QTest::newRow("whole") << -12.0 << QStringLiteral("−12");
        QTest::newRow("rounded") << 3719.66 << QStringLiteral("3720");
        QTest::newRow("small") << 0.0001234567 << QStringLiteral("0.000123");
        QTest::newRow("tiny") << -7.17e-10 << QStringLiteral("−7.17e−10");
        QTest::newRow("one digit of exponent") << 2.5e-5 << QStringLiteral("2.5e−5");
        QTest::newRow("large") << 5.79e10 << QStringLiteral("5.79e10");
        QTest::newRow("nan") << std::nan("") << QStringLiteral("NaN");
        QTest::newRow("inf") << -std::numeric_limits<double>::infinity() << QStringLiteral("−∞");
    }
    void numbers() {
        QFETCH(double, value);
        QTEST(numberText(value), "text");
    }

    void summaries() {
        QCOMPARE(shortValue(tensor({2, 3}, {3, 1})), QStringLiteral("−2.5 … 3.5  μ 0.022"));
        QCOMPARE(typeText(tensor({2, 3}, {3, 1})), QStringLiteral("f32[2, 3]"));
        wire::ValueFigures bad = tensor({2, 3}, {3, 1});
        bad.statistics->nan = 3;
        bad.statistics->inf = 1200;
        QCOMPARE(shortValue(bad), QStringLiteral("⚠ 3 NaN, 1,200 Inf"));
        QVERIFY(hasNonFinite(bad) && !hasNonFinite(tensor({2, 3}, {3, 1})));
        wire::ValueFigures empty = tensor({0, 3}, {3, 1});
        empty.statistics.reset();
        QCOMPARE(shortValue(empty), QStringLiteral("empty"));
        wire::ValueFigures single = tensor({}, {});
        single.statistics->min = single.statistics->max = 2.0;
        QCOMPARE(shortValue(single), QStringLiteral("= 2"));
        wire::ValueFigures equal = tensor({4}, {1});
        equal.statistics->min = equal.statistics->max = 1.0;
        QCOMPARE(shortValue(equal), QStringLiteral("all 1"));
        QCOMPARE(shortValue(python("int", 8)), QStringLiteral("= 8"));
        QCOMPARE(shortValue(python("NoneType", {})), QStringLiteral("None"));
        QCOMPARE(shortValue(python("bool", 1)), QStringLiteral("= True"));
    }

    // As PyTorch has it: dimensions of size 1 have any stride.
    void contiguity() {
        QVERIFY(isContiguous(tensor({2, 3}, {3, 1})));
        QVERIFY(isContiguous(tensor({2, 1}, {1, 7})));
        QVERIFY(isContiguous(tensor({0, 3}, {9, 9})));
        QVERIFY(!isContiguous(tensor({3, 2}, {1, 3})));
        QVERIFY(!isContiguous(tensor({2, 8}, {0, 1})));
    }

    void windows() {
        SliceWindow w;
        w.setShape({2, 4, 600, 300});
        QCOMPARE(w.leading.size(), size_t(2));
        QCOMPARE(w.count(), (std::vector<int64_t>{1, 1, 256, 256}));
        w.leading = {1, 3};
        w.row = 512;
        w.column = 256;
        QCOMPARE(w.start(), (std::vector<int64_t>{1, 3, 512, 256}));
        QCOMPARE(w.count(), (std::vector<int64_t>{1, 1, 88, 44}));
        QCOMPARE(w.indexText(0, 1), QStringLiteral("[1, 3, 512, 257]"));
        w.setShape({2, 3, 600, 300}); // another tensor: the page begins anew, what fits of the choice stays
        QCOMPARE(w.start(), (std::vector<int64_t>{1, 2, 0, 0}));
        w.setShape({5});
        QCOMPARE(w.start(), (std::vector<int64_t>{0}));
        QCOMPARE(w.count(), (std::vector<int64_t>{5}));
        w.setShape({});
        QVERIFY(w.start().empty() && !w.isEmpty());
        QCOMPARE(w.pageRows() * w.pageColumns(), int64_t(1));
        w.setShape({3, 0});
        QVERIFY(w.isEmpty());
    }

    void table() {
        SliceModel model;
        QAbstractItemModelTester tester(&model);
        model.setPage(page({2, 2}, {0.5, NAN, -1.0, INFINITY}, 1));
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.index(0, 1).data().toString(), QStringLiteral("NaN"));
        QCOMPARE(model.index(0, 1).data(Qt::ForegroundRole).value<QColor>(), color(Role::Failed));
        QCOMPARE(model.tsv(), QStringLiteral("0.5\tnan\n-1.0\tinf\n"));
        model.setPage({});
        QCOMPARE(model.rowCount(), 0);
    }

    // Diverging about 0, the same strength for the same magnitude; NaN is told by its shape.
    void picture() {
        for (Mode mode : {Mode::Light, Mode::Dark}) {
            applyTheme(*qApp, mode);
            QCOMPARE(cellColor(0, 1), color(Role::Surface));
            QVERIFY(cellColor(-1, 1).blue() > cellColor(-1, 1).red());
            QVERIFY(cellColor(1, 1).red() > cellColor(1, 1).blue());
            QCOMPARE(cellColor(5, 1), cellColor(1, 1));
            SlicePicture picture;
            picture.resize(200, 160);
            picture.setPage(page({2, 2}, {1.0, NAN, -1.0, 0.0}, 1));
            const QImage image = picture.grab().toImage();
            QCOMPARE(image.pixelColor(8 + 14, 8 + 14), cellColor(1, 1));
            QCOMPARE(image.pixelColor(8 + 14, 8 + 28 + 14), cellColor(-1, 1));
            QCOMPARE(image.pixelColor(8 + 28 + 14, 8 + 28 + 14), color(Role::Surface));
            QCOMPARE(image.pixelColor(8 + 28 + 14, 8 + 14), color(Role::Failed));
            QCOMPARE(picture.cellText({8 + 30, 8 + 2}), QStringLiteral("[0, 1]  nan"));
            QVERIFY(picture.cellText({199, 159}).isEmpty());
            QVERIFY(!picture.picture().isNull());
        }
        applyTheme(*qApp, Mode::Light);
    }

    void plots() {
        Histogram histogram;
        histogram.resize(300, 120);
        histogram.setCounts(-1, 1, {1, 5, 2, 0});
        QCOMPARE(histogram.counts().size(), size_t(4));
        QVERIFY(!histogram.grab().isNull());
        histogram.setCounts(2, 2, {7}); // all values are one
        QVERIFY(!histogram.grab().isNull());
        BytesCurve curve;
        curve.resize(300, 120);
        curve.setBytes({10, 30, 20}, 6, 1);
        curve.setPosition(2);
        QCOMPARE(curve.peak(), std::optional<size_t>(1));
        QVERIFY(!curve.grab().isNull());
        curve.setBytes({}, 0, {});
        QCOMPARE(curve.steps(), size_t(0));
    }
};

QTEST_MAIN(TestSlices)
#include "tst_slices.moc"
