// Where the run stands: a scrubber over the execution order under the live bytes, and lists of breakpoints,
// watched nodes, calls and times.
#pragma once

#include "views/base/follower.h"
#include "views/run/runmodels.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QSlider;
class QTabWidget;
class QTableView;
class QToolButton;

namespace hopscope {

class BytesCurve;

class StepsView : public QWidget, public Follower {
    Q_OBJECT

public:
    StepsView(RunController* controller, QAction* computeAll, QAction* measure, QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    void showTimes();
    void watch(const Place& node) { watch_->toggle(node); }
    bool isWatched(const Place& node) const;

    // --- for tests
    // What may help where the run stopped; shown behind why it did.
    void setHelp(const QString& help);
    QString text() const; // "step 3 of 120 · …"
    QSlider& scrubber() { return *scrubber_; }
    BytesCurve& curve() { return *curve_; }
    BreakpointModel& breakpoints() { return *breakpoints_; }
    WatchModel& watchList() { return *watch_; }
    StackModel& stack() { return *stack_; }
    TimeModel& times() { return *times_; }
    QLineEdit& breakpointEdit() { return *breakpointEdit_; }
    // A breakpoint from what was typed: "[16, 96]" is a shape, anything else an operator.
    void addBreakpoint(const QString& text);

Q_SIGNALS:
    void placeChosen(const hopscope::Place& place);

private:
    QWidget* buildRun(QAction* computeAll);
    QTableView* table(
        const QString& name, const QString& title, const QString& hint, QAbstractItemModel* model);
    QWidget* buildBreakpoints();
    QWidget* buildTimes(QAction* measure);
    void refresh();

    RunController* controller_;
    std::shared_ptr<const Document> document_;
    QLabel* text_;
    QLabel* origin_;
    QLabel* failure_;
    QLabel* notes_;
    QString help_;
    QToolButton* all_;
    BytesCurve* curve_;
    QSlider* scrubber_;
    QTabWidget* tabs_;
    QLineEdit* breakpointEdit_;
    BreakpointModel* breakpoints_;
    WatchModel* watch_;
    StackModel* stack_;
    TimeModel* times_;
    const void* plotted_ = nullptr; // which copy of the steps the curve shows
    size_t plottedSteps_ = 0;
};

} // namespace hopscope
