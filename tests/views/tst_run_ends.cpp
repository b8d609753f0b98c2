// How a run in the window begins and ends: the dialog, a script, a worker that dies, another dump.
#include "tests/views/runs.h"

#include "core/read/open.h"
#include "views/compare/compareview.h"
#include "views/help/helpview.h"
#include "views/inspector/inspector.h"
#include "views/outline/outlineview.h"
#include "views/run/rundialog.h"
#include "views/shell/script.h"
#include "views/values/valueview.h"

#include <QAbstractButton>
#include <QDialog>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>

#include <csignal>

using namespace hopscope;

namespace {

// Processor time that a process has taken, in ticks of the clock; 0 where there is none.
long ticks(pid_t pid) {
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    // Behind the name, which may have blanks: state is the third field, utime the fourteenth.
    const QList<QByteArray> fields = file.readAll().split(')').last().simplified().split(' ');
    return fields.value(11).toLong();
}

} // namespace

class TestRunEnds : public QObject {
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
        QVERIFY(window.inspector().text().contains(QStringLiteral(": equal on "))); // on the region's page
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
        // On shared rows the left picture follows what the right pane shows: here it is the other's to stay.
        window.actions()[Do::AlignHalves]->setChecked(false);
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

    void theDialog() {
        Run r;
        const Place root{GraphId(0), BodyId(0), {}}, region{GraphId(0), r.node(kRegion, "addmm").body, {}};
        JobRunner jobs;
        Forecasts forecasts(&jobs);
        forecasts.setDump(r.window.document()->dump_pointer());
        RunDialog dialog(r.window.document(),
            {{QStringLiteral("Left"), root}, {QStringLiteral("Right"), region}}, 1, {}, &forecasts, nullptr);
        auto* told = dialog.findChild<QLabel*>(QStringLiteral("runForecast"));
        QTRY_VERIFY_WITH_TIMEOUT(told->text().contains(QStringLiteral("runs to its end")), 60000);
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
        JobRunner jobs;
        Forecasts forecasts(&jobs);
        RunDialog dialog(document, {{QStringLiteral("Left"), Place{GraphId(0), BodyId(0), {}}}}, 0, {},
            &forecasts, nullptr);
        const QString hint = dialog.findChild<QLineEdit*>(QStringLiteral("runBind"))->placeholderText();
        QVERIFY2(hint.contains(QRegularExpression(QStringLiteral("^s\\d+=\\d+"))), qPrintable(hint));
    }

    // Where a run will stop is told before it does, and afterwards whole, with what may help.
    void saysWhereItStops() {
        const TextDump dump(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4, 4][4, 1]cpu"):
        sin: "f32[4, 4][4, 1]cpu" = torch.ops.aten.sin.default(x)
        fast: "f32[4, 4][4, 1]cpu" = torch.ops.mylib.fast.default(sin)
        return (fast,)
)");
        Run r(dump.path());
        JobRunner jobs;
        Forecasts forecasts(&jobs);
        forecasts.setDump(r.window.document()->dump_pointer());
        RunDialog dialog(r.window.document(), {{QStringLiteral("Left"), {GraphId(0), BodyId(0), {}}}}, 0, {},
            &forecasts, nullptr);
        auto* told = dialog.findChild<QLabel*>(QStringLiteral("runForecast"));
        QTRY_VERIFY_WITH_TIMEOUT(told->text().contains(QStringLiteral("stops at 'fast'")), 60000);
        QVERIFY2(told->text().contains(QStringLiteral("shared library")), qPrintable(told->text()));
        dialog.show();
        shot(dialog, "run-dialog-stops");
        QVERIFY(r.start());
        QVERIFY(r.trigger(Do::RunContinue));
        auto* failure = r.window.findChild<QLabel*>(QStringLiteral("stepsFailure"));
        QTRY_VERIFY_WITH_TIMEOUT(failure->text().contains(QStringLiteral("shared library")), 60000);
        QVERIFY(failure->wordWrap() && failure->textInteractionFlags().testFlag(Qt::TextSelectableByMouse));
        QTRY_VERIFY(!r.window.pane(Pane::Left).canvas().marks().tags.empty());
        const Tag tag = r.window.pane(Pane::Left).canvas().marks().tags.front();
        QCOMPARE(tag.node, r.node("", "fast").node);
        QVERIFY2(tag.warning && tag.text == QStringLiteral("cannot be run"), qPrintable(tag.text));
        r.select(r.node("", "fast"));
        QTRY_VERIFY(r.window.inspector().text().contains(QStringLiteral("cannot be run")));
        shot(r.window, "run-stops");
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

    // A page by its name, with or without its ending; what is none names those that there are.
    void scriptOfAHelpPage() {
        Run r;
        for (const char* page : {"backward", "backward.md", "nosuch"}) {
            Script script;
            script.help = QString::fromLatin1(page);
            std::optional<Status> played;
            play(r.window, script, [&](const Status& status) { played = status; });
            QTRY_VERIFY_WITH_TIMEOUT(played.has_value(), 35000);
            const bool there = script.help != QLatin1String("nosuch");
            QCOMPARE(played->ok(), there);
            if (there)
                QVERIFY(r.window.help()->pages().source().fileName() == QLatin1String("backward.md"));
            else
                QVERIFY2(played->error().message.find("expected one of backward, ") != std::string::npos,
                    played->error().message.c_str());
        }
    }

    // To the Compare dock with its verdicts, whatever it is compared with.
    void scriptOfAComparison() {
        Run r;
        for (const QString& with : {QStringLiteral("float64"), kMlpValues}) {
            Script script;
            script.run = with == kMlpValues ? kMlpValues : QStringLiteral("1");
            script.compare = with;
            std::optional<Status> played;
            play(r.window, script, [&](const Status& status) { played = status; });
            QTRY_VERIFY_WITH_TIMEOUT(played.has_value(), 60000);
            QVERIFY2(played->ok(), played->ok() ? "" : played->error().text().c_str());
            QVERIFY(r.window.comparison().isVisible());
            QVERIFY2(r.window.comparison().verdict().startsWith(QStringLiteral("✓")),
                qPrintable(r.window.comparison().verdict()));
            QVERIFY(r.window.comparison().model().rowCount() > 10);
            QCOMPARE(r.run().comparison()->against == "float64", with != kMlpValues);
        }
    }

    void wrongInputsSayWhich() {
        Run r(kMlp, test::dataPath(QStringLiteral("used_once/values/00_forward.safetensors.gz")));
        QVERIFY(!r.start());
        QVERIFY2(r.run().error().contains(QStringLiteral("primals_")), qPrintable(r.run().error()));
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
        const long before = ticks(pid);
        r.window.actions()[Do::RunOver]->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(ticks(pid) > before + 2, 60000); // it computes
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
        const auto pid = pid_t(r.run().workerPid());
        const long before = ticks(pid);
        r.window.actions()[Do::RunContinue]->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(ticks(pid) > before + 2, 60000);
        QVERIFY(!r.window.idle());
        r.run().cancel();
        QVERIFY(r.settle(10000));
        QVERIFY(
            r.run().state() == RunController::State::Ready || r.run().state() == RunController::State::Died);
        QVERIFY(r.window.actions()[Do::RunRestart]->isEnabled());
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
};

QTEST_MAIN(TestRunEnds)
#include "tst_run_ends.moc"
