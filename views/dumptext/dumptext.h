// A file of the dump at a line: what a statement rests on, as it lies on the disk.
#pragma once

#include "core/browse/document.h"
#include "core/read/excerpt.h"
#include "views/base/follower.h"
#include "views/base/jobs.h"

#include <QPlainTextEdit>
#include <QWidget>

#include <memory>

class QLabel;
class QToolButton;

namespace hopscope {

// The lines with their numbers beside them.
class NumberedText : public QPlainTextEdit {
    Q_OBJECT

public:
    explicit NumberedText(QWidget* parent = nullptr);

    void showLines(const Excerpt& excerpt); // the asked one marked, in the middle
    void mark();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    class Gutter;
    void layOut();
    void paintNumbers(QPaintEvent* event);

    Gutter* gutter_;
    uint64_t first_ = 1, line_ = 0;
};

class DumpText : public QWidget, public Follower {
    Q_OBJECT

public:
    explicit DumpText(JobRunner* jobs, QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    // Reads and shows; what comes late for another question is dropped.
    void showLine(FileId file, uint64_t line);

    QString place() const; // "/path/trace.log:425", empty where nothing is shown
    QString markedLine() const;
    QString message() const; // what is said in place of the text or above it

private:
    void take(const Result<Excerpt>& read);

    JobRunner* jobs_;
    std::shared_ptr<const Document> document_;
    QLabel* title_;
    QLabel* message_;
    QToolButton* copyPlace_;
    QToolButton* copyLine_;
    NumberedText* text_;
    Excerpt shown_;
    JobRunner::Id job_ = 0;
    int generation_ = 0;
};

} // namespace hopscope
