// What the window shows while no dump is open: ways to open one, and why the last one could not be.
#pragma once

#include <QList>
#include <QStringList>
#include <QWidget>

class QAction;
class QLabel;
class QPlainTextEdit;
class QVBoxLayout;

namespace hopscope {

class StartPage : public QWidget {
    Q_OBJECT

public:
    StartPage(QAction* open, QAction* openFolder, QAction* paste, QAction* sample, QWidget* parent = nullptr);

    void setRecents(const QList<QStringList>& recents);
    void setError(const QString& title, const QString& text); // empty title: none
    QString errorText() const;

Q_SIGNALS:
    void recentChosen(const QStringList& paths);

private:
    QWidget* error_;
    QLabel* errorTitle_;
    QPlainTextEdit* errorText_;
    QLabel* recentTitle_;
    QVBoxLayout* recents_;
};

} // namespace hopscope
