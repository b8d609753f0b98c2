#include "views/base/resources.h"

#include <QCoreApplication>
#include <QDir>

namespace hopscope {

QString resourceFolder(const QString& name) {
    const QDir installed(
        QCoreApplication::applicationDirPath() + QStringLiteral("/../share/hopscope/") + name);
    return installed.exists() ? installed.canonicalPath() : QStringLiteral(HOPSCOPE_RESOURCES "/") + name;
}

} // namespace hopscope
