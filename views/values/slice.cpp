#include "views/values/slice.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/base/valuetext.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {
constexpr int kScaleHeight = 28; // the bar and its numbers
constexpr double kLargestCell = 28;
} // namespace

void SliceWindow::setShape(const std::vector<int64_t>& newShape) {
    if (shape != newShape) {
        row = column = 0;
        shape = newShape;
    }
    leading.resize(shape.size() > 2 ? shape.size() - 2 : 0, 0);
    for (size_t d = 0; d < leading.size(); ++d)
        leading[d] = std::clamp<int64_t>(leading[d], 0, std::max<int64_t>(0, shape[d] - 1));
}

std::vector<int64_t> SliceWindow::start() const {
    std::vector<int64_t> at = leading;
    if (shape.size() >= 2)
        at.push_back(row);
    if (!shape.empty())
        at.push_back(column);
    return at;
}

std::vector<int64_t> SliceWindow::count() const {
    std::vector<int64_t> n(leading.size(), 1);
    if (shape.size() >= 2)
        n.push_back(pageRows());
    if (!shape.empty())
        n.push_back(pageColumns());
    return n;
}

QString SliceWindow::indexText(int64_t r, int64_t c) const {
    std::vector<int64_t> at = leading;
    if (shape.size() >= 2)
        at.push_back(row + r);
    if (!shape.empty())
        at.push_back(column + c);
    return QStringLiteral("[%1]").arg(listText(at));
}

QColor cellColor(double value, double limit) {
    const QColor ground = color(Role::Surface);
    if (!(limit > 0) || value == 0 || std::isnan(value))
        return ground;
    // Okabe and Ito's blue and vermilion, apart for every kind of sight.
    const QColor end = value < 0 ? QColor(0x00, 0x72, 0xB2) : QColor(0xD5, 0x5E, 0x00);
    return mixed(ground, end, std::min(1.0, std::abs(value) / limit));
}

// --- table

SliceModel::SliceModel(QObject* parent)
    : QAbstractTableModel(parent) { }

void SliceModel::setPage(const SlicePage& page) {
    beginResetModel();
    page_ = page;
    endResetModel();
}

int SliceModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || page_.empty() ? 0 : int(page_.window.pageRows());
}

int SliceModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() || page_.empty() ? 0 : int(page_.window.pageColumns());
}

QVariant SliceModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid())
        return {};
    const size_t at = size_t(index.row()) * size_t(columnCount()) + size_t(index.column());
    if (at >= page_.cells.size())
        return {};
    const double cell = page_.cells[at];
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        return numberText(cell, 4);
    case Qt::TextAlignmentRole:
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        return std::isfinite(cell) ? QVariant() : QVariant(color(Role::Failed));
    case Qt::ToolTipRole:
        return QStringLiteral("%1  %2").arg(
            page_.window.indexText(index.row(), index.column()), plainNumber(cell));
    default:
        return {};
    }
}

QVariant SliceModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role == Qt::TextAlignmentRole)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    return qlonglong(section)
        + qlonglong(orientation == Qt::Horizontal ? page_.window.column : page_.window.row);
}

QString SliceModel::tsv() const {
    QString text;
    for (int r = 0; r < rowCount(); ++r) {
        for (int c = 0; c < columnCount(); ++c) {
            if (c)
                text += QLatin1Char('\t');
            text += plainNumber(page_.cells[size_t(r) * size_t(columnCount()) + size_t(c)]);
        }
        text += QLatin1Char('\n');
    }
    return text;
}

// --- picture

SlicePicture::SlicePicture(QWidget* parent)
    : QWidget(parent) {
    setObjectName(QStringLiteral("slicePicture"));
    setAccessibleName(tr("The slice as a picture"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    setMouseTracking(true);
    setMinimumHeight(80);
}

void SlicePicture::setPage(const SlicePage& page) {
    page_ = page;
    setAccessibleDescription(page_.empty()
            ? QString()
            : tr("%1, %2").arg(countOf(qulonglong(page_.window.pageRows()), "row"),
                countOf(qulonglong(page_.window.pageColumns()), "column")));
    update();
}

QRectF SlicePicture::cells(const QRect& room) const {
    const double rows = double(page_.window.pageRows()), columns = double(page_.window.pageColumns());
    const QRectF place = QRectF(room).adjusted(8, 8, -8, -8 - kScaleHeight);
    if (rows <= 0 || columns <= 0 || place.width() < 4 || place.height() < 4)
        return {};
    // Squares where they fit; a long vector is stretched to be seen.
    double w = std::min(kLargestCell, place.width() / columns),
           h = std::min(kLargestCell, place.height() / rows);
    if (w < h)
        h = std::min(h, std::max(w, 12.0));
    else
        w = std::min(w, std::max(h, 12.0));
    if (w >= 3)
        w = std::floor(w);
    if (h >= 3)
        h = std::floor(h);
    return QRectF(place.left(), place.top(), w * columns, h * rows);
}

void SlicePicture::paintInto(QPainter& painter, const QRect& room) const {
    painter.fillRect(room, color(Role::Surface));
    if (page_.empty())
        return;
    const QRectF area = cells(room);
    const int64_t rows = page_.window.pageRows(), columns = page_.window.pageColumns();
    if (area.isEmpty())
        return;
    const double w = area.width() / double(columns), h = area.height() / double(rows);
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < columns; ++c) {
            const double value = page_.cells[size_t(r * columns + c)];
            const QRectF box(area.left() + double(c) * w, area.top() + double(r) * h, w, h);
            if (std::isnan(value)) {
                painter.fillRect(box, mixed(color(Role::Surface), color(Role::Failed), 0.25));
                if (w >= 5 && h >= 5) {
                    painter.setPen(QPen(color(Role::Failed), 1));
                    painter.drawLine(box.topLeft(), box.bottomRight());
                    painter.drawLine(box.topRight(), box.bottomLeft());
                } else {
                    painter.fillRect(box, color(Role::Failed));
                }
                continue;
            }
            painter.fillRect(box, cellColor(value, page_.limit));
            if (std::isinf(value)) {
                painter.setPen(Qt::NoPen);
                painter.setBrush(color(Role::Surface));
                painter.drawEllipse(box.center(), std::min(w, h) / 4, std::min(w, h) / 4);
            }
        }
    }
    painter.setPen(QPen(color(Role::Line), 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(area.adjusted(-1, -1, 0, 0));

    // The scale.
    const int barWidth = std::min(200, room.width() - 16);
    const QRect bar(room.left() + 8, room.bottom() - kScaleHeight + 2, barWidth, 8);
    for (int x = 0; x < bar.width(); ++x) {
        const double v = (2.0 * x / std::max(1, bar.width() - 1) - 1) * std::max(page_.limit, 1e-300);
        painter.fillRect(bar.left() + x, bar.top(), 1, bar.height(), cellColor(v, page_.limit));
    }
    painter.drawRect(bar.adjusted(0, 0, -1, -1));
    painter.setFont(uiFont(Size::Small));
    painter.setPen(color(Role::Quiet));
    const QRect text(bar.left(), bar.bottom() + 1, bar.width(), 16);
    painter.drawText(text, Qt::AlignLeft | Qt::AlignVCenter, numberText(-page_.limit));
    painter.drawText(text, Qt::AlignHCenter | Qt::AlignVCenter, QStringLiteral("0"));
    painter.drawText(text, Qt::AlignRight | Qt::AlignVCenter, numberText(page_.limit));
}

void SlicePicture::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintInto(painter, rect());
}

QImage SlicePicture::picture() const {
    QImage image(size() * 2, QImage::Format_RGB888);
    image.setDevicePixelRatio(2);
    QPainter painter(&image);
    paintInto(painter, QRect(QPoint(), size()));
    return image;
}

QString SlicePicture::cellText(QPoint pos) const {
    const QRectF area = page_.empty() ? QRectF() : cells(rect());
    if (!area.contains(pos))
        return {};
    const int64_t rows = page_.window.pageRows(), columns = page_.window.pageColumns();
    const int64_t r = std::min(rows - 1, int64_t((pos.y() - area.top()) / area.height() * double(rows)));
    const int64_t c =
        std::min(columns - 1, int64_t((pos.x() - area.left()) / area.width() * double(columns)));
    return QStringLiteral("%1  %2").arg(
        page_.window.indexText(r, c), plainNumber(page_.cells[size_t(r * columns + c)]));
}

bool SlicePicture::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        const QString text = cellText(help->pos());
        if (text.isEmpty())
            QToolTip::hideText();
        else
            QToolTip::showText(help->globalPos(), text, this);
        return true;
    }
    return QWidget::event(event);
}

} // namespace hopscope
