#include "views/shell/docks.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/shell/actions.h"

#include <QLabel>

#include <algorithm>

namespace hopscope {

Docks::Docks(QMainWindow* window, Actions* actions, const std::vector<Spec>& table)
    : QObject(window)
    , window_(window) {
    for (const Spec& spec : table) {
        auto* dock = new QDockWidget(spec.title, window);
        dock->setObjectName(qs(spec.name) + QStringLiteral("Dock"));
        dock->setWidget(spec.panel);
        dock->setFeatures(QDockWidget::DockWidgetMovable | QDockWidget::DockWidgetFloatable
            | QDockWidget::DockWidgetClosable);
        window->addDockWidget(spec.area, dock);
        if (spec.titled) {
            // Quiet titles in small capitals.
            auto* title = new QLabel(spec.title, dock);
            title->setFont(titleFont());
            title->setContentsMargins(metrics::kPadLarge, metrics::kPad, metrics::kPad, metrics::kPadSmall);
            title->setForegroundRole(QPalette::PlaceholderText);
            dock->setTitleBarWidget(title);
        } else {
            dock->setTitleBarWidget(new QWidget(dock));
        }
        entries_.push_back({qs(spec.name), spec.area, dock});
        actions_ << makeAction(spec, dock, actions);
    }
}

// Not QDockWidget's own, which closes a dock that is behind another's tab.
QAction* Docks::makeAction(const Spec& spec, QDockWidget* dock, Actions* actions) {
    auto* action = new QAction(spec.title, this);
    action->setObjectName(QStringLiteral("view.") + dock->objectName());
    action->setCheckable(true);
    action->setShortcut(QKeySequence(qs(spec.key)));
    action->setProperty("tip", tr("Show or hide the dock %1").arg(spec.title));
    actions->adopt(action);
    window_->addAction(action);
    connect(action, &QAction::triggered, dock, [this, dock] { toggle(dock); });
    const auto check = [action, dock] { action->setChecked(!dock->isHidden()); };
    connect(action, &QAction::triggered, dock, check);
    connect(dock, &QDockWidget::visibilityChanged, action, check);
    connect(dock, &QDockWidget::windowTitleChanged, action, &QAction::setText);
    check();
    return action;
}

void Docks::toggle(QDockWidget* dock) {
    const bool inFront = !dock->isHidden() && !dock->visibleRegion().isEmpty();
    if (inFront) {
        dock->hide();
    } else {
        dock->show();
        dock->raise();
    }
}

QDockWidget* Docks::find(const QString& name) const {
    const auto at = std::find_if(
        entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name; });
    return at == entries_.end() ? nullptr : at->dock;
}

bool Docks::show(const QString& name) {
    QDockWidget* dock = find(name);
    if (!dock)
        return false;
    dock->show();
    dock->raise();
    return true;
}

void Docks::bringForward(const QString& name) {
    if (QDockWidget* dock = find(name); dock && !dock->isHidden())
        dock->raise();
}

void Docks::setTitle(const QString& name, const QString& title) {
    if (QDockWidget* dock = find(name))
        dock->setWindowTitle(title);
}

void Docks::arrange() {
    for (const Entry& entry : entries_) {
        entry.dock->setFloating(false);
        entry.dock->show();
    }
    const int w = window_->width(), h = window_->height();
    struct Area {
        Qt::DockWidgetArea area;
        int size; // across its border
    };
    // The bottom first: its docks are wide, and each call of tabifyDockWidget() makes the window as wide as
    // all that are still side by side. The last call is for two narrow ones.
    const Area areas[] = {
        {Qt::BottomDockWidgetArea, qBound(160, h * 25 / 100, 300)},
        {Qt::LeftDockWidgetArea, qBound(220, w * 17 / 100, 320)},
        {Qt::RightDockWidgetArea, qBound(240, w * 20 / 100, 360)},
    };
    QList<QDockWidget*> firsts;
    for (const Area& area : areas) {
        QDockWidget* before = nullptr;
        for (const Entry& entry : entries_) {
            if (entry.area != area.area)
                continue;
            if (before) {
                window_->tabifyDockWidget(before, entry.dock);
            } else {
                window_->addDockWidget(area.area, entry.dock);
                firsts << entry.dock;
            }
            before = entry.dock;
        }
    }
    for (QDockWidget* first : firsts)
        first->raise();
    window_->resizeDocks({firsts[1], firsts[2]}, {areas[1].size, areas[2].size}, Qt::Horizontal);
    window_->resizeDocks({firsts[0]}, {areas[0].size}, Qt::Vertical);
}

} // namespace hopscope
