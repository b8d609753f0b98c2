// What tests of runs in the window share: a window with a run of a graph's root, graphs by hand.
#pragma once

#include "tests/testdata.h"

#include "views/canvas/canvas.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"

#include <QLabel>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <string>
#include <vector>

namespace hopscope {

inline const QString kMlp = test::dataPath(QStringLiteral("mlp4/values/00_forward.txt"));
inline const QString kMlpValues = test::dataPath(QStringLiteral("mlp4/values/00_forward.safetensors.gz"));

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

inline const std::string kRegion = "partitioned_fw_subgraph_0_0";

// Keeps a picture for whoever wants to look: HOPSCOPE_SHOTS names a folder.
inline void shot(QWidget& widget, const char* name) {
    const QString folder = qEnvironmentVariable("HOPSCOPE_SHOTS");
    if (!folder.isEmpty())
        widget.grab().save(folder + QLatin1Char('/') + QLatin1String(name) + QStringLiteral(".png"));
}

inline bool waiting(const Canvas& canvas, NodeId node) {
    const std::vector<NodeId>& all = canvas.marks().waiting;
    return std::find(all.begin(), all.end(), node) != all.end();
}

// A graph by hand, as a file.
struct TextDump {
    explicit TextDump(const QByteArray& text) { test::writeFile(path(), text); }
    QString path() const { return folder.filePath(QStringLiteral("graph.txt")); }
    QTemporaryDir folder;
};

inline const QByteArray kLog = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4, 4][4, 1]cpu"):
        exp: "f32[4, 4][4, 1]cpu" = torch.ops.aten.exp.default(x)
        log: "f32[4, 4][4, 1]cpu" = torch.ops.aten.log.default(x);  x = None
        add: "f32[4, 4][4, 1]cpu" = torch.ops.aten.add.Tensor(exp, log);  exp = log = None
        return (add,)
)";

// `mm` takes seconds: time enough to end the worker while it runs.
inline const QByteArray kSlow = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4][1]cpu"):
        sin: "f32[4][1]cpu" = torch.ops.aten.sin.default(x);  x = None
        full: "f32[3500, 3500][3500, 1]cpu" = torch.ops.aten.full.default([3500, 3500], 1.0)
        mm: "f32[3500, 3500][3500, 1]cpu" = torch.ops.aten.mm.default(full, full);  full = None
        return (sin, mm)
)";

} // namespace hopscope
