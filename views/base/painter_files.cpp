#include "views/base/painter.h"

#include "core/base/save.h"
#include "core/draw/legend.h"
#include "core/draw/overlay.h"
#include "views/base/scenepainter.h"
#include "views/base/text.h"

#include <QBuffer>
#include <QImage>
#include <QImageWriter>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QUuid>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {

constexpr int kMargin = 16; // points around the picture
constexpr int kLargestSide = 32'767; // QPainter's limit for images
constexpr qint64 kLargestImage = qint64(1) << 30;
constexpr double kLargestPage = 14'400; // points: what PDF readers show

CompiledList listFor(const draw::Scene& scene, const ExportOptions& options) {
    draw::DisplayOptions display;
    display.margin = kMargin;
    const QString title = options.title.isEmpty() ? qs(scene.title) : options.title;
    display.caption = title.toStdString();
    display.overlay = options.overlay;
    draw::DisplayList list = draw::make_display_list(scene, display);
    if (options.overlay)
        draw::append_scale(*options.overlay, kMargin, list);
    if (options.legend)
        draw::append_legend(scene, kMargin, list);
    return CompiledList(scene, std::move(list));
}

QColor ground(const ExportOptions& options) {
    if (options.transparent)
        return Qt::transparent;
    return options.plain ? QColor(Qt::white) : color(Role::Window, options.scheme);
}

ImageSize sizeFor(const draw::DisplayList& list, double scale) {
    ImageSize size;
    // Beyond any limit already: keep the numbers in range for the message.
    const auto pixels = [scale](double v) {
        return static_cast<int>(std::ceil(std::min(1.0e9, std::max(1.0, v * scale))));
    };
    size.width = pixels(list.width);
    size.height = pixels(list.height);
    size.bytes = qint64(size.width) * size.height * 4;
    return size;
}

bool tooLarge(const ImageSize& size) {
    return size.width > kLargestSide || size.height > kLargestSide || size.bytes > kLargestImage;
}

// The largest round scale that would do.
double possibleScale(const draw::DisplayList& list) {
    double scale = kLargestSide / std::max({1.0, list.width, list.height});
    scale = std::min(scale, std::sqrt(kLargestImage / 4.0 / std::max(1.0, list.width * list.height)));
    return std::floor(scale * 0.999 * 100) / 100;
}

Result<QByteArray> renderPng(const CompiledList& compiled, const ExportOptions& options) {
    if (!(options.scale > 0) || !std::isfinite(options.scale))
        return make_error(Error::Kind::Usage, "scale is not above 0");
    const ImageSize size = sizeFor(compiled.list, options.scale);
    if (tooLarge(size)) {
        const QString text =
            QStringLiteral("PNG of %1 × %2 pixels is larger than %3 pixels a side or 1 GiB; "
                           "use SVG or PDF, wrap it into columns, or use a scale of at most %4")
                .arg(size.width)
                .arg(size.height)
                .arg(kLargestSide)
                .arg(possibleScale(compiled.list));
        return make_error(Error::Kind::Usage, text.toStdString());
    }
    QImage image(size.width, size.height, QImage::Format_ARGB32_Premultiplied);
    if (image.isNull())
        return make_error(Error::Kind::External, "not enough memory for the picture");
    // Fonts are sized by this; it must not depend on the display.
    image.setDotsPerMeterX(qRound(options.scale * 72 / 0.0254));
    image.setDotsPerMeterY(qRound(options.scale * 72 / 0.0254));
    image.fill(ground(options));
    QPainter painter(&image);
    PaintTarget target;
    target.scheme = options.scheme;
    target.scale = options.scale;
    target.lineScale = std::max(1.0, std::round(options.scale));
    ScenePainter(painter, target).paintAll(compiled);
    painter.end();

    QByteArray bytes;
    QBuffer buffer(&bytes);
    QImageWriter writer(&buffer, "png");
    if (!options.title.isEmpty())
        writer.setText(QStringLiteral("Title"), options.title);
    writer.setText(QStringLiteral("Software"), QStringLiteral("Hopscope"));
    if (!writer.write(options.transparent ? image : image.convertToFormat(QImage::Format_RGB32)))
        return make_error(Error::Kind::External, "cannot write PNG: " + writer.errorString().toStdString());
    return bytes;
}

// Replaces the time behind `key` by `date`, up to `close` digit by digit. Length stays, as a PDF's table of
// contents holds offsets.
void blankDate(QByteArray& pdf, const QByteArray& key, const QByteArray& date, char close) {
    const qsizetype at = pdf.indexOf(key);
    const qsizetype begin = at + key.size(), end = pdf.indexOf(close, begin);
    if (at < 0 || end - begin < date.size())
        return;
    pdf.replace(begin, date.size(), date);
    for (qsizetype i = begin + date.size(); i < end; ++i)
        if (pdf[i] >= '0' && pdf[i] <= '9')
            pdf[i] = '0';
        else if (pdf[i] == '-')
            pdf[i] = '+';
}

// The writer notes when it wrote (since Qt 6.8 twice, and three times in XMP), and the same picture shall be
// the same file.
void blankDates(QByteArray& pdf) {
    for (const char* key : {"/CreationDate (D:", "/ModDate (D:"})
        blankDate(pdf, key, "20000101000000", ')');
    for (const char* key : {"xmp:CreateDate=\"", "xmp:ModifyDate=\"", "xmp:MetadataDate=\""})
        blankDate(pdf, key, "2000-01-01T00:00:00", '"');
}

Result<QByteArray> renderPdf(const CompiledList& compiled, const ExportOptions& options) {
    const double w = std::max(1.0, compiled.list.width), h = std::max(1.0, compiled.list.height);
    const double shrink = std::min(1.0, kLargestPage / std::max(w, h));
    QByteArray bytes;
    QBuffer buffer(&bytes);
    if (!buffer.open(QIODevice::WriteOnly))
        return make_error(Error::Kind::External, "cannot write PDF");
    QPdfWriter writer(&buffer);
    writer.setResolution(1200);
    writer.setPageSize(QPageSize(QSizeF(w, h) * shrink, QPageSize::Point, QString(), QPageSize::ExactMatch));
    writer.setPageMargins(QMarginsF(0, 0, 0, 0));
    writer.setTitle(options.title);
    writer.setCreator(QStringLiteral("Hopscope"));
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
    // Else a random one.
    writer.setDocumentId(QUuid::createUuidV5(QUuid(), options.title));
#endif
    QPainter painter;
    if (!painter.begin(&writer))
        return make_error(Error::Kind::External, "cannot write PDF");
    const double unit = writer.resolution() / 72.0 * shrink;
    if (!options.transparent && !options.plain)
        painter.fillRect(QRectF(0, 0, w * unit, h * unit), ground(options));
    PaintTarget target;
    target.scheme = options.scheme;
    target.scale = target.lineScale = unit;
    target.snap = false;
    ScenePainter(painter, target).paintAll(compiled);
    if (!painter.end())
        return make_error(Error::Kind::External, "cannot write PDF");
    buffer.close();
    blankDates(bytes);
    return bytes;
}

} // namespace

ImageSize pngSize(const draw::Scene& scene, double scale) {
    ExportOptions options;
    return sizeFor(listFor(scene, options).list, scale);
}

Result<QByteArray> renderScene(const draw::Scene& scene, const ExportOptions& options) {
    const CompiledList compiled = listFor(scene, options);
    return options.format == ExportOptions::Format::Pdf ? renderPdf(compiled, options)
                                                        : renderPng(compiled, options);
}

Status exportScene(const draw::Scene& scene, const QString& path, const ExportOptions& options) {
    const Result<QByteArray> bytes = renderScene(scene, options);
    if (!bytes)
        return bytes.error();
    return save_file(path.toStdString(), {bytes->constData(), size_t(bytes->size())});
}

} // namespace hopscope
