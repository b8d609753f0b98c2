// One selection for all views. Qt-free, so that it is tested without a window.
//
// Two things are kept apart: the *current invocation*, which the views are about, and the *selected node*,
// the cursor in one of the two panes. Jumps go into a history; moving the cursor inside a body does not.
#pragma once

#include "core/browse/document.h"
#include "core/browse/stepping.h"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hopscope {

enum class Pane { Left, Right };
inline constexpr Pane otherPane(Pane pane) {
    return pane == Pane::Left ? Pane::Right : Pane::Left;
}

// What the inspector is about.
enum class Subject { Compilation, Region, Invocation, Body, Node };

struct NavState {
    CompilationId compilation;
    RegionRef region; // the current region; follows the invocation
    int row = -1; // the current invocation, into Document::rows()
    std::array<Place, 2> panes; // the bodies shown; node none
    Pane focus = Pane::Left;
    Place node; // the selected node; node none = nothing selected
    std::string wanted; // name of the node last selected: found again when its body comes back
    Subject subject = Subject::Compilation;

    friend bool operator==(const NavState&, const NavState&) = default;
};

class Navigator {
public:
    // Called after every change, with the state before it.
    std::function<void(const NavState& before)> changed;

    // Takes another document; selects what a person wants to see first: the first region's first invocation,
    // with its forward and backward body; without regions the forward and backward roots. Empties the
    // history.
    void setDocument(std::shared_ptr<const Document> document);
    // The same run read again: keeps the state as far as its addresses are still there.
    void replaceDocument(std::shared_ptr<const Document> document);
    const Document* document() const { return document_.get(); }

    const NavState& state() const { return state_; }
    const Place& pane(Pane p) const { return state_.panes[size_t(p)]; }

    // --- going somewhere. Each is one entry of the history.
    void selectInvocation(int row); // shows its bodies
    void selectRegion(
        RegionRef region); // shows its bodies, current invocation stays if it is one of the region's
    void selectCompilation(CompilationId compilation); // shows its forward | backward roots
    void selectStage(GraphId graph); // shows a graph's root beside its other half
    void showBody(Pane pane, const Place& body); // any body in one pane, the other stays
    void goTo(const Place& place); // a body or node anywhere, with its other half beside it
    Status goTo(const std::string& address);
    // --- the cursor: no entry of the history while the body stays.
    void selectNode(Pane pane, NodeId node); // none clears it
    void setFocus(Pane pane);
    bool stepNode(int direction); // next or previous node of the focused body in graph order

    // --- the stepper
    bool step(StepTo to, int direction);
    std::string whyNoStep(StepTo to, int direction) const; // empty = can step
    bool stepInto(); // from the selected call (or the current invocation) to its body
    bool stepOut(); // from a region's body to the current invocation's call in the body around it
    std::string whyNotInto() const;
    std::string whyNotOut() const;
    bool up(); // to the body around, whatever it is
    std::string whyNotUp() const;
    bool stepStage(int direction); // previous or next graph of the compilation in the focused pane
    std::string whyNoStage(int direction) const;

    // --- history
    bool back();
    bool forward();
    bool canGoBack() const { return at_ > 0; }
    bool canGoForward() const { return at_ + 1 < history_.size(); }
    // What the entries are called, the nearest first.
    std::vector<std::string> backTitles() const;
    std::vector<std::string> forwardTitles() const;
    void goInHistory(int offset);

    std::string title(const NavState& state) const; // "0/0 › subgraph_0 › invocation 4"
    // Equal for equal states: addresses, not ids. Which page of the inspector is open is no part of it.
    uint64_t hash() const;
    std::string describe() const; // what hash() is made of, one line each, for tests and sessions
    bool restore(
        const std::string& description); // the state that describe() gave; false where nothing of it is there

    // The address of what the inspector is about.
    std::string currentAddress() const;
    // Crossing values between the two panes.
    const std::vector<Crossing>& crossings() const { return crossings_; }

private:
    void go(NavState next, bool record);
    void bodiesOf(NavState& state, const Invocation& invocation) const;
    void bodiesOf(NavState& state, const Region& region) const;
    void roots(NavState& state, CompilationId compilation) const;
    Place otherHalf(const Place& place) const;
    void keepNode(NavState& next) const;
    NavState opening() const;
    int graphBeside(int direction) const;

    std::shared_ptr<const Document> document_;
    NavState state_;
    std::vector<NavState> history_;
    size_t at_ = 0;
    std::vector<Crossing> crossings_;
};

} // namespace hopscope
