// The two panes: which picture stands in each, from where it is seen, and what is marked in it.
#pragma once

#include "views/base/itemmenu.h"
#include "views/canvas/canvas.h"
#include "views/shell/scenes.h"
#include "views/shell/windowstate.h"

#include <QObject>

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

class QKeyEvent;
class QSplitter;

namespace hopscope {

class Actions;
class Forecasts;
class PaneView;

class PanePresenter : public QObject, public Follower {
    Q_OBJECT

public:
    PanePresenter(WindowState* state, Actions* actions, QWidget* parent);
    ~PanePresenter() override;

    QSplitter* widget() const { return split_; }
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
    // What to say of the focused picture where dot was asked for and another layout served; empty = nothing.
    QString whyNotDot() const;
    // The bodies that are shown, with the name of their pane, and which of them has the focus.
    std::vector<std::pair<QString, Place>> bodies(int* focused) const;
    // The pane that a widget is part of; null = none.
    PaneView* paneOf(const QWidget* widget) const;

Q_SIGNALS:
    void viewChanged(); // the person sees a picture from another place
    void pictureChanged(); // another picture stands in a pane

private:
    void connectPane(Pane pane);
    void connectActions();
    bool eventFilter(QObject* watched, QEvent* event) override;
    bool canvasKey(PaneView& pane, const QKeyEvent& key);
    void setDocument(const std::shared_ptr<const Document>& document);
    void showPane(Pane pane);
    void sceneReady(const SceneStore::Key& key);
    void sceneFailed(const SceneStore::Key& key, const QString& message);
    SceneStore::Key keyOf(Pane pane) const;
    void rememberView(Pane pane);
    void mark(bool reveal);
    QString whyNoGraph() const;
    void showUsers();
    void showSides();
    void showMenu(Pane pane, NodeId node, const QPoint& at);

    WindowState* state_;
    Actions* actions_;
    const Forecasts* forecasts_ = nullptr;
    ItemMenu itemMenu_;
    SceneStore scenes_;
    QSplitter* split_;
    std::array<PaneView*, 2> panes_{};
    std::array<SceneStore::Key, 2> shown_{}; // the picture in each pane
    Views views_;
    bool levelling_ = false; // one pane's opening view follows from the other's
    std::shared_ptr<const Document> document_; // whose pictures these are
};

} // namespace hopscope
