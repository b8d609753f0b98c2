// The two bodies of a comparison as one picture, in the place of the panes.
#pragma once

#include "core/export/united_picture.h"
#include "views/shell/windowstate.h"

#include <QObject>

#include <memory>

class QLabel;
class QWidget;

namespace hopscope {

class Actions;
class Canvas;
class DiffPresenter;
struct HoverCard;

class OnePicture : public QObject, public Follower {
    Q_OBJECT

public:
    // Makes its widget, which is hidden as long as nothing is compared or the panes are shown.
    OnePicture(WindowState* state, Actions* actions, DiffPresenter* diff, QWidget* parent);

    QWidget* widget() const { return widget_; }
    Canvas& canvas() const { return *canvas_; }
    bool isShown() const;
    void follow(const Shown& shown, Changes changed) override;

Q_SIGNALS:
    void shownChanged(bool shown); // the panes have its place, or it has theirs

private:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void update();
    void make(); // the picture, beside the window
    void take(const std::shared_ptr<const Result<UnitedPicture>>& made);
    void setTitle(const QString& summary, const QString& note);
    void fitTitle();
    void markSelected();
    void choose(NodeId drawn);
    HoverCard cardOf(NodeId drawn) const;

    WindowState* state_;
    Actions* actions_;
    DiffPresenter* diff_;
    QWidget* widget_;
    QLabel* title_;
    QString words_; // of the title, uncut
    Canvas* canvas_;
    std::shared_ptr<const Comparison> comparison_; // of the picture that is shown or being made
    std::shared_ptr<const Document> document_; // likewise
    std::shared_ptr<const Result<UnitedPicture>> picture_; // null while it is made
    JobRunner::Id job_ = 0;
    int generation_ = 0;
};

} // namespace hopscope
