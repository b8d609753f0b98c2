// The recent dumps in the File menu and on the start page, kept in the person's settings.
#pragma once

#include <QMenu>
#include <QStringList>

class QSettings;

namespace hopscope {

class Actions;
class StartPage;

class RecentMenu : public QMenu {
    Q_OBJECT

public:
    // `settings` is null where nothing is kept.
    RecentMenu(QSettings* settings, Actions* actions, StartPage* start, QWidget* parent);

    void add(const QStringList& paths);

Q_SIGNALS:
    void chosen(const QStringList& paths);

private:
    void changed();
    void fill();
    QList<QStringList> list() const;

    QSettings* settings_;
    Actions* actions_;
    StartPage* start_;
};

} // namespace hopscope
