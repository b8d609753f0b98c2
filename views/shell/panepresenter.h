// The two panes: which picture stands in each, from where it is seen, and what is marked in it.
#pragma once

#include "core/browse/half_pairs.h"
#include "core/browse/picture_history.h"
#include "views/base/itemmenu.h"
#include "views/canvas/canvas.h"
#include "views/export/exportdialog.h"
#include "views/shell/gap.h"
#include "views/shell/scenes.h"
#include "views/shell/windowstate.h"

#include <QObject>

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

class QKeyEvent;

namespace hopscope {

class Actions;
class Forecasts;
class OverlayScale;
class PaneView;

class PanePresenter : public QObject, public Follower {
    Q_OBJECT

public:
    PanePresenter(WindowState* state, Actions* actions, QWidget* parent);
    ~PanePresenter() override;

    QSplitter* widget() const { return split_; }
    QWidget* scale() const; // of an overlay, above the panes
    // A forward body and its backward stand in the panes, on the same rows.
    bool sharesRows() const;
    PaneView& pane(Pane pane) const { return *panes_[size_t(pane)]; }
    PaneView& focused() const { return pane(state_->at().focus); }
    void follow(const Shown& shown, Changes changed) override;
    // Marks nodes that cannot be run; they outlive this.
    void setForecasts(const Forecasts* forecasts) { forecasts_ = forecasts; }
    void setItemMenu(ItemMenu menu) { itemMenu_ = std::move(menu); }

    // Where the person left each picture, those that are shown included.
    using Views = std::map<SceneStore::Key, ViewState>;
    const Views& views();
    void setViews(Views views); // for pictures that come from now on
    // How the focused body is drawn, in words, where it is not as it was opened; empty = nothing to say.
    QString howDrawn() const;
    // Draws the focused body so, as one step that can be taken back; what is read in both panes together
    // (which way lines run, and of two halves that all calls are expanded) the other one likewise.
    void draw(const PictureChoice& choice);
    // Which links of the focused picture are not drawn; empty = all are.
    QString whatIsNotDrawn() const;
    double zoom() const; // of the focused pane
    // What to say of the focused picture where dot was asked for and another layout served; empty = nothing.
    QString whyNotDot() const;
    // The bodies that are shown, with the name of their pane, and which of them has the focus.
    std::vector<std::pair<QString, Place>> bodies(int* focused) const;
    // A node of the dump is left out of the pictures of its body that are shown, or comes back; why it
    // cannot, empty where it can.
    QString whyNotHide(const Place& node) const;
    QString whyNotReveal(const Place& node) const;
    void hide(const Place& node);
    void reveal(const Place& node);
    // What of the panes may be exported: each body; where it is drawn otherwise, that as well; and the nodes
    // that are selected. `focused` is the one that the person looks at.
    std::vector<ExportScope> scopes(int* focused) const;
    // The pane that a widget is part of; null = none.
    PaneView* paneOf(const QWidget* widget) const;

Q_SIGNALS:
    void viewChanged(); // the person sees a picture from another place
    void pictureChanged(); // another picture stands in a pane

private:
    void connectPane(Pane pane);
    void connectActions();
    // --- colours by a number (panepresenter_overlay.cpp)
    void connectOverlays();
    OverlayKind overlayKind() const;
    bool endOverlay();
    void showOverlay();
    std::vector<draw::Overlay> overlaysOf(
        const std::vector<const NumberedPicture*>& pictures, OverlayKind kind) const;
    QString overlayWords(Pane pane, NodeId number) const;
    void greyOverlays(const QString& noPicture);
    // --- halves on the same rows (panepresenter_halves.cpp)
    void connectHalves();
    bool areHalves() const;
    bool wantsSharedRows() const;
    void followRows(Pane moved);
    void fitBoth();
    void showGap();
    void lightLinks();
    PaneSplitter::Lines gapLines();
    const draw::Edge* acrossFrom(Pane pane, const draw::Edge& edge) const;
    bool eventFilter(QObject* watched, QEvent* event) override;
    bool canvasKey(PaneView& pane, const QKeyEvent& key);
    void setDocument(const std::shared_ptr<const Document>& document);
    void showPane(Pane pane);
    void sceneReady(const SceneStore::Key& key);
    void sceneFailed(const SceneStore::Key& key, const QString& message);
    SceneStore::Key keyOf(Pane pane) const;
    void rememberView(Pane pane);
    void mark(bool reveal);
    // --- nodes of the pictures (panepresenter_nodes.cpp)
    void choose(Pane pane, NodeId number); // by the person: a node of the picture
    void enter(Pane pane, NodeId number); // into the body of a call, or to a node of another body
    NodeId selectedIn(Pane pane) const; // its number in the picture; none where the selection is not in it
    std::vector<NodeId> chosen() const; // of the focused pane: the selected node, and what was chosen besides
    Marks marksIn(Pane pane);
    HoverCard cardOf(Pane pane, NodeId number) const;
    HoverCard cardOf(Pane pane, const draw::Edge& edge) const;
    const std::vector<HalfPair>& halfPairs();
    QString partnersOf(Pane pane, NodeId number) const;
    // --- pictures of more, or less, than a body (panepresenter_pictures.cpp)
    void connectPictures();
    using Edit = std::function<PictureChoice(const NumberedPicture&, PictureChoice)>;
    void change(const Edit& edit);
    void changeBoth(const Edit& edit); // of two halves beside each other both, else the focused picture
    void trace(const std::vector<NodeId>& kept);
    void takeBack(bool forward);
    void collapseHere();
    void greyPictures();
    bool isHairpin(Pane pane) const;
    std::optional<Pane> paneWith(const Place& node) const;
    bool isDrawn(Pane pane, const Place& node) const;
    QString whyNoGraph() const;
    void showUsers();
    void chooseInput(size_t n);
    void showSides();
    void showMenu(Pane pane, NodeId node, const QPoint& at);

    WindowState* state_;
    Actions* actions_;
    const Forecasts* forecasts_ = nullptr;
    ItemMenu itemMenu_;
    SceneStore scenes_;
    OverlayScale* scale_;
    PaneSplitter* split_;
    std::array<PaneView*, 2> panes_{};
    std::array<SceneStore::Key, 2> shown_{}; // the picture in each pane
    std::array<std::shared_ptr<const NumberedPicture>, 2> pictures_; // likewise
    std::array<NodeId, 2> number_{}; // which of the selected node's numbers was chosen
    PictureHistory history_; // how each body is drawn
    std::vector<HalfPair> half_pairs_; // of the two bodies that are shown
    std::array<Place, 2> paired_; // whose they are
    Views views_;
    mutable struct {
        std::array<Place, 2> bodies;
        bool yes = false;
    } sharable_; // whether these can be drawn on shared rows
    bool following_ = false; // one pane is moved because the other was
    bool levelling_ = false; // one pane's opening view follows from the other's
    std::shared_ptr<const Document> document_; // whose pictures these are
};

} // namespace hopscope
