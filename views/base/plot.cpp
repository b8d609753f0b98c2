#include "views/base/plot.h"

#include "core/base/text.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/base/valuetext.h"

#include <QEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <QVBoxLayout>

#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {
// Bytes in the unit that fits, on round numbers of it.
class BytesTicker : public QCPAxisTicker {
protected:
    double getTickStep(const QCPRange& range) override {
        double unit = 1;
        while (range.size() / unit > 1024)
            unit *= 1024;
        mTickStepStrategy = tssReadability;
        mTickCount = 3;
        return std::max(1.0, QCPAxisTicker::getTickStep(QCPRange(0, range.size() / unit))) * unit;
    }
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        return tick < 0.5 ? QStringLiteral("0") : qs(format_bytes(uint64_t(std::lround(tick))));
    }
};

class ValueTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        return numberText(std::abs(tick) < 1e-12 ? 0.0 : tick);
    }
};

class CountTicker : public QCPAxisTicker {
protected:
    double getTickStep(const QCPRange& range) override {
        mTickCount = 2;
        return std::max(1.0, QCPAxisTicker::getTickStep(range));
    }
    int getSubTickCount(double) override { return 0; }
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        return grouped(qulonglong(std::max(0.0, tick)));
    }
};
} // namespace

Plot::Plot(QWidget* parent)
    : QWidget(parent)
    , plot_(new QCustomPlot(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(plot_);
    plot_->setInteractions({});
    plot_->setFocusPolicy(Qt::NoFocus);
    plot_->setMouseTracking(true);
    plot_->installEventFilter(this);
    for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis}) {
        axis->setSubTicks(false);
        axis->grid()->setSubGridVisible(false);
        axis->setTickLengthIn(0);
        axis->setTickLengthOut(3);
    }
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        applyStyle();
        restyle();
        plot_->replot(QCustomPlot::rpQueuedReplot);
    });
    applyStyle();
}

void Plot::applyStyle() {
    plot_->setBackground(color(Role::Surface));
    const QPen line(color(Role::Line), 1);
    for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis, plot_->xAxis2, plot_->yAxis2}) {
        axis->setBasePen(line);
        axis->setTickPen(line);
        axis->setSubTickPen(line);
        axis->setTickLabelColor(color(Role::Quiet));
        axis->setLabelColor(color(Role::Quiet));
        axis->setTickLabelFont(uiFont(Size::Small));
        axis->setLabelFont(uiFont(Size::Small));
        axis->grid()->setPen(QPen(mixed(color(Role::Line), color(Role::Surface), 0.4), 1));
        axis->grid()->setZeroLinePen(Qt::NoPen);
    }
}

// --- histogram

Histogram::Histogram(QWidget* parent)
    : Plot(parent)
    , bins_(new QCPBars(plot_->xAxis, plot_->yAxis))
    , zero_(new QCPItemLine(plot_)) {
    setObjectName(QStringLiteral("valueHistogram"));
    setAccessibleName(tr("Histogram of the value"));
    bins_->setAntialiased(false);
    plot_->xAxis->setTicker(QSharedPointer<ValueTicker>::create());
    plot_->xAxis->ticker()->setTickCount(4);
    plot_->yAxis->setTicker(QSharedPointer<CountTicker>::create());
    plot_->xAxis->grid()->setVisible(false);
    zero_->start->setTypeY(QCPItemPosition::ptAxisRectRatio);
    zero_->end->setTypeY(QCPItemPosition::ptAxisRectRatio);
    Histogram::restyle();
}

void Histogram::restyle() {
    bins_->setPen(Qt::NoPen);
    bins_->setBrush(mixed(color(Role::Accent), color(Role::Surface), 0.25));
    zero_->setPen(QPen(color(Role::Quiet), 1, Qt::DashLine));
}

void Histogram::setCounts(double low, double high, const std::vector<double>& counts) {
    counts_ = counts;
    low_ = low;
    width_ = counts.empty() ? 0 : (high - low) / double(counts.size());
    const bool point = !(width_ > 0); // all values are one
    QVector<double> keys, values;
    for (size_t i = 0; i < counts.size(); ++i) {
        keys << (point ? low : low + (double(i) + 0.5) * width_);
        values << counts[i];
    }
    bins_->setData(keys, values, true);
    bins_->setWidth(point ? 0.2 : width_ * 0.92);
    const double most = counts.empty() ? 1 : *std::max_element(counts.begin(), counts.end());
    plot_->yAxis->setRange(0, std::max(1.0, most * 1.08));
    const double pad = point ? 1 : (high - low) * 0.02;
    plot_->xAxis->setRange(low - pad, high + pad);
    zero_->setVisible(!counts.empty() && low < 0 && high > 0);
    zero_->start->setCoords(0, 0);
    zero_->end->setCoords(0, 1);
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

bool Histogram::eventFilter(QObject* watched, QEvent* event) {
    if (watched == plot_ && event->type() == QEvent::MouseMove) {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        const double x = plot_->xAxis->pixelToCoord(mouse->position().x());
        const int bin = width_ > 0 ? int(std::floor((x - low_) / width_)) : 0;
        if (width_ <= 0 || bin < 0 || size_t(bin) >= counts_.size())
            QToolTip::hideText();
        else
            QToolTip::showText(mouse->globalPosition().toPoint(),
                tr("%1 … %2: %3")
                    .arg(numberText(low_ + bin * width_), numberText(low_ + (bin + 1) * width_),
                        countOf(qulonglong(counts_[size_t(bin)]), "element")),
                this);
    }
    return Plot::eventFilter(watched, event);
}

// --- bytes over steps

BytesCurve::BytesCurve(QWidget* parent)
    : Plot(parent)
    , graph_(plot_->addGraph())
    , peakMark_(plot_->addGraph())
    , position_(new QCPItemLine(plot_))
    , peakText_(new QCPItemText(plot_)) {
    setObjectName(QStringLiteral("bytesCurve"));
    setAccessibleName(tr("Live bytes after each step"));
    plot_->setCursor(Qt::PointingHandCursor);
    graph_->setLineStyle(QCPGraph::lsStepLeft);
    graph_->setAntialiased(false);
    peakMark_->setLineStyle(QCPGraph::lsNone);
    plot_->yAxis->setTicker(QSharedPointer<BytesTicker>::create());
    plot_->xAxis->grid()->setVisible(false);
    plot_->xAxis->setNumberFormat(QStringLiteral("f"));
    plot_->xAxis->setNumberPrecision(0);
    peakText_->setClipToAxisRect(false);
    position_->start->setTypeY(QCPItemPosition::ptAxisRectRatio);
    position_->end->setTypeY(QCPItemPosition::ptAxisRectRatio);
    position_->end->setCoords(0, 1);
    BytesCurve::restyle();
}

void BytesCurve::restyle() {
    const QColor ink = color(Role::Saved);
    QColor area = ink;
    area.setAlphaF(0.18F);
    graph_->setPen(QPen(ink, 1));
    graph_->setBrush(area);
    peakMark_->setScatterStyle(
        QCPScatterStyle(QCPScatterStyle::ssTriangleInverted, color(Role::Text), color(Role::Text), 7));
    peakText_->setColor(color(Role::Text));
    peakText_->setFont(uiFont(Size::Small));
    QColor ground = color(Role::Surface);
    ground.setAlphaF(0.8F);
    peakText_->setBrush(ground);
    position_->setPen(QPen(color(Role::Accent), 2));
}

void BytesCurve::setBytes(const std::vector<double>& bytes, size_t total, std::optional<size_t> peak) {
    bytes_.clear();
    most_ = 0;
    graph_->setData({}, {});
    addBytes(bytes, total, peak);
}

void BytesCurve::addBytes(const std::vector<double>& more, size_t total, std::optional<size_t> peak) {
    QVector<double> keys, values;
    for (const double value : more) {
        keys << double(bytes_.size());
        values << value;
        bytes_.push_back(value);
        most_ = std::max(most_, value);
    }
    total_ = std::max(total, bytes_.size());
    peak_ = peak;
    if (!more.empty()) { // the last step has its width too
        graph_->data()->removeAfter(keys.front() - 0.5);
        keys << double(bytes_.size());
        values << bytes_.back();
        graph_->addData(keys, values, true);
    }
    plot_->xAxis->setRange(0, std::max<double>(1, double(total_)));
    // Room above the curve for the peak's mark and its words.
    plot_->yAxis->setRange(0, std::max(1.0, most_ * 1.35));
    const bool marked = peak && *peak < bytes_.size();
    peakMark_->setVisible(marked);
    peakText_->setVisible(marked);
    if (marked) {
        const double x = double(*peak), y = bytes_[*peak];
        peakMark_->setData({x}, {y + most_ * 0.06}, true);
        peakText_->setText(tr("peak %1, step %2").arg(qs(format_bytes(uint64_t(y)))).arg(*peak));
        const bool right = x > double(total_) * 0.5;
        peakText_->setPositionAlignment((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignBottom);
        peakText_->setPadding(QMargins(2, 0, 2, 0));
        peakText_->position->setCoords(x, y + most_ * 0.1);
    } else {
        peakMark_->setData({}, {});
    }
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

void BytesCurve::setPosition(size_t position) {
    position_->start->setCoords(double(position), 0);
    position_->end->setCoords(double(position), 1);
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

size_t BytesCurve::stepAt(QPointF pos) const {
    const double x = std::round(plot_->xAxis->pixelToCoord(pos.x()));
    return size_t(std::clamp(x, 0.0, double(total_)));
}

bool BytesCurve::eventFilter(QObject* watched, QEvent* event) {
    const bool press = event->type() == QEvent::MouseButtonPress, moves = event->type() == QEvent::MouseMove;
    if (watched == plot_ && total_ > 0 && (press || moves)) {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        const size_t step = stepAt(mouse->position());
        if (mouse->buttons() & Qt::LeftButton)
            Q_EMIT stepChosen(step);
        else if (step < bytes_.size())
            QToolTip::showText(mouse->globalPosition().toPoint(),
                tr("step %1: %2 live").arg(step).arg(qs(format_bytes(uint64_t(bytes_[step])))), this);
    }
    return Plot::eventFilter(watched, event);
}

} // namespace hopscope
