// How a decision looks: a colour and a shape, so that it reads without colour too.
#pragma once

#include "core/regions/ledger.h"
#include "views/base/theme.h"

#include <QRectF>
#include <QString>

class QPainter;

namespace hopscope {

// The five shapes of the strip: hollow = traced, filled = reused, half = traced again and equal, cross =
// failed, ring = inlined, dash = unknown.
enum class Glyph { Hollow, Filled, Half, Cross, Ring, Dash };

Glyph glyphOf(Decision decision, bool inlined);
Role roleOf(Decision decision, bool inlined);
// The same of a draw::Dot, which counts as Decision does and has inlined calls behind it.
Glyph glyphOfDot(uint8_t dot);
Role roleOfDot(uint8_t dot);
QString glyphText(Glyph glyph); // one character of the same shape, for rich text and plain text
QString decisionText(const Invocation& invocation); // "reused", "traced, then put inline"

// Paints a glyph of `size` device-independent pixels about a centre.
void paintGlyph(QPainter& painter, QPointF centre, qreal size, Glyph glyph, const QColor& color);

} // namespace hopscope
