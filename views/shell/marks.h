// What the canvas of a pane marks: around the selection, of the invocation, the notes and the run.
#pragma once

#include "views/base/forecasts.h"
#include "views/canvas/canvas.h"
#include "views/shell/windowstate.h"

namespace hopscope {

// What a run shows under the nodes, where it is asked for.
struct OnNodes {
    bool values = false, times = false;
    const Forecasts* forecasts = nullptr; // what is known of nodes before a run; may be null
};

// Of a body that the pane shows, its own or one that is drawn with it. Values that are not there yet are
// asked of the run.
Marks marksOf(WindowState& state, Pane pane, const Place& body, OnNodes show);
// Whether the selected node is the pane's to show.
bool isSelectionOf(const NavState& at, Pane pane);

// The text of the card over a node; empty where there is nothing to say.
HoverCard hoverCardOf(const Document& document, const Place& node);

} // namespace hopscope
