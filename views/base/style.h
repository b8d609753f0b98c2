// The application's stylesheet and widget style; used by theme.cpp only.
#pragma once

#include "views/base/theme.h"

#include <QPalette>
#include <QStyle>

namespace hopscope {

QPalette paletteOf(Scheme scheme);
QString styleSheetOf(Scheme scheme);
QStyle* makeStyle(); // owned by the caller (QApplication takes it)

} // namespace hopscope
