// The calls of a region in their order, as the picture of its cache: a dot for each call while a few lines of
// dots hold them, above that one bar of columns. In a bar, height says what colour says: a reused call is
// low, one that was traced stands out of it.
#pragma once

#include <QByteArray>
#include <QPoint>
#include <QRect>

#include <optional>

class QPainter;

namespace hopscope {

class CallStrip {
public:
    static constexpr int kInlinedBit = 16;

    // One byte a call: its Decision, + kInlinedBit where it was put inline; and the pixels that there are for
    // a line.
    CallStrip(QByteArray calls, int width);

    bool isBar() const { return bar_; }
    int lines() const; // of dots; a bar is one
    int height() const;
    std::optional<int> at(QPoint inside) const; // the call under a point of the strip's own coordinates
    QRect rectOf(int call) const; // likewise
    // At `origin`; the current call, if it is of this strip, is framed.
    void paint(QPainter& painter, QPoint origin, std::optional<int> current) const;

private:
    void paintDots(QPainter& painter, QPoint origin, std::optional<int> current) const;
    void paintBar(QPainter& painter, QPoint origin, std::optional<int> current) const;

    QByteArray calls_;
    int width_, pitch_, line_; // pixels, from dot to dot; dots in a line
    bool bar_;
};

} // namespace hopscope
