// A line in the accent's colour along the upper edge of the part of the window that keys act on.
#pragma once

#include <QPointer>
#include <QWidget>

namespace hopscope {

class FocusMark : public QWidget {
    Q_OBJECT

public:
    explicit FocusMark(QWidget* window);

    void setArea(QWidget* area); // null: none
    QWidget* area() const { return area_; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void place();

    QPointer<QWidget> area_;
};

} // namespace hopscope
