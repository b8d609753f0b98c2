#include "views/canvas/accessible.h"

#include "views/base/text.h"
#include "views/canvas/canvas_p.h"

#include <QAccessible>
#include <QAccessibleWidget>

namespace hopscope {

// Named in Canvas as a friend.
class CanvasAccessible : public QAccessibleWidget {
public:
    explicit CanvasAccessible(Canvas* canvas)
        : QAccessibleWidget(canvas, QAccessible::List) { }
    ~CanvasAccessible() override { forget(); }

    static const Canvas::Private& of(const Canvas* canvas) { return *canvas->d; }
    Canvas* canvas() const { return static_cast<Canvas*>(object()); }

    int childCount() const override {
        const auto& its = of(canvas());
        return its.shows() ? static_cast<int>(its.scene->boxes.size()) : 0;
    }
    QAccessibleInterface* child(int index) const override;
    int indexOfChild(const QAccessibleInterface* child) const override;
    QAccessibleInterface* childAt(int x, int y) const override {
        const QPoint pos = canvas()->viewport()->mapFromGlobal(QPoint(x, y));
        const auto& its = of(canvas());
        if (!its.shows() || !canvas()->viewport()->rect().contains(pos))
            return nullptr;
        const std::optional<uint32_t> box = its.index->boxAt(canvas()->toScene(pos));
        return box ? child(static_cast<int>(*box)) : nullptr;
    }
    QAccessibleInterface* focusChild() const override {
        const auto& its = of(canvas());
        const std::optional<uint32_t> box = its.boxOf(its.selected);
        return canvas()->hasFocus() && box ? child(static_cast<int>(*box)) : nullptr;
    }

private:
    void forget() const {
        for (QAccessible::Id id : std::as_const(children_))
            QAccessible::deleteAccessibleInterface(id);
        children_.clear();
    }

    mutable QHash<int, QAccessible::Id> children_; // by box, made when asked for
};

namespace {

class BoxAccessible : public QAccessibleInterface {
public:
    BoxAccessible(Canvas* canvas, uint32_t box)
        : canvas_(canvas)
        , box_(box) { }

    uint32_t box() const { return box_; }
    bool isValid() const override {
        return canvas_ && canvas_->scene() && box_ < canvas_->scene()->boxes.size();
    }
    QObject* object() const override { return nullptr; }
    QWindow* window() const override { return canvas_ ? canvas_->window()->windowHandle() : nullptr; }
    QAccessibleInterface* parent() const override { return QAccessible::queryAccessibleInterface(canvas_); }
    QAccessibleInterface* child(int) const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QAccessible::Role role() const override { return QAccessible::ListItem; }
    void setText(QAccessible::Text, const QString&) override { }

    QString text(QAccessible::Text what) const override {
        if (!isValid())
            return {};
        if (what == QAccessible::Name)
            return qs(canvas_->scene()->boxes[box_].title);
        return what == QAccessible::Description ? CanvasAccessible::of(canvas_).describe(box_) : QString();
    }
    QRect rect() const override {
        if (!isValid())
            return {};
        const QRect local = canvas_->boxRect(canvas_->scene()->boxes[box_].node);
        return QRect(canvas_->viewport()->mapToGlobal(local.topLeft()), local.size());
    }
    QAccessible::State state() const override {
        QAccessible::State state;
        if (!isValid()) {
            state.invalid = true;
            return state;
        }
        const auto& its = CanvasAccessible::of(canvas_);
        state.selectable = state.focusable = true;
        state.selected = its.index->boxOf(its.selected) == box_;
        state.focused = state.selected && canvas_->hasFocus();
        state.offscreen = !rect().intersects(
            QRect(canvas_->viewport()->mapToGlobal(QPoint()), canvas_->viewport()->size()));
        return state;
    }

private:
    QPointer<Canvas> canvas_;
    uint32_t box_;
};

QAccessibleInterface* factory(const QString&, QObject* object) {
    // By cast, not by name: a class that derives from Canvas is one too.
    auto* canvas = qobject_cast<Canvas*>(object);
    return canvas ? new CanvasAccessible(canvas) : nullptr;
}

} // namespace

QAccessibleInterface* CanvasAccessible::child(int index) const {
    if (index < 0 || index >= childCount())
        return nullptr;
    auto it = children_.find(index);
    if (it == children_.end()) {
        auto* item = new BoxAccessible(canvas(), static_cast<uint32_t>(index));
        it = children_.insert(index, QAccessible::registerAccessibleInterface(item));
    }
    return QAccessible::accessibleInterface(*it);
}

int CanvasAccessible::indexOfChild(const QAccessibleInterface* child) const {
    const auto* item = dynamic_cast<const BoxAccessible*>(child);
    return item ? static_cast<int>(item->box()) : -1;
}

void installCanvasAccessibility() {
    static bool installed = false;
    if (!installed)
        QAccessible::installFactory(factory);
    installed = true;
}

} // namespace hopscope
