// The running job in the status bar: name, per cent, elapsed, and a button that cancels it. Appears after 300
// ms.
#pragma once

#include <QTimer>
#include <QWidget>

class QLabel;
class QProgressBar;
class QToolButton;

namespace hopscope {

class JobRunner;

class JobStrip : public QWidget {
    Q_OBJECT

public:
    explicit JobStrip(JobRunner* jobs, QWidget* parent = nullptr);

private:
    void update();

    JobRunner* jobs_;
    QLabel* text_;
    QProgressBar* bar_;
    QToolButton* cancel_;
    QTimer timer_;
    int shown_ = 0; // id of the job shown
};

} // namespace hopscope
