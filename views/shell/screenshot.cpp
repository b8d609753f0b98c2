#include "views/shell/screenshot.h"

#include "core/base/save.h"

#include "views/canvas/canvas.h"
#include "views/help/helpview.h"
#include "views/shell/mainwindow.h"

#include <QApplication>
#include <QBuffer>
#include <QImageWriter>
#include <QPixmap>
#include <QTimer>

namespace hopscope {

void whenIdle(MainWindow& window, std::function<void()> then) {
    constexpr int kQuietTurns = 3; // layouts of docks and delayed item layouts take a turn each
    auto* timer = new QTimer(&window);
    timer->setInterval(10);
    QObject::connect(
        timer, &QTimer::timeout, &window, [&window, timer, then = std::move(then), quiet = 0]() mutable {
            quiet = window.idle() ? quiet + 1 : 0;
            if (quiet < kQuietTurns)
                return;
            timer->stop();
            timer->deleteLater();
            then();
        });
    timer->start();
}

bool writeScreenshot(MainWindow& window, const QString& path, QString* error) {
    if (QWidget* focus = QApplication::focusWidget())
        focus->clearFocus(); // a blinking cursor is not the same twice
    for (Canvas* canvas : window.findChildren<Canvas*>())
        canvas->settle();
    QWidget* help = window.help();
    QWidget* shown = help && help->isVisible() ? help : static_cast<QWidget*>(&window);
    const QImage image = shown->grab().toImage().convertToFormat(QImage::Format_RGB888);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    QImageWriter writer(&buffer, "png");
    if (!writer.write(image)) {
        if (error)
            *error = writer.errorString();
        return false;
    }
    // Whole or not at all: an older picture of that name stays until then.
    const Status saved =
        save_file(path.toStdString(), {bytes.constData(), static_cast<size_t>(bytes.size())});
    if (!saved && error)
        *error = QString::fromStdString(saved.error().message);
    return saved.ok();
}

} // namespace hopscope
