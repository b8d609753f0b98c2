// The main window: wiring. It makes the state, the panels and their presenters, and ties them together.
#pragma once

#include "views/base/itemmenu.h"
#include "views/base/theme.h"
#include "views/canvas/canvas.h"
#include "views/export/exporting.h"
#include "views/shell/actions.h"
#include "views/shell/docks.h"
#include "views/shell/windowstate.h"

#include <QMainWindow>
#include <QPointer>
#include <QSettings>

#include <memory>
#include <vector>

namespace hopscope {

class BodyText;
class CompareView;
class DiffPresenter;
class OtherDump;
class DiffView;
class ErrorBar;
class FindPresenter;
class FocusMark;
class DumpText;
class ExplainView;
class Exporter;
class GotoBox;
class HelpView;
class Inspector;
class ItemMenus;
class LedgerView;
class LegendView;
class Loader;
class Navigation;
class OnePicture;
class OutlineView;
class OwnKeys;
class PanePresenter;
class PaneView;
class ProblemsView;
class RecentMenu;
class RunPresenter;
class SessionKeeper;
class StartPage;
class StepsView;
class ValueView;

class MainWindow : public QMainWindow, private Follower {
    Q_OBJECT

public:
    struct Options {
        // Nothing of the person's settings is read or written, and nothing is shown that differs from run to
        // run.
        bool reproducible = false;
    };
    explicit MainWindow(const Options& options, QWidget* parent = nullptr);
    ~MainWindow() override;

    // Opens files, folders or one session, as evidence about one run. `at` is an address to go to.
    void openPaths(const QStringList& paths, const QString& at = {});
    // What was pasted: an untitled dump, which a session can keep.
    void openText(const QString& text);
    void saveSession(const QString& path);
    void exportTo(const ExportRequest& request);
    void closeDump();
    // Runs a body of the dump that is open; ends what ran before.
    void startRun(const run::Request& request);
    // "values", "steps": brings that dock to the front. False where there is none of that name.
    bool showDock(const QString& name);

    // A line of the dump's text, in its dock.
    void showLine(FileId file, uint64_t line);

    // Draws the body of the focused pane so, as a change of view that can be taken back.
    void drawFocused(const PictureChoice& choice);
    // Shows two bodies side by side and compares them.
    void compareBodies(const Place& a, const Place& b);
    void compareDump(const QStringList& paths); // its ledger beside this one's

    bool idle(); // no job runs, and all that changed is shown
    // Why the last opening, going, saving or exporting failed; null when it did not.
    const Error* lastError() const { return state_.lastError(); }

    // --- for tests and scripts: what is shown is up to date
    WindowState& state() { return state_; }
    Actions& actions();
    Navigator& navigator() { return state_.navigator(); }
    JobRunner& jobs() { return state_.jobs(); }
    NoteStore& notes() { return state_.notes(); }
    RunController& run() { return state_.run(); }
    std::shared_ptr<const Document> document() const { return state_.document(); }
    PaneView& pane(Pane pane);
    Docks& docks();
    LedgerView& ledger();
    OutlineView& outline();
    Inspector& inspector();
    ExplainView& explanation();
    DiffView& diff();
    OnePicture& onePicture() { return *one_; }
    DumpText& dumpText();
    ProblemsView& problems();
    BodyText& bodyText();
    ValueView& values();
    StepsView& steps();
    CompareView& comparison();
    StartPage& startPage();
    ErrorBar& errorBar() { return *error_; }
    FocusMark& focusMark() { return *focusMark_; }
    GotoBox& gotoBox();
    LegendView& legend();
    HelpView* help() const { return help_; } // null until it was asked for
    // The menu of an item, wherever it stands.
    void fillItemMenu(QMenu& menu, const Item& item);

Q_SIGNALS:
    void opened(); // a dump is shown
    void exported(const QString& note); // Exporter::written
    void failed(); // opening failed; see lastError()

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void showEvent(QShowEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void follow(const Shown& shown, Changes changed) override;

    // mainwindow.cpp: what there is
    void build();
    void tellPanels();
    template <class T, class... Arguments> T* make(Arguments&&... arguments);

    // mainwindow_wiring.cpp: from the panels to whoever does what they ask
    void connectActions();
    void connectPanels();
    template <class Panel> void connectEvidence(Panel* panel);
    void connectFiles();

    // mainwindow_window.cpp: the window itself
    void restoreWindow();
    void saveWindow();
    void fitToScreen();
    void setTheme(Mode mode);
    void setTextScale(double scale);
    void arrange(Docks::Arrangement as, bool anew);
    void checkArrangement();
    void markFocus(const QWidget* focus);
    void openDialog(bool folder);
    void paste();
    void showError(const QString& title, const Error& error);
    void showKeys();
    void showHelp();
    void showAbout();

    std::unique_ptr<QSettings> settings_; // null where nothing is kept
    Actions actions_;
    WindowState state_;
    StartPage* start_ = nullptr;
    Docks* docks_ = nullptr;
    PanePresenter* panes_ = nullptr;
    Navigation* navigation_ = nullptr;
    RunPresenter* run_ = nullptr;
    FindPresenter* find_ = nullptr;
    ItemMenus* items_ = nullptr;
    HelpView* help_ = nullptr;
    DiffPresenter* diff_ = nullptr;
    OnePicture* one_ = nullptr;
    OtherDump* other_ = nullptr;
    Loader* loader_ = nullptr;
    SessionKeeper* keeper_ = nullptr;
    Exporter* exporter_ = nullptr;
    RecentMenu* recents_ = nullptr;
    ErrorBar* error_ = nullptr;
    FocusMark* focusMark_ = nullptr;
    OwnKeys* keys_ = nullptr;
    Docks::Arrangement arrangement_{};
    bool restored_ = false; // the person's own arrangement is there, or one was made for the window's size
    std::vector<std::unique_ptr<QObject>> presenters_; // owns them: they go before the state and the widgets
};

} // namespace hopscope
