// "◀ invocation 4 of 12 ▶": where the stepper stands, with the decision of that invocation.
#pragma once

#include "core/browse/stepping.h"

#include <QWidget>

class QAction;
class QLabel;
class QToolButton;

namespace hopscope {

class StepperBar : public QWidget {
    Q_OBJECT

public:
    // The buttons trigger the given actions, which their owner enables.
    StepperBar(QAction* previous, QAction* next, QWidget* parent = nullptr);

    void setCurrent(const Document* document, int row);
    QString text() const;

private:
    QLabel* label_;
    QLabel* decision_;
};

} // namespace hopscope
