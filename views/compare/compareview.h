// The run against what should agree with it: what to compare with, the verdict, and every value's error.
#pragma once

#include "core/browse/document.h"
#include "views/base/runcontroller.h"
#include "views/compare/comparemodel.h"

#include <QWidget>

class QAction;
class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QTableView;
class QToolButton;

namespace hopscope {

class CompareView : public QWidget {
    Q_OBJECT

public:
    explicit CompareView(RunController* controller, QWidget* parent = nullptr);

    // The comparison that the controls describe. Errors: Usage naming what is wrong or missing.
    Result<RunController::CompareOptions> options() const;
    void start(); // compares
    void setRecorded(const QString& file); // chooses recorded values

    // --- for tests
    CompareModel& model() { return *model_; }
    CompareFilter& filtered() { return *filter_; }
    QTableView& table() { return *table_; }
    QComboBox& against() { return *against_; }
    QLineEdit& tolerances() { return *tolerances_; }
    QLineEdit& filterEdit() { return *words_; }
    QLineEdit& otherEdit() { return *other_; }
    QString verdict() const;
    QString basis() const; // empty: it was compared on the run's own inputs

Q_SIGNALS:
    void valueChosen(const hopscope::run::ComparedValue& value);
    void message(const QString& text, bool isError);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void update();
    void show();
    void selectFirst(); // the first value that is suspicious, if there is one
    void copyJson();

    RunController* controller_;
    CompareModel* model_;
    CompareFilter* filter_;
    QComboBox* against_;
    QLineEdit* other_; // a file, or a seed
    QToolButton* choose_;
    QLineEdit* tolerances_;
    QCheckBox* alone_;
    QToolButton* start_;
    QToolButton* first_;
    QToolButton* copy_;
    QLabel* verdict_;
    QLabel* basis_; // on which inputs, where that is not the run's; else hidden
    QLineEdit* words_;
    QTableView* table_;
};

} // namespace hopscope
