#include "views/shell/mainwindow.h"

#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/bodytext/bodytext.h"
#include "views/compare/compareview.h"
#include "views/diff/diffview.h"
#include "views/dumptext/dumptext.h"
#include "views/explain/explainview.h"
#include "views/help/legendview.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/ledger/twoledgersview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsview.h"
#include "views/run/stepsview.h"
#include "views/shell/derivepresenter.h"
#include "views/shell/diffpresenter.h"
#include "views/shell/docks.h"
#include "views/shell/errorbar.h"
#include "views/shell/exporter.h"
#include "views/shell/findpresenter.h"
#include "views/shell/focusmark.h"
#include "views/shell/gotobox.h"
#include "views/shell/itemmenu.h"
#include "views/shell/loader.h"
#include "views/shell/menus.h"
#include "views/shell/navigation.h"
#include "views/shell/notespresenter.h"
#include "views/shell/onepicture.h"
#include "views/shell/otherdump.h"
#include "views/shell/ownkeys.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"
#include "views/shell/recentmenu.h"
#include "views/shell/runpresenter.h"
#include "views/shell/sessionkeeper.h"
#include "views/shell/startpage.h"
#include "views/shell/statusline.h"
#include "views/stepper/stepperbar.h"
#include "views/values/valueview.h"

#include <QApplication>
#include <QMenuBar>
#include <QScreen>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QVBoxLayout>

namespace hopscope {

namespace {
constexpr QSize kSize(1600, 1000); // where nothing is remembered and the screen has room

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
    , settings_(openSettings(options.reproducible))
    , actions_(this) {
    setObjectName(QStringLiteral("mainWindow"));
    setAcceptDrops(true);
    setDockOptions(QMainWindow::AllowTabbedDocks | QMainWindow::AllowNestedDocks);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    actions_.settle = [this] { state_.flush(); };
    build();
    connectActions();
    connectPanels();
    connectFiles();
    keys_ = new OwnKeys(actions_.all() + docks_->actions() + panes_->pane(Pane::Left).findBar().switches(),
        settings_.get(), this);
    qApp->installEventFilter(this);
    focusMark_ = new FocusMark(this);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) { markFocus(now); });
    resize(settings_ ? kSize.boundedTo(screen()->availableGeometry().size()) : kSize);
    arrange(Docks::Arrangement::Default, true);
    restoreWindow();
    setTextScale(textScale());
    state_.setDocument(nullptr, false);
    state_.flush();
}

MainWindow::~MainWindow() {
    qApp->removeEventFilter(this);
    // What is left of the window while QWidget takes it down still moves the focus, and is no MainWindow any
    // more.
    disconnect(qApp, nullptr, this, nullptr);
    disconnect(&state_.jobs(), nullptr, this, nullptr);
    // The last one made first: later ones know earlier ones.
    while (!presenters_.empty())
        presenters_.pop_back();
}

template <class T, class... Arguments> T* MainWindow::make(Arguments&&... arguments) {
    auto made = std::make_unique<T>(std::forward<Arguments>(arguments)...);
    T* of = made.get();
    presenters_.push_back(std::move(made));
    return of;
}

void MainWindow::build() {
    RunController* run = &state_.run();
    auto* values = new ValueView(run, actions_[Do::RunBody], actions_[Do::RunRestart], this);
    auto* steps = new StepsView(run, actions_[Do::RunToEnd], actions_[Do::MeasureTimes], this);
    auto* compare = new CompareView(run, this);
    panes_ = make<PanePresenter>(&state_, &actions_, this);
    start_ = new StartPage(
        actions_[Do::Open], actions_[Do::OpenFolder], actions_[Do::Paste], actions_[Do::OpenSample], this);
    auto* stack = new QStackedWidget(this);
    auto* scroll = new QScrollArea(this); // with large texts it is higher than a small screen
    scroll->setWidget(start_);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus);
    stack->addWidget(scroll);
    auto* shown = new QWidget(this);
    error_ = new ErrorBar(shown);
    auto* column = new QVBoxLayout(shown);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(error_);
    column->addWidget(panes_->scale());
    column->addWidget(panes_->widget(), 1);
    stack->addWidget(shown);
    setCentralWidget(stack);
    constexpr auto left = Qt::LeftDockWidgetArea, right = Qt::RightDockWidgetArea,
                   bottom = Qt::BottomDockWidgetArea;
    const std::vector<Docks::Spec> table{
        {"outline", tr("Graphs"), "Alt+1", left, new OutlineView(this),
            tr("What was compiled: each compilation with its regions, and the graphs of each stage. Under a "
               "region "
               "stands a dot for each call: hollow was traced, filled was reused. A click shows it, with "
               "Ctrl "
               "beside what is shown."),
            true},
        {"ledger", tr("Ledger"), "Alt+2", bottom, new LedgerView(this),
            tr("A row for each call of a region: traced or reused, by which cache, at what cost. The line "
               "above "
               "concludes the compilation; the Explanation says why a call came as it did.")},
        {"problems", tr("Problems"), "Alt+3", bottom, new ProblemsView(this),
            tr("What could not be read or does not fit, each with file, line and byte; a double click goes "
               "there.")},
        {"text", tr("Text"), "Alt+4", bottom, new BodyText(this),
            tr("The shown body as PyTorch prints it; the selected node's statement is marked.")},
        {"inspector", tr("Inspector"), "Alt+5", right, new Inspector(this),
            tr("All about the selected node, the current call, its region and the shown body; notes below.")},
        {"explanation", tr("Explanation"), "Alt+9", right, new ExplainView(this),
            tr("Why the current call was traced or reused, why there are several bodies, what a dump lacks; "
               "each "
               "answer with the evidence it rests on.")},
        {"values", tr("Values"), "Alt+6", right, values,
            tr("The selected node's value where a run stands: statistics, a histogram and a slice of it.")},
        {"steps", tr("Steps"), "Alt+7", bottom, steps,
            tr("The run step by step: live bytes over the order of execution, breakpoints, watched nodes, "
               "calls and "
               "times.")},
        {"compare", tr("Compare"), "Alt+8", bottom, compare,
            tr("A run value by value against double precision, recorded values or another run; the worst "
               "first, "
               "judged by the noise floor of each value.")},
        {"diff", tr("Diff"), "Ctrl+Alt+D", bottom,
            new DiffView(actions_[Do::PreviousDifference], actions_[Do::NextDifference],
                actions_[Do::LinkViews], this),
            tr("Where two bodies differ, node by node; the nodes are marked in both panes.")},
        {"ledgers", tr("Two Ledgers"), "Ctrl+Alt+L", bottom,
            new TwoLedgersView(actions_[Do::CompareDump], this),
            tr("The calls of two dumps in one table: the same, changed, only here or only there.")},
        {"dump", tr("Dump"), "Alt+0", bottom, new DumpText(&state_.jobs(), this),
            tr("The file itself, at the line that something rests on.")},
        {"legend", tr("Legend"), "K", bottom, new LegendView(this),
            tr("What colours, letters, marks and lines mean.")},
    };
    docks_ = make<Docks>(this, &actions_, table);
    docks_->restrictKey(QStringLiteral("legend"), panes_->widget()); // a letter is text elsewhere
    loader_ = make<Loader>(&state_);
    diff_ = make<DiffPresenter>(&state_, &actions_, docks_, docks_->panel<DiffView>(), panes_);
    one_ = make<OnePicture>(&state_, &actions_, diff_, shown);
    column->addWidget(one_->widget(), 1);
    connect(one_, &OnePicture::shownChanged, this, [this](bool one) { panes_->widget()->setVisible(!one); });
    other_ = make<OtherDump>(&state_, &actions_, docks_, diff_, this);
    actions_.restrictTo(panes_->widget(), {Do::NextDifference, Do::PreviousDifference});
    docks_->panel<DiffView>()->addActions({actions_[Do::NextDifference], actions_[Do::PreviousDifference]});
    navigation_ = make<Navigation>(&state_, &actions_, new GotoBox(this));
    run_ = make<RunPresenter>(&state_, &actions_, docks_, panes_, RunPanels{values, steps, compare});
    docks_->panel<Inspector>()->setForecaster(
        [this](const Place& node) { return run_->forecasts().nodeText(node); });
    find_ = make<FindPresenter>(&state_, &actions_,
        FindPresenter::Parts{panes_, docks_->panel<OutlineView>(), docks_->panel<BodyText>()});
    items_ = make<ItemMenus>(&state_, docks_->panel<LedgerView>());
    items_->setPictures({.whyNotHide = [this](const Place& node) { return panes_->whyNotHide(node); },
        .whyNotReveal = [this](const Place& node) { return panes_->whyNotReveal(node); },
        .hide = [this](const Place& node) { panes_->hide(node); },
        .reveal = [this](const Place& node) { panes_->reveal(node); }});
    keeper_ = make<SessionKeeper>(
        &state_, &actions_, SessionKeeper::Parts{loader_, panes_, docks_->panel<LedgerView>()}, this);
    exporter_ = make<Exporter>(&state_, &actions_, panes_, loader_);
    connect(exporter_, &Exporter::written, this, &MainWindow::exported);
    recents_ = new RecentMenu(settings_.get(), &actions_, start_, menuBar());
    buildMenus(*this, actions_, *docks_, recents_);
    tellPanels();
}

// Who is told of changes, in this order: what is seen first, what can be done after it.
void MainWindow::tellPanels() {
    StepperBar* stepper = buildToolBar(*this, actions_, *navigation_);
    auto* inspector = docks_->panel<Inspector>();
    auto* notes =
        make<NotesPresenter>(&state_, &actions_, docks_, &inspector->notes(), /*dated=*/bool(settings_));
    connect(notes, &NotesPresenter::left, this, [this] { panes_->focused().canvas().setFocus(); });
    auto* derive = make<DerivePresenter>(&state_, &actions_, this);
    connect(derive, &DerivePresenter::proved, this, [this](RegionRef region) {
        if (state_.at().region != region || state_.at().subject != Subject::Region)
            state_.navigator().select_region(region);
        docks_->show(QStringLiteral("inspector"));
    });
    auto* status = make<StatusLine>(&state_, statusBar(),
        StatusLine::Asks{[this] {
                             QStringList remarks{panes_->howDrawn(), panes_->whyNotDot()};
                             remarks.removeAll(QString());
                             return remarks.join(QStringLiteral(" · "));
                         },
            [this] { return panes_->whatIsNotDrawn(); },
            [this] { return settings_ ? std::optional(loader_->seconds()) : std::nullopt; }});
    connect(
        panes_, &PanePresenter::viewChanged, status, [this, status] { status->showZoom(panes_->zoom()); });
    connect(
        panes_, &PanePresenter::pictureChanged, status, [this, status] { status->showZoom(panes_->zoom()); });
    connect(panes_, &PanePresenter::pictureChanged, status, [this, status, last = QString()]() mutable {
        const QString now = panes_->howDrawn() + panes_->whyNotDot();
        if (!now.isEmpty() || now != last)
            status->sayPlace();
        last = now;
    });
    for (Follower* panel : std::initializer_list<Follower*>{this, panes_, docks_->panel<OutlineView>(),
             docks_->panel<LedgerView>(), docks_->panel<ProblemsView>(), docks_->panel<BodyText>(),
             docks_->panel<ExplainView>(), docks_->panel<DumpText>(), docks_->panel<DiffView>(), diff_, one_,
             docks_->panel<TwoLedgersView>(), other_, docks_->panel<ValueView>(), docks_->panel<StepsView>(),
             stepper, inspector, notes, navigation_, find_, run_, derive, keeper_, status})
        state_.add(panel);
}

void MainWindow::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document) {
        static_cast<QStackedWidget*>(centralWidget())->setCurrentIndex(shown.document ? 1 : 0);
        error_->setError({}, {});
        const uint64_t problems = shown.document ? problemCount(*shown.document).problems : 0;
        docks_->setTitle(
            QStringLiteral("problems"), problems ? tr("Problems (%1)").arg(problems) : tr("Problems"));
        const QString none = shown.document ? QString() : tr("no dump is open");
        actions_.setReason({Do::Export, Do::SaveSession, Do::CloseDump, Do::DumpPage}, none);
    }
    if (changed & (Change::Document | Change::Notes)) {
        actions_.setReason(Do::Reload,
            !loader_->paths().isEmpty() ? QString()
                : shown.document        ? tr("what was pasted lies in no file")
                                        : tr("no dump is open"));
        setWindowTitle(!shown.document
                ? tr("Hopscope")
                : tr("%1%2%3 — Hopscope")
                      .arg(qs(shown.document->dump().name),
                          state_.notes().has_unsaved() ? QStringLiteral(" *") : QString(),
                          state_.notes().read_only() ? tr(" [read-only]") : QString()));
    }
}

// --- what others see of it

void MainWindow::openPaths(const QStringList& paths, const QString& at) {
    if (paths.isEmpty())
        return;
    if (settings_ && !loader_->sameRun(paths)
        && !keeper_->mayDiscard([this, paths, at] { openPaths(paths, at); }))
        return;
    loader_->open(paths, at);
}

void MainWindow::openText(const QString& text) {
    if (settings_ && !keeper_->mayDiscard([this, text] { openText(text); }))
        return;
    loader_->openText(text);
}

void MainWindow::saveSession(const QString& path) {
    keeper_->save(path);
}

void MainWindow::exportTo(const ExportRequest& request) {
    exporter_->write(request);
}

void MainWindow::closeDump() {
    keeper_->saveView();
    loader_->close();
}

void MainWindow::startRun(const run::Request& request) {
    run_->start(request);
}

bool MainWindow::showDock(const QString& name) {
    return docks_->show(name);
}

bool MainWindow::idle() {
    return state_.jobs().idle() && state_.run().idle() && state_.settled();
}

Actions& MainWindow::actions() {
    state_.flush();
    return actions_;
}

void MainWindow::drawFocused(const PictureChoice& choice) {
    panes_->draw(choice);
}

PaneView& MainWindow::pane(Pane pane) {
    state_.flush();
    return panes_->pane(pane);
}

Docks& MainWindow::docks() {
    state_.flush();
    return *docks_;
}

LegendView& MainWindow::legend() {
    return *docks().panel<LegendView>();
}
void MainWindow::fillItemMenu(QMenu& menu, const Item& item) {
    state_.flush();
    items_->fill(menu, item);
}
LedgerView& MainWindow::ledger() {
    return *docks().panel<LedgerView>();
}
OutlineView& MainWindow::outline() {
    return *docks().panel<OutlineView>();
}
Inspector& MainWindow::inspector() {
    return *docks().panel<Inspector>();
}
ExplainView& MainWindow::explanation() {
    return *docks().panel<ExplainView>();
}
DiffView& MainWindow::diff() {
    return *docks().panel<DiffView>();
}
DumpText& MainWindow::dumpText() {
    return *docks().panel<DumpText>();
}
ProblemsView& MainWindow::problems() {
    return *docks().panel<ProblemsView>();
}
BodyText& MainWindow::bodyText() {
    return *docks().panel<BodyText>();
}
ValueView& MainWindow::values() {
    return *docks().panel<ValueView>();
}
StepsView& MainWindow::steps() {
    return *docks().panel<StepsView>();
}
CompareView& MainWindow::comparison() {
    return *docks().panel<CompareView>();
}
StartPage& MainWindow::startPage() {
    return *start_;
}
GotoBox& MainWindow::gotoBox() {
    return navigation_->box();
}

} // namespace hopscope
