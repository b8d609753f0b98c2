// An error in words, with what a person can do about it in this window.
#pragma once

#include "core/base/result.h"

#include <QString>

namespace hopscope {

// Error::text(), and the remedy by the names that dialogs and menus have for it.
QString errorText(const Error& error);

} // namespace hopscope
