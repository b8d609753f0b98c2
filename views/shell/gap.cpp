#include "views/shell/gap.h"

#include "views/base/theme.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {

constexpr int kGapWidth = 24; // where lines lead across; wider, and small screens lack it in the headers

class Gap : public QSplitterHandle {
public:
    explicit Gap(PaneSplitter* panes)
        : QSplitterHandle(Qt::Horizontal, panes)
        , panes_(panes) { }

protected:
    void paintEvent(QPaintEvent* event) override {
        if (!panes_->lines()) {
            QSplitterHandle::paintEvent(event);
            return;
        }
        QPainter painter(this);
        painter.fillRect(rect(), color(Role::Window));
        const PaneSplitter::Lines told = panes_->lines()();
        const double up = mapTo(panes_, QPoint()).y();
        const QRectF room(0, told.top - up, width(), told.bottom - told.top);
        painter.setClipRect(room);
        painter.setRenderHint(QPainter::Antialiasing, true);
        for (const bool lit : {false, true})
            for (const GapLine& line : told.lines)
                if (line.lit == lit)
                    draw(painter, line, up, room);
    }

private:
    void draw(QPainter& painter, const GapLine& line, double up, const QRectF& room) const {
        const double left = line.left - up, right = line.right - up;
        if (std::max(left, right) < room.top() || std::min(left, right) > room.bottom())
            return;
        QPen pen(color(line.lit ? Role::Accent : Role::Saved), line.lit ? 2 : 1);
        pen.setCapStyle(Qt::FlatCap);
        if (line.saved)
            pen.setDashPattern({4, 3});
        else if (line.lit)
            pen.setDashPattern({1, 2}); // no value passes
        painter.setPen(pen);
        // On whole pixels, as the lines in the pictures are.
        const double from = std::floor(left) + 0.5, to = std::floor(right) + 0.5, w = width();
        if (from == to) {
            painter.drawLine(QPointF(0, from), QPointF(w, to));
            return;
        }
        QPainterPath path(QPointF(0, from));
        path.cubicTo(QPointF(w / 2, from), QPointF(w / 2, to), QPointF(w, to));
        painter.drawPath(path);
    }

    PaneSplitter* panes_;
};

} // namespace

QSplitterHandle* PaneSplitter::createHandle() {
    auto* gap = new Gap(this);
    gap->setToolTip(tr("Drag to give one pane more room"));
    return gap;
}

void PaneSplitter::setLines(std::function<Lines()> lines) {
    if (!plainWidth_)
        plainWidth_ = handleWidth();
    lines_ = std::move(lines);
    const int wanted = lines_ ? kGapWidth : *plainWidth_;
    if (handleWidth() != wanted)
        setHandleWidth(wanted);
    updateGap();
}

void PaneSplitter::updateGap() {
    for (int i = 1; i < count(); ++i)
        handle(i)->update();
}

} // namespace hopscope
