// Where the samples and the help pages lie.
#pragma once

#include <QString>

namespace hopscope {

// The folder "samples" or "help": of the installation that this program is part of (../share/hopscope beside
// it), else of the checkout that it was built from. Whether it exists is for the caller to see.
QString resourceFolder(const QString& name);

} // namespace hopscope
