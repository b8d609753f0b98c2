#include "views/shell/ownkeys.h"

#include "views/shell/actions.h"

#include <QAction>
#include <QSettings>
#include <QWidget>

#include <algorithm>

namespace hopscope {

namespace {

constexpr const char* kOwn = "ownKeys"; // a property: the person chose them

QString settingOf(const QAction* action) {
    return QStringLiteral("keys/") + action->objectName();
}

// Where both work, one press of a key would mean two things.
bool meet(const QAction* a, const QAction* b) {
    if (a->shortcutContext() == Qt::WindowShortcut || b->shortcutContext() == Qt::WindowShortcut)
        return true;
    const QObjectList of = a->associatedObjects(), other = b->associatedObjects();
    return std::any_of(of.begin(), of.end(), [&](QObject* one) { return other.contains(one); });
}

// Keys that graphs, tables and fields use themselves.
bool isUsedEverywhere(const QKeyCombination& key) {
    const auto modifiers = key.keyboardModifiers();
    if (modifiers & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier))
        return false;
    switch (key.key()) {
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Home:
    case Qt::Key_End:
    case Qt::Key_PageUp:
    case Qt::Key_PageDown:
    case Qt::Key_Tab:
    case Qt::Key_Backtab:
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Escape:
    case Qt::Key_Backspace:
    case Qt::Key_Delete:
        return true;
    default:
        return key.key() >= Qt::Key_0 && key.key() <= Qt::Key_9;
    }
}

bool isTyped(const QKeyCombination& key) {
    const bool plain =
        !(key.keyboardModifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier));
    return plain && key.key() < Qt::Key_Escape; // letters, digits, signs and the space bar
}

QString nameOf(const QAction* action) {
    return action->text().remove(QLatin1Char('&')).remove(QChar(0x2026));
}

} // namespace

OwnKeys::OwnKeys(QList<QAction*> actions, QSettings* settings, QObject* parent)
    : QObject(parent)
    , actions_(std::move(actions))
    , settings_(settings) {
    for (const QAction* action : actions_)
        defaults_ << action->shortcuts();
    if (!settings_)
        return;
    for (QAction* action : actions_) {
        const QVariant kept = settings_->value(settingOf(action));
        if (kept.isValid()) // what is in the way is said by nobody: the file may have been written by hand
            give(action, QKeySequence(kept.toString(), QKeySequence::PortableText));
    }
}

QString OwnKeys::whyFixed(const QAction* action) const {
    // Actions::setRunning gives and takes them.
    return action->property("otherKeys").isValid() ? tr("its keys depend on whether something runs")
                                                   : QString();
}

const QAction* OwnKeys::holderOf(const QKeySequence& key, const QAction* besides) const {
    const auto found = std::find_if(actions_.begin(), actions_.end(), [&](const QAction* other) {
        return other != besides && other->shortcuts().contains(key) && meet(other, besides);
    });
    return found == actions_.end() ? nullptr : *found;
}

QString OwnKeys::give(QAction* action, const QKeySequence& key) {
    if (const QString fixed = whyFixed(action); !fixed.isEmpty())
        return fixed;
    if (!key.isEmpty()) {
        const QString text = key.toString(QKeySequence::NativeText);
        if (key.count() > 1)
            return tr("%1 is more than one stroke").arg(text);
        if (isUsedEverywhere(key[0]))
            return tr("%1 is used by graphs, tables and fields themselves").arg(text);
        if (isTyped(key[0]) && action->shortcutContext() == Qt::WindowShortcut)
            return tr("%1 is text in fields: add Ctrl or Alt").arg(text);
        if (const QAction* other = holderOf(key, action))
            return tr("%1 is the key of %2").arg(text, nameOf(other));
    }
    set(action, key.isEmpty() ? QList<QKeySequence>() : QList<QKeySequence>{key}, true);
    return {};
}

bool OwnKeys::isOwn(const QAction* action) const {
    return action->property(kOwn).toBool();
}

void OwnKeys::set(QAction* action, const QList<QKeySequence>& keys, bool own) {
    action->setShortcuts(keys);
    action->setProperty(kOwn, own);
    Actions::updateToolTip(action);
    keep(action);
    Q_EMIT changed();
}

void OwnKeys::keep(const QAction* action) {
    if (!settings_)
        return;
    if (isOwn(action))
        settings_->setValue(settingOf(action), action->shortcut().toString(QKeySequence::PortableText));
    else
        settings_->remove(settingOf(action));
}

void OwnKeys::restore(QAction* action) {
    const qsizetype at = actions_.indexOf(action);
    if (at < 0 || !isOwn(action))
        return;
    QList<QKeySequence> free;
    for (const QKeySequence& key : defaults_[at])
        if (!holderOf(key, action))
            free << key;
    set(action, free, false);
}

void OwnKeys::restoreAll() {
    QList<QAction*> own;
    std::copy_if(actions_.begin(), actions_.end(), std::back_inserter(own),
        [this](const QAction* action) { return isOwn(action); });
    for (QAction* action : own) // none is in the way of another then
        action->setShortcuts({});
    for (QAction* action : own)
        restore(action);
}

} // namespace hopscope
