// The find strip of a pane: words in, hits out. What is searched is its owner's matter.
#pragma once

#include "core/browse/find.h"

#include <QWidget>

class QAction;
class QLabel;
class QLineEdit;

namespace hopscope {

class FindBar : public QWidget {
    Q_OBJECT

public:
    // `everywhere` is what the switch that widens the search is called; empty: there is none.
    explicit FindBar(const QString& placeholder, const QString& everywhere, QWidget* parent = nullptr);

    void open(); // shows it, takes the focus, selects the text
    void close();
    QString text() const;
    void setText(const QString& text);
    FindOptions options() const;
    bool everywhere() const;
    // Regular expression, case, and the wider search: to be put into a list of keys.
    QList<QAction*> switches() const;
    // "3 of 17", where they are if they are in more than one place ("in 4 bodies"), and whether the last step
    // went over an end.
    struct Shown {
        size_t current = 0, total = 0; // from 1; 0 = at none
        QString where;
        bool wrapped = false;
        QString error; // in place of all else
    };
    void setResult(const Shown& shown);
    void setBusy(); // the result is not known yet
    QString resultText() const;

Q_SIGNALS:
    void searchChanged(); // text or switches
    void stepRequested(int direction);
    void closed();

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    QAction* makeSwitch(const QString& name, const QString& text, const QString& tip, const QString& key);

    QLineEdit* input_;
    QLabel* result_;
    QAction* regex_ = nullptr;
    QAction* case_ = nullptr;
    QAction* everywhere_ = nullptr;
};

} // namespace hopscope
