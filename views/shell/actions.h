// All actions of the window, made in one place: name, text, icon, keys and where the keys work.
#pragma once

#include "core/export/overlay.h"

#include <QAction>
#include <QList>

#include <QObject>

#include <functional>
#include <initializer_list>
#include <utility>
#include <vector>

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
    Paste,
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
    WheelZooms,
    Fold,
    FoldRepeats,
    LeftToRight,
    Hairpin,
    AlignHalves,
    SavedLinks,
    OverlayNone,
    OverlayBytes,
    OverlayUsers,
    OverlayDecision,
    OverlayTime,
    OverlayError,
    ExpandHere,
    CollapseHere,
    ExpandLevel,
    ExpandAll,
    CollapseAll,
    HideNodes,
    HideOthers,
    Extract,
    RevealInputs,
    RevealOutputs,
    ShowAll,
    TraceAncestors,
    TraceDescendants,
    TracePath,
    UndoView,
    RedoView,
    MinimapAuto,
    MinimapTopLeft,
    MinimapTopRight,
    MinimapBottomLeft,
    MinimapBottomRight,
    LayoutLayered,
    LayoutDot,
    ThemeSystem,
    ThemeLight,
    ThemeDark,
    FullScreen,
    TextLarger,
    TextSmaller,
    TextReset,
    DefaultLayout,
    DebugLayout,
    CompareLayout,
    RestoreLayout,
    LinkPanes,
    SinglePane,
    OpenBeside,
    OtherPane,
    ComparePanes,
    OnePicture,
    NextDifference,
    PreviousDifference,
    DumpPage,
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
    CompareDump,
    LinkViews,
    CompareRun,
    FollowStep,
    ValuesOnNodes,
    TimesOnNodes,
    HelpPages,
    WhatsThis,
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

    // What is done, as long as `context` lives. `settle` is called before and after: an action that what came
    // earlier in this turn of the event loop has greyed is not done, and what one did is shown when it is
    // done.
    using Slots = std::initializer_list<std::pair<Do, std::function<void()>>>;
    void connectTo(QObject* context, Slots table);
    std::function<void()> settle = [] {};
    void onToggled(Do what, QObject* context, std::function<void(bool)> slot);

    // Keys without Ctrl or Alt belong to one part of the window: elsewhere they are text.
    void restrictTo(QWidget* widget, std::initializer_list<Do> table);
    // Some keys step back in a run while there is one, and something else without: each belongs to one action
    // at a time. F10 is no such key: it steps over, and without a run it says that nothing runs.
    void setRunning(bool running);
    // Greys actions and says why in their tooltips; an empty reason enables them.
    void setReason(Do what, const QString& reason);
    void setReason(std::initializer_list<Do> table, const QString& reason);
    void setText(Do what, const QString& text, const QString& tip);
    // The tooltip: what it does, why it is greyed, and last the key in brackets.
    static void updateToolTip(QAction* action);
    // What to say where a key was pressed whose action cannot apply now: "Step Over: nothing runs"; else
    // empty.
    QString whyNot(const QKeySequence& key) const;

private:
    struct Spec;
    static const std::vector<Spec>& specs();
    void setKeys(Do what, const char* now, const char* otherwise, const QString& when);

    QList<QAction*> actions_;
    bool running_ = true; // not as at first
};

// What shows it: Do::OverlayBytes for OverlayKind::Bytes.
Do overlayAction(OverlayKind kind);

} // namespace hopscope
