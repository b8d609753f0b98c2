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
#include <optional>
#include <string>
#include <vector>

namespace hopscope {

enum class Pane { Left, Right };
inline constexpr Pane other_pane(Pane pane) {
    return pane == Pane::Left ? Pane::Right : Pane::Left;
}

// What the inspector is about.
enum class Subject { Compilation, Region, Invocation, Body, Node };

struct NavState {
    CompilationId compilation;
    RegionRef region; // the current region; follows the invocation
    std::optional<int> row; // the current invocation, into Document::rows()
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

    // Takes another document; selects what a person wants to see first: the first invocation (of the first
    // compilation that there is something to ask about, if there is one), with its forward and backward body;
    // without regions the forward and backward roots. Empties the history.
    void set_document(std::shared_ptr<const Document> document);
    // The same run read again: keeps the state as far as its addresses are still there. With graphs added to
    // the same reading (Document::with) the state and the history stay as they are.
    void replace_document(std::shared_ptr<const Document> document);
    const Document* document() const { return document_.get(); }

    const NavState& state() const { return state_; }
    const Place& pane(Pane p) const { return state_.panes[size_t(p)]; }

    // Whether both panes go where the person goes. Else only the focused one does and the other stays,
    // whatever is chosen. No part of the state: history, sessions and hash() do not know of it.
    void set_linked(bool linked) { linked_ = linked; }
    bool linked() const { return linked_; }

    // --- going somewhere. Each is one entry of the history.
    void select_invocation(int row); // shows its bodies
    void select_region(
        RegionRef region); // shows its bodies, current invocation stays if it is one of the region's
    void select_compilation(CompilationId compilation); // shows its forward | backward roots
    void select_stage(GraphId graph); // shows a graph's root beside its other half
    void show_body(Pane pane, const Place& body); // any body in one pane, the other stays
    void go_to(const Place& place); // a body or node anywhere, with its other half beside it
    Status go_to(const std::string& address);
    // --- the cursor: no entry of the history while the body stays.
    void select_node(Pane pane, NodeId node); // none clears it
    // A node that is drawn in a pane beside its body: of the other half, or of a call that was expanded
    // there.
    void select_place(Pane pane, const Place& node);
    void set_focus(Pane pane);
    bool step_node(int direction); // next or previous node of the focused body in graph order

    // --- the stepper
    bool step(StepTo to, int direction); // what is inspected stays a node if the node is there too
    std::string why_no_step(StepTo to, int direction) const; // empty = can step
    bool step_into(); // from the selected call (or the current invocation) to its body
    // The body that the selected node calls, or that is current, in the other pane; this one stays.
    bool open_beside();
    void open_beside(const Place& body); // any body
    std::string why_not_beside() const;
    bool step_out(); // from a region's body to the current invocation's call in the body around it
    std::string why_not_into() const;
    std::string why_not_out() const;
    bool up(); // to the body around, whatever it is
    std::string why_not_up() const;
    bool step_stage(int direction); // previous or next graph of the compilation in the focused pane
    std::string why_no_stage(int direction) const;

    // --- history
    bool back();
    bool forward();
    bool can_go_back() const { return at_ > 0; }
    bool can_go_forward() const { return at_ + 1 < history_.size(); }
    // What the entries are called, the nearest first.
    std::vector<std::string> back_titles() const;
    std::vector<std::string> forward_titles() const;
    void go_in_history(int offset);

    std::string title(const NavState& state) const; // "0/0 › subgraph_0 › invocation 4"
    // Equal for equal states: addresses, not ids. Which page of the inspector is open is no part of it.
    uint64_t hash() const;
    std::string describe() const; // what hash() is made of, one line each, for tests and sessions
    bool restore(
        const std::string& description); // the state that describe() gave; false where nothing of it is there

    // The address of what the inspector is about.
    std::string current_address() const;
    // Crossing values between the two panes.
    const std::vector<Crossing>& crossings() const { return crossings_; }

private:
    void go(NavState next, bool record);
    void show_invocation(int row, bool at_node); // at_node: the node is inspected if it is there too
    void bodies_of(NavState& state, const Invocation& invocation) const;
    void bodies_of(NavState& state, const Region& region) const;
    void roots(NavState& state, CompilationId compilation) const;
    Place other_half(const Place& place) const;
    void keep_node(NavState& next) const;
    NavState opening() const;
    GraphId graph_beside(int direction) const;
    void hold_other_pane(NavState& next) const;
    Place called_body() const;

    std::shared_ptr<const Document> document_;
    NavState state_;
    std::vector<NavState> history_;
    size_t at_ = 0;
    bool linked_ = true;
    std::vector<Crossing> crossings_;
};

} // namespace hopscope
