#include "views/shell/mainwindow.h"

#include "views/base/text.h"
#include "views/bodytext/bodytext.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsview.h"
#include "views/shell/gotobox.h"
#include "views/shell/jobstrip.h"
#include "views/shell/pane.h"
#include "views/shell/startpage.h"
#include "views/stepper/stepperbar.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDockWidget>
#include <QLabel>
#include <QMenu>
#include <QSplitter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTabBar>
#include <QToolBar>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

namespace {
constexpr int kLayoutVersion = 2; // of saveState: docks that are new put themselves in their place

std::unique_ptr<QSettings> openSettings(bool reproducible) {
    if (reproducible)
        return nullptr;
    const QString folder = qEnvironmentVariable("HOPSCOPE_CONFIG_DIR");
    if (!folder.isEmpty())
        return std::make_unique<QSettings>(folder + QStringLiteral("/hopscope.ini"), QSettings::IniFormat);
    return std::make_unique<QSettings>(
        QSettings::IniFormat, QSettings::UserScope, QStringLiteral("hopscope"), QStringLiteral("hopscope"));
}
} // namespace

MainWindow::MainWindow(const Options& options, QWidget* parent)
    : QMainWindow(parent)
    , options_(options)
    , settings_(openSettings(options.reproducible))
    , actions_(this)
    , scenes_(&jobs_) {
    setObjectName(QStringLiteral("mainWindow"));
    setAcceptDrops(true);
    setDockOptions(QMainWindow::AllowTabbedDocks | QMainWindow::AllowNestedDocks);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    buildCentre();
    buildDocks();
    buildToolBar();
    buildStatusBar();
    buildMenus();
    connectActions();
    connectRunActions();
    connectDerive();
    connectViews();
    connectRun();
    navigator_.changed = [this](const NavState& before) { navigated(before); };
    saveTimer_.setSingleShot(true);
    saveTimer_.setInterval(400);
    connect(&saveTimer_, &QTimer::timeout, this, &MainWindow::saveView);
    qApp->installEventFilter(this);
    resize(1600, 1000);
    defaultLayout();
    restoreWindow();
    setDocument(nullptr, false);
}

MainWindow::~MainWindow() {
    qApp->removeEventFilter(this);
    navigator_.changed = nullptr;
    disconnect(&jobs_, nullptr, this, nullptr);
    disconnect(&run_, nullptr, this, nullptr);
    disconnect(&scenes_, nullptr, this, nullptr);
}

void MainWindow::buildCentre() {
    panes_[0] = new PaneView(QStringLiteral("leftPane"), this);
    panes_[1] = new PaneView(QStringLiteral("rightPane"), this);
    panes_[0]->canvas().setCrossingSide(Canvas::Side::Right);
    panes_[1]->canvas().setCrossingSide(Canvas::Side::Left);
    panes_[0]->canvas().setAccessibleName(tr("Graph in the left pane"));
    panes_[1]->canvas().setAccessibleName(tr("Graph in the right pane"));
    split_ = new QSplitter(Qt::Horizontal, this);
    split_->setObjectName(QStringLiteral("paneSplitter"));
    split_->setChildrenCollapsible(false);
    for (PaneView* pane : panes_)
        split_->addWidget(pane);
    start_ = new StartPage(actions_[Do::Open], actions_[Do::OpenFolder], actions_[Do::OpenSample], this);
    stack_ = new QStackedWidget(this);
    stack_->addWidget(start_);
    stack_->addWidget(split_);
    setCentralWidget(stack_);
    goto_ = new GotoBox(this);
    // Keys without Ctrl or Alt belong to the graphs: elsewhere they are text.
    for (Do what :
        {Do::Fit, Do::FitSelection, Do::Minimap, Do::Fold, Do::Users, Do::ValuesOnNodes, Do::TimesOnNodes}) {
        actions_[what]->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        removeAction(actions_[what]);
        split_->addAction(actions_[what]);
    }
}

QDockWidget* MainWindow::addDock(const QString& name, const QString& title, QWidget* content,
    Qt::DockWidgetArea area, const QString& key) {
    auto* dock = new QDockWidget(title, this);
    dock->setObjectName(name);
    dock->setWidget(content);
    dock->setFeatures(
        QDockWidget::DockWidgetMovable | QDockWidget::DockWidgetFloatable | QDockWidget::DockWidgetClosable);
    addDockWidget(area, dock);
    QAction* toggle = dock->toggleViewAction();
    toggle->setObjectName(QStringLiteral("view.") + name);
    toggle->setShortcut(QKeySequence(key));
    toggle->setProperty("tip", tr("Show or hide the dock %1").arg(title));
    actions_.adopt(toggle);
    addAction(toggle);
    docks_ << dock;
    return dock;
}

void MainWindow::buildDocks() {
    outline_ = new OutlineView(this);
    inspector_ = new Inspector(this);
    ledger_ = new LedgerView(this);
    problems_ = new ProblemsView(this);
    bodyText_ = new BodyText(this);
    QDockWidget* outline = addDock(QStringLiteral("outlineDock"), tr("Graphs"), outline_,
        Qt::LeftDockWidgetArea, QStringLiteral("Alt+1"));
    QDockWidget* ledger = addDock(QStringLiteral("ledgerDock"), tr("Ledger"), ledger_,
        Qt::BottomDockWidgetArea, QStringLiteral("Alt+2"));
    QDockWidget* problems = addDock(QStringLiteral("problemsDock"), tr("Problems"), problems_,
        Qt::BottomDockWidgetArea, QStringLiteral("Alt+3"));
    QDockWidget* text = addDock(
        QStringLiteral("textDock"), tr("Text"), bodyText_, Qt::BottomDockWidgetArea, QStringLiteral("Alt+4"));
    QDockWidget* inspector = addDock(QStringLiteral("inspectorDock"), tr("Inspector"), inspector_,
        Qt::RightDockWidgetArea, QStringLiteral("Alt+5"));
    buildRunDocks();
    QDockWidget* steps = findChild<QDockWidget*>(QStringLiteral("stepsDock"));
    QDockWidget* compare = findChild<QDockWidget*>(QStringLiteral("compareDock"));
    QDockWidget* values = findChild<QDockWidget*>(QStringLiteral("valuesDock"));
    for (QDockWidget* dock : {outline}) {
        // Quiet titles in small capitals.
        auto* title = new QLabel(dock->windowTitle(), dock);
        title->setFont(titleFont());
        title->setContentsMargins(metrics::kPadLarge, metrics::kPad, metrics::kPad, metrics::kPadSmall);
        title->setForegroundRole(QPalette::PlaceholderText);
        dock->setTitleBarWidget(title);
    }
    for (QDockWidget* dock : {ledger, problems, text, steps, compare, inspector, values})
        dock->setTitleBarWidget(new QWidget(dock)); // the tab says it
}

void MainWindow::buildToolBar() {
    QToolBar* bar = addToolBar(tr("Navigation"));
    bar->setObjectName(QStringLiteral("toolBar"));
    bar->setMovable(false);
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    bar->setToolButtonStyle(Qt::ToolButtonIconOnly);
    const auto history = [&](Do what, bool back) {
        bar->addAction(actions_[what]);
        auto* button = qobject_cast<QToolButton*>(bar->widgetForAction(actions_[what]));
        auto* menu = new QMenu(button);
        connect(menu, &QMenu::aboutToShow, this, [this, menu, back] { fillHistoryMenu(menu, back); });
        button->setMenu(menu);
        button->setPopupMode(QToolButton::DelayedPopup);
    };
    history(Do::Back, true);
    history(Do::Forward, false);
    bar->addAction(actions_[Do::Up]);
    bar->addSeparator();
    bar->addAction(actions_[Do::PreviousTraced]);
    bar->addAction(actions_[Do::PreviousReused]);
    stepper_ = new StepperBar(actions_[Do::PreviousInvocation], actions_[Do::NextInvocation], bar);
    bar->addWidget(stepper_);
    bar->addAction(actions_[Do::NextReused]);
    bar->addAction(actions_[Do::NextTraced]);
    bar->addSeparator();
    bar->addAction(actions_[Do::RunContinue]);
    bar->addAction(actions_[Do::RunBackOver]);
    bar->addAction(actions_[Do::RunOver]);
    bar->addAction(actions_[Do::StepInto]);
    bar->addAction(actions_[Do::StepOut]);
    bar->addAction(actions_[Do::RunStop]);
    bar->addSeparator();
    bar->addAction(actions_[Do::Fit]);
    bar->addAction(actions_[Do::Fold]);
    bar->addAction(actions_[Do::Minimap]);
    bar->addSeparator();
    bar->addAction(actions_[Do::Find]);
    bar->addAction(actions_[Do::Export]);
    auto* spacer = new QWidget(bar);
    spacer->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(spacer);
    auto* go = new QToolButton(bar);
    go->setDefaultAction(actions_[Do::GoTo]);
    go->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    go->setText(tr("Go to…"));
    bar->addWidget(go);
    for (QAction* action : bar->actions()) {
        if (QWidget* widget = bar->widgetForAction(action); widget && widget->accessibleName().isEmpty())
            widget->setAccessibleName(action->property("accessibleName").toString());
    }
}

void MainWindow::buildStatusBar() {
    statusText_ = new QLabel(this);
    statusText_->setObjectName(QStringLiteral("statusText"));
    statusText_->setAccessibleName(tr("Status"));
    statusText_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    statusCounts_ = new QLabel(this);
    statusCounts_->setObjectName(QStringLiteral("statusCounts"));
    strip_ = new JobStrip(&jobs_, this);
    statusBar()->setSizeGripEnabled(false);
    statusBar()->setContentsMargins(metrics::kPad, 0, metrics::kPad, 0);
    statusBar()->addWidget(statusText_, 1);
    statusBar()->addPermanentWidget(strip_);
    statusBar()->addPermanentWidget(statusCounts_);
}

void MainWindow::defaultLayout() {
    const auto dock = [this](const char* name) { return findChild<QDockWidget*>(qs(name)); };
    QDockWidget* outline = dock("outlineDock");
    QDockWidget* inspector = dock("inspectorDock");
    QDockWidget* ledger = dock("ledgerDock");
    for (QDockWidget* d : docks_) {
        d->setFloating(false);
        d->show();
    }
    addDockWidget(Qt::LeftDockWidgetArea, outline);
    addDockWidget(Qt::RightDockWidgetArea, inspector);
    addDockWidget(Qt::BottomDockWidgetArea, ledger);
    tabifyDockWidget(ledger, dock("problemsDock"));
    tabifyDockWidget(dock("problemsDock"), dock("textDock"));
    tabifyDockWidget(dock("textDock"), dock("stepsDock"));
    tabifyDockWidget(dock("stepsDock"), dock("compareDock"));
    tabifyDockWidget(inspector, dock("valuesDock"));
    ledger->raise();
    inspector->raise();
    const int w = width(), h = height();
    resizeDocks({outline, inspector}, {qBound(220, w * 17 / 100, 320), qBound(240, w * 20 / 100, 360)},
        Qt::Horizontal);
    resizeDocks({ledger}, {qBound(160, h * 25 / 100, 300)}, Qt::Vertical);
    split_->setSizes({1000, 1000});
}

void MainWindow::restoreWindow() {
    if (!settings_)
        return;
    const QByteArray geometry = settings_->value(QStringLiteral("window/geometry")).toByteArray();
    if (!geometry.isEmpty())
        restoreGeometry(geometry);
    restoreState(settings_->value(QStringLiteral("window/docks")).toByteArray(), kLayoutVersion);
    split_->restoreState(settings_->value(QStringLiteral("window/panes")).toByteArray());
    actions_[settings_->value(QStringLiteral("window/layout")).toString() == QStringLiteral("dot")
            ? Do::LayoutDot
            : Do::LayoutLayered]
        ->setChecked(true);
    const QString theme = settings_->value(QStringLiteral("window/theme")).toString();
    setTheme(theme == QStringLiteral("light") ? Mode::Light
            : theme == QStringLiteral("dark") ? Mode::Dark
                                              : Mode::System);
}

void MainWindow::saveWindow() {
    if (!settings_)
        return;
    settings_->setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings_->setValue(QStringLiteral("window/docks"), saveState(kLayoutVersion));
    settings_->setValue(QStringLiteral("window/panes"), split_->saveState());
    settings_->sync();
}

void MainWindow::closeEvent(QCloseEvent* event) {
    saveBegun_ = false;
    const bool may = mayDiscard();
    closeAfterSave_ = !may && saveBegun_;
    if (!may) {
        event->ignore();
        return;
    }
    run_.stop();
    jobs_.cancelAll();
    saveView();
    saveWindow();
    event->accept();
}

} // namespace hopscope
