#include "views/shell/actions.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QWidget>

namespace hopscope {

namespace {
struct Spec {
    Do what;
    const char* name; // object name
    const char* text; // in menus, with mnemonic
    const char* tip; // what it does, without the key
    const char* keys; // "Ctrl+G; Ctrl+P", the first is shown
    const char* icon;
    bool checkable = false;
};

constexpr Spec kSpecs[] = {
    {Do::Open, "file.open", "&Open…", "Open dump files or a session", "Ctrl+O", "open"},
    {Do::OpenFolder, "file.openFolder", "Open &Folder…",
        "Open a folder of dumps, such as a trace with several ranks", "Ctrl+Shift+O", "folder"},
    {Do::OpenSample, "file.openSample", "Open S&ample", "Open the sample that comes with Hopscope", "", ""},
    {Do::Reload, "file.reload", "&Reload", "Read the dump again; selection and view stay", "Ctrl+R", ""},
    {Do::SaveSession, "file.saveSession", "&Save as Session…",
        "Keep the dump, its notes and this view in one file", "Ctrl+S", "save-session"},
    {Do::Export, "file.export", "&Export…", "Export a body as a picture or as data", "Ctrl+E", "export"},
    {Do::CloseDump, "file.close", "&Close", "Close the dump", "Ctrl+W", ""},
    {Do::Quit, "file.quit", "&Quit", "Quit Hopscope", "Ctrl+Q", ""},
    {Do::ClearRecents, "file.clearRecents", "&Clear List", "Forget the recent files", "", ""},
    {Do::Undo, "edit.undo", "&Undo", "Take the last change of a note back", "Ctrl+Z", ""},
    {Do::Redo, "edit.redo", "&Redo", "Make the change of a note again", "Ctrl+Shift+Z", ""},
    {Do::Copy, "edit.copyName", "Copy &Name", "Copy the selected node's name", "Ctrl+Shift+C", "copy"},
    {Do::CopyAddress, "edit.copyAddress", "Copy &Address",
        "Copy the address of what is inspected, as the command line takes it", "Ctrl+Shift+A", ""},
    {Do::CopyStatement, "edit.copyStatement", "Copy &Statement",
        "Copy the selected node's statement as PyTorch prints it", "Ctrl+Shift+X", ""},
    {Do::Find, "edit.find", "&Find…", "Find nodes in the focused pane", "Ctrl+F", "find"},
    {Do::FindNext, "edit.findNext", "Find N&ext", "Go to the next hit", "F3", ""},
    {Do::FindPrevious, "edit.findPrevious", "Find &Previous", "Go to the previous hit", "Shift+F3", ""},
    {Do::FilterLedger, "edit.filter", "F&ilter Ledger", "Filter the ledger", "Ctrl+Shift+F", "filter"},
    {Do::AddNote, "edit.addNote", "Add &Note", "Write a note on what is inspected", "Ctrl+Shift+N", "note"},
    {Do::ToggleBookmark, "edit.bookmark", "&Bookmark",
        "Bookmark what is inspected, or take its bookmark away", "Ctrl+B", "bookmark"},
    {Do::Fit, "view.fit", "&Fit", "Show the whole body", "Space", "fit"},
    {Do::FitSelection, "view.fitSelection", "Fit &Selection", "Zoom to the selected node", "Shift+Space",
        "fit-selection"},
    {Do::ZoomIn, "view.zoomIn", "Zoom &In", "Zoom in", "Ctrl++; Ctrl+=", "zoom-in"},
    {Do::ZoomOut, "view.zoomOut", "Zoom &Out", "Zoom out", "Ctrl+-", "zoom-out"},
    {Do::Zoom100, "view.zoom100", "&100 %", "Show the body in its own size", "Ctrl+0", ""},
    {Do::Minimap, "view.minimap", "&Minimap", "Show or hide the minimap", "M", "minimap", true},
    {Do::Fold, "view.fold", "Fold into &Ports",
        "Show getitems, get_attrs and parameters as ports of the nodes that they belong to", "F", "fold",
        true},
    {Do::LayoutLayered, "view.layoutLayered", "&Layered",
        "Place all bodies with the layered layout: orthogonal lines, the same picture on every machine", "",
        "", true},
    {Do::LayoutDot, "view.layoutDot", "Graphviz &dot (small bodies)",
        "Place small bodies with Graphviz dot, the others with the layered layout", "", "", true},
    {Do::ThemeSystem, "view.themeSystem", "&System", "Follow the desktop's light or dark colours", "", "",
        true},
    {Do::ThemeLight, "view.themeLight", "&Light", "Light colours", "", "", true},
    {Do::ThemeDark, "view.themeDark", "&Dark", "Dark colours", "", "", true},
    {Do::FullScreen, "view.fullScreen", "F&ull Screen", "Fill the screen with the window", "Alt+Return", "",
        true},
    {Do::DefaultLayout, "view.defaultLayout", "Restore &Default Layout",
        "Put docks and splitters back where they belong", "", ""},
    {Do::OtherPane, "view.other_pane", "O&ther Pane", "Move the focus to the other pane", "F6", ""},
    {Do::Back, "go.back", "&Back", "Go back to where you were", "Alt+Left", "back"},
    {Do::Forward, "go.forward", "&Forward", "Go forward again", "Alt+Right", "forward"},
    {Do::Up, "go.up", "&Up", "Go to the body around this one", "Alt+Up", "up"},
    {Do::GoTo, "go.goTo", "&Go to…", "Go to a node, body, region, call or source line", "Ctrl+G; Ctrl+P",
        "goto"},
    {Do::NextInvocation, "go.nextInvocation", "&Next Invocation", "Go to the next invocation",
        "Alt+PgDown; F10", "next-invocation"},
    {Do::PreviousInvocation, "go.previousInvocation", "&Previous Invocation", "Go to the previous invocation",
        "Shift+F10", "prev-invocation"},
    {Do::NextReused, "go.nextReused", "Next &Reused", "Go to the next invocation that was reused", "F7",
        "next-reused"},
    {Do::PreviousReused, "go.previousReused", "Previous R&eused",
        "Go to the previous invocation that was reused", "Shift+F7", "prev-reused"},
    {Do::NextTraced, "go.nextTraced", "Next &Traced", "Go to the next invocation whose body was traced", "F8",
        "next-traced"},
    {Do::PreviousTraced, "go.previousTraced", "Previous Tra&ced",
        "Go to the previous invocation whose body was traced", "Shift+F8", "prev-traced"},
    {Do::StepInto, "go.stepInto", "Step &Into", "Go into the body of the selected call", "F11", "step-into"},
    {Do::StepOut, "go.stepOut", "Step &Out", "Go out of the region's body, to its call",
        "Ctrl+F11; Shift+F11", "step-out"},
    {Do::NextNode, "go.nextNode", "Next N&ode", "Select the next node in execution order", "Ctrl+Right", ""},
    {Do::PreviousNode, "go.previousNode", "Previous No&de", "Select the previous node in execution order",
        "Ctrl+Left", ""},
    {Do::NextStage, "go.nextStage", "Next &Stage",
        "Show the next graph of the compilation in the focused pane", "Ctrl+PgDown", ""},
    {Do::PreviousStage, "go.previousStage", "Previous St&age",
        "Show the previous graph of the compilation in the focused pane", "Ctrl+PgUp", ""},
    {Do::Users, "go.users", "Users of the &Value", "List the users of the selected value", "X", ""},
    {Do::Bookmark1, "go.bookmark1", "Bookmark &1", "Go to bookmark 1", "Ctrl+1", ""},
    {Do::Bookmark2, "go.bookmark2", "Bookmark &2", "Go to bookmark 2", "Ctrl+2", ""},
    {Do::Bookmark3, "go.bookmark3", "Bookmark &3", "Go to bookmark 3", "Ctrl+3", ""},
    {Do::Bookmark4, "go.bookmark4", "Bookmark &4", "Go to bookmark 4", "Ctrl+4", ""},
    {Do::Bookmark5, "go.bookmark5", "Bookmark &5", "Go to bookmark 5", "Ctrl+5", ""},
    {Do::Bookmark6, "go.bookmark6", "Bookmark &6", "Go to bookmark 6", "Ctrl+6", ""},
    {Do::Bookmark7, "go.bookmark7", "Bookmark &7", "Go to bookmark 7", "Ctrl+7", ""},
    {Do::Bookmark8, "go.bookmark8", "Bookmark &8", "Go to bookmark 8", "Ctrl+8", ""},
    {Do::Bookmark9, "go.bookmark9", "Bookmark &9", "Go to bookmark 9", "Ctrl+9", ""},
    {Do::RunBody, "run.body", "Run &Body…", "Choose what to run on the CPU, and on which inputs", "Ctrl+F5",
        "run-body"},
    {Do::RunContinue, "run.continue", "&Run",
        "Run to the next breakpoint or the end; without a run, choose what to run", "F5", "run"},
    {Do::RunBack, "run.back", "Run Bac&k", "Go back to the breakpoint before, or the start", "Shift+F5",
        "run-back"},
    {Do::RunOver, "run.over", "Step &Over", "Run the next node, with all that it calls", "", "step-over"},
    {Do::RunBackOver, "run.backOver", "Step Back O&ver", "Go back by one node, with all that it calls", "",
        "step-back"},
    {Do::RunBackInto, "run.backInto", "Step Back I&nto", "Go back by one step, into a call's body", "", ""},
    {Do::RunBackOut, "run.backOut", "Step Back O&ut", "Go back to the call of this body", "", ""},
    {Do::RunToNode, "run.toNode", "Run to the Selected &Node", "Run until the selected node is next",
        "Ctrl+F10", "to-cursor"},
    {Do::RunBackToNode, "run.backToNode", "Run Back to the Selected No&de",
        "Go back until the selected node is next", "Ctrl+Shift+F10", ""},
    {Do::RunToEnd, "run.computeAll", "Compute A&ll", "Compute to the end of the run, and stay here", "", ""},
    {Do::ToggleBreakpoint, "run.breakpoint", "Break&point", "Stop before the selected node, or no more", "F9",
        "breakpoint"},
    {Do::NextNonFinite, "run.nextNonFinite", "Next Na&N or Inf",
        "Run until a node makes a NaN or an infinity", "F4", "next-nonfinite"},
    {Do::PreviousNonFinite, "run.previousNonFinite", "Previous NaN or In&f",
        "Go back to where a node made a NaN or an infinity", "Shift+F4", "prev-nonfinite"},
    {Do::RunRestart, "run.restart", "R&estart", "Start the run anew, and go to the same position",
        "Ctrl+Shift+F5", "restart"},
    {Do::RunStop, "run.stop", "&Stop", "End the run; its values go", "Ctrl+F2", "stop"},
    {Do::WatchNode, "run.watch", "&Watch the Selected Node",
        "Show the selected node's value in the watch list, or no more", "Ctrl+Shift+W", ""},
    {Do::MeasureTimes, "run.measure", "Measure &Times", "Run several times, and show each node's median time",
        "Ctrl+Shift+T", "timing"},
    {Do::SaveValues, "run.save", "Save All &Values…", "Save all values at this position as .safetensors", "",
        "save"},
    {Do::KeepRun, "run.keep", "&Keep Run in Session",
        "Keep the run's figures, and its comparison, in the session", "", ""},
    {Do::DeriveJoint, "run.joint", "Derive &Joint Graph",
        "Differentiate the shown forward body, and show its joint graph beside it", "", ""},
    {Do::ProveRegion, "run.prove", "&Prove Region",
        "Run the region's forward and backward, its recorded and its derived joint graph on the same inputs",
        "", ""},
    {Do::CallSchema, "run.schema", "Sc&hema of the Call",
        "Write the selected region call's schema, with what its body writes into", "", ""},
    {Do::CompareRun, "run.compare", "&Compare…",
        "Compare the run node by node, and find where it first differs", "Ctrl+Shift+D", ""},
    {Do::FollowStep, "run.follow", "Selection &Follows the Step",
        "Select the node that ran last after each step", "", "", true},
    {Do::ValuesOnNodes, "view.valuesOnNodes", "&Values on Nodes", "Show each value of the run under its node",
        "V", "values", true},
    {Do::TimesOnNodes, "view.timesOnNodes", "&Times on Nodes", "Show each node's share of the measured time",
        "T", "", true},
    {Do::KeyList, "help.keys", "&Keys", "List and search all keys", "F1", ""},
    {Do::About, "help.about", "&About Hopscope", "Version and licence", "", ""},
};
static_assert(std::size(kSpecs) == size_t(Do::Count_));
} // namespace

Actions::Actions(QWidget* window)
    : QObject(window) {
    actions_.fill(nullptr, int(Do::Count_));
    for (const Spec& spec : kSpecs) {
        auto* action = new QAction(qs(spec.text), window);
        action->setObjectName(qs(spec.name));
        action->setProperty("tip", qs(spec.tip));
        action->setCheckable(spec.checkable);
        QList<QKeySequence> keys;
        for (const QString& key : qs(spec.keys).split(QStringLiteral("; "), Qt::SkipEmptyParts))
            keys << QKeySequence(key, QKeySequence::PortableText);
        action->setShortcuts(keys);
        if (*spec.icon)
            action->setIcon(icon(qs(spec.icon)));
        adopt(action);
        window->addAction(action);
        actions_[int(spec.what)] = action;
    }
    setRunning(false);
}

void Actions::adopt(QAction* action) {
    if (!action->property("tip").isValid())
        action->setProperty("tip", action->text().remove(QLatin1Char('&')));
    updateToolTip(action);
}

void Actions::setKeys(Do what, const char* now, const char* otherwise, const QString& when) {
    const auto keys = [](const char* text) {
        QList<QKeySequence> list;
        for (const QString& key : qs(text).split(QStringLiteral("; "), Qt::SkipEmptyParts))
            list << QKeySequence(key, QKeySequence::PortableText);
        return list;
    };
    QAction* action = actions_[int(what)];
    action->setShortcuts(keys(now));
    QStringList others;
    for (const QKeySequence& key : keys(otherwise)) {
        if (!action->shortcuts().contains(key))
            others << key.toString(QKeySequence::NativeText);
    }
    // The list of keys names these too.
    action->setProperty("otherKeys", others.isEmpty() ? QString() : others.join(QStringLiteral(", ")) + when);
    updateToolTip(action);
}

void Actions::setRunning(bool running) {
    struct Shared {
        Do what;
        const char* running; // keys while a run is stepped
        const char* otherwise;
    };
    // Taken keys are given up before they are given away.
    constexpr Shared kShared[] = {
        {Do::NextInvocation, "Alt+PgDown", "Alt+PgDown; F10"},
        {Do::PreviousInvocation, "Alt+PgUp", "Alt+PgUp; Shift+F10"},
        {Do::StepOut, "Ctrl+F11", "Ctrl+F11; Shift+F11"},
        {Do::RunOver, "F10", ""},
        {Do::RunBackOver, "Shift+F10", ""},
        {Do::RunBackInto, "Shift+F11", ""},
        {Do::RunBackOut, "Ctrl+Shift+F11", ""},
    };
    for (const Shared& shared : kShared)
        setKeys(shared.what, running ? shared.running : shared.otherwise,
            running ? shared.otherwise : shared.running, running ? tr(" without a run") : tr(" in a run"));
    const auto say = [this](Do what, const QString& text, const QString& tip) {
        actions_[int(what)]->setText(text);
        actions_[int(what)]->setProperty("tip", tip);
        updateToolTip(actions_[int(what)]);
    };
    say(Do::StepInto, tr("Step &Into"),
        running ? tr("Step into the body that the next node calls")
                : tr("Go into the body of the selected call"));
    say(Do::StepOut, tr("Step &Out"),
        running ? tr("Run to the end of this body, to behind its call")
                : tr("Go out of the region's body, to its call"));
}

void Actions::setReason(Do what, const QString& reason) {
    QAction* action = actions_[int(what)];
    action->setEnabled(reason.isEmpty());
    action->setProperty("reason", reason);
    updateToolTip(action);
}

void Actions::updateToolTip(QAction* action) {
    QString text = action->property("tip").toString();
    const QString reason = action->property("reason").toString();
    // A QAction has no accessible name of its own: what screen readers are told of a button is its tooltip or
    // this.
    action->setProperty("accessibleName", text);
    action->setStatusTip(text);
    if (!reason.isEmpty())
        text += QStringLiteral(" – ") + reason;
    if (!action->shortcut().isEmpty())
        text += QStringLiteral(" (%1)").arg(action->shortcut().toString(QKeySequence::NativeText));
    action->setToolTip(text);
}

} // namespace hopscope
