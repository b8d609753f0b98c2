#include "views/help/legendview.h"

#include "core/draw/legend.h"
#include "core/draw/metrics.h"
#include "views/base/scenepainter.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace hopscope {

namespace {
constexpr int kSample = 48, kWords = 500, kEntry = 20; // as in the pictures' own legend

// What a canvas paints over a picture.
enum class Over {
    Selected,
    Related,
    Also,
    Partner,
    Step,
    Hit,
    Note,
    Breakpoint,
    Crossing,
    Changed,
    OnlyLeft,
    OnlyRight,
    Waiting,
    Bar,
    Count_
};

QString wordsOf(Over over) {
    switch (over) {
    case Over::Selected:
        return LegendView::tr("the selected node");
    case Over::Related:
        return LegendView::tr("makes or uses its value");
    case Over::Also:
        return LegendView::tr("chosen besides it (Ctrl and a click)");
    case Over::Partner:
        return LegendView::tr("its forward or backward node, in the other pane");
    case Over::Step:
        return LegendView::tr("the current call; of a run, what is next");
    case Over::Hit:
        return LegendView::tr("found (F3 goes on)");
    case Over::Note:
        return LegendView::tr("has a note or bookmark");
    case Over::Breakpoint:
        return LegendView::tr("breakpoint; hollow: switched off");
    case Over::Crossing:
        return LegendView::tr("its value, in the other pane");
    case Over::Changed:
        return LegendView::tr("differs from the other body");
    case Over::OnlyLeft:
        return LegendView::tr("is in the left body alone");
    case Over::OnlyRight:
        return LegendView::tr("is in the right body alone");
    case Over::Waiting:
        return LegendView::tr("has not run yet");
    case Over::Bar:
        return LegendView::tr("time: full for the slowest of its body, per cent of its body's sum");
    case Over::Count_:
        break;
    }
    return {};
}

// The same colours and shapes as canvas_paint.cpp, on a box of the legend's size.
void paintOver(QPainter& p, Over over, const QRectF& box) {
    const auto frame = [&](const QColor& line, double width, const QColor& fill) {
        p.setPen(QPen(line, width));
        p.setBrush(fill);
        p.drawRoundedRect(box, 3, 3);
    };
    const auto outline = [&](const QColor& ink, double width) {
        p.setPen(QPen(ink, width));
        p.setBrush(Qt::NoBrush);
        p.drawRoundedRect(box.adjusted(-2, -2, 2, 2), 4, 4);
    };
    const auto badge = [&](const QColor& ink, const QString& sign) {
        outline(ink, 2);
        const QRectF at(box.right() - 5, box.top() - 5, 11, 11);
        p.setPen(Qt::NoPen);
        p.setBrush(ink);
        p.drawEllipse(at);
        QFont font = uiFont();
        font.setBold(true);
        font.setPixelSize(9);
        p.setFont(font);
        p.setPen(color(Role::Surface));
        p.drawText(at, int(Qt::AlignCenter), sign);
    };
    frame(color(Role::Line), 1, color(Role::Surface));
    p.setPen(Qt::NoPen);
    switch (over) {
    case Over::Selected:
        frame(color(Role::Accent), 2, color(Role::AccentSoft));
        break;
    case Over::Related:
        frame(color(Role::Accent), 1, color(Role::Surface));
        break;
    case Over::Also:
        frame(color(Role::Accent), 2, color(Role::AccentSoft));
        break;
    case Over::Partner: {
        QPen pen(color(Role::Accent), 2);
        pen.setDashPattern({3, 2});
        p.setPen(pen);
        p.setBrush(Qt::NoBrush);
        p.drawRoundedRect(box.adjusted(-3, -3, 3, 3), 5, 5);
        break;
    }
    case Over::Step: {
        p.setBrush(color(Role::Accent));
        const QPointF tip(box.left() - 1, box.center().y());
        p.drawPolygon(QPolygonF{tip, tip + QPointF(-6, -5), tip + QPointF(-6, 5)});
        break;
    }
    case Over::Hit:
        p.setBrush(color(Role::Hit));
        p.drawRect(QRectF(box.left() + 3, box.bottom() - 3, box.width() - 6, 3));
        break;
    case Over::Note:
        p.setBrush(color(Role::Accent));
        p.drawPolygon(
            QPolygonF{box.topRight() - QPointF(8, 0), box.topRight(), box.topRight() + QPointF(0, 8)});
        break;
    case Over::Breakpoint:
        p.setPen(QPen(color(Role::Failed), 1.5));
        p.setBrush(color(Role::Failed));
        p.drawEllipse(box.topLeft(), 3, 3);
        break;
    case Over::Crossing: {
        outline(color(Role::Saved), 1);
        p.setPen(QPen(color(Role::Saved), 2));
        const QPointF from(box.right() + 2, box.center().y());
        p.drawLine(from, from + QPointF(3, 0));
        p.setPen(Qt::NoPen);
        p.setBrush(color(Role::Saved));
        p.drawPolygon(QPolygonF{from + QPointF(7, 0), from + QPointF(3, -3), from + QPointF(3, 3)});
        break;
    }
    case Over::Changed:
        badge(color(Role::TracedAgain), QStringLiteral("≠"));
        break;
    case Over::OnlyLeft:
        badge(color(Role::Failed), QStringLiteral("−"));
        break;
    case Over::OnlyRight:
        badge(color(Role::Reused), QStringLiteral("+"));
        break;
    case Over::Waiting: {
        QColor veil = color(Role::Window);
        veil.setAlphaF(0.6F);
        p.setBrush(veil);
        p.drawRect(box.adjusted(-1, -1, 1, 1));
        break;
    }
    case Over::Bar:
        p.setBrush(color(Role::Line));
        p.drawRect(QRectF(box.left(), box.bottom() - 3, box.width(), 3));
        p.setBrush(color(Role::Traced));
        p.drawRect(QRectF(box.left(), box.bottom() - 3, box.width() * 0.6, 3));
        break;
    case Over::Count_:
        break;
    }
}
} // namespace

class LegendView::Sheet : public QWidget {
public:
    explicit Sheet(QWidget* parent)
        : QWidget(parent) {
        setObjectName(QStringLiteral("legendSheet"));
        setAccessibleName(LegendView::tr("Legend"));
    }

    void layOut(int width) {
        const double scale = textScale();
        room_ = (width - 2 * metrics::kPadLarge) / scale;
        list_ = draw::make_legend(nullptr, room_);
        // Beside what pictures have, or below it.
        const bool beside = room_ > list_.width + kEntry + kWords;
        overX_ = beside ? list_.width + kEntry : 0;
        over_ = beside ? kEntry / 2.0 - 4 : list_.height + kEntry;
        const double lowest = std::max(list_.height, over_ + kEntry * (int(Over::Count_) + 1));
        const int height = int(lowest * scale) + 2 * metrics::kPadLarge;
        setFixedHeight(height);
        setMinimumWidth(int(list_.width * scale) + 2 * metrics::kPadLarge);
        setAccessibleDescription(text());
        update();
    }

    QString text() const {
        QStringList lines;
        for (const std::string& line : list_.texts)
            lines << qs(line);
        for (int over = 0; over < int(Over::Count_); ++over)
            lines << wordsOf(Over(over));
        return lines.join(QLatin1Char('\n'));
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.fillRect(rect(), color(Role::Surface));
        const double ratio = devicePixelRatioF(), scale = textScale();
        painter.save();
        painter.scale(1 / ratio, 1 / ratio);
        PaintTarget target;
        target.scheme = Theme::instance().scheme();
        target.scale = scale * ratio;
        target.shift = QPointF(metrics::kPadLarge, metrics::kPadLarge) * ratio;
        target.lineScale = std::max(1.0, std::round(scale)) * ratio;
        const CompiledList compiled(draw::Scene(), list_);
        ScenePainter(painter, target).paintAll(compiled);
        painter.restore();

        painter.setRenderHint(QPainter::Antialiasing);
        painter.translate(metrics::kPadLarge, metrics::kPadLarge);
        QFont plain = monoFont(); // of the pictures' own size
        plain.setPixelSize(std::max(1, int(std::lround(draw::kSmallFontSize * scale))));
        plain.setHintingPreference(QFont::PreferNoHinting);
        QFont bold = plain;
        bold.setBold(true);
        const auto put = [&](double x, double y, const QFont& font, Role role, const QString& text) {
            painter.setFont(font);
            painter.setPen(color(role));
            painter.drawText(QPointF(x * scale, y * scale + painter.fontMetrics().ascent() / 2.0 - 1), text);
        };
        put(overX_, over_, bold, Role::Quiet, LegendView::tr("Marks of the window"));
        for (int over = 0; over < int(Over::Count_); ++over) {
            const double y = over_ + kEntry * (over + 1.2);
            painter.save();
            painter.scale(scale, scale);
            paintOver(painter, Over(over), QRectF(overX_ + 7, y - 6, 20, 12));
            painter.restore();
            put(overX_ + kSample, y, plain, Role::Text, wordsOf(Over(over)));
        }
    }

private:
    draw::DisplayList list_;
    double room_ = 0, over_ = 0, overX_ = 0; // points: the width, and where the window's marks begin
};

LegendView::LegendView(QWidget* parent)
    : QScrollArea(parent)
    , sheet_(new Sheet(this)) {
    setObjectName(QStringLiteral("legend"));
    setAccessibleName(tr("Legend"));
    setFrameShape(QFrame::NoFrame);
    setWidget(sheet_);
    setWidgetResizable(true);
    connect(&Theme::instance(), &Theme::changed, this, [this] { sheet_->layOut(viewport()->width()); });
    sheet_->layOut(300);
}

void LegendView::resizeEvent(QResizeEvent* event) {
    QScrollArea::resizeEvent(event);
    sheet_->layOut(viewport()->width());
}

QString LegendView::text() const {
    return sheet_->text();
}

} // namespace hopscope
