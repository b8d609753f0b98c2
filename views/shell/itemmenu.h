// The menu of an item: one table for the tree, the graphs, the ledger and the problems.
#pragma once

#include "views/base/itemmenu.h"
#include "views/shell/windowstate.h"

#include <QObject>

#include <functional>

namespace hopscope {

class LedgerView;

class ItemMenus : public QObject {
    Q_OBJECT

public:
    ItemMenus(WindowState* state, LedgerView* ledger);

    // What the graphs can do with a node: each says why it cannot, empty where it can.
    struct Pictures {
        std::function<QString(const Place&)> whyNotHide, whyNotReveal;
        std::function<void(const Place&)> hide, reveal;
    };
    void setPictures(Pictures pictures) { pictures_ = std::move(pictures); }

    void fill(QMenu& menu, const Item& item);
    ItemMenu filler() {
        return [this](QMenu& menu, const Item& item) { fill(menu, item); };
    }

Q_SIGNALS:
    void spotChosen(hopscope::FileId file, quint64 line);

private:
    QAction* add(
        QMenu& menu, const char* name, const QString& text, const QString& why, std::function<void()> act);
    void addNodes(QMenu& menu, const char* name, const QString& text, const Item& item, bool users);
    void addPlaces(QMenu& menu, const Item& item);
    void addFilters(QMenu& menu, const Item& item);
    void addNotes(QMenu& menu, const Item& item);
    void addCopies(QMenu& menu, const Item& item);
    void addSources(QMenu& menu, const Item& item);
    void goTo(const Item& item);
    Place bodyOf(const Item& item) const;

    WindowState* state_;
    LedgerView* ledger_;
    Pictures pictures_;
};

} // namespace hopscope
