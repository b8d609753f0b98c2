// What to run, and on what.
#pragma once

#include "core/browse/document.h"
#include "core/run/request.h"
#include "views/base/forecasts.h"

#include <QDialog>

#include <memory>
#include <vector>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QRadioButton;
class QSpinBox;

namespace hopscope {

class RunDialog : public QDialog {
    Q_OBJECT

public:
    // `bodies` are what may be run, by the name under which each is offered. What `forecasts` say of the
    // chosen one is shown; they outlive the dialog.
    RunDialog(std::shared_ptr<const Document> document, std::vector<std::pair<QString, Place>> bodies,
        int chosen, const run::Request& before, Forecasts* forecasts, QWidget* parent);

    run::Request request() const;
    // Why it cannot be run as it stands; empty = it can.
    QString problem() const;

Q_SIGNALS:
    void runRequested(const hopscope::run::Request& request);

private:
    QWidget* pathRow(QLineEdit* edit, const QString& title, const QString& filter, bool folders);
    void update();
    void showForecast();

    std::shared_ptr<const Document> document_;
    std::vector<std::pair<QString, Place>> bodies_;
    QComboBox* body_;
    QLabel* calls_;
    QSpinBox* invocation_;
    QRadioButton* synthetic_;
    QRadioButton* recorded_;
    QSpinBox* seed_;
    QLineEdit* inputs_;
    QLineEdit* reference_;
    QLineEdit* bind_;
    QSpinBox* memory_;
    QLineEdit* library_;
    QCheckBox* trust_;
    QLabel* note_;
    Forecasts* forecasts_;
    QLabel* forecast_;
    QDialogButtonBox* buttons_;
    QPushButton* run_ = nullptr;
};

} // namespace hopscope
