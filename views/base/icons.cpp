#include "views/base/theme.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QHash>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QPixmapCache>
#include <QSvgRenderer>

#include <optional>

// The icons are in a static library: without this the linker leaves them out. (The macro wants no namespace.)
static void initResources() {
    Q_INIT_RESOURCE(icons);
}

namespace hopscope {

namespace {

// The icons are drawn in this colour; it stands for the text colour.
constexpr char kPlaceholder[] = "#000000";

QByteArray sourceOf(const QString& name) {
    static QHash<QString, QByteArray> sources;
    initResources();
    auto it = sources.find(name);
    if (it == sources.end()) {
        QFile file(QStringLiteral(":/hopscope/icons/%1.svg").arg(name));
        if (!file.open(QIODevice::ReadOnly))
            qWarning("no icon named %s", qPrintable(name));
        it = sources.insert(name, file.isOpen() ? file.readAll() : QByteArray());
    }
    return *it;
}

// Draws itself in the colours of the moment, so that a change of theme needs nobody to set icons again.
class ThemedIcon : public QIconEngine {
public:
    ThemedIcon(QString name, std::optional<Role> role)
        : name_(std::move(name))
        , role_(role) { }

    QIconEngine* clone() const override { return new ThemedIcon(name_, role_); }
    QString key() const override { return QStringLiteral("hopscope"); }
    QString iconName() override { return name_; }
    bool isNull() override { return sourceOf(name_).isEmpty(); }

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        QByteArray svg = sourceOf(name_);
        svg.replace(kPlaceholder, ink(mode).name().toLatin1());
        QSvgRenderer renderer(svg);
        renderer.setAspectRatioMode(Qt::KeepAspectRatio);
        renderer.render(painter, rect);
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        return scaledPixmap(size, mode, state, 1.0);
    }

    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale) override {
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
        const QSize pixels = (QSizeF(size) * scale).toSize();
#else
        Q_UNUSED(scale); // before Qt 6.8 `size` is in pixels already
        const QSize pixels = size;
#endif
        // A toolbar is painted again with each step: to read and draw its pictures anew took 6 % of that.
        const QString drawn = QStringLiteral("hopscope/%1/%2x%3/%4")
                                  .arg(name_)
                                  .arg(pixels.width())
                                  .arg(pixels.height())
                                  .arg(ink(mode).name());
        QPixmap pixmap;
        if (QPixmapCache::find(drawn, &pixmap))
            return pixmap;
        pixmap = QPixmap(pixels); // QIcon sets the ratio
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), pixels), mode, state);
        painter.end();
        QPixmapCache::insert(drawn, pixmap);
        return pixmap;
    }

private:
    QColor ink(QIcon::Mode mode) const {
        if (mode == QIcon::Disabled)
            return QApplication::palette().color(QPalette::Disabled, QPalette::WindowText);
        return color(role_.value_or(Role::Text));
    }

    QString name_;
    std::optional<Role> role_;
};

} // namespace

QIcon icon(const QString& name) {
    return sourceOf(name).isEmpty() ? QIcon() : QIcon(new ThemedIcon(name, std::nullopt));
}

QIcon icon(const QString& name, Role role) {
    return sourceOf(name).isEmpty() ? QIcon() : QIcon(new ThemedIcon(name, role));
}

QStringList iconNames() {
    initResources();
    QStringList names;
    for (const QString& file : QDir(QStringLiteral(":/hopscope/icons")).entryList(QDir::Files, QDir::Name))
        names << file.chopped(4);
    return names;
}

} // namespace hopscope
