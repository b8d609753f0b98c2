// All actions of the window, made in one place: name, text, icon, keys and where the keys work.
#pragma once

#include <QAction>
#include <QHash>
#include <QList>
#include <QObject>

class QWidget;

namespace hopscope {

// What is done; the window connects each to its slot.
enum class Do {
    Open,
    OpenFolder,
    OpenSample,
    Reload,
    SaveSession,
    Export,
    CloseDump,
    Quit,
    ClearRecents,
    Undo,
    Redo,
    Copy,
    CopyAddress,
    CopyStatement,
    Find,
    FindNext,
    FindPrevious,
    FilterLedger,
    AddNote,
    ToggleBookmark,
    Fit,
    FitSelection,
    ZoomIn,
    ZoomOut,
    Zoom100,
    Minimap,
    Fold,
    LayoutLayered,
    LayoutDot,
    ThemeSystem,
    ThemeLight,
    ThemeDark,
    FullScreen,
    DefaultLayout,
    OtherPane,
    Back,
    Forward,
    Up,
    GoTo,
    NextInvocation,
    PreviousInvocation,
    NextReused,
    PreviousReused,
    NextTraced,
    PreviousTraced,
    StepInto,
    StepOut,
    NextNode,
    PreviousNode,
    NextStage,
    PreviousStage,
    Users,
    Bookmark1,
    Bookmark2,
    Bookmark3,
    Bookmark4,
    Bookmark5,
    Bookmark6,
    Bookmark7,
    Bookmark8,
    Bookmark9,
    RunBody,
    RunContinue,
    RunBack,
    RunOver,
    RunBackOver,
    RunBackInto,
    RunBackOut,
    RunToNode,
    RunBackToNode,
    RunToEnd,
    ToggleBreakpoint,
    NextNonFinite,
    PreviousNonFinite,
    RunRestart,
    RunStop,
    WatchNode,
    MeasureTimes,
    SaveValues,
    KeepRun,
    DeriveJoint,
    ProveRegion,
    CallSchema,
    CompareRun,
    FollowStep,
    ValuesOnNodes,
    TimesOnNodes,
    KeyList,
    About,
    Count_
};

class Actions : public QObject {
    Q_OBJECT

public:
    // Makes all actions as children of `window` and adds them to it, so that their keys work.
    explicit Actions(QWidget* window);

    QAction* operator[](Do what) const { return actions_[int(what)]; }
    QList<QAction*> all() const { return actions_; }
    // An action that is made elsewhere (docks, recent files): its tooltip follows the same rule.
    void adopt(QAction* action);

    // Some keys step a run while there is one, and something else without: each belongs to one action at a
    // time.
    void setRunning(bool running);
    // Greys an action and says why in its tooltip; an empty reason enables it.
    void setReason(Do what, const QString& reason);
    // The tooltip: what it does, why it is greyed, and last the key in brackets.
    static void updateToolTip(QAction* action);

private:
    void setKeys(Do what, const char* now, const char* otherwise, const QString& when);

    QList<QAction*> actions_;
};

} // namespace hopscope
