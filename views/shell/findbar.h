// The find strip of a pane: words in, hits out. What is searched is its owner's matter.
#pragma once

#include <QWidget>

class QLabel;
class QLineEdit;

namespace hopscope {

class FindBar : public QWidget {
    Q_OBJECT

public:
    explicit FindBar(QWidget* parent = nullptr);

    void open(); // shows it, takes the focus, selects the text
    void close();
    QString text() const;
    void setText(const QString& text);
    // "3 of 17", and whether the last step went over an end.
    void setResult(int current, int total, bool wrapped, const QString& error = {});
    QString resultText() const;

Q_SIGNALS:
    void searchChanged(const QString& text);
    void stepRequested(int direction);
    void closed();

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    QLineEdit* input_;
    QLabel* result_;
};

} // namespace hopscope
