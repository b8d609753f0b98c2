// What the colours of an overlay mean: a strip above both panes, which share it.
#pragma once

#include "core/draw/overlay.h"

#include <QWidget>

#include <memory>
#include <vector>

class QAction;
class QToolButton;

namespace hopscope {

class OverlayScale : public QWidget {
    Q_OBJECT

public:
    // `end` takes the overlay away.
    explicit OverlayScale(QAction* end, QWidget* parent = nullptr);

    void setOverlay(std::shared_ptr<const draw::Overlay> overlay); // null hides it

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    // A swatch and what it stands for; the title has none.
    struct Item {
        QString words;
        std::optional<draw::ColorRole> fill;
        QPoint at; // of the line's upper left corner
    };
    void place(); // the items into lines, and the height that they take

    std::shared_ptr<const draw::Overlay> overlay_;
    std::vector<Item> items_;
    QToolButton* close_;
};

} // namespace hopscope
