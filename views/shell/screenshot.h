// The window as a picture, once all its jobs are done.
#pragma once

#include <QSize>
#include <QString>

#include <functional>

namespace hopscope {

class MainWindow;

// Calls `then` once no job has run for a turn of the event loop and the window is painted.
void whenIdle(MainWindow& window, std::function<void()> then);
// Writes the window as PNG at its size; false where the file cannot be written.
bool writeScreenshot(MainWindow& window, const QString& path, QString* error);

} // namespace hopscope
