// What could not be done, above what is open: said where one looks, kept until it is closed, never a box in
// the way.
#pragma once

#include <QWidget>

class QLabel;
class QPlainTextEdit;
class QToolButton;

namespace hopscope {

class ErrorBar : public QWidget {
    Q_OBJECT

public:
    explicit ErrorBar(QWidget* parent = nullptr);

    void setError(const QString& title, const QString& text); // empty title: none
    QString text() const; // title and text, empty = none

private:
    void restyle();

    QLabel* mark_;
    QLabel* title_;
    QPlainTextEdit* text_;
    QToolButton* close_;
};

} // namespace hopscope
