// The list of problems, with the whole text of the chosen one below.
#pragma once

#include "views/base/follower.h"
#include "views/base/itemmenu.h"
#include "views/problems/problemsmodel.h"

#include <QWidget>

class QLabel;
class QPlainTextEdit;
class QTableView;

namespace hopscope {

class ProblemsView : public QWidget, public Follower {
    Q_OBJECT

public:
    explicit ProblemsView(QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    void showFailure(int failure);
    int count() const { return model_->rowCount(); }
    ProblemsModel& model() { return *model_; }

Q_SIGNALS:
    void spotChosen(hopscope::FileId file, quint64 line); // double click or Return: show it in the dump

    // --- for the shell
public:
    void setItemMenu(ItemMenu menu) { itemMenu_ = std::move(menu); }

private:
    ItemMenu itemMenu_;
    void showText();
    void copy();

    ProblemsModel* model_;
    QTableView* table_;
    QPlainTextEdit* text_;
    QLabel* empty_;
};

} // namespace hopscope
