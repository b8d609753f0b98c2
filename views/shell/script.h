// What the program's options ask of a window after it has opened its dumps: a run, a place in it, a dock.
#pragma once

#include "core/base/result.h"
#include "core/export/picture.h"

#include <QString>
#include <QStringList>

#include <functional>

namespace hopscope {

class MainWindow;

struct Script {
    QString run; // a seed, or a file or folder of inputs; empty = nothing runs
    QString stepTo; // a node's name in the body or another of its graph, an address, or "end"
    QString select; // likewise
    QString compare; // "float64", or a file of recorded values, which random nodes take
    QStringList bind;
    QString call; // number of an invocation that becomes current, in the compilation that is shown
    QString with; // address of a body to compare with the one that is shown
    bool onePicture = false; // both in the place of the panes
    QStringList others; // dumps whose ledger stands beside this one's
    QString line; // "N" or "FILE:N": a line of the dump to show, FILE by its name or its end
    QStringList docks; // "values", "steps", …, the last in front where they share a place
    QStringList onNodes; // "values", "times"
    QString zoom; // of the focused pane: per cent, or "fit"
    QString overlay; // what boxes are coloured by: "bytes", "users", "decision", "time", "error"
    QString find; // what the focused pane is searched for
    QString help; // a page of the help, in a window of its own
    PictureChoice choice{}; // how the focused body is drawn
    bool empty() const {
        return run.isEmpty() && select.isEmpty() && call.isEmpty() && with.isEmpty() && others.isEmpty()
            && line.isEmpty() && docks.isEmpty() && zoom.isEmpty() && overlay.isEmpty() && find.isEmpty()
            && help.isEmpty() && choice.plain();
    }
};

// Does it step by step, each when the one before is done, and calls `then`, with what went wrong if something
// did.
void play(MainWindow& window, const Script& script, std::function<void(const Status&)> then);

} // namespace hopscope
