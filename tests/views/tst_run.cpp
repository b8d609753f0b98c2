// A run in the window, with the real worker: stepping, breakpoints, where it stops.
#include "tests/views/runs.h"

#include "views/run/stepsview.h"
#include "views/values/valueview.h"

#include <QAbstractButton>
#include <QAbstractItemModelTester>

#include <algorithm>

using namespace hopscope;

class TestRun : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { applyTheme(*qApp, Mode::Light); }

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
        // Made inputs of a logarithm are positive: it gets what was negated.
        TextDump dump(QByteArray(kLog)
                          .replace("exp.default(x)", "neg.default(x)")
                          .replace("log.default(x)", "log.default(exp)"));
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
        QCOMPARE(check(), QStringLiteral("run.over go.stepInto"));
        QVERIFY(r.start());
        QCOMPARE(check(), QStringLiteral("run.over go.stepInto"));
        QVERIFY(r.trigger(Do::RunStop));
        QCOMPARE(check(), QStringLiteral("run.over go.stepInto"));
    }
};

QTEST_MAIN(TestRun)
#include "tst_run.moc"
