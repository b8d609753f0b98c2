#include "views/base/callstrip.h"

#include "views/base/decision.h"

#include <QPainter>

#include <algorithm>

namespace hopscope {

namespace {
constexpr int kMostLines = 4; // of dots: more are no picture, and push the rest of the tree away

int widest() {
    return metrics::scaled(13);
}
int narrowest() {
    return metrics::scaled(11);
}
int dot() {
    return metrics::scaled(9);
}
int row() {
    return metrics::scaled(15);
}
int barHeight() {
    return metrics::scaled(14);
}

struct Look {
    Glyph glyph;
    Role role;
    int weight; // of those that share a column the heaviest is seen
    double height; // of the bar
};

Look lookOf(char code) {
    const bool inlined = code & CallStrip::kInlinedBit;
    const auto decision = Decision(code & ~CallStrip::kInlinedBit);
    const Glyph glyph = glyphOf(decision, inlined);
    const Role role = roleOf(decision, inlined);
    switch (glyph) {
    case Glyph::Cross:
        return {glyph, role, 5, 1};
    case Glyph::Hollow:
        return {glyph, role, 4, 1};
    case Glyph::Half:
        return {glyph, role, 3, 0.7};
    case Glyph::Ring:
        return {glyph, role, 2, 0.5};
    case Glyph::Filled:
        return {glyph, role, 1, 0.4};
    case Glyph::Dash:
        break;
    }
    return {glyph, role, 0, 0.15};
}
} // namespace

CallStrip::CallStrip(QByteArray calls, int width)
    : calls_(std::move(calls))
    , width_(std::max(width, widest()))
    , pitch_(std::clamp(calls_.isEmpty() ? widest() : width_ / int(calls_.size()), narrowest(), widest()))
    , line_(std::max(1, width_ / pitch_))
    , bar_(calls_.size() > qsizetype(line_) * kMostLines) {
    // Closer together where that saves a line; else as wide as they are seen best.
    if (calls_.size() > line_) {
        pitch_ = widest();
        line_ = std::max(1, width_ / pitch_);
        bar_ = calls_.size() > qsizetype(line_) * kMostLines;
    }
}

int CallStrip::lines() const {
    return bar_ ? 1 : (int(calls_.size()) + line_ - 1) / line_;
}

int CallStrip::height() const {
    return bar_ ? barHeight() + 2 : lines() * row();
}

std::optional<int> CallStrip::at(QPoint inside) const {
    if (inside.x() < 0 || inside.y() < 0 || inside.y() >= height() || calls_.isEmpty())
        return {};
    if (bar_) {
        const qint64 call = qint64(inside.x()) * calls_.size() / width_;
        return inside.x() < width_ ? std::optional(int(call)) : std::nullopt;
    }
    const int column = inside.x() / pitch_, call = inside.y() / row() * line_ + column;
    return column < line_ && call < calls_.size() ? std::optional(call) : std::nullopt;
}

QRect CallStrip::rectOf(int call) const {
    if (!bar_)
        return {call % line_ * pitch_, call / line_ * row(), pitch_, row()};
    const int left = int(qint64(call) * width_ / calls_.size());
    const int right = int(qint64(call + 1) * width_ / calls_.size());
    return {left, 0, std::max(1, right - left), barHeight() + 2};
}

void CallStrip::paint(QPainter& painter, QPoint origin, std::optional<int> current) const {
    if (calls_.isEmpty())
        return;
    bar_ ? paintBar(painter, origin, current) : paintDots(painter, origin, current);
}

void CallStrip::paintDots(QPainter& painter, QPoint origin, std::optional<int> current) const {
    for (int i = 0; i < calls_.size(); ++i) {
        const QRectF cell = QRectF(rectOf(i).translated(origin));
        const QPointF centre = cell.center();
        if (current == i) {
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(QPen(color(Role::Accent), 1.5));
            painter.setBrush(Qt::NoBrush);
            painter.drawRoundedRect(cell.adjusted(0, 0.5, 0, -0.5), 3, 3);
        }
        const Look look = lookOf(calls_[i]);
        paintGlyph(painter, centre, dot(), look.glyph, color(look.role));
    }
}

void CallStrip::paintBar(QPainter& painter, QPoint origin, std::optional<int> current) const {
    const QRect area(origin, QSize(width_, barHeight()));
    painter.fillRect(area, mixed(color(Role::Surface), color(Role::Line), 0.35));
    const auto column = [&](int left, int width, const Look& look) {
        const int tall = std::max(2, int(barHeight() * look.height));
        painter.fillRect(area.left() + left, area.bottom() + 1 - tall, width, tall, color(look.role));
    };
    if (calls_.size() <= width_) {
        for (int i = 0; i < calls_.size(); ++i) {
            const QRect cell = rectOf(i);
            column(cell.left(), std::max(1, cell.width() - (cell.width() > 3 ? 1 : 0)), lookOf(calls_[i]));
        }
    } else {
        for (int x = 0; x < width_; ++x) {
            const qsizetype from = qsizetype(x) * calls_.size() / width_;
            const qsizetype to = std::max(from + 1, qsizetype(x + 1) * calls_.size() / width_);
            Look seen = lookOf(calls_[from]);
            for (qsizetype i = from + 1; i < to; ++i)
                if (const Look look = lookOf(calls_[i]); look.weight > seen.weight)
                    seen = look;
            column(x, 1, seen);
        }
    }
    if (!current || *current < 0 || *current >= calls_.size())
        return;
    QRect frame = rectOf(*current).translated(origin);
    frame.adjust(-2, -1, 1, -1);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setPen(QPen(color(Role::Accent), 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(frame);
}

} // namespace hopscope
