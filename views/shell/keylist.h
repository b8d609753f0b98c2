// F1: every action with its key, searchable.
#pragma once

#include <QDialog>
#include <QList>

class QAction;
class QLineEdit;
class QTableWidget;

namespace hopscope {

class KeyList : public QDialog {
    Q_OBJECT

public:
    KeyList(const QList<QAction*>& actions, QWidget* parent);
    QTableWidget& table() { return *table_; }
    QLineEdit& search() { return *search_; }

private:
    void filter(const QString& text);

    QLineEdit* search_;
    QTableWidget* table_;
};

} // namespace hopscope
