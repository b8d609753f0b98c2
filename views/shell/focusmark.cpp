#include "views/shell/focusmark.h"

#include "views/base/theme.h"

#include <QEvent>
#include <QPainter>

namespace hopscope {

namespace {
constexpr int kLine = 2;
}

FocusMark::FocusMark(QWidget* window)
    : QWidget(window) {
    setObjectName(QStringLiteral("focusMark"));
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
    hide();
}

void FocusMark::setArea(QWidget* area) {
    if (area_ == area)
        return;
    if (area_)
        area_->removeEventFilter(this);
    area_ = area;
    if (area_)
        area_->installEventFilter(this);
    place();
}

void FocusMark::place() {
    if (!area_ || !area_->isVisible()) {
        hide();
        return;
    }
    setGeometry(QRect(area_->mapTo(parentWidget(), QPoint(0, 0)), QSize(area_->width(), kLine)));
    show();
    raise();
}

bool FocusMark::eventFilter(QObject* watched, QEvent* event) {
    if (watched == area_) {
        switch (event->type()) {
        case QEvent::Move:
        case QEvent::Resize:
        case QEvent::Show:
        case QEvent::Hide:
            place();
            break;
        default:
            break;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void FocusMark::paintEvent(QPaintEvent*) {
    QPainter(this).fillRect(rect(), color(Role::Accent));
}

} // namespace hopscope
