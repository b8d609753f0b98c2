// What a dump knows of a body's picture beyond the body itself: which half it is, what is saved for the other
// half, and what became of the regions that it calls. The window and the command line draw with these
// options.
#pragma once

#include "core/draw/scene.h"
#include "core/graph/dump.h"
#include "core/regions/ledger.h"

namespace hopscope {

// `ledger` may be null: then region calls have no dots and badges. The caller sets what the user chose (fold,
// layout).
draw::Options picture_options(const Dump& dump, const Ledger* ledger, const Place& place);

} // namespace hopscope
