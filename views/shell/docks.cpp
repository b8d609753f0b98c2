#include "views/shell/docks.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/shell/actions.h"

#include <QLabel>

#include <algorithm>
#include <array>

namespace hopscope {

Docks::Docks(QMainWindow* window, Actions* actions, const std::vector<Spec>& table)
    : QObject(window)
    , window_(window) {
    for (const Spec& spec : table) {
        auto* dock = new QDockWidget(spec.title, window);
        dock->setObjectName(qs(spec.name) + QStringLiteral("Dock"));
        dock->setWidget(spec.panel);
        dock->setWhatsThis(spec.what);
        dock->setFeatures(QDockWidget::DockWidgetMovable | QDockWidget::DockWidgetFloatable
            | QDockWidget::DockWidgetClosable);
        const auto first = std::find_if(
            entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.area == spec.area; });
        window->addDockWidget(spec.area, dock);
        if (first != entries_.end())
            window->tabifyDockWidget(first->dock, dock); // at once: side by side they are wider than a screen
        if (spec.titled) {
            // Quiet titles in small capitals.
            auto* title = new QLabel(spec.title, dock);
            keepFont(title, titleFont);
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

void Docks::restrictKey(const QString& name, QWidget* widget) {
    for (size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].name != name)
            continue;
        QAction* action = actions_[qsizetype(i)];
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        window_->removeAction(action);
        widget->addAction(action);
    }
}

void Docks::setTitle(const QString& name, const QString& title) {
    if (QDockWidget* dock = find(name))
        dock->setWindowTitle(title);
}

QDockWidget* Docks::dockOf(const QWidget* widget) const {
    for (const Entry& entry : entries_) {
        if (widget && (entry.dock == widget || entry.dock->isAncestorOf(widget)))
            return entry.dock;
    }
    return nullptr;
}

namespace {
struct Area {
    Qt::DockWidgetArea area;
    int size; // across its border
};

// What of a window is the areas' own: the graphs keep at least half of its width.
std::array<Area, 3> areasOf(Docks::Arrangement as, int w, int h) {
    using metrics::scaled;
    const bool compare = as == Docks::Arrangement::Compare;
    // Neither wider than texts need nor than leaves the graphs theirs.
    const int left = qMin(qBound(scaled(190), w * 17 / 100, scaled(320)), w / 4);
    const int right = qMin(qBound(scaled(240), w * 20 / 100, scaled(360)), w / 4);
    const int bottom = qMin(qBound(scaled(190), h * (compare ? 40 : 25) / 100, scaled(compare ? 460 : 300)),
        h * (compare ? 45 : 35) / 100);
    return {{{Qt::BottomDockWidgetArea, bottom}, {Qt::LeftDockWidgetArea, left},
        {Qt::RightDockWidgetArea, right}}};
}
} // namespace

void Docks::arrange(Arrangement as) {
    // Those that are shown stand side by side for a moment each, and the window would become as wide.
    for (const Entry& entry : entries_) {
        entry.dock->setFloating(false);
        entry.dock->hide();
    }
    const std::array<Area, 3> areas = areasOf(as, window_->width(), window_->height());
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
    for (const Entry& entry : entries_)
        entry.dock->show();
    for (QDockWidget* first : firsts)
        first->raise();
    const auto front = [this](std::initializer_list<const char*> names) {
        for (const char* name : names)
            show(qs(name));
    };
    if (as == Arrangement::Debug)
        front({"steps", "values"});
    if (as == Arrangement::Compare) {
        front({"diff"});
        for (const Entry& entry : entries_) {
            if (entry.area != Qt::BottomDockWidgetArea)
                entry.dock->hide();
        }
    }
    window_->resizeDocks({firsts[1], firsts[2]}, {areas[1].size, areas[2].size}, Qt::Horizontal);
    window_->resizeDocks({firsts[0]}, {areas[0].size}, Qt::Vertical);
}

} // namespace hopscope
