// The value of the selected node where the run stands: what it is, its statistics, a histogram, and a slice
// of its elements as a table or a picture. What is not there is said, never shown as zero.
#pragma once

#include "core/browse/document.h"
#include "views/base/follower.h"
#include "views/base/runcontroller.h"
#include "views/values/slice.h"

#include <QWidget>

#include <memory>
#include <optional>

class QBoxLayout;
class QComboBox;
class QLabel;
class QPushButton;
class QSpinBox;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace hopscope {

class Histogram;

class ValueView : public QWidget, public Follower {
    Q_OBJECT

public:
    // `run` is the action of the button that stands where nothing runs, `restart` of that where the worker
    // died.
    ValueView(RunController* controller, QAction* run, QAction* restart, QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    void setNode(const Place& node);
    void showPicture(bool picture);
    // The item to show when the step of this key ("split#1") is shown next.
    void setWantedItem(const std::string& path);

    // --- for tests
    QString message() const; // why there is no value; empty where there is one
    QString facts() const; // plain
    QString origin() const; // which inputs
    SliceModel& slice() { return *model_; }
    SlicePicture& picture() { return *picture_; }
    Histogram& histogram() { return *histogram_; }
    QComboBox& items() { return *items_; }
    const std::optional<wire::ValueAnswer>& value() const { return value_; }
    bool complete() const { return sliceShown_ || !hasSlice_; } // all that was asked for is shown

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* buildFacts(QAction* run, QAction* restart);
    QWidget* buildSlice();
    void refresh();
    void say(const QString& text, bool error = false, QAction* way = nullptr);
    std::optional<size_t> stepOf(QString* why) const;
    void showFacts();
    void showHistogram();
    void fillItems(const run::Step& step);
    void fillChoosers();
    void wantSlice();
    void turnPage(int direction);
    ValueQuery statsQuery() const;
    ValueQuery sliceQuery() const;
    void copy();
    void save();

    RunController* controller_;
    std::shared_ptr<const Document> document_;
    Place node_;
    std::optional<size_t> step_;
    std::optional<wire::ValueAnswer> value_;
    SliceWindow window_;
    std::string wantedPath_;
    std::optional<int> wantedItem_;
    bool hasSlice_ = false, sliceShown_ = false, filling_ = false;

    QBoxLayout* parts_;
    QLabel* title_;
    QLabel* origin_;
    QLabel* message_;
    QPushButton* run_;
    QPushButton* restart_;
    QPushButton* copyError_;
    QAction* runAction_;
    QAction* restartAction_;
    QComboBox* items_;
    QLabel* facts_;
    Histogram* histogram_;
    QWidget* sliceBox_;
    QWidget* choosers_;
    QLabel* open_;
    QLabel* pageText_;
    std::vector<QSpinBox*> indices_;
    QToolButton* pageBack_;
    QToolButton* pageOn_;
    QToolButton* asTable_;
    QToolButton* asPicture_;
    QToolButton* copy_;
    QToolButton* save_;
    QStackedWidget* stack_;
    QTableView* table_;
    SliceModel* model_;
    SlicePicture* picture_;
};

} // namespace hopscope
