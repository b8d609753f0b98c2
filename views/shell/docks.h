// The docks: each registered once with its name, key, area and panel; shown, raised and arranged from here.
#pragma once

#include <QDockWidget>
#include <QList>
#include <QMainWindow>
#include <QObject>

#include <vector>

namespace hopscope {

class Actions;

class Docks : public QObject {
    Q_OBJECT

public:
    struct Spec {
        const char* name; // "ledger": as options and code name it; the object name is "ledgerDock"
        QString title;
        const char* key;
        Qt::DockWidgetArea area;
        QWidget* panel;
        QString what; // for What's This
        bool titled = false; // a quiet title above; else its tab says it
    };

    // Adds the docks in this order; those of one area share it as tabs, the first in front.
    Docks(QMainWindow* window, Actions* actions, const std::vector<Spec>& table);

    // Brings a dock to the front, wherever it is. False where there is none of that name.
    bool show(const QString& name);
    // Before its neighbours where it is shown at all: what a person has put away stays away.
    void bringForward(const QString& name);
    // The dock's panel of a type: there is one of each.
    template <class T> T* panel() const {
        for (const Entry& entry : entries_) {
            if (T* of = qobject_cast<T*>(entry.dock->widget()))
                return of;
        }
        return nullptr;
    }
    // Its key works in this part of the window alone.
    void restrictKey(const QString& name, QWidget* widget);
    void setTitle(const QString& name, const QString& title);
    // What stands in front and how large, for what one is about.
    enum class Arrangement { Default, Debug, Compare };
    void arrange(Arrangement as); // as at first
    // The dock that holds a widget; null = none does.
    QDockWidget* dockOf(const QWidget* widget) const;
    // One for each dock: behind its tab it comes to the front, in front it goes.
    const QList<QAction*>& actions() const { return actions_; }

private:
    struct Entry {
        QString name;
        Qt::DockWidgetArea area;
        QDockWidget* dock;
    };
    QDockWidget* find(const QString& name) const;
    QAction* makeAction(const Spec& spec, QDockWidget* dock, Actions* actions);
    void toggle(QDockWidget* dock);

    QMainWindow* window_;
    std::vector<Entry> entries_;
    QList<QAction*> actions_;
};

} // namespace hopscope
