#include "views/shell/menus.h"

#include "views/base/theme.h"
#include "views/shell/actions.h"
#include "views/shell/docks.h"
#include "views/shell/navigation.h"
#include "views/stepper/stepperbar.h"

#include <QActionGroup>
#include <QCoreApplication>
#include <QMainWindow>
#include <QMenu>
#include <QMenuBar>
#include <QToolBar>
#include <QToolButton>

#include <initializer_list>
#include <variant>
#include <vector>

namespace hopscope {

namespace {

// What stands in a menu or in the toolbar besides actions.
enum class Part {
    Gap,
    Recent,
    Expanding,
    Hiding,
    Corners,
    Overlays,
    Layouts,
    Docks,
    Arrangements,
    Colours,
    TextSize,
    Bookmarks,
    Stepper,
    Space
};
using Item = std::variant<Do, Part>;
using Table = std::vector<Do>;

constexpr Part Gap = Part::Gap;

struct MenuTable {
    const char* title;
    std::vector<Item> items;
};

class Menus {
    Q_DECLARE_TR_FUNCTIONS(Menus)
public:
    static std::vector<MenuTable> table();
};

std::vector<MenuTable> Menus::table() {
    return {
        {QT_TR_NOOP("&File"),
            {Do::Open, Do::OpenFolder, Do::OpenSample, Part::Recent, Do::Reload, Gap, Do::SaveSession,
                Do::Export, Gap, Do::CloseDump, Do::Quit}},
        {QT_TR_NOOP("&Edit"),
            {Do::Undo, Do::Redo, Gap, Do::Copy, Do::CopyAddress, Do::CopyStatement, Do::Paste, Gap, Do::Find,
                Do::FindNext, Do::FindPrevious, Do::FilterLedger, Gap, Do::AddNote, Do::ToggleBookmark}},
        {QT_TR_NOOP("&View"),
            {Do::Fit, Do::FitSelection, Do::ZoomIn, Do::ZoomOut, Do::Zoom100, Do::WheelZooms, Gap, Do::Fold,
                Do::FoldRepeats, Do::LeftToRight, Do::Hairpin, Do::AlignHalves, Do::SavedLinks,
                Part::Expanding, Part::Hiding, Do::UndoView, Do::RedoView, Gap, Do::Minimap, Part::Corners,
                Part::Overlays, Do::ValuesOnNodes, Do::TimesOnNodes, Part::Layouts, Gap, Do::OtherPane,
                Do::LinkPanes, Do::LinkViews, Do::SinglePane, Gap, Part::Docks, Part::Arrangements, Gap,
                Part::Colours, Part::TextSize, Do::FullScreen}},
        {QT_TR_NOOP("&Go"),
            {Do::GoTo, Do::Back, Do::Forward, Do::Up, Gap, Do::NextInvocation, Do::PreviousInvocation,
                Do::NextReused, Do::PreviousReused, Do::NextTraced, Do::PreviousTraced, Do::StepInto,
                Do::StepOut, Do::OpenBeside, Gap, Do::NextNode, Do::PreviousNode, Do::Users, Do::NextStage,
                Do::PreviousStage, Gap, Part::Bookmarks}},
        {QT_TR_NOOP("&Compare"),
            {Do::ComparePanes, Do::OnePicture, Do::CompareDump, Gap, Do::NextDifference,
                Do::PreviousDifference, Gap, Do::LinkViews}},
        {QT_TR_NOOP("&Run"),
            {Do::RunBody, Do::RunRestart, Do::RunStop, Gap, Do::RunContinue, Do::RunOver, Do::StepInto,
                Do::StepOut, Do::RunToNode, Do::NextNonFinite, Gap, Do::RunBack, Do::RunBackOver,
                Do::RunBackInto, Do::RunBackOut, Do::RunBackToNode, Do::PreviousNonFinite, Gap,
                Do::ToggleBreakpoint, Do::WatchNode, Do::FollowStep, Gap, Do::RunToEnd, Do::MeasureTimes,
                Do::CompareRun, Do::SaveValues, Do::KeepRun, Gap, Do::DeriveJoint, Do::ProveRegion,
                Do::CallSchema}},
        {QT_TR_NOOP("&Help"), {Do::HelpPages, Do::WhatsThis, Do::KeyList, Do::DumpPage, Do::About}},
    };
}

const std::vector<Item>& toolBarTable() {
    static const std::vector<Item> table{Do::Back, Do::Forward, Do::Up, Gap, Do::PreviousTraced,
        Do::PreviousReused, Part::Stepper, Do::NextReused, Do::NextTraced, Gap, Do::RunContinue,
        Do::RunBackOver, Do::RunOver, Do::StepInto, Do::StepOut, Do::RunStop, Gap, Do::Fit, Do::Fold,
        Do::Minimap, Gap, Do::Find, Do::Export, Part::Space};
    return table;
}

void addAll(QMenu* menu, Actions& actions, const Table& table) {
    for (Do what : table)
        menu->addAction(actions[what]);
}

// One of them is checked at a time.
void addChoice(QMenu* menu, Actions& actions, const Table& table) {
    addAll(menu, actions, table);
    auto* group = new QActionGroup(menu);
    for (Do what : table)
        group->addAction(actions[what]);
}

void addPart(QMenu* menu, Part part, Actions& actions, const Docks& docks, QMenu* recent) {
    switch (part) {
    case Part::Gap:
        menu->addSeparator();
        break;
    case Part::Recent:
        menu->addMenu(recent);
        break;
    case Part::Expanding:
        addAll(menu->addMenu(Menus::tr("Expan&d")), actions,
            {Do::ExpandHere, Do::CollapseHere, Do::ExpandLevel, Do::ExpandAll, Do::CollapseAll});
        break;
    case Part::Hiding:
        addAll(menu->addMenu(Menus::tr("Hide and &Trace")), actions,
            {Do::HideNodes, Do::HideOthers, Do::Extract, Do::RevealInputs, Do::RevealOutputs, Do::ShowAll,
                Do::TraceAncestors, Do::TraceDescendants, Do::TracePath});
        break;
    case Part::Corners:
        addChoice(menu->addMenu(Menus::tr("Minimap &Corner")), actions,
            {Do::MinimapAuto, Do::MinimapTopLeft, Do::MinimapTopRight, Do::MinimapBottomLeft,
                Do::MinimapBottomRight});
        break;
    case Part::Overlays:
        addChoice(menu->addMenu(Menus::tr("Colour &Nodes by")), actions,
            {Do::OverlayNone, Do::OverlayBytes, Do::OverlayUsers, Do::OverlayDecision, Do::OverlayTime,
                Do::OverlayError});
        break;
    case Part::Layouts:
        addChoice(menu->addMenu(Menus::tr("&Layout")), actions, {Do::LayoutLayered, Do::LayoutDot});
        break;
    case Part::Docks:
        menu->addActions(docks.actions());
        break;
    case Part::Arrangements: {
        QMenu* arrangements = menu->addMenu(Menus::tr("&Window Layout"));
        addChoice(arrangements, actions, {Do::DefaultLayout, Do::DebugLayout, Do::CompareLayout});
        arrangements->addSeparator();
        arrangements->addAction(actions[Do::RestoreLayout]);
        break;
    }
    case Part::TextSize:
        addAll(menu->addMenu(Menus::tr("Te&xt Size")), actions,
            {Do::TextLarger, Do::TextSmaller, Do::TextReset});
        break;
    case Part::Colours:
        addChoice(menu->addMenu(icon(QStringLiteral("theme")), Menus::tr("&Colours")), actions,
            {Do::ThemeSystem, Do::ThemeLight, Do::ThemeDark});
        break;
    case Part::Bookmarks: {
        QMenu* bookmarks = menu->addMenu(icon(QStringLiteral("bookmark")), Menus::tr("Book&marks"));
        for (int what = int(Do::Bookmark1); what <= int(Do::Bookmark9); ++what)
            bookmarks->addAction(actions[Do(what)]);
        break;
    }
    case Part::Stepper:
    case Part::Space:
        break; // of the toolbar
    }
}

} // namespace

void buildMenus(QMainWindow& window, Actions& actions, const Docks& docks, QMenu* recent) {
    for (const MenuTable& table : Menus::table()) {
        QMenu* menu = window.menuBar()->addMenu(Menus::tr(table.title));
        for (const Item& item : table.items) {
            if (const Do* what = std::get_if<Do>(&item))
                menu->addAction(actions[*what]);
            else
                addPart(menu, std::get<Part>(item), actions, docks, recent);
        }
    }
}

StepperBar* buildToolBar(QMainWindow& window, Actions& actions, Navigation& navigation) {
    QToolBar* bar = window.addToolBar(Menus::tr("Navigation"));
    bar->setObjectName(QStringLiteral("toolBar"));
    bar->setMovable(false);
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    bar->setToolButtonStyle(Qt::ToolButtonIconOnly);
    StepperBar* stepper = nullptr;
    for (const Item& item : toolBarTable()) {
        if (const Do* what = std::get_if<Do>(&item)) {
            bar->addAction(actions[*what]);
        } else if (std::get<Part>(item) == Part::Stepper) {
            stepper = new StepperBar(actions[Do::PreviousInvocation], actions[Do::NextInvocation], bar);
            bar->addWidget(stepper);
        } else if (std::get<Part>(item) == Part::Space) {
            auto* spacer = new QWidget(bar);
            spacer->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
            bar->addWidget(spacer);
        } else {
            bar->addSeparator();
        }
    }
    const auto button = [&](Do what) {
        return qobject_cast<QToolButton*>(bar->widgetForAction(actions[what]));
    };
    navigation.addHistoryMenu(button(Do::Back), true);
    navigation.addHistoryMenu(button(Do::Forward), false);
    auto* go = new QToolButton(bar);
    go->setDefaultAction(actions[Do::GoTo]);
    go->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    go->setText(Menus::tr("Go to…"));
    bar->addWidget(go);
    for (QAction* action : bar->actions()) {
        if (QWidget* widget = bar->widgetForAction(action); widget && widget->accessibleName().isEmpty())
            widget->setAccessibleName(action->property("accessibleName").toString());
    }
    return stepper;
}

} // namespace hopscope
