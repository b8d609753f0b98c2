// The tree's pane. Region rows carry the strip of dots; a click on a dot goes to its invocation.
#pragma once

#include "views/base/follower.h"
#include "views/base/itemmenu.h"
#include "views/outline/outlinemodel.h"

#include <QTreeView>

#include <optional>

namespace hopscope {

class OutlineView : public QTreeView, public Follower {
    Q_OBJECT

public:
    explicit OutlineView(QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    // Marks what is current; scrolls the current invocation's region into view. Emits nothing.
    void setCurrent(std::optional<int> row, const Place& left, const Place& right, const Place& focused);

    OutlineModel& outline() { return *model_; }
    void setItemMenu(ItemMenu menu) { itemMenu_ = std::move(menu); }
    Item itemOf(const QModelIndex& index) const;

    // Which dot of a region's strip is at a point of the viewport.
    std::optional<int> dotAt(const QModelIndex& index, const QPoint& at) const;

Q_SIGNALS:
    void rowChosen(int row);
    void regionChosen(hopscope::RegionRef region);
    void compilationChosen(hopscope::CompilationId compilation);
    void bodyChosen(const hopscope::Place& body);
    void failureChosen(int failure);
    void besideChosen(const hopscope::Place& body); // Ctrl with a click or Return: in the other pane

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void choose(const QModelIndex& index);
    void chooseBeside(const QModelIndex& index);

    OutlineModel* model_;
    ItemMenu itemMenu_;
    bool quiet_ = false;
};

} // namespace hopscope
