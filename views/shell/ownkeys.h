// Keys that a person chose in place of an action's own, kept in the settings.
#pragma once

#include <QKeySequence>
#include <QList>
#include <QObject>
#include <QString>

class QAction;
class QSettings;

namespace hopscope {

class OwnKeys : public QObject {
    Q_OBJECT

public:
    // Gives the actions the keys that are kept for them by name; `settings` may be null: then nothing is
    // kept.
    OwnKeys(QList<QAction*> actions, QSettings* settings, QObject* parent = nullptr);

    const QList<QAction*>& actions() const { return actions_; }
    // Whether its keys can be chosen at all; else why not.
    QString whyFixed(const QAction* action) const;
    // Of one stroke; none takes all keys away. Empty where it is done, else why not: another action has the
    // key where this one works too, or it is typed or used otherwise there.
    QString give(QAction* action, const QKeySequence& key);
    bool isOwn(const QAction* action) const;
    void restore(QAction* action); // where nothing has taken its keys since: those that are free
    void restoreAll();

Q_SIGNALS:
    void changed();

private:
    void set(QAction* action, const QList<QKeySequence>& keys, bool own);
    const QAction* holderOf(const QKeySequence& key, const QAction* besides) const;
    void keep(const QAction* action);

    QList<QAction*> actions_;
    QList<QList<QKeySequence>> defaults_; // by action
    QSettings* settings_;
};

} // namespace hopscope
