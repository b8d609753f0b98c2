#include "views/shell/crumbs.h"

#include <QStringList>

#include <algorithm>

namespace hopscope {

namespace {
constexpr int kLetters = 9, kFewLetters = 5; // what a cut name keeps at least, the dots among them

Crumb dropping(const std::vector<Crumb>& crumbs, size_t first, size_t last) {
    Crumb one;
    one.text = QStringLiteral("…");
    one.dropped = true;
    one.link = crumbs[last - 1].link;
    QStringList names;
    for (size_t i = first; i < last; ++i)
        names << (crumbs[i].all.isEmpty() ? crumbs[i].text : crumbs[i].all);
    one.all = names.join(crumbSeparator());
    return one;
}

// Where the call begins, or the end.
size_t bodies(const std::vector<Crumb>& crumbs) {
    const auto call = std::find_if(crumbs.begin(), crumbs.end(), [](const Crumb& c) { return c.strong; });
    return size_t(call - crumbs.begin());
}

void replace(std::vector<Crumb>& crumbs, size_t first, size_t last) {
    const Crumb one = dropping(crumbs, first, last);
    crumbs.erase(crumbs.begin() + long(first), crumbs.begin() + long(last));
    crumbs.insert(crumbs.begin() + long(first), one);
}

void cutNames(std::vector<Crumb>& crumbs, int room, int letters, const QFontMetrics& metrics,
    const QFontMetrics& strong) {
    const int least = metrics.averageCharWidth() * letters;
    for (int over = widthOf(crumbs, metrics, strong) - room; over > 0;) {
        Crumb* longest = nullptr;
        int length = least;
        for (Crumb& crumb : crumbs) {
            const int width = metrics.horizontalAdvance(crumb.text);
            if (!crumb.strong && !crumb.dropped && width > length) {
                longest = &crumb;
                length = width;
            }
        }
        if (!longest)
            return;
        if (longest->all.isEmpty())
            longest->all = longest->text;
        longest->text = metrics.elidedText(longest->all, Qt::ElideMiddle, std::max(least, length - over));
        const int now = widthOf(crumbs, metrics, strong) - room;
        if (now >= over)
            return;
        over = now;
    }
}
} // namespace

int widthOf(const std::vector<Crumb>& crumbs, const QFontMetrics& metrics, const QFontMetrics& strong) {
    int width = crumbs.empty() ? 0 : metrics.horizontalAdvance(crumbSeparator()) * int(crumbs.size() - 1);
    for (const Crumb& crumb : crumbs)
        width += (crumb.strong ? strong : metrics).horizontalAdvance(crumb.text);
    return width;
}

std::vector<Crumb> fitted(
    std::vector<Crumb> crumbs, int room, const QFontMetrics& metrics, const QFontMetrics& strong) {
    const auto fits = [&] { return widthOf(crumbs, metrics, strong) <= room; };
    if (!fits() && bodies(crumbs) > 3)
        replace(crumbs, 1, bodies(crumbs) - 1);
    if (!fits())
        cutNames(crumbs, room, kLetters, metrics, strong);
    // Cutting down to a few letters was not enough: what is around the last body goes.
    if (!fits() && bodies(crumbs) > 1)
        replace(crumbs, 0, bodies(crumbs) - 1);
    if (!fits())
        cutNames(crumbs, room, kFewLetters, metrics, strong);
    if (!fits() && bodies(crumbs) < crumbs.size() && bodies(crumbs) > 0)
        replace(crumbs, 0, bodies(crumbs));
    return crumbs;
}

} // namespace hopscope
