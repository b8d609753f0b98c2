#include "tests/export/golden.h"

#include <QFile>
#include <QList>

#include <algorithm>

namespace hopscope::test {

namespace {

QByteArray read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

bool write(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

} // namespace

QString compare_golden(const QString& file, const QByteArray& actual) {
    const QString path = QStringLiteral(HOPSCOPE_GOLDEN "/") + file;
    if (qEnvironmentVariableIsSet("HOPSCOPE_UPDATE_GOLDEN"))
        return write(path, actual) ? QString() : path + QStringLiteral(" cannot be written");
    const QByteArray expected = read(path);
    if (expected == actual) {
        QFile::remove(path + QStringLiteral(".actual"));
        return {};
    }
    write(path + QStringLiteral(".actual"), actual);
    const QList<QByteArray> a = expected.split('\n');
    const QList<QByteArray> b = actual.split('\n');
    qsizetype line = 0;
    while (line < std::min(a.size(), b.size()) && a[line] == b[line])
        ++line;
    return QStringLiteral("%1:%2: expected\n  %3\nfound\n  %4\nsee %1.actual")
        .arg(path)
        .arg(line + 1)
        .arg(QString::fromUtf8(a.value(line)), QString::fromUtf8(b.value(line)));
}

} // namespace hopscope::test
