// A run in the window, with the real worker: stepping, breakpoints, values, and a worker that dies.
#include "tests/testdata.h"

#include "core/read/open.h"
#include "core/run/input_files.h"
#include "core/session/session.h"
#include "views/base/plot.h"
#include "views/base/text.h"
#include "views/base/valuetext.h"
#include "views/canvas/canvas.h"
#include "views/compare/compareview.h"
#include "views/outline/outlineview.h"
#include "views/run/rundialog.h"
#include "views/run/stepsview.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/script.h"
#include "views/values/valueview.h"

#include <QAbstractButton>
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDialog>
#include <QDockWidget>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QSlider>
#include <QTabWidget>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>

using namespace hopscope;

namespace {

const QString kMlp = test::dataPath(QStringLiteral("mlp4/values/00_forward.txt"));
const QString kMlpValues = test::dataPath(QStringLiteral("mlp4/values/00_forward.safetensors.gz"));

// A window with a dump, and a run of its only graph's root.
struct Run {
    explicit Run(const QString& dump = kMlp, const QString& inputs = {}, uint64_t seed = 1) {
        window.resize(1400, 900);
        window.show();
        window.openPaths({dump}, QStringLiteral("-:graph"));
        settle();
        request.address = "-:graph";
        if (inputs.isEmpty())
            request.seed = seed;
        else
            request.inputs = inputs.toStdString();
    }
    bool start() {
        window.startRun(request);
        return settle() && run().state() == RunController::State::Ready;
    }
    bool settle(int ms = 35000) {
        return QTest::qWaitFor([this] { return window.idle(); }, ms);
    }
    bool trigger(Do what) {
        if (!window.actions()[what]->isEnabled()) {
            qWarning("%s", qPrintable(window.actions()[what]->toolTip()));
            return false;
        }
        window.actions()[what]->trigger();
        return settle();
    }
    RunController& run() { return window.run(); }
    const run::Stepper& stepper() { return *run().stepper(); }
    std::string next() { return stepper().at_end() ? "" : stepper().path(stepper().position()); }
    // A node of the graph that is open, by body path and name.
    Place node(const std::string& body, const std::string& name) {
        const GraphModule& module = window.document()->module(GraphId(0));
        const BodyId id = find_body(module, body);
        return {GraphId(0), id, find_node(module, module.body(id), name)};
    }
    void select(const Place& place) {
        window.navigator().go_to(place);
        settle();
    }
    QString status() { return window.findChild<QLabel*>(QStringLiteral("statusText"))->text(); }

    MainWindow window{MainWindow::Options{true}};
    run::Request request;
};

const std::string kRegion = "partitioned_fw_subgraph_0_0";

// Keeps a picture for whoever wants to look: HOPSCOPE_SHOTS names a folder.
void shot(QWidget& widget, const char* name) {
    const QString folder = qEnvironmentVariable("HOPSCOPE_SHOTS");
    if (!folder.isEmpty())
        widget.grab().save(folder + QLatin1Char('/') + QLatin1String(name) + QStringLiteral(".png"));
}

bool waiting(const Canvas& canvas, NodeId node) {
    const std::vector<NodeId>& all = canvas.marks().waiting;
    return std::find(all.begin(), all.end(), node) != all.end();
}

// A graph by hand, as a file.
struct TextDump {
    explicit TextDump(const QByteArray& text) { test::writeFile(path(), text); }
    QString path() const { return folder.filePath(QStringLiteral("graph.txt")); }
    QTemporaryDir folder;
};

const QByteArray kLog = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4, 4][4, 1]cpu"):
        exp: "f32[4, 4][4, 1]cpu" = torch.ops.aten.exp.default(x)
        log: "f32[4, 4][4, 1]cpu" = torch.ops.aten.log.default(x);  x = None
        add: "f32[4, 4][4, 1]cpu" = torch.ops.aten.add.Tensor(exp, log);  exp = log = None
        return (add,)
)";

// `mm` takes seconds: time enough to end the worker while it runs.
const QByteArray kSlow = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4][1]cpu"):
        sin: "f32[4][1]cpu" = torch.ops.aten.sin.default(x);  x = None
        full: "f32[3500, 3500][3500, 1]cpu" = torch.ops.aten.full.default([3500, 3500], 1.0)
        mm: "f32[3500, 3500][3500, 1]cpu" = torch.ops.aten.mm.default(full, full);  full = None
        return (sin, mm)
)";

} // namespace

class TestRun : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { applyTheme(*qApp, Mode::Light); }

    // A derived joint graph is one of the dump's graphs; a proof and a schema are texts to copy.
    void asksAboutRegions() {
        MainWindow::Options options;
        options.reproducible = true;
        MainWindow window(options);
        window.resize(1200, 800);
        window.show();
        window.openPaths(QStringList{hopscope::test::dataPath(QStringLiteral("mlp4/trace"))},
            QStringLiteral("0/0:forward"));
        QTRY_VERIFY_WITH_TIMEOUT(window.document() && window.idle(), 20000);
        const size_t graphs = window.document()->dump().graphs.size();
        const auto report = [&window] {
            QDialog* dialog = window.findChild<QDialog*>(QStringLiteral("report"));
            const QString text = dialog ? dialog->findChild<QPlainTextEdit*>()->toPlainText() : QString();
            delete dialog;
            return text;
        };
        QVERIFY(!window.actions()[Do::CallSchema]->isEnabled()); // no call is selected
        const Place root = window.navigator().pane(window.navigator().state().focus);
        const Body& body = window.document()->body(root);
        for (size_t i = 0; i < body.nodes.size(); ++i)
            if (short_target(window.document()->module(root.graph), body.nodes[i]) == "invoke_subgraph") {
                window.navigator().select_node(window.navigator().state().focus, NodeId(i));
                break;
            }
        QVERIFY(window.actions()[Do::CallSchema]->isEnabled());
        window.actions()[Do::CallSchema]->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window.idle(), 60000);
        QVERIFY2(
            report().startsWith(QStringLiteral("invoke_subgraph(Any subgraph, str identifier, Tensor arg0")),
            window.lastError() ? window.lastError()->text().c_str() : "");
        window.navigator().select_invocation(0);
        QVERIFY(window.actions()[Do::ProveRegion]->isEnabled());
        window.actions()[Do::ProveRegion]->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window.idle(), 60000);
        QVERIFY(report().contains(QStringLiteral(": equal on ")));
        window.navigator().set_focus(Pane::Right); // the backward body
        QVERIFY(!window.actions()[Do::DeriveJoint]->isEnabled());
        window.navigator().set_focus(Pane::Left);
        window.actions()[Do::DeriveJoint]->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window.idle(), 60000);
        QCOMPARE(window.document()->dump().graphs.size(), graphs + 1);
        const Place derived = window.navigator().pane(Pane::Right);
        QCOMPARE(window.document()->dump().graph(derived.graph).label, std::string("joint (derived)"));
        QTRY_VERIFY_WITH_TIMEOUT(window.pane(Pane::Right).canvas().scene() != nullptr, 20000);
    }

    // A key that steps the run does nothing else while the run is being started.
    void keysWhileTheRunStarts() {
        MainWindow window(MainWindow::Options{true});
        window.resize(1200, 800);
        window.show();
        window.activateWindow();
        const auto settle = [&] { return QTest::qWaitFor([&] { return window.idle(); }, 60000); };
        window.openPaths(QStringList{hopscope::test::dataPath(QStringLiteral("mlp4/trace"))});
        QVERIFY(settle());
        const Navigator& n = window.navigator();
        Canvas& canvas = window.pane(Pane::Left).canvas();
        run::Request request;
        request.address = window.document()->address(n.pane(Pane::Left));
        request.seed = 1;
        window.startRun(request);
        QVERIFY(window.run().state() == RunController::State::Starting);
        const uint64_t hash = n.hash();
        for (Qt::Key key : {Qt::Key_F10, Qt::Key_F11}) {
            for (Qt::KeyboardModifiers with :
                {Qt::KeyboardModifiers(), Qt::KeyboardModifiers(Qt::ShiftModifier)}) {
                QTest::keyClick(&canvas, key, with);
                QCOMPARE(n.hash(), hash);
            }
        }
        QVERIFY(window.run().state() == RunController::State::Starting);
        QVERIFY(settle());
        QVERIFY(window.run().state() == RunController::State::Ready);
        const size_t position = window.run().stepper()->position();
        QTest::keyClick(&canvas, Qt::Key_F10);
        QVERIFY(settle());
        QVERIFY(window.run().stepper()->position() > position);
        QCOMPARE(n.state().row, 0);
    }

    // Deriving a joint graph rebuilt the document: it stopped the run and forgot breakpoints, history and
    // pictures.
    void derivingKeepsTheRun() {
        MainWindow window(MainWindow::Options{true});
        window.resize(1200, 800);
        window.show();
        const auto settle = [&] { return QTest::qWaitFor([&] { return window.idle(); }, 60000); };
        window.openPaths(QStringList{hopscope::test::dataPath(QStringLiteral("mlp4/trace"))});
        QVERIFY(settle());
        Navigator& n = window.navigator();
        n.select_invocation(1);
        n.select_invocation(0);
        run::Request request;
        request.address = window.document()->address(n.pane(Pane::Left));
        request.seed = 1;
        window.startRun(request);
        QVERIFY(settle());
        QVERIFY(window.run().state() == RunController::State::Ready);
        window.actions()[Do::RunOver]->trigger();
        QVERIFY(settle());
        const size_t position = window.run().stepper()->position();
        QVERIFY(position > 0);
        n.select_node(Pane::Left, window.run().next().node);
        window.actions()[Do::ToggleBreakpoint]->trigger();
        QCOMPARE(window.run().breakpoints().size(), size_t(1));
        QVERIFY(settle());
        const auto picture = window.pane(Pane::Left).canvas().scene();
        const uint64_t hash = n.hash();
        const size_t graphs = window.document()->dump().graphs.size(), places = n.back_titles().size();
        QAbstractItemModel* tree = window.outline().model();
        const QModelIndex top = tree->index(0, 0);
        window.outline().collapse(top);
        const int rows = tree->rowCount(top);
        const auto derive = [&] {
            window.actions()[Do::DeriveJoint]->trigger();
            return settle();
        };
        QVERIFY(derive());
        QVERIFY2(!window.lastError(), window.lastError() ? window.lastError()->text().c_str() : "");
        QCOMPARE(window.document()->dump().graphs.size(), graphs + 1);
        QVERIFY(window.run().state() == RunController::State::Ready);
        QCOMPARE(window.run().stepper()->position(), position);
        QCOMPARE(window.run().breakpoints().size(), size_t(1));
        QVERIFY(window.pane(Pane::Left).canvas().scene() == picture);
        QVERIFY(!window.outline().isExpanded(top));
        QCOMPARE(tree->rowCount(top), rows + 1);
        QCOMPARE(n.back_titles().size(), places + 1);
        n.back();
        QCOMPARE(n.hash(), hash);
        // The run goes on, and a second graph comes beside the first.
        window.actions()[Do::RunOver]->trigger();
        QVERIFY(settle());
        QVERIFY(window.run().stepper()->position() > position);
        QVERIFY(derive());
        QCOMPARE(window.document()->dump().graphs.size(), graphs + 2);
    }

    // Back is the exact inverse of forward, over, into and out alike.
    void thereAndBack() {
        Run r;
        QVERIFY(r.start());
        QVERIFY(!r.window.actions()[Do::RunBackOver]->isEnabled());
        std::vector<std::pair<uint64_t, uint64_t>> seen; // of the run and of the window
        const auto state = [&] { return std::pair(r.stepper().hash(), r.window.navigator().hash()); };
        for (int i = 0; i < 25; ++i) {
            seen.push_back(state());
            QVERIFY(r.trigger(Do::StepInto));
        }
        QVERIFY(r.stepper().stack().size() == 1 || r.stepper().position() > 25);
        for (int i = 24; i >= 0; --i) {
            QVERIFY(r.trigger(Do::RunBackInto));
            QCOMPARE(r.stepper().hash(), seen[size_t(i)].first);
        }
        QCOMPARE(state().first, seen.front().first);
        QVERIFY(r.trigger(Do::RunOver));
        const uint64_t behindCall = r.stepper().hash();
        QVERIFY(r.trigger(Do::RunBackOver));
        QCOMPARE(r.stepper().hash(), seen.front().first);
        QVERIFY(r.trigger(Do::StepInto));
        QVERIFY(r.trigger(Do::StepOut));
        QCOMPARE(r.stepper().hash(), behindCall);
    }

    void panesFollowIntoARegionAndBack() {
        Run r;
        QVERIFY(r.start());
        const auto shown = [&] {
            const Navigator& n = r.window.navigator();
            return r.window.document()->body_name(n.pane(n.state().focus));
        };
        QCOMPARE(shown(), std::string());
        QCOMPARE(r.next(), "invoke_subgraph_8");
        QVERIFY(r.trigger(Do::StepInto));
        QCOMPARE(shown(), kRegion);
        Canvas& canvas = r.window.pane(r.window.navigator().state().focus).canvas();
        QTRY_VERIFY(canvas.scene());
        QCOMPARE(canvas.marks().step, r.run().next().node);
        // Of what is shown, what ran is plain and what did not is quieter.
        QVERIFY(r.trigger(Do::RunOver));
        QVERIFY(!waiting(canvas, r.run().placeOf(*r.run().ranLast()).node));
        QVERIFY(waiting(canvas, r.run().next().node));
        QCOMPARE(r.window.navigator().state().node, r.run().placeOf(*r.run().ranLast()));
        QCOMPARE(r.window.steps().stack().rowCount(), 2);
        QVERIFY(r.trigger(Do::StepOut));
        QCOMPARE(shown(), std::string());
        QCOMPARE(r.window.navigator().state().node.node, r.node("", "invoke_subgraph_8").node);
        QVERIFY(r.trigger(Do::RunBackOver));
        QCOMPARE(r.next(), "invoke_subgraph_8");
    }

    void breakpoints() {
        Run r;
        QAbstractItemModelTester tester(&r.window.steps().breakpoints());
        // Set before there is a run, by F9 at the selected node.
        r.select(r.node(kRegion, "addmm"));
        QVERIFY(r.trigger(Do::ToggleBreakpoint));
        QCOMPARE(r.window.steps().breakpoints().rowCount(), 1);
        QVERIFY(r.start());
        for (const char* call : {"invoke_subgraph_8", "invoke_subgraph_10"}) {
            QVERIFY(r.trigger(Do::RunContinue));
            QCOMPARE(r.next(), std::string(call) + "/addmm");
            QCOMPARE(r.run().lastStop().reason, run::Stop::Reason::Breakpoint);
        }
        QCOMPARE(r.run().breakpoints()[0].hits, uint64_t(2));
        QVERIFY2(r.status().contains(QStringLiteral("Breakpoint 1")), qPrintable(r.status()));
        QVERIFY(r.trigger(Do::RunBack));
        QCOMPARE(r.next(), "invoke_subgraph_8/addmm");
        shot(r.window, "breakpoints");
        // Off, an operator's takes over.
        BreakpointModel& model = r.window.steps().breakpoints();
        QVERIFY(model.setData(model.index(0, 0), Qt::Unchecked, Qt::CheckStateRole));
        r.window.steps().addBreakpoint(QStringLiteral("aten.native_layer_norm"));
        QCOMPARE(model.rowCount(), 2);
        QVERIFY(r.trigger(Do::RunContinue));
        QVERIFY2(r.next().starts_with("invoke_subgraph_10/native_layer_norm"), r.next().c_str());
        r.run().removeBreakpoint(1);
        r.run().removeBreakpoint(0);
        r.window.steps().addBreakpoint(QStringLiteral("[8, 64]"));
        QVERIFY(r.trigger(Do::RunContinue));
        QCOMPARE(r.run().lastStop().reason, run::Stop::Reason::Breakpoint);
        r.run().removeBreakpoint(0);
        QVERIFY(r.trigger(Do::RunContinue));
        QVERIFY(r.stepper().at_end());
        QVERIFY(!r.window.actions()[Do::RunContinue]->isEnabled());
        QVERIFY(r.window.actions()[Do::RunContinue]->toolTip().contains(QStringLiteral("at its end")));
    }

    void runsToTheSelectedNode() {
        Run r;
        QVERIFY(r.start());
        r.select(r.node("", "invoke_subgraph_12"));
        QVERIFY(r.trigger(Do::RunToNode));
        QCOMPARE(r.next(), "invoke_subgraph_12");
        r.select(r.node("", "getitem"));
        QVERIFY(r.trigger(Do::RunBackToNode));
        QCOMPARE(r.next(), "getitem");
    }

    void stopsWhereNaNAppears() {
        TextDump dump(kLog);
        Run r(dump.path(), {}, 1);
        QVERIFY(r.start());
        QVERIFY(r.trigger(Do::NextNonFinite));
        QCOMPARE(r.run().lastStop().reason, run::Stop::Reason::NonFinite);
        QCOMPARE(r.next(), "add");
        QCOMPARE(r.window.document()->node_name(r.window.navigator().state().node), "log");
        QVERIFY2(
            r.window.values().facts().contains(QStringLiteral("NaN")), qPrintable(r.window.values().facts()));
        r.window.actions()[Do::ValuesOnNodes]->setChecked(true);
        QVERIFY(r.settle());
        const std::vector<Tag>& tags = r.window.pane(Pane::Left).canvas().marks().tags;
        const auto log = std::find_if(
            tags.begin(), tags.end(), [&](const Tag& tag) { return tag.node == r.node("", "log").node; });
        QVERIFY(log != tags.end());
        QVERIFY2(log->warning && log->text.contains(QStringLiteral("NaN")), qPrintable(log->text));
        // The breakpoint does the same.
        QVERIFY(r.trigger(Do::RunBack));
        r.window.findChild<QAbstractButton*>(QStringLiteral("breakNonFinite"))->click();
        QVERIFY(r.trigger(Do::RunContinue));
        QCOMPARE(r.next(), "add");
    }

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

    // The worker is killed while a node runs: the window lives, names it, and goes on where it stood.
    void theWorkerDies() {
        TextDump dump(kSlow);
        Run r(dump.path());
        QVERIFY(r.start());
        QVERIFY(r.trigger(Do::RunOver));
        QVERIFY(r.trigger(Do::RunOver));
        QCOMPARE(r.next(), "mm");
        const size_t position = r.stepper().position();
        const uint64_t hash = r.stepper().hash();
        const auto pid = pid_t(r.run().workerPid());
        QVERIFY(pid > 0);
        r.window.actions()[Do::RunOver]->trigger();
        QTest::qWait(300);
        QVERIFY(!r.window.idle());
        ::kill(pid, SIGKILL);
        QVERIFY(r.settle());
        QCOMPARE(r.run().state(), RunController::State::Died);
        QVERIFY2(
            r.run().diedAt().contains(QStringLiteral("mm (aten.mm.default)")), qPrintable(r.run().diedAt()));
        QVERIFY2(r.status().contains(QStringLiteral("mm (aten.mm.default)")), qPrintable(r.status()));
        QVERIFY2(r.window.values().message().contains(QStringLiteral("died at mm")),
            qPrintable(r.window.values().message()));
        QVERIFY(!r.window.actions()[Do::RunOver]->isEnabled());
        QVERIFY(r.window.document());
        shot(r.window, "died");
        QVERIFY(r.trigger(Do::RunRestart));
        QCOMPARE(r.run().state(), RunController::State::Ready);
        QCOMPARE(r.stepper().position(), position);
        QCOMPARE(r.stepper().hash(), hash);
        QVERIFY(r.run().workerPid() != pid);
        QVERIFY(r.trigger(Do::RunBackOver));
    }

    // A node that takes for ever is given up.
    void cancelling() {
        TextDump dump(kSlow);
        Run r(dump.path());
        QVERIFY(r.start());
        r.window.actions()[Do::RunContinue]->trigger();
        QTest::qWait(300);
        QVERIFY(!r.window.idle());
        r.run().cancel();
        QVERIFY(r.settle(10000));
        QVERIFY(
            r.run().state() == RunController::State::Ready || r.run().state() == RunController::State::Died);
        QVERIFY(r.window.actions()[Do::RunRestart]->isEnabled());
    }

    void withoutAnExecutor() {
        qputenv("HOPSCOPE_EXECUTOR", "/nowhere/hopscope-executor");
        Run r;
        QVERIFY(!r.start());
        qunsetenv("HOPSCOPE_EXECUTOR");
        QCOMPARE(r.run().state(), RunController::State::Failed);
        shot(r.window, "missing");
        r.select(r.node("", "getitem"));
        QVERIFY2(r.window.values().message().contains(QStringLiteral("/nowhere/hopscope-executor")),
            qPrintable(r.window.values().message()));
        QVERIFY(r.start());
    }

    void wrongInputsSayWhich() {
        Run r(kMlp, test::dataPath(QStringLiteral("used_once/values/00_forward.safetensors.gz")));
        QVERIFY(!r.start());
        QVERIFY2(r.run().error().contains(QStringLiteral("primals_")), qPrintable(r.run().error()));
    }

    void anotherDumpEndsTheRun() {
        Run r;
        QVERIFY(r.start());
        const auto pid = pid_t(r.run().workerPid());
        TextDump dump(kLog);
        r.window.openPaths({dump.path()});
        QVERIFY(r.settle());
        QCOMPARE(r.run().state(), RunController::State::None);
        QTRY_VERIFY(::kill(pid, 0) != 0);
        QVERIFY(r.window.actions()[Do::RunBody]->isEnabled());
        QVERIFY(!r.window.actions()[Do::RunOver]->isEnabled());
        QVERIFY(r.window.values().message().contains(QStringLiteral("Not recorded"))
            || r.window.values().message().contains(QStringLiteral("Select a node")));
    }

    // With a run F10 and F11 step it; no key means two things, before, in and after it.
    void keys() {
        Run r;
        const auto check = [&] {
            QHash<QString, QString> keys;
            for (const QAction* action : r.window.actions().all()) {
                for (const QKeySequence& key : action->shortcuts()) {
                    const QString text = key.toString(QKeySequence::PortableText);
                    if (keys.contains(text))
                        return text + QStringLiteral(" is both ") + keys[text] + QStringLiteral(" and ")
                            + action->objectName();
                    keys[text] = action->objectName();
                }
                if (!action->isEnabled() && action->property("reason").toString().isEmpty())
                    return action->objectName() + QStringLiteral(" is greyed without a reason");
                if (!action->shortcut().isEmpty()
                    && !action->toolTip().endsWith(
                        QStringLiteral("(%1)").arg(action->shortcut().toString(QKeySequence::NativeText))))
                    return action->toolTip();
            }
            return keys.value(QStringLiteral("F10")) + QLatin1Char(' ') + keys.value(QStringLiteral("F11"));
        };
        QCOMPARE(check(), QStringLiteral("go.nextInvocation go.stepInto"));
        QVERIFY(r.start());
        QCOMPARE(check(), QStringLiteral("run.over go.stepInto"));
        QVERIFY(r.trigger(Do::RunStop));
        QCOMPARE(check(), QStringLiteral("go.nextInvocation go.stepInto"));
    }

    void theDialog() {
        Run r;
        const Place root{GraphId(0), BodyId(0), {}}, region{GraphId(0), r.node(kRegion, "addmm").body, {}};
        RunDialog dialog(r.window.document(),
            {{QStringLiteral("Left"), root}, {QStringLiteral("Right"), region}}, 1, {}, nullptr);
        run::Request request = dialog.request();
        QCOMPARE(request.address, "-:forward:" + kRegion);
        QCOMPARE(request.invocation, std::optional<int>(0));
        QVERIFY(request.seed && request.inputs.empty());
        QVERIFY(dialog.problem().isEmpty());
        const auto edit = [&](const char* name) { return dialog.findChild<QLineEdit*>(QLatin1String(name)); };
        edit("runBind")->setText(QStringLiteral("s77"));
        QVERIFY2(dialog.problem().contains(QStringLiteral("SYMBOL=NUMBER")), qPrintable(dialog.problem()));
        edit("runBind")->setText(QStringLiteral("s77=8, s5=2"));
        QCOMPARE(dialog.request().bind.size(), size_t(2));
        // A library is loaded only when that is said in so many words.
        edit("runLibrary")->setText(kMlp);
        QVERIFY2(dialog.problem().contains(QStringLiteral("trust")), qPrintable(dialog.problem()));
        QVERIFY(dialog.request().libraries.empty());
        dialog.findChild<QAbstractButton*>(QStringLiteral("runTrust"))->click();
        QVERIFY(dialog.problem().isEmpty());
        QCOMPARE(dialog.request().libraries.size(), size_t(1));
        dialog.findChild<QAbstractButton*>(QStringLiteral("runRecorded"))->click();
        QVERIFY(!dialog.problem().isEmpty());
        dialog.show();
        shot(dialog, "run-dialog");
        edit("runInputs")->setText(kMlpValues);
        QVERIFY2(dialog.problem().isEmpty(), qPrintable(dialog.problem()));
        QVERIFY(!dialog.request().seed);
    }

    // The dialog says which sizes are symbols, and what they get.
    void symbolsOfTheDialog() {
        Result<Dump> dump = open_dump({test::traceOf(QStringLiteral("gpt4_dynamic"))});
        QVERIFY(dump);
        const auto shared = std::make_shared<const Dump>(std::move(*dump));
        const auto document =
            std::make_shared<const Document>(shared, std::make_shared<const Ledger>(build_ledger(*shared)));
        QVERIFY(!shared->graphs.empty());
        RunDialog dialog(
            document, {{QStringLiteral("Left"), Place{GraphId(0), BodyId(0), {}}}}, 0, {}, nullptr);
        const QString hint = dialog.findChild<QLineEdit*>(QStringLiteral("runBind"))->placeholderText();
        QVERIFY2(hint.contains(QRegularExpression(QStringLiteral("^s\\d+=\\d+"))), qPrintable(hint));
    }

    // What the program's options do.
    void script() {
        Run r;
        Script script;
        script.run = QStringLiteral("1");
        script.stepTo = QStringLiteral("addmm_1");
        script.select = QStringLiteral("addmm");
        script.docks = {QStringLiteral("values")};
        std::optional<Status> played;
        play(r.window, script, [&](const Status& status) { played = status; });
        QTRY_VERIFY_WITH_TIMEOUT(played.has_value(), 35000);
        QVERIFY2(played->ok(), played->ok() ? "" : played->error().text().c_str());
        QCOMPARE(r.next(), "invoke_subgraph_8/addmm_1");
        QCOMPARE(r.window.document()->node_name(r.window.navigator().state().node), "addmm");
        QVERIFY(r.window.values().message().isEmpty());
        script.stepTo = QStringLiteral("nothing_like_it");
        played.reset();
        play(r.window, script, [&](const Status& status) { played = status; });
        QTRY_VERIFY_WITH_TIMEOUT(played.has_value(), 35000);
        QVERIFY(!played->ok());
    }
};

QTEST_MAIN(TestRun)
#include "tst_run.moc"
