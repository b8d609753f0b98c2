// "◀ invocation 4 of 12 ▶": where the stepper stands, with the decision of that invocation.
#pragma once

#include "core/browse/stepping.h"
#include "views/base/follower.h"

#include <QWidget>

#include <optional>

class QAction;
class QLabel;
class QToolButton;

namespace hopscope {

class StepperBar : public QWidget, public Follower {
    Q_OBJECT

public:
    // The buttons trigger the given actions, which their owner enables.
    StepperBar(QAction* previous, QAction* next, QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    void setCurrent(std::optional<int> row); // into Document::rows()
    QString text() const;

private:
    std::shared_ptr<const Document> document_;
    std::optional<int> row_;
    QLabel* label_;
    QLabel* decision_;
};

} // namespace hopscope
