// Painting a scene with QPainter, for the window, print, PNG and PDF.
#pragma once

#include "core/base/result.h"
#include "core/draw/overlay.h"
#include "core/draw/scene.h"
#include "views/base/theme.h"

#include <QByteArray>
#include <QRectF>
#include <QString>

class QPainter;

namespace hopscope {

// Paints the part of the scene that meets `clip` (scene points; null = all) with the painter's transform as
// it is: the caller scales and moves. No background. Selection and other marks are not part of it.
void paintScene(QPainter& painter, const draw::Scene& scene, Scheme scheme, const QRectF& clip = {});

struct ExportOptions {
    enum class Format { Png, Pdf };
    Format format = Format::Png;
    double scale = 2.0; // PNG: pixels per scene point
    bool transparent = false; // otherwise on the scheme's window colour (white in Light for print: see plain)
    bool plain = false; // white ground
    bool legend = false; // below the picture
    const draw::Overlay* overlay = nullptr; // what boxes are coloured by, with its scale below the picture
    Scheme scheme = Scheme::Light;
    QString title; // PDF: document title; PNG: text chunk. Empty = scene.title
};

// Size in pixels of a PNG, and the bytes that its image needs while it is made.
struct ImageSize {
    int width = 0, height = 0;
    qint64 bytes = 0;
};
ImageSize pngSize(const draw::Scene& scene, double scale);

// The file's bytes; the same input gives the same bytes. Errors: Usage where a PNG would be over 32,767 px or
// 1 GB (the message says what to do instead), External where Qt cannot write it.
Result<QByteArray> renderScene(const draw::Scene& scene, const ExportOptions& options);
// renderScene into a file, replaced only when complete. Errors: as above, CannotWrite where it cannot be
// written.
Status exportScene(const draw::Scene& scene, const QString& path, const ExportOptions& options);

} // namespace hopscope
