#include "views/shell/actions.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QWidget>

namespace hopscope {

struct Actions::Spec {
    Do what;
    const char* name; // object name
    const char* text; // in menus, with mnemonic
    const char* tip; // what it does, without the key
    const char* keys; // "Ctrl+G; Ctrl+P", the first is shown
    const char* icon;
    bool checkable = false;
};

// In a function of the class: translations are looked up under its name.
const std::vector<Actions::Spec>& Actions::specs() {
    static const std::vector<Spec> table = {
        {Do::Open, "file.open", QT_TR_NOOP("&Open…"), QT_TR_NOOP("Open dump files or a session"), "Ctrl+O",
            "open"},
        {Do::OpenFolder, "file.openFolder", QT_TR_NOOP("Open &Folder…"),
            QT_TR_NOOP("Open a folder of dumps, such as a trace with several ranks"), "Ctrl+Shift+O",
            "folder"},
        {Do::OpenSample, "file.openSample", QT_TR_NOOP("Open S&ample"),
            QT_TR_NOOP("Open the sample that comes with Hopscope"), "", ""},
        {Do::Reload, "file.reload", QT_TR_NOOP("&Reload"),
            QT_TR_NOOP("Read the dump again; selection and view stay"), "Ctrl+R", ""},
        {Do::SaveSession, "file.saveSession", QT_TR_NOOP("&Save as Session…"),
            QT_TR_NOOP("Keep the dump, its notes and this view in one file"), "Ctrl+S", "save-session"},
        {Do::Export, "file.export", QT_TR_NOOP("&Export…"),
            QT_TR_NOOP("Export a body as a picture or as data"), "Ctrl+E", "export"},
        {Do::CloseDump, "file.close", QT_TR_NOOP("&Close"), QT_TR_NOOP("Close the dump"), "Ctrl+W", ""},
        {Do::Quit, "file.quit", QT_TR_NOOP("&Quit"), QT_TR_NOOP("Quit Hopscope"), "Ctrl+Q", ""},
        {Do::ClearRecents, "file.clearRecents", QT_TR_NOOP("&Clear List"),
            QT_TR_NOOP("Forget the recent files"), "", ""},
        {Do::Undo, "edit.undo", QT_TR_NOOP("&Undo"), QT_TR_NOOP("Take the last change of a note back"),
            "Ctrl+Z", ""},
        {Do::Redo, "edit.redo", QT_TR_NOOP("&Redo"), QT_TR_NOOP("Make the change of a note again"),
            "Ctrl+Shift+Z", ""},
        {Do::Copy, "edit.copyName", QT_TR_NOOP("Copy &Name"), QT_TR_NOOP("Copy the selected node's name"),
            "Ctrl+Shift+C", "copy"},
        {Do::Paste, "edit.paste", QT_TR_NOOP("Pas&te"),
            QT_TR_NOOP("Open the text, or the files, on the clipboard"), "Ctrl+V", "paste"},
        {Do::CopyAddress, "edit.copyAddress", QT_TR_NOOP("Copy &Address"),
            QT_TR_NOOP("Copy the address of what is inspected, as the command line takes it"), "Ctrl+Shift+A",
            ""},
        {Do::CopyStatement, "edit.copyStatement", QT_TR_NOOP("Copy &Statement"),
            QT_TR_NOOP("Copy the selected node's statement as PyTorch prints it"), "Ctrl+Shift+X", ""},
        {Do::Find, "edit.find", QT_TR_NOOP("&Find…"), QT_TR_NOOP("Find nodes in the focused pane"), "Ctrl+F",
            "find"},
        {Do::FindNext, "edit.findNext", QT_TR_NOOP("Find N&ext"), QT_TR_NOOP("Go to the next hit"), "F3", ""},
        {Do::FindPrevious, "edit.findPrevious", QT_TR_NOOP("Find &Previous"),
            QT_TR_NOOP("Go to the previous hit"), "Shift+F3", ""},
        {Do::FilterLedger, "edit.filter", QT_TR_NOOP("F&ilter Ledger"), QT_TR_NOOP("Filter the ledger"),
            "Ctrl+Shift+F", "filter"},
        {Do::AddNote, "edit.addNote", QT_TR_NOOP("Add &Note"),
            QT_TR_NOOP("Write a note on what is inspected"), "Ctrl+Shift+N", "note"},
        {Do::ToggleBookmark, "edit.bookmark", QT_TR_NOOP("&Bookmark"),
            QT_TR_NOOP("Bookmark what is inspected, or take its bookmark away"), "Ctrl+B", "bookmark"},
        {Do::Fit, "view.fit", QT_TR_NOOP("&Fit"), QT_TR_NOOP("Show the whole body"), "Space", "fit"},
        {Do::FitSelection, "view.fitSelection", QT_TR_NOOP("Fit &Selection"),
            QT_TR_NOOP("Zoom to the selected node"), "Shift+Space", "fit-selection"},
        {Do::ZoomIn, "view.zoomIn", QT_TR_NOOP("Zoom &In"), QT_TR_NOOP("Zoom in"),
            "Ctrl++; Ctrl+=", "zoom-in"},
        {Do::ZoomOut, "view.zoomOut", QT_TR_NOOP("Zoom &Out"), QT_TR_NOOP("Zoom out"), "Ctrl+-", "zoom-out"},
        {Do::Zoom100, "view.zoom100", QT_TR_NOOP("&100 %"), QT_TR_NOOP("Show the body in its own size"),
            "Ctrl+0", ""},
        {Do::Minimap, "view.minimap", QT_TR_NOOP("&Minimap"), QT_TR_NOOP("Show or hide the minimap"), "M",
            "minimap", true},
        {Do::WheelZooms, "view.wheelZooms", QT_TR_NOOP("&Wheel Zooms"),
            QT_TR_NOOP("The wheel zooms and Ctrl with the wheel scrolls; else the other way round"), "", "",
            true},
        {Do::Fold, "view.fold", QT_TR_NOOP("Fold into &Ports"),
            QT_TR_NOOP("Show getitems, get_attrs and parameters as ports of the nodes that they belong to"),
            "F", "fold", true},
        {Do::FoldRepeats, "view.foldRepeats", QT_TR_NOOP("Fold &Repeats"),
            QT_TR_NOOP("Draw equal blocks that follow each other once, with how many they are"), "L", "",
            true},
        {Do::LeftToRight, "view.leftToRight", QT_TR_NOOP("&Left to Right"),
            QT_TR_NOOP("Lines run from left to right instead of down"), "Shift+L", "", true},
        {Do::Hairpin, "view.hairpin", QT_TR_NOOP("Forward with &Backward"),
            QT_TR_NOOP("Draw both halves in one picture: forward down, backward up beside it"), "B", "",
            true},
        {Do::AlignHalves, "view.alignHalves", QT_TR_NOOP("Forward and Backward on the Same &Rows"),
            QT_TR_NOOP("In two panes: what belongs together at the same height, links across the gap"), "",
            "", true},
        {Do::SavedLinks, "view.savedLinks", QT_TR_NOOP("&Saved Values as Lines"),
            QT_TR_NOOP("Lines from where a value is saved to where backward takes it; else those of what is "
                       "selected alone"),
            "Shift+B", "", true},
        {Do::OverlayNone, "view.overlayNone", QT_TR_NOOP("&Kinds"),
            QT_TR_NOOP("Colour nodes by what they are"), "", "", true},
        {Do::OverlayBytes, "view.overlayBytes", QT_TR_NOOP("&Bytes"),
            QT_TR_NOOP("Colour nodes by the bytes of what they yield"), "", "", true},
        {Do::OverlayUsers, "view.overlayUsers", QT_TR_NOOP("&Users"),
            QT_TR_NOOP("Colour nodes by how many others take what they yield"), "", "", true},
        {Do::OverlayDecision, "view.overlayDecision", QT_TR_NOOP("Cache &Decision"),
            QT_TR_NOOP("Colour calls by what the cache decided"), "", "", true},
        {Do::OverlayTime, "view.overlayTime", QT_TR_NOOP("&Time"),
            QT_TR_NOOP("Colour nodes by the time that was measured"), "", "", true},
        {Do::OverlayError, "view.overlayError", QT_TR_NOOP("&Error"),
            QT_TR_NOOP("Colour nodes by their error in the last comparison, in noise floors"), "", "", true},
        {Do::ExpandHere, "view.expandHere", QT_TR_NOOP("&Expand in Place"),
            QT_TR_NOOP("Draw the body in the place of the selected call, or the blocks behind a folded one"),
            "Shift+Return", ""},
        {Do::CollapseHere, "view.collapseHere", QT_TR_NOOP("&Collapse"),
            QT_TR_NOOP("Draw the call again that the selected node came out of"), "Shift+Backspace", ""},
        {Do::ExpandLevel, "view.expandLevel", QT_TR_NOOP("Expand One &Level"),
            QT_TR_NOOP("Draw the bodies in the place of all calls that are shown"), "", ""},
        {Do::ExpandAll, "view.expandAll", QT_TR_NOOP("Expand &All"),
            QT_TR_NOOP("Draw all bodies in the place of their calls"), "Ctrl+Shift+E", ""},
        {Do::CollapseAll, "view.collapseAll", QT_TR_NOOP("C&ollapse All"),
            QT_TR_NOOP("Draw all calls and folded blocks again"), "", ""},
        {Do::HideNodes, "view.hide", QT_TR_NOOP("&Hide"), QT_TR_NOOP("Leave the selected nodes out"), "H",
            ""},
        {Do::HideOthers, "view.hideOthers", QT_TR_NOOP("Hide &Unselected"),
            QT_TR_NOOP("Leave all but the selected nodes out"), "U", ""},
        {Do::Extract, "view.extract", QT_TR_NOOP("&Extract with Neighbours"),
            QT_TR_NOOP("Draw the selected nodes with what they take and what takes them, and nothing else"),
            "E", ""},
        {Do::RevealInputs, "view.revealInputs", QT_TR_NOOP("Reveal &Inputs"),
            QT_TR_NOOP("Bring back what the selected nodes take"), "I", ""},
        {Do::RevealOutputs, "view.revealOutputs", QT_TR_NOOP("Reveal &Outputs"),
            QT_TR_NOOP("Bring back what takes the selected nodes"), "O", ""},
        {Do::ShowAll, "view.showAll", QT_TR_NOOP("Show &All"), QT_TR_NOOP("Bring back all that was left out"),
            "A", ""},
        {Do::TraceAncestors, "view.traceAncestors", QT_TR_NOOP("Trace A&ncestors"),
            QT_TR_NOOP("Dim all that the selected node does not rest on"), "Shift+I", ""},
        {Do::TraceDescendants, "view.traceDescendants", QT_TR_NOOP("Trace &Descendants"),
            QT_TR_NOOP("Dim all that does not rest on the selected node"), "Shift+O", ""},
        {Do::TracePath, "view.tracePath", QT_TR_NOOP("Trace &Paths between Two"),
            QT_TR_NOOP("Dim all that lies on no way between two selected nodes"), "Shift+P", ""},
        {Do::UndoView, "view.undo", QT_TR_NOOP("Undo &View Change"),
            QT_TR_NOOP("Take back the last expanding, folding or hiding"), "Z", ""},
        {Do::RedoView, "view.redo", QT_TR_NOOP("Redo Vie&w Change"),
            QT_TR_NOOP("Do again what was taken back of expanding, folding and hiding"), "Shift+Z", ""},
        {Do::MinimapAuto, "view.minimapAuto", QT_TR_NOOP("&Free Corner"),
            QT_TR_NOOP("Show the minimap in a corner where it covers no node, and nowhere else"), "", "",
            true},
        {Do::MinimapTopLeft, "view.minimapTopLeft", QT_TR_NOOP("Top &Left"),
            QT_TR_NOOP("Pin the minimap to the top left"), "", "", true},
        {Do::MinimapTopRight, "view.minimapTopRight", QT_TR_NOOP("Top &Right"),
            QT_TR_NOOP("Pin the minimap to the top right"), "", "", true},
        {Do::MinimapBottomLeft, "view.minimapBottomLeft", QT_TR_NOOP("&Bottom Left"),
            QT_TR_NOOP("Pin the minimap to the bottom left"), "", "", true},
        {Do::MinimapBottomRight, "view.minimapBottomRight", QT_TR_NOOP("B&ottom Right"),
            QT_TR_NOOP("Pin the minimap to the bottom right"), "", "", true},
        {Do::LayoutLayered, "view.layoutLayered", QT_TR_NOOP("&Layered"),
            QT_TR_NOOP("Place all bodies with the layered layout: orthogonal lines, the same picture on "
                       "every machine"),
            "", "", true},
        {Do::LayoutDot, "view.layoutDot", QT_TR_NOOP("Graphviz &dot (small bodies)"),
            QT_TR_NOOP("Place small bodies with Graphviz dot, the others with the layered layout"), "", "",
            true},
        {Do::ThemeSystem, "view.themeSystem", QT_TR_NOOP("&System"),
            QT_TR_NOOP("Follow the desktop's light or dark colours"), "", "", true},
        {Do::ThemeLight, "view.themeLight", QT_TR_NOOP("&Light"), QT_TR_NOOP("Light colours"), "", "", true},
        {Do::ThemeDark, "view.themeDark", QT_TR_NOOP("&Dark"), QT_TR_NOOP("Dark colours"), "", "", true},
        {Do::FullScreen, "view.fullScreen", QT_TR_NOOP("F&ull Screen"),
            QT_TR_NOOP("Fill the screen with the window"), "Alt+Return", "", true},
        {Do::TextLarger, "view.textLarger", QT_TR_NOOP("&Larger"),
            QT_TR_NOOP("Larger texts in all of the window"), "Ctrl+Alt++; Ctrl+Alt+=", ""},
        {Do::TextSmaller, "view.textSmaller", QT_TR_NOOP("&Smaller"),
            QT_TR_NOOP("Smaller texts in all of the window"), "Ctrl+Alt+-", ""},
        {Do::TextReset, "view.textReset", QT_TR_NOOP("&As the System Says"),
            QT_TR_NOOP("Texts as large as the system says"), "Ctrl+Alt+0", ""},
        {Do::DefaultLayout, "view.defaultLayout", QT_TR_NOOP("&Default"),
            QT_TR_NOOP("Tree, two graphs, ledger and inspector: to see what was reused"), "Ctrl+Alt+1", "",
            true},
        {Do::DebugLayout, "view.debugLayout", QT_TR_NOOP("De&bug"),
            QT_TR_NOOP("Steps below and values beside the graphs: to run a body"), "Ctrl+Alt+2", "", true},
        {Do::CompareLayout, "view.compareLayout", QT_TR_NOOP("&Compare"),
            QT_TR_NOOP("Two graphs above their differences, nothing else: to compare"), "Ctrl+Alt+3", "",
            true},
        {Do::RestoreLayout, "view.restoreLayout", QT_TR_NOOP("&Restore This Layout"),
            QT_TR_NOOP("Put docks and splitters of this layout back where they belong"), "", ""},
        {Do::LinkPanes, "view.linkPanes", QT_TR_NOOP("Li&nk Panes"),
            QT_TR_NOOP("Both panes go where you go; else only the focused one does, and the other stays"),
            "Ctrl+L", "", true},
        {Do::SinglePane, "view.singlePane", QT_TR_NOOP("Sin&gle Pane"),
            QT_TR_NOOP("Give the focused pane all the room; F6 shows the other"), "Ctrl+Shift+L", "", true},
        {Do::OpenBeside, "go.openBeside", QT_TR_NOOP("Open Besi&de"),
            QT_TR_NOOP("Show the body that the selected node calls in the other pane"), "Ctrl+Return", ""},
        {Do::OtherPane, "view.other_pane", QT_TR_NOOP("O&ther Pane"),
            QT_TR_NOOP("Move the focus to the other pane"), "F6", ""},
        {Do::ComparePanes, "view.comparePanes", QT_TR_NOOP("Co&mpare Panes"),
            QT_TR_NOOP("Compare the two bodies that are shown, statement by statement"), "Ctrl+D", ""},
        {Do::OnePicture, "view.onePicture", QT_TR_NOOP("Both in One Pict&ure"),
            QT_TR_NOOP("Show the two compared bodies as one graph, what differs marked"), "Ctrl+Alt+U", "",
            true},
        {Do::CompareDump, "view.compareDump", QT_TR_NOOP("Compare with Another D&ump…"),
            QT_TR_NOOP("Read a second dump and show both ledgers, call by call"), "Ctrl+Alt+O", ""},
        {Do::LinkViews, "view.linkViews", QT_TR_NOOP("&Link Both Views"),
            QT_TR_NOOP("Scroll and zoom two halves on the same rows, or two compared bodies, together"), "",
            ""},
        {Do::NextDifference, "go.nextDifference", QT_TR_NOOP("Next Di&fference"),
            QT_TR_NOOP("Go to the next difference of the two bodies"), "N", ""},
        {Do::PreviousDifference, "go.previousDifference", QT_TR_NOOP("Previous Diffe&rence"),
            QT_TR_NOOP("Go to the previous difference of the two bodies"), "P", ""},
        {Do::DumpPage, "help.dumpPage", QT_TR_NOOP("&What This Dump Has"),
            QT_TR_NOOP("What is in the dump, what is missing, why, and how to record it"), "", ""},
        {Do::Back, "go.back", QT_TR_NOOP("&Back"), QT_TR_NOOP("Go back to where you were"), "Alt+Left",
            "back"},
        {Do::Forward, "go.forward", QT_TR_NOOP("&Forward"), QT_TR_NOOP("Go forward again"), "Alt+Right",
            "forward"},
        {Do::Up, "go.up", QT_TR_NOOP("&Up"), QT_TR_NOOP("Go to the body around this one"), "Alt+Up", "up"},
        {Do::GoTo, "go.goTo", QT_TR_NOOP("&Go to…"),
            QT_TR_NOOP("Go to a node, body, region, call or source line"), "Ctrl+G; Ctrl+P", "goto"},
        {Do::NextInvocation, "go.nextInvocation", QT_TR_NOOP("&Next Invocation"),
            QT_TR_NOOP("Go to the next invocation"), "Alt+PgDown", "next-invocation"},
        {Do::PreviousInvocation, "go.previousInvocation", QT_TR_NOOP("&Previous Invocation"),
            QT_TR_NOOP("Go to the previous invocation"), "Alt+PgUp", "prev-invocation"},
        {Do::NextReused, "go.nextReused", QT_TR_NOOP("Next &Reused"),
            QT_TR_NOOP("Go to the next invocation that was reused"), "F7", "next-reused"},
        {Do::PreviousReused, "go.previousReused", QT_TR_NOOP("Previous R&eused"),
            QT_TR_NOOP("Go to the previous invocation that was reused"), "Shift+F7", "prev-reused"},
        {Do::NextTraced, "go.nextTraced", QT_TR_NOOP("Next &Traced"),
            QT_TR_NOOP("Go to the next invocation whose body was traced"), "F8", "next-traced"},
        {Do::PreviousTraced, "go.previousTraced", QT_TR_NOOP("Previous Tra&ced"),
            QT_TR_NOOP("Go to the previous invocation whose body was traced"), "Shift+F8", "prev-traced"},
        {Do::StepInto, "go.stepInto", QT_TR_NOOP("Step &Into"),
            QT_TR_NOOP("Go into the body of the selected call"), "F11", "step-into"},
        {Do::StepOut, "go.stepOut", QT_TR_NOOP("Step &Out"),
            QT_TR_NOOP("Go out of the region's body, to its call"), "Ctrl+F11; Shift+F11", "step-out"},
        {Do::NextNode, "go.nextNode", QT_TR_NOOP("Next N&ode"),
            QT_TR_NOOP("Select the next node in execution order"), "Ctrl+Right", ""},
        {Do::PreviousNode, "go.previousNode", QT_TR_NOOP("Previous No&de"),
            QT_TR_NOOP("Select the previous node in execution order"), "Ctrl+Left", ""},
        {Do::NextStage, "go.nextStage", QT_TR_NOOP("Next &Stage"),
            QT_TR_NOOP("Show the next graph of the compilation in the focused pane"), "Ctrl+PgDown", ""},
        {Do::PreviousStage, "go.previousStage", QT_TR_NOOP("Previous St&age"),
            QT_TR_NOOP("Show the previous graph of the compilation in the focused pane"), "Ctrl+PgUp", ""},
        {Do::Users, "go.users", QT_TR_NOOP("Users of the &Value"),
            QT_TR_NOOP("List the users of the selected value"), "X", ""},
        {Do::Bookmark1, "go.bookmark1", QT_TR_NOOP("Bookmark &1"), QT_TR_NOOP("Go to bookmark 1"), "Ctrl+1",
            ""},
        {Do::Bookmark2, "go.bookmark2", QT_TR_NOOP("Bookmark &2"), QT_TR_NOOP("Go to bookmark 2"), "Ctrl+2",
            ""},
        {Do::Bookmark3, "go.bookmark3", QT_TR_NOOP("Bookmark &3"), QT_TR_NOOP("Go to bookmark 3"), "Ctrl+3",
            ""},
        {Do::Bookmark4, "go.bookmark4", QT_TR_NOOP("Bookmark &4"), QT_TR_NOOP("Go to bookmark 4"), "Ctrl+4",
            ""},
        {Do::Bookmark5, "go.bookmark5", QT_TR_NOOP("Bookmark &5"), QT_TR_NOOP("Go to bookmark 5"), "Ctrl+5",
            ""},
        {Do::Bookmark6, "go.bookmark6", QT_TR_NOOP("Bookmark &6"), QT_TR_NOOP("Go to bookmark 6"), "Ctrl+6",
            ""},
        {Do::Bookmark7, "go.bookmark7", QT_TR_NOOP("Bookmark &7"), QT_TR_NOOP("Go to bookmark 7"), "Ctrl+7",
            ""},
        {Do::Bookmark8, "go.bookmark8", QT_TR_NOOP("Bookmark &8"), QT_TR_NOOP("Go to bookmark 8"), "Ctrl+8",
            ""},
        {Do::Bookmark9, "go.bookmark9", QT_TR_NOOP("Bookmark &9"), QT_TR_NOOP("Go to bookmark 9"), "Ctrl+9",
            ""},
        {Do::RunBody, "run.body", QT_TR_NOOP("Run &Body…"),
            QT_TR_NOOP("Choose what to run on the CPU, and on which inputs"), "Ctrl+F5", "run-body"},
        {Do::RunContinue, "run.continue", QT_TR_NOOP("&Run"),
            QT_TR_NOOP("Run to the next breakpoint or the end; without a run, choose what to run"), "F5",
            "run"},
        {Do::RunBack, "run.back", QT_TR_NOOP("Run Bac&k"),
            QT_TR_NOOP("Go back to the breakpoint before, or the start"), "Shift+F5", "run-back"},
        {Do::RunOver, "run.over", QT_TR_NOOP("Step &Over"),
            QT_TR_NOOP("Run the next node, with all that it calls"), "F10", "step-over"},
        {Do::RunBackOver, "run.backOver", QT_TR_NOOP("Step Back O&ver"),
            QT_TR_NOOP("Go back by one node, with all that it calls"), "Shift+F10", "step-back"},
        {Do::RunBackInto, "run.backInto", QT_TR_NOOP("Step Back I&nto"),
            QT_TR_NOOP("Go back by one step, into a call's body"), "", ""},
        {Do::RunBackOut, "run.backOut", QT_TR_NOOP("Step Back O&ut"),
            QT_TR_NOOP("Go back to the call of this body"), "", ""},
        {Do::RunToNode, "run.toNode", QT_TR_NOOP("Run to the Selected &Node"),
            QT_TR_NOOP("Run until the selected node is next"), "Ctrl+F10", "to-cursor"},
        {Do::RunBackToNode, "run.backToNode", QT_TR_NOOP("Run Back to the Selected No&de"),
            QT_TR_NOOP("Go back until the selected node is next"), "Ctrl+Shift+F10", ""},
        {Do::RunToEnd, "run.computeAll", QT_TR_NOOP("Compute A&ll"),
            QT_TR_NOOP("Compute to the end of the run, and stay here"), "", ""},
        {Do::ToggleBreakpoint, "run.breakpoint", QT_TR_NOOP("Break&point"),
            QT_TR_NOOP("Stop before the selected node, or no more"), "F9", "breakpoint"},
        {Do::NextNonFinite, "run.nextNonFinite", QT_TR_NOOP("Next Na&N or Inf"),
            QT_TR_NOOP("Run until a node makes a NaN or an infinity"), "F4", "next-nonfinite"},
        {Do::PreviousNonFinite, "run.previousNonFinite", QT_TR_NOOP("Previous NaN or In&f"),
            QT_TR_NOOP("Go back to where a node made a NaN or an infinity"), "Shift+F4", "prev-nonfinite"},
        {Do::RunRestart, "run.restart", QT_TR_NOOP("R&estart"),
            QT_TR_NOOP("Start the run anew, and go to the same position"), "Ctrl+Shift+F5", "restart"},
        {Do::RunStop, "run.stop", QT_TR_NOOP("&Stop"), QT_TR_NOOP("End the run; its values go"), "Ctrl+F2",
            "stop"},
        {Do::WatchNode, "run.watch", QT_TR_NOOP("&Watch the Selected Node"),
            QT_TR_NOOP("Show the selected node's value in the watch list, or no more"), "Ctrl+Shift+W", ""},
        {Do::MeasureTimes, "run.measure", QT_TR_NOOP("Measure &Times"),
            QT_TR_NOOP("Run several times, and show each node's median time"), "Ctrl+Shift+T", "timing"},
        {Do::SaveValues, "run.save", QT_TR_NOOP("Save All &Values…"),
            QT_TR_NOOP("Save all values at this position as .safetensors"), "", "save"},
        {Do::KeepRun, "run.keep", QT_TR_NOOP("&Keep Run in Session"),
            QT_TR_NOOP("Keep the run's figures, and its comparison, in the session"), "", ""},
        {Do::DeriveJoint, "run.joint", QT_TR_NOOP("Derive &Joint Graph"),
            QT_TR_NOOP("Differentiate the shown forward body, and show its joint graph beside it"), "", ""},
        {Do::ProveRegion, "run.prove", QT_TR_NOOP("&Prove Region"),
            QT_TR_NOOP("Run the region's forward and backward, its recorded and its derived joint graph on "
                       "the same inputs"),
            "", ""},
        {Do::CallSchema, "run.schema", QT_TR_NOOP("Sc&hema of the Call"),
            QT_TR_NOOP("Write the selected region call's schema, with what its body writes into"), "", ""},
        {Do::CompareRun, "run.compare", QT_TR_NOOP("&Compare…"),
            QT_TR_NOOP("Compare the run node by node, and find where it first differs"), "Ctrl+Shift+D", ""},
        {Do::FollowStep, "run.follow", QT_TR_NOOP("Selection &Follows the Step"),
            QT_TR_NOOP("Select the node that ran last after each step"), "", "", true},
        {Do::ValuesOnNodes, "view.valuesOnNodes", QT_TR_NOOP("&Values on Nodes"),
            QT_TR_NOOP("Show each value of the run under its node"), "V", "values", true},
        {Do::TimesOnNodes, "view.timesOnNodes", QT_TR_NOOP("&Times on Nodes"),
            QT_TR_NOOP("Show each node's share of the measured time"), "T", "", true},
        {Do::HelpPages, "help.pages", QT_TR_NOOP("&Help"),
            QT_TR_NOOP("The first five minutes, each question as a how-to, how to record a dump"), "F1", ""},
        {Do::WhatsThis, "help.whatsThis", QT_TR_NOOP("What's &This?"),
            QT_TR_NOOP("Then click a panel or a button: what it is for"), "Shift+F1", ""},
        {Do::KeyList, "help.keys", QT_TR_NOOP("&Keys"), QT_TR_NOOP("List, search and change keys"), "?", ""},
        {Do::About, "help.about", QT_TR_NOOP("&About Hopscope"), QT_TR_NOOP("Version and licence"), "", ""},
    };
    return table;
}

namespace {
QList<QKeySequence> keysOf(const char* text) {
    QList<QKeySequence> keys;
    for (const QString& key : qs(text).split(QStringLiteral("; "), Qt::SkipEmptyParts))
        keys << QKeySequence(key, QKeySequence::PortableText);
    return keys;
}
} // namespace

Actions::Actions(QWidget* window)
    : QObject(window) {
    actions_.fill(nullptr, int(Do::Count_));
    Q_ASSERT(specs().size() == size_t(Do::Count_));
    for (const Spec& spec : specs()) {
        auto* action = new QAction(tr(spec.text), window);
        action->setObjectName(qs(spec.name));
        action->setProperty("tip", tr(spec.tip));
        action->setCheckable(spec.checkable);
        action->setShortcuts(keysOf(spec.keys));
        if (*spec.icon)
            action->setIcon(icon(qs(spec.icon)));
        adopt(action);
        window->addAction(action);
        actions_[int(spec.what)] = action;
    }
    setRunning(false);
}

void Actions::connectTo(QObject* context, Slots table) {
    for (const auto& [what, slot] : table) {
        QAction* action = actions_[int(what)];
        connect(action, &QAction::triggered, context, [this, action, slot = slot] {
            settle();
            if (!action->isEnabled())
                return;
            slot();
            settle();
        });
    }
}

void Actions::onToggled(Do what, QObject* context, std::function<void(bool)> slot) {
    connect(actions_[int(what)], &QAction::toggled, context, std::move(slot));
}

void Actions::restrictTo(QWidget* widget, std::initializer_list<Do> table) {
    for (Do what : table) {
        QAction* action = actions_[int(what)];
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        if (auto* window = qobject_cast<QWidget*>(action->parent()))
            window->removeAction(action);
        widget->addAction(action);
    }
}

void Actions::adopt(QAction* action) {
    if (!action->property("tip").isValid())
        action->setProperty("tip", action->text().remove(QLatin1Char('&')));
    updateToolTip(action);
}

void Actions::setKeys(Do what, const char* now, const char* otherwise, const QString& when) {
    QAction* action = actions_[int(what)];
    action->setShortcuts(keysOf(now));
    QStringList others;
    for (const QKeySequence& key : keysOf(otherwise)) {
        if (!action->shortcuts().contains(key))
            others << key.toString(QKeySequence::NativeText);
    }
    // The list of keys names these too.
    action->setProperty("otherKeys", others.isEmpty() ? QString() : others.join(QStringLiteral(", ")) + when);
    updateToolTip(action);
}

void Actions::setRunning(bool running) {
    if (running == std::exchange(running_, running))
        return;
    struct Shared {
        Do what;
        const char* running; // keys while a run is stepped
        const char* otherwise;
    };
    // Taken keys are given up before they are given away.
    constexpr Shared kShared[] = {
        {Do::StepOut, "Ctrl+F11", "Ctrl+F11; Shift+F11"},
        {Do::RunBackInto, "Shift+F11", ""},
        {Do::RunBackOut, "Ctrl+Shift+F11", ""},
    };
    for (const Shared& shared : kShared)
        setKeys(shared.what, running ? shared.running : shared.otherwise,
            running ? shared.otherwise : shared.running, running ? tr(" without a run") : tr(" in a run"));
    setText(Do::StepInto, tr("Step &Into"),
        running ? tr("Step into the body that the next node calls")
                : tr("Go into the body of the selected call"));
    setText(Do::StepOut, tr("Step &Out"),
        running ? tr("Run to the end of this body, to behind its call")
                : tr("Go out of the region's body, to its call"));
}

void Actions::setReason(Do what, const QString& reason) {
    QAction* action = actions_[int(what)];
    if (action->isEnabled() == reason.isEmpty() && action->property("reason").toString() == reason)
        return;
    action->setEnabled(reason.isEmpty());
    action->setProperty("reason", reason);
    updateToolTip(action);
}

void Actions::setReason(std::initializer_list<Do> table, const QString& reason) {
    for (Do what : table)
        setReason(what, reason);
}

void Actions::setText(Do what, const QString& text, const QString& tip) {
    QAction* action = actions_[int(what)];
    if (action->text() == text && action->property("tip").toString() == tip)
        return;
    action->setText(text);
    action->setProperty("tip", tip);
    updateToolTip(action);
}

void Actions::updateToolTip(QAction* action) {
    QString text = action->property("tip").toString();
    const QString reason = action->property("reason").toString();
    // A QAction has no accessible name of its own: what screen readers are told of a button is its tooltip or
    // this.
    action->setProperty("accessibleName", text);
    action->setStatusTip(text);
    action->setWhatsThis(text);
    if (!reason.isEmpty())
        text += QStringLiteral(" – ") + reason;
    if (!action->shortcut().isEmpty())
        text += QStringLiteral(" (%1)").arg(action->shortcut().toString(QKeySequence::NativeText));
    action->setToolTip(text);
}

QString Actions::whyNot(const QKeySequence& key) const {
    for (const QAction* action : actions_) {
        const QString reason = action->property("reason").toString();
        if (!action->isEnabled() && !reason.isEmpty() && action->shortcuts().contains(key))
            return tr("%1: %2").arg(action->text().remove(QLatin1Char('&')).remove(QChar(0x2026)), reason);
    }
    return {};
}

} // namespace hopscope
