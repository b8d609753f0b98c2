// The recent dumps, kept in the settings: nine, the last one first.
#pragma once

#include <QString>
#include <QStringList>

class QSettings;

namespace hopscope {

class Recents {
public:
    static constexpr int kMax = 9;
    // One entry = the paths that were opened together.
    static QList<QStringList> list(const QSettings& settings);
    static void add(QSettings& settings, const QStringList& paths);
    static void remove(QSettings& settings, const QStringList& paths);
    static void clear(QSettings& settings);

    static QString label(const QStringList& paths); // with the home folder as ~
    static bool exists(const QStringList& paths); // all of them
};

} // namespace hopscope
