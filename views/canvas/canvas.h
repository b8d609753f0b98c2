// The widget that shows one picture (draw::Scene): pans, zooms, selects, walks.
//
// It knows boxes, edges and node ids, nothing of graphs: what is a user, a producer or a hit is told by its
// owner. All NodeIds are those of the scene's body; nodes folded into a box stand for that box. Setters never
// emit the signals of user actions (nodeSelected, …), so two canvases can be tied together without loops.
#pragma once

#include "core/draw/overlay.h"
#include "core/draw/scene.h"

#include <QAbstractScrollArea>
#include <QPointF>
#include <QString>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace hopscope {

// Zoom and place, to be kept for history, sessions and the stepper. Zoom 1 = one point of the scene is one
// device-independent pixel; centre is in scene points.
struct ViewState {
    double zoom = 0; // 0 = none: the canvas picks its opening view
    QPointF centre;
    bool isValid() const { return zoom > 0; }
    friend bool operator==(const ViewState&, const ViewState&) = default;
};

// What the canvas shows where there is no picture, or over the old picture while a new one is made.
struct Placeholder {
    enum class Kind { None, Empty, Busy, Error };
    Kind kind = Kind::None;
    QString title; // "Laying out 1,908 nodes"
    QString detail; // what to do about it; for errors the full text that Copy copies
    std::optional<int> percent; // Busy; none: not known
    bool canCancel = true; // Busy: shows a Cancel button
};

// The text of the card that appears over a node after half a second. Lines that are empty are left out.
struct HoverCard {
    QString title; // name
    QString target; // operator
    QString type; // dtype and shape
    QString stride; // only where not contiguous: shown in the warning tone
    QString device;
    QString source; // file:line, code
    QString note; // anything else
    bool isEmpty() const { return title.isEmpty(); }
};

// What a run says of a node: one line under its box, and a bar in it.
struct Tag {
    NodeId node;
    QString text; // empty = none
    bool warning = false; // the text is in the warning tone
    std::optional<double> bar; // 0 to 1 of the box's width
    friend bool operator==(const Tag&, const Tag&) = default;
};

// What the canvas marks besides the selection and the hits of a search: set as a whole.
struct Marks {
    std::vector<NodeId> users, producers; // of the selected node
    std::vector<NodeId> crossing; // values that cross to the other pane
    std::vector<NodeId> partners; // of the node that is selected in the other pane: forward and backward
    bool reaches = false; // the selected node has such partners in the other pane
    std::vector<NodeId> noted; // nodes with a bookmark or note
    NodeId step; // arrow at the left edge; invalid = none
    // --- of a comparison with the other pane
    std::vector<NodeId> changed, onlyHere;
    // --- of a run
    std::vector<NodeId> waiting; // have not run: quieter than those that have
    std::vector<NodeId> breakpoints, breakpointsOff; // a dot, full or hollow
    std::vector<Tag> tags;
    friend bool operator==(const Marks&, const Marks&) = default;
};

class Canvas : public QAbstractScrollArea {
    Q_OBJECT

public:
    enum class Change {
        NewBody, // another picture: selection and marks are cleared, the opening view is taken
        SameBody, // the same nodes placed anew: selection and marks stay, the selected node stays where it is
                  // on screen
    };
    // Which side of this canvas the other half is on; crossing values get their mark on that side.
    enum class Side { None, Left, Right };

    explicit Canvas(QWidget* parent = nullptr);
    ~Canvas() override;

    // --- what is shown
    // A scene takes the place of any placeholder. Null shows nothing (set a placeholder) and clears a Busy
    // one. Setting the scene that is shown changes nothing else.
    // `now`: what a node of the scene before is called in this one, where that changes (SameBody).
    void setScene(std::shared_ptr<const draw::Scene> scene, Change change = Change::NewBody,
        const std::function<NodeId(NodeId)>& now = {});
    std::shared_ptr<const draw::Scene> scene() const;
    // Kind::None removes it. Busy appears after 300 ms and counts elapsed time by itself from the first Busy
    // on; over a scene it is a strip at the top, otherwise it fills the canvas. Error and Empty appear at
    // once.
    void setPlaceholder(const Placeholder& placeholder);
    const Placeholder& placeholder() const;

    // --- marks
    void setSelected(NodeId node); // invalid = none; does not scroll
    NodeId selected() const;
    // What was chosen besides it, with Ctrl or a frame drawn with Shift; gone with the next plain click.
    const std::vector<NodeId>& alsoSelected() const;
    void setAlsoSelected(std::vector<NodeId> nodes);
    void setMarks(Marks marks); // in place of those before; the same again costs nothing
    const Marks& marks() const;
    // Colours the boxes by it, with its scale in a corner; null = none. It is of the scene that is shown, and
    // gone with the next.
    void setOverlay(std::shared_ptr<const draw::Overlay> overlay);
    const std::shared_ptr<const draw::Overlay>& overlay() const;
    void setCrossingSide(Side side);
    // Without them only the saved values of what is selected or pointed at are drawn as lines.
    void setSavedLinks(bool shown);
    bool savedLinks() const;
    void setHits(std::vector<NodeId> hits, NodeId current = {}); // search hits, and the one that F3 is at
    // Dims all boxes to 35 % but the selection, its marks, and `keep` (the trace).
    // Of a half on the rows of another: its links out of the picture (Scene::edges, by Edge::across), those
    // of what is selected and under the pointer, and those that the other canvas lights in this one.
    const std::vector<uint32_t>& links() const;
    std::vector<uint32_t> ownLinks() const; // Edge::across, ascending
    void setLit(std::vector<uint32_t> links);
    // The height at which a line from a box to the other half runs; none where the node is not shown.
    std::optional<double> outlet(NodeId node) const;
    double outlet(uint32_t box) const;
    void setDimmed(bool dimmed, std::vector<NodeId> keep = {});
    bool isDimmed() const;

    // --- view
    void ensureVisible(
        NodeId node, bool centre = false); // scrolls as little as needed; centre: always to the middle
    double zoom() const;
    void setZoom(double zoom); // about the middle of the canvas; clamped to minZoom()…kMaxZoom
    double minZoom() const; // a quarter of what fits all, at most 0.05
    static constexpr double kMaxZoom = 8.0;
    // The zoom of the opening view by this canvas alone, 0 where it shows none, and the height in its scene
    // at which its picture begins.
    double openingZoom() const;
    double beginsAt() const;
    // What is shown beside it, so that both open at one scale and, where both have the same rows, with
    // something to see in both.
    struct Beside {
        double zoom = 0; // the largest that it takes; 0 is no limit
        double beginsAt = 0; // of the same rows: where it begins
    };
    void setOpeningBeside(std::function<Beside()> beside);
    void takeOpeningViewAgain(); // only as long as nobody has moved the view
    ViewState viewState() const;
    void setViewState(const ViewState& state);
    // Where the words that say which half is which stand, on the viewport; none where they are not in view.
    std::vector<QRectF> headings() const;
    QPointF toScene(QPointF viewportPos) const;
    QPointF fromScene(QPointF scenePos) const;
    // Zoom and height of another canvas whose picture has its rows at the same heights; the middle stays, and
    // so does the opening view as long as both have it.
    void showRowsOf(const Canvas& other);
    QRect boxRect(NodeId node) const; // on the viewport; null where the node is not shown
    NodeId nodeAt(QPoint viewportPos) const; // the node itself, or the folded node whose port mark is there

    // Where the minimap lies: pinned to a corner, or in one where it covers no node; where there is none, it
    // is not shown.
    enum class Corner { Auto, TopLeft, TopRight, BottomLeft, BottomRight };
    void setMinimapCorner(Corner corner);
    void settle(); // places it now, and not a moment after the view came to rest
    bool isMinimapVisible() const; // as set; it also hides itself while all of the picture is in view
    // Called when the card is due; an empty card shows none. May be unset.
    void setHoverProvider(std::function<HoverCard(NodeId)> provider);
    // Likewise over a line: its value, who takes it, and how many values run along it.
    void setEdgeHoverProvider(std::function<HoverCard(const draw::Edge&)> provider);
    // Wheel zooms and Ctrl+wheel scrolls, for those who want it so.
    void setWheelZooms(bool on);

public Q_SLOTS:
    void fitAll(double largestZoom = 1.0);
    void fitSelection();
    void zoomIn(); // × 1.25
    void zoomOut();
    void zoom100();
    void setMinimapVisible(bool visible);
    // The walk of the arrow keys; each selects, scrolls into view and emits nodeSelected. No-op at an end.
    void walkUp(); // to the first producer
    void walkDown(); // to the first user
    void walkLeft(); // to the sibling in the row
    void walkRight();
    void walkNext(); // in graph order (Tab); returns to the other widgets after the last
    void walkPrevious();
    void activateSelected();

Q_SIGNALS:
    // By the user, also of the node that is selected already; invalid = cleared by a click on the background.
    void nodeSelected(hopscope::NodeId node);
    void nodeActivated(hopscope::NodeId node); // double click, Return
    void hovered(hopscope::NodeId node); // invalid = left
    void linkHovered(); // another link out of the picture is under the pointer, or none
    void alsoSelectedChanged();
    void contextMenuRequested(hopscope::NodeId node, QPoint globalPos); // node invalid = background
    void viewChanged(); // zoom or place, by whatever
    void openingViewTaken();
    void cancelRequested(); // of the Busy placeholder
    void escapePressed();

protected:
    bool event(QEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool focusNextPrevChild(bool next) override;

private:
    struct Private;
    friend class CanvasAccessible;
    std::unique_ptr<Private> d;
};

} // namespace hopscope
