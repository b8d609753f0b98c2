// What a run in the window gives: values, times, comparisons, and what a session keeps of them.
#include "tests/views/runs.h"

#include "core/run/input_files.h"
#include "core/session/session.h"
#include "views/base/plot.h"
#include "views/base/text.h"
#include "views/base/valuetext.h"
#include "views/compare/compareview.h"
#include "views/run/stepsview.h"
#include "views/values/valueview.h"

#include <QAbstractButton>
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QSignalSpy>
#include <QSlider>
#include <QTabWidget>

#include <cmath>
#include <cstring>

using namespace hopscope;

class TestRunValues : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { applyTheme(*qApp, Mode::Light); }

    // What the dock shows is what PyTorch recorded, element by element.
    void valuesAreTheRecordedOnes() {
        Run r(kMlp, kMlpValues);
        QVERIFY(r.start());
        ValueView& values = r.window.values();
        QVERIFY2(values.message().contains(QStringLiteral("Not run yet")), qPrintable(values.message()));
        r.run().scrub(SIZE_MAX);
        QVERIFY(r.settle());
        const auto file = run::read_tensors(kMlpValues.toStdString());
        QVERIFY(file);
        int compared = 0;
        for (const char* name : {"primals_1", "getitem", "getitem_43", "getitem_3", "getitem_36"}) {
            r.select(r.node("", name));
            QTRY_VERIFY(values.complete());
            QVERIFY2(values.message().isEmpty(), qPrintable(values.message()));
            QVERIFY(values.origin().contains(QStringLiteral("00_forward.safetensors.gz")));
            const tensors::Value* recorded = file->find(name);
            QVERIFY(recorded && recorded->dtype == "float32");
            QCOMPARE(values.value()->shape, recorded->shape);
            QCOMPARE(values.value()->stride, recorded->stride);
            const SlicePage& page = values.slice().page();
            QCOMPARE(int64_t(page.cells.size()), recorded->elements());
            for (size_t i = 0; i < page.cells.size(); ++i, ++compared) {
                float expected = 0;
                std::memcpy(&expected, recorded->bytes.data() + i * sizeof expected, sizeof expected);
                const double found = page.cells[i];
                QVERIFY2(std::abs(found - double(expected)) <= 2e-5 * (1 + std::abs(double(expected))),
                    qPrintable(
                        QStringLiteral("%1[%2]: %3 for %4").arg(qs(name)).arg(i).arg(found).arg(expected)));
            }
            double all = 0;
            for (double count : values.histogram().counts())
                all += count;
            QCOMPARE(int64_t(all), recorded->elements());
        }
        QVERIFY(compared > 1000);
        // What cannot be recorded is not shown as zero.
        r.select(r.node("", "output"));
        QCOMPARE(values.message(), QStringLiteral("This node yields no value."));
        QVERIFY(values.facts().isEmpty());
    }

    void itemsOfATupleAndTheClipboard() {
        Run r;
        QVERIFY(r.start());
        QVERIFY(r.trigger(Do::RunOver));
        ValueView& values = r.window.values();
        QVERIFY2(values.origin().contains(QStringLiteral("synthetic inputs, seed 1")),
            qPrintable(values.origin()));
        r.select(r.node("", "invoke_subgraph_8"));
        QTRY_VERIFY(values.complete());
        QCOMPARE(values.items().count(), 11);
        QCOMPARE(values.value()->shape, (std::vector<int64_t>{8, 16}));
        values.items().setCurrentIndex(8);
        QVERIFY(r.settle());
        QTRY_COMPARE(values.value()->shape, (std::vector<int64_t>{8, 64}));
        QAbstractItemModelTester tester(&values.slice());
        QCOMPARE(values.slice().rowCount(), 8);
        QCOMPARE(values.slice().columnCount(), 64);
        values.showPicture(false);
        values.findChild<QAbstractButton*>(QStringLiteral("sliceCopy"))->click();
        const QStringList lines =
            QApplication::clipboard()->text().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
        QCOMPARE(lines.size(), 8);
        QCOMPARE(lines[0].split(QLatin1Char('\t')).size(), 64);
        values.showPicture(true);
        values.findChild<QAbstractButton*>(QStringLiteral("sliceCopy"))->click();
        QVERIFY(!QApplication::clipboard()->image().isNull());
    }

    void savesValues() {
        Run r;
        QVERIFY(r.start());
        QVERIFY(r.trigger(Do::RunOver));
        QTemporaryDir folder;
        const auto step = r.stepper().step_of(BodyId(0), r.node("", "invoke_subgraph_8").node);
        QVERIFY(step);
        const QString npy = folder.filePath(QStringLiteral("a.npy")),
                      one = folder.filePath(QStringLiteral("a.safetensors")),
                      all = folder.filePath(QStringLiteral("all.safetensors"));
        r.run().saveValue(*step, 8, npy);
        r.run().saveValue(*step, 8, one);
        r.run().saveAll(all);
        QVERIFY(r.settle());
        const auto whole = run::read_tensors(all.toStdString()),
                   single = run::read_tensors(one.toStdString());
        QVERIFY(whole && single);
        QVERIFY(whole->find("invoke_subgraph_8/addmm"));
        QCOMPARE(single->values().size(), size_t(1));
        QCOMPARE(single->values()[0].shape, (std::vector<int64_t>{8, 64}));
        QCOMPARE(QFileInfo(npy).size(), 128 + 8 * 64 * 4);
    }

    void watchAndScrub() {
        Run r;
        QVERIFY(r.start());
        WatchModel& watch = r.window.steps().watchList();
        QAbstractItemModelTester tester(&watch), stack(&r.window.steps().stack());
        r.select(r.node(kRegion, "addmm"));
        QVERIFY(r.trigger(Do::WatchNode));
        const auto value = [&] { return watch.index(0, WatchModel::Value).data().toString(); };
        QCOMPARE(value(), QStringLiteral("not run yet"));
        QVERIFY(r.trigger(Do::RunOver));
        QVERIFY2(value().contains(QStringLiteral("…")) && value().contains(QStringLiteral("μ")),
            qPrintable(value()));
        const QString first = value();
        QVERIFY(r.trigger(Do::RunToEnd));
        QVERIFY(r.stepper().complete());
        QVERIFY(!r.stepper().at_end());
        QCOMPARE(value(), first);
        QSlider& scrubber = r.window.steps().scrubber();
        QCOMPARE(size_t(scrubber.maximum()), r.stepper().steps().size());
        QCOMPARE(r.window.steps().curve().peak(), r.stepper().peak());
        // Of many that come at once only the last is gone to.
        QSignalSpy moved(&r.run(), &RunController::moved);
        for (int i = 10; i <= 90; ++i)
            scrubber.setValue(i);
        QVERIFY(r.settle());
        QVERIFY2(moved.size() <= 3, qPrintable(QString::number(moved.size())));
        QVERIFY(r.stepper().position() >= 90 && r.stepper().position() < 95);
        r.window.findChild<QTabWidget*>(QStringLiteral("stepsTabs"))->setCurrentIndex(1);
        shot(r.window, "watch");
        scrubber.setValue(scrubber.maximum());
        QVERIFY(r.settle());
        QVERIFY(r.stepper().at_end());
        QVERIFY2(value() != first, "the last call has other values");
    }

    void times() {
        Run r;
        QVERIFY(r.start());
        QAbstractItemModelTester tester(&r.window.steps().times());
        QVERIFY(!r.window.actions()[Do::TimesOnNodes]->isEnabled());
        QVERIFY(r.trigger(Do::MeasureTimes));
        TimeModel& times = r.window.steps().times();
        QVERIFY(times.rowCount() > 20);
        r.select(r.node(kRegion, "addmm"));
        QTRY_VERIFY(!r.window.pane(r.window.navigator().state().focus).canvas().marks().tags.empty());
        times.setByOperator(true);
        double share = 0;
        for (int row = 0; row < times.rowCount(); ++row)
            share +=
                times.index(row, TimeModel::Share).data().toString().split(QLatin1Char(' '))[0].toDouble();
        QVERIFY2(std::abs(share - 100) < 1.5, qPrintable(QString::number(share)));
    }

    // Against PyTorch's values all agrees; with one operator exchanged the first divergence is that node, in
    // the table, on the canvas and in the values.
    void comparison() {
        Run good(kMlp, kMlpValues);
        QVERIFY(good.start());
        CompareView& same = good.window.comparison();
        same.setRecorded(kMlpValues);
        same.start();
        QVERIFY(good.settle());
        QVERIFY2(same.verdict().startsWith(QStringLiteral("✓")), qPrintable(same.verdict()));
        QVERIFY(same.model().rowCount() > 100);
        QCOMPARE(good.next(), "invoke_subgraph_8"); // the run stands where it stood

        QByteArray text = test::bytesOf(kMlp);
        QVERIFY(text.contains("torch.ops.aten.gelu.default("));
        text.replace("torch.ops.aten.gelu.default(", "torch.ops.aten.tanh.default(");
        TextDump dump(text);
        Run r(dump.path(), kMlpValues);
        QVERIFY(r.start());
        CompareView& view = r.window.comparison();
        QAbstractItemModelTester tester(&view.model()), filtered(&view.filtered());
        view.setRecorded(kMlpValues);
        view.start();
        QVERIFY(r.settle());
        const auto c = r.run().comparison();
        QVERIFY(c && c->first);
        QCOMPARE(c->values[*c->first].path, "invoke_subgraph_8/gelu");
        QVERIFY2(
            view.verdict().contains(QStringLiteral("invoke_subgraph_8/gelu")), qPrintable(view.verdict()));
        const QModelIndex row = view.table().currentIndex();
        QCOMPARE(row.siblingAtColumn(CompareModel::Path).data().toString(),
            QStringLiteral("invoke_subgraph_8/gelu"));
        QCOMPARE(r.window.document()->node_name(r.window.navigator().state().node), "gelu");
        QCOMPARE(r.stepper().path(*r.run().ranLast()), "invoke_subgraph_8/gelu");
        QVERIFY(r.window.values().message().isEmpty());
        QVERIFY(row.siblingAtColumn(CompareModel::Floors).data().toString().contains(QLatin1Char('e')));
        // Figures that differ look it.
        for (int i = 0; i < view.model().rowCount(); ++i)
            if (const run::ComparedValue* v = view.model().valueAt(i); v->max_abs > 0)
                QVERIFY2(view.model().index(i, CompareModel::Found).data()
                        != view.model().index(i, CompareModel::Expected).data(),
                    v->path.c_str());
        // Filter and order.
        view.filterEdit().setText(QStringLiteral("suspicious"));
        QCOMPARE(view.filtered().rowCount(), int(c->mismatched));
        view.filterEdit().setText(QStringLiteral("gelu"));
        QCOMPARE(view.filtered().rowCount(), 4);
        view.filterEdit().clear();
        view.table().sortByColumn(CompareModel::Absolute, Qt::DescendingOrder);
        QCOMPARE(numberText(c->max_abs), view.filtered().index(0, CompareModel::Absolute).data().toString());
        // A tolerance that lets all pass, then one that makes no sense.
        view.tolerances().setText(QStringLiteral("float32=1e6"));
        view.start();
        QVERIFY(r.settle());
        QVERIFY2(view.verdict().startsWith(QStringLiteral("✓")), qPrintable(view.verdict()));
        view.tolerances().setText(QStringLiteral("much"));
        QVERIFY(!view.options());
        view.tolerances().clear();
        // The same body in double precision, and on another seed.
        view.against().setCurrentIndex(0);
        view.start();
        QVERIFY(r.settle());
        QVERIFY2(view.verdict().contains(QStringLiteral("against float64")), qPrintable(view.verdict()));
        view.against().setCurrentIndex(2);
        view.otherEdit().setText(QStringLiteral("7"));
        view.start();
        QVERIFY(r.settle());
        QVERIFY2(view.verdict().contains(QStringLiteral("differ")), qPrintable(view.verdict()));
    }

    // Recorded values of other inputs than the run's: compared on those, and said.
    void comparedOnRecordedInputs() {
        Run r(kMlp, {}, 3);
        QVERIFY(r.start());
        r.window.comparison().setRecorded(kMlpValues);
        r.window.comparison().start();
        QVERIFY(r.settle());
        const auto c = r.run().comparison();
        QVERIFY(c && c->holds() && c->compared > 50);
        QVERIFY2(r.window.comparison().basis().contains(QStringLiteral("computed from other inputs")),
            qPrintable(r.window.comparison().basis()));
    }

    // Figures of a run, with its comparison, go into the session that is open.
    void keptInTheSession() {
        Run r(kMlp, kMlpValues);
        QVERIFY(r.start());
        QVERIFY(!r.window.actions()[Do::KeepRun]->isEnabled());
        QVERIFY(r.window.actions()[Do::KeepRun]->toolTip().contains(QStringLiteral("session first")));
        r.window.comparison().setRecorded(kMlpValues);
        r.window.comparison().start();
        QVERIFY(r.settle());
        QTemporaryDir folder;
        r.window.saveSession(folder.filePath(QStringLiteral("a.hopscope")));
        QVERIFY(r.settle());
        QCOMPARE(r.run().state(), RunController::State::Ready);
        QVERIFY(r.trigger(Do::KeepRun));
        QVERIFY2(r.status().startsWith(QStringLiteral("Kept the run")), qPrintable(r.status()));
        const auto runs = r.window.notes().session()->runs();
        QVERIFY(runs && runs->size() == 1);
        QCOMPARE(runs->front().address, "-:forward");
        QCOMPARE(runs->front().verdict, "equal");
        QVERIFY(runs->front().compared.value_or(0) > 50);
        const auto values = r.window.notes().session()->run_values(runs->front().id);
        QVERIFY(values && values->size() > 100);
    }
};

QTEST_MAIN(TestRunValues)
#include "tst_run_values.moc"
