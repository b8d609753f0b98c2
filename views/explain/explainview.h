// The dock that says why.
#pragma once

#include "views/base/follower.h"
#include "views/explain/answerpages.h"

#include <QWidget>

#include <memory>

class QTextBrowser;
class QToolButton;

namespace hopscope {

class ExplainView : public QWidget, public Follower {
    Q_OBJECT

public:
    explicit ExplainView(QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void showRow(int row); // the answer about a call, wherever one is
    void showDumpPage(); // until one goes elsewhere
    const Question& question() const { return question_; }
    QString text() const; // as it is shown, plain
    QString html() const;
    QString copied() const; // what Copy puts on the clipboard

Q_SIGNALS:
    void placeChosen(const hopscope::Place& place);
    void rowChosen(int row);
    void regionChosen(hopscope::RegionRef region);
    void compilationChosen(hopscope::CompilationId compilation);
    void spotChosen(hopscope::FileId file, quint64 line); // a line of a dump's file
    void comparisonChosen(const hopscope::Place& a, const hopscope::Place& b);

private:
    void ask(const Question& question);
    void fill();

    std::shared_ptr<const Document> document_;
    Question question_;
    NavState asked_; // where one was when it was asked
    QTextBrowser* text_;
    QToolButton* copy_;
    QToolButton* dump_;
};

} // namespace hopscope
