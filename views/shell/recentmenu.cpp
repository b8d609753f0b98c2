#include "views/shell/recentmenu.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/shell/actions.h"
#include "views/shell/recents.h"
#include "views/shell/startpage.h"

namespace hopscope {

RecentMenu::RecentMenu(QSettings* settings, Actions* actions, StartPage* start, QWidget* parent)
    : QMenu(tr("Open Re&cent"), parent)
    , settings_(settings)
    , actions_(actions)
    , start_(start) {
    setIcon(hopscope::icon(QStringLiteral("recent")));
    setToolTipsVisible(true);
    connect(this, &QMenu::aboutToShow, this, &RecentMenu::fill);
    connect(start, &StartPage::recentChosen, this, &RecentMenu::chosen);
    actions->connectTo(this, {{Do::ClearRecents, [this] {
                                   if (settings_)
                                       Recents::clear(*settings_);
                                   changed();
                               }}});
    changed();
}

QList<QStringList> RecentMenu::list() const {
    return settings_ ? Recents::list(*settings_) : QList<QStringList>{};
}

void RecentMenu::add(const QStringList& paths) {
    if (!settings_ || paths.isEmpty()) // what was pasted cannot be opened again
        return;
    Recents::add(*settings_, paths);
    changed();
}

void RecentMenu::changed() {
    const QList<QStringList> recents = list();
    start_->setRecents(recents);
    actions_->setReason(Do::ClearRecents, recents.isEmpty() ? tr("the list is empty") : QString());
}

void RecentMenu::fill() {
    clear();
    int digit = 1;
    for (const QStringList& paths : list()) {
        const bool there = Recents::exists(paths);
        QAction* action = addAction(QStringLiteral("&%1 %2").arg(digit++).arg(Recents::label(paths)), this,
            [this, paths] { Q_EMIT chosen(paths); });
        action->setEnabled(there);
        action->setToolTip(there ? visible(paths.join(QLatin1Char('\n'))) : tr("is not there any more"));
        if (!there)
            addAction(tr("      remove %1 from the list").arg(Recents::label(paths)), this, [this, paths] {
                Recents::remove(*settings_, paths);
                changed();
            });
    }
    addSeparator();
    addAction((*actions_)[Do::ClearRecents]);
}

} // namespace hopscope
