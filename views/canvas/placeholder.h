// What stands in the canvas where there is no picture: nothing to show, work under way, an error.
#pragma once

#include "views/canvas/canvas.h"

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

class QLabel;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QBoxLayout;

namespace hopscope {

class PlaceholderWidget : public QWidget {
    Q_OBJECT

public:
    explicit PlaceholderWidget(QWidget* parent);

    // `strip`: one line along the top of an old picture instead of the middle of an empty canvas.
    void setState(const Placeholder& state, bool strip);

Q_SIGNALS:
    void cancelRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void showElapsed();
    void restyle();
    void arrange();

    Placeholder state_;
    bool strip_ = false;
    QElapsedTimer since_;
    QTimer tick_, delay_;
    QWidget* body_;
    QBoxLayout *column_, *buttons_;
    QLabel *mark_, *title_, *detail_, *elapsed_;
    QPlainTextEdit* report_;
    QProgressBar* progress_;
    QPushButton *cancel_, *copy_;
};

} // namespace hopscope
