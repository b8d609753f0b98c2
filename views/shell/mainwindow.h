// The main window: docks around two panes, everything tied to one Navigator. Holds no knowledge of its own.
#pragma once

#include "core/browse/navigator.h"
#include "core/browse/note_history.h"
#include "core/browse/notes.h"
#include "views/base/jobs.h"
#include "views/base/runcontroller.h"
#include "views/base/theme.h"
#include "views/canvas/canvas.h"
#include "views/export/exporting.h"
#include "views/shell/actions.h"
#include "views/shell/scenes.h"

#include <QMainWindow>
#include <QSettings>
#include <QTimer>

#include <array>
#include <map>
#include <memory>

class QDockWidget;
class QLabel;
class QSplitter;
class QStackedWidget;
class QMenu;

namespace hopscope {

class BodyText;
class CompareView;
class GotoBox;
class Inspector;
class JobStrip;
class LedgerView;
class OutlineView;
class PaneView;
class ProblemsView;
class StartPage;
class StepperBar;
class StepsView;
class ValueView;

class MainWindow : public QMainWindow {
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
    void openSample();
    static QStringList samplePaths(); // empty where it is not installed
    void saveSession(const QString& path);
    void exportTo(const ExportRequest& request);
    void closeDump();
    // Runs a body of the dump that is open; ends what ran before.
    void startRun(const run::Request& request);
    // "values", "steps": brings that dock to the front. False where there is none of that name.
    bool showDock(const QString& name);

    bool idle() const { return jobs_.idle() && run_.idle(); }
    // Why the last opening, going, saving or exporting failed; empty when it did not.
    const Error* lastError() const { return hasError_ ? &lastError_ : nullptr; }

    // --- for tests and scripts
    Actions& actions() { return actions_; }
    Navigator& navigator() { return navigator_; }
    JobRunner& jobs() { return jobs_; }
    NoteStore& notes() { return notes_; }
    std::shared_ptr<const Document> document() const { return document_; }
    PaneView& pane(Pane p) { return *panes_[size_t(p)]; }
    LedgerView& ledger() { return *ledger_; }
    OutlineView& outline() { return *outline_; }
    Inspector& inspector() { return *inspector_; }
    ProblemsView& problems() { return *problems_; }
    BodyText& bodyText() { return *bodyText_; }
    StartPage& startPage() { return *start_; }
    RunController& run() { return run_; }
    ValueView& values() { return *values_; }
    StepsView& steps() { return *steps_; }
    CompareView& comparison() { return *compare_; }
    GotoBox& gotoBox() { return *goto_; }
    QStringList allPaths() const { return paths_; }

Q_SIGNALS:
    void opened(); // a dump is shown
    void failed(); // opening failed; see lastError()

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    struct Loaded;

    // mainwindow.cpp: what there is
    void buildCentre();
    void buildDocks();
    void buildToolBar();
    void buildStatusBar();
    void defaultLayout();
    void restoreWindow();
    void saveWindow();
    QDockWidget* addDock(const QString& name, const QString& title, QWidget* content, Qt::DockWidgetArea area,
        const QString& key);

    // mainwindow_actions.cpp: menus, what each action does, and which can apply
    void buildMenus();
    void connectActions();
    void on(Do what, std::function<void()> slot);
    void updateActions();
    void fillRecentMenu();
    void fillHistoryMenu(QMenu* menu, bool back);
    void setTheme(Mode mode);
    void showUsers();
    void showKeys();
    void showAbout();
    void showNodeMenu(Pane pane, NodeId node, const QPoint& at);

    // mainwindow_run.cpp, mainwindow_runmarks.cpp: a run and what is shown of it
    void buildRunDocks();
    void connectRun();
    void connectRunActions();
    void updateRunActions(const QString& noDump);

    // mainwindow_derive.cpp: joint graphs, proofs and schemas, by the executor
    void connectDerive();
    void updateDeriveActions();
    void askAbout(const QString& name, std::function<void(const Document&, void*, const Job&)> work,
        std::function<void(void*)> done);
    void showReport(const QString& title, const QString& text);
    void runDialog();
    void runChanged();
    void runMoved();
    void followRun();
    void markRun(Pane pane);
    void tagNodes(Pane pane);
    QString timeTag(const Place& node, double* share) const;
    void toggleBreakpoint();
    void saveValues();

    // mainwindow_files.cpp: opening, sessions, export
    void openDialog(bool folder);
    void loaded(const std::shared_ptr<Loaded>& result);
    void setDocument(std::shared_ptr<const Document> document, bool sameRun);
    void showError(const QString& title, const Error& error);
    void note(const QString& message, bool isError = false); // in the status bar
    void exportDialog();
    void saveDialog();
    void saveView();
    void restoreView();
    bool mayDiscard();

    // mainwindow_views.cpp: from the navigator to the views
    void navigated(const NavState& before);
    void showPane(Pane pane);
    QString whyNoGraph() const;
    void sceneReady(const SceneStore::Key& key);
    void sceneFailed(const SceneStore::Key& key, const QString& message);
    SceneStore::Key keyOf(Pane pane) const;
    void rememberView(Pane pane);
    void updateMarks();
    void updateNotes();
    void notesChanged(const Status& status, const QString& what);
    void undoNote(bool redo);
    static QString stepName(std::optional<NoteHistory::Kind> kind); // "delete note"; empty for none
    void updateInspector();
    void updateStatus();
    QString whyNotDot() const;
    void updateTitle();
    HoverCard hoverCard(Pane pane, NodeId node) const;
    void connectViews();
    void connectPane(Pane pane);
    bool canvasKey(PaneView& pane, const QKeyEvent& key);
    PaneView& focusedPane() { return *panes_[size_t(navigator_.state().focus)]; }

    Options options_;
    std::unique_ptr<QSettings> settings_;
    Actions actions_;
    JobRunner jobs_;
    RunController run_{&jobs_};
    RunController::State runState_ = RunController::State::None; // as last seen
    SceneStore scenes_;
    Navigator navigator_;
    NoteStore notes_;
    NoteHistory history_{&notes_};
    std::shared_ptr<const Document> document_;
    QStringList paths_; // of the open dump
    JobRunner::Id loading_ = 0;
    int loadGeneration_ = 0;
    bool hasError_ = false;
    Error lastError_;

    QStackedWidget* stack_ = nullptr;
    QSplitter* split_ = nullptr;
    StartPage* start_ = nullptr;
    std::array<PaneView*, 2> panes_{};
    std::array<SceneStore::Key, 2> shown_{}; // the picture in each pane
    std::map<SceneStore::Key, ViewState> views_; // where the person left each picture
    OutlineView* outline_ = nullptr;
    Inspector* inspector_ = nullptr;
    LedgerView* ledger_ = nullptr;
    ProblemsView* problems_ = nullptr;
    BodyText* bodyText_ = nullptr;
    StepperBar* stepper_ = nullptr;
    ValueView* values_ = nullptr;
    StepsView* steps_ = nullptr;
    CompareView* compare_ = nullptr;
    JobStrip* strip_ = nullptr;
    GotoBox* goto_ = nullptr;
    QList<QDockWidget*> docks_;
    QLabel* statusText_ = nullptr;
    QLabel* statusCounts_ = nullptr;
    QMenu* recentMenu_ = nullptr;
    QTimer saveTimer_;
    double readSeconds_ = 0;
    bool saveBegun_ = false;
    bool closeAfterSave_ = false; // the person closed the window and asked for the notes to be kept
};

} // namespace hopscope
