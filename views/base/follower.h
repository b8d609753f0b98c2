// What the window is about, and what of it has changed: told to every panel and to what drives them.
//
// State flows down: whoever holds it calls follow() on all, once per turn of the event loop, however
// much has changed meanwhile. What a person asks for flows up, as signals of the panels.
#pragma once

#include "core/browse/comparison.h"
#include "core/browse/navigator.h"

#include <QFlags>
#include <QString>

#include <memory>
#include <vector>

namespace hopscope {

enum class Change : unsigned {
    Document = 1, // another dump, or more graphs of the same one
    Place = 2, // the invocation, the region, the bodies in the panes, which of them has the focus
    Selection = 4, // the selected node, and what is inspected
    Run = 8, // whether there is a run, where it stands, what it has computed
    Breakpoints = 16,
    Values = 32, // values and times of the run: others are there, or are to stand on the nodes
    Notes = 64, // notes and bookmarks
    Comparison = 256, // which two bodies are compared
    Proof = 512, // a region was proven
    Drawing = 128, // how bodies are drawn: folding, layout
};
Q_DECLARE_FLAGS(Changes, Change)
Q_DECLARE_OPERATORS_FOR_FLAGS(Changes)

// What the window is about.
struct Shown {
    std::shared_ptr<const Document> document; // null = nothing is open
    NavState at;
    QString proof; // of the current region, as the command line prints it; empty = not asked for
    std::shared_ptr<const Comparison> comparison; // null = nothing is compared
    std::vector<Place> crossing; // where the selected node's value stands in the other pane

    const Place& body() const { return at.panes[size_t(at.focus)]; } // of the focused pane
};

class Follower {
public:
    virtual ~Follower() = default;
    // `shown` holds until the next call; `changed` says what of it is new, everything at first. Emits
    // nothing.
    virtual void follow(const Shown& shown, Changes changed) = 0;
};

} // namespace hopscope
