// From the panels and actions to whoever does what they ask.
#include "views/bodytext/bodytext.h"
#include "views/dumptext/dumptext.h"
#include "views/explain/explainview.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsview.h"
#include "views/shell/diffpresenter.h"
#include "views/shell/docks.h"
#include "views/shell/itemmenu.h"
#include "views/shell/loader.h"
#include "views/shell/mainwindow.h"
#include "views/shell/navigation.h"
#include "views/shell/otherdump.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"
#include "views/shell/recentmenu.h"
#include "views/shell/runpresenter.h"
#include "views/shell/sessionkeeper.h"
#include "views/shell/startpage.h"

#include <QLineEdit>
#include <QSplitter>
#include <QWhatsThis>

namespace hopscope {

namespace {
constexpr double kTextStep = 0.1;
}

void MainWindow::connectActions() {
    actions_.connectTo(this,
        {
            {Do::Open, [this] { openDialog(false); }},
            {Do::OpenFolder, [this] { openDialog(true); }},
            {Do::OpenSample, [this] { openPaths(Loader::samplePaths()); }},
            {Do::Reload, [this] { openPaths(loader_->paths()); }},
            {Do::CloseDump,
                [this] {
                    if (!settings_ || keeper_->mayDiscard([this] { closeDump(); }))
                        closeDump();
                }},
            {Do::Quit, [this] { close(); }},
            {Do::Paste, [this] { paste(); }},
            {Do::FilterLedger,
                [this] {
                    docks_->show(QStringLiteral("ledger"));
                    QLineEdit& filter = docks_->panel<LedgerView>()->filterEdit();
                    filter.setFocus(Qt::ShortcutFocusReason);
                    filter.selectAll();
                }},
            {Do::ThemeSystem, [this] { setTheme(Mode::System); }},
            {Do::ThemeLight, [this] { setTheme(Mode::Light); }},
            {Do::ThemeDark, [this] { setTheme(Mode::Dark); }},
            {Do::TextLarger, [this] { setTextScale(textScale() + kTextStep); }},
            {Do::TextSmaller, [this] { setTextScale(textScale() - kTextStep); }},
            {Do::TextReset, [this] { setTextScale(1); }},
            {Do::DefaultLayout, [this] { arrange(Docks::Arrangement::Default, false); }},
            {Do::DebugLayout, [this] { arrange(Docks::Arrangement::Debug, false); }},
            {Do::CompareLayout, [this] { arrange(Docks::Arrangement::Compare, false); }},
            {Do::RestoreLayout, [this] { arrange(arrangement_, true); }},
            {Do::DumpPage,
                [this] {
                    docks_->show(QStringLiteral("explanation"));
                    docks_->panel<ExplainView>()->showDumpPage();
                }},
            {Do::HelpPages, [this] { showHelp(); }},
            {Do::WhatsThis, [] { QWhatsThis::enterWhatsThisMode(); }},
            {Do::KeyList, [this] { showKeys(); }},
            {Do::About, [this] { showAbout(); }},
        });
    actions_.onToggled(Do::FullScreen, this,
        [this](bool on) { setWindowState(windowState().setFlag(Qt::WindowFullScreen, on)); });
    actions_.onToggled(Do::LayoutDot, this, [this](bool on) {
        if (settings_)
            settings_->setValue(
                QStringLiteral("window/layout"), on ? QStringLiteral("dot") : QStringLiteral("layered"));
    });
    actions_.setReason(
        Do::OpenSample, Loader::samplePaths().isEmpty() ? tr("the sample is not installed") : QString());
}

void MainWindow::showLine(FileId file, uint64_t line) {
    docks_->show(QStringLiteral("dump"));
    docks_->panel<DumpText>()->showLine(file, line);
}

void MainWindow::compareDump(const QStringList& paths) {
    other_->open(paths);
}

void MainWindow::compareBodies(const Place& a, const Place& b) {
    diff_->compare(a, b);
}

// Panels that name lines of the dump, and two bodies to see side by side.
template <class Panel> void MainWindow::connectEvidence(Panel* panel) {
    connect(panel, &Panel::spotChosen, this, [this](FileId file, quint64 line) { showLine(file, line); });
    if constexpr (requires { &Panel::comparisonChosen; })
        connect(panel, &Panel::comparisonChosen, this,
            [this](const Place& a, const Place& b) { compareBodies(a, b); });
}

void MainWindow::connectPanels() {
    auto* outline = docks_->panel<OutlineView>();
    auto* ledger = docks_->panel<LedgerView>();
    navigation_->connectPlaces(outline);
    navigation_->connectPlaces(ledger);
    navigation_->connectPlaces(docks_->panel<Inspector>());
    connect(outline, &OutlineView::besideChosen, this,
        [this](const Place& body) { state_.navigator().open_beside(body); });
    connectEvidence(docks_->panel<Inspector>());
    navigation_->connectPlaces(docks_->panel<ExplainView>());
    connectEvidence(docks_->panel<ExplainView>());
    connectEvidence(docks_->panel<ProblemsView>());
    connect(outline, &OutlineView::failureChosen, this, [this](int failure) {
        docks_->show(QStringLiteral("problems"));
        docks_->panel<ProblemsView>()->showFailure(failure);
    });
    connect(ledger, &LedgerView::rowClicked, this, [this](int row) {
        const NavState& at = state_.at();
        if (at.row != row || at.subject != Subject::Invocation)
            state_.navigator().select_invocation(row);
        state_.flush();
        docks_->panel<ExplainView>()->showRow(row); // also where one was there already
        docks_->show(QStringLiteral("explanation"));
    });
    connect(ledger, &LedgerView::comparisonAsked, this, [this](int row, int other) {
        const auto [a, b] = bodies_to_compare(*state_.document(), row, other);
        if (a.graph && b.graph)
            compareBodies(a, b);
        else
            state_.say(tr("The two calls have no bodies in the same stage"), true);
    });
    connect(ledger, &LedgerView::compilationChosen, this,
        [this](CompilationId) { docks_->show(QStringLiteral("explanation")); });
    connect(ledger, &LedgerView::rowActivated, this, [this](int row) {
        state_.navigator().select_invocation(row);
        panes_->focused().canvas().setFocus();
    });
    connect(docks_->panel<BodyText>(), &BodyText::nodeChosen, this,
        [this](NodeId node) { state_.navigator().select_node(state_.at().focus, node); });
    panes_->setItemMenu(items_->filler());
    outline->setItemMenu(items_->filler());
    ledger->setItemMenu(items_->filler());
    docks_->panel<ProblemsView>()->setItemMenu(items_->filler());
    connect(
        items_, &ItemMenus::spotChosen, this, [this](FileId file, quint64 line) { showLine(file, line); });
    run_->folder = [this] { return loader_->folder(); };
}

void MainWindow::connectFiles() {
    connect(loader_, &Loader::reading, this, [this](const QString& names) {
        if (state_.document())
            return;
        start_->setError({}, {});
        state_.say(tr("Reading %1").arg(names));
    });
    const auto remember = [this] { recents_->add(loader_->paths()); };
    connect(loader_, &Loader::shown, this, remember);
    connect(loader_, &Loader::shown, this, [this](bool sameRun) {
        if (!sameRun && state_.document()->first_to_explain())
            docks_->bringForward(QStringLiteral("explanation"));
    });
    connect(keeper_, &SessionKeeper::saved, this, remember);
    connect(recents_, &RecentMenu::chosen, this, [this](const QStringList& paths) { openPaths(paths); });
    connect(loader_, &Loader::opened, this, &MainWindow::opened);
    connect(loader_, &Loader::failed, this, &MainWindow::failed);
    connect(&state_, &WindowState::failedTo, this, &MainWindow::showError);
}

} // namespace hopscope
