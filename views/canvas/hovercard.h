// The card that appears over a node after the pointer has rested on it.
#pragma once

#include "views/canvas/canvas.h"

#include <QWidget>

namespace hopscope {

// A window of its own like a tooltip, so that a narrow pane does not cut it; never takes the mouse or the
// focus.
class HoverCardWidget : public QWidget {
    Q_OBJECT

public:
    explicit HoverCardWidget(QWidget* parent);

    // Beside `target` (global), where the screen has room.
    void showCard(const HoverCard& card, const QRect& target);
    const HoverCard& card() const { return card_; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Line {
        QString text;
        QFont font;
        QColor color;
    };
    std::vector<Line> lines() const;
    QSize sizeFor(const std::vector<Line>& lines) const;

    HoverCard card_;
};

} // namespace hopscope
