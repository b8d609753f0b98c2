// Every action with its key, searchable; and another key for an action.
#pragma once

#include <QDialog>

class QAction;
class QKeySequenceEdit;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableWidget;

namespace hopscope {

class OwnKeys;

class KeyList : public QDialog {
    Q_OBJECT

public:
    KeyList(OwnKeys* keys, QWidget* parent); // which outlive it
    QTableWidget& table() { return *table_; }
    QLineEdit& search() { return *search_; }
    QKeySequenceEdit& key() { return *key_; }
    QString message() const;

private:
    void build();
    void fill();
    void filter();
    void showChosen();
    void give(bool none);
    QAction* chosen() const; // null where none can be given another key

    OwnKeys* keys_;
    QLineEdit* search_;
    QTableWidget* table_;
    QKeySequenceEdit* key_;
    QPushButton *set_, *none_, *restore_;
    QLabel* message_;
};

} // namespace hopscope
