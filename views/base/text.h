// From core's UTF-8 to Qt's strings, and back.
#pragma once

#include "core/base/printable.h"

#include <QString>
#include <QStringList>

#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// Byte for byte: names of files, and what goes back to core.
inline QString exact(std::string_view text) {
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}
// For people: control characters of a dump become visible text, as the command line prints them.
inline QString qs(std::string_view text) {
    return exact(printable(text));
}
inline std::string ss(const QString& text) {
    return text.toStdString();
}
// The same of a text that the window has: a file's name.
inline QString visible(const QString& text) {
    return qs(ss(text));
}
inline QStringList qsl(const std::vector<std::string>& texts) {
    QStringList list;
    for (const std::string& text : texts)
        list << qs(text);
    return list;
}
// "12,345": counts in words and status lines.
inline QString grouped(qulonglong n) {
    QString digits = QString::number(n);
    for (qsizetype i = digits.size() - 3; i > 0; i -= 3)
        digits.insert(i, QLatin1Char(','));
    return digits;
}
// "1 node", "1,908 nodes".
inline QString countOf(qulonglong n, const char* noun) {
    return grouped(n) + QLatin1Char(' ') + QLatin1String(noun) + (n == 1 ? QString() : QStringLiteral("s"));
}

} // namespace hopscope
