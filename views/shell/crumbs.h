// A breadcrumb that fits: what leaves first where there is no room.
#pragma once

#include <QFontMetrics>
#include <QString>

#include <vector>

namespace hopscope {

struct Crumb {
    QString text;
    QString link; // where a click leads
    bool strong = false; // bold, and never cut: the call
    bool dropped = false; // stands for those that left the middle; its text is "…"
    QString all; // where it is cut or stands for others: the whole
};

// Between two crumbs.
inline QString crumbSeparator() {
    return QStringLiteral(" › ");
}
int widthOf(const std::vector<Crumb>& crumbs, const QFontMetrics& metrics, const QFontMetrics& strong);

// The crumbs that fit into `room` pixels. First those between the first and the last body become one "…",
// which leads to the innermost of them; then names are cut in their middle, the longest first, down to a few
// letters; then the first leaves as well, and in the
// end all but the call.
std::vector<Crumb> fitted(
    std::vector<Crumb> crumbs, int room, const QFontMetrics& metrics, const QFontMetrics& strong);

} // namespace hopscope
