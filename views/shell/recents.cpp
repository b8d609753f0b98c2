#include "views/shell/recents.h"

#include "views/base/text.h"

#include <QDir>
#include <QFileInfo>
#include <QSettings>

namespace hopscope {

namespace {
const QString kKey = QStringLiteral("recent");
constexpr QLatin1Char kBetween('\n'); // cannot be part of a path that a person uses
} // namespace

QList<QStringList> Recents::list(const QSettings& settings) {
    QList<QStringList> out;
    for (const QString& entry : settings.value(kKey).toStringList()) {
        if (!entry.isEmpty() && out.size() < kMax)
            out << entry.split(kBetween);
    }
    return out;
}

static void write(QSettings& settings, const QList<QStringList>& entries) {
    QStringList out;
    for (const QStringList& entry : entries)
        out << entry.join(kBetween);
    settings.setValue(kKey, out);
}

void Recents::add(QSettings& settings, const QStringList& paths) {
    QStringList absolute;
    for (const QString& path : paths)
        absolute << QFileInfo(path).absoluteFilePath();
    QList<QStringList> entries = list(settings);
    entries.removeAll(absolute);
    entries.prepend(absolute);
    while (entries.size() > kMax)
        entries.removeLast();
    write(settings, entries);
}

void Recents::remove(QSettings& settings, const QStringList& paths) {
    QList<QStringList> entries = list(settings);
    entries.removeAll(paths);
    write(settings, entries);
}

void Recents::clear(QSettings& settings) {
    settings.remove(kKey);
}

QString Recents::label(const QStringList& paths) {
    QStringList shown;
    const QString home = QDir::homePath();
    for (QString path : paths) {
        if (home.size() > 1 && path.startsWith(home + QLatin1Char('/')))
            path = QLatin1Char('~') + path.mid(home.size());
        shown << path;
    }
    return visible(shown.join(QStringLiteral(" + ")));
}

bool Recents::exists(const QStringList& paths) {
    for (const QString& path : paths) {
        if (!QFileInfo::exists(path))
            return false;
    }
    return !paths.isEmpty();
}

} // namespace hopscope
