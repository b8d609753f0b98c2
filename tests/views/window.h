// What tests of the whole window share: a window over a recording, settings of its own, things to paste.
#pragma once

#include "tests/browse/dumps.h"
#include "tests/testdata.h"

#include "views/base/theme.h"
#include "views/canvas/canvas.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"

#include "core/session/session.h"

#include <QApplication>
#include <QTemporaryDir>
#include <QTest>

#include <string>

namespace hopscope {

// Settings of the test's own, and the light theme: a member of every test class here.
struct OwnSettings {
    OwnSettings() {
        qputenv("HOPSCOPE_CONFIG_DIR", folder.path().toUtf8());
        applyTheme(*qApp, Mode::Light);
    }
    QTemporaryDir folder;
};

// A window that has read a recording and laid it out.
struct Opened {
    explicit Opened(const QStringList& paths = {}, const QString& at = {}) {
        window.resize(1400, 900);
        window.show();
        if (!paths.isEmpty())
            window.openPaths(paths, at);
        settle();
    }
    bool settle(int ms = 30000) {
        return QTest::qWaitFor([this] { return window.idle(); }, ms);
    }
    MainWindow window{MainWindow::Options{}};
};

// A session of mlp4; empty where it could not be written.
inline QString sessionFile(const QTemporaryDir& folder, const QString& name) {
    const QString path = folder.filePath(name + QStringLiteral(".hopscope"));
    const std::shared_ptr<const Document> document = openDocument(QStringLiteral("mlp4"));
    return Session::create(path.toStdString(), document->dump(), document->ledger()).ok() ? path : QString();
}

inline std::string address(const MainWindow& window, Pane pane, Navigator& n) {
    return window.document()->address(n.pane(pane));
}

inline const char* const kPasted = R"(class GraphModule(torch.nn.Module):
    def forward(self, x_1: "f32[4][1]cpu"):
        # File: /home/dev/net.py:3 in f, code: return x.clamp(1, 2) + x
        clamp: "f32[4][1]cpu" = torch.ops.aten.clamp.default(x_1, 1, 2)
        add: "f32[4][1]cpu" = torch.ops.aten.add.Tensor(clamp, x_1);  clamp = x_1 = None
        return (add,)
)";

} // namespace hopscope
