// From core's UTF-8 to Qt's strings, and back.
#pragma once

#include <QString>
#include <QStringList>

#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

inline QString qs(std::string_view text) {
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}
inline std::string ss(const QString& text) {
    return text.toStdString();
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

} // namespace hopscope
